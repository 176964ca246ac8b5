/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What becomes of packets that belong to no connection, where the kernel's sysctls say more than "nothing":
 *
 * schedule_icmp: an ICMP error about an unknown connection of a service goes where the scheduler would send the client. It
 * is for directors that share a VIP and get each other's errors, with a scheduler like sh or mh, which agree about the
 * server. Unlike in the kernel no connection comes of it.
 *
 * nat_icmp_send: a packet from a NAT service's real server is answered with "port unreachable".
 */
#include <netinet/in.h>

#include <linux/ip_vs.h>

#include "lb/conn_life.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/reverse_map.h"
#include "path/icmp.h"
#include "path/rewrite.h"

enum verdict
icmp_schedule(struct worker *self, struct packet *error, struct packet *quote, struct packet *answered)
{
	struct opening opening = { .svc = answered->svc };
	struct forward_request request;
	struct flow reply;
	struct conn conn;
	enum verdict verdict = VERDICT_NEXT;
	int err;

	if (!answered->svc || fetch(self->lb->knobs)->schedule_icmp == 0)
		return VERDICT_NEXT;
	if (!service_takes(answered->svc, &answered->flow) || !source_is_sound(self, answered) ||
	    !source_is_sound(self, error))
		return VERDICT_NEXT;
	if (answered->svc->flags & IP_VS_SVC_F_PERSISTENT)
		verdict = persistent_choose(self, answered);
	if (verdict != VERDICT_NEXT)
		return verdict;
	opening.packet = *answered;
	err = opening_aim(self, &opening);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	/* A local port that is chosen now is none that the server knows. */
	if (opening.forward->cold_flags & COLD_LOCAL_PORT)
		return VERDICT_NEXT;
	/* It is for the host itself. */
	if (opening.nexthop == FIB_LOCAL)
		return VERDICT_KERNEL;
	if (error->ttl <= 1)
		return verdict_drop(DROP_IP_TTL);
	request = opening_request(self, &opening);
	err = opening.forward->bind(&request, &reply);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	conn_imagine(opening.dest, opening.forward, &answered->flow, &reply, &conn);
	conn_find_nexthops(self, &conn, answered->flow.family);
	icmp_translate(self, error, quote, &conn, CONN_IN);
	return VERDICT_DONE;
}

static bool
is_reset(const struct packet *packet)
{
	const struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);

	return packet->flow.proto == IPPROTO_TCP_ && !packet->is_later && (tcp->tcp_flags & RTE_TCP_RST_FLAG) != 0;
}

enum verdict
stray_packet(struct worker *self, struct packet *packet)
{
	/* What is for the director itself answers its health checks. */
	if (!packet->has_l4 || !packet->to_us || packet->svc || fib_is_kernels(packet->nexthop) ||
	    packet->nexthop == FIB_LADDR || fetch(self->lb->knobs)->nat_icmp_send == 0 ||
	    !reverse_map_has_server(self->lb, &packet->flow))
		return VERDICT_NEXT;
	if (is_reset(packet))
		return VERDICT_NEXT;
	icmp_answer(self, packet, ICMP_PORT_UNREACHABLE, 0);
	return verdict_drop(DROP_NAT_NO_CONN);
}
