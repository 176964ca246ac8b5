/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Runs on the packet path: no division, nothing of the C library but copies and comparisons.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ip/address_text.h"
#include "ip/proxy_header.h"

#define SIGNATURE_LENGTH 12
#define FIXED_LENGTH 16 /* of version 2: signature, version and command, family and protocol, length of the rest */
#define V4_LENGTH 12 /* two addresses and two ports */
#define V6_LENGTH 36
#define LINE_BEGIN "PROXY "
#define LINE_BEGIN_LENGTH 6

enum { COMMAND_LOCAL = 0x20, COMMAND_PROXY = 0x21 };
enum { FAMILY_INET = 0x10, FAMILY_INET6 = 0x20, PROTOCOL_STREAM = 1, PROTOCOL_DATAGRAM = 2 };

static const uint8_t signature[SIGNATURE_LENGTH] = { 0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 'Q', 'U', 'I', 'T', 0x0a };

static uint8_t *
write_text(uint8_t *to, const char *text, size_t length)
{
	memcpy(to, text, length);
	return to + length;
}

static uint16_t
write_line(const struct flow *flow, uint8_t *to)
{
	uint8_t *at = write_text(to, LINE_BEGIN, LINE_BEGIN_LENGTH);

	if (flow->family == 0)
		return (uint16_t)(write_text(at, "UNKNOWN\r\n", 9) - to);
	at = write_text(at, flow->family == AF_INET ? "TCP4 " : "TCP6 ", 5);
	at += address_write(flow->family, &flow->src, (char *)at);
	*at++ = ' ';
	at += address_write(flow->family, &flow->dst, (char *)at);
	*at++ = ' ';
	at += number_write(rte_be_to_cpu_16(flow->sport), (char *)at);
	*at++ = ' ';
	at += number_write(rte_be_to_cpu_16(flow->dport), (char *)at);
	return (uint16_t)(write_text(at, "\r\n", 2) - to);
}

static uint16_t
write_binary(const struct flow *flow, uint8_t *to)
{
	const uint8_t family = flow->family == AF_INET ? FAMILY_INET : FAMILY_INET6;
	const uint16_t address = flow->family == AF_INET ? 4 : 16;
	uint8_t *at = to + FIXED_LENGTH;

	memcpy(to, signature, SIGNATURE_LENGTH);
	memset(to + SIGNATURE_LENGTH, 0, FIXED_LENGTH - SIGNATURE_LENGTH);
	to[12] = flow->family == 0 ? COMMAND_LOCAL : COMMAND_PROXY;
	if (flow->family == 0)
		return FIXED_LENGTH;
	to[13] = family | (flow->proto == IPPROTO_UDP ? PROTOCOL_DATAGRAM : PROTOCOL_STREAM);
	to[15] = (uint8_t)(2 * address + 4);
	memcpy(at, &flow->src, address);
	memcpy(at + address, &flow->dst, address);
	memcpy(at + 2 * address, &flow->sport, 2);
	memcpy(at + 2 * address + 2, &flow->dport, 2);
	return FIXED_LENGTH + 2 * address + 4;
}

uint16_t
proxy_header_write(uint8_t version, const struct flow *flow, uint8_t *to)
{
	return version == 1 ? write_line(flow, to) : write_binary(flow, to);
}

uint16_t
proxy_header_length(uint8_t version, const struct flow *flow)
{
	uint8_t written[PROXY_HEADER_MAX];

	if (version == 1)
		return write_line(flow, written);
	return FIXED_LENGTH + (flow->family == 0 ? 0 : flow->family == AF_INET ? V4_LENGTH : V6_LENGTH);
}

/* The next word of a line up to END, and what follows the blank behind it. NULL: there is none, or it is empty. */
static const char *
next_word(const char **line, const char *end, size_t *ret_length)
{
	const char *word = *line, *at = word;

	while (at < end && *at != ' ')
		at++;
	if (at == word)
		return NULL;
	*ret_length = (size_t)(at - word);
	*line = at < end ? at + 1 : at;
	return word;
}

static bool
read_address(const char **line, const char *end, uint16_t family, union ip_bits *ret)
{
	size_t length;
	const char *word = next_word(line, end, &length);

	return word && address_read(family, word, length, ret);
}

static bool
read_port(const char **line, const char *end, rte_be16_t *ret)
{
	size_t length;
	const char *word = next_word(line, end, &length);
	uint32_t number;

	if (!word || !number_read(word, length, UINT16_MAX, &number))
		return false;
	*ret = rte_cpu_to_be_16((uint16_t)number);
	return true;
}

/* LINE, END: behind "PROXY ", before the line's end. */
static int
read_words(const char *line, const char *end, struct flow *ret)
{
	size_t length;
	const char *word = next_word(&line, end, &length);

	/* Whatever else such a line says is to be passed over. */
	if (word && length == 7 && memcmp(word, "UNKNOWN", 7) == 0)
		return 0;
	if (!word || length != 4 || memcmp(word, "TCP", 3) != 0 || (word[3] != '4' && word[3] != '6'))
		return -EINVAL;
	ret->proto = IPPROTO_TCP;
	ret->family = word[3] == '4' ? AF_INET : AF_INET6;
	if (!read_address(&line, end, ret->family, &ret->src) || !read_address(&line, end, ret->family, &ret->dst) ||
	    !read_port(&line, end, &ret->sport) || !read_port(&line, end, &ret->dport) || line != end || end[-1] == ' ')
		return -EINVAL;
	return 0;
}

static int
read_line(const uint8_t *data, uint32_t length, struct proxy_header *ret)
{
	const char *line = (const char *)data;
	uint32_t end = LINE_BEGIN_LENGTH;

	while (end + 1 < length && end + 1 < PROXY_HEADER_MAX && !(line[end] == '\r' && line[end + 1] == '\n'))
		end++;
	if (end + 1 >= length || end + 1 >= PROXY_HEADER_MAX)
		return -EINVAL;
	ret->version = 1;
	ret->length = (uint16_t)(end + 2);
	return read_words(line + LINE_BEGIN_LENGTH, line + end, &ret->flow);
}

static void
take_addresses(const uint8_t *at, uint16_t address, struct flow *ret)
{
	memcpy(&ret->src, at, address);
	memcpy(&ret->dst, at + address, address);
	memcpy(&ret->sport, at + 2 * address, 2);
	memcpy(&ret->dport, at + 2 * address + 2, 2);
}

/* Families and protocols that we don't know are to be taken as naming nobody (section 2.2). */
static int
read_binary(const uint8_t *data, uint32_t length, struct proxy_header *ret)
{
	const uint32_t rest = (uint32_t)data[14] << 8 | data[15], all = FIXED_LENGTH + rest;
	const uint8_t family = data[13] & 0xf0, protocol = data[13] & 0x0f;

	if ((data[12] != COMMAND_LOCAL && data[12] != COMMAND_PROXY) || all > length || all > PROXY_HEADER_READ_MAX)
		return -EINVAL;
	ret->version = 2;
	ret->length = (uint16_t)all;
	if (data[12] == COMMAND_LOCAL || (protocol != PROTOCOL_STREAM && protocol != PROTOCOL_DATAGRAM) ||
	    (family != FAMILY_INET && family != FAMILY_INET6))
		return 0;
	if (rest < (family == FAMILY_INET ? V4_LENGTH : V6_LENGTH))
		return -EINVAL;
	ret->flow.family = family == FAMILY_INET ? AF_INET : AF_INET6;
	ret->flow.proto = protocol == PROTOCOL_STREAM ? IPPROTO_TCP : IPPROTO_UDP;
	take_addresses(data + FIXED_LENGTH, family == FAMILY_INET ? 4 : 16, &ret->flow);
	return 0;
}

int
proxy_header_read(const uint8_t *data, uint32_t length, struct proxy_header *ret)
{
	memset(ret, 0, sizeof(*ret));
	if (length >= LINE_BEGIN_LENGTH && memcmp(data, LINE_BEGIN, LINE_BEGIN_LENGTH) == 0)
		return read_line(data, length, ret);
	if (length >= FIXED_LENGTH && memcmp(data, signature, SIGNATURE_LENGTH) == 0)
		return read_binary(data, length, ret);
	return -EINVAL;
}
