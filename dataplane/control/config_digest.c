/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * FNV-1a. Two texts of an operator that have the same number by chance would be 1 in 2^64, and cost a hint in the log.
 */
#include <stdio.h>
#include <string.h>

#include "control/config_digest.h"

static uint64_t
add_bytes(uint64_t digest, const void *bytes, size_t length)
{
	const uint8_t *byte = bytes;

	for (size_t i = 0; i < length; i++)
		digest = (digest ^ byte[i]) * 0x100000001b3u;
	return digest;
}

/* With its end, so that "ab", "c" is not "a", "bc". */
static uint64_t
add_text(uint64_t digest, const char *text)
{
	return text ? add_bytes(digest, text, strlen(text) + 1) : digest;
}

static uint64_t
add_scalar(uint64_t digest, const config_setting_t *setting)
{
	double real;
	long long number;

	switch (config_setting_type(setting)) {
	case CONFIG_TYPE_STRING:
		return add_text(digest, config_setting_get_string(setting));
	case CONFIG_TYPE_FLOAT:
		real = config_setting_get_float(setting);
		return add_bytes(digest, &real, sizeof(real));
	case CONFIG_TYPE_BOOL:
		number = config_setting_get_bool(setting);
		return add_bytes(digest, &number, sizeof(number));
	default:
		number = config_setting_get_int64(setting);
		return add_bytes(digest, &number, sizeof(number));
	}
}

static uint64_t
add_setting(uint64_t digest, const config_setting_t *setting)
{
	int type = config_setting_type(setting),
	    n = config_setting_is_aggregate(setting) ? config_setting_length(setting) : -1;

	digest = add_text(digest, config_setting_name(setting));
	digest = add_bytes(digest, &type, sizeof(type));
	if (n < 0)
		return add_scalar(digest, setting);
	for (int i = 0; i < n; i++)
		digest = add_setting(digest, config_setting_get_elem(setting, (unsigned int)i));
	return add_bytes(digest, &n, sizeof(n));
}

uint64_t
config_digest(const config_setting_t *setting)
{
	return add_setting(0xcbf29ce484222325u, setting);
}
