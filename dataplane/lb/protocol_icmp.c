/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Echo of ICMP and ICMPv6 (RFC 792, 4443) as services: the identifier is the client's port, and the service has port 0.
 * With full-NAT the identifier is mapped as a local port is. Other messages are nobody's connection.
 */
#include <netinet/in.h>
#include <string.h>

#include "core/checksum.h"
#include "core/counters.h"
#include "lb/protocol.h"

#define TIMEOUT_S 30 /* nf_conntrack_icmp_timeout of the kernel, whose IPVS has no such services */

struct echo {
	uint8_t type, code;
	rte_be16_t checksum, identifier, sequence;
};

enum { ECHO4_REPLY = 0, ECHO4 = 8, ECHO6 = 128, ECHO6_REPLY = 129 };

static bool
is_request(const struct echo *echo)
{
	return echo->type == ECHO4 || echo->type == ECHO6;
}

/* Shorter than its header it is no echo; the kernel may say so. */
static int
parse_echo(const struct echo *echo, uint32_t length, uint8_t request, uint8_t reply, struct flow *flow)
{
	if (length < sizeof(*echo) || (echo->type != request && echo->type != reply) || echo->code != 0)
		return 1;
	flow->sport = echo->type == request ? echo->identifier : 0;
	flow->dport = echo->type == request ? 0 : echo->identifier;
	return 0;
}

static int
icmp_parse(const void *l4, uint32_t length, struct flow *flow)
{
	return flow->family == AF_INET ? parse_echo(l4, length, ECHO4, ECHO4_REPLY, flow) : 1;
}

static int
icmpv6_parse(const void *l4, uint32_t length, struct flow *flow)
{
	return flow->family == AF_INET6 ? parse_echo(l4, length, ECHO6, ECHO6_REPLY, flow) : 1;
}

static bool
echo_opens(const void *l4, uint32_t length, const struct knobs *knobs)
{
	(void)length;
	(void)knobs;
	return is_request(l4);
}

/* With the identifier 0 requests and replies have the same ports. */
static bool
echo_belongs(const void *l4, uint32_t direction)
{
	return is_request(l4) == (direction == CONN_IN);
}

/* DELTA is the identifier's, and in ICMPv6 that of the addresses, which its checksum covers. */
static void
echo_rewrite(void *l4, uint32_t length, rte_be16_t sport, rte_be16_t dport, uint16_t delta)
{
	struct echo *echo = l4;

	(void)length;
	echo->identifier = is_request(echo) ? sport : dport;
	echo->checksum = checksum_update(echo->checksum, delta);
}

static bool
echo_active(uint8_t state)
{
	(void)state;
	return false;
}

static bool
echo_over(uint8_t state)
{
	(void)state;
	return false;
}

static void
echo_timeouts(const struct timeouts_spec *spec, uint32_t *ms)
{
	(void)spec;
	ms[ECHO_NORMAL] = TIMEOUT_S * 1000;
}

static const char *const icmp_state_names[ECHO_STATES] = { "ICMP" };
static const char *const icmpv6_state_names[ECHO_STATES] = { "ICMPv6" };

const struct protocol protocol_icmp = {
	.name = "ICMP",
	.number = IPPROTO_ICMP,
	.index = PROTOCOL_ICMP,
	.n_states = ECHO_STATES,
	.established = ECHO_NORMAL,
	.settled = 1 << ECHO_NORMAL,
	.portless = true,
	.own_checksum = true,
	.parse = icmp_parse,
	.parse_first = icmp_parse,
	.opens = echo_opens,
	.belongs = echo_belongs,
	.rewrite = echo_rewrite,
	.active = echo_active,
	.over = echo_over,
	.timeouts = echo_timeouts,
	.state_names = icmp_state_names,
};

const struct protocol protocol_icmpv6 = {
	.name = "ICMPv6",
	.number = IPPROTO_ICMPV6,
	.index = PROTOCOL_ICMPV6,
	.n_states = ECHO_STATES,
	.established = ECHO_NORMAL,
	.settled = 1 << ECHO_NORMAL,
	.portless = true,
	.parse = icmpv6_parse,
	.parse_first = icmpv6_parse,
	.opens = echo_opens,
	.belongs = echo_belongs,
	.rewrite = echo_rewrite,
	.active = echo_active,
	.over = echo_over,
	.timeouts = echo_timeouts,
	.state_names = icmpv6_state_names,
};
