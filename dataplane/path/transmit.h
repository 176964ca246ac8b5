/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The part of sending that every forwarded packet goes through, inline.
 */
#ifndef PATH_TRANSMIT_H
#define PATH_TRANSMIT_H

#include "core/drop.h"
#include "path/path.h"
#include "port/port.h"

/* Sends what is in BUFFER. */
void transmit_full(struct worker *self, struct send_buffer *buffer);

/* To a port that is up. */
static inline void
transmit_add(struct worker *self, struct rte_mbuf *m, uint8_t port)
{
	struct send_buffer *buffer = &self->send[port];

	m->port = port;
	buffer->packets[buffer->n++] = m;
	if (unlikely(buffer->n == BURST))
		transmit_full(self, buffer);
}

/* Writes the Ethernet header for NEXTHOP, which is ready, and sends. */
static inline void
transmit_forward(struct worker *self, struct rte_mbuf *m, union nexthop nexthop)
{
	const struct port *port = &self->ports->port[nexthop.port];
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);

	if (unlikely(rte_pktmbuf_pkt_len(m) > (uint32_t)port->mtu + RTE_ETHER_HDR_LEN)) {
		drop(self, m, DROP_TOO_BIG);
		return;
	}
	if (unlikely(!port->up)) {
		drop(self, m, DROP_PORT_DOWN);
		return;
	}
	ether->dst_addr = nexthop.mac;
	ether->src_addr = port->mac;
	transmit_add(self, m, nexthop.port);
}

#endif
