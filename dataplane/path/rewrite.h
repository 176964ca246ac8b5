/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What every packet of a connection goes through, in the fast path and in the slow one: counts, state, next hop and the
 * rewrite of addresses, ports and checksums.
 */
#ifndef PATH_REWRITE_H
#define PATH_REWRITE_H

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "lb/conn_life.h"
#include "lb/lb.h"
#include "path/path.h"

#define IPPROTO_TCP_ 6
#define IPPROTO_UDP_ 17

/* Of the whole packet, in bytes. */
static __rte_always_inline uint32_t
ip_length(const void *ip, const bool ipv6)
{
	return ipv6 ? sizeof(struct rte_ipv6_hdr) + rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)ip)->payload_len)
		    : rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)ip)->total_length);
}

/* A TTL less by one, as a change of the header's checksum. */
#define TTL_DELTA RTE_BE16(0xfeff)

static inline uint16_t *
l4_checksum(void *l4, uint8_t proto)
{
	size_t offset =
		proto == IPPROTO_TCP_ ? offsetof(struct rte_tcp_hdr, cksum) : offsetof(struct rte_udp_hdr, dgram_cksum);

	return (uint16_t *)(void *)((uint8_t *)l4 + offset);
}

/* UDP's 0 means that there is none, and stays; a sum that comes out as 0 is sent as all ones (RFC 768). */
static inline void
rewrite_l4_checksum(void *l4, uint8_t proto, uint16_t delta)
{
	uint16_t *checksum = l4_checksum(l4, proto);

	if (proto == IPPROTO_UDP_) {
		uint16_t updated = checksum_update(*checksum, delta);

		if (*checksum != 0)
			*checksum = updated != 0 ? updated : 0xffff;
	} else {
		*checksum = checksum_update(*checksum, delta);
	}
}

/* TTL, addresses and header checksum of a packet that is translated. */
static inline void
rewrite_ipv4_header(struct rte_ipv4_hdr *ip, const struct conn *conn, uint32_t direction)
{
	const struct conn_key4 *other = &conn->key4[direction ^ 1];

	ip->time_to_live--;
	ip->src_addr = other->dst;
	ip->dst_addr = other->src;
	ip->hdr_checksum = checksum_update(ip->hdr_checksum, (uint32_t)conn->ip_delta[direction] + TTL_DELTA);
}

static inline void
rewrite_ipv6_header(struct rte_ipv6_hdr *ip, const struct conn *conn, uint32_t direction)
{
	const struct conn_key6 *other = &conn->key6[direction ^ 1];

	ip->hop_limits--;
	memcpy(&ip->src_addr, other->dst, 16);
	memcpy(&ip->dst_addr, other->src, 16);
}

/* What every packet goes through that is forwarded. */
static inline void
count_hop_ipv4(struct rte_ipv4_hdr *ip)
{
	ip->time_to_live--;
	ip->hdr_checksum = checksum_update(ip->hdr_checksum, TTL_DELTA);
}

static inline void
count_hop_ipv6(struct rte_ipv6_hdr *ip)
{
	ip->hop_limits--;
}

/* Direct routing leaves all but the TTL as it is. Which method it is hardly ever changes from packet to packet, unlike
 * the direction, so that the branch is foreseen. */
static inline void
rewrite_ipv4(struct rte_ipv4_hdr *ip, void *l4, const struct conn *conn, uint32_t direction)
{
	const struct conn_key4 *other = &conn->key4[direction ^ 1];
	struct rte_udp_hdr *ports = l4;

	if (conn->flags & CONN_NO_OUTPUT) {
		count_hop_ipv4(ip);
		return;
	}
	rewrite_ipv4_header(ip, conn, direction);
	ports->src_port = other->dport;
	ports->dst_port = other->sport;
	rewrite_l4_checksum(l4, conn->proto, conn->l4_delta[direction]);
}

static inline void
rewrite_ipv6(struct rte_ipv6_hdr *ip, void *l4, const struct conn *conn, uint32_t direction)
{
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	struct rte_udp_hdr *ports = l4;

	if (conn->flags & CONN_NO_OUTPUT) {
		count_hop_ipv6(ip);
		return;
	}
	rewrite_ipv6_header(ip, conn, direction);
	ports->src_port = other->dport;
	ports->dst_port = other->sport;
	rewrite_l4_checksum(l4, conn->proto, conn->l4_delta[direction]);
}

/* The next hop number of a client's packets to DEST, which he sent to the destination of FLOW. */
uint32_t way_to_server(const struct worker *self, const struct dest *dest, const struct flow *flow);
/* Looks up both next hops of a connection; that of a destination which is gone stays as it was. */
void conn_find_nexthops(const struct worker *self, struct conn *conn, uint16_t family);
/* Where DIRECTION's rewritten packets go: what to look up again while the neighbour is unknown. */
struct ip_addr conn_next_address(const struct worker *self, const struct conn *conn, uint16_t family,
				 uint32_t direction);

/* Whether the client's packets are for the host itself, and stay as they are: the method is LOCAL, or the server is the
 * director. The connection's next hops are those of now. */
static inline bool
conn_ends_here(const struct conn *conn)
{
	return (conn->flags & CONN_NO_OUTPUT) && conn->nexthop[CONN_IN] == FIB_LOCAL;
}

/* Counts a packet of LENGTH bytes (of the IP packet) and moves the connection's clock. Directions come in random order:
 * a branch on them would be mispredicted half of the time. */
static inline void
conn_count(struct worker *self, struct conn *conn, uint32_t direction, uint32_t length)
{
	struct dest_load *load = &self->loads[DEST_INDEX(conn->dest)];

	load->packets[direction]++;
	load->bytes[direction] += length;
	conn->packets += (uint8_t)((direction ^ CONN_OUT) & (conn->packets != UINT8_MAX));
	conn->last_seen_ms = self->now_ms;
}

/* Follows the TCP state, and what the other end has acknowledged. A reset that may be a guess is forwarded, since the
 * other end knows better, and changes nothing here. */
static inline void
conn_follow_tcp(struct worker *self, struct conn *conn, uint32_t direction, const struct rte_tcp_hdr *tcp)
{
	uint8_t next = tcp_next_state(conn, direction, tcp->tcp_flags, &self->lb->defence.secure_tcp);

	if (tcp->tcp_flags & RTE_TCP_ACK_FLAG)
		conn->last_ack[direction] = tcp->recv_ack;
	if (unlikely(next != conn->state) &&
	    !((tcp->tcp_flags & RTE_TCP_RST_FLAG) && conn_doubts_reset(self, conn, direction, tcp->sent_seq)))
		conn_set_state(self, conn, next);
}

#endif
