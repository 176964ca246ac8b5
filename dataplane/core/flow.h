/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The five fields by which a packet belongs to a connection, as they stand in the packet (network order).
 */
#ifndef CORE_FLOW_H
#define CORE_FLOW_H

#include "core/address.h"

struct flow {
	union ip_bits src, dst;
	rte_be16_t sport, dport; /* 0 where the protocol has none */
	uint16_t family; /* AF_INET, AF_INET6 */
	uint8_t proto; /* IPPROTO_* */
};

/* The same flow as the other side sends it. */
static inline struct flow
flow_reversed(const struct flow *flow)
{
	return (struct flow){
		.src = flow->dst,
		.dst = flow->src,
		.sport = flow->dport,
		.dport = flow->sport,
		.family = flow->family,
		.proto = flow->proto,
	};
}

/* An IPv4 flow with mapped addresses. */
static inline struct flow
flow_mapped(const struct flow *flow)
{
	struct flow mapped = *flow;

	mapped.src = ip4_mapped(flow->src.v4);
	mapped.dst = ip4_mapped(flow->dst.v4);
	mapped.family = AF_INET6;
	return mapped;
}

/* The flow as it is on the wire: of IPv4 if its addresses are mapped. */
static inline struct flow
flow_plain(const struct flow *flow)
{
	struct flow plain = *flow;

	plain.src = ip_addr_plain(flow->family, &flow->src).ip;
	plain.dst = ip_addr_plain(flow->family, &flow->dst).ip;
	plain.family = ip_addr_plain(flow->family, &flow->dst).family;
	return plain;
}

#endif
