/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services whose server is the host itself: by the method LOCAL, and by direct routing and tunnels to an address of the
 * host's own. What comes for it goes to the kernel to the last byte as it came.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "icmp_messages.h"
#include "lb/conn_table.h"
#include "lb/protocol.h"

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* How a service leads to the host. LOCAL does so whatever the destination's address is. */
static const struct way {
	uint8_t forward;
	const char *server4, *server6;
} ways[] = {
	{ FORWARD_LOCAL, "10.0.0.1", "fd00::1" },
	{ FORWARD_LOCAL, "203.0.113.9", "2001:db8:9::9" },
	{ FORWARD_DIRECT, "192.0.2.9", "2001:db8::9" },
	{ FORWARD_TUNNEL, "192.0.2.9", "2001:db8::9" },
};

struct visit {
	struct network *network;
	struct frame in;
};

static void
serve(struct network *network, uint8_t proto, bool v6, uint8_t forward, const char *server)
{
	const struct dest_spec dest = { .address = server, .port = 80, .weight = 1, .forward = forward };

	director_serve(network->director, 0, proto, v6 ? "2001:db8::1" : "192.0.2.1", 80, "rr", 0, &dest, 1);
}

static struct visit
visit(const struct way *way, uint8_t proto, bool v6)
{
	struct visit visit = {
		.network = network_new(1, 64),
		.in = { .src = v6 ? "2001:db8:1::7" : "198.51.100.7",
			.dst = v6 ? "2001:db8::1" : "192.0.2.1",
			.sport = 40000,
			.dport = 80,
			.proto = proto,
			.flags = SYN },
	};

	serve(visit.network, proto, v6, way->forward, v6 ? way->server6 : way->server4);
	return visit;
}

/* What the kernel gets is what came, by the port by which it came. */
static void
arrives(struct visit *visit, uint8_t flags, uint16_t payload, uint8_t ttl, bool slowly)
{
	struct caught *got = &visit->network->kernel.got[EXCEPTION_OTHER];
	struct rte_mbuf *m, *as_sent;

	visit->in.flags = flags;
	visit->in.payload = payload;
	visit->in.ttl = ttl;
	as_sent = frame_new(&visit->in, CLIENTS);
	m = frame_new(&visit->in, CLIENTS);
	if (slowly)
		receive_slowly(visit->network, 0, CLIENTS, m);
	else
		receive(visit->network, 0, CLIENTS, m);
	assert_int_equal(got->n, 1);
	assert_int_equal(got->packets[0]->pkt_len, as_sent->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(got->packets[0], void *), rte_pktmbuf_mtod(as_sent, void *),
			    as_sent->pkt_len);
	assert_int_equal(got->packets[0]->port, CLIENTS);
	rte_pktmbuf_free(as_sent);
	assert_to_kernel(visit->network, EXCEPTION_OTHER);
}

static const struct conn *
only_conn(const struct visit *visit)
{
	const bool v6 = strchr(visit->in.src, ':') != NULL;
	const struct conn_table *table = visit->network->director->workers[0]->conns[v6 ? TABLE_IPV6 : TABLE_IPV4];

	assert_int_equal(table->n_used, 1);
	return conn_at(table, 0);
}

static void
check_visit(const struct way *way, uint8_t proto, bool v6)
{
	struct visit test = visit(way, proto, v6);
	const struct dest_load *load = &test.network->director->workers[0]->loads[0];

	arrives(&test, SYN, 0, 64, false);
	arrives(&test, ACK, 0, 64, false);
	arrives(&test, ACK, 333, 64, false);
	arrives(&test, ACK, 334, 64, true);
	arrives(&test, ACK, 1, 1, false);
	assert_int_equal(load->connections, 1);
	assert_int_equal(load->in_packets, 5);
	assert_int_equal(load->out_packets, 0);
	if (proto == IPPROTO_TCP)
		assert_int_equal(only_conn(&test)->state, TCP_ESTABLISHED_);
	assert_int_equal(only_conn(&test)->packets, 5);
	network_free(test.network);
}

static void
packets_for_the_host_reach_it_as_they_came(void **state)
{
	(void)state;
	for (size_t way = 0; way < RTE_DIM(ways); way++) {
		for (size_t proto = 0; proto < RTE_DIM(protocols); proto++) {
			check_visit(&ways[way], protocols[proto], false);
			check_visit(&ways[way], protocols[proto], true);
		}
	}
}

static void
the_last_hop_may_be_used_up_already(void **state)
{
	(void)state;
	for (size_t way = 0; way < RTE_DIM(ways); way++) {
		struct visit test = visit(&ways[way], IPPROTO_TCP, way & 1);

		arrives(&test, SYN, 0, 1, false);
		assert_int_equal(test.network->director->workers[0]->loads[0].connections, 1);
		network_free(test.network);
	}
}

/* Answers of the host would not come back through us, to be translated. */
static void
translation_to_the_host_itself_is_refused(void **state)
{
	static const uint8_t methods[] = { FORWARD_NAT, FORWARD_FULLNAT };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(methods); i++) {
		const struct way way = { methods[i], "192.0.2.9", "2001:db8::9" };
		struct visit test = visit(&way, IPPROTO_TCP, i & 1);

		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_BLACKHOLE);
		assert_int_equal(test.network->director->workers[0]->loads[0].connections, 0);
		network_free(test.network);
	}
}

/* The kernel could forward it, but would take it for its own: it is sent to an address of the host. */
static void
a_server_behind_an_interface_of_the_kernels_is_not_the_host(void **state)
{
	const struct way way = { FORWARD_DIRECT, "203.0.113.9", "2001:db8:9::9" };

	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct visit test = visit(&way, IPPROTO_TCP, v6);

		set_route(test.network, v6 ? "2001:db8:9::" : "203.0.113.0", v6 ? 64 : 24, FIB_ELSEWHERE);
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_BLACKHOLE);
		network_free(test.network);
	}
}

static void
a_removed_destination_gets_nothing_more(void **state)
{
	struct visit test = visit(&ways[0], IPPROTO_TCP, false);

	(void)state;
	arrives(&test, SYN, 0, 64, false);
	director_serve(test.network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, NULL, 0);
	dest_retract(test.network->director->lb, DEST_ID(0, 1));
	test.in.flags = ACK;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_dropped(test.network, DROP_DEST_REMOVED);
	network_free(test.network);
}

/* An address that moves to the host, and on to another one, takes its connections with it. */
static void
a_server_that_becomes_the_host_keeps_its_connections(void **state)
{
	const struct way way = { FORWARD_DIRECT, "10.0.0.1", "fd00::1" };
	struct visit test = visit(&way, IPPROTO_UDP, false);
	struct frame out = test.in;

	(void)state;
	out.ttl = 63;
	out.src_mac = port_mac[SERVERS];
	out.dst_mac = server_mac[0];
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_sent(SERVERS, &out);
	set_route(test.network, "10.0.0.1", 32, FIB_LOCAL);
	arrives(&test, 0, 5, 64, false);
	set_route(test.network, "10.0.0.1", 32, test.network->nexthop_server[1]);
	out.dst_mac = server_mac[1];
	out.payload = 5;
	test.in.ttl = 64;
	receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
	assert_sent(SERVERS, &out);
	network_free(test.network);
}

/* Whose answer it is about is the host: that is where path MTUs are kept. */
static void
icmp_errors_about_its_answers_are_the_hosts(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * RTE_DIM(ways); i++) {
		const bool v6 = i & 1;
		struct visit test = visit(&ways[i / 2], IPPROTO_TCP, v6);
		const struct frame answer = { .src = test.in.dst,
					      .dst = test.in.src,
					      .sport = 80,
					      .dport = 40000,
					      .proto = IPPROTO_TCP,
					      .flags = ACK,
					      .payload = 100 };
		const struct icmp_spec error = { .src = v6 ? "2001:db8:1::99" : "198.51.100.99",
						 .dst = test.in.dst,
						 .type = v6 ? 2 : 3,
						 .code = v6 ? 0 : 4,
						 .quoted = &answer,
						 .cut = ICMP_QUOTE_ALL,
						 .ttl = 1 };

		arrives(&test, SYN, 0, 64, false);
		receive(test.network, 0, CLIENTS, icmp_new(&error, CLIENTS));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
		assert_int_equal(test.network->director->workers[0]->loads[0].in_packets, 2);
		network_free(test.network);
	}
}

static void
a_packet_that_is_scheduled_by_itself_arrives_too(void **state)
{
	struct visit test = visit(&ways[2], IPPROTO_UDP, false);

	(void)state;
	test.network->director->service_flags = IP_VS_SVC_F_ONEPACKET;
	serve(test.network, IPPROTO_UDP, false, FORWARD_DIRECT, "192.0.2.9");
	arrives(&test, 0, 3, 64, false);
	arrives(&test, 0, 3, 1, false);
	assert_int_equal(test.network->director->workers[0]->loads[0].connections, 2);
	network_free(test.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_for_the_host_reach_it_as_they_came),
		cmocka_unit_test(the_last_hop_may_be_used_up_already),
		cmocka_unit_test(translation_to_the_host_itself_is_refused),
		cmocka_unit_test(a_server_behind_an_interface_of_the_kernels_is_not_the_host),
		cmocka_unit_test(a_removed_destination_gets_nothing_more),
		cmocka_unit_test(a_server_that_becomes_the_host_keeps_its_connections),
		cmocka_unit_test(icmp_errors_about_its_answers_are_the_hosts),
		cmocka_unit_test(a_packet_that_is_scheduled_by_itself_arrives_too),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
