/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A packet that none of this worker's connections knows may be another worker's: owner_of() of its flow says whose it
 * is, for services, those that were removed and may have connections still, and local addresses. Replies of NAT servers are
 * the exception (decisions.md 2): their owner is that of the client's flow, which is known up to the service's address.
 */
#include "lb/lb.h"
#include "lb/removed.h"
#include "lb/reverse_map.h"
#include "path/path.h"
#include "port/handover.h"
#include "port/steering.h"

enum verdict
owner_give(struct worker *self, struct packet *packet, uint32_t to, struct handover_note note)
{
	const struct fragment_flow flow = fragment_flow_of(packet);

	packet->m->port = packet->port;
	handover_note_write(packet->m, note);
	if (packet->is_fragment)
		handover_fragment_write(packet->m, fragment_flow_word(&flow));
	if (!handover_give(self->handover, HANDOVER_OWNER, self->index, to, packet->m))
		return verdict_drop(DROP_HANDOVER_FULL);
	self->counters.count[COUNT_GIVEN]++;
	return VERDICT_DONE;
}

static const struct handover_note no_note;

static uint32_t
worker_after(const struct worker *self, uint32_t index)
{
	return index + 1 < self->n_workers ? index + 1 : 0;
}

/* From a server of a mark, or of all ports of an address: the reply tells nothing of what it answers. It goes once round
 * all workers. */
static enum verdict
give_round(struct worker *self, struct packet *packet)
{
	struct handover_note note = { .kind = NOTE_ROUND, .value = self->index };
	uint32_t next = worker_after(self, self->index);

	if (fib_is_kernels(packet->nexthop) || !reverse_map_any_port(self->lb, &packet->flow))
		return VERDICT_NEXT;
	if (packet->note.kind == NOTE_ROUND)
		note = packet->note;
	return next == note.value ? VERDICT_NEXT : owner_give(self, packet, next, note);
}

/* Several NAT services may share a server, and the reply doesn't say which one it is of. It goes from owner to owner, in
 * the order in which the services are listed, until one of them knows the connection. */
static enum verdict
give_nat_reply(struct worker *self, struct packet *packet)
{
	bool asked[WORKERS_MAX] = { false }, behind_me = !packet->handed_over;
	struct flow client;

	for (uint32_t n = 0;
	     packet->note.kind != NOTE_ROUND && reverse_map_client_flow(self->lb, &packet->flow, n, &client); n++) {
		uint32_t owner = owner_of(self->steering, &client);

		if (owner == self->index)
			behind_me = true;
		else if (behind_me && !asked[owner])
			return owner_give(self, packet, owner, no_note);
		asked[owner] = true;
	}
	return give_round(self, packet);
}

bool
owner_may_be_another(const struct worker *self, const struct flow *reply)
{
	struct flow client;

	for (uint32_t n = 0; reverse_map_client_flow(self->lb, reply, n, &client); n++) {
		if (owner_of(self->steering, &client) != self->index)
			return true;
	}
	return reverse_map_any_port(self->lb, reply);
}

/* What the owner is told with a packet of a client, who may be a server besides: if it has been round, it ends there as a
 * round that the worker behind the owner began, so that the owner begins none. */
static struct handover_note
note_for_owner(const struct worker *self, const struct packet *packet, uint32_t owner)
{
	return packet->note.kind == NOTE_ROUND
		       ? (struct handover_note){ .kind = NOTE_ROUND, .value = worker_after(self, owner) }
		       : no_note;
}

enum verdict
owner_packet(struct worker *self, struct packet *packet)
{
	enum verdict verdict;
	uint32_t owner;

	if (self->n_workers == 1 || !packet->has_l4 || !packet->to_us || packet->note.kind == NOTE_ASK ||
	    packet->note.kind == NOTE_ANSWER)
		return VERDICT_NEXT;
	if (packet->nexthop != FIB_LADDR && (!packet->svc || packet->svc->key.fwmark != 0)) {
		verdict = give_nat_reply(self, packet);
		/* what is marked, or was sent to where a service was, may be a client's or a reply */
		if (verdict != VERDICT_NEXT ||
		    (!packet->svc && (!removed_may_have(self->lb, &packet->flow) || local_is_control(self, packet))))
			return verdict;
	}
	if (packet->handed_over && packet->note.kind != NOTE_ROUND)
		return VERDICT_NEXT;
	owner = owner_of(self->steering, &packet->flow);
	return owner == self->index ? VERDICT_NEXT
				    : owner_give(self, packet, owner, note_for_owner(self, packet, owner));
}
