/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of services, in and out, to the last byte: NAT, direct routing and full-NAT, IPv4 and IPv6, TCP, UDP
 * and SCTP.
 */
#include "forwarded_flow.h"

static void
flow_is_done(struct flow_under_test *test, uint64_t in_packets, uint64_t out_packets)
{
	const struct dest_load *load = &test->network->director->workers[0]->loads[0];

	assert_int_equal(load->connections, 1);
	assert_int_equal(load->in_packets, in_packets);
	assert_int_equal(load->out_packets, out_packets);
	assert_int_equal(counted(test->network, COUNT_FORWARDED), in_packets + out_packets);
	assert_int_equal(only_conn(test->network)->packets, in_packets);
	network_free(test->network);
}

static void
packets_of_every_mode_arrive_with_the_right_bytes(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);
		uint64_t bytes = headers_of(mode), out = 0;

		client_sends(&test, SYN, 0, false);
		assert_int_equal(test.network->director->workers[0]->loads[0].in_bytes, bytes);
		if (mode->forward != FORWARD_DIRECT) {
			server_sends(&test, SYN | ACK, 0, false);
			server_sends(&test, ACK, 1000, false);
			server_sends(&test, ACK, 3, true);
			assert_int_equal(test.network->director->workers[0]->loads[0].out_bytes, 3 * bytes + 1003);
			out = 3;
		}
		client_sends(&test, ACK, 0, false);
		client_sends(&test, ACK, 777, false);
		client_sends(&test, ACK, 778, true);
		assert_int_equal(test.network->director->workers[0]->loads[0].in_bytes, 4 * bytes + 777 + 778);
		flow_is_done(&test, 4, out);
	}
}

static void
the_longest_packet_passes_and_a_longer_one_does_not(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);
		uint16_t most = (uint16_t)(1500 - headers_of(mode));

		client_sends(&test, SYN, 0, false);
		client_sends(&test, ACK, most, false);
		test.in.payload = (uint16_t)(most + 1);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_TOO_BIG);
		network_free(test.network);
	}
}

/* Packet I of a burst has I bytes of data, so that each is known by its length. */
static void
burst_is_forwarded_whole_and_in_order(struct flow_under_test *test, uint32_t n)
{
	struct rte_mbuf *packets[BURST], *alone;

	test->in.flags = ACK;
	for (uint32_t i = 0; i < n; i++) {
		test->in.payload = (uint16_t)i;
		packets[i] = frame_new(&test->in, CLIENTS);
	}
	alone = frame_new(&(struct frame){ .src = test->in.src, .dst = test->in.dst, .proto = test->in.proto },
			  CLIENTS);
	receive_burst(test->network, 0, CLIENTS, packets, n);
	assert_int_equal(sent[SERVERS].n, n);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(rte_pktmbuf_pkt_len(sent[SERVERS].packets[i]), rte_pktmbuf_pkt_len(alone) + i);
	rte_pktmbuf_free(alone);
	forget_packets(test->network);
}

static void
bursts_of_every_size_are_forwarded_whole_and_in_order(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		client_sends(&test, SYN, 0, false);
		for (uint32_t n = 1; n <= BURST; n++)
			burst_is_forwarded_whole_and_in_order(&test, n);
		network_free(test.network);
	}
}

static void
udp_without_checksum_is_forwarded_without(void **state)
{
	struct flow_under_test test = test_flow(&modes[1]);

	(void)state;
	test.in.no_checksum = test.to_server.no_checksum = true;
	client_sends(&test, 0, 9, false);
	client_sends(&test, 0, 9, false);
	network_free(test.network);
}

static void
a_wrong_l4_checksum_stays_wrong_unless_the_port_noticed(void **state)
{
	struct flow_under_test test = test_flow(&modes[0]);
	struct rte_tcp_hdr *tcp;
	struct rte_mbuf *m;
	uint16_t got;

	(void)state;
	client_sends(&test, SYN, 0, false);
	test.in.flags = ACK;
	m = frame_new(&test.in, CLIENTS);
	tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, 34);
	tcp->cksum ^= 0x0101;
	receive(test.network, 0, CLIENTS, m);
	m = sent_one(SERVERS);
	tcp = rte_pktmbuf_mtod_offset(m, struct rte_tcp_hdr *, 34);
	got = tcp->cksum;
	frame_checksums(m);
	assert_int_not_equal(tcp->cksum, got);
	rte_pktmbuf_free(m);
	m = frame_new(&test.in, CLIENTS);
	m->ol_flags |= RTE_MBUF_F_RX_L4_CKSUM_BAD;
	receive(test.network, 0, CLIENTS, m);
	assert_dropped(test.network, DROP_L4_CHECKSUM);
	network_free(test.network);
}

static void
packets_wait_for_a_neighbour_and_go_when_it_answers(void **state)
{
	(void)state;
	for (int i = 0; i < 12; i += 4) {
		struct mode mode = modes[i];
		bool ipv6 = strchr(mode.client, ':') != NULL;
		struct flow_under_test test;
		struct worker *self;
		struct neighbour_request request;
		struct rte_mbuf *m;

		mode.server = ipv6 ? "fd00::9" : "10.0.0.9";
		test = test_flow(&mode);
		self = test.network->director->workers[0];
		test.in.flags = SYN;
		for (int n = 0; n < 3; n++) {
			test.in.seq++;
			receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		}
		assert_nothing_sent();
		assert_int_equal(counted(test.network, COUNT_HELD), 3);
		assert_accounts_close(test.network);
		assert_int_equal(rte_ring_sc_dequeue_elem(self->neighbour_requests, &request, sizeof(request)), 0);
		assert_int_equal(request.port, SERVERS);
		assert_int_equal(rte_ring_count(self->neighbour_requests), 0);
		set_route(test.network, mode.server, ipv6 ? 128 : 32, test.network->nexthop_server[0]);
		self->now_ms++;
		neighbour_wait_poll(self, transmit_ready, transmit_lost);
		transmit_flush(self);
		assert_int_equal(sent[SERVERS].n, 3);
		m = sent[SERVERS].packets[0];
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), server_mac[0], 6);
		assert_int_equal(counted(test.network, COUNT_HELD), 0);
		network_free(test.network);
	}
}

static void
a_changed_route_moves_established_connections(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		client_sends(&test, SYN, 0, false);
		set_route(test.network, mode->server, strchr(mode->server, ':') ? 128 : 32,
			  test.network->nexthop_server[1]);
		test.to_server.dst_mac = server_mac[1];
		client_sends(&test, ACK, 0, false);
		client_sends(&test, ACK, 0, false);
		network_free(test.network);
	}
}

static void
what_cannot_be_sent_is_counted(void **state)
{
	struct flow_under_test test = test_flow(&modes[0]);

	(void)state;
	client_sends(&test, SYN, 0, false);
	send_limit = 0;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_TX_FULL);
	send_limit = UINT16_MAX;
	test.network->ports.port[SERVERS].up = false;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_PORT_DOWN);
	test.network->ports.port[SERVERS].up = true;
	set_route(test.network, "10.0.0.1", 32, FIB_BLACKHOLE);
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_BLACKHOLE);
	test.in.sport++;
	test.in.flags = SYN;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_BLACKHOLE);
	serve(test.network, test.mode, "203.0.113.1", 1);
	test.in.sport++;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_NO_ROUTE);
	network_free(test.network);
}

static void
a_method_without_packet_path_is_refused(void **state)
{
	struct mode unknown = modes[0];
	struct flow_under_test test;

	(void)state;
	unknown.forward = FORWARD_METHODS - 1;
	test = test_flow(&unknown);
	test.in.flags = SYN;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_FORWARD_METHOD);
	network_free(test.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_every_mode_arrive_with_the_right_bytes),
		cmocka_unit_test(the_longest_packet_passes_and_a_longer_one_does_not),
		cmocka_unit_test(bursts_of_every_size_are_forwarded_whole_and_in_order),
		cmocka_unit_test(udp_without_checksum_is_forwarded_without),
		cmocka_unit_test(a_wrong_l4_checksum_stays_wrong_unless_the_port_noticed),
		cmocka_unit_test(packets_wait_for_a_neighbour_and_go_when_it_answers),
		cmocka_unit_test(a_changed_route_moves_established_connections),
		cmocka_unit_test(what_cannot_be_sent_is_counted),
		cmocka_unit_test(a_method_without_packet_path_is_refused),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
