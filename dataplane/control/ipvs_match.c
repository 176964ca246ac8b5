/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See ipvs_match.h.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "control/ipvs_match.h"
#include "control/ipvs_model.h"
#include "netlink-shim/wire.h"

#define NAME_LENGTH (CONFIG_NAME_MAX - 1)

static const struct attr_policy match_policy[IPVSD_MATCH_ATTR_MAX + 1] = {
	[IPVSD_MATCH_ATTR_PROTOCOL] = { ATTR_U8, 0 },
	[IPVSD_MATCH_ATTR_SOURCE] = { ATTR_BINARY, 32 },
	[IPVSD_MATCH_ATTR_DESTINATION] = { ATTR_BINARY, 32 },
	[IPVSD_MATCH_ATTR_PORT] = { ATTR_STRING, NAME_LENGTH },
	[IPVSD_MATCH_ATTR_OUT_PORT] = { ATTR_STRING, NAME_LENGTH },
};

__extension__ typedef unsigned __int128 number;

static number
number_of(const struct ip_addr *addr)
{
	number sum = 0;

	for (uint32_t i = 0; i < (addr->family == AF_INET ? 4u : 16u); i++)
		sum = sum << 8 | addr->ip.bytes[i];
	return sum;
}

static struct ip_addr
address_of(number value, uint16_t family)
{
	struct ip_addr addr = { .family = family };

	for (uint32_t i = family == AF_INET ? 4 : 16; i > 0; i--, value >>= 8)
		addr.ip.bytes[i - 1] = (uint8_t)value;
	return addr;
}

/* The bits behind a prefix. */
static number
bits_behind(uint32_t n)
{
	return n >= 128 ? ~(number)0 : ((number)1 << n) - 1;
}

uint32_t
ipvs_match_prefixes(const struct ip_addr *first, const struct ip_addr *last, struct mark_prefix *ret)
{
	const uint32_t width = first->family == AF_INET ? 32 : 128;
	number from = number_of(first), to = number_of(last);

	for (uint32_t n = 0;; n++) {
		uint32_t free_bits = 0;

		while (free_bits < width && (from & bits_behind(free_bits + 1)) == 0 &&
		       to - from >= bits_behind(free_bits + 1))
			free_bits++;
		ret[n].address = address_of(from, first->family);
		ret[n].length = (uint8_t)(width - free_bits);
		if (to - from == bits_behind(free_bits))
			return n + 1;
		from += bits_behind(free_bits) + 1;
	}
}

static int
parse_range(const struct nlattr *attr, uint16_t family, struct ip_addr *ret)
{
	const int size = family == AF_INET ? 4 : 16;

	if (nla_len(attr) != 2 * size)
		return -EINVAL;
	for (int i = 0; i < 2; i++) {
		ret[i].family = family;
		memcpy(&ret[i].ip, (const uint8_t *)nla_data(attr) + i * size, (size_t)size);
	}
	return memcmp(&ret[0].ip, &ret[1].ip, sizeof(ret->ip)) <= 0 ? 0 : -EINVAL;
}

static int
parse_port(const struct ipvs_model *model, const struct nlattr *attr, char *ret)
{
	snprintf(ret, CONFIG_NAME_MAX, "%s", (const char *)nla_data(attr));
	if (ret[0] != '\0' && (!model->port_number || model->port_number(model->port_number_arg, ret) < 0))
		return -ENODEV;
	return 0;
}

static bool
is_protocol(uint8_t protocol, uint16_t family)
{
	return protocol == 0 || protocol == IPPROTO_TCP || protocol == IPPROTO_UDP || protocol == IPPROTO_SCTP ||
	       protocol == (family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
}

static uint32_t
count_prefixes(const struct ip_addr *range)
{
	struct mark_prefix prefixes[MATCH_PREFIXES_MAX];

	return range[0].family == 0 ? 1 : ipvs_match_prefixes(&range[0], &range[1], prefixes);
}

static int
parse_all(const struct ipvs_model *model, const struct nlattr **attrs, uint16_t family, struct ipvs_match *match)
{
	int err = 0;

	if (attrs[IPVSD_MATCH_ATTR_PROTOCOL])
		match->protocol = attr_u8(attrs[IPVSD_MATCH_ATTR_PROTOCOL]);
	if (!is_protocol(match->protocol, family))
		return -EINVAL;
	if (attrs[IPVSD_MATCH_ATTR_SOURCE])
		err = parse_range(attrs[IPVSD_MATCH_ATTR_SOURCE], family, match->source);
	if (err == 0 && attrs[IPVSD_MATCH_ATTR_DESTINATION])
		err = parse_range(attrs[IPVSD_MATCH_ATTR_DESTINATION], family, match->destination);
	if (err == 0 && attrs[IPVSD_MATCH_ATTR_PORT])
		err = parse_port(model, attrs[IPVSD_MATCH_ATTR_PORT], match->port);
	if (err == 0 && attrs[IPVSD_MATCH_ATTR_OUT_PORT])
		err = parse_port(model, attrs[IPVSD_MATCH_ATTR_OUT_PORT], match->out_port);
	if (err == 0 && count_prefixes(match->source) * count_prefixes(match->destination) > MATCH_RULES_MAX)
		err = -E2BIG;
	return err;
}

/* Who asks for a narrower match than there is has to know. */
static bool
has_unknown(const struct nlattr *nest)
{
	const struct nlattr *attr;
	int left;

	for (attr = nla_data(nest), left = nla_len(nest); nla_ok(attr, left); attr = nla_next(attr, &left))
		if (nla_type(attr) == 0 || nla_type(attr) > IPVSD_MATCH_ATTR_MAX)
			return true;
	return false;
}

uint32_t
ipvs_match_rules(const struct ipvs_match *match)
{
	return match->is_set ? count_prefixes(match->source) * count_prefixes(match->destination) : 0;
}

int
ipvs_match_parse(const struct ipvs_model *model, const struct nlattr *nest, uint16_t family, struct ipvs_match *ret)
{
	const struct nlattr *attrs[IPVSD_MATCH_ATTR_MAX + 1];
	struct ipvs_match match;
	int err;

	memset(&match, 0, sizeof(match));
	if (nla_len(nest) > 0) {
		if (has_unknown(nest))
			return -EOPNOTSUPP;
		err = attrs_parse_nest(attrs, IPVSD_MATCH_ATTR_MAX, nest, match_policy);
		if (err == 0)
			err = parse_all(model, attrs, family, &match);
		if (err < 0)
			return err;
		match.is_set = true;
	}
	memcpy(ret, &match, sizeof(match));
	return 0;
}

static int
put_range(struct nl_msg *msg, int type, const struct ip_addr *range)
{
	const size_t size = range[0].family == AF_INET ? 4 : 16;
	uint8_t bytes[32];

	if (range[0].family == 0)
		return 0;
	memcpy(bytes, &range[0].ip, size);
	memcpy(bytes + size, &range[1].ip, size);
	return nla_put(msg, type, (int)(2 * size), bytes);
}

int
ipvs_match_put(struct nl_msg *msg, const struct ipvs_match *match)
{
	struct nlattr *nest;

	if (!match->is_set)
		return 0;
	nest = attr_nest_begin(msg, IPVSD_SERVICE_ATTR_MATCH);
	if (!nest || nla_put_u8(msg, IPVSD_MATCH_ATTR_PROTOCOL, match->protocol) < 0 ||
	    put_range(msg, IPVSD_MATCH_ATTR_SOURCE, match->source) < 0 ||
	    put_range(msg, IPVSD_MATCH_ATTR_DESTINATION, match->destination) < 0 ||
	    nla_put_string(msg, IPVSD_MATCH_ATTR_PORT, match->port) < 0 ||
	    nla_put_string(msg, IPVSD_MATCH_ATTR_OUT_PORT, match->out_port) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}
