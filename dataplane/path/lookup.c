/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which service a packet is for that no connection of this worker knows.
 */
#include "lb/lb.h"
#include "lb/mark.h"
#include "path/path.h"

enum verdict
lookup_packet(struct worker *self, struct packet *packet)
{
	const struct lb *lb = self->lb;
	uint32_t mark = 0;

	if (lb_is_passive(lb) || !packet->to_us || !packet->has_l4)
		return VERDICT_NEXT;
	if (lb->marks && fetch(lb->n_marked) > 0)
		mark = marks_classify(lb->marks, &packet->flow, packet->port);
	packet->svc = service_for(lb, &packet->flow, mark);
	return VERDICT_NEXT;
}
