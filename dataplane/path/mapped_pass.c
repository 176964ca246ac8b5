/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See mapped_pass.h.
 */
#include "lb/conn_table.h"
#include "path/encapsulate.h"
#include "path/ipv4_header.h"
#include "path/mapped_pass.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/translate.h"
#include "path/transmit.h"

static __rte_always_inline void
rewrite_transport(void *l4, const struct conn *conn, uint32_t direction)
{
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	struct rte_udp_hdr *ports = l4;

	ports->src_port = other->dport;
	ports->dst_port = other->sport;
	rewrite_l4_checksum(l4, conn->proto, conn->l4_delta[direction]);
}

/* M's frame is one of TYPE now that begins before the HEADER bytes before L4, which LENGTH bytes follow. */
static __rte_always_inline void
reframe_as(struct rte_mbuf *m, uint8_t *l4, rte_be16_t type, uint32_t header, uint32_t length)
{
	struct rte_ether_hdr *ether = (void *)(l4 - header - RTE_ETHER_HDR_LEN);

	m->data_off = (uint16_t)((uint8_t *)ether - (uint8_t *)m->buf_addr);
	m->pkt_len = RTE_ETHER_HDR_LEN + header + length;
	m->data_len = (uint16_t)m->pkt_len;
	ether->ether_type = type;
}

bool
mapped_pass_6to4(struct worker *self, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, void *l4, struct conn *conn,
		 uint32_t direction)
{
	const union nexthop nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	const uint32_t length = rte_be_to_cpu_16(ip->payload_len), class = rte_be_to_cpu_32(ip->vtc_flow) >> 20;
	const uint32_t total = length + sizeof(struct rte_ipv4_hdr), ttl = ip->hop_limits - 1u;
	const bool dont_fragment = total > TRANSLATED_SPLIT_MAX;

	/* What has mapped addresses on the wire is refused by classify.c. */
	if (conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)) ||
	    total > transmit_mtu_now(self, conn->nexthop[direction], nexthop) ||
	    ip6_is_mapped(conn->key6[direction].src))
		return false;
	if (conn->proto == IPPROTO_TCP_) {
		if (((struct rte_tcp_hdr *)l4)->tcp_flags & RTE_TCP_SYN_FLAG)
			return false;
		conn_follow_tcp(self, conn, direction, l4);
	}
	conn_count(self, conn, direction, length + sizeof(*ip));
	rewrite_transport(l4, conn, direction);
	reframe_as(m, l4, RTE_BE16(RTE_ETHER_TYPE_IPV4), sizeof(struct rte_ipv4_hdr), length);
	ipv4_header_write((uint8_t *)l4 - sizeof(struct rte_ipv4_hdr),
			  &(struct ipv4_header){
				  .src = load32(other->dst + 12),
				  .dst = load32(other->src + 12),
				  .length = total,
				  .id = dont_fragment ? 0 : ip_id_next(self),
				  .dont_fragment = dont_fragment,
				  .class = class & 0xff,
				  .ttl = ttl,
				  .proto = conn->proto,
			  });
	transmit_fitting(self, m, nexthop);
	return true;
}

/* Whether it is only the header that has to be exchanged: IPv6 wants a checksum, even of UDP. */
static bool
is_simple(const struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, const struct conn *conn)
{
	const struct rte_udp_hdr *udp = (const void *)(ip + 1);

	return conn_is_translated(conn) && rte_pktmbuf_headroom(m) >= (uint32_t)TRANSLATION_ADDS &&
	       (conn->proto != IPPROTO_UDP_ || udp->dgram_cksum != 0);
}

/* It fits, by NEXTHOP. */
static __rte_always_inline void
pass_4to6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct conn *conn, uint32_t direction,
	  union nexthop nexthop)
{
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	const uint32_t length = rte_be_to_cpu_16(ip->total_length) - (uint32_t)sizeof(*ip);
	const uint32_t class = ip->type_of_service, ttl = ip->time_to_live - 1u;
	void *l4 = rte_pktmbuf_mtod_offset(m, void *, RTE_ETHER_HDR_LEN + sizeof(*ip));
	uint8_t *new = (uint8_t *)l4 - sizeof(struct rte_ipv6_hdr);
	const uint64_t first = rte_cpu_to_be_32(6u << 28 | class << 20) |
			       (uint64_t)rte_cpu_to_be_16((uint16_t)length) << 32 | (uint64_t)conn->proto << 48 |
			       (uint64_t)ttl << 56;

	if (conn->proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, l4);
	conn_count(self, conn, direction, length + sizeof(struct rte_ipv6_hdr));
	rewrite_transport(l4, conn, direction);
	reframe_as(m, l4, RTE_BE16(RTE_ETHER_TYPE_IPV6), sizeof(struct rte_ipv6_hdr), length);
	memcpy(new, &first, sizeof(first));
	memcpy(new + 8, other->dst, 16);
	memcpy(new + 24, other->src, 16);
	transmit_fitting(self, m, nexthop);
}

/* The header is exchanged, and the rest is left to the last stage of IPv6's packets. */
static __rte_noinline void
pass_as_ipv6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, uint32_t value,
	     union nexthop nexthop)
{
	const uint16_t length = rte_be_to_cpu_16(ip->total_length);
	struct apart apart = { .m = m, .value = value, .ipv6 = true };
	int err = translate_4to6(m, RTE_ETHER_HDR_LEN + sizeof(*ip), (uint16_t)(RTE_ETHER_HDR_LEN + length));

	if (err < 0) {
		drop(self, m, (enum drop_reason) - err);
		return;
	}
	apart.ip = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);
	apart.nexthop = nexthop.word;
	apart_pass(self, &apart);
}

bool
mapped_pass_4to6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct conn *conn,
		 uint32_t value)
{
	const uint32_t direction = CONN_DIRECTION(value);
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	union nexthop nexthop;

	if ((conn->flags & CONN_SLOW) != 0 || conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)))
		return false;
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	if (rte_be_to_cpu_16(ip->total_length) + TRANSLATION_ADDS >
		    transmit_mtu_now(self, conn->nexthop[direction], nexthop) ||
	    (conn->proto == IPPROTO_TCP_ && (tcp->tcp_flags & RTE_TCP_SYN_FLAG) != 0))
		return false;
	if (is_simple(m, ip, conn))
		pass_4to6(self, m, ip, conn, direction, nexthop);
	else
		pass_as_ipv6(self, m, ip, value, nexthop);
	return true;
}
