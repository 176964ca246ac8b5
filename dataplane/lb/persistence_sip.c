/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SIP over UDP: messages of a call carry its Call-ID (RFC 3261, 8.1.1.4, 20.8; "i" is the short form), whatever port or
 * proxy they come from. net/netfilter/ipvs/ip_vs_pe_sip.c of the kernel.
 */
#include <netinet/in.h>
#include <stddef.h>

#include "lb/persistence.h"
#include "lb/template.h"

struct text {
	const uint8_t *at, *end;
};

static bool
is_letter(uint8_t c)
{
	return (uint8_t)((c | 0x20) - 'a') < 26;
}

/* Of an identifier (word, RFC 3261, 25.1). */
static bool
is_word(uint8_t c)
{
	static const bool others[256] = {
		['-'] = true, ['.'] = true, ['!'] = true,  ['%'] = true,  ['*'] = true, ['_'] = true,
		['+'] = true, ['`'] = true, ['\''] = true, ['~'] = true,  ['('] = true, [')'] = true,
		['<'] = true, ['>'] = true, [':'] = true,  ['\\'] = true, ['"'] = true, ['/'] = true,
		['['] = true, [']'] = true, ['?'] = true,  ['{'] = true,  ['}'] = true,
	};

	return is_letter(c) || (uint8_t)(c - '0') < 10 || others[c];
}

static bool
is_end_of_line(uint8_t c)
{
	return c == '\r' || c == '\n';
}

/* To the first byte of the next line; false at the end. */
static bool
next_line(struct text *text)
{
	while (text->at < text->end && !is_end_of_line(*text->at))
		text->at++;
	if (text->end - text->at >= 2 && text->at[0] == '\r' && text->at[1] == '\n')
		text->at++;
	if (text->at < text->end)
		text->at++;
	return text->at < text->end;
}

/* Past NAME in any case, of LENGTH small letters and dashes. */
static bool
skip_name(struct text *text, const char *name, size_t length)
{
	if ((size_t)(text->end - text->at) < length)
		return false;
	for (size_t i = 0; i < length; i++) {
		uint8_t c = text->at[i];

		if ((is_letter(c) ? c | 0x20 : c) != (uint8_t)name[i])
			return false;
	}
	text->at += length;
	return true;
}

static void
skip_spaces(struct text *text)
{
	while (text->at < text->end && (*text->at == ' ' || *text->at == '\t'))
		text->at++;
}

static size_t
skip_word(struct text *text)
{
	const uint8_t *first = text->at;

	while (text->at < text->end && is_word(*text->at))
		text->at++;
	return (size_t)(text->at - first);
}

/* The line's header is Call-ID: to its value. */
static bool
enter_call_id(struct text *text)
{
	if (!skip_name(text, "call-id", 7) && !skip_name(text, "i", 1))
		return false;
	skip_spaces(text);
	if (text->at == text->end || *text->at != ':')
		return false;
	text->at++;
	skip_spaces(text);
	return true;
}

/* word [ "@" word ], up to the end of the line. */
static bool
read_call_id(struct text *text, const uint8_t **ret, uint8_t *ret_length)
{
	const uint8_t *first = text->at;

	if (skip_word(text) == 0)
		return false;
	if (text->at < text->end && *text->at == '@') {
		text->at++;
		if (skip_word(text) == 0)
			return false;
	}
	if (text->at == text->end || !is_end_of_line(*text->at) || text->at - first > TEMPLATE_DATA_MAX)
		return false;
	*ret = first;
	*ret_length = (uint8_t)(text->at - first);
	return true;
}

static bool
sip_read(uint8_t proto, const uint8_t *payload, uint32_t length, const uint8_t **ret, uint8_t *ret_length)
{
	struct text text = { payload, payload + length };

	if (proto != IPPROTO_UDP)
		return false;
	/* the first line is no header */
	while (next_line(&text)) {
		struct text line = text;

		if (enter_call_id(&line))
			return read_call_id(&line, ret, ret_length);
	}
	return false;
}

const struct persistence_engine persistence_sip = {
	.name = "sip",
	.number = 1,
	.read = sip_read,
};
