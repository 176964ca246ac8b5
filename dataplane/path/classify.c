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
#include "lb/lb.h"
#include "lb/protocol.h"
#include "path/path.h"
#include "port/port.h"

#define EXTENSIONS_MAX 8
#define VLAN_ID 0x0fff

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

enum verdict
classify_first_fragment(const struct worker *self, struct packet *packet)
{
	const struct protocol *protocol;
	enum verdict verdict = VERDICT_NEXT;
	const void *l4;
	int err;

	if (packet->flow.family == AF_INET6) {
		packet->is_fragment = false;
		verdict = classify_extensions(packet, packet->flow.proto);
		/* A fragment in a fragment. */
		if (packet->is_fragment)
			return verdict_drop(DROP_IP_EXTENSIONS);
		packet->is_fragment = true;
	}
	protocol = protocol_by_number(packet->flow.proto);
	if (verdict != VERDICT_NEXT || !protocol)
		return verdict;
	l4 = packet_at(packet, packet->l4);
	err = protocol->parse_first(l4, packet_l4_length(packet), &packet->flow);
	if (err != 0)
		return err < 0 ? verdict_drop((enum drop_reason) - err) : VERDICT_NEXT;
	packet->protocol = protocol;
	packet->has_l4 = true;
	packet->opens = protocol->opens(l4, packet_l4_length(packet), fetch(self->lb->knobs));
	return VERDICT_NEXT;
}

/* What is cut into fragments begins at l4; this piece of it has its FIRST byte there. */
static void
take_fragment(struct packet *packet, uint32_t first, bool more, uint32_t id)
{
	packet->is_fragment = true;
	packet->fragment_id = id;
	packet->fragment = (struct fragment){
		.first = first,
		.length = packet->end - packet->l4,
		.more = more,
		.buffers = packet->m->nb_segs,
	};
}

static enum verdict
classify_ipv4(struct packet *packet)
{
	const struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);
	const uint16_t left = rte_pktmbuf_data_len(packet->m) - packet->l3;
	uint16_t header, length, place;

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
	place = rte_be_to_cpu_16(ip->fragment_offset);
	if ((place & (RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)) != 0)
		take_fragment(packet, (place & RTE_IPV4_HDR_OFFSET_MASK) * 8u, (place & RTE_IPV4_HDR_MF_FLAG) != 0,
			      ip->packet_id);
	packet->flow.family = AF_INET;
	packet->flow.proto = ip->next_proto_id;
	packet->flow.src.v4 = ip->src_addr;
	packet->flow.dst.v4 = ip->dst_addr;
	return classify_l4(packet);
}

static bool
is_extension(uint8_t next)
{
	return next == IPPROTO_HOPOPTS || next == IPPROTO_ROUTING || next == IPPROTO_DSTOPTS ||
	       next == IPPROTO_FRAGMENT;
}

/* At most EXTENSIONS_MAX, of which *N were seen before. */
static enum verdict
skip_extensions(struct packet *packet, uint8_t next, int *n)
{
	for (; is_extension(next); ++*n) {
		const uint8_t *extension = packet_at(packet, packet->l4);
		uint16_t length;

		if (*n == EXTENSIONS_MAX || packet->end - packet->l4 < 8)
			return verdict_drop(DROP_IP_EXTENSIONS);
		if (next == IPPROTO_FRAGMENT) {
			packet->is_fragment = true;
			packet->flow.proto = extension[0];
			return VERDICT_NEXT;
		}
		length = (uint16_t)((extension[1] + 1) * 8);
		if (packet->end - packet->l4 < length)
			return verdict_drop(DROP_IP_EXTENSIONS);
		packet->l4 += length;
		next = extension[0];
	}
	packet->flow.proto = next;
	return VERDICT_NEXT;
}

enum verdict
classify_extensions(struct packet *packet, uint8_t next)
{
	int n = 0;

	return skip_extensions(packet, next, &n);
}

/* A fragment header stands at l4. One of a packet that is whole is an extension header like others (RFC 6946). */
static enum verdict
pass_fragment_header(struct packet *packet, int n)
{
	const struct fragment_header *header = packet_at(packet, packet->l4);
	const uint16_t place = rte_be_to_cpu_16(header->place);
	enum verdict verdict;
	uint32_t id;

	packet->l4 += sizeof(*header);
	packet->is_fragment = false;
	if ((place & ~6u) != 0) {
		packet->flow.proto = header->next;
		memcpy(&id, header->id, sizeof(id));
		take_fragment(packet, place & ~7u, (place & 1) != 0, id);
		return VERDICT_NEXT;
	}
	n++;
	verdict = skip_extensions(packet, header->next, &n);
	return verdict == VERDICT_NEXT && packet->is_fragment ? verdict_drop(DROP_IP_EXTENSIONS) : verdict;
}

static enum verdict
classify_ipv6(struct packet *packet)
{
	const struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);
	const uint16_t left = rte_pktmbuf_data_len(packet->m) - packet->l3;
	enum verdict verdict;
	int n = 0;

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
	/* Connections between the families are held with such addresses; no host may send them (RFC 4942, 2.2). */
	if (ip6_is_mapped(&packet->flow.src) || ip6_is_mapped(&packet->flow.dst))
		return verdict_drop(DROP_IP_MAPPED);
	verdict = skip_extensions(packet, ip->proto, &n);
	if (verdict == VERDICT_NEXT && packet->is_fragment)
		verdict = pass_fragment_header(packet, n);
	return verdict != VERDICT_NEXT ? verdict : classify_l4(packet);
}

/* A tag that only tells a priority (IEEE 802.1Q, VLAN 0): the frame is of no VLAN. False: it is of one. */
static bool
strip_priority_tag(struct packet *packet)
{
	const struct rte_vlan_hdr *tag = packet_at(packet, sizeof(struct rte_ether_hdr));
	uint8_t *frame = packet_at(packet, 0);

	if (rte_pktmbuf_data_len(packet->m) < sizeof(struct rte_ether_hdr) + sizeof(*tag) ||
	    (rte_be_to_cpu_16(tag->vlan_tci) & VLAN_ID) != 0)
		return false;
	packet->ether_type = rte_be_to_cpu_16(tag->eth_proto);
	memmove(frame + sizeof(*tag), frame, 2 * RTE_ETHER_ADDR_LEN);
	rte_pktmbuf_adj(packet->m, sizeof(*tag));
	return true;
}

enum verdict
classify_packet(struct worker *self, struct packet *packet)
{
	const struct rte_ether_hdr *ether = packet_at(packet, 0);
	/* A buffer has room for the longest packet that any port may send. */
	const bool whole = packet->m->nb_segs == 1 || packet_linearize(packet->m);

	if (rte_pktmbuf_data_len(packet->m) < sizeof(*ether))
		return verdict_drop(DROP_L2_SHORT);
	packet->ether_type = rte_be_to_cpu_16(ether->ether_type);
	packet->to_us = is_our_mac(&self->ports->port[packet->port], &ether->dst_addr);
	if (!packet->to_us && !rte_is_multicast_ether_addr(&ether->dst_addr))
		return verdict_drop(DROP_NOT_OURS);
	if (!whole)
		return packet->to_us ? verdict_drop(DROP_MULTI_SEGMENT) : VERDICT_KERNEL;
	if (packet->ether_type == RTE_ETHER_TYPE_VLAN && !strip_priority_tag(packet))
		return VERDICT_NEXT;
	packet->l3 = sizeof(*ether);
	if (packet->ether_type == RTE_ETHER_TYPE_IPV4)
		return classify_ipv4(packet);
	if (packet->ether_type == RTE_ETHER_TYPE_IPV6)
		return classify_ipv6(packet);
	return VERDICT_NEXT;
}
