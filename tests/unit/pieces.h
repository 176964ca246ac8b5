/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames cut into fragments.
 */
#ifndef PIECES_H
#define PIECES_H

#include "forwarded_flow.h"

#define PAYLOAD 1200
#define PIECES 4
#define PIECE 320 /* bytes of a piece, but for the last */
#define ID 0xbeef

struct pieces {
	uint32_t n;
	struct rte_mbuf *m[PIECES];
};

static inline uint16_t
ip_header(const struct rte_mbuf *m)
{
	return *rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN) >> 4 == 4 ? 20 : 40;
}

/* Bytes of M, an ordinary frame, from FIRST behind its IP header on, as a piece of a datagram named ID. M stays. */
static inline struct rte_mbuf *
piece_of(const struct rte_mbuf *m, uint16_t id, uint32_t first, uint32_t length, bool more)
{
	const uint16_t header = RTE_ETHER_HDR_LEN + ip_header(m), extra = ip_header(m) == 40 ? 8 : 0;
	struct rte_mbuf *piece = rte_pktmbuf_alloc(packet_pool);
	uint8_t *frame = (uint8_t *)rte_pktmbuf_append(piece, (uint16_t)(header + extra + length));
	struct rte_ipv4_hdr *v4 = (void *)(frame + RTE_ETHER_HDR_LEN);
	struct rte_ipv6_hdr *v6 = (void *)(frame + RTE_ETHER_HDR_LEN);

	memcpy(frame, rte_pktmbuf_mtod(m, void *), header);
	memcpy(frame + header + extra, rte_pktmbuf_mtod_offset(m, void *, header + first), length);
	if (extra == 0) {
		v4->packet_id = rte_cpu_to_be_16(id);
		v4->fragment_offset = rte_cpu_to_be_16((uint16_t)(first / 8 | (more ? RTE_IPV4_HDR_MF_FLAG : 0)));
		v4->total_length = rte_cpu_to_be_16((uint16_t)(20 + length));
		v4->hdr_checksum = 0;
		v4->hdr_checksum = rte_ipv4_cksum(v4);
	} else {
		const rte_be16_t place = rte_cpu_to_be_16((uint16_t)(first | (more ? 1 : 0)));
		const rte_be32_t id32 = rte_cpu_to_be_32(id);

		frame[header] = v6->proto;
		frame[header + 1] = 0;
		memcpy(frame + header + 2, &place, 2);
		memcpy(frame + header + 4, &id32, 4);
		v6->proto = 44;
		v6->payload_len = rte_cpu_to_be_16((uint16_t)(8 + length));
	}
	return piece;
}

/* M is consumed. */
static inline struct pieces
cut_packet(struct rte_mbuf *m, uint16_t id)
{
	const uint32_t length = m->pkt_len - RTE_ETHER_HDR_LEN - ip_header(m);
	struct pieces pieces = { .n = 0 };

	for (uint32_t first = 0; first < length; first += PIECE) {
		bool more = length - first > PIECE;

		assert_true(pieces.n < PIECES);
		pieces.m[pieces.n++] = piece_of(m, id, first, more ? PIECE : length - first, more);
	}
	assert_int_equal(pieces.n, PIECES);
	rte_pktmbuf_free(m);
	return pieces;
}

static inline struct pieces
cut(const struct frame *frame, uint8_t port, uint16_t id)
{
	return cut_packet(frame_new(frame, port), id);
}

static inline void
pieces_free(const struct pieces *pieces)
{
	for (uint32_t i = 0; i < pieces->n; i++)
		rte_pktmbuf_free(pieces->m[i]);
}

static inline void
assert_same_frame(const struct rte_mbuf *m, const struct rte_mbuf *wanted)
{
	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
}

/* Takes packet IN in pieces in ORDER, and looks for those of OUT on the other port: the first one, those that waited in
 * their order, then the rest. WORKER: that receives them, WORKERS_MAX: one after the other. Both are consumed. */
static inline void
packets_pass(struct network *network, struct rte_mbuf *in, uint8_t in_port, struct rte_mbuf *out, uint8_t out_port,
	     const uint32_t order[PIECES], uint32_t worker)
{
	static uint16_t id = ID;
	const struct pieces wanted = cut_packet(out, ++id), pieces = cut_packet(in, id);
	uint32_t expected[PIECES], n = 0;
	struct caught *caught = &sent[out_port];

	for (uint32_t i = 0; i < PIECES; i++) {
		if (order[i] == 0)
			expected[n++] = 0;
	}
	for (uint32_t i = 0; i < PIECES; i++) {
		if (order[i] != 0)
			expected[n++] = order[i];
		receive(network, worker == WORKERS_MAX ? i % network->director->n_workers : worker, in_port,
			pieces.m[order[i]]);
		assert_accounts_close(network);
	}
	assert_int_equal(caught->n, PIECES);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_same_frame(caught->packets[i], wanted.m[expected[i]]);
	assert_int_equal(counted(network, COUNT_HELD), 0);
	pieces_free(&wanted);
	forget_packets(network);
}

static inline void
pieces_pass(struct network *network, const struct frame *in, uint8_t in_port, const struct frame *out, uint8_t out_port,
	    const uint32_t order[PIECES], uint32_t worker)
{
	packets_pass(network, frame_new(in, in_port), in_port, frame_new(out, out_port), out_port, order, worker);
}

static const uint32_t orders[][PIECES] = {
	{ 0, 1, 2, 3 }, { 3, 2, 1, 0 }, { 1, 0, 2, 3 }, { 3, 0, 1, 2 }, { 2, 3, 0, 1 },
	{ 1, 2, 3, 0 }, { 0, 3, 2, 1 }, { 2, 0, 3, 1 }, { 3, 1, 0, 2 }, { 0, 2, 1, 3 },
};

#endif
