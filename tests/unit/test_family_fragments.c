/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments between IPv6 clients and IPv4 servers, and the other way round: RFC 7915, 4.1 and 5.1.1.
 */
#include "family_pairs.h"
#include "pieces.h"

#define NARROW 1300

/* M is a piece as WANTED, which was cut in the family that it leaves in. */
static void
assert_same_piece(const struct rte_mbuf *m, const struct rte_mbuf *wanted)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	const uint8_t *fresh = rte_pktmbuf_mtod_offset(wanted, const uint8_t *, 14);

	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_int_equal(m->data_len, wanted->pkt_len);
	assert_memory_equal(ip - 14, fresh - 14, 14);
	if (*ip >> 4 == 6) {
		assert_int_equal(be16(ip) << 16 | be16(ip + 2), 0x62800000);
		assert_memory_equal(ip + 4, fresh + 4, m->pkt_len - 18);
		return;
	}
	assert_int_equal(be16(ip), 0x4500);
	assert_memory_equal(ip + 2, fresh + 2, 8);
	assert_memory_equal(ip + 12, fresh + 12, m->pkt_len - 26);
	assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
}

/* IN goes in by PORT in pieces, and comes out as OUT's. WORKER: as in pieces_pass(). */
static void
pieces_cross(struct network *network, uint8_t port, const struct frame *in, const struct frame *out,
	     const uint32_t order[PIECES], uint32_t worker)
{
	static uint16_t id = ID;
	const struct pieces wanted = cut(out, port ^ 1, ++id), pieces = cut(in, port, id);
	uint32_t expected[PIECES] = { 0 }, n = 1;

	for (uint32_t i = 0; i < PIECES; i++) {
		if (order[i] != 0)
			expected[n++] = order[i];
		receive(network, worker == WORKERS_MAX ? i % network->director->n_workers : worker, port,
			pieces.m[order[i]]);
		assert_accounts_close(network);
	}
	assert_int_equal(sent[port ^ 1].n, PIECES);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_same_piece(sent[port ^ 1].packets[i], wanted.m[expected[i]]);
	assert_int_equal(counted(network, COUNT_HELD), 0);
	pieces_free(&wanted);
	forget_packets(network);
}

static void
set_length(struct pair_talk *talk, const struct pair *pair, uint16_t length)
{
	talk->in.flags = talk->out.flags = talk->to_client.flags = talk->to_server.flags = ACK;
	talk->in.payload = talk->out.payload = talk->to_client.payload = talk->to_server.payload =
		(uint16_t)(length - (pair->proto == IPPROTO_TCP ? 20 : 8));
}

static void
every_order_crosses(const struct pair *pair, uint32_t n_workers)
{
	struct network *network = network_new(n_workers, 64);
	struct pair_talk talk;

	pair_serve_as(network, pair, 0);
	talk = pair_open(network, pair, 40000);
	set_length(&talk, pair, PAYLOAD);
	for (uint32_t i = 0; i < RTE_DIM(orders); i++) {
		for (uint32_t worker = 0; worker <= n_workers; worker++) {
			uint32_t at = worker == n_workers ? WORKERS_MAX : worker;

			pieces_cross(network, CLIENTS, &talk.in, &talk.to_server, orders[i], at);
			pieces_cross(network, SERVERS, &talk.out, &talk.to_client, orders[i], at);
		}
	}
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
	network_free(network);
}

static void
fragments_cross_in_every_order(void **state)
{
	(void)state;
	for (EACH_PAIR(pair))
		every_order_crosses(pair, 1);
}

static void
and_from_every_worker(void **state)
{
	(void)state;
	for (EACH_PAIR(pair))
		every_order_crosses(pair, 3);
}

/* Of a first fragment: behind the fragment header in IPv6. */
static uint16_t
first_local_port(const struct pair *pair)
{
	return (uint16_t)be16(
		rte_pktmbuf_mtod_offset(sent[SERVERS].packets[0], const uint8_t *, is_v6(pair->server) ? 62 : 34));
}

static void
the_first_datagram_may_come_in_fragments(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 2 * RTE_DIM(orders); i++) {
		const struct pair *pair = &pairs[1 + i % 2 * 2];
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_talk(pair, 40000, 0);
		struct pieces pieces;

		set_length(&talk, pair, PAYLOAD);
		pieces = cut(&talk.in, CLIENTS, ID);
		for (uint32_t n = 0; n < PIECES; n++)
			receive(network, 0, CLIENTS, pieces.m[orders[i / 2][n]]);
		assert_int_equal(sent[SERVERS].n, PIECES);
		talk = pair_talk(pair, 40000, first_local_port(pair));
		set_length(&talk, pair, PAYLOAD);
		pieces = cut(&talk.to_server, SERVERS, ID);
		assert_same_piece(sent[SERVERS].packets[0], pieces.m[0]);
		pieces_free(&pieces);
		assert_int_equal(counted(network, COUNT_CONNS), 1);
		forget_packets(network);
		network_free(network);
	}
}

/* All of a datagram would be needed to make the sum that IPv6 wants. */
static void
from_ipv4_without_a_checksum_they_are_dropped(void **state)
{
	struct network *network = pair_serve(&pairs[1]);
	struct pair_talk talk = pair_open(network, &pairs[1], 40000);
	struct pieces pieces;

	(void)state;
	set_length(&talk, &pairs[1], PAYLOAD);
	talk.out.no_checksum = true;
	pieces = cut(&talk.out, SERVERS, ID);
	receive(network, 0, SERVERS, pieces.m[0]);
	assert_dropped(network, DROP_FRAGMENT_FAMILY);
	for (uint32_t i = 1; i < pieces.n; i++)
		rte_pktmbuf_free(pieces.m[i]);
	network_free(network);
}

/* A first fragment that has destination options behind the fragment header, which IPv4 has no place for. */
static void
from_ipv6_with_options_behind_they_are_dropped(void **state)
{
	static const uint8_t options[8] = { IPPROTO_UDP, 0, 1, 4 };
	struct network *network = pair_serve(&pairs[1]);
	struct pair_talk talk = pair_open(network, &pairs[1], 40000);
	struct rte_mbuf *whole, *m;
	struct rte_ipv6_hdr *ip;
	uint8_t *frame;

	(void)state;
	set_length(&talk, &pairs[1], PAYLOAD);
	whole = frame_new(&talk.in, CLIENTS);
	m = piece_of(whole, ID, 0, PIECE, true);
	assert_non_null(rte_pktmbuf_prepend(m, sizeof(options)));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(frame, frame + sizeof(options), 14 + 48);
	memcpy(frame + 14 + 48, options, sizeof(options));
	frame[14 + 40] = IPPROTO_DSTOPTS;
	ip = (void *)(frame + 14);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(8 + sizeof(options) + PIECE));
	receive(network, 0, CLIENTS, m);
	assert_dropped(network, DROP_FRAGMENT_FAMILY);
	rte_pktmbuf_free(whole);
	network_free(network);
}

/* The frame as IPv4 sends it to whom may split it on the way. */
static struct rte_mbuf *
without_df(const struct frame *frame, uint8_t port, uint16_t id)
{
	struct rte_mbuf *m = frame_new(frame, port);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

	ip->packet_id = rte_cpu_to_be_16(id);
	ip->fragment_offset = 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

/* What PORT sent are fragments of IPv6 no longer than NARROW and named ID, from FIRST on, that make up the datagram of
 * frame OUT up to END, and no more come if it is LAST. */
static void
assert_makes_up(uint8_t port, const struct frame *out, uint32_t id, uint32_t first, uint32_t end, bool last)
{
	struct rte_mbuf *wanted = frame_new(out, port);

	for (uint32_t i = 0; i < sent[port].n; i++) {
		const struct rte_mbuf *m = sent[port].packets[i];
		const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
		const uint32_t length = m->pkt_len - 62;
		const bool more = !last || i + 1 < sent[port].n;

		assert_true(m->pkt_len <= 14 + NARROW);
		assert_int_equal(be16(frame + 14) << 16 | be16(frame + 16), 0x62800000);
		assert_int_equal(be16(frame + 18), 8 + length);
		assert_int_equal(frame[20], IPPROTO_FRAGMENT);
		assert_int_equal(frame[21], 63);
		assert_memory_equal(frame + 22, rte_pktmbuf_mtod_offset(wanted, const void *, 22), 32);
		assert_int_equal(be16(frame + 54), out->proto << 8);
		assert_int_equal(be16(frame + 56), first | more);
		assert_int_equal(be16(frame + 58) << 16 | be16(frame + 60), id);
		assert_memory_equal(frame + 62, rte_pktmbuf_mtod_offset(wanted, const void *, 54 + first), length);
		first += length;
	}
	assert_int_equal(first, end);
	rte_pktmbuf_free(wanted);
}

static void
what_ipv4_lets_be_split_is_for_ipv6(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 4 * RTE_DIM(pairs); i++) {
		const struct pair *pair = &pairs[i / 4];
		const uint8_t port = is_v6(pair->client) ? SERVERS : CLIENTS;
		const bool by_route = i & 2;
		struct network *network = pair_serve(pair);
		struct pair_talk talk = pair_open(network, pair, 40000);
		const struct frame *in = port == CLIENTS ? &talk.in : &talk.out;
		const struct frame *out = port == CLIENTS ? &talk.to_server : &talk.to_client;
		struct rte_mbuf *m, *whole;

		narrow_way(network, port ^ 1, NARROW, by_route);
		set_length(&talk, pair, 1480);
		m = without_df(in, port, 0xabcd);
		(i & 1 ? receive_slowly : receive)(network, 0, port, m);
		assert_int_equal(sent[port ^ 1].n, 2);
		/* It has no number that a fragment of another server may have here, where all are the VIP's. */
		assert_makes_up(port ^ 1, out, UINT16_MAX + 1, 0, 1480, true);
		assert_int_equal(counted(network, COUNT_SPLIT), 1);
		forget_packets(network);

		/* fragments themselves, of which the last one fits */
		whole = without_df(in, port, 0);
		receive(network, 0, port, piece_of(whole, 77, 0, 1400, true));
		assert_makes_up(port ^ 1, out, 77, 0, 1400, false);
		forget_packets(network);
		receive(network, 0, port, piece_of(whole, 77, 1400, 80, false));
		assert_int_equal(sent[port ^ 1].n, 1);
		assert_makes_up(port ^ 1, out, 77, 1400, 1480, true);
		assert_int_equal(counted(network, COUNT_SPLIT), 2);
		rte_pktmbuf_free(whole);
		forget_packets(network);
		network_free(network);
	}
}

/* Where even IPv6's smallest packets have no room. */
static void
a_way_too_narrow_for_ipv6_takes_none(void **state)
{
	struct network *network = pair_serve(&pairs[3]);
	struct pair_talk talk = pair_open(network, &pairs[3], 40000);

	(void)state;
	network->ports.port[SERVERS].mtu = 1000;
	set_length(&talk, &pairs[3], 1480);
	receive(network, 0, CLIENTS, without_df(&talk.in, CLIENTS, ID));
	assert_dropped(network, DROP_TOO_BIG);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_cross_in_every_order),
		cmocka_unit_test(and_from_every_worker),
		cmocka_unit_test(the_first_datagram_may_come_in_fragments),
		cmocka_unit_test(from_ipv4_without_a_checksum_they_are_dropped),
		cmocka_unit_test(from_ipv6_with_options_behind_they_are_dropped),
		cmocka_unit_test(what_ipv4_lets_be_split_is_for_ipv6),
		cmocka_unit_test(a_way_too_narrow_for_ipv6_takes_none),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
