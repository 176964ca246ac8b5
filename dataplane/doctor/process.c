/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See process.h and proc(5).
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/process.h"

int
process_number(const struct machine *machine, pid_t pid, const char *key, int base, uint64_t *ret)
{
	char text[4096], *line, *rest = text;
	size_t length = strlen(key);

	if (machine_read(machine, text, sizeof(text), "/proc/%d/status", pid) < 0)
		return -ENOENT;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (strncmp(line, key, length) != 0 || line[length] != ':')
			continue;
		*ret = strtoull(&line[length + 1], NULL, base);
		return 0;
	}
	return -ENOENT;
}

/* "Uid:" begins with the real one. */
static bool
is_ours(const struct machine *machine, pid_t pid)
{
	uint64_t uid;

	return process_number(machine, pid, "Uid", 10, &uid) == 0 && (uid == 0 || uid == geteuid());
}

/* A name may have parentheses and spaces in it: the last ')' ends it. */
static int
parse_stat(char *text, struct process *ret)
{
	char *name = strchr(text, '('), *end = strrchr(text, ')');
	unsigned long long started;
	int parent;

	if (!name || !end || end < name)
		return -EINVAL;
	*end = '\0';
	snprintf(ret->name, sizeof(ret->name), "%.*s", (int)sizeof(ret->name) - 1, name + 1);
	if (sscanf(end + 1, " %c %d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
		   &ret->state, &parent, &started) != 3)
		return -EINVAL;
	ret->parent = parent;
	ret->started = started;
	return 0;
}

int
process_read(const struct machine *machine, pid_t pid, struct process *ret)
{
	char text[1024];
	ssize_t n;

	*ret = (struct process){ .pid = pid };
	if (machine_read(machine, text, sizeof(text), "/proc/%d/stat", pid) < 0 || !is_ours(machine, pid) ||
	    parse_stat(text, ret) < 0 || ret->state == 'Z' || ret->state == 'X')
		return -ESRCH;
	n = machine_read(machine, ret->words, sizeof(ret->words), "/proc/%d/cmdline", pid);
	ret->length = n > 0 ? (size_t)n : 0;
	return 0;
}

int
processes_called(const struct machine *machine, const char *name, struct process *ret, int max)
{
	struct dirent **names;
	int n = machine_names(machine, &names, "/proc"), found = 0;

	for (int i = 0; i < n && found < max; i++) {
		char own[32];
		pid_t pid;

		if (!isdigit((unsigned char)names[i]->d_name[0]))
			continue;
		pid = (pid_t)atoi(names[i]->d_name);
		if (machine->live && pid == getpid())
			continue;
		/* Cheaper than all of it, and most are others. */
		if (machine_read(machine, own, sizeof(own), "/proc/%d/comm", pid) < 0 || strcmp(own, name) != 0)
			continue;
		if (process_read(machine, pid, &ret[found]) == 0)
			found++;
	}
	machine_names_free(names, n);
	return found;
}

bool
process_in_our_network(const struct machine *machine, pid_t pid)
{
	char its[NAME_MAX + 1], ours[NAME_MAX + 1];

	return !machine->live || machine_link(machine, its, "/proc/%d/ns/net", pid) < 0 ||
	       machine_link(machine, ours, "/proc/self/ns/net") < 0 || strcmp(its, ours) == 0;
}

static const char *
next_word(const struct process *process, const char *word)
{
	const char *end = &process->words[process->length];

	word = word ? word + strlen(word) + 1 : process->words;
	return word < end ? word : NULL;
}

/* The argument that WORD is, or brings with it, as an option; NULL: it is another word. */
static const char *
argument_of(const struct process *process, const char *word, char letter, const char *name)
{
	size_t length = strlen(name);

	if (word[0] != '-' || word[1] == '\0')
		return NULL;
	if (word[1] == letter)
		return word[2] != '\0' ? &word[2] : next_word(process, word);
	if (word[1] != '-' || strncmp(&word[2], name, length) != 0)
		return NULL;
	if (word[2 + length] == '=')
		return &word[3 + length];
	return word[2 + length] == '\0' ? next_word(process, word) : NULL;
}

const char *
process_option(const struct process *process, char letter, const char *name)
{
	const char *found = NULL;

	for (const char *word = next_word(process, NULL); word; word = next_word(process, word)) {
		const char *argument = argument_of(process, word, letter, name);

		if (argument)
			found = argument;
	}
	return found;
}

bool
process_has_word(const struct process *process, const char *wanted)
{
	for (const char *word = next_word(process, NULL); word; word = next_word(process, word)) {
		if (strcmp(word, wanted) == 0)
			return true;
	}
	return false;
}

time_t
process_start(const struct machine *machine, const struct process *process)
{
	long ticks = sysconf(_SC_CLK_TCK);
	char text[64];

	if (ticks <= 0 || machine_read(machine, text, sizeof(text), "/proc/uptime") <= 0)
		return 0;
	return time(NULL) - (time_t)strtoull(text, NULL, 10) + (time_t)(process->started / (uint64_t)ticks);
}
