/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UDP: one state, never active in the kernel's sense.
 */
#include <rte_udp.h>

#include "core/counters.h"
#include "lb/protocol.h"
#include "lb/service.h"

static int
udp_parse(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_udp_hdr *udp = l4;
	uint16_t claimed;

	if (length < sizeof(*udp))
		return -DROP_L4_SHORT;
	claimed = rte_be_to_cpu_16(udp->dgram_len);
	if (claimed < sizeof(*udp) || claimed > length)
		return -DROP_L4_LENGTH;
	flow->sport = udp->src_port;
	flow->dport = udp->dst_port;
	return 0;
}

static int
udp_parse_first(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_udp_hdr *udp = l4;

	if (length < sizeof(*udp))
		return -DROP_FRAGMENT_TINY;
	if (rte_be_to_cpu_16(udp->dgram_len) < length)
		return -DROP_L4_LENGTH;
	flow->sport = udp->src_port;
	flow->dport = udp->dst_port;
	return 0;
}

static bool
udp_opens(const void *l4, uint32_t length, const struct knobs *knobs)
{
	(void)l4;
	(void)length;
	(void)knobs;
	return true;
}

static bool
udp_active(uint8_t state)
{
	(void)state;
	return false;
}

static bool
udp_over(uint8_t state)
{
	(void)state;
	return false;
}

static void
udp_timeouts(const struct timeouts_spec *spec, uint32_t *ms)
{
	ms[UDP_NORMAL] = spec->udp_s * 1000;
}

static const char *const udp_state_names[UDP_STATES] = { "UDP" };

const struct protocol protocol_udp = {
	.name = "UDP",
	.number = 17,
	.index = PROTOCOL_UDP,
	.n_states = UDP_STATES,
	.established = UDP_NORMAL,
	.parse = udp_parse,
	.parse_first = udp_parse_first,
	.opens = udp_opens,
	.active = udp_active,
	.over = udp_over,
	.settled = 1 << UDP_NORMAL,
	.timeouts = udp_timeouts,
	.state_names = udp_state_names,
};
