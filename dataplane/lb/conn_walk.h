/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Looking at the workers' connections from another thread, while they run.
 *
 * A worker doesn't know that it is watched, and pays nothing for it with a packet. When a connection comes into the
 * index and when it leaves it, the worker moves conn_cold.version on (conn_table.c); a copy that was taken between two
 * equal, odd versions is of one connection. What every packet changes (state, clock, counts) is each a value of some
 * moment during the copy.
 */
#ifndef LB_CONN_WALK_H
#define LB_CONN_WALK_H

#include <stdint.h>

#include "core/flow.h"
#include "lb/template.h"

struct lb;
struct persistence_engine;

/* A connection as it was a moment ago. */
struct conn_entry {
	struct flow client; /* as the client sends: from it to the virtual service */
	struct flow server; /* as the server answers; with full-NAT to the local address and port */
	uint32_t dest; /* id */
	uint32_t worker;
	uint8_t state, flags; /* enum conn_flags */
	uint32_t cold_flags; /* enum conn_cold_flags */
	uint8_t packets; /* from the client, stays at 255 */
	uint32_t expires_ms; /* from now on, without another packet */
	uint32_t age_ms, idle_ms;
	/* A persistence template, as the kernel lists it among connections: CLIENT from the network's port 0, to the service,
	 * or to the mark where the protocol is 0. */
	bool is_template, assured;
	const struct persistence_engine *engine; /* that told the client apart by DATA, or NULL */
	uint8_t data_length;
	uint8_t data[TEMPLATE_DATA_MAX];
};

/* Where a walk stands; zeroed at first. Templates come after the last table of their worker. */
struct conn_walk {
	uint32_t worker, table, number;
};

/* The next connection: 1; 0 behind the last one; -EAGAIN when *BUDGET places were looked at (it is counted down), to go
 * on with another time. Connections that begin or end during the walk may be missing; none comes twice unless it ended
 * and began again. Not for the thread of a worker. */
int conn_walk_next(const struct lb *lb, struct conn_walk *walk, uint32_t *budget, struct conn_entry *ret);

#endif
