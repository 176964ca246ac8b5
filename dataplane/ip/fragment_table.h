/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Datagrams that come in fragments, followed but not put together: which parts of each have been seen (RFC 791, RFC 8200
 * 4.5, RFC 5722), what the first fragment says of the flow, and the fragments that wait for it. Worker-owned, and all of
 * it bounded. Knows nothing of packets but that they are pointers: what it can't keep any longer goes to a callback.
 */
#ifndef IP_FRAGMENT_TABLE_H
#define IP_FRAGMENT_TABLE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"
#include "core/counters.h"

struct rte_mbuf;
struct fragment_table;

/* 65,535 bytes in so many pieces are 1,024 a piece: less than what the smallest MTU of IPv6 leaves. */
#define FRAGMENTS_PER_DATAGRAM 64
/* From the first one that came, of whichever place (RFC 8200, 4.5; Linux for IPv4, RFC 791 says 15 s as a lower bound). */
#define FRAGMENT_IPV4_MS 30000u
#define FRAGMENT_IPV6_MS 60000u

/* What fragments of one datagram have in common. */
struct fragment_id {
	union ip_bits src, dst;
	uint32_t id; /* as it stands in the packet */
	uint16_t family;
	uint8_t proto; /* of IPv4; 0 for IPv6, where it is no part of the identity */
};

/* The place of a fragment: bytes of the datagram behind the headers that all fragments have. FIRST is a multiple of 8,
 * and LENGTH too if there are MORE; FIRST + LENGTH is at most 65,535. */
struct fragment {
	uint32_t first;
	uint16_t length; /* above 0 */
	bool more;
	uint16_t buffers; /* that it occupies while it is held */
};

/* What the first fragment tells of all. */
struct fragment_flow {
	uint16_t sport, dport; /* network order */
	uint8_t proto;
	uint8_t protocol; /* that it is of: another one than that of the flow for AH and ESP */
	bool has_l4; /* false: it is nothing that could be of a connection */
	bool opens; /* it may make one */
	uint8_t refused; /* 1 + the drop reason for a fragment that is not to be forwarded; 0: it is */
};
static_assert(DROP_MAX < UINT8_MAX, "a drop reason and one more fit into a byte");

/* The same in one word. */
static inline uint64_t
fragment_flow_word(const struct fragment_flow *flow)
{
	return (uint64_t)flow->refused << 50 | (uint64_t)flow->opens << 49 | (uint64_t)flow->has_l4 << 48 |
	       (uint64_t)flow->protocol << 40 | (uint64_t)flow->proto << 32 | (uint32_t)flow->sport << 16 | flow->dport;
}

static inline struct fragment_flow
fragment_flow_of_word(uint64_t word)
{
	return (struct fragment_flow){
		.sport = (uint16_t)(word >> 16),
		.dport = (uint16_t)word,
		.proto = (uint8_t)(word >> 32),
		.protocol = (uint8_t)(word >> 40),
		.has_l4 = (word >> 48 & 1) != 0,
		.opens = (word >> 49 & 1) != 0,
		.refused = (uint8_t)(word >> 50),
	};
}

/* Takes over M. */
typedef void fragment_lost(void *arg, struct rte_mbuf *m, enum drop_reason reason);

/* Room for DATAGRAMS, and for held fragments of BUFFERS altogether, on NUMA_NODE (-1: any). LOST(ARG) gets what is given
 * up. -ENOMEM, -EIO without randomness, -EINVAL for no room at all. */
int fragment_table_create(uint32_t datagrams, uint32_t buffers, int numa_node, fragment_lost *lost, void *arg,
			  struct fragment_table **ret);
/* Gives up what is held (DROP_FRAGMENT_TIMEOUT) first. */
void fragment_table_destroy(struct fragment_table *table);
/* Memory that it takes. */
size_t fragment_table_bytes(uint32_t datagrams, uint32_t buffers);

enum fragment_fate {
	FRAGMENT_HELD, /* the table has it until the first one comes */
	FRAGMENT_FIRST, /* the caller has it; the held ones are to follow it */
	FRAGMENT_FOLLOWS, /* the caller has it; the first one was there before */
};

/* Enters a fragment. The first one (FIRST == 0) brings its FLOW along and gets in *HELD those that wait for it, to be
 * taken out by fragment_table_next(), 0 for none; for one that follows FLOW is written. Or a negative drop reason: M is
 * the caller's, and not to be forwarded; FLOW is written even so, if it is known. */
int fragment_table_add(struct fragment_table *table, const struct fragment_id *id, const struct fragment *fragment,
		       struct rte_mbuf *m, uint32_t now_ms, struct fragment_flow *flow, uint32_t *held);
/* The next of *HELD, in the order in which they came; NULL: that was all. */
struct rte_mbuf *fragment_table_next(struct fragment_table *table, uint32_t *held);
/* Gives up datagrams whose time is over: a bounded number a call. */
void fragment_table_expire(struct fragment_table *table, uint32_t now_ms);

/* For tests and who watches: datagrams in the table, fragments held. */
uint32_t fragment_table_datagrams(const struct fragment_table *table);
uint32_t fragment_table_held(const struct fragment_table *table);

#endif
