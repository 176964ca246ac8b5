/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "control/config_values.h"
#include "control/size.h"

void
config_complain(struct config_reader *reader, const config_setting_t *setting, const char *format, ...)
{
	const char *name = config_setting_name(setting);
	va_list args;

	fprintf(reader->messages, "%s:%u: %s%s", reader->path, config_setting_source_line(setting), name ? name : "",
		name ? ": " : "");
	va_start(args, format);
	vfprintf(reader->messages, format, args);
	va_end(args);
	fputc('\n', reader->messages);
	reader->n_errors++;
}

static bool
is_among(const char *name, const char *const *keys)
{
	for (; *keys; keys++) {
		if (strcmp(name, *keys) == 0)
			return true;
	}
	return false;
}

/* "a, b or c" */
static void
list_words(const char *const *words, char *text, size_t size)
{
	size_t used = 0;

	text[0] = '\0';
	for (; *words && used < size; words++)
		used += (size_t)snprintf(text + used, size - used, "%s%s",
					 used == 0  ? ""
					 : words[1] ? ", "
						    : " or ",
					 *words);
}

bool
config_keys(struct config_reader *reader, const config_setting_t *group, const char *const *keys)
{
	char allowed[512];

	if (!config_setting_is_group(group)) {
		config_complain(reader, group, "is not a group; write { ... }");
		return false;
	}
	list_words(keys, allowed, sizeof(allowed));
	for (int i = 0; i < config_setting_length(group); i++) {
		const config_setting_t *member = config_setting_get_elem(group, (unsigned int)i);

		if (!is_among(config_setting_name(member), keys))
			config_complain(reader, member, "unknown key; allowed here: %s", allowed);
	}
	return true;
}

static const config_setting_t *
member(const config_setting_t *group, const char *key)
{
	return group ? config_setting_get_member(group, key) : NULL;
}

/* A plain integer, or a string that size_parse() takes. */
static int
number_of(const config_setting_t *setting, uint64_t *ret)
{
	long long plain;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_INT:
	case CONFIG_TYPE_INT64:
		plain = config_setting_get_int64(setting);
		if (plain < 0)
			return -ERANGE;
		*ret = (uint64_t)plain;
		return 0;
	case CONFIG_TYPE_STRING:
		return size_parse(config_setting_get_string(setting), ret);
	default:
		return -EINVAL;
	}
}

void
config_number(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t least,
	      uint32_t most, uint32_t *ret)
{
	const config_setting_t *setting = member(group, key);
	uint64_t value;
	int err;

	if (!setting)
		return;
	err = number_of(setting, &value);
	if (err == -EINVAL)
		config_complain(reader, setting, "is not a number; allowed: %u to %u, also as \"64K\" or \"1M\"", least,
				most);
	else if (err < 0 || value < least || value > most)
		config_complain(reader, setting, "is out of range; allowed: %u to %u, also as \"64K\" or \"1M\"", least,
				most);
	else
		*ret = (uint32_t)value;
}

void
config_microseconds(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t most,
		    uint32_t *ret)
{
	const config_setting_t *setting = member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	unsigned long value = 0;
	char *unit;

	if (!setting)
		return;
	if (!text) {
		config_number(reader, group, key, 0, most, ret);
		return;
	}
	errno = 0;
	value = isdigit((unsigned char)*text) ? strtoul(text, &unit, 10) : ULONG_MAX;
	if (value <= UINT32_MAX && strcmp(unit, "ms") == 0)
		value *= 1000;
	else if (value > UINT32_MAX || strcmp(unit, "us") != 0)
		value = ULONG_MAX;
	if (value > most)
		config_complain(reader, setting, "is no such time; allowed: \"0us\" to \"%uus\"", most);
	else
		*ret = (uint32_t)value;
}

void
config_bool(struct config_reader *reader, const config_setting_t *group, const char *key, bool *ret)
{
	const config_setting_t *setting = member(group, key);

	if (!setting)
		return;
	if (config_setting_type(setting) != CONFIG_TYPE_BOOL)
		config_complain(reader, setting, "is not a truth value; allowed: true or false");
	else
		*ret = config_setting_get_bool(setting);
}

void
config_mode(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t *ret)
{
	const config_setting_t *setting = member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	unsigned long mode;
	char *end;

	if (!setting)
		return;
	mode = text ? strtoul(text, &end, 8) : 0;
	if (mode > 0777 || (mode & 0600) != 0600 || *end != '\0')
		config_complain(reader, setting,
				"is no mode of a file that its owner may use; write one as in \"0660\"");
	else
		*ret = (uint32_t)mode;
}

void
config_string(struct config_reader *reader, const config_setting_t *group, const char *key, char **ret)
{
	const config_setting_t *setting = member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	char *copy;

	if (!setting)
		return;
	if (!text || *text == '\0') {
		config_complain(reader, setting, "is not a string; write \"...\"");
		return;
	}
	copy = strdup(text);
	if (!copy) {
		config_complain(reader, setting, "out of memory");
		return;
	}
	free(*ret);
	*ret = copy;
}

void
config_name(struct config_reader *reader, const config_setting_t *group, const char *key, char *ret, size_t size)
{
	const config_setting_t *setting = member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;

	if (!setting)
		return;
	if (!text || *text == '\0' || strlen(text) >= size) {
		config_complain(reader, setting,
				"is not a name; allowed: 1 to %zu letters, digits, '-', '_', '.' or ':'", size - 1);
		return;
	}
	for (const char *c = text; *c; c++) {
		if (!isalnum((unsigned char)*c) && !strchr("-_.:", *c)) {
			config_complain(reader, setting,
					"'%c' is not allowed in a name; letters, digits, '-', '_', '.' and ':' are",
					*c);
			return;
		}
	}
	memcpy(ret, text, strlen(text) + 1);
}

void
config_word(struct config_reader *reader, const config_setting_t *group, const char *key, const char *const *words,
	    int *ret)
{
	const config_setting_t *setting = member(group, key);
	const char *text = setting ? config_setting_get_string(setting) : NULL;
	char allowed[256];

	if (!setting)
		return;
	for (int i = 0; text && words[i]; i++) {
		if (strcmp(text, words[i]) == 0) {
			*ret = i;
			return;
		}
	}
	list_words(words, allowed, sizeof(allowed));
	config_complain(reader, setting, "is not allowed; one of: %s", allowed);
}

uint32_t
config_groups(struct config_reader *reader, const config_setting_t *list, uint32_t max, size_t size, void **ret)
{
	int n = config_setting_is_aggregate(list) && !config_setting_is_group(list) ? config_setting_length(list) : -1;

	if (n < 0 || (uint32_t)n > max) {
		config_complain(reader, list, "is not a list of at most %u groups; write ( { ... }, { ... } )", max);
		return 0;
	}
	*ret = calloc((size_t)n + 1, size);
	if (!*ret) {
		config_complain(reader, list, "out of memory");
		return 0;
	}
	return (uint32_t)n;
}
