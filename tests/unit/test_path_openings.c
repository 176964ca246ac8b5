/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * First packets in one burst: connections are begun, and completed later, whatever else the burst brings.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/laddr.h"
#include "lb/service.h"
#include "packet_fixture.h"

static const struct dest_spec one_server = { .address = "10.0.0.1", .port = 8080, .weight = 1 };

static struct network *
network_with(uint8_t proto, uint8_t method)
{
	struct network *network = network_new(1, 1024);
	struct dest_spec server = one_server;

	server.forward = method;
	(void)director_serve(network->director, 0, proto, "192.0.2.1", 80, "rr", 0, &server, 1);
	return network;
}

static struct rte_mbuf *
client_frame(uint8_t proto, uint16_t sport, uint8_t flags, uint32_t seq, uint16_t payload)
{
	return frame_new(&(struct frame){ .src = "198.51.100.1",
					  .dst = "192.0.2.1",
					  .sport = sport,
					  .dport = 80,
					  .proto = proto,
					  .flags = flags,
					  .seq = seq,
					  .payload = payload },
			 CLIENTS);
}

static uint16_t
source_port(const struct rte_mbuf *m)
{
	return rte_be_to_cpu_16(
		rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr))
			->src_port);
}

static uint16_t
ip_length(const struct rte_mbuf *m)
{
	return rte_be_to_cpu_16(rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN)->total_length);
}

static int32_t
load_of(const struct network *network, uint32_t dest)
{
	const struct dest_load *load = &network->director->workers[0]->loads[dest];

	return load->active + load->inactive;
}

static void
a_whole_burst_of_first_packets_opens_as_many_connections(void **state)
{
	struct network *network = network_with(IPPROTO_TCP, FORWARD_FULLNAT);
	struct rte_mbuf *burst[BURST];
	bool seen[65536] = { false };

	(void)state;
	for (uint16_t i = 0; i < BURST; i++)
		burst[i] = client_frame(IPPROTO_TCP, 1000 + i, SYN, 5, 0);
	receive_burst(network, 0, CLIENTS, burst, BURST);
	assert_int_equal(sent[SERVERS].n, BURST);
	for (uint32_t i = 0; i < BURST; i++) {
		assert_false(seen[source_port(sent[SERVERS].packets[i])]);
		seen[source_port(sent[SERVERS].packets[i])] = true;
	}
	assert_int_equal(counted(network, COUNT_CONN_NEW), BURST);
	assert_int_equal(counted(network, COUNT_CONNS), BURST);
	assert_int_equal(load_of(network, 0), BURST);
	assert_int_equal(network->director->workers[0]->loads[0].connections, BURST);
	network_free(network);
}

/* One connection, and the packets in the order in which they came. */
static void
packets_of_one_flow_stay_in_order(void **state)
{
	static const uint8_t methods[] = { FORWARD_FULLNAT, FORWARD_NAT, FORWARD_DIRECT };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(methods); i++) {
		struct network *network = network_with(IPPROTO_UDP, methods[i]);
		struct rte_mbuf *burst[BURST];

		for (uint16_t n = 0; n < BURST; n++)
			burst[n] = client_frame(IPPROTO_UDP, 1000 + n % 4, 0, 0, 100 + n);
		receive_burst(network, 0, CLIENTS, burst, BURST);
		assert_int_equal(counted(network, COUNT_CONN_NEW), 4);
		assert_int_equal(counted(network, COUNT_FORWARDED), BURST);
		assert_int_equal(sent[SERVERS].n, BURST);
		for (uint16_t port = 0; port < 4; port++) {
			uint16_t last = 0, packets = 0, client = 0;

			for (uint32_t n = 0; n < BURST; n++) {
				uint16_t length = ip_length(sent[SERVERS].packets[n]);

				if ((length - sizeof(struct rte_ipv4_hdr) - sizeof(struct rte_udp_hdr)) % 4 != port)
					continue;
				assert_true(length > last);
				assert_true(packets == 0 || client == source_port(sent[SERVERS].packets[n]));
				client = source_port(sent[SERVERS].packets[n]);
				last = length;
				packets++;
			}
			assert_int_equal(packets, BURST / 4);
		}
		network_free(network);
	}
}

static void
a_syn_sent_again_at_once_is_of_the_same_connection(void **state)
{
	struct network *network = network_with(IPPROTO_TCP, FORWARD_FULLNAT);
	struct rte_mbuf *burst[] = {
		client_frame(IPPROTO_TCP, 1000, SYN, 5, 0),
		client_frame(IPPROTO_TCP, 1000, SYN, 5, 0),
		client_frame(IPPROTO_TCP, 1000, ACK, 6, 10),
	};

	(void)state;
	receive_burst(network, 0, CLIENTS, burst, RTE_DIM(burst));
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
	assert_int_equal(sent[SERVERS].n, RTE_DIM(burst));
	assert_int_equal(source_port(sent[SERVERS].packets[0]), source_port(sent[SERVERS].packets[1]));
	assert_int_equal(source_port(sent[SERVERS].packets[0]), source_port(sent[SERVERS].packets[2]));
	assert_int_equal(ip_length(sent[SERVERS].packets[2]), ip_length(sent[SERVERS].packets[0]) + 10);
	network_free(network);
}

/* The proposal of the second one is the port of the first, which nobody had when it was made. */
static void
one_local_port_serves_one_of_two(void **state)
{
	struct network *network = network_with(IPPROTO_TCP, FORWARD_FULLNAT);
	const struct ip_addr laddr = address_of("10.0.0.100");
	const struct laddr_group_spec group = { .name = "g",
						.port = SERVERS,
						.addresses = &laddr,
						.n_addresses = 1,
						.first_port = 2000,
						.last_port = 2000,
						.active = true };
	struct rte_mbuf *burst[] = {
		client_frame(IPPROTO_TCP, 1000, SYN, 5, 0),
		client_frame(IPPROTO_TCP, 1001, SYN, 5, 0),
	};

	(void)state;
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	receive_burst(network, 0, CLIENTS, burst, RTE_DIM(burst));
	assert_int_equal(sent[SERVERS].n, 1);
	assert_int_equal(source_port(sent[SERVERS].packets[0]), 2000);
	assert_int_equal(dropped(network, DROP_NO_LOCAL_PORT), 1);
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	assert_int_equal(load_of(network, 0), 1);
	assert_int_equal(network->director->workers[0]->loads[0].connections, 1);
	assert_int_equal(network->director->workers[0]->conns[TABLE_IPV4]->n_used, 1);
	network_free(network);
}

/* Two services by NAT that share a server. */
static struct network *
network_that_shares_a_server(void)
{
	struct network *network = network_with(IPPROTO_TCP, FORWARD_NAT);
	struct dest_spec server = one_server;

	server.forward = FORWARD_NAT;
	(void)director_serve(network->director, 1, IPPROTO_TCP, "192.0.2.2", 80, "rr", 1, &server, 1);
	return network;
}

static struct rte_mbuf *
second_service_frame(void)
{
	return frame_new(&(struct frame){ .src = "198.51.100.1",
					  .dst = "192.0.2.2",
					  .sport = 1000,
					  .dport = 80,
					  .seq = 77,
					  .flags = SYN },
			 CLIENTS);
}

/* One client's port towards two services that share a server: its answers couldn't be told apart. */
static void
a_reply_flow_belongs_to_the_connection_that_came_first(void **state)
{
	struct network *network = network_that_shares_a_server();
	struct rte_mbuf *burst[2];

	(void)state;
	burst[0] = client_frame(IPPROTO_TCP, 1000, SYN, 5, 0);
	burst[1] = second_service_frame();
	receive_burst(network, 0, CLIENTS, burst, RTE_DIM(burst));
	assert_int_equal(sent[SERVERS].n, 1);
	assert_int_equal(dropped(network, DROP_CONN_COLLISION), 1);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	assert_int_equal(load_of(network, 0), 1);
	assert_int_equal(load_of(network, 1), 0);
	assert_int_equal(network->director->workers[0]->loads[1].connections, 0);
	network_free(network);
}

static void
assert_counts_one(struct network *network)
{
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	assert_int_equal(load_of(network, 0) + load_of(network, 1), 1);
	assert_int_equal(network->director->workers[0]->conns[TABLE_IPV4]->n_used, 1);
	assert_int_equal(counted(network, COUNT_LADDR_RECYCLED), 0);
}

/* A client's port at one service, whose connection comes to STATE; then at another service of the same server. */
static struct network *
network_with_a_port_again(uint8_t conn_state)
{
	struct network *network = network_that_shares_a_server();
	struct worker *self = network->director->workers[0];
	struct conn *conn;

	receive(network, 0, CLIENTS, client_frame(IPPROTO_TCP, 1000, SYN, 5, 0));
	rte_pktmbuf_free(sent_one(SERVERS));
	conn = conn_at(self->conns[TABLE_IPV4], 0);
	conn->last_ack[CONN_OUT] = RTE_BE32(5000);
	conn_set_state(self, conn, conn_state);
	receive(network, 0, CLIENTS, second_service_frame());
	return network;
}

static void
a_reply_flow_is_kept_until_its_connection_is_over(void **state)
{
	static const uint8_t states[] = { TCP_SYN_RECV_, TCP_ESTABLISHED_, TCP_FIN_WAIT, TCP_CLOSE_WAIT_,
					  TCP_LAST_ACK_ };

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(states); i++) {
		struct network *network = network_with_a_port_again(states[i]);

		assert_dropped(network, DROP_CONN_COLLISION);
		assert_int_equal(counted(network, COUNT_CONN_REUSED), 0);
		assert_counts_one(network);
		network_free(network);
	}
}

static void
a_reply_flow_is_free_when_its_connection_has_lost_its_service(void **state)
{
	struct network *network = network_that_shares_a_server();

	(void)state;
	receive(network, 0, CLIENTS, client_frame(IPPROTO_TCP, 1000, SYN, 5, 0));
	rte_pktmbuf_free(sent_one(SERVERS));
	dest_retract(network->director->lb, DEST_ID(0, 1));
	receive(network, 0, CLIENTS, second_service_frame());
	rte_pktmbuf_free(sent_one(SERVERS));
	assert_int_equal(counted(network, COUNT_CONN_REUSED), 1);
	assert_counts_one(network);
	network_free(network);
}

/* The server may be in TIME_WAIT, and is to take the SYN for that of a new connection. */
static void
a_reply_flow_is_free_when_its_connection_is_over(void **state)
{
	static const uint8_t states[] = { TCP_TIME_WAIT_, TCP_CLOSE_ };
	const uint32_t expected = 5000 + 65536;

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(states); i++) {
		struct network *network = network_with_a_port_again(states[i]);

		assert_sent(SERVERS, &(struct frame){ .src = "198.51.100.1",
						      .dst = "10.0.0.1",
						      .sport = 1000,
						      .dport = 8080,
						      .seq = expected,
						      .flags = SYN,
						      .ttl = 63,
						      .src_mac = port_mac[SERVERS],
						      .dst_mac = server_mac[0] });
		receive(network, 0, SERVERS,
			frame_new(&(struct frame){ .src = "10.0.0.1",
						   .dst = "198.51.100.1",
						   .sport = 8080,
						   .dport = 1000,
						   .ack = expected + 1,
						   .flags = SYN | ACK },
				  SERVERS));
		assert_sent(CLIENTS, &(struct frame){ .src = "192.0.2.2",
						      .dst = "198.51.100.1",
						      .sport = 80,
						      .dport = 1000,
						      .ack = 78,
						      .flags = SYN | ACK,
						      .ttl = 63,
						      .src_mac = port_mac[CLIENTS],
						      .dst_mac = router_mac });
		assert_int_equal(counted(network, COUNT_CONN_REUSED), 1);
		assert_counts_one(network);
		assert_accounts_close(network);
		network_free(network);
	}
}

/* The scheduler sees connections that are begun as well as those that are complete. */
static void
a_threshold_holds_within_a_burst(void **state)
{
	struct network *network = network_new(1, 1024);
	struct dest_spec server = one_server;
	struct rte_mbuf *burst[10];

	(void)state;
	server.forward = FORWARD_FULLNAT;
	server.upper = 4;
	(void)director_serve(network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "wlc", 0, &server, 1);
	for (uint16_t i = 0; i < RTE_DIM(burst); i++)
		burst[i] = client_frame(IPPROTO_TCP, 1000 + i, SYN, 5, 0);
	receive_burst(network, 0, CLIENTS, burst, RTE_DIM(burst));
	assert_int_equal(sent[SERVERS].n, 4);
	assert_int_equal(dropped(network, DROP_NO_DEST), 6);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_burst_of_first_packets_opens_as_many_connections),
		cmocka_unit_test(packets_of_one_flow_stay_in_order),
		cmocka_unit_test(a_syn_sent_again_at_once_is_of_the_same_connection),
		cmocka_unit_test(one_local_port_serves_one_of_two),
		cmocka_unit_test(a_reply_flow_belongs_to_the_connection_that_came_first),
		cmocka_unit_test(a_reply_flow_is_kept_until_its_connection_is_over),
		cmocka_unit_test(a_reply_flow_is_free_when_its_connection_is_over),
		cmocka_unit_test(a_reply_flow_is_free_when_its_connection_has_lost_its_service),
		cmocka_unit_test(a_threshold_holds_within_a_burst),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
