/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <string.h>

#include "control/size.h"

static int
unit_shift(const char *unit)
{
	static const char units[] = "KMGT";
	const char *found;

	if (unit[0] == '\0')
		return 0;
	found = strchr(units, toupper((unsigned char)unit[0]));
	return found && unit[1] == '\0' ? (int)(found - units + 1) * 10 : -1;
}

int
size_parse(const char *text, uint64_t *ret)
{
	uint64_t value = 0;
	int shift;

	if (!isdigit((unsigned char)*text))
		return -EINVAL;
	for (; isdigit((unsigned char)*text); text++) {
		unsigned int digit = (unsigned int)(*text - '0');

		if (value > (UINT64_MAX - digit) / 10)
			return -ERANGE;
		value = value * 10 + digit;
	}
	shift = unit_shift(text);
	if (shift < 0)
		return -EINVAL;
	if (value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret = value << shift;
	return 0;
}
