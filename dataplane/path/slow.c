/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The steps in their order, and what comes of their verdict.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "lb/protocol.h"
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

static step *const steps[] = {
	classify_packet, fragment_packet,    arp_packet,	known_packet,  route_packet, neighbour_discovery_packet,
	echo_packet,	 icmp_tunnel_packet, icmp_error_packet, lookup_packet, owner_packet, stray_packet,
	first_packet,	 local_packet,
};
#define UNHELD 2 /* the first step for a fragment that waited */
#define UNKNOWN 4 /* the first step for a packet that belongs to no connection */

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
path_decided(struct worker *self, struct packet *packet, enum verdict verdict)
{
	switch (verdict) {
	case VERDICT_DONE:
		break;
	case VERDICT_KERNEL_CONTROL:
		to_kernel(self, packet, EXCEPTION_CONTROL);
		break;
	case VERDICT_NEXT:
	case VERDICT_KERNEL:
		to_kernel(self, packet, EXCEPTION_OTHER);
		break;
	default:
		drop(self, packet->m, (enum drop_reason)((int)verdict - VERDICT_DROP));
		break;
	}
}

static void
walk(struct worker *self, struct packet *packet, uint32_t from)
{
	enum verdict verdict = VERDICT_NEXT;

	for (uint32_t i = from; i < RTE_DIM(steps) && verdict == VERDICT_NEXT; i++)
		verdict = steps[i](self, packet);
	path_decided(self, packet, verdict);
}

/* M waited for the first fragment of its datagram, which had FLOW. */
static void
take_held(struct worker *self, struct openings *openings, struct rte_mbuf *m, const struct fragment_flow *flow)
{
	struct packet packet = { .m = m, .port = (uint8_t)m->port, .openings = openings };

	/* It passed when it came. */
	(void)classify_packet(self, &packet);
	fragment_follow(&packet, flow);
	walk(self, &packet, UNHELD);
}

/* Those that waited for a first fragment go where it went. */
static void
release_held(struct worker *self, struct packet *packet)
{
	const struct fragment_flow flow = fragment_flow_of(packet);
	struct rte_mbuf *m;

	while ((m = fragment_table_next(self->fragments, &packet->held))) {
		self->counters.count[COUNT_HELD]--;
		take_held(self, packet->openings, m, &flow);
	}
}

static void
take_steps(struct worker *self, struct packet *packet, uint32_t from)
{
	if (packet->handed_over)
		packet->note = handover_note_read(packet->m);
	walk(self, packet, from);
	if (packet->held != 0)
		release_held(self, packet);
}

/* Of ordinary packets: no options, no extension headers. */
static void
take_ipv4(struct packet *packet, const struct rte_ipv4_hdr *ip)
{
	packet->l4 = packet->l3 + sizeof(*ip);
	packet->end = packet->l3 + rte_be_to_cpu_16(ip->total_length);
	packet->ttl = ip->time_to_live;
	packet->flow.family = AF_INET;
	packet->flow.proto = ip->next_proto_id;
	packet->flow.src.v4 = ip->src_addr;
	packet->flow.dst.v4 = ip->dst_addr;
}

static void
take_ipv6(struct packet *packet, const struct rte_ipv6_hdr *ip)
{
	packet->l4 = packet->l3 + sizeof(*ip);
	packet->end = packet->l4 + rte_be_to_cpu_16(ip->payload_len);
	packet->ttl = ip->hop_limits;
	packet->flow.family = AF_INET6;
	packet->flow.proto = ip->proto;
	memcpy(packet->flow.src.bytes, &ip->src_addr, 16);
	memcpy(packet->flow.dst.bytes, &ip->dst_addr, 16);
}

void
path_slow(struct worker *self, struct openings *openings, struct rte_mbuf *m, uint8_t port, bool handed_over)
{
	struct packet packet = { .m = m, .port = port, .handed_over = handed_over, .openings = openings };

	take_steps(self, &packet, 0);
}

void
path_unknown(struct worker *self, struct openings *openings, struct rte_mbuf *m, uint8_t port, bool handed_over)
{
	struct packet packet = {
		.m = m,
		.port = port,
		.handed_over = handed_over,
		.to_us = true,
		.is_ip = true,
		.has_l4 = true,
		.l3 = RTE_ETHER_HDR_LEN,
		.openings = openings,
	};
	const struct rte_ether_hdr *ether = packet_at(&packet, 0);

	packet.ether_type = rte_be_to_cpu_16(ether->ether_type);
	if (packet.ether_type == RTE_ETHER_TYPE_IPV4)
		take_ipv4(&packet, packet_at(&packet, packet.l3));
	else
		take_ipv6(&packet, packet_at(&packet, packet.l3));
	packet.protocol = protocol_by_number(packet.flow.proto);
	memcpy(&packet.flow.sport, packet_at(&packet, packet.l4), 2);
	memcpy(&packet.flow.dport, packet_at(&packet, packet.l4 + 2), 2);
	take_steps(self, &packet, UNKNOWN);
}
