/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets within packets, for tunnels to real servers.
 */
#ifndef PATH_ENCAPSULATE_H
#define PATH_ENCAPSULATE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_mbuf.h>

#include "core/worker.h"

struct conn;
struct packet;

/* Puts M, an Ethernet frame with an IP packet of CONN whose lengths were checked, into one to the end of its destination's
 * tunnel that leaves by PORT; the Ethernet addresses are left open. 0, or a negative drop reason, and M is as it was. */
int encapsulate(struct worker *self, struct rte_mbuf *m, const struct conn *conn, uint8_t port);

/* The packet that OUTER, whose transport header was found, has within it, as far as it is there; *RET is in the same buffer.
 * False if that is of no kind of tunnel, or no packet of TCP, UDP or SCTP with its ports. */
bool encapsulated(const struct packet *outer, struct packet *ret);

/* An identification for an IPv4 header without DF: workers never use the same one at a time. */
static inline rte_be16_t
ip_id_next(struct worker *self)
{
	self->ip_id = (uint16_t)(self->ip_id + self->n_workers);
	return rte_cpu_to_be_16((uint16_t)(self->ip_id + self->index));
}

#endif
