/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One value of the configuration at a time, checked: what config_file.c and its sections are made of.
 */
#ifndef CONTROL_CONFIG_VALUES_H
#define CONTROL_CONFIG_VALUES_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include <libconfig.h>

#include "core/config.h"

struct config_reader {
	const char *path;
	FILE *messages;
	uint32_t n_errors;
};

/* One line: PATH:LINE: KEY: text. */
void config_complain(struct config_reader *reader, const config_setting_t *setting, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Complains about members of GROUP that are not in KEYS (NULL-terminated). False if GROUP isn't a group. */
bool config_keys(struct config_reader *reader, const config_setting_t *group, const char *const *keys);

/* Each leaves *RET as it is when GROUP (may be NULL) has no such member, and complains about one that doesn't fit. */
void config_number(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t least,
		   uint32_t most, uint32_t *ret);
/* "100us", "1ms", or a number of microseconds. */
void config_microseconds(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t most,
			 uint32_t *ret);
void config_bool(struct config_reader *reader, const config_setting_t *group, const char *key, bool *ret);
/* Permissions of a file that its owner may read and write, "0660". */
void config_mode(struct config_reader *reader, const config_setting_t *group, const char *key, uint32_t *ret);
/* A string of its own, which replaces *RET. */
void config_string(struct config_reader *reader, const config_setting_t *group, const char *key, char **ret);
/* Into an array of SIZE bytes; letters, digits and "-_.:" only. */
void config_name(struct config_reader *reader, const config_setting_t *group, const char *key, char *ret, size_t size);
/* One of WORDS (NULL-terminated): its number. */
void config_word(struct config_reader *reader, const config_setting_t *group, const char *key, const char *const *words,
		 int *ret);

/* How many groups the list has, at most MAX, and a zeroed array of elements of SIZE for them, which is the caller's; 0
 * after a complaint. */
uint32_t config_groups(struct config_reader *reader, const config_setting_t *list, uint32_t max, size_t size,
		       void **ret);

#endif
