/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which service a packet is for that no connection of this worker knows.
 */
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/mark.h"
#include "path/path.h"

/* Index of the port by which the packet would go on. */
static uint32_t
out_port(const struct worker *self, const struct packet *packet)
{
	const union nexthop nexthop = fib_nexthop(self->fib, packet->nexthop);

	return nexthop_has_port(nexthop) ? nexthop.port : MARK_NO_PORT;
}

enum verdict
lookup_packet(struct worker *self, struct packet *packet)
{
	const struct lb *lb = self->lb;
	const struct marks *marks = fetch(lb->marks);
	uint32_t mark = 0;

	if (lb_is_passive(lb) || !packet->to_us || !packet->has_l4)
		return VERDICT_NEXT;
	if (marks && fetch(lb->n_marked) > 0)
		mark = marks_classify(marks, &packet->flow, packet->port, out_port(self, packet));
	packet->svc = service_for(lb, &packet->flow, mark);
	/* A rule for what inside hosts send anywhere is not about what they send to us, the VIPs of services for one. A gateway
	 * that has no local address yet must not lock them out. */
	if (packet->svc && (packet->svc->is_gateway || packet->svc->is_blank) &&
	    !forward_goes_on(&packet->flow, packet->nexthop))
		packet->svc = service_for(lb, &packet->flow, 0);
	return VERDICT_NEXT;
}
