/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A source and sink of packets that costs next to nothing: the receive and send functions of a started net_null port
 * are replaced by ones that hand out the same 1024 packet buffers again and again, each filled from a template and the
 * next record of a list, and that only count what is sent. Around them the program under test is the real one.
 */
#ifndef BENCH_REPLAY_H
#define BENCH_REPLAY_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_mempool.h>

#include "core/flow.h"

/* What differs from packet to packet, in network order; checksums are those of the finished packet. */
struct record4 {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
	uint16_t ip_sum, l4_sum;
};
struct record6 {
	uint8_t src[16], dst[16];
	rte_be16_t sport, dport;
	uint16_t l4_sum;
	uint16_t ip_sum; /* of an IPv4 packet in a mixed list */
};

union record {
	struct record4 v4;
	struct record6 v6;
};

/* A list of packets of one protocol and one set of TCP flags, of one family or (MIXED, IPV6 is set then) of both: those of
 * IPv4 with mapped addresses. */
struct records {
	bool ipv6, mixed;
	uint8_t proto, tcp_flags;
	uint32_t n;
	void *at; /* struct record4[n] or struct record6[n] */
};

enum replay_sink {
	SINK_COUNT,
	SINK_CAPTURE, /* the flow of each packet sent goes to captured[], in order */
	SINK_VERIFY, /* each packet is held against expected[], and its checksums are computed */
};

/* Packets that become available at times of their own, whether or not somebody looks: what is sent late is late. */
struct replay_pace {
	uint64_t due; /* TSC of the next packet */
	uint64_t interval; /* mean, in ticks scaled by 2^16; 0: as fast as they are taken */
	const uint32_t *gaps; /* between packets, in multiples of the mean, scaled by 2^16 */
	uint32_t gap_mask, gap; /* how many less 1, the next one */
	uint32_t *latencies; /* ticks from becoming available to being sent, of each packet */
	uint32_t n, max; /* when there are MAX, no more are written */
};

struct replay {
	uint16_t dev;
	struct records records;
	uint32_t next; /* record to hand out */
	uint64_t left; /* packets that are still to be handed out */
	uint16_t burst; /* how many at a time */
	uint64_t sent, sent_bytes;
	enum replay_sink sink;
	union record *captured;
	uint8_t *captured_nexthop; /* last byte of the MAC address that each was sent to */
	struct records expected; /* SINK_VERIFY: what packet number i of the run must look like, with its next hop */
	uint64_t wrong;
	struct replay_pace *pace;
	uint32_t n_handed_out; /* buffers, goes round */
	struct rte_mbuf *buffers[1024];
	uint8_t template[2][96]; /* of IPv4 and IPv6 */
	uint16_t frame[2]; /* their length */
	struct rte_ether_addr our_mac;
};

#define REPLAY_FOREVER UINT64_MAX

/* Takes over DEV, a started net_null port with one queue pair, and buffers of POOL. -ENOMEM. */
int replay_create(uint16_t dev, struct rte_mempool *pool, const struct rte_ether_addr *our_mac, struct replay **ret);
void replay_destroy(struct replay *replay);

/* From now on hands out LEFT packets of RECORDS, beginning with the first. */
void replay_start(struct replay *replay, const struct records *records, uint64_t left);

/* From now on packets come at PACE, which stays the caller's; NULL: without a pause again. */
void replay_set_pace(struct replay *replay, struct replay_pace *pace);

/* Room for N; -ENOMEM. */
int records_create(bool ipv6, uint8_t proto, uint8_t tcp_flags, uint32_t n, struct records *ret);
void records_free(struct records *records);
/* Record I becomes a packet of these addresses and ports; its checksums are computed. */
void records_set(struct records *records, uint32_t i, const struct flow *flow);
struct flow records_get(const struct records *records, uint32_t i);
/* Record I becomes what record FROM_I of FROM is; both lists are of one family and protocol. */
void records_copy(struct records *records, uint32_t i, const struct records *from, uint32_t from_i);
/* Where record I must go, in a list of packets that are expected: in the place of a checksum. */
void records_set_nexthop(struct records *records, uint32_t i, uint8_t nexthop);
uint8_t records_nexthop(const struct records *records, uint32_t i);
/* A uniform random order, the same each time for lists of the same length. */
void records_shuffle(struct records *records);

#endif
