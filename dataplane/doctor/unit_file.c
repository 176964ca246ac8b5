/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See unit_file.h; systemd.unit(5), systemd.service(5) and systemd.exec(5) have the rules. Specifiers (%i) are left as they
 * are.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_common.h>

#include "doctor/unit_file.h"

#define BLANKS " \t\r\n"
#define TEXT_MAX 32768
#define DROP_INS_MAX 64

/* The first one that has a file hides those of the same name in the others. system.control is systemctl set-property's. */
static const char *const folders[] = {
	"/etc/systemd/system.control",	 "/run/systemd/system.control", "/etc/systemd/system", "/run/systemd/system",
	"/usr/local/lib/systemd/system", "/usr/lib/systemd/system",	"/lib/systemd/system",
};

/* ---- the files ---- */

static int
add(struct unit *unit, const char *key, const char *value)
{
	struct unit_setting *settings = reallocarray(unit->settings, unit->n + 1, sizeof(*settings));
	struct unit_setting setting = { .key = strdup(key), .value = strdup(value) };

	if (settings)
		unit->settings = settings;
	if (!settings || !setting.key || !setting.value) {
		free(setting.key);
		free(setting.value);
		return -ENOMEM;
	}
	settings[unit->n++] = setting;
	return 0;
}

static char *
trim(char *text)
{
	size_t length;

	text += strspn(text, BLANKS);
	length = strlen(text);
	while (length > 0 && strchr(BLANKS, text[length - 1]))
		text[--length] = '\0';
	return text;
}

static bool
is_open(const char *line, size_t length)
{
	size_t n = 0;

	while (n < length && line[length - 1 - n] == '\\')
		n++;
	return n % 2 == 1;
}

/*
 * The next line with those that a backslash at its end joins to it. A comment joins none, and in a unit it may stand between
 * them. There a blank is left in the backslash's place, in an environment file nothing.
 */
static char *
next_line(char **rest, bool in_unit)
{
	char *whole = NULL, *line;
	size_t length = 0;
	bool goes_on = true;

	while (goes_on && (line = strsep(rest, "\n")) != NULL) {
		size_t n;

		if (in_unit || !whole) {
			line += strspn(line, BLANKS);
			if (line[0] == '#' || line[0] == ';')
				continue;
		}
		n = strcspn(line, "\r");
		goes_on = is_open(line, n);
		if (!whole)
			whole = line;
		memmove(&whole[length], line, n);
		length += n;
		if (goes_on && in_unit)
			whole[length - 1] = ' ';
		else if (goes_on)
			length--;
		whole[length] = '\0';
	}
	return whole;
}

static int
read_settings(struct unit *unit, char *text)
{
	char *line, *rest = text, *equals;
	bool in_service = false;
	int err = 0;

	while (err == 0 && (line = next_line(&rest, true)) != NULL) {
		line = trim(line);
		if (line[0] == '[')
			in_service = strcmp(line, "[Service]") == 0;
		equals = strchr(line, '=');
		if (!in_service || !equals)
			continue;
		*equals = '\0';
		err = add(unit, trim(line), trim(equals + 1));
	}
	return err;
}

struct drop_in {
	char name[NAME_MAX + 1];
	const char *folder, *of;
};

static int
compare_drop_ins(const void *a, const void *b)
{
	return strcmp(((const struct drop_in *)a)->name, ((const struct drop_in *)b)->name);
}

static size_t
add_drop_in(struct drop_in *list, size_t n, const char *name, const char *folder, const char *of)
{
	const char *end = strrchr(name, '.');

	if (n == DROP_INS_MAX || !end || strcmp(end, ".conf") != 0)
		return n;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(list[i].name, name) == 0)
			return n;
	}
	snprintf(list[n].name, sizeof(list[n].name), "%s", name);
	list[n].folder = folder;
	list[n].of = of;
	return n + 1;
}

static size_t
list_drop_ins(const struct machine *machine, struct drop_in *list, size_t n, const char *of)
{
	for (size_t i = 0; i < RTE_DIM(folders); i++) {
		struct dirent **names;
		int n_names = machine_names(machine, &names, "%s/%s.d", folders[i], of);

		for (int j = 0; j < n_names; j++)
			n = add_drop_in(list, n, names[j]->d_name, folders[i], of);
		machine_names_free(names, n_names);
	}
	return n;
}

static int
read_drop_ins(const struct machine *machine, const char *name, struct unit *unit)
{
	struct drop_in list[DROP_INS_MAX];
	char text[TEXT_MAX];
	size_t n = 0;
	int err = 0;

	/* Those of all services are hidden by one of its own, wherever that is. */
	n = list_drop_ins(machine, list, n, name);
	n = list_drop_ins(machine, list, n, "service");
	qsort(list, n, sizeof(*list), compare_drop_ins);
	for (size_t i = 0; i < n && err == 0; i++) {
		const struct drop_in *from = &list[i];

		if (machine_read(machine, text, sizeof(text), "%s/%s.d/%s", from->folder, from->of, from->name) > 0)
			err = read_settings(unit, text);
	}
	return err;
}

int
unit_read(const struct machine *machine, const char *name, struct unit *ret)
{
	char text[TEXT_MAX];
	ssize_t length = -ENOENT;
	int err;

	*ret = (struct unit){ .n = 0 };
	for (size_t i = 0; i < RTE_DIM(folders) && length < 0; i++)
		length = machine_read(machine, text, sizeof(text), "%s/%s", folders[i], name);
	if (length <= 0)
		return -ENOENT;
	err = read_settings(ret, text);
	return err < 0 ? err : read_drop_ins(machine, name, ret);
}

void
unit_free(struct unit *unit)
{
	for (size_t i = 0; i < unit->n; i++) {
		free(unit->settings[i].key);
		free(unit->settings[i].value);
	}
	free(unit->settings);
	*unit = (struct unit){ .n = 0 };
}

/* ---- words ---- */

bool
unit_next_word(const char **rest, char word[UNIT_VALUE_MAX])
{
	const char *text = *rest + strspn(*rest, BLANKS);
	char quote = '\0';
	size_t n = 0;

	if (*text == '\0')
		return false;
	for (; *text != '\0' && (quote != '\0' || !strchr(BLANKS, *text)); text++) {
		if (*text == quote) {
			quote = '\0';
			continue;
		}
		if (quote == '\0' && (*text == '"' || *text == '\'')) {
			quote = *text;
			continue;
		}
		if (*text == '\\' && text[1] != '\0')
			text++;
		if (n < UNIT_VALUE_MAX - 1)
			word[n++] = *text;
	}
	word[n] = '\0';
	*rest = text;
	return true;
}

/* ---- the environment ---- */

/* Of words NAME=VALUE the last one that has the name. */
static bool
find_assignment(const char *text, const char *name, char value[UNIT_VALUE_MAX])
{
	size_t length = strlen(name);
	char word[UNIT_VALUE_MAX];
	bool found = false;

	while (unit_next_word(&text, word)) {
		if (strncmp(word, name, length) != 0 || word[length] != '=')
			continue;
		strcpy(value, &word[length + 1]);
		found = true;
	}
	return found;
}

/* A file has one in each line, and blanks in a value need no quotes. */
static bool
find_in_file(const struct machine *machine, const char *path, const char *name, char value[UNIT_VALUE_MAX])
{
	char text[TEXT_MAX], *line, *rest = text;
	size_t length = strlen(name);
	bool found = false;

	if (machine_read(machine, text, sizeof(text), "%s", path) <= 0)
		return false;
	while ((line = next_line(&rest, false)) != NULL) {
		line = trim(line);
		if (strncmp(line, name, length) != 0 || line[length] != '=')
			continue;
		line = trim(&line[length + 1]);
		found = true;
		if (line[0] == '"' || line[0] == '\'') {
			const char *quoted = line;

			(void)unit_next_word(&quoted, value);
		} else {
			snprintf(value, UNIT_VALUE_MAX, "%s", line);
		}
	}
	return found;
}

bool
unit_variable(const struct machine *machine, const struct unit *unit, const char *name, char value[UNIT_VALUE_MAX],
	      char file[PATH_MAX])
{
	bool found = false, found_in_file = false;
	char own[UNIT_VALUE_MAX] = "";

	value[0] = file[0] = '\0';
	for (size_t i = 0; i < unit->n; i++) {
		const struct unit_setting *setting = &unit->settings[i];

		if (strcmp(setting->key, "Environment") == 0) {
			if (setting->value[0] == '\0') {
				own[0] = '\0';
				found = false;
			} else if (find_assignment(setting->value, name, own)) {
				found = true;
			}
		} else if (strcmp(setting->key, "EnvironmentFile") == 0) {
			const char *path = &setting->value[setting->value[0] == '-'];

			found_in_file = path[0] != '\0' && found_in_file;
			if (path[0] == '\0' || !find_in_file(machine, path, name, value))
				continue;
			found_in_file = true;
			snprintf(file, PATH_MAX, "%s", path);
		}
	}
	if (found_in_file)
		return true;
	strcpy(value, own);
	file[0] = '\0';
	return found;
}

/* ---- the command ---- */

static const char *
exec_start(const struct unit *unit)
{
	const char *found = NULL;

	for (size_t i = 0; i < unit->n; i++) {
		if (strcmp(unit->settings[i].key, "ExecStart") == 0)
			found = unit->settings[i].value[0] != '\0' ? unit->settings[i].value : NULL;
	}
	return found;
}

bool
unit_command_has(const struct unit *unit, const char *text)
{
	const char *command = exec_start(unit);

	return command && strstr(command, text) != NULL;
}

static void
append(struct process *ret, const char *text, size_t length)
{
	length = RTE_MIN(length, sizeof(ret->words) - 1 - ret->length);
	memcpy(&ret->words[ret->length], text, length);
	ret->length += length;
}

static void
append_word(struct process *ret, const char *word)
{
	append(ret, word, strlen(word) + 1);
}

/* ${NAME} is part of a word, whatever its value has in it. */
static void
append_expanded(const struct machine *machine, const struct unit *unit, struct process *ret, const char *word)
{
	char name[NAME_MAX + 1], value[UNIT_VALUE_MAX], file[PATH_MAX];
	const char *end;

	while (*word != '\0') {
		size_t plain = strcspn(word, "$");

		append(ret, word, plain);
		word += plain;
		end = word[0] == '$' && word[1] == '{' ? strchr(word, '}') : NULL;
		if (end) {
			snprintf(name, sizeof(name), "%.*s", (int)(end - word - 2), &word[2]);
			(void)unit_variable(machine, unit, name, value, file);
			append(ret, value, strlen(value));
			word = end + 1;
		} else if (*word == '$') {
			append(ret, "$", 1);
			word += word[1] == '$' ? 2 : 1;
		}
	}
	append(ret, "", 1);
}

/* A word that is $NAME becomes as many as its value has. */
static bool
append_split(const struct machine *machine, const struct unit *unit, struct process *ret, const char *word)
{
	char value[UNIT_VALUE_MAX], part[UNIT_VALUE_MAX], file[PATH_MAX];
	const char *rest = value;

	if (word[0] != '$' || !(isalpha((unsigned char)word[1]) || word[1] == '_'))
		return false;
	(void)unit_variable(machine, unit, &word[1], value, file);
	while (unit_next_word(&rest, part))
		append_word(ret, part);
	return true;
}

int
unit_command(const struct machine *machine, const struct unit *unit, struct process *ret)
{
	const char *rest = exec_start(unit);
	char word[UNIT_VALUE_MAX];

	*ret = (struct process){ .pid = 0 };
	if (!rest)
		return -ENOENT;
	rest += strspn(rest, "@-:+!|");
	while (unit_next_word(&rest, word)) {
		if (!append_split(machine, unit, ret, word))
			append_expanded(machine, unit, ret, word);
	}
	return 0;
}
