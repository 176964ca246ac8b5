/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The part of sending that every forwarded packet goes through, inline.
 */
#ifndef PATH_TRANSMIT_H
#define PATH_TRANSMIT_H

#include "core/drop.h"
#include "path/path.h"
#include "port/port.h"

/* Of split.c: sends an IPv4 frame that may be fragmented in pieces of MTU bytes. */
void transmit_split(struct worker *self, struct rte_mbuf *m, union nexthop nexthop, uint16_t mtu);
/* Sends what is in BUFFER. */
void transmit_full(struct worker *self, struct send_buffer *buffer);

/* What becomes of M, complete for NEXTHOP but for its Ethernet addresses, and longer than the MTU there: too_big.c. */
void transmit_too_big(struct worker *self, struct rte_mbuf *m, union nexthop nexthop, uint16_t mtu);

/* The MTU of the way by next hop NUMBER, which is NEXTHOP and has a port: the port's, or that of the routes. */
static inline uint16_t
transmit_mtu(const struct worker *self, uint32_t number, union nexthop nexthop)
{
	const uint16_t mtu = self->ports->port[nexthop.port].mtu;
	uint16_t own;

	if (likely(nexthop.state == NEXTHOP_READY))
		return mtu;
	own = fib_mtu(self->fib, number);
	return own != 0 && own < mtu ? own : mtu;
}

/* How long what is sent there at once may be; 0: nothing is, for whatever reason. */
static inline uint16_t
transmit_mtu_now(const struct worker *self, uint32_t number, union nexthop nexthop)
{
	if (likely(nexthop.state == NEXTHOP_READY))
		return self->ports->port[nexthop.port].mtu;
	return nexthop.state == NEXTHOP_NARROW ? transmit_mtu(self, number, nexthop) : 0;
}

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

/* Each address is the lower six bytes of a word. Two stores instead of four. */
static inline void
ether_set_addresses(struct rte_ether_hdr *ether, uint64_t dst, uint64_t src)
{
	uint64_t first = (dst & PORT_MAC_BITS) | src << 48;
	uint32_t rest = (uint32_t)(src >> 16);

	memcpy(ether, &first, sizeof(first));
	memcpy((uint8_t *)ether + sizeof(first), &rest, sizeof(rest));
}

/* Writes the Ethernet header of M, of which it is known that it fits, for NEXTHOP, which is ready, and sends. */
static inline void
transmit_fitting(struct worker *self, struct rte_mbuf *m, union nexthop nexthop)
{
	const struct port *port = &self->ports->port[nexthop.port];

	if (unlikely(!port->up)) {
		drop(self, m, DROP_PORT_DOWN);
		return;
	}
	ether_set_addresses(rte_pktmbuf_mtod(m, struct rte_ether_hdr *), nexthop.word, port_mac_word(port));
	transmit_add(self, m, nexthop.port);
}

/* The same for any M. */
static inline void
transmit_within(struct worker *self, struct rte_mbuf *m, union nexthop nexthop, uint16_t mtu)
{
	if (unlikely(rte_pktmbuf_pkt_len(m) > (uint32_t)mtu + RTE_ETHER_HDR_LEN))
		transmit_too_big(self, m, nexthop, mtu);
	else
		transmit_fitting(self, m, nexthop);
}

/* Where the port's MTU counts: NEXTHOP is READY, or M was found to be short enough. */
static inline void
transmit_forward(struct worker *self, struct rte_mbuf *m, union nexthop nexthop)
{
	transmit_within(self, m, nexthop, self->ports->port[nexthop.port].mtu);
}

#endif
