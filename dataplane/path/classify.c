/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Takes a packet apart and refuses what no host should send. Bounds first: nothing is read beyond the first buffer, and
 * lengths that the packet claims are held against the length it has.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "core/checksum.h"
#include "lb/protocol.h"
#include "path/path.h"
#include "port/port.h"

#define EXTENSIONS_MAX 8

static bool
is_our_mac(const struct port *port, const struct rte_ether_addr *mac)
{
	if (rte_is_same_ether_addr(mac, &port->mac))
		return true;
	for (uint8_t i = 0; i < port->n_macs; i++) {
		if (rte_is_same_ether_addr(mac, &port->macs[i]))
			return true;
	}
	return false;
}

/* What the protocol makes of its header. The checksum isn't computed (decisions.md 8). */
static enum verdict
classify_l4(struct packet *packet)
{
	const struct protocol *protocol = protocol_by_number(packet->flow.proto);
	int err;

	if (!protocol || (packet->is_fragment && !protocol->fragments))
		return VERDICT_NEXT;
	err = protocol->parse(packet_at(packet, packet->l4), packet_l4_length(packet), &packet->flow);
	if (err != 0)
		return err < 0 ? verdict_drop((enum drop_reason) - err) : VERDICT_NEXT;
	if ((packet->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return verdict_drop(DROP_L4_CHECKSUM);
	packet->protocol = protocol;
	packet->has_l4 = true;
	return VERDICT_NEXT;
}

static enum verdict
classify_ipv4(struct packet *packet)
{
	const struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);
	const uint16_t left = rte_pktmbuf_data_len(packet->m) - packet->l3;
	uint16_t header, length;

	if (left < sizeof(*ip))
		return verdict_drop(DROP_IP_SHORT);
	if ((ip->version_ihl >> 4) != 4)
		return verdict_drop(DROP_IP_VERSION);
	header = (ip->version_ihl & 15) * 4;
	if (header < sizeof(*ip) || header > left)
		return verdict_drop(DROP_IP_HEADER_LENGTH);
	if (checksum_fold(checksum_add(0, ip, header)) != 0xffff)
		return verdict_drop(DROP_IP_CHECKSUM);
	length = rte_be_to_cpu_16(ip->total_length);
	if (length < header || length > rte_pktmbuf_pkt_len(packet->m) - packet->l3)
		return verdict_drop(DROP_IP_LENGTH);
	packet->is_ip = true;
	packet->l4 = packet->l3 + header;
	packet->end = packet->l3 + length;
	packet->ttl = ip->time_to_live;
	packet->is_fragment =
		(ip->fragment_offset & rte_cpu_to_be_16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0;
	packet->flow.family = AF_INET;
	packet->flow.proto = ip->next_proto_id;
	packet->flow.src.v4 = ip->src_addr;
	packet->flow.dst.v4 = ip->dst_addr;
	return classify_l4(packet);
}

enum verdict
classify_extensions(struct packet *packet, uint8_t next)
{
	for (int n = 0; n < EXTENSIONS_MAX; n++) {
		const uint8_t *extension = packet_at(packet, packet->l4);

		if (next != IPPROTO_HOPOPTS && next != IPPROTO_ROUTING && next != IPPROTO_DSTOPTS &&
		    next != IPPROTO_FRAGMENT) {
			packet->flow.proto = next;
			return VERDICT_NEXT;
		}
		if (packet->end - packet->l4 < 8)
			return verdict_drop(DROP_IP_EXTENSIONS);
		if (next == IPPROTO_FRAGMENT) {
			packet->is_fragment = true;
			packet->flow.proto = extension[0];
			return VERDICT_NEXT;
		}
		next = extension[0];
		if (packet->end - packet->l4 < (extension[1] + 1) * 8)
			return verdict_drop(DROP_IP_EXTENSIONS);
		packet->l4 += (extension[1] + 1) * 8;
	}
	return verdict_drop(DROP_IP_EXTENSIONS);
}

static enum verdict
classify_ipv6(struct packet *packet)
{
	const struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);
	const uint16_t left = rte_pktmbuf_data_len(packet->m) - packet->l3;
	enum verdict verdict;

	if (left < sizeof(*ip))
		return verdict_drop(DROP_IP_SHORT);
	if ((*(const uint8_t *)ip >> 4) != 6)
		return verdict_drop(DROP_IP_VERSION);
	if (rte_be_to_cpu_16(ip->payload_len) + sizeof(*ip) > rte_pktmbuf_pkt_len(packet->m) - packet->l3)
		return verdict_drop(DROP_IP_LENGTH);
	packet->is_ip = true;
	packet->l4 = packet->l3 + sizeof(*ip);
	packet->end = packet->l4 + rte_be_to_cpu_16(ip->payload_len);
	packet->ttl = ip->hop_limits;
	packet->flow.family = AF_INET6;
	memcpy(packet->flow.src.bytes, &ip->src_addr, 16);
	memcpy(packet->flow.dst.bytes, &ip->dst_addr, 16);
	verdict = classify_extensions(packet, ip->proto);
	return verdict != VERDICT_NEXT ? verdict : classify_l4(packet);
}

enum verdict
classify_packet(struct worker *self, struct packet *packet)
{
	const struct rte_ether_hdr *ether = packet_at(packet, 0);

	if (rte_pktmbuf_data_len(packet->m) < sizeof(*ether))
		return verdict_drop(DROP_L2_SHORT);
	packet->ether_type = rte_be_to_cpu_16(ether->ether_type);
	packet->to_us = is_our_mac(&self->ports->port[packet->port], &ether->dst_addr);
	if (!packet->to_us && !rte_is_multicast_ether_addr(&ether->dst_addr))
		return verdict_drop(DROP_NOT_OURS);
	if (packet->m->nb_segs > 1)
		return packet->to_us ? verdict_drop(DROP_MULTI_SEGMENT) : VERDICT_KERNEL;
	packet->l3 = sizeof(*ether);
	if (packet->ether_type == RTE_ETHER_TYPE_IPV4)
		return classify_ipv4(packet);
	if (packet->ether_type == RTE_ETHER_TYPE_IPV6)
		return classify_ipv6(packet);
	return VERDICT_NEXT;
}
