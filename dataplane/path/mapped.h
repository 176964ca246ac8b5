/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What established.c leaves to mapped.c of a burst.
 */
#ifndef PATH_MAPPED_H
#define PATH_MAPPED_H

#include <rte_ip.h>

#include "ip/fib.h"
#include "lb/conn_table.h"
#include "path/path.h"

struct mapped_packets {
	uint32_t n;
	struct mapped_packet {
		/* Set by who puts it here: an ordinary IPv4 packet (established.c has looked) of no connection of IPv4. */
		struct rte_mbuf *m;
		uint8_t port;
		bool may_open; /* a connection, if it is of none: path_unknown() takes it */
		/* mapped.c's own */
		uint8_t proto;
		uint16_t tag;
		uint32_t value;
		const struct conn_bucket *bucket;
		struct conn_key6 key;
	} at[BURST];
};

/* Of mapped_pass.c: an ordinary IPv6 packet of CONN, which is between the families, goes to its IPv4 end. False: for the
 * slow path, nothing is changed yet. */
bool mapped_pass_6to4(struct worker *self, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, void *l4,
		      struct conn *conn, uint32_t direction);
/* An ordinary IPv4 packet, which has a checksum of its transport and the headroom, goes to CONN's IPv6 end by NEXTHOP, where
 * it fits. */
void mapped_pass_4to6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct conn *conn,
		      uint32_t direction, union nexthop nexthop);

/* Consumes them. */
void mapped_burst(struct worker *self, struct openings *openings, struct mapped_packets *packets, bool handed_over);

#endif
