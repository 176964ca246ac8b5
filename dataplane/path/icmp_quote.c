/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The packet that an ICMP error quotes: anybody may have written it, and only its beginning is there.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "lb/protocol.h"
#include "path/icmp.h"

#define QUOTED_L4_MIN 8 /* RFC 792 */

bool
icmp_is_error(const struct packet *packet)
{
	const struct icmp_header *icmp = packet_at(packet, packet->l4);

	if (!packet->is_ip || packet->is_fragment || packet->end - packet->l4 < (int)sizeof(*icmp))
		return false;
	if (packet->flow.family == AF_INET)
		return packet->flow.proto == IPPROTO_ICMP &&
		       (icmp->type == ICMP4_UNREACHABLE || icmp->type == ICMP4_QUENCH ||
			icmp->type == ICMP4_TIME_EXCEEDED || icmp->type == ICMP4_PARAMETER);
	return packet->flow.proto == IPPROTO_ICMPV6 && icmp->type >= ICMP6_UNREACHABLE && icmp->type <= ICMP6_PARAMETER;
}

bool
icmp_is_too_big(const struct packet *error)
{
	const struct icmp_header *icmp = packet_at(error, error->l4);

	return error->flow.family == AF_INET ? icmp->type == ICMP4_UNREACHABLE && icmp->code == ICMP4_TOO_BIG
					     : icmp->type == ICMP6_TOO_BIG;
}

uint32_t
icmp_told_mtu(const struct packet *error)
{
	const struct icmp_header *icmp = packet_at(error, error->l4);
	const uint32_t mtu = (uint32_t)icmp->rest[2] << 8 | icmp->rest[3];

	if (error->flow.family == AF_INET)
		return mtu;
	return mtu | (uint32_t)icmp->rest[0] << 24 | (uint32_t)icmp->rest[1] << 16;
}

static int
parse_ipv4(struct packet *packet, uint16_t left)
{
	const struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);
	uint16_t header;

	if (left < sizeof(*ip) || (ip->version_ihl >> 4) != 4)
		return -EBADMSG;
	header = (ip->version_ihl & 15) * 4;
	if (header < sizeof(*ip) || header > left)
		return -EBADMSG;
	packet->l4 = packet->l3 + header;
	packet->ttl = ip->time_to_live;
	packet->flow.proto = ip->next_proto_id;
	packet->flow.src.v4 = ip->src_addr;
	packet->flow.dst.v4 = ip->dst_addr;
	return (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) == 0 ? 0 : -ENOENT;
}

/* L4 stands at the fragment header. */
static int
pass_fragment_header(struct packet *packet)
{
	const uint8_t *header = packet_at(packet, packet->l4);

	packet->l4 += 8;
	return header[2] == 0 && (header[3] & 0xf8) == 0 ? 0 : -ENOENT;
}

static int
parse_ipv6(struct packet *packet, uint16_t left)
{
	const struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);

	if (left < sizeof(*ip) || (*(const uint8_t *)ip >> 4) != 6)
		return -EBADMSG;
	packet->l4 = packet->l3 + sizeof(*ip);
	packet->ttl = ip->hop_limits;
	memcpy(packet->flow.src.bytes, &ip->src_addr, 16);
	memcpy(packet->flow.dst.bytes, &ip->dst_addr, 16);
	if (classify_extensions(packet, ip->proto) != VERDICT_NEXT)
		return -EBADMSG;
	return packet->is_fragment ? pass_fragment_header(packet) : 0;
}

/* What tells the connection: ports, or of an echo the identifier, which its protocol reads. 0, or -ENOENT. */
static int
read_ports(const uint8_t *l4, uint32_t length, struct flow *flow)
{
	switch (flow->proto) {
	case IPPROTO_TCP:
	case IPPROTO_UDP:
	case IPPROTO_SCTP:
		memcpy(&flow->sport, l4, 2);
		memcpy(&flow->dport, l4 + 2, 2);
		return 0;
	case IPPROTO_ICMP:
	case IPPROTO_ICMPV6:
		return protocol_by_number(flow->proto)->parse(l4, length, flow) == 0 ? 0 : -ENOENT;
	default:
		return -ENOENT;
	}
}

int
icmp_quote_parse(struct packet *packet, uint16_t family)
{
	const uint16_t left = packet->end - packet->l3;
	int err;

	packet->is_ip = packet->to_us = true;
	packet->is_fragment = packet->has_l4 = false;
	memset(&packet->flow, 0, sizeof(packet->flow));
	packet->flow.family = family;
	err = family == AF_INET ? parse_ipv4(packet, left) : parse_ipv6(packet, left);
	if (err < 0)
		return err;
	if (!protocol_by_number(packet->flow.proto))
		return -ENOENT;
	if (packet->end - packet->l4 < QUOTED_L4_MIN)
		return -EBADMSG;
	err = read_ports(packet_at(packet, packet->l4), packet_l4_length(packet), &packet->flow);
	packet->has_l4 = err == 0;
	return err;
}

/* Behind the quote extensions may stand (RFC 4884), which are no part of it. A length of 0, or one that can't be, says
 * nothing. */
static uint16_t
quote_length(const struct icmp_header *icmp, uint16_t family, uint16_t left)
{
	uint16_t length = 0;

	if (family == AF_INET && icmp->type != ICMP4_QUENCH)
		length = icmp->rest[1] * 4;
	else if (family == AF_INET6 && (icmp->type == ICMP6_UNREACHABLE || icmp->type == ICMP6_TIME_EXCEEDED))
		length = icmp->rest[0] * 8;
	return length > 0 && length < left ? length : left;
}

int
icmp_quote_read(const struct packet *error, struct packet *ret)
{
	const struct icmp_header *icmp = packet_at(error, error->l4);
	const uint16_t begin = error->l4 + sizeof(*icmp);

	*ret = (struct packet){ .m = error->m, .port = error->port, .l3 = begin };
	ret->end = begin + quote_length(icmp, error->flow.family, error->end - begin);
	return icmp_quote_parse(ret, error->flow.family);
}
