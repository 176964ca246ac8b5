/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path: packets of established connections, a burst at a time, in stages, so that the two cache lines that
 * each of them needs (bucket and connection) are on their way while others are worked on:
 *
 *   parse      ordinary IPv4 or IPv6 with TCP or UDP: its key and hash; prefetch the bucket
 *   match      tags of the bucket; prefetch the connection
 *   forward    verify the key, count, follow the state, rewrite, send
 *
 * Whatever does not fit goes to path_slow() as it came.
 */
#include "lb/conn_table.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "port/port.h"

struct lookup {
	struct rte_mbuf *m;
	const struct conn_table *table; /* NULL: for the slow path */
	uint64_t hash;
	uint32_t value;
	uint8_t proto;
};

#define IPV4_ORDINARY 0x45
#define IPV4_FRAGMENT RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)
#define L4_AT4 (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr))
#define L4_AT6 (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr))

static inline bool
ipv4_sum_is_right(const struct rte_ipv4_hdr *ip)
{
	const uint8_t *bytes = (const void *)ip;
	uint64_t sum = (uint64_t)load32(bytes) + load32(bytes + 4) + load32(bytes + 8) + load32(bytes + 12) +
		       load32(bytes + 16);

	return checksum_fold(sum) == 0xffff;
}

/* Transport header of LEFT bytes: whole, and nothing odd about it. */
static inline bool
l4_is_ordinary(const void *l4, uint8_t proto, uint32_t left)
{
	if (proto == IPPROTO_TCP_) {
		const struct rte_tcp_hdr *tcp = l4;
		return left >= sizeof(*tcp) && (tcp->data_off >> 4) >= 5 && (tcp->data_off >> 4) * 4u <= left &&
		       (tcp->tcp_flags & RTE_TCP_SYN_FLAG) == 0;
	}
	if (proto == IPPROTO_UDP_) {
		uint32_t length = rte_be_to_cpu_16(((const struct rte_udp_hdr *)l4)->dgram_len);

		return left >= sizeof(struct rte_udp_hdr) && length >= sizeof(struct rte_udp_hdr) && length <= left;
	}
	return false;
}

static inline void
parse_ipv4(const struct worker *self, struct lookup *lookup, uint32_t frame)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(lookup->m, void *, RTE_ETHER_HDR_LEN);
	uint32_t length;

	if (frame < L4_AT4 + sizeof(struct rte_udp_hdr))
		return;
	length = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl != IPV4_ORDINARY || (ip->fragment_offset & IPV4_FRAGMENT) != 0 || ip->time_to_live <= 1 ||
	    length > frame - RTE_ETHER_HDR_LEN || length < sizeof(*ip) + sizeof(struct rte_udp_hdr) ||
	    !ipv4_sum_is_right(ip) || !l4_is_ordinary(ip + 1, ip->next_proto_id, length - sizeof(*ip)))
		return;
	lookup->table = self->conns[TABLE_IPV4];
	lookup->proto = ip->next_proto_id;
	lookup->hash = conn_hash4(lookup->table, &ip->src_addr, ip->next_proto_id);
	rte_prefetch0(conn_bucket(lookup->table, lookup->hash));
}

static inline void
parse_ipv6(const struct worker *self, struct lookup *lookup, uint32_t frame)
{
	const struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(lookup->m, void *, RTE_ETHER_HDR_LEN);
	uint32_t length;

	if (frame < L4_AT6 + sizeof(struct rte_udp_hdr))
		return;
	length = rte_be_to_cpu_16(ip->payload_len);
	if ((*(const uint8_t *)ip >> 4) != 6 || ip->hop_limits <= 1 || length > frame - L4_AT6 ||
	    length < sizeof(struct rte_udp_hdr) || !l4_is_ordinary(ip + 1, ip->proto, length))
		return;
	lookup->table = self->conns[TABLE_IPV6];
	lookup->proto = ip->proto;
	lookup->hash = conn_hash6(lookup->table, &ip->src_addr, ip->proto);
	rte_prefetch0(conn_bucket(lookup->table, lookup->hash));
}

static inline void
parse(const struct worker *self, struct lookup *lookup, const struct rte_ether_addr *mac)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(lookup->m, const struct rte_ether_hdr *);
	uint32_t frame = rte_pktmbuf_data_len(lookup->m);

	lookup->table = NULL;
	if (frame < RTE_ETHER_HDR_LEN || lookup->m->nb_segs != 1 || !rte_is_same_ether_addr(&ether->dst_addr, mac) ||
	    (lookup->m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return;
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		parse_ipv4(self, lookup, frame);
	else if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		parse_ipv6(self, lookup, frame);
}

/* The key as it stands in the packet. */
static inline const uint8_t *
key_of(const struct lookup *lookup)
{
	return rte_pktmbuf_mtod_offset(lookup->m, const uint8_t *, RTE_ETHER_HDR_LEN + (lookup->table->ipv6 ? 8 : 12));
}

static inline void
match(struct lookup *lookup)
{
	const struct conn_bucket *bucket = conn_bucket(lookup->table, lookup->hash);
	uint32_t mask = bucket_match(bucket, conn_tag(lookup->hash));
	const uint8_t *conn;

	lookup->value = mask != 0 ? bucket->value[__builtin_ctz(mask)] : CONN_NONE;
	if (lookup->value == CONN_NONE)
		return;
	conn = (const uint8_t *)conn_at(lookup->table, CONN_NUMBER(lookup->value));
	rte_prefetch0(conn);
	if (lookup->table->ipv6)
		rte_prefetch0(conn + 64);
}

/* The first tag that fits is nearly always the right one; if not, the whole chain is searched. */
static inline uint32_t
verify(const struct lookup *lookup)
{
	const uint8_t *key = key_of(lookup);

	if (likely(lookup->value != CONN_NONE && conn_matches(lookup->table, lookup->value, key, lookup->proto)))
		return lookup->value;
	return conn_find(lookup->table, key, lookup->proto, lookup->hash);
}

/* False: for the slow path, nothing is changed yet. */
static inline bool
forward(struct worker *self, const struct lookup *lookup, uint32_t value)
{
	struct conn *conn = conn_at(lookup->table, CONN_NUMBER(value));
	uint32_t direction = CONN_DIRECTION(value);
	bool ipv6 = lookup->table->ipv6;
	void *ip = rte_pktmbuf_mtod_offset(lookup->m, void *, RTE_ETHER_HDR_LEN);
	void *l4 = rte_pktmbuf_mtod_offset(lookup->m, void *, ipv6 ? L4_AT6 : L4_AT4);
	union nexthop nexthop;

	if (unlikely((conn->flags & (CONN_SHIFTED | CONN_LEFT)) != 0 || conn->fib_generation != self->fib->generation ||
		     (direction == CONN_IN && !dest_alive(self->lb, conn->dest))))
		return false;
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	if (unlikely(nexthop.state != NEXTHOP_READY))
		return false;
	if (conn->proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, l4);
	if (ipv6) {
		conn_count(self, conn, direction,
			   L4_AT6 - RTE_ETHER_HDR_LEN + rte_be_to_cpu_16(((struct rte_ipv6_hdr *)ip)->payload_len));
		rewrite_ipv6(ip, l4, conn, direction);
	} else {
		conn_count(self, conn, direction, rte_be_to_cpu_16(((struct rte_ipv4_hdr *)ip)->total_length));
		rewrite_ipv4(ip, l4, conn, direction);
	}
	transmit_ready(self, lookup->m, nexthop);
	return true;
}

static void
established(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	const struct port *ports = self->ports->port;
	struct lookup lookups[BURST];

	for (uint32_t i = 0; i < n; i++) {
		lookups[i].m = packets[i];
		parse(self, &lookups[i], &ports[handed_over ? packets[i]->port : port].mac);
	}
	for (uint32_t i = 0; i < n; i++) {
		if (lookups[i].table)
			match(&lookups[i]);
	}
	for (uint32_t i = 0; i < n; i++) {
		uint32_t value = lookups[i].table ? verify(&lookups[i]) : CONN_NONE;

		if (unlikely(value == CONN_NONE || !forward(self, &lookups[i], value)))
			path_slow(self, packets[i], handed_over ? (uint8_t)packets[i]->port : port, handed_over);
	}
}

void
path_burst(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	established(self, port, handed_over, packets, n);
}
