/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ping to local addresses of full-NAT, so that an operator can see that they are there (RFC 792, 4443).
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "core/checksum.h"
#include "path/path.h"

enum { ECHO4 = 8, ECHO4_REPLY = 0, ECHO6 = 128, ECHO6_REPLY = 129 };

struct echo_header {
	uint8_t type, code;
	uint16_t checksum;
};

static void
turn_ipv4(struct rte_ipv4_hdr *ip)
{
	rte_be32_t src = ip->src_addr;

	/* Exchanging the addresses leaves the sum as it is. */
	ip->src_addr = ip->dst_addr;
	ip->dst_addr = src;
	ip->hdr_checksum = checksum_update(
		ip->hdr_checksum,
		checksum_fold(checksum_difference(&ip->time_to_live, (uint8_t[]){ 64, ip->next_proto_id }, 2)));
	ip->time_to_live = 64;
}

static void
turn_ipv6(struct rte_ipv6_hdr *ip)
{
	uint8_t src[16];

	memcpy(src, &ip->src_addr, 16);
	memcpy(&ip->src_addr, &ip->dst_addr, 16);
	memcpy(&ip->dst_addr, src, 16);
	ip->hop_limits = 64;
}

enum verdict
echo_packet(struct worker *self, struct packet *packet)
{
	const bool ipv4 = packet->flow.family == AF_INET;
	struct echo_header *echo = packet_at(packet, packet->l4);
	uint8_t type;

	if (!packet->is_ip || packet->nexthop != FIB_LADDR || !packet->to_us || packet->is_fragment ||
	    packet->flow.proto != (ipv4 ? IPPROTO_ICMP : IPPROTO_ICMPV6) || packet->end - packet->l4 < 8 ||
	    echo->type != (ipv4 ? ECHO4 : ECHO6) || echo->code != 0)
		return VERDICT_NEXT;
	if (!source_is_sound(self, packet))
		return verdict_drop(DROP_IP_SOURCE);
	type = ipv4 ? ECHO4_REPLY : ECHO6_REPLY;
	echo->checksum = checksum_update(echo->checksum,
					 checksum_fold(checksum_difference(&echo->type, (uint8_t[]){ type, 0 }, 2)));
	echo->type = type;
	packet->flow.dst = packet->flow.src;
	if (ipv4)
		turn_ipv4(packet_at(packet, packet->l3));
	else
		turn_ipv6(packet_at(packet, packet->l3));
	transmit_to(self, packet->m, fib_lookup(self->fib, packet->flow.family, &packet->flow.dst), packet->flow.family,
		    &packet->flow.dst);
	return VERDICT_DONE;
}
