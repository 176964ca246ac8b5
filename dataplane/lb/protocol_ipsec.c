/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AH and ESP (RFC 4302, 4303) by connection, as the kernel has it (net/netfilter/ipvs/ip_vs_proto_ah_esp.c): there are no
 * services of them. A packet goes where the key exchange of its two ends goes, which is UDP from port 500 to port 500
 * (RFC 7296); without one it is the host's. Nothing of the packet behind its IP header is looked at, so that fragments
 * are as good as whole ones.
 */
#include <netinet/in.h>

#include "lb/protocol.h"

#define PORT_ISAKMP RTE_BE16(500)

static int
ipsec_parse(const void *l4, uint32_t length, struct flow *flow)
{
	(void)l4;
	(void)length;
	flow->proto = IPPROTO_UDP;
	flow->sport = PORT_ISAKMP;
	flow->dport = PORT_ISAKMP;
	return 0;
}

static bool
ipsec_opens(const void *l4, uint32_t length, const struct knobs *knobs)
{
	(void)l4;
	(void)length;
	(void)knobs;
	return false;
}

/* There are no ports, and ESP's sum does not cover addresses. */
static void
ipsec_rewrite(void *l4, uint32_t length, rte_be16_t sport, rte_be16_t dport, uint16_t delta)
{
	(void)l4;
	(void)length;
	(void)sport;
	(void)dport;
	(void)delta;
}

/* It is made over the addresses. */
const struct protocol protocol_ah = {
	.name = "AH",
	.number = IPPROTO_AH,
	.fragments = true,
	.spoilt_by = SPOILT_BY_NAT | SPOILT_BY_FULLNAT,
	.parse = ipsec_parse,
	.parse_first = ipsec_parse,
	.opens = ipsec_opens,
	.rewrite = ipsec_rewrite,
};

/* With full-NAT nothing in an answer would tell whose it is. */
const struct protocol protocol_esp = {
	.name = "ESP",
	.number = IPPROTO_ESP,
	.fragments = true,
	.spoilt_by = SPOILT_BY_FULLNAT,
	.parse = ipsec_parse,
	.parse_first = ipsec_parse,
	.opens = ipsec_opens,
	.rewrite = ipsec_rewrite,
};
