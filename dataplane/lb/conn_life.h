/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How connections begin, change their state and end, with all that is counted on the way.
 */
#ifndef LB_CONN_LIFE_H
#define LB_CONN_LIFE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"
#include "lb/conn.h"

struct dest;
struct forward;
struct service;
struct worker;

/* A connection is made in two steps, so that others can be begun while the bucket of the second key is on its way.
 *
 * conn_begin() makes that of FLOW (as the client sends it), which is no connection's yet: counted at its destination,
 * known by FLOW, and CONN_OPENING.
 * conn_expect() prefetches the bucket of REPLY, a reply flow that will probably be given to conn_complete().
 * conn_complete() has it known by its replies' flow too, and ends the connection numbered RECYCLE (a value, or
 * CONN_NONE), whose reply flow it takes over. If it fails the connection is opening still: another reply flow can be
 * tried where another connection has this one (-DROP_CONN_COLLISION), or the connection closed.
 *
 * 0, or a negative drop reason. */
int conn_begin(struct worker *self, const struct service *svc, const struct dest *dest, const struct forward *forward,
	       const struct flow *flow, struct conn **ret);
void conn_expect(struct worker *self, struct conn *conn, const struct flow *reply);
int conn_complete(struct worker *self, struct conn *conn, const struct flow *flow, const struct flow *reply,
		  uint32_t recycle);
/* Between the steps: it is one of template NUMBER. */
void conn_set_template(struct worker *self, struct conn *conn, uint16_t family, uint32_t number);
/* The server answered a connection that is CONN_WATCHED. */
void conn_answered(struct worker *self, struct conn *conn, uint16_t family);
/* A connection that is in *RET alone, and nowhere counted. */
void conn_imagine(const struct dest *dest, const struct forward *forward, const struct flow *flow,
		  const struct flow *reply, struct conn *ret);
/* Its server knows the client's address, or is to hear no more of it. */
void conn_told(struct worker *self, struct conn *conn, uint32_t table);
/* It is to be told again: its client and its server began anew over a connection that is still known. */
void conn_untell(struct worker *self, struct conn *conn, uint32_t table);
/* A connection for one packet, in *RET alone, and counted as one (IP_VS_CONN_F_ONE_PACKET). */
void conn_once(struct worker *self, const struct dest *dest, const struct forward *forward, const struct flow *flow,
	       const struct flow *reply, struct conn *ret);
/* Both steps at once; nothing is left of it if it fails. */
int conn_open(struct worker *self, const struct service *svc, const struct dest *dest, const struct forward *forward,
	      const struct flow *flow, const struct flow *reply, uint32_t recycle, struct conn **ret);
/* Takes it out of the index and the counts, and frees it. */
void conn_close(struct worker *self, struct conn *conn, uint16_t family);
/* For a connection that is over, and whose client begins another one from the same port. One that holds a local port
 * goes on holding it, since the server may still be in TIME_WAIT for it: it waits to expire or to be recycled. Others
 * are closed. */
void conn_leave(struct worker *self, struct conn *conn, uint16_t family);
/* The same for one that is not over, but whose server is gone, or gets no more connections. */
void conn_give_up(struct worker *self, struct conn *conn, uint16_t family);
/* Whether a TCP reset with this SEQUENCE number may be a guess of somebody who does not see the connection. */
bool conn_doubts_reset(struct worker *self, const struct conn *conn, uint32_t direction, rte_be32_t sequence);
/* Moves to STATE and counts it as active or not. */
void conn_set_state(struct worker *self, struct conn *conn, uint8_t state);

struct sweep_hooks {
	/* Next hop NUMBER had packets since the last look. */
	void (*used)(struct worker *self, uint32_t number);
	/* Tells both ends of a TCP connection, as far as they were heard, that it is over. */
	void (*reset)(struct worker *self, struct conn *conn, uint16_t family);
};

/* Ends connections that timed out, or whose server takes none any more where their service wants that
 * (lb/dest_rule.h): looks at a bounded number, all of them about once a second. */
void conn_sweep(struct worker *self, uint16_t family, const struct sweep_hooks *hooks);

#endif
