/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path between the families: a packet of an established connection gets the header of the other one, with the
 * addresses that it goes on with, in one step (RFC 7915, 4.1 and 5.1; translate_4to6.c and translate_6to4.c do so in two,
 * for what the slow path has to look at in between). A header, since mapped.c has its part within its loop.
 */
#ifndef PATH_MAPPED_PASS_H
#define PATH_MAPPED_PASS_H

#include "path/rewrite.h"
#include "path/transmit.h"

/* An ordinary IPv6 packet of CONN, which is between the families, goes to its IPv4 end. False: for the slow path, nothing is
 * changed yet. */
bool mapped_pass_6to4(struct worker *self, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, void *l4,
		      struct conn *conn, uint32_t direction);

static __rte_always_inline void
mapped_rewrite_transport(void *l4, const struct conn *conn, uint32_t direction)
{
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	struct rte_udp_hdr *ports = l4;

	ports->src_port = other->dport;
	ports->dst_port = other->sport;
	rewrite_l4_checksum(l4, conn->proto, conn->l4_delta[direction]);
}

/* M's frame is one of TYPE now that begins before the HEADER bytes before L4, which LENGTH bytes follow. */
static __rte_always_inline void
mapped_reframe(struct rte_mbuf *m, uint8_t *l4, rte_be16_t type, uint32_t header, uint32_t length)
{
	struct rte_ether_hdr *ether = (void *)(l4 - header - RTE_ETHER_HDR_LEN);

	m->data_off = (uint16_t)((uint8_t *)ether - (uint8_t *)m->buf_addr);
	m->pkt_len = RTE_ETHER_HDR_LEN + header + length;
	m->data_len = (uint16_t)m->pkt_len;
	ether->ether_type = type;
}

/* An ordinary IPv4 packet, which has a checksum of its transport and the headroom, goes to CONN's IPv6 end by NEXTHOP, where
 * it fits. */
static __rte_always_inline void
mapped_pass_4to6(struct worker *self, struct rte_mbuf *m, const struct rte_ipv4_hdr *ip, struct conn *conn,
		 uint32_t direction, union nexthop nexthop)
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
	mapped_rewrite_transport(l4, conn, direction);
	mapped_reframe(m, l4, RTE_BE16(RTE_ETHER_TYPE_IPV6), sizeof(struct rte_ipv6_hdr), length);
	memcpy(new, &first, sizeof(first));
	memcpy(new + 8, other->dst, 16);
	memcpy(new + 24, other->src, 16);
	transmit_fitting(self, m, nexthop);
}

#endif
