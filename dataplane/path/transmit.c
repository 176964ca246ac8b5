/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The last step: a buffer for each port, sent when it is full and at the end of each turn; so a lone packet waits for
 * nothing but the burst it came in with.
 */
#include <rte_ethdev.h>

#include "ip/neighbour_wait.h"
#include "path/icmp.h"
#include "path/path.h"
#include "path/transmit.h"
#include "port/handover.h"
#include "port/port.h"

static void
send_to_worker(struct worker *self, struct send_buffer *buffer)
{
	for (uint16_t i = 0; i < buffer->n; i++) {
		if (handover_give(self->handover, HANDOVER_SEND, self->index, buffer->via, buffer->packets[i]))
			self->counters.count[COUNT_GIVEN]++;
		else
			drop(self, buffer->packets[i], DROP_HANDOVER_FULL);
	}
}

void
transmit_full(struct worker *self, struct send_buffer *buffer)
{
	uint16_t sent;

	if (!buffer->own_queue) {
		send_to_worker(self, buffer);
		buffer->n = 0;
		return;
	}
	sent = rte_eth_tx_burst(buffer->dev, buffer->queue, buffer->packets, buffer->n);
	self->counters.count[COUNT_FORWARDED] += sent;
	for (uint16_t i = sent; i < buffer->n; i++)
		drop(self, buffer->packets[i], DROP_TX_FULL);
	buffer->n = 0;
}

void
transmit(struct worker *self, struct rte_mbuf *m, uint8_t port)
{
	if (unlikely(!self->ports->port[port].up))
		drop(self, m, DROP_PORT_DOWN);
	else
		transmit_add(self, m, port);
}

void
transmit_flush(struct worker *self)
{
	for (uint32_t i = 0; i < self->ports->n_ports; i++) {
		if (self->send[i].n > 0)
			transmit_full(self, &self->send[i]);
	}
}

void
transmit_ready(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop)
{
	transmit_within(self, m, nexthop, transmit_mtu(self, number, nexthop));
}

void
transmit_lost(struct worker *self, struct rte_mbuf *m, enum drop_reason reason)
{
	icmp_answer_sent(self, m, reason == DROP_NEIGH_FAILED ? ICMP_NO_NEIGHBOUR : ICMP_NO_WAY, 0);
}

void
transmit_to(struct worker *self, struct rte_mbuf *m, uint32_t number, uint16_t family, const union ip_bits *dst)
{
	union nexthop nexthop = fib_nexthop(self->fib, number);

	switch (nexthop.state) {
	case NEXTHOP_READY:
	case NEXTHOP_NARROW:
		transmit_ready(self, m, number, nexthop);
		break;
	case NEXTHOP_INCOMPLETE:
	case NEXTHOP_ONLINK:
		if (!neighbour_wait_add(self, m, family, dst, number))
			drop(self, m, DROP_NEIGH_FULL);
		break;
	case NEXTHOP_NONE:
		transmit_lost(self, m, DROP_NO_ROUTE);
		drop(self, m, DROP_NO_ROUTE);
		break;
	default:
		transmit_lost(self, m, DROP_BLACKHOLE);
		drop(self, m, DROP_BLACKHOLE);
		break;
	}
}
