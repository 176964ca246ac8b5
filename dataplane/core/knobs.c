/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See knobs.h. Ranges and first values are those of vs_vars[] and ip_vs_control_net_init_sysctl() of Linux 6.1.
 */
#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/knobs.h"

#define NUMBER_TEXT_MAX 21 /* characters of a number that the kernel takes */

const struct knob knob_table[KNOB_COUNT] = {
#define X(member, count, the_kind, from, to, first, second) \
	{                                                   \
		.name = #member,                            \
		.offset = offsetof(struct knobs, member),   \
		.n = (count),                               \
		.kind = (the_kind),                         \
		.least = (from),                            \
		.most = (to),                               \
		.preset = { (first), (second) },            \
	},
	KNOBS(X)
#undef X
};

const struct knob *
knob_by_name(const char *name)
{
	for (uint32_t i = 0; i < KNOB_COUNT; i++)
		if (strcmp(knob_table[i].name, name) == 0)
			return &knob_table[i];
	return NULL;
}

/* The kernel lets the queue grow to a 32nd of the memory that it may use for buffers, in pages. */
static int32_t
queue_preset(void)
{
	long pages = sysconf(_SC_PHYS_PAGES);

	if (pages <= 0)
		return 0;
	return pages / 32 < INT32_MAX ? (int32_t)(pages / 32) : INT32_MAX;
}

void
knobs_preset(struct knobs *knobs)
{
	for (uint32_t i = 0; i < KNOB_COUNT; i++)
		memcpy(knob_values(knobs, &knob_table[i]), knob_table[i].preset,
		       knob_table[i].n * sizeof(knob_table[i].preset[0]));
	knobs->sync_qlen_max = queue_preset();
}

static bool
is_space(char c)
{
	return c != '\0' && isspace((unsigned char)c);
}

/* The number at *TEXT, which is moved behind it. */
static int
read_number(const char **text, const char *end, int32_t *ret)
{
	char number[NUMBER_TEXT_MAX + 2];
	size_t length = 0;
	long long value;
	char *rest;

	for (; *text + length < end && !is_space((*text)[length]) && (*text)[length] != '\0'; length++)
		if (length > NUMBER_TEXT_MAX)
			return -EINVAL;
	memcpy(number, *text, length);
	number[length] = '\0';
	if (!isdigit((unsigned char)number[number[0] == '-']))
		return -EINVAL;
	errno = 0;
	value = strtoll(number, &rest, 0);
	if (errno != 0 || *rest != '\0' || value < INT32_MIN || value > INT32_MAX)
		return -EINVAL;
	*ret = (int32_t)value;
	*text += length;
	return 0;
}

static bool
is_allowed(const struct knob *knob, const int32_t *values)
{
	switch ((enum knob_kind)knob->kind) {
	case KNOB_POWER:
		return values[0] > 0 && (values[0] & (values[0] - 1)) == 0;
	case KNOB_THRESHOLD:
		return values[0] >= 0 && values[1] >= 0 && (values[0] < values[1] || values[1] == 0);
	case KNOB_RANGE:
	case KNOB_FIXED:
		break;
	}
	return values[0] >= knob->least && values[0] <= knob->most;
}

int
knob_parse(const struct knob *knob, const char *text, size_t length, int32_t *values)
{
	const char *end = text + length;
	int32_t given[KNOB_NUMBERS_MAX] = { values[0], knob->n > 1 ? values[1] : 0 };

	for (uint32_t i = 0; i < knob->n; i++) {
		int err;

		while (text < end && is_space(*text))
			text++;
		if (text == end && i > 0)
			break;
		err = text < end ? read_number(&text, end, &given[i]) : -EINVAL;
		if (err < 0)
			return err;
	}
	if (!is_allowed(knob, given))
		return knob->kind == KNOB_FIXED ? -EOPNOTSUPP : -EINVAL;
	memcpy(values, given, knob->n * sizeof(given[0]));
	return 0;
}

void
knob_explain(const struct knob *knob, int err, char *ret, size_t size)
{
	if (err == -EOPNOTSUPP)
		snprintf(ret, size, "can't be anything but %d here; ipvsd-sysctl(7) says why", knob->least);
	else if (knob->kind == KNOB_POWER)
		snprintf(ret, size, "allowed: powers of two");
	else if (knob->kind == KNOB_THRESHOLD)
		snprintf(ret, size, "allowed: two numbers from 0 on, the first less than the second, or the second 0");
	else
		snprintf(ret, size, "allowed: a number from %d to %d", knob->least, knob->most);
}
