/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The steps in their order, and what comes of their verdict.
 */
#include "lb/lb.h"
#include "path/path.h"
#include "port/exception.h"

typedef enum verdict step(struct worker *self, struct packet *packet);

static enum verdict
route_packet(struct worker *self, struct packet *packet)
{
	if (packet->is_ip)
		packet->nexthop = fib_lookup(self->fib, packet->flow.family, &packet->flow.dst);
	return VERDICT_NEXT;
}

/* Fragments of what is load-balanced: the ports are in the first one only, and they are not put together yet. */
static enum verdict
fragment_packet(struct worker *self, struct packet *packet)
{
	if (packet->is_fragment && lb_has_address(self->lb, packet->flow.family, &packet->flow.dst) &&
	    (packet->flow.proto == 6 || packet->flow.proto == 17))
		return verdict_drop(DROP_FRAGMENT);
	return VERDICT_NEXT;
}

static step *const steps[] = {
	classify_packet, arp_packet,   known_packet, route_packet,    neighbour_discovery_packet,
	echo_packet,	 owner_packet, first_packet, fragment_packet, local_packet,
};

static void
to_kernel(struct worker *self, struct packet *packet, enum exception_class class)
{
	packet->m->port = packet->port;
	if (exception_send(self->exception, self->index, class, packet->m))
		self->counters.count[COUNT_GIVEN]++;
	else
		drop(self, packet->m, class == EXCEPTION_CONTROL ? DROP_KERNEL_CONTROL_FULL : DROP_KERNEL_FULL);
}

void
path_slow(struct worker *self, struct rte_mbuf *m, uint8_t port, bool handed_over)
{
	struct packet packet = { .m = m, .port = port, .handed_over = handed_over };
	enum verdict verdict = VERDICT_NEXT;

	for (uint32_t i = 0; i < RTE_DIM(steps) && verdict == VERDICT_NEXT; i++)
		verdict = steps[i](self, &packet);
	switch (verdict) {
	case VERDICT_DONE:
		break;
	case VERDICT_KERNEL_CONTROL:
		to_kernel(self, &packet, EXCEPTION_CONTROL);
		break;
	case VERDICT_NEXT:
	case VERDICT_KERNEL:
		to_kernel(self, &packet, EXCEPTION_OTHER);
		break;
	default:
		drop(self, m, (enum drop_reason)((int)verdict - VERDICT_DROP));
		break;
	}
}
