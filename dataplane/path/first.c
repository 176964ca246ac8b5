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
source_is_sound(const struct worker *self, struct packet *packet)
{
	packet->fib_generation = __atomic_load_n(&self->fib->generation, __ATOMIC_ACQUIRE);
	packet->source_nexthop = fib_lookup(self->fib, packet->flow.family, &packet->flow.src);
	if (packet->source_nexthop == FIB_LOCAL || packet->source_nexthop == FIB_LADDR)
		return false;
	if (packet->flow.family == AF_INET) {
		uint32_t address = rte_be_to_cpu_32(packet->flow.src.v4);

		return address >> 24 != 0 && address >> 24 != 127 && address >> 28 != 14 && address != UINT32_MAX;
	}
	return packet->flow.src.bytes[0] != 0xff &&
	       (packet->flow.src.half[0] != 0 || packet->flow.src.word[2] != 0 || packet->flow.src.bytes[12] != 0);
}

/* Number of the next hop towards the destination, and index of the port. */
static int
way_to(const struct worker *self, const struct dest *dest, uint32_t *ret, uint8_t *ret_port)
{
	uint32_t number = fib_lookup(self->fib, dest->addr.family, &dest->addr.ip);
	union nexthop nexthop = fib_nexthop(self->fib, number);

	switch (nexthop.state) {
	case NEXTHOP_READY:
	case NEXTHOP_INCOMPLETE:
	case NEXTHOP_ONLINK:
		*ret = number;
		*ret_port = nexthop.port;
		return 0;
	case NEXTHOP_NONE:
		return -DROP_NO_ROUTE;
	default:
		return -DROP_BLACKHOLE;
	}
}

static struct forward_request
request_of(struct worker *self, const struct opening *opening)
{
	return (struct forward_request){
		.self = self,
		.svc = opening->svc,
		.dest = opening->dest,
		.flow = &opening->packet.flow,
		.port = opening->port,
	};
}

/* Whom the connection is to go to, and how; known by the client's flow from now on. */
static int
begin(struct worker *self, struct opening *opening)
{
	const struct packet *packet = &opening->packet;
	const struct service *svc = opening->svc;
	const struct dest *dest = svc->scheduler ? svc->scheduler->pick(self, svc, &packet->flow) : NULL;
	uint32_t nexthop;
	struct forward_request request;
	struct conn *conn;
	int err;

	if (!dest)
		return -DROP_NO_DEST;
	opening->dest = dest;
	opening->forward = forward_by_method(dest->forward);
	if (!opening->forward)
		return -DROP_FORWARD_METHOD;
	err = way_to(self, dest, &nexthop, &opening->port);
	if (err < 0)
		return err;
	request = request_of(self, opening);
	err = opening->forward->bind(&request, &opening->reply);
	if (err == 0)
		err = conn_begin(self, svc, dest, opening->forward, &packet->flow, &conn);
	if (err < 0)
		return err;
	conn_expect(self, conn, &opening->reply);
	conn->nexthop[CONN_IN] = nexthop;
	conn->nexthop[CONN_OUT] = packet->source_nexthop;
	conn->fib_generation = packet->fib_generation;
	opening->conn = conn;
	return 0;
}

static enum verdict
finish(struct worker *self, struct opening *opening)
{
	struct packet *packet = &opening->packet;
	struct forward_request request = request_of(self, opening);
	uint32_t recycle = CONN_NONE;
	int err = conn_complete(self, opening->conn, &packet->flow, &opening->reply, recycle);

	if (err == -DROP_CONN_COLLISION && opening->forward->bind_again) {
		err = opening->forward->bind_again(&request, &opening->reply, &recycle);
		if (err == 0)
			err = conn_complete(self, opening->conn, &packet->flow, &opening->reply, recycle);
	}
	if (err < 0) {
		conn_close(self, opening->conn, packet->flow.family);
		return verdict_drop((enum drop_reason) - err);
	}
	return forward_packet(self, packet, opening->conn, CONN_IN);
}

static void
finish_first(struct worker *self, struct openings *openings)
{
	struct opening *opening = &openings->at[openings->first];

	openings->first = (openings->first + 1) % OPENINGS_MAX;
	openings->n--;
	path_decided(self, &opening->packet, finish(self, opening));
}

void
openings_finish(struct worker *self, struct openings *openings)
{
	while (openings->n > 0)
		finish_first(self, openings);
}

static enum verdict
open_connection(struct worker *self, struct packet *packet, const struct service *svc)
{
	struct openings *openings = packet->openings;
	struct opening *opening;
	int err;

	opening = &openings->at[(openings->first + openings->n) % OPENINGS_MAX];
	opening->packet = *packet;
	opening->svc = svc;
	err = begin(self, opening);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	if (++openings->n == OPENINGS_MAX)
		finish_first(self, openings);
	return VERDICT_DONE;
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
