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

/* Several NAT services may share a server, and the reply doesn't say which one it is of. It goes from owner to owner, in
 * the order in which the services are listed, until one of them knows the connection. */
static enum verdict
give_nat_reply(struct worker *self, struct packet *packet)
{
	bool asked[WORKERS_MAX] = { false }, behind_me = !packet->handed_over;
	struct flow client;

	for (uint32_t n = 0; reverse_map_client_flow(self->lb, &packet->flow, n, &client); n++) {
		uint32_t owner = owner_of(self->steering, &client);

		if (owner == self->index)
			behind_me = true;
		else if (behind_me && !asked[owner])
			return give(self, packet, owner);
		asked[owner] = true;
	}
	return VERDICT_NEXT;
}

enum verdict
owner_packet(struct worker *self, struct packet *packet)
{
	uint32_t owner;

	if (self->n_workers == 1 || !packet->has_l4 || !packet->to_us)
		return VERDICT_NEXT;
	if (packet->nexthop != FIB_LADDR && !service_find(self->lb, &packet->flow))
		return give_nat_reply(self, packet);
	if (packet->handed_over)
		return VERDICT_NEXT;
	owner = owner_of(self->steering, &packet->flow);
	return owner == self->index ? VERDICT_NEXT : give(self, packet, owner);
}
