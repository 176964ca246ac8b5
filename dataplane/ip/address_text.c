/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "ip/address_text.h"

#define GROUPS 8 /* of an IPv6 address */

size_t
number_write(uint16_t number, char *to)
{
	char digits[5];
	size_t n = 0;

	do {
		digits[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (size_t i = 0; i < n; i++)
		to[i] = digits[n - 1 - i];
	return n;
}

static size_t
write_ipv4(const uint8_t *bytes, char *to)
{
	char *at = to;

	for (int i = 0; i < 4; i++) {
		if (i > 0)
			*at++ = '.';
		at += number_write(bytes[i], at);
	}
	return (size_t)(at - to);
}

static char *
write_group(uint16_t group, char *at)
{
	static const char hex[] = "0123456789abcdef";
	int shift = 12;

	while (shift > 0 && group >> shift == 0)
		shift -= 4;
	for (; shift >= 0; shift -= 4)
		*at++ = hex[group >> shift & 15];
	return at;
}

static uint16_t
group_of(const uint8_t *bytes, int i)
{
	return (uint16_t)(bytes[2 * i] << 8 | bytes[2 * i + 1]);
}

/* The first of the longest runs of two or more groups of zeros; its length is 0 if there is none. */
static int
longest_zeros(const uint8_t *bytes, int *ret_length)
{
	int best = 0, length = 0;

	for (int i = 0, run = 0; i < GROUPS; i++) {
		run = group_of(bytes, i) == 0 ? run + 1 : 0;
		if (run > length && run > 1) {
			length = run;
			best = i + 1 - run;
		}
	}
	*ret_length = length;
	return best;
}

static size_t
write_ipv6(const uint8_t *bytes, char *to)
{
	int length, zeros = longest_zeros(bytes, &length);
	char *at = to;

	for (int i = 0; i < GROUPS; i++) {
		if (length > 0 && i == zeros) {
			*at++ = ':';
			*at++ = ':';
			i += length - 1;
			continue;
		}
		if (i > 0 && at[-1] != ':')
			*at++ = ':';
		at = write_group(group_of(bytes, i), at);
	}
	return (size_t)(at - to);
}

size_t
address_write(uint16_t family, const union ip_bits *address, char *to)
{
	return family == AF_INET ? write_ipv4(address->bytes, to) : write_ipv6(address->bytes, to);
}

bool
number_read(const char *text, size_t length, uint32_t max, uint32_t *ret)
{
	uint32_t number = 0;

	if (length == 0 || length > 5 || (length > 1 && text[0] == '0'))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		number = number * 10 + (uint32_t)(text[i] - '0');
	}
	*ret = number;
	return number <= max;
}

static bool
read_ipv4(const char *text, size_t length, uint8_t *ret)
{
	const char *end = text + length;

	for (int i = 0; i < 4; i++) {
		const char *from = text;
		uint32_t number;

		while (text < end && *text != '.')
			text++;
		if (!number_read(from, (size_t)(text - from), 255, &number) || (i < 3) != (text < end))
			return false;
		ret[i] = (uint8_t)number;
		text++;
	}
	return true;
}

static int
digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

/* One to four digits at TEXT. How many, 0 if none or more. */
static size_t
read_group(const char *text, const char *end, uint8_t *ret)
{
	uint32_t group = 0;
	size_t n = 0;

	while (text + n < end && digit_of(text[n]) >= 0 && n < 5)
		group = group << 4 | (uint32_t)digit_of(text[n++]);
	ret[0] = (uint8_t)(group >> 8);
	ret[1] = (uint8_t)group;
	return n < 5 ? n : 0;
}

/* The groups go to the front; those behind "::" are moved to the end afterwards. */
static bool
read_ipv6(const char *text, size_t length, uint8_t *ret)
{
	const char *end = text + length;
	int n = 0, zeros = -1; /* groups so far, and before "::" */

	memset(ret, 0, 16);
	if (length >= 2 && text[0] == ':' && text[1] == ':') {
		zeros = 0;
		text += 2;
	}
	while (text < end) {
		size_t digits = n < GROUPS ? read_group(text, end, ret + 2 * n) : 0;

		if (n <= GROUPS - 2 && text + digits < end && text[digits] == '.') {
			if (!read_ipv4(text, (size_t)(end - text), ret + 2 * n))
				return false;
			n += 2;
			break;
		}
		if (digits == 0)
			return false;
		n++;
		text += digits;
		if (text == end)
			break;
		if (*text++ != ':' || text == end)
			return false;
		if (*text != ':')
			continue;
		if (zeros >= 0)
			return false;
		zeros = n;
		text++;
	}
	if (zeros < 0)
		return n == GROUPS;
	if (n >= GROUPS)
		return false;
	memmove(ret + 16 - 2 * (n - zeros), ret + 2 * zeros, (size_t)(2 * (n - zeros)));
	memset(ret + 2 * zeros, 0, (size_t)(2 * (GROUPS - n)));
	return true;
}

bool
address_read(uint16_t family, const char *text, size_t length, union ip_bits *ret)
{
	memset(ret, 0, sizeof(*ret));
	return family == AF_INET ? read_ipv4(text, length, ret->bytes) : read_ipv6(text, length, ret->bytes);
}
