/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sequence numbers of a full-NAT connection that takes over the local port of a closed one (path/sequence.c): the SYN
 * lies beyond what the server has seen, and all later packets of both sides are right, to the last byte.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/laddr.h"
#include "packet_fixture.h"

#define PORT 5000
#define SEEN 0x20000000u /* what the server acknowledged to the closed connection */
#define EXPECTED (SEEN + 65536)

/* Options of a SYN: the timestamp at an even place and at an odd one. */
static const uint8_t even[20] = { 2, 4, 5, 180, 4, 2, 8, 10, 1, 2, 3, 4, 0, 0, 0, 0, 1, 3, 3, 7 };
static const uint8_t even_stripped[20] = { 2, 4, 5, 180, 4, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 3, 3, 7 };
static const uint8_t odd[20] = { 3, 3, 7, 8, 10, 9, 2, 3, 4, 0, 0, 0, 1, 4, 2, 2, 4, 5, 180, 0 };
static const uint8_t odd_stripped[20] = { 3, 3, 7, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 4, 2, 2, 4, 5, 180, 0 };

/* One local port, held by a connection in TIME_WAIT. */
static struct network *
network_after_a_close(void)
{
	static const struct dest_spec server = {
		.address = "10.0.0.1", .port = 8080, .weight = 1, .forward = FORWARD_FULLNAT
	};
	const struct ip_addr laddr = address_of("10.0.0.100");
	const struct laddr_group_spec group = { .name = "g",
						.port = SERVERS,
						.addresses = &laddr,
						.n_addresses = 1,
						.first_port = PORT,
						.last_port = PORT,
						.active = true };
	struct network *network = network_new(1, 64);
	struct worker *self = network->director->workers[0];
	struct frame closed = {
		.src = "198.51.100.7", .dst = "192.0.2.1", .sport = 1000, .dport = 80, .flags = SYN, .seq = 1
	};
	struct frame last = {
		.src = "10.0.0.1", .dst = "10.0.0.100", .sport = 8080, .dport = PORT, .flags = FIN | ACK, .ack = SEEN
	};

	director_serve(network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, &server, 1);
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	receive(network, 0, CLIENTS, frame_new(&closed, CLIENTS));
	receive(network, 0, SERVERS, frame_new(&last, SERVERS));
	closed.flags = ACK;
	receive(network, 0, CLIENTS, frame_new(&closed, CLIENTS));
	forget_packets(network);
	conn_set_state(self, conn_at(self->conns[TABLE_IPV4], 0), TCP_TIME_WAIT_);
	self->now_ms += 100;
	return network;
}

/* The second client's packet, and what the server gets. */
static void
client_sends(struct network *network, uint8_t flags, uint32_t seq, uint32_t seq_out, const uint8_t *options,
	     const uint8_t *options_out)
{
	const struct frame in = { .src = "198.51.100.8",
				  .dst = "192.0.2.1",
				  .sport = 2000,
				  .dport = 80,
				  .flags = flags,
				  .seq = seq,
				  .ack = 77,
				  .payload = 31,
				  .options = options,
				  .options_length = options ? 20 : 0 };

	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_sent(SERVERS, &(struct frame){ .src = "10.0.0.100",
					      .dst = "10.0.0.1",
					      .sport = PORT,
					      .dport = 8080,
					      .flags = flags,
					      .ttl = 63,
					      .seq = seq_out,
					      .ack = 77,
					      .payload = 31,
					      .options = options_out,
					      .options_length = options ? 20 : 0,
					      .src_mac = port_mac[SERVERS],
					      .dst_mac = server_mac[0] });
}

static void
server_sends(struct network *network, uint8_t flags, uint32_t ack, uint32_t ack_out, const uint8_t *options,
	     const uint8_t *options_out)
{
	const struct frame out = { .src = "10.0.0.1",
				   .dst = "10.0.0.100",
				   .sport = 8080,
				   .dport = PORT,
				   .flags = flags,
				   .seq = 76,
				   .ack = ack,
				   .options = options,
				   .options_length = options ? 20 : 0 };

	receive(network, 0, SERVERS, frame_new(&out, SERVERS));
	assert_sent(CLIENTS, &(struct frame){ .src = "192.0.2.1",
					      .dst = "198.51.100.8",
					      .sport = 80,
					      .dport = 2000,
					      .flags = flags,
					      .ttl = 63,
					      .seq = 76,
					      .ack = ack_out,
					      .options = options_out,
					      .options_length = options ? 20 : 0,
					      .src_mac = port_mac[CLIENTS],
					      .dst_mac = router_mac });
}

static void
put32(uint8_t *at, uint32_t value)
{
	value = rte_cpu_to_be_32(value);
	memcpy(at, &value, 4);
}

/* SACK blocks behind one NOP or two: at an odd place or an even one. */
static void
sack_options(uint8_t options[20], bool at_odd_place, uint32_t left, uint32_t right)
{
	uint8_t *sack = options + (at_odd_place ? 1 : 2);

	memset(options, 1, 20);
	sack[0] = 5;
	sack[1] = 18;
	put32(sack + 2, left);
	put32(sack + 6, right);
	put32(sack + 10, left + 1000);
	put32(sack + 14, right + 1000);
}

static void
converse(uint32_t isn, const uint8_t *options, const uint8_t *stripped)
{
	struct network *network = network_after_a_close();
	uint32_t shift = EXPECTED - isn;
	uint8_t sack[20], sack_out[20];

	client_sends(network, SYN, isn, EXPECTED, options, stripped);
	assert_int_equal(counted(network, COUNT_LADDR_RECYCLED), 1);
	client_sends(network, SYN, isn, EXPECTED, options, stripped);
	server_sends(network, SYN | ACK, EXPECTED + 1, isn + 1, NULL, NULL);
	client_sends(network, ACK, isn + 1, isn + 1 + shift, NULL, NULL);
	for (uint32_t i = 1; i < 5; i++) {
		client_sends(network, ACK, isn + i * 1000, isn + i * 1000 + shift, NULL, NULL);
		sack_options(sack, i % 2, EXPECTED + 5000, EXPECTED + 6000);
		sack_options(sack_out, i % 2, isn + 5000, isn + 6000);
		server_sends(network, ACK, EXPECTED + i * 1000, isn + i * 1000, sack, sack_out);
	}
	/* A reset without acknowledgement has no number to move. */
	server_sends(network, RST, 0, 0, NULL, NULL);
	network_free(network);
}

static void
a_lower_isn_is_moved_beyond_what_the_server_has_seen(void **state)
{
	(void)state;
	converse(5, even, even_stripped);
	converse(SEEN - 1, even, even_stripped);
	converse(SEEN, odd, odd_stripped);
	converse(SEEN + 65535, odd, odd_stripped);
	/* Numbers wrap: this one lies before, too. */
	converse(SEEN - 0x7fff0000u, even, even_stripped);
}

static const struct conn *
only_connection(const struct network *network)
{
	const struct conn_table *table = network->director->workers[0]->conns[TABLE_IPV4];
	uint32_t number = 0;

	assert_int_equal(table->n_used, 1);
	while (conn_at(table, number)->proto == 0)
		number++;
	return conn_at(table, number);
}

static void
a_higher_isn_stays_and_the_connection_takes_the_fast_path_soon(void **state)
{
	struct network *network = network_after_a_close();
	const struct conn *conn;

	(void)state;
	client_sends(network, SYN, EXPECTED + 7, EXPECTED + 7, even, even_stripped);
	conn = only_connection(network);
	assert_true(conn->flags & CONN_SHIFTED);
	server_sends(network, SYN | ACK, EXPECTED + 8, EXPECTED + 8, NULL, NULL);
	client_sends(network, ACK, EXPECTED + 8, EXPECTED + 8, NULL, NULL);
	assert_int_equal(conn->flags & CONN_SHIFTED, 0);
	client_sends(network, ACK, EXPECTED + 9, EXPECTED + 9, NULL, NULL);
	server_sends(network, ACK, EXPECTED + 9, EXPECTED + 9, NULL, NULL);
	network_free(network);
}

static void
broken_options_are_left_alone(void **state)
{
	static const uint8_t broken[][20] = {
		{ 8, 0, 1, 2, 3 },
		{ 8, 1, 1, 2, 3 },
		{ 8, 200, 1, 2, 3 },
		{ 0, 8, 10 },
		{ 2, 3, 1, 8, 9, 1, 1, 1, 1 },
		{ [18] = 1, [19] = 8 },
		{ 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 8 },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(broken); i++) {
		struct network *network = network_after_a_close();

		client_sends(network, SYN, 5, EXPECTED, broken[i], broken[i]);
		network_free(network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_lower_isn_is_moved_beyond_what_the_server_has_seen),
		cmocka_unit_test(a_higher_isn_stays_and_the_connection_takes_the_fast_path_soon),
		cmocka_unit_test(broken_options_are_left_alone),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
