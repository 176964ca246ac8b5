/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first packet of a connection: service, scheduler, forwarding method, connection. What is for no service goes on
 * to the next step.
 */
#include <netinet/in.h>

#include <linux/ip_vs.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/defence.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/scheduler.h"
#include "path/icmp.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/translate.h"

#define FTP_DATA RTE_BE16(20)

bool
source_is_sound(const struct worker *self, struct packet *packet)
{
	packet->fib_generation = __atomic_load_n(&self->fib->generation, __ATOMIC_ACQUIRE);
	packet->source_nexthop = fib_lookup(self->fib, packet->flow.family, &packet->flow.src);
	if (fib_is_kernels(packet->source_nexthop) || packet->source_nexthop == FIB_LADDR)
		return false;
	if (packet->flow.family == AF_INET) {
		uint32_t address = rte_be_to_cpu_32(packet->flow.src.v4);

		return address >> 24 != 0 && address >> 24 != 127 && address >> 28 != 14 && address != UINT32_MAX;
	}
	return packet->flow.src.bytes[0] != 0xff && !ip6_is_mapped(&packet->flow.src) &&
	       (packet->flow.src.half[0] != 0 || packet->flow.src.word[2] != 0 || packet->flow.src.bytes[12] != 0);
}

/* Whether packets of the method that the host itself is to get may go there: with other addresses its answers would not
 * come back through us. */
static bool
may_end_here(const struct opening *opening)
{
	return opening->nexthop == FIB_LOCAL && (opening->forward->conn_flags & CONN_NO_OUTPUT) != 0;
}

/* Number of the next hop towards the destination, and index of the port. */
static int
find_way(const struct worker *self, struct opening *opening)
{
	union nexthop nexthop;

	opening->nexthop = way_to_server(self, opening->dest, &opening->packet.flow);
	nexthop = fib_nexthop(self->fib, opening->nexthop);
	opening->port = nexthop.port;
	switch (nexthop.state) {
	case NEXTHOP_READY:
	case NEXTHOP_NARROW:
	case NEXTHOP_INCOMPLETE:
	case NEXTHOP_ONLINK:
		return 0;
	case NEXTHOP_LOCAL:
		return may_end_here(opening) ? 0 : -DROP_BLACKHOLE;
	case NEXTHOP_NONE:
		return -DROP_NO_ROUTE;
	default:
		return -DROP_BLACKHOLE;
	}
}

struct forward_request
opening_request(struct worker *self, const struct opening *opening)
{
	return (struct forward_request){
		.self = self,
		.svc = opening->svc,
		.dest = opening->dest,
		.flow = &opening->packet.flow,
		.server_port = service_dest_port(opening->svc, opening->dest, &opening->packet.flow),
		.port = opening->port,
	};
}

int
opening_aim(struct worker *self, struct opening *opening)
{
	const struct service *svc = opening->svc;
	const struct packet *packet = &opening->packet;

	opening->dest = packet->dest	 ? packet->dest
			: svc->scheduler ? svc->scheduler->pick(self, svc, &packet->flow)
					 : NULL;
	if (!opening->dest)
		opening->dest = forward_bypass_dest(self, svc, &packet->flow);
	if (!opening->dest)
		return -DROP_NO_DEST;
	opening->forward = forward_to(opening->dest, packet->flow.family);
	if (!opening->forward)
		return -DROP_FORWARD_METHOD;
	return find_way(self, opening);
}

/* The connection is known by the client's flow from now on. */
static int
begin(struct worker *self, struct opening *opening)
{
	const struct packet *packet = &opening->packet;
	struct forward_request request = opening_request(self, opening);
	struct conn *conn;
	int err = opening->forward->bind(&request, &opening->reply);

	if (err == 0)
		err = conn_begin(self, opening->svc, opening->dest, opening->forward, &packet->flow, &conn);
	if (err < 0)
		return err;
	conn_expect(self, conn, &opening->reply);
	if (packet->dest && !packet->by_cid && packet->dest != self->lb->bypass)
		conn_set_template(self, conn, packet->flow.family, packet->template);
	conn->nexthop[CONN_IN] = opening->nexthop;
	conn->nexthop[CONN_OUT] = packet->source_nexthop;
	conn->fib_generation = packet->fib_generation;
	opening->conn = conn;
	return 0;
}

static enum verdict
finish(struct worker *self, struct opening *opening)
{
	struct packet *packet = &opening->packet;
	struct forward_request request = opening_request(self, opening);
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

static bool
is_for_once(const struct packet *packet)
{
	return (packet->svc->flags & IP_VS_SVC_F_ONEPACKET) != 0 && packet->flow.proto == IPPROTO_UDP;
}

/* Of a connection between the families, which is IPv6's: the client's packet is to be one, too. */
static int
cross(struct opening *opening)
{
	if (!(opening->forward->cold_flags & COLD_MAPPED))
		return 0;
	return opening->packet.flow.family == AF_INET ? translate_packet(&opening->packet) : 0;
}

static enum verdict
open_connection(struct worker *self, struct packet *packet)
{
	struct openings *openings = packet->openings;
	struct opening *opening;
	int err;

	opening = &openings->at[(openings->first + openings->n) % OPENINGS_MAX];
	opening->packet = *packet;
	opening->svc = packet->svc;
	err = opening_aim(self, opening);
	if (err == 0 && packet->ttl <= 1 && !may_end_here(opening))
		err = -DROP_IP_TTL;
	if (err == 0)
		err = cross(opening);
	if (err == 0 && is_for_once(packet)) {
		struct forward_request request = opening_request(self, opening);

		return one_packet(self, &opening->packet, &request, opening->forward);
	}
	if (err == 0)
		err = begin(self, opening);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	if (++openings->n == OPENINGS_MAX)
		finish_first(self, openings);
	return VERDICT_DONE;
}

/* A flood fills the table, and is to cost little then. */
static bool
has_room(const struct worker *self, const struct packet *packet)
{
	if (is_for_once(packet) || packet->note.kind == NOTE_ASK)
		return true;
	for (uint32_t table = 0; table < TABLES; table++) {
		if ((packet->svc->tables & 1u << table) && !conn_table_is_full(self->conns[table]))
			return true;
	}
	return false;
}

/* What the kernel's ip_vs_schedule() leaves to others. */
static enum verdict
refuse(const struct packet *packet)
{
	/* An active FTP data connection is begun by the server. */
	if (packet->flow.sport == FTP_DATA && !packet->protocol->portless && !packet->svc->is_gateway)
		return VERDICT_KERNEL;
	if (service_takes(packet->svc, &packet->flow))
		return VERDICT_NEXT;
	return packet->svc->key.port == SERVICE_PORT_FTP ? VERDICT_KERNEL : verdict_drop(DROP_NO_DEST);
}

/* What ends here by no fault of his. */
static void
tell_client(struct worker *self, const struct packet *packet, enum verdict verdict)
{
	if (verdict == verdict_drop(DROP_NO_DEST))
		icmp_answer(self, packet, ICMP_PORT_UNREACHABLE, 0);
	else if (verdict == verdict_drop(DROP_IP_TTL))
		icmp_answer(self, packet, ICMP_TTL_EXCEEDED, 0);
	else if (verdict == verdict_drop(DROP_NO_ROUTE) || verdict == verdict_drop(DROP_BLACKHOLE))
		icmp_answer(self, packet, ICMP_NO_WAY, 0);
}

/* As in the kernel: a packet in the middle of an unknown connection is the host's, which answers with a reset. But the
 * host would send one that is to go through a gateway out as it is, if it forwards at all. */
static enum verdict
refuse_middle(const struct packet *packet)
{
	return packet->svc->is_gateway ? verdict_drop(DROP_SNAT_NO_CONN) : VERDICT_KERNEL;
}

/* A fragment whose first one has made no connection, or none yet, or was the host's. */
static enum verdict
follow_first(struct worker *self, struct packet *packet)
{
	if (!packet->opens)
		return refuse_middle(packet);
	return packet->svc->flags & IP_VS_SVC_F_PERSISTENT ? persistent_follow(self, packet)
							   : verdict_drop(DROP_FRAGMENT);
}

enum verdict
first_packet(struct worker *self, struct packet *packet)
{
	enum verdict verdict;
	bool opens;

	if (!packet->svc)
		return VERDICT_NEXT;
	if (packet->refused != 0)
		return verdict_drop((enum drop_reason)(packet->refused - 1));
	if (packet->is_fragment && is_for_once(packet))
		return verdict_drop(DROP_FRAGMENT_ONCE);
	if (packet->is_later)
		return follow_first(self, packet);
	opens = packet->protocol->opens(packet_at(packet, packet->l4), packet_l4_length(packet),
					fetch(self->lb->knobs));
	if (opens && !has_room(self, packet))
		return verdict_drop(DROP_CONN_TABLE_FULL);
	if (ip_bits_equal(&packet->flow.src, &packet->flow.dst))
		return verdict_drop(DROP_IP_LAND);
	if (!source_is_sound(self, packet))
		return verdict_drop(DROP_IP_SOURCE);
	if (!opens)
		return refuse_middle(packet);
	/* asked once, by whom the packet came to */
	if (packet->note.kind != NOTE_ASK && packet->note.kind != NOTE_ANSWER && defence_drops_packet(self))
		return verdict_drop(DROP_DROP_PACKET);
	verdict = refuse(packet);
	if (verdict == VERDICT_NEXT && packet->svc->quic)
		connection_id_choose(packet);
	if (verdict == VERDICT_NEXT && !packet->by_cid && (packet->svc->flags & IP_VS_SVC_F_PERSISTENT))
		verdict = persistent_choose(self, packet);
	if (verdict == VERDICT_NEXT)
		verdict = open_connection(self, packet);
	tell_client(self, packet, verdict);
	return verdict;
}
