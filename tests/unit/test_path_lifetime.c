/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What becomes of a connection over time: its states, its end, a server that goes and comes back, one of weight 0, a
 * full table.
 */
#include "forwarded_flow.h"

static void
tcp_states_follow_both_sides_and_time_out(void **state)
{
	struct flow_under_test test = test_flow(&modes[4]);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	client_sends(&test, SYN, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_SYN_RECV_);
	server_sends(&test, SYN | ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_SYN_RECV_);
	client_sends(&test, ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_ESTABLISHED_);
	assert_int_equal(self->loads[0].active, 1);
	server_sends(&test, FIN | ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_FIN_WAIT);
	assert_int_equal(self->loads[0].active, 0);
	client_sends(&test, FIN | ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_TIME_WAIT_);
	assert_int_equal(only_conn(test.network)->last_ack[CONN_OUT], rte_cpu_to_be_32(test.to_client.ack));
	network_free(test.network);
}

static uint32_t used_hops;

static void
count_used(struct worker *self, uint32_t nexthop)
{
	(void)self, (void)nexthop;
	used_hops++;
}

static const struct sweep_hooks hooks = { .used = count_used, .reset = reset_conn };

/* Lets so many milliseconds pass, with a turn every ten. */
static void
pass_time(struct worker *self, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 10) {
		self->now_ms += 10;
		conn_sweep(self, AF_INET, &hooks);
		conn_sweep(self, AF_INET6, &hooks);
	}
}

static void
an_idle_connection_ends_after_its_timeout_and_not_before(void **state)
{
	static const struct {
		uint8_t proto, state;
		uint32_t seconds;
	} cases[] = {
		{ IPPROTO_TCP, TCP_ESTABLISHED_, 900 },	 { IPPROTO_TCP, TCP_SYN_RECV_, 60 },
		{ IPPROTO_TCP, TCP_FIN_WAIT, 120 },	 { IPPROTO_TCP, TCP_CLOSE_, 10 },
		{ IPPROTO_UDP, UDP_NORMAL, 300 },	 { IPPROTO_SCTP, SCTP_INIT1, 4 },
		{ IPPROTO_SCTP, SCTP_ESTABLISHED, 900 }, { IPPROTO_SCTP, SCTP_CLOSED, 61 },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct flow_under_test test = test_flow(&modes[cases[i].proto == IPPROTO_TCP   ? 10
							       : cases[i].proto == IPPROTO_UDP ? 11
											       : 17]);
		struct worker *self = test.network->director->workers[0];

		client_sends(&test, SYN, 0, false);
		conn_set_state(self, only_conn(test.network), cases[i].state);
		pass_time(self, cases[i].seconds * 1000);
		assert_int_equal(self->conns[TABLE_IPV6]->n_used, 1);
		pass_time(self, 2100);
		assert_int_equal(self->conns[TABLE_IPV6]->n_used, 0);
		assert_int_equal(self->counters.count[COUNT_CONN_EXPIRED], 1);
		assert_int_equal(self->counters.count[COUNT_CONNS], 0);
		assert_int_equal(self->loads[0].active + self->loads[0].inactive, 0);
		network_free(test.network);
	}
}

static void
a_packet_keeps_its_connection_and_tells_of_its_next_hops(void **state)
{
	struct flow_under_test test = test_flow(&modes[11]);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	client_sends(&test, 0, 9, false);
	pass_time(self, 290000);
	client_sends(&test, 0, 9, false);
	used_hops = 0;
	pass_time(self, 1500);
	assert_true(used_hops >= 2);
	pass_time(self, 5000);
	used_hops = 0;
	pass_time(self, 100000);
	assert_int_equal(used_hops, 0);
	server_sends(&test, 0, 9, false);
	assert_int_equal(self->conns[TABLE_IPV6]->n_used, 1);
	network_free(test.network);
}

static void
a_syn_over_a_closed_connection_begins_a_new_one(void **state)
{
	static const int some[] = { 0, 2, 4, 6, 8, 10 };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(some); i++) {
		struct flow_under_test test = test_flow(&modes[some[i]]);
		struct worker *self = test.network->director->workers[0];
		bool fullnat = modes[some[i]].forward == FORWARD_FULLNAT;
		uint16_t former;

		client_sends(&test, SYN, 0, false);
		client_sends(&test, SYN, 0, false);
		former = test.to_server.sport;
		assert_int_equal(self->counters.count[COUNT_CONN_NEW], 1);
		conn_set_state(self, only_conn(test.network), TCP_TIME_WAIT_);
		client_sends(&test, SYN, 0, false);
		assert_int_equal(self->counters.count[COUNT_CONN_NEW], 2);
		assert_int_equal(self->counters.count[COUNT_CONN_REUSED], 1);
		/* The local port is kept from others as long as the server may hold it in TIME_WAIT. */
		assert_int_equal(self->counters.count[COUNT_CONNS], fullnat ? 2 : 1);
		assert_int_equal(test.to_server.sport != former, fullnat);
		assert_int_equal(only_conn(test.network)->state, TCP_SYN_RECV_);
		assert_int_equal(self->loads[0].active, 1);
		pass_time(self, 119000);
		assert_int_equal(self->counters.count[COUNT_CONNS], fullnat ? 1 : 0);
		pass_time(self, 3000);
		assert_int_equal(self->counters.count[COUNT_CONNS], 0);
		network_free(test.network);
	}
}

static void
a_removed_destination_gets_nothing_until_it_comes_back(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);
		struct lb *lb = test.network->director->lb;
		const struct service *svc;

		client_sends(&test, SYN, 0, false);
		client_sends(&test, ACK, 0, false);
		svc = director_service(test.network->director, 0, mode->proto, mode->vip, 80, "rr", NULL, 0);
		dest_retract(lb, DEST_ID(0, 1));
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_DEST_REMOVED);
		receive_slowly(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_DEST_REMOVED);
		if (mode->forward != FORWARD_DIRECT) {
			server_sends(&test, ACK, 5, false);
			/* A change of routes meanwhile makes no difference. */
			set_route(test.network, "203.0.113.0", 24, FIB_BLACKHOLE);
			server_sends(&test, ACK, 5, false);
		}
		test.in.sport++;
		test.in.flags = SYN;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_NO_DEST);
		test.in.sport--;
		assert_int_equal(svc->n_dests, 0);
		serve(test.network, mode, mode->server, 0);
		client_sends(&test, ACK, 5, false);
		network_free(test.network);
	}
}

static void
a_destination_of_weight_zero_keeps_its_connections_and_gets_no_more(void **state)
{
	struct flow_under_test test = test_flow(&modes[4]);

	(void)state;
	client_sends(&test, SYN, 0, false);
	serve(test.network, test.mode, test.mode->server, 0);
	client_sends(&test, ACK, 0, false);
	server_sends(&test, ACK, 0, false);
	test.in.sport++;
	test.in.flags = SYN;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_NO_DEST);
	network_free(test.network);
}

static void
a_full_connection_table_refuses_new_ones_and_serves_the_old(void **state)
{
	static const int some[] = { 0, 2, 5, 10 };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(some); i++) {
		struct flow_under_test test = test_flow(&modes[some[i]]);
		struct frame other = test.in;

		client_sends(&test, SYN, 0, false);
		other.flags = SYN;
		for (int n = 1; n < 64; n++) {
			other.sport++;
			receive(test.network, 0, CLIENTS, frame_new(&other, CLIENTS));
			rte_pktmbuf_free(sent_one(SERVERS));
		}
		other.sport++;
		receive(test.network, 0, CLIENTS, frame_new(&other, CLIENTS));
		assert_dropped(test.network, DROP_CONN_TABLE_FULL);
		test.in.flags = test.to_server.flags = ACK;
		test.in.payload = test.to_server.payload = 5;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_sent(SERVERS, &test.to_server);
		assert_int_equal(counted(test.network, COUNT_CONNS), 64);
		network_free(test.network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tcp_states_follow_both_sides_and_time_out),
		cmocka_unit_test(an_idle_connection_ends_after_its_timeout_and_not_before),
		cmocka_unit_test(a_packet_keeps_its_connection_and_tells_of_its_next_hops),
		cmocka_unit_test(a_syn_over_a_closed_connection_begins_a_new_one),
		cmocka_unit_test(a_removed_destination_gets_nothing_until_it_comes_back),
		cmocka_unit_test(a_destination_of_weight_zero_keeps_its_connections_and_gets_no_more),
		cmocka_unit_test(a_full_connection_table_refuses_new_ones_and_serves_the_old),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
