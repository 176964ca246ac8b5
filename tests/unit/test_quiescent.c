/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the options of a service do to its connections: a timeout of their own, and their end when their server was
 * removed or has weight 0.
 */
#include "forwarded_flow.h"
#include "lb/conn_walk.h"

static void
none_used(struct worker *self, uint32_t nexthop)
{
	(void)self, (void)nexthop;
}

static const struct sweep_hooks hooks = { .used = none_used, .reset = reset_conn };

static void
pass_time(struct worker *self, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 10) {
		self->now_ms += 10;
		conn_sweep(self, AF_INET, &hooks);
		conn_sweep(self, AF_INET6, &hooks);
	}
	transmit_flush(self);
}

static void
serve_with(struct flow_under_test *test, const struct service_options *options, int32_t weight)
{
	const struct mode *mode = test->mode;
	const struct dest_spec dest = {
		.address = mode->server,
		.port = mode->forward == FORWARD_DIRECT ? 80 : 8080,
		.weight = weight,
		.forward = mode->forward,
	};
	const struct ip_addr vip = address_of(mode->vip);
	const struct service_spec spec = {
		.key = { .addr = vip.ip, .port = RTE_BE16(80), .family = vip.family, .protocol = mode->proto },
		.options = *options,
	};

	director_serve_as(test->network->director, &spec, 0, &dest, 1);
}

static void
remove_server(struct flow_under_test *test)
{
	director_service(test->network->director, 0, test->mode->proto, test->mode->vip, 80, "rr", NULL, 0);
	dest_retract(test->network->director->lb, DEST_ID(0, 1));
}

static uint32_t
listed_expiry(struct flow_under_test *test)
{
	struct conn_walk walk = { 0 };
	uint32_t budget = 1000;
	struct conn_entry entry;

	assert_int_equal(conn_walk_next(test->network->director->lb, &walk, &budget, &entry), 1);
	return entry.expires_ms;
}

static uint64_t
connections(const struct flow_under_test *test)
{
	return counted(test->network, COUNT_CONNS);
}

static void
a_timeout_of_the_service_is_that_of_established_connections_alone(void **state)
{
	static const struct {
		uint8_t proto, state;
		uint32_t own_s, seconds;
	} cases[] = {
		{ IPPROTO_TCP, TCP_ESTABLISHED_, 30, 30 },
		{ IPPROTO_TCP, TCP_ESTABLISHED_, 4000, 4000 },
		{ IPPROTO_TCP, TCP_ESTABLISHED_, 2147483, 900 },
		{ IPPROTO_TCP, TCP_FIN_WAIT, 30, 120 },
		{ IPPROTO_TCP, TCP_CLOSE_, 30, 10 },
		{ IPPROTO_UDP, UDP_NORMAL, 7, 7 },
		{ IPPROTO_UDP, UDP_NORMAL, 0, 300 },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct flow_under_test test = test_flow(&modes[cases[i].proto == IPPROTO_TCP ? 4 : 5]);
		struct worker *self = test.network->director->workers[0];
		bool outlives = cases[i].own_s > 100000;

		serve_with(&test, &(struct service_options){ .established_timeout_s = cases[i].own_s }, 1);
		client_sends(&test, SYN, 0, false);
		conn_set_state(self, only_conn(test.network), cases[i].state);
		assert_int_equal(listed_expiry(&test), (outlives ? cases[i].own_s : cases[i].seconds) * 1000);
		pass_time(self, cases[i].seconds * 1000);
		assert_int_equal(connections(&test), 1);
		pass_time(self, 2100);
		assert_int_equal(connections(&test), outlives);
		network_free(test.network);
	}
}

static void
a_timeout_changes_for_connections_that_are_there(void **state)
{
	struct flow_under_test test = test_flow(&modes[1]);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	client_sends(&test, 0, 9, false);
	pass_time(self, 20000);
	serve_with(&test, &(struct service_options){ .established_timeout_s = 60 }, 1);
	assert_int_equal(listed_expiry(&test), 40000);
	serve_with(&test, &(struct service_options){ .established_timeout_s = 0 }, 1);
	assert_int_equal(listed_expiry(&test), 280000);
	serve_with(&test, &(struct service_options){ .established_timeout_s = 60 }, 1);
	/* it stays theirs when the server goes */
	remove_server(&test);
	pass_time(self, 42100);
	assert_int_equal(connections(&test), 0);
	network_free(test.network);
}

/* The RST to one end, and nothing more: from FROM to TO, with that sequence number. */
static void
assert_reset(uint8_t port, const struct frame *from_to, uint32_t seq)
{
	struct frame expected = *from_to;
	struct rte_mbuf *wanted, *m = sent_one(port);
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const bool ipv4 = ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	struct rte_ipv4_hdr *v4 = (void *)(ether + 1);
	struct rte_ipv6_hdr *v6 = (void *)(ether + 1);
	struct rte_tcp_hdr *tcp = ipv4 ? (void *)(v4 + 1) : (void *)(v6 + 1);
	uint16_t tcp_sum, ip_sum;

	/* its own sums are right */
	tcp_sum = tcp->cksum;
	ip_sum = v4->hdr_checksum;
	frame_checksums(m);
	assert_int_equal(tcp->cksum, tcp_sum);
	assert_int_equal(v4->hdr_checksum, ip_sum);
	assert_int_equal(tcp->rx_win, 0);
	/* what the fixture's frames have otherwise */
	tcp->rx_win = RTE_BE16(8192);
	if (ipv4) {
		assert_int_equal(v4->packet_id, 0);
		v4->packet_id = RTE_BE16(0x1234);
		v4->type_of_service = 0x28;
	} else {
		v6->vtc_flow = RTE_BE32(0x60012345);
	}
	frame_checksums(m);
	expected.flags = RST;
	expected.seq = seq;
	expected.ack = 0;
	expected.ttl = 64;
	expected.payload = 0;
	wanted = frame_new(&expected, port);
	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
}

/* Connections that a FIN has not ended, with acknowledgements of both sides where both pass here. */
static void
establish(struct flow_under_test *test)
{
	client_sends(test, SYN, 0, false);
	if (test->mode->forward != FORWARD_DIRECT)
		server_sends(test, SYN | ACK, 0, false);
	test->in.ack = test->to_server.ack = 7000;
	client_sends(test, ACK, 0, false);
	test->in.ack = test->to_server.ack = 0xfffffff0;
	client_sends(test, ACK, 5, false);
	if (test->mode->forward != FORWARD_DIRECT)
		server_sends(test, ACK, 5, false);
}

static void
resets_reach_both_ends_with_the_numbers_that_they_take(void **state)
{
	static const struct service_options options = { .quiescent = QUIESCENT_RESET };

	(void)state;
	for (EACH_MODE(mode)) {
		for (int removed = 0; removed < 2; removed++) {
			struct flow_under_test test = test_flow(mode);
			struct worker *self = test.network->director->workers[0];

			serve_with(&test, &options, 1);
			establish(&test);
			pass_time(self, 2000);
			assert_nothing_sent();
			assert_int_equal(connections(&test), 1);
			if (removed)
				remove_server(&test);
			else
				serve_with(&test, &options, 0);
			pass_time(self, 1100);
			assert_int_equal(counted(test.network, COUNT_CONN_DRAINED), 1);
			if (mode->proto != IPPROTO_TCP) {
				assert_nothing_sent();
				assert_int_equal(connections(&test), 0);
				network_free(test.network);
				continue;
			}
			assert_int_equal(only_conn(test.network)->state, TCP_CLOSE_);
			assert_int_equal(self->loads[0].active, 0);
			assert_reset(CLIENTS, &test.to_client, 0xfffffff0);
			if (mode->forward != FORWARD_DIRECT)
				assert_reset(SERVERS, &test.to_server, test.to_client.ack);
			assert_nothing_sent();
			pass_time(self, 8000);
			assert_nothing_sent();
			assert_int_equal(connections(&test), 1);
			pass_time(self, 4000);
			assert_int_equal(connections(&test), 0);
			assert_int_equal(counted(test.network, COUNT_CONN_EXPIRED), 1);
			network_free(test.network);
		}
	}
}

static void
expired_connections_end_without_a_word(void **state)
{
	static const struct service_options options = { .quiescent = QUIESCENT_EXPIRE };

	(void)state;
	for (EACH_MODE(mode)) {
		for (int removed = 0; removed < 2; removed++) {
			struct flow_under_test test = test_flow(mode);

			serve_with(&test, &options, 1);
			establish(&test);
			if (removed)
				remove_server(&test);
			else
				serve_with(&test, &options, 0);
			pass_time(test.network->director->workers[0], 1100);
			assert_nothing_sent();
			assert_int_equal(connections(&test), 0);
			assert_int_equal(counted(test.network, COUNT_CONN_DRAINED), 1);
			assert_int_equal(counted(test.network, COUNT_CONN_EXPIRED), 0);
			network_free(test.network);
		}
	}
}

static void
kept_connections_outlive_a_weight_of_zero(void **state)
{
	struct flow_under_test test = test_flow(&modes[4]);

	(void)state;
	/* another service's policy is not theirs */
	director_serve_as(test.network->director,
			  &(struct service_spec){ .key = { .port = RTE_BE16(99), .family = AF_INET, .protocol = 6 },
						  .index = 1,
						  .options.quiescent = QUIESCENT_EXPIRE },
			  1, &(struct dest_spec){ .address = "10.0.0.2", .port = 80, .weight = 0 }, 1);
	serve_with(&test, &(struct service_options){ .quiescent = QUIESCENT_KEEP }, 1);
	establish(&test);
	serve_with(&test, &(struct service_options){ .quiescent = QUIESCENT_KEEP }, 0);
	pass_time(test.network->director->workers[0], 5000);
	client_sends(&test, ACK, 0, false);
	server_sends(&test, ACK, 5, false);
	/* a server that takes connections again keeps those that were not ended meanwhile */
	serve_with(&test, &(struct service_options){ .quiescent = QUIESCENT_RESET }, 1);
	pass_time(test.network->director->workers[0], 5000);
	assert_int_equal(connections(&test), 1);
	network_free(test.network);
}

static void
what_is_over_keeps_its_local_port(void **state)
{
	static const struct service_options options = { .quiescent = QUIESCENT_EXPIRE };
	struct flow_under_test test = test_flow(&modes[4]);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	serve_with(&test, &options, 1);
	establish(&test);
	conn_set_state(self, only_conn(test.network), TCP_TIME_WAIT_);
	serve_with(&test, &options, 0);
	pass_time(self, 100000);
	assert_int_equal(connections(&test), 1);
	network_free(test.network);
}

/* Each turn does a bounded part; all are done in the end. */
static void
many_resets_are_spread_over_turns(void **state)
{
	static const struct service_options options = { .quiescent = QUIESCENT_RESET };
	struct flow_under_test test = test_flow(&modes[0]);
	struct worker *self = test.network->director->workers[0];
	uint32_t turns = 0;

	(void)state;
	serve_with(&test, &options, 1);
	for (int i = 0; i < 60; i++) {
		test.in.sport = test.to_server.sport = (uint16_t)(40000 + i);
		test.in.flags = SYN;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		test.in.flags = ACK;
		test.in.ack = 5;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	}
	forget_packets(test.network);
	serve_with(&test, &options, 0);
	self->now_ms += 5000;
	while (counted(test.network, COUNT_CONN_DRAINED) < 60) {
		uint64_t before = counted(test.network, COUNT_CONN_DRAINED);

		conn_sweep(self, AF_INET, &hooks);
		transmit_flush(self);
		assert_true(counted(test.network, COUNT_CONN_DRAINED) - before <= 32);
		assert_int_equal(sent[CLIENTS].n, counted(test.network, COUNT_CONN_DRAINED) - before);
		forget_packets(test.network);
		assert_true(++turns < 10);
	}
	network_free(test.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_timeout_of_the_service_is_that_of_established_connections_alone),
		cmocka_unit_test(a_timeout_changes_for_connections_that_are_there),
		cmocka_unit_test(resets_reach_both_ends_with_the_numbers_that_they_take),
		cmocka_unit_test(expired_connections_end_without_a_word),
		cmocka_unit_test(kept_connections_outlive_a_weight_of_zero),
		cmocka_unit_test(what_is_over_keeps_its_local_port),
		cmocka_unit_test(many_resets_are_spread_over_turns),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
