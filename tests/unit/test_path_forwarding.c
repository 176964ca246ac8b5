/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of services, in and out, to the last byte: NAT, direct routing and full-NAT, IPv4 and IPv6, TCP and UDP.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "ip/neighbour_wait.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "packet_fixture.h"

/* One kind of service, with names for who takes part in it. */
struct mode {
	uint8_t proto, forward;
	const char *client, *vip, *server, *laddr;
};

static const struct mode modes[] = {
	{ IPPROTO_TCP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_UDP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_TCP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_UDP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_TCP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_UDP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_TCP, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_UDP, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_TCP, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_UDP, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_TCP, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
	{ IPPROTO_UDP, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
};

#define EACH_MODE(mode)                  \
	const struct mode *mode = modes; \
	mode < modes + RTE_DIM(modes);   \
	mode++

struct flow_under_test {
	struct network *network;
	const struct mode *mode;
	struct frame in, to_server, out, to_client; /* usual packets of the four legs; set flags and the rest */
};

static void
serve(struct network *network, const struct mode *mode, const char *server, int32_t weight)
{
	const struct dest_spec dest = {
		.address = server,
		.port = mode->forward == FORWARD_DIRECT ? 80 : 8080,
		.weight = weight,
		.forward = mode->forward,
	};

	director_serve(network->director, 0, mode->proto, mode->vip, 80, "rr", 0, &dest, 1);
}

/* The port field that a local port stands in is learnt from the first packet. */
static struct flow_under_test
test_flow(const struct mode *mode)
{
	const bool direct = mode->forward == FORWARD_DIRECT;
	struct flow_under_test test = {
		.network = network_new(1, 64),
		.mode = mode,
		.in = { .src = mode->client, .dst = mode->vip, .sport = 40000, .dport = 80, .proto = mode->proto },
		.to_server = { .src = direct ? mode->client : mode->laddr,
			       .dst = direct ? mode->vip : mode->server,
			       .sport = 40000,
			       .dport = direct ? 80 : 8080,
			       .proto = mode->proto,
			       .ttl = 63,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] },
		.to_client = { .src = mode->vip,
			       .dst = mode->client,
			       .sport = 80,
			       .dport = 40000,
			       .proto = mode->proto,
			       .ttl = 63,
			       .src_mac = port_mac[CLIENTS],
			       .dst_mac = router_mac },
	};

	serve(test.network, mode, mode->server, 1);
	return test;
}

static struct conn *
only_conn(struct network *network)
{
	struct worker *self = network->director->workers[0];

	for (int table = 0; table < TABLES; table++) {
		if (self->conns[table]->n_used == 0)
			continue;
		assert_int_equal(self->conns[table]->n_used, 1);
		for (uint32_t i = 0; i < self->conns[table]->high; i++) {
			if (conn_at(self->conns[table], i)->proto != 0)
				return conn_at(self->conns[table], i);
		}
	}
	fail_msg("no connection");
	return NULL;
}

/* Sends the client's packet and compares what the server gets. SLOWLY: past the fast path. */
static void
client_sends(struct flow_under_test *test, uint8_t flags, uint16_t payload, bool slowly)
{
	struct rte_mbuf *m;

	test->in.flags = test->to_server.flags = flags;
	test->in.payload = test->to_server.payload = payload;
	test->in.seq = test->to_server.seq += 1;
	m = frame_new(&test->in, CLIENTS);
	if (slowly)
		receive_slowly(test->network, 0, CLIENTS, m);
	else
		receive(test->network, 0, CLIENTS, m);
	if (test->mode->forward == FORWARD_FULLNAT) {
		const struct conn *conn = only_conn(test->network);

		test->to_server.sport = rte_be_to_cpu_16(strchr(test->mode->server, ':') ? conn->key6[CONN_OUT].dport
											 : conn->key4[CONN_OUT].dport);
		assert_true(test->to_server.sport >= 1025);
	}
	assert_sent(SERVERS, &test->to_server);
	assert_int_equal(sent[CLIENTS].n, 0);
}

static void
server_sends(struct flow_under_test *test, uint8_t flags, uint16_t payload, bool slowly)
{
	struct rte_mbuf *m;

	test->to_client.flags = flags;
	test->to_client.payload = payload;
	test->to_client.ack += 1;
	test->out = (struct frame){ .src = test->to_server.dst,
				    .dst = test->to_server.src,
				    .sport = test->to_server.dport,
				    .dport = test->to_server.sport,
				    .proto = test->mode->proto,
				    .flags = flags,
				    .ack = test->to_client.ack,
				    .payload = payload,
				    .src_mac = server_mac[0] };
	m = frame_new(&test->out, SERVERS);
	if (slowly)
		receive_slowly(test->network, 0, SERVERS, m);
	else
		receive(test->network, 0, SERVERS, m);
	assert_sent(CLIENTS, &test->to_client);
	assert_int_equal(sent[SERVERS].n, 0);
}

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
		uint64_t bytes = (strchr(mode->client, ':') ? 40u : 20u) + (mode->proto == IPPROTO_TCP ? 20u : 8u);
		uint64_t out = 0;

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
		uint16_t most = (uint16_t)(1500 - (strchr(mode->client, ':') ? 40 : 20) -
					   (mode->proto == IPPROTO_TCP ? 20 : 8));

		client_sends(&test, SYN, 0, false);
		client_sends(&test, ACK, most, false);
		test.in.payload = (uint16_t)(most + 1);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_TOO_BIG);
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

/* Lets so many milliseconds pass, with a turn every ten. */
static void
pass_time(struct worker *self, uint32_t ms)
{
	for (uint32_t i = 0; i < ms; i += 10) {
		self->now_ms += 10;
		conn_sweep(self, AF_INET, count_used);
		conn_sweep(self, AF_INET6, count_used);
	}
}

static void
an_idle_connection_ends_after_its_timeout_and_not_before(void **state)
{
	static const struct {
		uint8_t proto, state;
		uint32_t seconds;
	} cases[] = {
		{ IPPROTO_TCP, TCP_ESTABLISHED_, 900 }, { IPPROTO_TCP, TCP_SYN_RECV_, 60 },
		{ IPPROTO_TCP, TCP_FIN_WAIT, 120 },	{ IPPROTO_TCP, TCP_CLOSE_, 10 },
		{ IPPROTO_UDP, UDP_NORMAL, 300 },
	};

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(cases); i++) {
		struct flow_under_test test = test_flow(&modes[cases[i].proto == IPPROTO_TCP ? 10 : 11]);
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

		client_sends(&test, SYN, 0, false);
		client_sends(&test, SYN, 0, false);
		assert_int_equal(self->counters.count[COUNT_CONN_NEW], 1);
		conn_set_state(self, only_conn(test.network), TCP_TIME_WAIT_);
		client_sends(&test, SYN, 0, false);
		assert_int_equal(self->counters.count[COUNT_CONN_NEW], 2);
		assert_int_equal(self->counters.count[COUNT_CONN_REUSED], 1);
		assert_int_equal(self->counters.count[COUNT_CONNS], 1);
		assert_int_equal(only_conn(test.network)->state, TCP_SYN_RECV_);
		assert_int_equal(self->loads[0].active, 1);
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
		neighbour_wait_poll(self, transmit_ready);
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
	struct mode tunnel = modes[0];
	struct flow_under_test test;

	(void)state;
	tunnel.forward = FORWARD_TUNNEL;
	test = test_flow(&tunnel);
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
		cmocka_unit_test(udp_without_checksum_is_forwarded_without),
		cmocka_unit_test(a_wrong_l4_checksum_stays_wrong_unless_the_port_noticed),
		cmocka_unit_test(tcp_states_follow_both_sides_and_time_out),
		cmocka_unit_test(an_idle_connection_ends_after_its_timeout_and_not_before),
		cmocka_unit_test(a_packet_keeps_its_connection_and_tells_of_its_next_hops),
		cmocka_unit_test(a_syn_over_a_closed_connection_begins_a_new_one),
		cmocka_unit_test(a_removed_destination_gets_nothing_until_it_comes_back),
		cmocka_unit_test(a_destination_of_weight_zero_keeps_its_connections_and_gets_no_more),
		cmocka_unit_test(a_full_connection_table_refuses_new_ones_and_serves_the_old),
		cmocka_unit_test(packets_wait_for_a_neighbour_and_go_when_it_answers),
		cmocka_unit_test(a_changed_route_moves_established_connections),
		cmocka_unit_test(what_cannot_be_sent_is_counted),
		cmocka_unit_test(a_method_without_packet_path_is_refused),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
