/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forwards one packet of a connection, whatever its headers look like: the slow twin of established.c.
 */
#include "core/knobs.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "path/icmp.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/tell.h"
#include "path/translate.h"
#include "path/transmit.h"

static enum forward_way
way_of(const struct dest *dest)
{
	const struct forward *forward = forward_to(dest, dest->addr.family);

	return forward ? forward->way : WAY_TO_DEST;
}

uint32_t
way_to_server(const struct worker *self, const struct dest *dest, const struct flow *flow)
{
	switch (way_of(dest)) {
	case WAY_TO_HOST:
		return FIB_LOCAL;
	case WAY_AS_SENT:
		return fib_lookup(self->fib, flow->family, &flow->dst);
	default:
		return fib_lookup(self->fib, dest->addr.family, &dest->addr.ip);
	}
}

/* The addresses of the client's packets, as he sends them. */
static struct flow
client_flow(const struct conn *conn, uint16_t family)
{
	struct flow flow = { .family = family };

	if (family == AF_INET) {
		flow.src.v4 = conn->key4[CONN_IN].src;
		flow.dst.v4 = conn->key4[CONN_IN].dst;
	} else {
		memcpy(flow.src.bytes, conn->key6[CONN_IN].src, 16);
		memcpy(flow.dst.bytes, conn->key6[CONN_IN].dst, 16);
	}
	return flow;
}

void
conn_find_nexthops(const struct worker *self, struct conn *conn, uint16_t family)
{
	const struct dest *dest = dest_get(self->lb, conn->dest);
	uint32_t generation = __atomic_load_n(&self->fib->generation, __ATOMIC_ACQUIRE);
	const struct flow client = client_flow(conn, family);
	const struct ip_addr back = ip_addr_plain(family, &client.src);

	conn->nexthop[CONN_OUT] = fib_lookup(self->fib, back.family, &back.ip);
	/* What the server has still to say goes on; its own way is looked up when it has come back. */
	if (!dest)
		return;
	conn->nexthop[CONN_IN] = way_to_server(self, dest, &client);
	conn->fib_generation = generation;
}

/* TCP and UDP: as in the fast path, and so is what keeps its addresses. Of fragments the first one alone has ports and
 * a checksum, which the change of addresses alters as if it were that of a whole packet. */
static void
rewrite(struct packet *packet, const struct conn *conn, uint32_t direction)
{
	void *ip = packet_at(packet, packet->l3), *l4 = packet_at(packet, packet->l4);
	const struct protocol *protocol = packet->protocol;
	const uint32_t length = packet_l4_length(packet);
	const bool plain = (conn->flags & CONN_NO_OUTPUT) || (!protocol->rewrite && !packet->is_later);

	if (packet->flow.family == AF_INET) {
		const struct conn_key4 *other = &conn->key4[direction ^ 1];

		if (plain) {
			rewrite_ipv4(ip, l4, conn, direction);
			return;
		}
		rewrite_ipv4_header(ip, conn, direction);
		if (!packet->is_later)
			protocol->rewrite(l4, length, other->dport, other->sport, conn->l4_delta[direction]);
	} else {
		const struct conn_key6 *other = &conn->key6[direction ^ 1];

		if (plain) {
			rewrite_ipv6(ip, l4, conn, direction);
			return;
		}
		rewrite_ipv6_header(ip, conn, direction);
		if (!packet->is_later)
			protocol->rewrite(l4, length, other->dport, other->sport, conn->l4_delta[direction]);
	}
}

static void
follow(struct worker *self, struct packet *packet, struct conn *conn, uint32_t direction)
{
	const struct protocol *protocol = packet->protocol;
	void *l4 = packet_at(packet, packet->l4);
	uint8_t next;

	if (packet->flow.proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, l4);
	if (!protocol->follow)
		return;
	next = protocol->follow(conn, direction, l4, packet_l4_length(packet));
	if (next != conn->state)
		conn_set_state(self, conn, next);
}

/* A fragment's checksum needs the length of the whole, if the ports change. */
static bool
is_spoilt(const struct packet *packet, const struct conn *conn, uint32_t direction)
{
	if (!packet->is_fragment || !packet->protocol->sums_length || (conn->flags & CONN_NO_OUTPUT))
		return false;
	if (packet->flow.family == AF_INET)
		return packet->flow.sport != conn->key4[direction ^ 1].dport ||
		       packet->flow.dport != conn->key4[direction ^ 1].sport;
	return packet->flow.sport != conn->key6[direction ^ 1].dport ||
	       packet->flow.dport != conn->key6[direction ^ 1].sport;
}

static bool
must_not_be_split(const struct packet *packet)
{
	const struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);

	return packet->flow.family == AF_INET6 || (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG));
}

/* Whether the outer packet may be: encapsulate.c sets no DF then, and in IPv6 the director, which makes it, is its source. A
 * sender of IPv6 need not make packets shorter than 1,280 bytes (RFC 2473, 7.1). */
static bool
tunnel_may_be_split(const struct worker *self, const struct packet *packet, const struct conn *conn)
{
	if (!dest_get(self->lb, conn->dest) || conn_is_mapped(conn))
		return false;
	if (packet->flow.family == AF_INET6)
		return packet->end - packet->l3 <= (int)IPV6_MIN_MTU;
	return !must_not_be_split(packet) || fetch(self->lb->knobs)->pmtu_disc == 0;
}

static bool
becomes_ipv4(const struct conn *conn, uint32_t direction)
{
	return conn_is_mapped(conn) && ip6_is_mapped(conn->key6[direction ^ 1].src);
}

/* What an IPv6 sender need not make shorter: too_big.c splits it. */
static bool
translated_may_be_split(const struct packet *packet, const struct conn *conn, uint32_t direction)
{
	return becomes_ipv4(conn, direction) && packet->end - packet->l3 <= TRANSLATED_WHOLE;
}

/* The sender is to make it so much shorter that its new headers fit in, but no shorter than it has to. */
static int
too_big(struct worker *self, const struct packet *packet, const struct conn *conn, uint32_t direction, uint16_t mtu)
{
	const int room = mtu - reframe_adds(self, conn, direction);
	const int least = packet->flow.family == AF_INET ? (int)IPV4_MIN_MTU : (int)IPV6_MIN_MTU;

	if (must_not_be_split(packet))
		icmp_answer(self, packet, ICMP_BEYOND_MTU, (uint16_t)RTE_MAX(room, least));
	return -DROP_TOO_BIG;
}

/* To the next hop NUMBER: 0, or a negative drop reason. */
static int
change(struct worker *self, struct packet *packet, struct conn *conn, uint32_t direction, uint32_t number)
{
	union nexthop nexthop = fib_nexthop(self->fib, number);
	uint16_t mtu;

	if (!(conn->flags & CONN_REFRAMED)) {
		rewrite(packet, conn, direction);
		return 0;
	}
	/* Without a port to leave by there is nothing to be made of it; transmit_to() says why. */
	if (!nexthop_has_port(nexthop))
		return 0;
	mtu = transmit_mtu(self, number, nexthop);
	if (!reframe_fits(self, packet->end - packet->l3, conn, direction, mtu) &&
	    !tunnel_may_be_split(self, packet, conn) && !translated_may_be_split(packet, conn, direction))
		return too_big(self, packet, conn, direction, mtu);
	if (!conn_is_mapped(conn))
		return reframe(self, packet->m, packet->l4, conn, direction, nexthop.port);
	rewrite(packet, conn, direction);
	return ip6_is_mapped(conn->key6[direction ^ 1].src) ? translate_packet_6to4(self, packet) : 0;
}

/* What IPv4 would let a router split (RFC 7915, 4.1); MTU is set if so. */
static bool
is_to_be_split(const struct worker *self, const struct packet *packet, const struct conn *conn, uint32_t direction,
	       uint16_t *mtu)
{
	const union nexthop nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);

	if (!packet->may_be_split || !nexthop_has_port(nexthop))
		return false;
	*mtu = transmit_mtu(self, conn->nexthop[direction], nexthop);
	return packet->end > *mtu + RTE_ETHER_HDR_LEN;
}

/* What change() has put into a packet of IPv6 that is longer than the MTU, which is set if so. */
static bool
is_outer_to_be_split(const struct worker *self, const struct rte_mbuf *m, const struct conn *conn, uint32_t direction,
		     uint16_t *mtu)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv6_hdr *outer = (const void *)(ether + 1);
	const union nexthop nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);

	if (!(conn->flags & CONN_REFRAMED) || conn_is_mapped(conn) || direction != CONN_IN ||
	    ether->ether_type != RTE_BE16(RTE_ETHER_TYPE_IPV6) || !nexthop_has_port(nexthop))
		return false;
	*mtu = transmit_mtu(self, conn->nexthop[direction], nexthop);
	return ip_length(outer, true) > *mtu;
}

struct ip_addr
conn_next_address(const struct worker *self, const struct conn *conn, uint16_t family, uint32_t direction)
{
	const struct dest *dest = dest_get(self->lb, conn->dest);
	struct flow client;

	if (direction == CONN_IN && dest && way_of(dest) != WAY_AS_SENT)
		return dest->addr;
	client = client_flow(conn, family);
	return ip_addr_plain(family, direction == CONN_IN && dest ? &client.dst : &client.src);
}

void
forward_send(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction)
{
	struct ip_addr to = conn_next_address(self, conn, packet->flow.family, direction);
	uint32_t number = conn->nexthop[direction];
	uint16_t mtu;
	int err;

	if (unlikely(is_to_be_split(self, packet, conn, direction, &mtu))) {
		rewrite(packet, conn, direction);
		split_translated(self, packet, mtu, number, &to);
		return;
	}
	err = change(self, packet, conn, direction, number);
	if (err < 0)
		drop(self, packet->m, (enum drop_reason) - err);
	else if (unlikely(is_outer_to_be_split(self, packet->m, conn, direction, &mtu)))
		split_outer(self, packet->m, mtu, number, &to);
	else
		transmit_to(self, packet->m, number, to.family, &to.ip);
}

enum verdict
forward_packet(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction)
{
	const uint32_t length = packet->end - packet->l3;
	enum verdict verdict;

	/* The client takes part in another connection by now, which the server knows nothing of here. */
	if (conn->flags & CONN_LEFT)
		return verdict_drop(DROP_LADDR_NO_CONN);
	if (direction == CONN_IN && !dest_alive(self->lb, conn->dest))
		return verdict_drop(DROP_DEST_REMOVED);
	if (is_spoilt(packet, conn, direction))
		return verdict_drop(DROP_TRANSLATION);
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, packet->flow.family);
	if (packet->ttl <= 1 && !conn_ends_here(conn)) {
		icmp_answer(self, packet, ICMP_TTL_EXCEEDED, 0);
		return verdict_drop(DROP_IP_TTL);
	}
	if ((conn->flags & CONN_WATCHED) && direction == CONN_IN && !packet->is_later) {
		verdict = tell_client(self, packet, conn);
		if (verdict != VERDICT_NEXT)
			return verdict;
	}
	if (!packet->is_later) {
		follow(self, packet, conn, direction);
		if (direction == CONN_OUT)
			tell_anew(self, packet, conn);
		if (conn->flags & CONN_SHIFTED)
			sequence_shift(self, packet, conn, direction);
	}
	conn_count(self, conn, direction, length);
	/* When all but the addresses is as it will be. */
	if ((conn->flags & CONN_WATCHED) && direction == CONN_OUT) {
		conn_answered(self, conn, packet->flow.family);
		if (!packet->is_later)
			tell_server(self, packet, conn);
	}
	if (conn_ends_here(conn))
		return VERDICT_KERNEL;
	forward_send(self, packet, conn, direction);
	return VERDICT_DONE;
}
