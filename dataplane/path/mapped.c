/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path of IPv4 packets that the IPv4 table has no connection for, while there are connections between the
 * families: they may belong to one of these, which are in the IPv6 table. As in established.c a burst is looked up in
 * stages, so that its lines come from memory together.
 */
#include "core/prefetch.h"
#include "lb/conn_table.h"
#include "path/mapped.h"
#include "path/mapped_pass.h"
#include "path/translate.h"

static void
begin(const struct conn_table *table, struct mapped_packet *packet)
{
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(packet->m, const void *, RTE_ETHER_HDR_LEN);
	/* ip4_mapped(), by whole words: they are read as such */
	const uint64_t mapped = (uint64_t)RTE_BE32(0xffff), src = mapped | (uint64_t)ip->src_addr << 32,
		       dst = mapped | (uint64_t)ip->dst_addr << 32;
	uint64_t hash;

	memset(packet->key.src, 0, 8);
	memset(packet->key.dst, 0, 8);
	memcpy(packet->key.src + 8, &src, 8);
	memcpy(packet->key.dst + 8, &dst, 8);
	memcpy(&packet->key.sport, ip + 1, 4);
	packet->proto = ip->next_proto_id;
	hash = conn_hash6(table, &packet->key, packet->proto);
	packet->bucket = conn_bucket(table, hash);
	packet->tag = conn_tag(hash);
	rte_prefetch0(packet->bucket);
}

static void
match(const struct conn_table *table, struct mapped_packet *packet)
{
	uint32_t mask = bucket_match(packet->bucket, packet->tag);
	const struct conn *conn;

	packet->value = CONN_NONE;
	if (mask == 0)
		return;
	packet->value = packet->bucket->value[__builtin_ctz(mask)];
	conn = conn6_at(table, CONN_NUMBER(packet->value));
	prefetch_to_write(conn);
	rte_prefetch0((const uint8_t *)conn + 64);
}

/* As in established.c: the first tag that fits is nearly always the right one; if not, the whole chain is searched. */
static __rte_always_inline uint32_t
verify(const struct conn_table *table, const struct mapped_packet *packet)
{
	const uint32_t value = packet->value;

	if (value != CONN_NONE && conn6_at(table, CONN_NUMBER(value))->proto == packet->proto &&
	    conn_key6_equal(&conn6_at(table, CONN_NUMBER(value))->key6[CONN_DIRECTION(value)], &packet->key))
		return value;
	return conn_find(table, &packet->key, packet->proto, conn_hash6(table, &packet->key, packet->proto));
}

/* IPv6 wants one, even of UDP. */
static bool
has_checksum(const struct rte_ipv4_hdr *ip)
{
	return ip->next_proto_id != IPPROTO_UDP_ ||
	       ((const struct rte_udp_hdr *)(const void *)(ip + 1))->dgram_cksum != 0;
}

/* False: for the slow path, nothing is changed yet. */
static __rte_always_inline bool
forward(struct worker *self, const struct mapped_packet *packet, uint32_t value)
{
	struct conn *conn = conn6_at(self->conns[TABLE_IPV6], CONN_NUMBER(value));
	const uint32_t direction = CONN_DIRECTION(value);
	struct rte_mbuf *m = packet->m;
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const void *, RTE_ETHER_HDR_LEN);
	const struct rte_tcp_hdr *tcp = (const void *)(ip + 1);
	const uint16_t length = rte_be_to_cpu_16(ip->total_length);
	struct apart apart = { .m = m, .value = value, .ipv6 = true };
	union nexthop nexthop;
	int err;

	if ((conn->flags & CONN_SLOW) != 0 || conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)))
		return false;
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	if (length + TRANSLATION_ADDS > transmit_mtu_now(self, conn->nexthop[direction], nexthop) ||
	    (conn->proto == IPPROTO_TCP_ && (tcp->tcp_flags & RTE_TCP_SYN_FLAG) != 0))
		return false;
	if (conn_is_translated(conn) && has_checksum(ip) && rte_pktmbuf_headroom(m) >= (uint32_t)TRANSLATION_ADDS) {
		mapped_pass_4to6(self, m, ip, conn, direction, nexthop);
		return true;
	}
	err = translate_4to6(m, RTE_ETHER_HDR_LEN + sizeof(*ip), (uint16_t)(RTE_ETHER_HDR_LEN + length));
	if (err < 0) {
		drop(self, m, (enum drop_reason) - err);
		return true;
	}
	apart.ip = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);
	apart.nexthop = nexthop.word;
	apart_pass(self, &apart);
	return true;
}

/* Whether a packet before it in the burst has begun a connection of IPv4 that it belongs to. */
static bool
has_become_known(const struct worker *self, const struct mapped_packet *packet)
{
	const struct conn_table *table = self->conns[TABLE_IPV4];
	const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(packet->m, const void *, RTE_ETHER_HDR_LEN);

	return conn_find(table, &ip->src_addr, packet->proto, conn_hash4(table, &ip->src_addr, packet->proto)) !=
	       CONN_NONE;
}

static __rte_always_inline void
finish(struct worker *self, struct openings *openings, const struct mapped_packet *packet, bool handed_over)
{
	uint32_t value = verify(self->conns[TABLE_IPV6], packet);

	if (value != CONN_NONE && forward(self, packet, value))
		return;
	apart_finish(self);
	if (value == CONN_NONE && packet->may_open && !has_become_known(self, packet))
		path_unknown(self, openings, packet->m, packet->port, handed_over);
	else
		path_slow(self, openings, packet->m, packet->port, handed_over);
}

void
mapped_burst(struct worker *self, struct openings *openings, struct mapped_packets *packets, bool handed_over)
{
	const struct conn_table *table = self->conns[TABLE_IPV6];

	for (uint32_t i = 0; i < packets->n; i++)
		begin(table, &packets->at[i]);
	for (uint32_t i = 0; i < packets->n; i++)
		match(table, &packets->at[i]);
	for (uint32_t i = 0; i < packets->n; i++)
		finish(self, openings, &packets->at[i], handed_over);
}
