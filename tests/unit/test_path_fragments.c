/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments of services' packets: in every mode and order, at one worker and at several, to the last byte.
 */
#include "chosen_servers.h"
#include "pieces.h"

/* In a network with N workers, the first packet of the connection whole, or in pieces itself. */
static struct flow_under_test
flow_at(const struct mode *mode, uint32_t n)
{
	struct flow_under_test test = test_flow(mode);

	network_free(test.network);
	test.network = network_new(n, 64);
	serve(test.network, mode, mode->server, 1);
	return test;
}

/* The local port is known once the first packet is through. */
static void
learn_local_port(struct flow_under_test *test)
{
	struct rte_mbuf *m;
	const uint8_t *ports;

	test->in.payload = 0;
	test->in.flags = SYN;
	receive(test->network, 0, CLIENTS, frame_new(&test->in, CLIENTS));
	m = sent_one(SERVERS);
	ports = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN + ip_header(m));
	test->to_server.sport = (uint16_t)(ports[0] << 8 | ports[1]);
	rte_pktmbuf_free(m);
	test->in.flags = test->to_server.flags = ACK;
	test->in.payload = test->to_server.payload = (uint16_t)(PAYLOAD - (test->mode->proto == IPPROTO_TCP ? 20 : 8));
}

static struct frame
answer_of(const struct flow_under_test *test)
{
	return (struct frame){ .src = test->to_server.dst,
			       .dst = test->to_server.src,
			       .sport = test->to_server.dport,
			       .dport = test->to_server.sport,
			       .proto = test->mode->proto,
			       .flags = ACK,
			       .payload = test->in.payload,
			       .src_mac = server_mac[0] };
}

static void
every_order_passes(const struct mode *mode, uint32_t n_workers)
{
	struct flow_under_test test = flow_at(mode, n_workers);
	struct frame out;

	learn_local_port(&test);
	out = answer_of(&test);
	test.to_client.flags = ACK;
	test.to_client.payload = out.payload;
	for (uint32_t i = 0; i < RTE_DIM(orders); i++) {
		for (uint32_t worker = 0; worker <= n_workers; worker++) {
			uint32_t at = worker == n_workers ? WORKERS_MAX : worker;

			pieces_pass(test.network, &test.in, CLIENTS, &test.to_server, SERVERS, orders[i], at);
			if (mode->forward != FORWARD_DIRECT)
				pieces_pass(test.network, &out, SERVERS, &test.to_client, CLIENTS, orders[i], at);
		}
	}
	assert_int_equal(counted(test.network, COUNT_CONNS), 1);
	network_free(test.network);
}

static void
fragments_of_every_mode_pass_in_every_order(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		if (mode->proto != IPPROTO_SCTP)
			every_order_passes(mode, 1);
	}
}

static void
fragments_find_their_connection_from_every_worker(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		if (mode->proto != IPPROTO_SCTP)
			every_order_passes(mode, 3);
	}
}

/* What answers a client is sent to him, and might be the kernel's to route; but it is a connection's, whoever follows its
 * fragments. */
static void
refused_answers_are_dropped(const struct mode *mode, uint32_t n_workers)
{
	struct flow_under_test test = flow_at(mode, n_workers);
	struct pieces pieces, again;
	struct frame out;

	learn_local_port(&test);
	out = answer_of(&test);
	for (uint32_t worker = 0; worker < n_workers; worker++) {
		pieces = cut(&out, SERVERS, ID + worker);
		again = cut(&out, SERVERS, ID + worker);
		for (uint32_t n = 0; n < PIECES - 1; n++) {
			receive(test.network, worker, SERVERS, pieces.m[n]);
			assert_int_equal(sent[CLIENTS].n, n + 1);
			receive(test.network, worker, SERVERS, again.m[n]);
			assert_int_equal(sent[CLIENTS].n, n + 1);
		}
		assert_int_equal(dropped(test.network, DROP_FRAGMENT_DUPLICATE), (worker + 1) * (PIECES - 1));
		receive(test.network, worker, SERVERS, pieces.m[PIECES - 1]);
		while (sent[CLIENTS].n > 0)
			rte_pktmbuf_free(sent[CLIENTS].packets[--sent[CLIENTS].n]);
		rte_pktmbuf_free(again.m[PIECES - 1]);
	}
	assert_int_equal(sent[SERVERS].n, 0);
	network_free(test.network);
}

static void
refused_answers_are_not_left_to_the_kernel(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		if (mode->proto == IPPROTO_SCTP || mode->forward == FORWARD_DIRECT)
			continue;
		refused_answers_are_dropped(mode, 1);
		refused_answers_are_dropped(mode, 3);
	}
}

/* UDP alone: a SYN of 1200 bytes would be odd. */
static void
a_datagram_in_pieces_opens_a_connection(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		for (uint32_t i = 0; i < RTE_DIM(orders) && mode->proto == IPPROTO_UDP; i++) {
			struct flow_under_test test = flow_at(mode, 3);
			struct pieces pieces;

			test.in.payload = PAYLOAD;
			pieces = cut(&test.in, CLIENTS, ID);
			for (uint32_t n = 0; n < PIECES; n++)
				receive(test.network, (i + n) % 3, CLIENTS, pieces.m[orders[i][n]]);
			assert_int_equal(sent[SERVERS].n, PIECES);
			assert_int_equal(counted(test.network, COUNT_CONNS), 1);
			network_free(test.network);
		}
	}
}

/* All in one burst, the connection opened on the way. */
static void
a_burst_may_hold_all_of_a_datagram(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = flow_at(mode, 1);
		struct pieces pieces;

		if (mode->proto == IPPROTO_UDP) {
			test.in.payload = PAYLOAD;
			pieces = cut(&test.in, CLIENTS, ID);
			receive_burst(test.network, 0, CLIENTS, pieces.m, PIECES);
			assert_int_equal(sent[SERVERS].n, PIECES);
		}
		network_free(test.network);
	}
}

/* A UDP service of each family with full-NAT, and a datagram to it. */
static struct flow_under_test
udp_flow(bool ipv6, struct pieces *pieces)
{
	struct flow_under_test test = test_flow(&modes[ipv6 ? 11 : 5]);

	test.in.payload = PAYLOAD;
	*pieces = cut(&test.in, CLIENTS, ID);
	return test;
}

static void
overlapping_fragments_end_their_datagram(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct pieces pieces;
		struct flow_under_test test = udp_flow(ipv6, &pieces);
		struct rte_mbuf *whole = frame_new(&test.in, CLIENTS);

		receive(test.network, 0, CLIENTS, pieces.m[1]);
		receive(test.network, 0, CLIENTS, piece_of(whole, ID, PIECE + 8, PIECE, true));
		assert_int_equal(dropped(test.network, DROP_FRAGMENT_OVERLAP), 2);
		assert_int_equal(counted(test.network, COUNT_HELD), 0);
		receive(test.network, 0, CLIENTS, pieces.m[0]);
		receive(test.network, 0, CLIENTS, pieces.m[2]);
		receive(test.network, 0, CLIENTS, pieces.m[3]);
		assert_int_equal(dropped(test.network, DROP_FRAGMENT_OVERLAP), 5);
		assert_nothing_sent();
		rte_pktmbuf_free(whole);
		network_free(test.network);
	}
}

static void
a_duplicate_is_dropped_alone(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct pieces pieces;
		struct flow_under_test test = udp_flow(ipv6, &pieces);
		struct pieces again = cut(&test.in, CLIENTS, ID);

		receive(test.network, 0, CLIENTS, pieces.m[1]);
		receive(test.network, 0, CLIENTS, again.m[1]);
		assert_dropped(test.network, DROP_FRAGMENT_DUPLICATE);
		receive(test.network, 0, CLIENTS, pieces.m[0]);
		receive(test.network, 0, CLIENTS, again.m[0]);
		receive(test.network, 0, CLIENTS, pieces.m[3]);
		receive(test.network, 0, CLIENTS, again.m[3]);
		receive(test.network, 0, CLIENTS, pieces.m[2]);
		assert_int_equal(dropped(test.network, DROP_FRAGMENT_DUPLICATE), 3);
		assert_int_equal(sent[SERVERS].n, PIECES);
		/* Whole by now, and forgotten: another one would be a new datagram's. */
		receive(test.network, 0, CLIENTS, again.m[2]);
		assert_int_equal(counted(test.network, COUNT_HELD), 1);
		network_free(test.network);
	}
}

static void
fragments_without_a_first_one_go_in_time(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct pieces pieces;
		struct flow_under_test test = udp_flow(ipv6, &pieces);
		struct worker *self = test.network->director->workers[0];

		for (uint32_t i = 1; i < PIECES; i++)
			receive(test.network, 0, CLIENTS, pieces.m[i]);
		assert_int_equal(counted(test.network, COUNT_HELD), PIECES - 1);
		assert_accounts_close(test.network);
		self->now_ms += (ipv6 ? FRAGMENT_IPV6_MS : FRAGMENT_IPV4_MS) - 1;
		fragment_sweep(self);
		assert_int_equal(counted(test.network, COUNT_HELD), PIECES - 1);
		self->now_ms++;
		fragment_sweep(self);
		assert_int_equal(counted(test.network, COUNT_HELD), 0);
		assert_int_equal(dropped(test.network, DROP_FRAGMENT_TIMEOUT), PIECES - 1);
		rte_pktmbuf_free(pieces.m[0]);
		network_free(test.network);
	}
}

static void
what_waits_is_bounded(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct pieces pieces;
		struct flow_under_test test = udp_flow(ipv6, &pieces);
		struct rte_mbuf *whole = frame_new(&test.in, CLIENTS);

		for (uint16_t id = 0; id < 10 * FIXTURE_FRAGMENTS; id++)
			receive(test.network, 0, CLIENTS, piece_of(whole, id, PIECE, PIECE, true));
		assert_int_equal(counted(test.network, COUNT_HELD), FIXTURE_DATAGRAMS);
		assert_int_equal(dropped(test.network, DROP_FRAGMENTS_FULL),
				 10 * FIXTURE_FRAGMENTS - FIXTURE_DATAGRAMS);
		assert_accounts_close(test.network);
		assert_nothing_sent();
		pieces_free(&pieces);
		rte_pktmbuf_free(whole);
		network_free(test.network);
	}
}

/* What no fragment is: FIRST, LENGTH and MORE of a frame that is long enough. */
static const struct {
	uint32_t first, length;
	bool more, ipv6;
	enum drop_reason reason;
} unsound[] = {
	{ 0, 7, true, false, DROP_FRAGMENT_LENGTH },	  { 0, 0, true, false, DROP_FRAGMENT_LENGTH },
	{ 8, 0, false, false, DROP_FRAGMENT_LENGTH },	  { 16, 9, true, false, DROP_FRAGMENT_LENGTH },
	{ 65528, 8, false, false, DROP_FRAGMENT_LENGTH }, { 65512, 4, false, false, DROP_FRAGMENT_LENGTH },
	{ 0, 8, true, false, DROP_FRAGMENT_TINY },	  { 0, 16, true, false, DROP_FRAGMENT_TINY },
	{ 0, 12, true, true, DROP_FRAGMENT_LENGTH },	  { 65528, 8, false, true, DROP_FRAGMENT_LENGTH },
	{ 0, 8, true, true, DROP_FRAGMENT_TINY },	  { 0, 16, true, true, DROP_FRAGMENT_TINY },
};

static void
unsound_fragments_have_their_own_reasons(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(unsound); i++) {
		struct flow_under_test test = test_flow(&modes[unsound[i].ipv6 ? 10 : 4]);
		struct rte_mbuf *whole, *m;
		uint16_t place;

		test.in.flags = SYN;
		whole = frame_new(&test.in, CLIENTS);
		m = piece_of(whole, ID, 0, unsound[i].length, unsound[i].more);
		if (unsound[i].ipv6) {
			place = rte_cpu_to_be_16((uint16_t)(unsound[i].first | unsound[i].more));
			memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 40 + 2), &place, 2);
		} else {
			struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

			ip->fragment_offset = rte_cpu_to_be_16(
				(uint16_t)(unsound[i].first / 8 | (unsound[i].more ? RTE_IPV4_HDR_MF_FLAG : 0)));
			ip->hdr_checksum = 0;
			ip->hdr_checksum = rte_ipv4_cksum(ip);
		}
		receive(test.network, 0, CLIENTS, m);
		assert_dropped(test.network, unsound[i].reason);
		rte_pktmbuf_free(whole);
		network_free(test.network);
	}
}

/* RFC 6946: a packet that is whole, with a fragment header. */
static void
an_atomic_fragment_is_a_packet(void **state)
{
	struct flow_under_test test = test_flow(&modes[11]);
	struct rte_mbuf *whole, *wanted, *m;

	(void)state;
	learn_local_port(&test);
	whole = frame_new(&test.in, CLIENTS);
	m = piece_of(whole, ID, 0, PAYLOAD, false);
	rte_pktmbuf_free(whole);
	whole = frame_new(&test.to_server, SERVERS);
	wanted = piece_of(whole, ID, 0, PAYLOAD, false);
	receive(test.network, 0, CLIENTS, m);
	m = sent_one(SERVERS);
	assert_same_frame(m, wanted);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(whole);
	rte_pktmbuf_free(wanted);
	network_free(test.network);
}

/* To the director's own addresses, or of a protocol that no service has. */
static void
other_fragments_are_the_kernels(void **state)
{
	static const struct {
		const char *dst;
		uint8_t proto;
	} others[] = { { "192.0.2.77", IPPROTO_UDP }, { "2001:db8::77", IPPROTO_UDP }, { "192.0.2.1", 200 } };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(others); i++) {
		struct flow_under_test test = test_flow(&modes[5]);
		struct rte_mbuf *whole, *m;

		test.in.src = strchr(others[i].dst, ':') ? "2001:db8:1::7" : "198.51.100.7";
		test.in.dst = others[i].dst;
		test.in.payload = PAYLOAD;
		whole = frame_new(&test.in, CLIENTS);
		for (uint32_t first = 0; first <= PIECE; first += PIECE) {
			m = piece_of(whole, ID, first, PIECE, true);
			if (others[i].proto == 200) {
				struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);

				ip->next_proto_id = 200;
				ip->hdr_checksum = 0;
				ip->hdr_checksum = rte_ipv4_cksum(ip);
			}
			receive(test.network, 0, CLIENTS, m);
			assert_to_kernel(test.network, EXCEPTION_OTHER);
		}
		rte_pktmbuf_free(whole);
		network_free(test.network);
	}
}

static void
fragments_in_transit_wait_and_are_the_kernels(void **state)
{
	struct pieces pieces;
	struct flow_under_test test = udp_flow(false, &pieces);

	(void)state;
	pieces_free(&pieces);
	test.in.dst = "10.0.0.2";
	pieces = cut(&test.in, CLIENTS, ID);
	receive(test.network, 0, CLIENTS, pieces.m[3]);
	assert_int_equal(counted(test.network, COUNT_HELD), 1);
	for (uint32_t i = 0; i < 3; i++)
		receive(test.network, 0, CLIENTS, pieces.m[i]);
	assert_int_equal(test.network->kernel.got[EXCEPTION_OTHER].n, PIECES);
	assert_nothing_sent();
	network_free(test.network);
}

static void
a_local_address_takes_no_fragments_of_strangers(void **state)
{
	struct pieces pieces;
	struct flow_under_test test = udp_flow(false, &pieces);

	(void)state;
	pieces_free(&pieces);
	test.in.dst = "10.0.0.100";
	pieces = cut(&test.in, CLIENTS, ID);
	for (uint32_t i = 0; i < PIECES; i++) {
		receive(test.network, 0, CLIENTS, pieces.m[i]);
		assert_dropped(test.network, DROP_FRAGMENT);
	}
	network_free(test.network);
}

/* To a port of the VIP that no service has: the host says so. */
static void
fragments_of_no_service_are_the_kernels(void **state)
{
	struct pieces pieces;
	struct flow_under_test test = udp_flow(false, &pieces);

	(void)state;
	pieces_free(&pieces);
	test.in.dport = 81;
	pieces = cut(&test.in, CLIENTS, ID);
	for (uint32_t i = PIECES; i-- > 0;)
		receive(test.network, 0, CLIENTS, pieces.m[i]);
	assert_int_equal(test.network->kernel.got[EXCEPTION_OTHER].n, PIECES);
	network_free(test.network);
}

static void
persistent_services_take_fragments_at_every_worker(void **state)
{
	const struct service_spec spec = spec_of(IPPROTO_UDP, "192.0.2.9", 80, IP_VS_SVC_F_PERSISTENT);
	const struct dest_spec dest = { .address = "10.0.0.1", .port = 8080, .weight = 1, .forward = FORWARD_NAT };

	(void)state;
	for (uint32_t client = 1; client < 30; client++) {
		struct network *network = network_new(3, 64);
		char source[32];
		struct frame in = { .src = source,
				    .dst = "192.0.2.9",
				    .sport = 4000,
				    .dport = 80,
				    .proto = IPPROTO_UDP,
				    .payload = PAYLOAD };
		struct pieces pieces;

		snprintf(source, sizeof(source), "198.51.100.%u", client);
		director_serve_as(network->director, &spec, 0, &dest, 1);
		pieces = cut(&in, CLIENTS, ID);
		for (uint32_t i = 0; i < PIECES; i++)
			receive(network, client % 3, CLIENTS, pieces.m[client & 1 ? i : PIECES - 1 - i]);
		assert_int_equal(sent[SERVERS].n, PIECES);
		network_free(network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_of_every_mode_pass_in_every_order),
		cmocka_unit_test(fragments_find_their_connection_from_every_worker),
		cmocka_unit_test(a_datagram_in_pieces_opens_a_connection),
		cmocka_unit_test(a_burst_may_hold_all_of_a_datagram),
		cmocka_unit_test(overlapping_fragments_end_their_datagram),
		cmocka_unit_test(refused_answers_are_not_left_to_the_kernel),
		cmocka_unit_test(a_duplicate_is_dropped_alone),
		cmocka_unit_test(fragments_without_a_first_one_go_in_time),
		cmocka_unit_test(what_waits_is_bounded),
		cmocka_unit_test(unsound_fragments_have_their_own_reasons),
		cmocka_unit_test(an_atomic_fragment_is_a_packet),
		cmocka_unit_test(other_fragments_are_the_kernels),
		cmocka_unit_test(fragments_in_transit_wait_and_are_the_kernels),
		cmocka_unit_test(a_local_address_takes_no_fragments_of_strangers),
		cmocka_unit_test(fragments_of_no_service_are_the_kernels),
		cmocka_unit_test(persistent_services_take_fragments_at_every_worker),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
