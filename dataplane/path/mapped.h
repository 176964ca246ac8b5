/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What established.c leaves to mapped.c of a burst.
 */
#ifndef PATH_MAPPED_H
#define PATH_MAPPED_H

#include "lb/conn_table.h"
#include "path/path.h"

struct mapped_packets {
	uint32_t n;
	struct mapped_packet {
		/* Set by who puts it here: an ordinary IPv4 packet (established.c has looked) of no connection of IPv4. */
		struct rte_mbuf *m;
		/* mapped.c's own */
		const struct conn_bucket *bucket;
		struct conn_key6 key;
		uint32_t value;
		uint16_t tag;
		uint8_t proto;
		/* Set as M is. */
		uint8_t port;
		bool may_open; /* a connection, if it is of none: path_unknown() takes it */
	} at[BURST];
};

/* Consumes them. */
void mapped_burst(struct worker *self, struct openings *openings, struct mapped_packets *packets, bool handed_over);

#endif
