/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rewrite of an ICMP error and of the packet it quotes. What is quoted is a packet as the director sent it, and
 * becomes what the director had received: the other key of the connection. All checksums that are there are mended by
 * differences (RFC 3022, 4.3), so that what was wrong stays wrong.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/icmp.h"
#include "path/rewrite.h"
#include "path/tell.h"
#include "path/translate.h"

#define ECHO_HEADER 8 /* type, code, checksum, identifier, sequence number: what a quote has at least */

/* A transport header as far as it may be changed: TCP's with all options. */
union quoted_l4 {
	uint8_t bytes[60];
	struct rte_tcp_hdr tcp;
	struct rte_udp_hdr udp; /* the ports are at the same place in all protocols */
};

struct flow
icmp_original(const struct conn *conn, uint16_t family, enum conn_direction direction)
{
	const uint32_t other = direction ^ 1;
	struct flow flow = { .family = family, .proto = conn->proto };

	if (family == AF_INET) {
		const struct conn_key4 *key = &conn->key4[other];

		flow.src.v4 = key->src;
		flow.dst.v4 = key->dst;
		flow.sport = key->sport;
		flow.dport = key->dport;
		return flow;
	}
	memcpy(flow.src.bytes, conn->key6[other].src, 16);
	memcpy(flow.dst.bytes, conn->key6[other].dst, 16);
	flow.sport = conn->key6[other].sport;
	flow.dport = conn->key6[other].dport;
	return flow;
}

/* What the change of addresses adds to sums that cover them; those of IPv4 are followed by zeros. */
static uint64_t
address_difference(const struct flow *from, const struct flow *to)
{
	return checksum_difference(&from->src, &to->src, 16) + checksum_difference(&from->dst, &to->dst, 16);
}

/* Writes the addresses. Returns what that adds to the ICMP message's sum, by which an IPv4 header counts as a whole. */
static uint64_t
translate_ip(struct packet *quote, const struct flow *original)
{
	const uint64_t difference = address_difference(&quote->flow, original);

	if (quote->flow.family == AF_INET) {
		struct rte_ipv4_hdr *ip = packet_at(quote, quote->l3), before = *ip;

		ip->src_addr = original->src.v4;
		ip->dst_addr = original->dst.v4;
		ip->hdr_checksum = checksum_update(ip->hdr_checksum, checksum_fold(difference));
		return checksum_difference(&before, ip, sizeof(before));
	}
	memcpy(&((struct rte_ipv6_hdr *)packet_at(quote, quote->l3))->src_addr, &original->src, 16);
	memcpy(&((struct rte_ipv6_hdr *)packet_at(quote, quote->l3))->dst_addr, &original->dst, 16);
	return difference;
}

/* Of an echo, whose eight bytes are there: its identifier, by which its protocol knows how to find it. */
static uint64_t
translate_echo(struct packet *quote, const struct protocol *protocol, const struct flow *original)
{
	uint8_t *echo = packet_at(quote, quote->l4), before[ECHO_HEADER];
	uint64_t difference = checksum_difference(&quote->flow.sport, &original->sport, 2) +
			      checksum_difference(&quote->flow.dport, &original->dport, 2);

	memcpy(before, echo, sizeof(before));
	if (!protocol->own_checksum)
		difference += address_difference(&quote->flow, original);
	protocol->rewrite(echo, packet_l4_length(quote), original->sport, original->dport, checksum_fold(difference));
	return checksum_difference(before, echo, sizeof(before));
}

/* In a copy, which is whole however short the quote is; what isn't there is not copied back. */
static uint64_t
translate_l4(struct worker *self, struct packet *quote, struct conn *conn, enum conn_direction direction,
	     const struct flow *original)
{
	const uint16_t there = RTE_MIN(quote->end - quote->l4, (int)sizeof(union quoted_l4));
	union quoted_l4 old = { .bytes = { 0 } }, new;
	uint64_t difference;

	if (conn->proto == IPPROTO_ICMP || conn->proto == IPPROTO_ICMPV6)
		return translate_echo(quote, protocol_by_number(conn->proto), original);
	memcpy(&old, packet_at(quote, quote->l4), there);
	new = old;
	new.udp.src_port = original->sport;
	new.udp.dst_port = original->dport;
	difference = address_difference(&quote->flow, original) + checksum_difference(&old, &new, 4);
	if (conn->proto == IPPROTO_TCP || conn->proto == IPPROTO_UDP)
		rewrite_l4_checksum(&new, conn->proto, checksum_fold(difference));
	if (conn->flags & CONN_SHIFTED)
		sequence_restore(self, quote, conn, direction, &new.tcp, there);
	/* Half a sum can't be mended. */
	if (conn->proto == IPPROTO_TCP && there < offsetof(struct rte_tcp_hdr, tcp_urp))
		new.tcp.cksum = old.tcp.cksum;
	memcpy(packet_at(quote, quote->l4), &new, there);
	/* The bytes that aren't there count as they were. */
	memcpy(new.bytes + there, old.bytes + there, sizeof(new) - there);
	return checksum_difference(&old, &new, sizeof(new));
}

/* Writes the outer addresses and counts the hop. Returns what that adds to ICMPv6's sum. */
static uint64_t
readdress(struct packet *error, const struct flow *to)
{
	const uint64_t difference = address_difference(&error->flow, to);

	if (error->flow.family == AF_INET) {
		struct rte_ipv4_hdr *ip = packet_at(error, error->l3);

		ip->src_addr = to->src.v4;
		ip->dst_addr = to->dst.v4;
		ip->time_to_live--;
		ip->hdr_checksum = checksum_update(ip->hdr_checksum, checksum_fold(difference + TTL_DELTA));
		return 0;
	}
	memcpy(&((struct rte_ipv6_hdr *)packet_at(error, error->l3))->src_addr, &to->src, 16);
	memcpy(&((struct rte_ipv6_hdr *)packet_at(error, error->l3))->dst_addr, &to->dst, 16);
	((struct rte_ipv6_hdr *)packet_at(error, error->l3))->hop_limits--;
	return difference;
}

/* Who tells servers of their clients makes packets longer, and has to know how long they may be. */
static void
heed_mtu(struct worker *self, const struct packet *error, struct conn *conn)
{
	if (icmp_is_too_big(error))
		tell_too_big(self, conn, error->flow.family, icmp_told_mtu(error));
}

/* Whether hosts outside a gateway are told: whatever is inside has the gateway's local address there. */
static bool
is_from_inside(const struct worker *self, const struct conn *conn, enum conn_direction direction)
{
	const struct dest *dest = direction == CONN_IN ? dest_get(self->lb, conn->dest) : NULL;

	return dest && dest->forward == FORWARD_SNAT;
}

/* Whom the error comes from, for its receiver: a router of the other family has no address that he knows, and the
 * director speaks for it (RFC 7915, 4.4, 5.4). */
static union ip_bits
source_of(const struct worker *self, const struct packet *error, const struct packet *quote, const struct conn *conn,
	  enum conn_direction direction, const struct flow *original)
{
	const union nexthop nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	const bool to_ipv4 = ip6_is_mapped(&original->src);
	const union ip_bits *own = NULL;

	/* The host at the other end is known by the name it has on the other side. A router keeps its address. */
	if (ip_bits_equal(&error->flow.src, &quote->flow.dst) || is_from_inside(self, conn, direction))
		return original->dst;
	if (error->flow.family == AF_INET || ip6_is_mapped(&error->flow.src) == to_ipv4)
		return error->flow.src;
	if (nexthop_has_port(nexthop))
		own = fib_own(self->fib, nexthop.port, to_ipv4 ? AF_INET : AF_INET6);
	if (!own)
		return original->dst;
	return to_ipv4 ? ip4_mapped(own->v4) : *own;
}

void
icmp_translate(struct worker *self, struct packet *error, struct packet *quote, struct conn *conn,
	       enum conn_direction direction)
{
	const uint16_t family = error->flow.family;
	const struct flow original = icmp_original(conn, family, direction);
	struct icmp_header *icmp = packet_at(error, error->l4);
	struct flow outer = error->flow;
	struct ip_addr to;
	uint64_t difference;
	int err = 0;

	if (direction == CONN_OUT && (conn->flags & CONN_WATCHED))
		heed_mtu(self, error, conn);
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, family);
	outer.src = source_of(self, error, quote, conn, direction, &original);
	outer.dst = original.src;
	difference = translate_ip(quote, &original) + translate_l4(self, quote, conn, direction, &original) +
		     readdress(error, &outer);
	icmp->checksum = checksum_update(icmp->checksum, checksum_fold(difference));
	if (family == AF_INET6 && ip6_is_mapped(&outer.dst)) {
		error->flow = outer;
		err = translate_error_6to4(self, error, quote);
	}
	if (err < 0) {
		drop(self, error->m, (enum drop_reason) - err);
		return;
	}
	to = conn_next_address(self, conn, family, direction);
	transmit_to(self, error->m, conn->nexthop[direction], to.family, &to.ip);
}
