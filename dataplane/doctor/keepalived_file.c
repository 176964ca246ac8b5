/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See keepalived_file.h. The first words of a line, as keepalived.conf(5) has them; what follows ! or # is a comment.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <libgen.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "doctor/keepalived_file.h"

#define BLANKS " \t\r\n"
#define WORDS_MAX 4
#define DEPTH_MAX 8

struct reading {
	const struct machine *machine;
	struct keepalived_file *file;
	int err;
};

static void read_file(struct reading *reading, const char *path, int depth);

/* A pattern of the shell; a relative one begins in the folder of the file that has it. PATH: from our root. */
static void
include(struct reading *reading, const char *path, const char *pattern, int depth)
{
	char folder[PATH_MAX], whole[2 * PATH_MAX];
	glob_t found;

	if (pattern[0] == '/') {
		snprintf(whole, sizeof(whole), "%s%s", reading->machine->root, pattern);
	} else {
		snprintf(folder, sizeof(folder), "%s", path);
		snprintf(whole, sizeof(whole), "%s/%s", dirname(folder), pattern);
	}
	if (depth == DEPTH_MAX || glob(whole, GLOB_BRACE, NULL, &found) != 0) {
		reading->file->is_partial = true;
		return;
	}
	for (size_t i = 0; i < found.gl_pathc && reading->err == 0; i++)
		read_file(reading, found.gl_pathv[i], depth + 1);
	globfree(&found);
}

/* The first one counts. PATH: from our root. */
static void
read_socket(struct reading *reading, const char *path, const char *socket)
{
	struct keepalived_file *file = reading->file;

	if (file->socket[0] != '\0')
		return;
	snprintf(file->socket, sizeof(file->socket), "%s", socket);
	snprintf(file->socket_file, sizeof(file->socket_file), "%s", &path[strlen(reading->machine->root)]);
}

static void
read_words(struct reading *reading, const char *path, char **words, int depth)
{
	if (strncmp(words[0], "include", 7) == 0 && words[1])
		include(reading, path, words[1], depth);
	else if (strcmp(words[0], "virtual_server") == 0 || strcmp(words[0], "virtual_server_group") == 0)
		reading->file->has_services = true;
	else if (strcmp(words[0], "lvs_control_socket") == 0 && words[1])
		read_socket(reading, path, words[1]);
}

/* $NAME stands for lines, @ID before a line for a condition; ~ repeats lines. */
static bool
is_beyond_us(const char *line)
{
	return line[0] == '$' || line[0] == '@' || line[0] == '~';
}

static void
read_line(struct reading *reading, const char *path, char *line, int depth)
{
	char *rest = line, *words[WORDS_MAX + 1] = { NULL };

	line[strcspn(line, "!#")] = '\0';
	line += strspn(line, BLANKS);
	if (is_beyond_us(line)) {
		reading->file->has_services |= strstr(line, "virtual_server") != NULL;
		return;
	}
	for (int i = 0; i < WORDS_MAX; i++) {
		words[i] = strtok_r(i == 0 ? line : NULL, BLANKS, &rest);
		if (!words[i])
			break;
	}
	if (words[0])
		read_words(reading, path, words, depth);
}

/* A backslash at its end joins a line with the next one. False at the end. */
static bool
next_line(FILE *in, char **line, size_t *room)
{
	CLEANUP(free) void *more = NULL;
	size_t more_room = 0;
	ssize_t length = getline(line, room, in), n;

	if (length < 0)
		return false;
	while (length >= 2 && strcmp(&(*line)[length - 2], "\\\n") == 0) {
		char *joined;

		n = getline((char **)&more, &more_room, in);
		if (n < 0)
			break;
		joined = realloc(*line, (size_t)(length + n) + 1);
		if (!joined)
			return false;
		*line = joined;
		*room = (size_t)(length + n) + 1;
		memcpy(&joined[length - 2], more, (size_t)n + 1);
		length += n - 2;
	}
	return true;
}

/* Neither a folder nor a FIFO, which would hold us up. */
static FILE *
open_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat status;
	FILE *in = NULL;

	if (fd < 0)
		return NULL;
	if (fstat(fd, &status) < 0 || !S_ISREG(status.st_mode))
		errno = EINVAL;
	else
		in = fdopen(fd, "r");
	if (!in)
		close(fd);
	return in;
}

static void
read_file(struct reading *reading, const char *path, int depth)
{
	FILE *in = open_file(path);
	char *line = NULL;
	size_t room = 0;

	if (!in) {
		if (depth == 0)
			reading->err = -errno;
		reading->file->is_partial = true;
		return;
	}
	while (reading->err == 0 && next_line(in, &line, &room))
		read_line(reading, path, line, depth);
	if (ferror(in) && depth == 0)
		reading->err = -EIO;
	free(line);
	fclose(in);
}

int
keepalived_file_read(const struct machine *machine, const char *path, struct keepalived_file *ret)
{
	struct reading reading = { .machine = machine, .file = ret };
	char from_root[PATH_MAX];

	*ret = (struct keepalived_file){ .has_services = false };
	machine_path(machine, from_root, "%s", path);
	read_file(&reading, from_root, 0);
	return reading.err;
}
