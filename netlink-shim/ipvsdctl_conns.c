/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsdctl conns: the connections, with local addresses, workers and ages, which the listing of Linux has no room for.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "ipvsdctl.h"
#include "wire.h"

bool
parse_number(const char *text, uint32_t most, uint32_t *ret)
{
	unsigned long value;
	char *end;

	errno = 0;
	value = strtoul(text, &end, 10);
	if (errno != 0 || end == text || *end != '\0' || *text == '-' || value > most)
		return false;
	*ret = (uint32_t)value;
	return true;
}

static bool
parse_address(const char *text, struct wanted_end *ret)
{
	if (inet_pton(AF_INET, text, &ret->v4) == 1)
		ret->family = AF_INET;
	else if (inet_pton(AF_INET6, text, &ret->v6) == 1)
		ret->family = AF_INET6;
	return ret->family != 0;
}

bool
parse_end(const char *argument, struct wanted_end *ret)
{
	char address[INET6_ADDRSTRLEN + 2];
	const char *colon = strrchr(argument, ':');
	size_t length;
	uint32_t port;

	if (parse_address(argument, ret))
		return true;
	if (!colon || !parse_number(colon + 1, UINT16_MAX, &port))
		return false;
	ret->by_port = true;
	ret->port = (uint16_t)port;
	length = (size_t)(colon - argument);
	if (length == 0)
		return true;
	if (argument[0] == '[' && argument[length - 1] == ']') {
		argument++;
		length -= 2;
	}
	if (length >= sizeof(address))
		return false;
	memcpy(address, argument, length);
	address[length] = '\0';
	return parse_address(address, ret);
}

static const struct {
	uint8_t number;
	const char *name;
} protocols[] = { { IPPROTO_TCP, "TCP" },
		  { IPPROTO_UDP, "UDP" },
		  { IPPROTO_SCTP, "SCTP" },
		  { IPPROTO_ICMP, "ICMP" },
		  { IPPROTO_ICMPV6, "ICMPv6" } };

#define PROTOCOLS (sizeof(protocols) / sizeof(protocols[0]))

static bool
parse_protocol(const char *argument, uint8_t *ret)
{
	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (strcasecmp(argument, protocols[i].name) == 0) {
			*ret = protocols[i].number;
			return true;
		}
	}
	return false;
}

static const char *
protocol_name(uint8_t number)
{
	for (size_t i = 0; i < PROTOCOLS; i++) {
		if (protocols[i].number == number)
			return protocols[i].name;
	}
	return "?";
}

bool
conns_option(struct options *options, int option, const char *argument)
{
	struct wanted_conns *conns = &options->conns;

	switch (option) {
	case 'p':
		return parse_protocol(argument, &conns->protocol);
	case 'c':
		return parse_end(argument, &conns->client);
	case 'v':
		return parse_end(argument, &conns->virtual);
	case 'l':
		return parse_end(argument, &conns->local);
	case 'r':
		return parse_end(argument, &conns->server);
	case 't':
		conns->state = argument;
		return strlen(argument) < 16;
	case 'w':
		conns->by_worker = true;
		return parse_number(argument, UINT32_MAX, &conns->worker);
	default:
		return false;
	}
}

static bool
put_end(struct nl_msg *msg, int type, const struct wanted_end *end)
{
	if (end->family != 0 && nla_put(msg, type, end->family == AF_INET ? 4 : 16, &end->v6) < 0)
		return false;
	return !end->by_port || nla_put_u16(msg, type + 1, htons(end->port)) == 0;
}

int
conns_fill(struct nl_msg *msg, const struct options *options)
{
	const struct wanted_conns *conns = &options->conns;
	struct nlattr *nest = nla_nest_start(msg, IPVSX_ATTR_CONN);

	if (!nest || (conns->protocol != 0 && nla_put_u8(msg, IPVSX_CONN_ATTR_PROTOCOL, conns->protocol) < 0) ||
	    !put_end(msg, IPVSX_CONN_ATTR_CLIENT, &conns->client) ||
	    !put_end(msg, IPVSX_CONN_ATTR_VIRTUAL, &conns->virtual) ||
	    !put_end(msg, IPVSX_CONN_ATTR_LOCAL, &conns->local) ||
	    !put_end(msg, IPVSX_CONN_ATTR_SERVER, &conns->server) ||
	    (conns->state && nla_put_string(msg, IPVSX_CONN_ATTR_STATE, conns->state) < 0) ||
	    (conns->by_worker && nla_put_u32(msg, IPVSX_CONN_ATTR_WORKER, conns->worker) < 0))
		return -NLE_NOMEM;
	nla_nest_end(msg, nest);
	return 0;
}

/* "192.0.2.1:80" or "[2001:db8::1]:80"; "-" for an end that isn't there. */
static const char *
end_text(struct nlattr **attrs, int type, char *text, size_t size)
{
	char address[INET6_ADDRSTRLEN];
	bool ipv6;

	if (!attrs[type] || !attrs[type + 1])
		return "-";
	ipv6 = nla_len(attrs[type]) == 16;
	inet_ntop(ipv6 ? AF_INET6 : AF_INET, nla_data(attrs[type]), address, sizeof(address));
	snprintf(text, size, ipv6 ? "[%s]:%u" : "%s:%u", address, ntohs(nla_get_u16(attrs[type + 1])));
	return text;
}

void
conns_head(void)
{
	printf("%-6s %-11s %7s %7s %6s  %-21s %-21s %-21s %s\n", "proto", "state", "expires", "age", "worker", "client",
	       "virtual", "local", "server");
}

int
conns_show(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVSX_ATTR_MAX + 1], *attrs[IPVSX_CONN_ATTR_MAX + 1];
	char text[4][INET6_ADDRSTRLEN + 9];

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVSX_ATTR_MAX, NULL) < 0 || !outer[IPVSX_ATTR_CONN] ||
	    nla_parse_nested(attrs, IPVSX_CONN_ATTR_MAX, outer[IPVSX_ATTR_CONN], NULL) < 0 ||
	    !attrs[IPVSX_CONN_ATTR_PROTOCOL] || !attrs[IPVSX_CONN_ATTR_STATE] || !attrs[IPVSX_CONN_ATTR_WORKER] ||
	    !attrs[IPVSX_CONN_ATTR_EXPIRES] || !attrs[IPVSX_CONN_ATTR_AGE])
		return NL_SKIP;
	printf("%-6s %-11s %7u %7u %6u  %-21s %-21s %-21s %s\n",
	       protocol_name(nla_get_u8(attrs[IPVSX_CONN_ATTR_PROTOCOL])), nla_get_string(attrs[IPVSX_CONN_ATTR_STATE]),
	       nla_get_u32(attrs[IPVSX_CONN_ATTR_EXPIRES]) / 1000, nla_get_u32(attrs[IPVSX_CONN_ATTR_AGE]) / 1000,
	       nla_get_u32(attrs[IPVSX_CONN_ATTR_WORKER]),
	       end_text(attrs, IPVSX_CONN_ATTR_CLIENT, text[0], sizeof(text[0])),
	       end_text(attrs, IPVSX_CONN_ATTR_VIRTUAL, text[1], sizeof(text[1])),
	       end_text(attrs, IPVSX_CONN_ATTR_LOCAL, text[2], sizeof(text[2])),
	       end_text(attrs, IPVSX_CONN_ATTR_SERVER, text[3], sizeof(text[3])));
	return NL_OK;
}
