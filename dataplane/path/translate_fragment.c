/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments from one family to the other, each by itself: RFC 7915, 4.1 and 5.1.1. The fields of IPv4's header become
 * IPv6's fragment header, and the other way round; the number that the fragments of a datagram share is the lower half
 * of IPv6's.
 */
#include <netinet/in.h>

#include "path/translate.h"

/* A datagram without a checksum needs one in IPv6, which takes all of its fragments to make (RFC 7915, 4.5). */
static bool
has_no_checksum(const struct packet *packet, uint8_t proto)
{
	const struct rte_udp_hdr *udp = packet_at(packet, packet->l4);

	return packet->fragment.first == 0 && proto == IPPROTO_UDP && udp->dgram_cksum == 0;
}

int
translate_fragment_4to6(struct packet *packet)
{
	const struct rte_ipv4_hdr ip = *(struct rte_ipv4_hdr *)packet_at(packet, packet->l3);
	const struct rte_ether_hdr ether = *(struct rte_ether_hdr *)packet_at(packet, 0);
	const uint16_t length = packet->end - packet->l4;
	const struct fragment_header header = {
		.next = ip.next_proto_id,
		.place = rte_cpu_to_be_16((uint16_t)(packet->fragment.first | packet->fragment.more)),
		.id = { 0, ip.packet_id },
	};
	struct rte_ether_hdr *new;
	int err;

	if (has_no_checksum(packet, ip.next_proto_id))
		return -DROP_FRAGMENT_FAMILY;
	err = translate_make_room(packet->m, packet->l4, TRANSLATED_FRAGMENT, packet->end);
	if (err < 0)
		return err;
	new = packet_at(packet, 0);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	translate_write_ipv6((struct rte_ipv6_hdr *)(void *)(new + 1), &ip, IPPROTO_FRAGMENT,
			     (uint16_t)(sizeof(header) + length));
	memcpy(packet_at(packet, TRANSLATED_L4), &header, sizeof(header));
	return 0;
}

int
translate_fragment_6to4(struct packet *packet)
{
	const struct rte_ipv6_hdr ip = *(struct rte_ipv6_hdr *)packet_at(packet, packet->l3);
	const struct rte_ether_hdr ether = *(struct rte_ether_hdr *)packet_at(packet, 0);
	const struct fragment *fragment = &packet->fragment;
	const uint16_t at = packet->end - fragment->length, total = sizeof(struct rte_ipv4_hdr) + fragment->length;
	struct rte_ether_hdr *new;
	struct rte_ipv4_hdr *ip4;
	int err;

	/* Extension headers behind the fragment header would have to go from the middle of the datagram. */
	if (packet->l4 != at)
		return -DROP_FRAGMENT_FAMILY;
	if (fragment->first + total > UINT16_MAX)
		return -DROP_FRAGMENT_LENGTH;
	err = translate_make_room(packet->m, at, RTE_ETHER_HDR_LEN + sizeof(*ip4), packet->end);
	if (err < 0)
		return err;
	new = packet_at(packet, 0);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip4 = (struct rte_ipv4_hdr *)(void *)(new + 1);
	*ip4 = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.type_of_service = (uint8_t)(rte_be_to_cpu_32(ip.vtc_flow) >> 20),
		.total_length = rte_cpu_to_be_16(total),
		.packet_id = rte_cpu_to_be_16((uint16_t)rte_be_to_cpu_32(packet->fragment_id)),
		.fragment_offset =
			rte_cpu_to_be_16((uint16_t)(fragment->first / 8 | (fragment->more ? RTE_IPV4_HDR_MF_FLAG : 0))),
		.time_to_live = ip.hop_limits,
		.next_proto_id = packet->flow.proto,
	};
	memcpy(&ip4->src_addr, (const uint8_t *)&ip.src_addr + 12, 4);
	memcpy(&ip4->dst_addr, (const uint8_t *)&ip.dst_addr + 12, 4);
	ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	return 0;
}
