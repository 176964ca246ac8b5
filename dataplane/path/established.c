/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path: packets of established connections, a burst at a time, in stages, so that the two cache lines that
 * each of them needs (bucket and connection; IPv6: a third) are on their way while others are worked on:
 *
 *   parse      ordinary IPv4 or IPv6 with TCP or UDP: its key and hash; prefetch the bucket
 *   match      tags of the bucket; prefetch the connection
 *   expect     prefetch the line of the destination's counts
 *   forward    verify the key, count, follow the state, rewrite, send
 *
 * What needs more than a rewrite is finished in tunnel_pass.c, mapped_pass.c and apart.c; whatever does not fit goes to
 * path_slow() as it came.
 */
#include "core/prefetch.h"
#include "lb/conn_table.h"
#include "path/mapped_pass.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/transmit.h"
#include "port/port.h"

struct lookup {
	struct rte_mbuf *m;
	uint8_t *ip; /* its header, NULL: for the slow path */
	union {
		const struct conn_bucket *bucket; /* until something in it looks like the packet's connection */
		struct conn *conn;
	};
	uint32_t value;
	uint16_t tag;
	uint8_t proto;
	bool ipv6;
};

#define IPV4_ORDINARY 0x45
#define IPV4_FRAGMENT RTE_BE16(RTE_IPV4_HDR_MF_FLAG | RTE_IPV4_HDR_OFFSET_MASK)

static inline bool
ipv4_sum_is_right(const struct rte_ipv4_hdr *ip)
{
	const uint8_t *bytes = (const void *)ip;
	uint64_t words[3] = { load64(bytes), load64(bytes + 8), load32(bytes + 16) }, sum = words[0] + words[1];

	sum += sum < words[1];
	sum += words[2];
	sum += sum < words[2];
	return checksum_fold(sum) == 0xffff;
}

/* Transport header of LEFT bytes: whole, with lengths that are sound. */
static inline bool
l4_is_ordinary(const void *l4, uint8_t proto, uint32_t left)
{
	if (proto == IPPROTO_TCP_) {
		const struct rte_tcp_hdr *tcp = l4;
		return left >= sizeof(*tcp) && (tcp->data_off >> 4) >= 5 && (tcp->data_off >> 4) * 4u <= left;
	}
	if (proto == IPPROTO_UDP_) {
		uint32_t length = rte_be_to_cpu_16(((const struct rte_udp_hdr *)l4)->dgram_len);

		return left >= sizeof(struct rte_udp_hdr) && length >= sizeof(struct rte_udp_hdr) && length <= left;
	}
	return false;
}

static inline const struct conn_table *
table_of(const struct worker *self, bool ipv6)
{
	return self->conns[ipv6 ? TABLE_IPV6 : TABLE_IPV4];
}

static inline void
set_bucket(struct lookup *lookup, const struct conn_table *table, uint64_t hash)
{
	lookup->bucket = conn_bucket(table, hash);
	lookup->tag = conn_tag(hash);
	rte_prefetch0(lookup->bucket);
}

/* FRAME: bytes from the IP header on. */
static inline void
parse_ipv4(const struct worker *self, struct lookup *lookup, struct rte_ipv4_hdr *ip, uint32_t frame)
{
	const struct conn_table *table = table_of(self, false);
	uint32_t length;

	if (frame < sizeof(*ip) + sizeof(struct rte_udp_hdr))
		return;
	length = rte_be_to_cpu_16(ip->total_length);
	if (ip->version_ihl != IPV4_ORDINARY || (ip->fragment_offset & IPV4_FRAGMENT) != 0 || ip->time_to_live <= 1 ||
	    length > frame || length < sizeof(*ip) + sizeof(struct rte_udp_hdr) || !ipv4_sum_is_right(ip) ||
	    !l4_is_ordinary(ip + 1, ip->next_proto_id, length - sizeof(*ip)))
		return;
	lookup->ip = (uint8_t *)ip;
	lookup->ipv6 = false;
	lookup->proto = ip->next_proto_id;
	set_bucket(lookup, table, conn_hash4(table, &ip->src_addr, ip->next_proto_id));
}

static inline void
parse_ipv6(const struct worker *self, struct lookup *lookup, struct rte_ipv6_hdr *ip, uint32_t frame)
{
	const struct conn_table *table = table_of(self, true);
	uint32_t length;

	if (frame < sizeof(*ip) + sizeof(struct rte_udp_hdr))
		return;
	length = rte_be_to_cpu_16(ip->payload_len);
	if ((*(const uint8_t *)ip >> 4) != 6 || ip->hop_limits <= 1 || length > frame - sizeof(*ip) ||
	    length < sizeof(struct rte_udp_hdr) || !l4_is_ordinary(ip + 1, ip->proto, length))
		return;
	lookup->ip = (uint8_t *)ip;
	lookup->ipv6 = true;
	lookup->proto = ip->proto;
	set_bucket(lookup, table, conn_hash6(table, &ip->src_addr, ip->proto));
}

/* MAC: port_mac_word() of the port by which it came in. */
static inline void
parse(const struct worker *self, struct lookup *lookup, struct rte_mbuf *m, uint64_t mac)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	uint32_t frame = rte_pktmbuf_data_len(m);

	lookup->m = m;
	lookup->ip = NULL;
	if (frame < RTE_ETHER_HDR_LEN || m->nb_segs != 1 || ((load64(ether) ^ mac) & PORT_MAC_BITS) != 0 ||
	    (m->ol_flags & RTE_MBUF_F_RX_L4_CKSUM_MASK) == RTE_MBUF_F_RX_L4_CKSUM_BAD)
		return;
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		parse_ipv4(self, lookup, (struct rte_ipv4_hdr *)(ether + 1), frame - RTE_ETHER_HDR_LEN);
	else if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6))
		parse_ipv6(self, lookup, (struct rte_ipv6_hdr *)(ether + 1), frame - RTE_ETHER_HDR_LEN);
}

/* The functions below are made twice: IPV6 is a constant where they are inlined. */

/* Of IPv4 it may be foreign. */
static __rte_always_inline struct conn *
conn_of(const struct worker *self, uint32_t value, const bool ipv6)
{
	if (ipv6)
		return conn6_at(table_of(self, true), CONN_NUMBER(value));
	if (unlikely((int32_t)value < 0))
		return conn6_at(table_of(self, true), CONN_NUMBER(value ^ CONN_FOREIGN));
	return (struct conn *)(void *)(table_of(self, false)->conns + (size_t)CONN_NUMBER(value) * CONN4_SIZE);
}

static __rte_always_inline void
match_family(const struct worker *self, struct lookup *lookup, const bool ipv6)
{
	uint32_t mask = bucket_match(lookup->bucket, lookup->tag);

	lookup->value = CONN_NONE;
	if (unlikely(mask == 0))
		return;
	lookup->value = lookup->bucket->value[__builtin_ctz(mask)];
	lookup->conn = conn_of(self, lookup->value, ipv6);
	prefetch_to_write(lookup->conn);
	if (ipv6 || unlikely((int32_t)lookup->value < 0))
		rte_prefetch0((const uint8_t *)lookup->conn + 64);
}

/* The connection may turn out to be another's, or to have ended meanwhile: nothing is done with its destination here. */
static inline void
expect(const struct worker *self, const struct lookup *lookup)
{
	const struct conn *conn = lookup->conn;

	if (unlikely(!lookup->ip || lookup->value == CONN_NONE))
		return;
	prefetch_to_write(&self->loads[DEST_INDEX(conn->dest)]);
	if (conn_is_tunnel(conn))
		rte_prefetch0(lb_tunnel_end(self->lb, conn->dest));
}

/* Nothing in the bucket looks like it, not even what the burst has brought meanwhile, and there is no other one. */
static inline bool
is_in_no_bucket(const struct lookup *lookup)
{
	return lookup->bucket->next == 0 && bucket_match(lookup->bucket, lookup->tag) == 0;
}

/* The whole chain. */
static __rte_noinline void
search(const struct worker *self, struct lookup *lookup)
{
	const struct conn_table *table = table_of(self, lookup->ipv6);
	const uint8_t *key = lookup->ip + (lookup->ipv6 ? 8 : 12);
	const uint64_t hash = conn_hash(table, key, lookup->proto);

	lookup->value = conn_find(table, key, lookup->proto, hash);
	if (lookup->value == CONN_NONE && !lookup->ipv6 && self->mapped_conns > 0)
		lookup->value = conn_find_foreign(table, table_of(self, true), key, lookup->proto, hash);
	if (lookup->value != CONN_NONE)
		lookup->conn = conn_of(self, lookup->value, lookup->ipv6);
}

static __rte_always_inline bool
is_its_own(const struct lookup *lookup, const bool ipv6)
{
	const uint8_t *key = lookup->ip + (ipv6 ? 8 : 12);
	const struct conn *conn = lookup->conn;
	const enum conn_direction direction = CONN_DIRECTION(lookup->value);

	if (conn->proto != lookup->proto)
		return false;
	if (ipv6)
		return conn_key6_equal(&conn->key6[direction], key);
	return unlikely((int32_t)lookup->value < 0) ? conn_key6_is_plain(&conn->key6[direction], key)
						    : conn_key4_equal(&conn->key4[direction], key);
}

/* The first tag that fits is nearly always the right one; if not, the whole chain is searched. */
static __rte_always_inline void
verify(const struct worker *self, struct lookup *lookup, const bool ipv6)
{
	if (unlikely(lookup->value == CONN_NONE ? !is_in_no_bucket(lookup) : !is_its_own(lookup, ipv6)))
		search(self, lookup);
}

/* False: for the slow path, nothing is changed yet. */
static __rte_always_inline bool
forward_family(struct worker *self, struct lookup *lookup, const bool ipv6)
{
	void *ip = lookup->ip, *l4 = lookup->ip + (ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));
	uint32_t value, direction;
	union nexthop nexthop;
	struct conn *conn;

	verify(self, lookup, ipv6);
	value = lookup->value;
	direction = CONN_DIRECTION(value);
	conn = lookup->conn;
	if (unlikely((int32_t)value < 0 || (conn->flags & (CONN_SLOW | CONN_APART)) != 0 ||
		     conn->fib_generation != self->fib->generation ||
		     ((direction ^ CONN_OUT) & !dest_is_live(self->lb, conn->dest)))) {
		if (value == CONN_NONE)
			return false;
		if (!ipv6 && (int32_t)value < 0)
			return mapped_pass_4to6(self, lookup->m, ip, conn, value ^ CONN_FOREIGN);
		nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
		if (conn_is_tunnel(conn) && nexthop.state == NEXTHOP_READY)
			return (ipv6 ? tunnel_pass_ipv6 : tunnel_pass_ipv4)(self, lookup->m, ip, l4, conn, nexthop);
		if (ipv6 && conn_is_translated(conn))
			return mapped_pass_6to4(self, lookup->m, ip, l4, conn, direction);
		return forward_apart(self, lookup->m, lookup->ip, value, ipv6);
	}
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	/* A narrow one is seen to there. */
	if (unlikely(nexthop.state != NEXTHOP_READY))
		return forward_apart(self, lookup->m, lookup->ip, value, ipv6);
	if (lookup->proto == IPPROTO_TCP_) {
		/* It may begin the connection anew. */
		if (unlikely(((struct rte_tcp_hdr *)l4)->tcp_flags & RTE_TCP_SYN_FLAG))
			return false;
		conn_follow_tcp(self, conn, direction, l4);
	}
	if (ipv6) {
		conn_count(self, conn, direction,
			   sizeof(struct rte_ipv6_hdr) + rte_be_to_cpu_16(((struct rte_ipv6_hdr *)ip)->payload_len));
		rewrite_ipv6(ip, l4, conn, direction);
	} else {
		conn_count(self, conn, direction, rte_be_to_cpu_16(((struct rte_ipv4_hdr *)ip)->total_length));
		rewrite_ipv4(ip, l4, conn, direction);
	}
	transmit_forward(self, lookup->m, nexthop);
	return true;
}

static inline void
match(const struct worker *self, struct lookup *lookup)
{
	if (unlikely(!lookup->ip))
		return;
	if (lookup->ipv6)
		match_family(self, lookup, true);
	else
		match_family(self, lookup, false);
}

static inline bool
forward(struct worker *self, struct lookup *lookup)
{
	if (unlikely(!lookup->ip))
		return false;
	return lookup->ipv6 ? forward_family(self, lookup, true) : forward_family(self, lookup, false);
}

static bool
may_open(const struct lookup *lookup)
{
	const struct rte_tcp_hdr *tcp =
		(const void *)(lookup->ip + (lookup->ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)));

	return lookup->proto != IPPROTO_TCP_ ||
	       (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG)) == RTE_TCP_SYN_FLAG;
}

static __rte_noinline void
leave(struct worker *self, struct openings *openings, const struct lookup *lookup, uint8_t port, bool handed_over)
{
	struct rte_mbuf *m = lookup->m;

	if (handed_over)
		port = (uint8_t)m->port;
	/* Those that wait have come before. */
	apart_finish(self);
	if (lookup->ip && lookup->value == CONN_NONE && may_open(lookup))
		path_unknown(self, openings, m, port, handed_over);
	else
		path_slow(self, openings, m, port, handed_over);
}

/* The stages take turns by groups of packets, each stage a group behind the one before: while a core works, it can wait
 * for some 20 lines; a packet of IPv4 needs two, one of IPv6 three. Within a group the prefetches follow each other
 * closely. That matters when the address is in no TLB: a prefetch holds up what comes after it until its page has been
 * found, but several pages can be looked for at once (doc/performance.md). */
#define GROUP_IPV4 8
#define GROUP_IPV6 6 /* most bursts are of one family; the first packet says which */

static inline void
prefetch_data(struct rte_mbuf **packets, uint32_t from, uint32_t to)
{
	for (uint32_t i = from; i < to; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
}

void
established_burst(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	const struct port *ports = self->ports->port;
	const uint64_t mac = port_mac_word(&ports[port]);
	uint32_t group;
	struct lookup lookups[BURST];
	struct openings openings;

	prefetch_data(packets, 0, RTE_MIN(n, (uint32_t)GROUP_IPV4));
	group = frame_is_ipv6(packets[0]) ? GROUP_IPV6 : GROUP_IPV4;
	openings.first = openings.n = 0;
	for (uint32_t at = 0; at < n + 2 * group; at += group) {
		prefetch_data(packets, RTE_MIN(at + group, n), RTE_MIN(at + 2 * group, n));
		for (uint32_t i = at; i < RTE_MIN(at + group, n); i++)
			parse(self, &lookups[i], packets[i],
			      handed_over ? port_mac_word(&ports[packets[i]->port]) : mac);
		if (at < group)
			continue;
		for (uint32_t i = at - group; i < RTE_MIN(at, n); i++)
			match(self, &lookups[i]);
		if (at < 2 * group)
			continue;
		for (uint32_t i = at - 2 * group; i < RTE_MIN(at - group, n); i++)
			expect(self, &lookups[i]);
		for (uint32_t i = at - 2 * group; i < RTE_MIN(at - group, n); i++) {
			if (unlikely(!forward(self, &lookups[i])))
				leave(self, &openings, &lookups[i], port, handed_over);
		}
	}
	apart_finish(self);
	openings_finish(self, &openings);
}
