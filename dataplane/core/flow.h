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

#endif
