/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/cpu_list.h"

static int
parse_number(const char **text)
{
	unsigned long number;
	char *end;

	if (!isdigit((unsigned char)**text))
		return -EINVAL;
	errno = 0;
	number = strtoul(*text, &end, 10);
	if (errno != 0 || number >= CPU_LIST_MAX)
		return -EINVAL;
	*text = end;
	return (int)number;
}

int
cpu_list_parse(const char *text, uint16_t ret[CPU_LIST_MAX])
{
	bool seen[CPU_LIST_MAX] = { false };
	int n = 0;

	for (;;) {
		int first = parse_number(&text), last = first;

		if (first >= 0 && *text == '-') {
			text++;
			last = parse_number(&text);
		}
		if (first < 0 || last < first)
			return -EINVAL;
		for (int cpu = first; cpu <= last; cpu++) {
			if (seen[cpu])
				return -EINVAL;
			seen[cpu] = true;
			ret[n++] = (uint16_t)cpu;
		}
		if (*text == '\0')
			return n;
		if (*text++ != ',')
			return -EINVAL;
	}
}
