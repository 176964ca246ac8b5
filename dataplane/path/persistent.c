/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first packet of a connection to a persistent service: where its client goes is known to the worker that owns the
 * client's template (lb/template.h). If that is another one, the packet goes there by ring with a question, and comes
 * back with the answer; the connection is opened by the packet's owner.
 */
#include <netinet/in.h>

#include "lb/forward.h"
#include "lb/service.h"
#include "lb/template.h"
#include "path/path.h"

#define UDP_HEADER 8

/* What follows the UDP header, for engines; TCP's first packet has nothing. */
static uint32_t
payload_of(const struct packet *packet, const void **ret)
{
	uint16_t at = packet->l4 + UDP_HEADER;

	*ret = packet_at(packet, at);
	return packet->flow.proto == IPPROTO_UDP && packet->end > at ? (uint32_t)(packet->end - at) : 0;
}

static enum verdict
answered(struct worker *self, struct packet *packet)
{
	packet->dest = dest_get(self->lb, packet->note.dest);
	packet->template = packet->note.value;
	return packet->dest ? VERDICT_NEXT : verdict_drop(DROP_NO_DEST);
}

/* It goes the way that the first one went: so it comes back after it. Where an engine looks into the first one, the way
 * may be another, and if it comes back before, it is lost. */
enum verdict
persistent_follow(struct worker *self, struct packet *packet)
{
	struct template_request request;
	uint32_t owner;

	if (packet->note.kind == NOTE_ANSWER)
		return verdict_drop(DROP_FRAGMENT);
	if (packet->note.kind == NOTE_ASK)
		return owner_give(self, packet, packet->note.value, (struct handover_note){ .kind = NOTE_ANSWER });
	template_ask(self->lb, packet->svc, &packet->flow, NULL, 0, &request);
	owner = template_owner(&request, self->n_workers);
	if (owner == self->index)
		return verdict_drop(DROP_FRAGMENT);
	return owner_give(self, packet, owner, (struct handover_note){ .kind = NOTE_ASK, .value = self->index });
}

enum verdict
persistent_choose(struct worker *self, struct packet *packet)
{
	const struct service *svc = packet->svc;
	struct template_request request;
	const void *payload;
	uint32_t length, owner;
	int err;

	if (packet->note.kind == NOTE_ANSWER)
		return answered(self, packet);
	length = payload_of(packet, &payload);
	template_ask(self->lb, svc, &packet->flow, payload, length, &request);
	owner = template_owner(&request, self->n_workers);
	if (owner != self->index && packet->note.kind != NOTE_ASK)
		return owner_give(self, packet, owner,
				  (struct handover_note){ .kind = NOTE_ASK, .value = self->index });
	err = template_take(self, svc, &packet->flow, &request, &packet->dest, &packet->template);
	if (err == -DROP_NO_DEST) {
		/* Such a connection is no template's. */
		packet->dest = forward_bypass_dest(self, svc, &packet->flow);
		err = packet->dest ? 0 : err;
	}
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	if (packet->note.kind != NOTE_ASK)
		return VERDICT_NEXT;
	return owner_give(
		self, packet, packet->note.value,
		(struct handover_note){ .kind = NOTE_ANSWER, .value = packet->template, .dest = packet->dest->id });
}
