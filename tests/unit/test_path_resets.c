/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whose TCP reset is believed: one whose sequence number is near what the other end acknowledged last. All are forwarded.
 */
#include "forwarded_flow.h"

#define WINDOW (1u << 20)

/* Where the sequence number lies, from the last acknowledgement on. */
static const struct {
	uint32_t distance;
	bool believed;
} cases[] = {
	{ 0, true },	     { 1, true },	    { UINT32_MAX, true },  { 1460, true },
	{ WINDOW, true },    { 0u - WINDOW, true }, { WINDOW + 1, false }, { 0u - WINDOW - 1, false },
	{ 1u << 31, false }, { 1u << 30, false },   { 3u << 30, false },
};

/* Both ends have acknowledged; near 0 and far from it. */
static const uint32_t acknowledged[] = { 1000000000, 0xffffff00, 100, 0x80000000, 1 };

static struct flow_under_test
established(const struct mode *mode, uint32_t ack)
{
	struct flow_under_test test = test_flow(mode);

	client_sends(&test, SYN, 0, false);
	if (mode->forward != FORWARD_DIRECT) {
		test.to_client.ack = ack - 1;
		server_sends(&test, SYN | ACK, 0, false);
	}
	test.in.ack = test.to_server.ack = ack;
	client_sends(&test, ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_ESTABLISHED_);
	return test;
}

static void
reset_from(struct flow_under_test *test, uint8_t port, uint32_t sequence, uint8_t flags, bool slowly)
{
	struct frame frame = port == CLIENTS ? test->in : test->out;
	struct rte_mbuf *m;

	frame.flags = flags;
	frame.seq = sequence;
	frame.payload = 0;
	m = frame_new(&frame, port);
	if (slowly)
		receive_slowly(test->network, 0, port, m);
	else
		receive(test->network, 0, port, m);
	rte_pktmbuf_free(sent_one(port ^ 1));
}

static void
check_reset(const struct mode *mode, uint32_t i, uint32_t ack, uint8_t port, bool slowly)
{
	struct flow_under_test test = established(mode, ack);

	reset_from(&test, port, ack + cases[i].distance, slowly ? RST | ACK : RST, slowly);
	assert_int_equal(only_conn(test.network)->state, cases[i].believed ? TCP_CLOSE_ : TCP_ESTABLISHED_);
	assert_int_equal(counted(test.network, COUNT_RESET_DOUBTED), !cases[i].believed);
	assert_int_equal(test.network->director->workers[0]->loads[0].active, !cases[i].believed);
	network_free(test.network);
}

static void
a_reset_far_from_the_window_is_forwarded_and_ends_nothing(void **state)
{
	static const uint32_t some[] = { 0, 4, 6, 10 }; /* of TCP: NAT and full-NAT */

	(void)state;
	for (uint32_t k = 0; k < RTE_DIM(some); k++) {
		for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
			for (uint32_t a = 0; a < RTE_DIM(acknowledged); a++) {
				check_reset(&modes[some[k]], i, acknowledged[a], CLIENTS, i & 1);
				check_reset(&modes[some[k]], i, acknowledged[a], SERVERS, a & 1);
			}
		}
	}
}

static void
a_doubted_reset_does_not_shorten_the_connections_life(void **state)
{
	struct flow_under_test test = established(&modes[4], 5000);
	struct worker *self = test.network->director->workers[0];

	(void)state;
	reset_from(&test, CLIENTS, 0x40000000, RST, false);
	self->now_ms += 800 * 1000;
	client_sends(&test, ACK, 9, false);
	assert_int_equal(counted(test.network, COUNT_CONNS), 1);
	reset_from(&test, SERVERS, test.in.ack, RST, false);
	assert_int_equal(only_conn(test.network)->state, TCP_CLOSE_);
	network_free(test.network);
}

static void
with_nothing_to_compare_with_a_reset_is_believed(void **state)
{
	struct flow_under_test test = established(&modes[2], 77);

	(void)state;
	/* Direct routing: the server's acknowledgements don't pass here. */
	reset_from(&test, CLIENTS, 0x40000000, RST, false);
	assert_int_equal(only_conn(test.network)->state, TCP_CLOSE_);
	network_free(test.network);
	/* A port where nobody listens: nothing but a SYN was seen. */
	test = test_flow(&modes[4]);
	client_sends(&test, SYN, 0, false);
	test.to_client.seq = 0;
	server_sends(&test, RST | ACK, 0, false);
	assert_int_equal(only_conn(test.network)->state, TCP_CLOSE_);
	assert_int_equal(counted(test.network, COUNT_RESET_DOUBTED), 0);
	network_free(test.network);
}

/* Behind a local port that was taken over, the server knows the client's numbers shifted. */
static void
shifted_numbers_are_compared_as_the_server_has_them(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct flow_under_test test = established(&modes[4], 5000);
		struct conn *conn = only_conn(test.network);
		struct conn_table *table = test.network->director->workers[0]->conns[TABLE_IPV4];

		conn->flags |= CONN_SHIFTED;
		conn_cold(table, conn)->shift = 0x12345678;
		reset_from(&test, CLIENTS, 5000 - 0x12345678 + cases[i].distance, RST, false);
		assert_int_equal(conn->state, cases[i].believed ? TCP_CLOSE_ : TCP_ESTABLISHED_);
		network_free(test.network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_reset_far_from_the_window_is_forwarded_and_ends_nothing),
		cmocka_unit_test(a_doubted_reset_does_not_shorten_the_connections_life),
		cmocka_unit_test(with_nothing_to_compare_with_a_reset_is_believed),
		cmocka_unit_test(shifted_numbers_are_compared_as_the_server_has_them),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
