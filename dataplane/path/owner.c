/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A packet that none of this worker's connections knows may be another worker's: owner_of() of its flow says whose it
 * is, for services and local addresses. Replies of NAT servers are the exception (decisions.md 2): their owner is that
 * of the client's flow, which is known up to the service's address.
 */
#include "lb/lb.h"
#include "lb/reverse_map.h"
#include "path/path.h"
#include "port/handover.h"
#include "port/steering.h"

static enum verdict
give(struct worker *self, struct packet *packet, uint32_t owner)
{
	packet->m->port = packet->port;
	if (!handover_give(self->handover, HANDOVER_OWNER, self->index, owner, packet->m))
		return verdict_drop(DROP_HANDOVER_FULL);
	self->counters.count[COUNT_GIVEN]++;
	return VERDICT_DONE;
}

/* The first service whose owner isn't this worker; one server behind several NAT services is passed on from worker to
 * worker no further than that (a packet is handed over once). */
static enum verdict
give_nat_reply(struct worker *self, struct packet *packet)
{
	struct flow client;

	for (uint32_t n = 0; reverse_map_client_flow(self->lb, &packet->flow, n, &client); n++) {
		uint32_t owner = owner_of(self->steering, &client);

		if (owner != self->index)
			return give(self, packet, owner);
	}
	return VERDICT_NEXT;
}

enum verdict
owner_packet(struct worker *self, struct packet *packet)
{
	uint32_t owner;

	if (self->n_workers == 1 || packet->handed_over || !packet->has_l4)
		return VERDICT_NEXT;
	if (packet->nexthop != FIB_LADDR && !service_find(self->lb, &packet->flow))
		return give_nat_reply(self, packet);
	owner = owner_of(self->steering, &packet->flow);
	return owner == self->index ? VERDICT_NEXT : give(self, packet, owner);
}
