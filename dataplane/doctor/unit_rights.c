/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See unit_rights.h; systemd.exec(5) and systemd.resource-control(5) have the rules.
 */
#define _GNU_SOURCE
#include <fnmatch.h>
#include <string.h>

#include "doctor/unit_rights.h"

/* Settings add to each other, with ~ in front they take away; an empty one leaves none. Without any it may have all. */
bool
unit_may_have(const struct unit *unit, const char *capability)
{
	bool may = true, is_first = true;
	char word[UNIT_VALUE_MAX];

	for (size_t i = 0; i < unit->n; i++) {
		const char *value = unit->settings[i].value, *rest = &value[value[0] == '~'];
		bool named = false;

		if (strcmp(unit->settings[i].key, "CapabilityBoundingSet") != 0)
			continue;
		while (unit_next_word(&rest, word))
			named |= strcasecmp(word, capability) == 0;
		if (value[0] == '\0')
			may = false;
		else if (value[0] == '~')
			may = may && !named;
		else
			may = named || (!is_first && may);
		is_first = false;
	}
	return may;
}

/* Groups may be patterns, paths not. */
static bool
is_of_group(const char *specifier, const char *group)
{
	if (strncmp(specifier, "char-", 5) == 0)
		return fnmatch(&specifier[5], group, 0) == 0;
	return strncmp(specifier, "/dev/", 5) == 0 && strncmp(&specifier[5], group, strlen(group)) == 0;
}

/* A policy other than auto, and a list that isn't empty, leave nothing but what is listed. */
bool
unit_may_open(const struct unit *unit, const char *group)
{
	bool is_closed = false, has_list = false, named = false;
	char word[UNIT_VALUE_MAX];

	for (size_t i = 0; i < unit->n; i++) {
		const char *key = unit->settings[i].key, *value = unit->settings[i].value;

		if (strcmp(key, "DevicePolicy") == 0) {
			is_closed = strcmp(value, "auto") != 0;
		} else if (strcmp(key, "DeviceAllow") == 0) {
			has_list = unit_next_word(&value, word);
			named = has_list && (named || is_of_group(word, group));
		}
	}
	return named || !(is_closed || has_list);
}
