/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The knobs of /proc/sys/net/ipv4/vs: what may be written, as kernel/sysctl.c reads it, and what they do to packets.
 */
#include "forwarded_flow.h"

#include <errno.h>

#include "core/knobs.h"

static int
written(const char *name, const char *text, int32_t *values)
{
	const struct knob *knob = knob_by_name(name);

	assert_non_null(knob);
	return knob_parse(knob, text, strlen(text), values);
}

static void
what_is_written_is_read_as_the_kernel_reads_it(void **state)
{
	static const struct {
		const char *name, *text;
		int err;
		int32_t values[2];
	} cases[] = {
		{ "conn_reuse_mode", "0\n", 0, { 0 } },
		{ "conn_reuse_mode", " \t2 ", 0, { 2 } },
		{ "conn_reuse_mode", "0x10", 0, { 16 } },
		{ "conn_reuse_mode", "010", 0, { 8 } },
		{ "conn_reuse_mode", "-3\n", 0, { -3 } },
		{ "conn_reuse_mode", "2147483647", 0, { INT32_MAX } },
		{ "conn_reuse_mode", "2147483648", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "99999999999999999999999999", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "\n", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "1x", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "+1", -EINVAL, { 7 } },
		{ "conn_reuse_mode", "yes", -EINVAL, { 7 } },
		{ "drop_entry", "3", 0, { 3 } },
		{ "drop_entry", "4", -EINVAL, { 7 } },
		{ "secure_tcp", "-1", -EINVAL, { 7 } },
		{ "sync_ports", "64", 0, { 64 } },
		{ "sync_ports", "3", -EINVAL, { 7 } },
		{ "sync_ports", "0", -EINVAL, { 7 } },
		{ "sync_version", "2", -EINVAL, { 7 } },
		{ "sync_threshold", "5 60\n", 0, { 5, 60 } },
		{ "sync_threshold", "5\t0", 0, { 5, 0 } },
		{ "sync_threshold", "2", 0, { 2, 50 } },
		{ "sync_threshold", "60 5", -EINVAL, { 7, 50 } },
		{ "sync_threshold", "-1 5", -EINVAL, { 7, 50 } },
		{ "conntrack", "0", 0, { 0 } },
		{ "conntrack", "1", -EOPNOTSUPP, { 7 } },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		int32_t values[KNOB_NUMBERS_MAX] = { 7, 50 };

		assert_int_equal(written(cases[i].name, cases[i].text, values), cases[i].err);
		assert_int_equal(values[0], cases[i].values[0]);
		if (knob_by_name(cases[i].name)->n > 1)
			assert_int_equal(values[1], cases[i].values[1]);
	}
	assert_null(knob_by_name("debug_level"));
	assert_null(knob_by_name(""));
}

static void
a_tcp_connection_that_is_over_is_used_again_when_it_is_told_so(void **state)
{
	static const struct {
		int mode;
		int32_t reuse;
		uint8_t state;
		bool anew;
	} cases[] = {
		{ 0, 0, TCP_TIME_WAIT_, false }, { 0, 1, TCP_TIME_WAIT_, true }, { 0, 1, TCP_CLOSE_, true },
		{ 0, 1, TCP_FIN_WAIT, false },	 { 0, 2, TCP_FIN_WAIT, false },	 { 2, 1, TCP_FIN_WAIT, false },
		{ 2, 2, TCP_FIN_WAIT, true },	 { 2, 3, TCP_FIN_WAIT, true },	 { 2, 0, TCP_FIN_WAIT, false },
		{ 2, 2, TCP_TIME_WAIT_, true },	 { 8, 1, TCP_CLOSE_, true },	 { 0, 1, TCP_ESTABLISHED_, false },
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(cases); i++) {
		struct flow_under_test test = test_flow(&modes[cases[i].mode]);

		director_knob(test.network->director, "conn_reuse_mode", cases[i].reuse);
		client_sends(&test, SYN, 0, false);
		conn_set_state(test.network->director->workers[0], only_conn(test.network), cases[i].state);
		client_sends(&test, SYN, 0, false);
		assert_int_equal(counted(test.network, COUNT_CONN_NEW), cases[i].anew ? 2 : 1);
		assert_int_equal(counted(test.network, COUNT_CONN_REUSED), cases[i].anew ? 1 : 0);
		network_free(test.network);
	}
}

static void
a_syn_for_a_server_of_weight_zero_is_scheduled_anew(void **state)
{
	static const int some[] = { 0, 2, 4, 6, 10 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(some); i++) {
		struct flow_under_test test = test_flow(&modes[some[i]]);

		client_sends(&test, SYN, 0, false);
		client_sends(&test, ACK, 0, false);
		serve(test.network, test.mode, test.mode->server, 0);
		client_sends(&test, SYN, 0, false);
		director_knob(test.network->director, "expire_nodest_conn", 1);
		client_sends(&test, ACK, 5, false);
		test.in.flags = SYN;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_NO_DEST);
		assert_int_equal(counted(test.network, COUNT_CONN_GIVEN_UP), 1);
		assert_int_equal(test.network->director->workers[0]->loads[0].active, 0);
		network_free(test.network);
	}
}

static void
nobody(struct worker *self, uint32_t nexthop)
{
	(void)self, (void)nexthop;
}

static const struct sweep_hooks hooks = { .used = nobody, .reset = reset_conn };

static void
sweep_for(struct worker *self, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 10) {
		self->now_ms += 10;
		conn_sweep(self, AF_INET, &hooks);
		conn_sweep(self, AF_INET6, &hooks);
	}
}

static void
connections_of_a_removed_server_end_at_once_or_by_their_next_packet(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		for (int by_packet = 0; by_packet < 2; by_packet++) {
			struct flow_under_test test = test_flow(mode);
			struct worker *self = test.network->director->workers[0];

			director_knob(test.network->director, "expire_nodest_conn", 1);
			client_sends(&test, SYN, 0, false);
			client_sends(&test, ACK, 0, false);
			director_service(test.network->director, 0, mode->proto, mode->vip, 80, "rr", NULL, 0);
			dest_retract(test.network->director->lb, DEST_ID(0, 1));
			if (by_packet) {
				receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
				if (mode->proto == IPPROTO_UDP)
					assert_dropped(test.network, DROP_NO_DEST);
				else
					assert_to_kernel(test.network, EXCEPTION_OTHER);
				assert_int_equal(counted(test.network, COUNT_CONN_GIVEN_UP), 1);
			}
			sweep_for(self, 2100);
			assert_int_equal(counted(test.network, COUNT_CONNS), 0);
			assert_int_equal(counted(test.network, COUNT_CONN_EXPIRED), 0);
			network_free(test.network);
		}
	}
}

static void
with_sloppy_tcp_an_ack_begins_a_connection_that_is_established(void **state)
{
	struct flow_under_test test = test_flow(&modes[4]);

	(void)state;
	test.in.flags = ACK;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_to_kernel(test.network, EXCEPTION_OTHER);
	director_knob(test.network->director, "sloppy_tcp", 1);
	client_sends(&test, ACK, 9, false);
	assert_int_equal(only_conn(test.network)->state, TCP_ESTABLISHED_);
	test.in.sport++;
	test.in.flags = RST;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_to_kernel(test.network, EXCEPTION_OTHER);
	network_free(test.network);
}

static void
one_first_packet_in_so_many_is_dropped(void **state)
{
	struct flow_under_test test = test_flow(&modes[1]);

	(void)state;
	defence_publish(test.network->director->lb, &(struct defence){ .drop_rate = 4 });
	for (uint16_t i = 0; i < 40; i++) {
		test.in.sport = (uint16_t)(5000 + i);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		if (i % 4 == 0)
			assert_dropped(test.network, DROP_DROP_PACKET);
		else
			rte_pktmbuf_free(sent_one(SERVERS));
	}
	/* those that have a connection are not asked */
	for (uint16_t i = 1; i < 4; i++) {
		test.in.sport = (uint16_t)(5000 + i);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
	}
	network_free(test.network);
}

static void
drop_entry_gives_up_what_was_never_established_and_spares_the_rest(void **state)
{
	struct flow_under_test test = test_flow(&modes[0]);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	client_sends(&test, SYN, 0, false);
	for (int i = 0; i < 20; i++)
		client_sends(&test, ACK, 1, false);
	for (uint16_t i = 0; i < 60; i++) {
		test.in.sport = (uint16_t)(5000 + i);
		test.in.flags = SYN;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
	}
	defence_publish(test.network->director->lb, &(struct defence){ .drop_entries = true });
	sweep_for(self, 30000);
	assert_in_range(counted(test.network, COUNT_CONN_GIVEN_UP), 15, 60);
	assert_int_equal(counted(test.network, COUNT_CONN_EXPIRED), 0);
	sweep_for(self, 400000);
	assert_int_equal(only_conn(test.network)->packets, 21);
	network_free(test.network);
}

static void
a_passive_director_leaves_clients_to_the_kernel_and_translates_answers(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		client_sends(&test, SYN, 0, false);
		passive_publish(test.network->director->lb, true);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
		if (mode->forward != FORWARD_DIRECT)
			server_sends(&test, SYN | ACK, 0, false);
		test.in.sport++;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
		test.in.sport--;
		passive_publish(test.network->director->lb, false);
		client_sends(&test, ACK, 0, false);
		network_free(test.network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read_as_the_kernel_reads_it),
		cmocka_unit_test(a_tcp_connection_that_is_over_is_used_again_when_it_is_told_so),
		cmocka_unit_test(a_syn_for_a_server_of_weight_zero_is_scheduled_anew),
		cmocka_unit_test(connections_of_a_removed_server_end_at_once_or_by_their_next_packet),
		cmocka_unit_test(with_sloppy_tcp_an_ack_begins_a_connection_that_is_established),
		cmocka_unit_test(one_first_packet_in_so_many_is_dropped),
		cmocka_unit_test(drop_entry_gives_up_what_was_never_established_and_spares_the_rest),
		cmocka_unit_test(a_passive_director_leaves_clients_to_the_kernel_and_translates_answers),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
