/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first packet of a connection: service, scheduler, forwarding method, connection. What is for no service goes on
 * to the next step.
 */
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/scheduler.h"
#include "path/path.h"
#include "path/rewrite.h"

bool
source_is_sound(const struct worker *self, const struct packet *packet)
{
	uint32_t nexthop = fib_lookup(self->fib, packet->flow.family, &packet->flow.src);

	if (nexthop == FIB_LOCAL || nexthop == FIB_LADDR)
		return false;
	if (packet->flow.family == AF_INET) {
		uint32_t address = rte_be_to_cpu_32(packet->flow.src.v4);

		return address >> 24 != 0 && address >> 24 != 127 && address >> 28 != 14 && address != UINT32_MAX;
	}
	return packet->flow.src.bytes[0] != 0xff &&
	       (packet->flow.src.half[0] != 0 || packet->flow.src.word[2] != 0 || packet->flow.src.bytes[12] != 0);
}

/* Index of the port that leads to the destination. */
static int
port_towards(const struct worker *self, const struct dest *dest, uint8_t *ret)
{
	uint32_t number = fib_lookup(self->fib, dest->addr.family, &dest->addr.ip);
	union nexthop nexthop = fib_nexthop(self->fib, number);

	switch (nexthop.state) {
	case NEXTHOP_READY:
	case NEXTHOP_INCOMPLETE:
	case NEXTHOP_ONLINK:
		*ret = nexthop.port;
		return 0;
	case NEXTHOP_NONE:
		return -DROP_NO_ROUTE;
	default:
		return -DROP_BLACKHOLE;
	}
}

static enum verdict
open_connection(struct worker *self, struct packet *packet, const struct service *svc)
{
	const struct dest *dest = svc->scheduler ? svc->scheduler->pick(self, svc, &packet->flow) : NULL;
	const struct forward *forward;
	struct flow reply;
	struct conn *conn;
	uint32_t recycle;
	uint8_t port;
	int err;

	if (!dest)
		return verdict_drop(DROP_NO_DEST);
	forward = forward_by_method(dest->forward);
	if (!forward)
		return verdict_drop(DROP_FORWARD_METHOD);
	err = port_towards(self, dest, &port);
	if (err == 0)
		err = forward->bind(
			&(struct forward_request){
				.self = self, .svc = svc, .dest = dest, .flow = &packet->flow, .port = port },
			&reply, &recycle);
	if (err == 0)
		err = conn_open(self, svc, dest, forward, &packet->flow, &reply, recycle, &conn);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	conn_find_nexthops(self, conn, packet->flow.family);
	return forward_packet(self, packet, conn, CONN_IN);
}

enum verdict
first_packet(struct worker *self, struct packet *packet)
{
	const struct protocol *protocol = protocol_by_number(packet->flow.proto);
	const struct service *svc;

	if (!packet->to_us || !packet->has_l4 || !protocol)
		return VERDICT_NEXT;
	svc = service_find(self->lb, &packet->flow);
	if (!svc)
		return VERDICT_NEXT;
	/* Before anything is looked for: a flood fills the table, and is to cost little then. */
	if (protocol->opens(packet_at(packet, packet->l4)) &&
	    conn_table_is_full(self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6]))
		return verdict_drop(DROP_CONN_TABLE_FULL);
	if (ip_bits_equal(&packet->flow.src, &packet->flow.dst))
		return verdict_drop(DROP_IP_LAND);
	if (!source_is_sound(self, packet))
		return verdict_drop(DROP_IP_SOURCE);
	/* As in the kernel: a packet in the middle of an unknown connection is the host's, which answers with a reset. */
	if (!protocol->opens(packet_at(packet, packet->l4)))
		return VERDICT_KERNEL;
	if (packet->ttl <= 1)
		return verdict_drop(DROP_IP_TTL);
	return open_connection(self, packet, svc);
}
