/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that go on to where they were sent: by the method BYPASS, and by the sysctl cache_bypass where a service by mark
 * has no server.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "core/token_bucket.h"
#include "icmp_messages.h"
#include "lb/conn_table.h"
#include "lb/mark.h"
#include "lb/protocol.h"
#include "pieces.h"

#define ORIGIN(v6) ((v6) ? "2001:db8:7::80" : "203.0.113.80")

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* A service by mark 7 for all that is sent to port 80, with or without a server of METHOD and WEIGHT. The way to the origin
 * is that of server 2. */
static struct network *
marked(uint32_t n_workers, bool v6, uint32_t flags, const struct dest_spec *dest)
{
	struct network *network = network_new(n_workers, 64);
	const struct mark_rule rule = { .mark = 7,
					.port = MARK_ANY_PORT,
					.out_port = MARK_ANY_PORT,
					.first_port = 80,
					.last_port = 80,
					.last_source_port = UINT16_MAX };
	const struct service_spec spec = { .key = { .fwmark = 7, .family = v6 ? AF_INET6 : AF_INET },
					   .flags = flags,
					   .timeout_s = 300,
					   .netmask = v6 ? 128 : UINT32_MAX,
					   .had_dests = true };
	struct marks *marks;

	assert_int_equal(marks_create(&rule, 1, &marks), 0);
	lb_set_marks(network->director->lb, marks);
	director_serve_as(network->director, &spec, 0, dest, dest ? 1 : 0);
	set_route(network, "203.0.113.0", 24, network->nexthop_server[1]);
	set_route(network, "2001:db8:7::", 64, network->nexthop_server[1]);
	return network;
}

static struct frame
to_origin(bool v6, uint8_t proto)
{
	return (struct frame){ .src = v6 ? "2001:db8:1::7" : "198.51.100.7",
			       .dst = ORIGIN(v6),
			       .sport = 40000,
			       .dport = 80,
			       .proto = proto,
			       .flags = SYN };
}

static struct frame
as_forwarded(const struct frame *in)
{
	struct frame out = *in;

	out.ttl = 63;
	out.src_mac = port_mac[SERVERS];
	out.dst_mac = server_mac[1];
	return out;
}

/* All that changes is the hop. */
static void
goes_on(struct network *network, uint32_t worker, struct frame *in, uint8_t flags, uint16_t payload, bool slowly)
{
	struct frame out;

	in->flags = flags;
	in->payload = payload;
	out = as_forwarded(in);
	if (slowly)
		receive_slowly(network, worker, CLIENTS, frame_new(in, CLIENTS));
	else
		receive(network, worker, CLIENTS, frame_new(in, CLIENTS));
	assert_sent(SERVERS, &out);
	assert_nothing_sent();
	assert_accounts_close(network);
}

static const struct dest_load *
load_of(const struct network *network, uint32_t dest)
{
	return &network->director->workers[0]->loads[DEST_INDEX(dest)];
}

static void
check_bypass(bool v6, uint8_t proto)
{
	struct network *network = marked(1, v6, 0, NULL);
	const uint32_t bypass = network->director->lb->bypass->id;
	const struct conn_table *table = network->director->workers[0]->conns[v6 ? TABLE_IPV6 : TABLE_IPV4];
	struct frame in = to_origin(v6, proto);

	director_knob(network->director, "cache_bypass", 1);
	goes_on(network, 0, &in, SYN, 0, false);
	goes_on(network, 0, &in, ACK, 0, false);
	goes_on(network, 0, &in, ACK, 700, false);
	goes_on(network, 0, &in, ACK, 701, true);
	assert_int_equal(table->n_used, 1);
	assert_int_equal(conn_at(table, 0)->dest, bypass);
	assert_int_equal(load_of(network, bypass)->connections, 1);
	assert_int_equal(load_of(network, bypass)->in_packets, 4);
	if (proto == IPPROTO_TCP)
		assert_int_equal(conn_at(table, 0)->state, TCP_ESTABLISHED_);
	network_free(network);
}

static void
a_mark_without_a_server_lets_packets_through(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		check_bypass(false, protocols[i]);
		check_bypass(true, protocols[i]);
	}
}

static void
is_refused(struct network *network, const struct frame *in)
{
	receive(network, 0, CLIENTS, frame_new(in, CLIENTS));
	forget_packets(network);
	assert_dropped(network, DROP_NO_DEST);
}

/* Off, an address of the director's own or a group's, and services by address. */
static void
what_is_not_to_go_on_is_refused(void **state)
{
	static const char *const never[] = { "192.0.2.1", "10.0.0.100", "239.1.2.3" };
	struct network *network = marked(1, false, 0, NULL);
	struct frame in = to_origin(false, IPPROTO_TCP);

	(void)state;
	is_refused(network, &in);
	director_knob(network->director, "cache_bypass", 1);
	for (size_t i = 0; i < RTE_DIM(never); i++) {
		in.dst = never[i];
		is_refused(network, &in);
	}
	director_serve(network->director, 1, IPPROTO_TCP, ORIGIN(false), 8080, "rr", 1, NULL, 0);
	in = to_origin(false, IPPROTO_TCP);
	in.dport = 8080;
	is_refused(network, &in);
	network_free(network);
}

/* Of a network that the director is in, 203.0.113.0/24; an ICMP error would be one to each packet from each host. */
static void
a_directed_broadcast_neither_goes_on_nor_is_answered(void **state)
{
	const struct dest_spec dest = { .address = "10.0.0.1", .weight = 1, .forward = FORWARD_BYPASS };

	(void)state;
	for (int has_dest = 0; has_dest < 2; has_dest++) {
		struct network *network = marked(1, false, 0, has_dest ? &dest : NULL);
		struct frame in = to_origin(false, IPPROTO_UDP);

		director_knob(network->director, "cache_bypass", 1);
		token_bucket_init(&network->director->workers[0]->icmp_errors, 1000, 0);
		in.dst = "203.0.113.255";
		goes_on(network, 0, &in, 0, 3, false);
		set_route(network, in.dst, 32, FIB_BROADCAST);
		in.sport++;
		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		assert_dropped(network, has_dest ? DROP_BLACKHOLE : DROP_NO_DEST);
		assert_int_equal(counted(network, COUNT_ICMP_MADE), 0);
		/* Nobody sends from there. */
		in.src = in.dst;
		in.dst = ORIGIN(false);
		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		assert_dropped(network, DROP_IP_SOURCE);
		network_free(network);
	}
}

static void
a_server_that_comes_gets_new_connections(void **state)
{
	const struct dest_spec dest = { .address = "10.0.0.1", .weight = 1, .forward = FORWARD_DIRECT };
	const struct service_spec spec = { .key = { .fwmark = 7, .family = AF_INET } };
	struct network *network = marked(1, false, 0, NULL);
	struct frame in = to_origin(false, IPPROTO_TCP), other = in, out;

	(void)state;
	director_knob(network->director, "cache_bypass", 1);
	goes_on(network, 0, &in, SYN, 0, false);
	director_serve_as(network->director, &spec, 0, &dest, 1);
	other.sport++;
	out = as_forwarded(&other);
	out.dst_mac = server_mac[0];
	receive(network, 0, CLIENTS, frame_new(&other, CLIENTS));
	assert_sent(SERVERS, &out);
	goes_on(network, 0, &in, ACK, 5, false);
	network_free(network);
}

static void
a_persistent_service_remembers_nobody_it_let_through(void **state)
{
	(void)state;
	for (uint32_t workers = 1; workers <= 4; workers++) {
		struct network *network = marked(workers, false, IP_VS_SVC_F_PERSISTENT, NULL);
		uint32_t conns = 0;

		director_knob(network->director, "cache_bypass", 1);
		for (uint16_t i = 0; i < 16; i++) {
			struct frame in = to_origin(false, IPPROTO_TCP);

			in.sport = (uint16_t)(40000 + i);
			goes_on(network, i % workers, &in, SYN, 0, false);
			goes_on(network, i % workers, &in, ACK, 1, false);
		}
		for (uint32_t i = 0; i < workers; i++) {
			struct conn_table *table = network->director->workers[i]->conns[TABLE_IPV4];

			conns += table->n_used;
			for (uint32_t n = 0; n < table->high; n++)
				assert_int_equal(conn_at(table, n)->flags & CONN_PERSISTENT, 0);
		}
		assert_int_equal(conns, 16);
		network_free(network);
	}
}

/* A destination of that method, which only other clients than ipvsadm make. */
static void
a_destination_of_the_method_gets_nothing_itself(void **state)
{
	const struct dest_spec dest = { .address = "10.0.0.1", .weight = 1, .forward = FORWARD_BYPASS };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(protocols); i++) {
		struct network *network = marked(1, false, 0, &dest);
		struct frame in = to_origin(false, protocols[i]);

		goes_on(network, 0, &in, SYN, 0, false);
		goes_on(network, 0, &in, ACK, 9, false);
		assert_int_equal(load_of(network, DEST_ID(0, 1))->in_packets, 2);
		network_free(network);
	}
}

static void
a_route_that_changes_is_followed(void **state)
{
	struct network *network = marked(1, true, 0, NULL);
	struct frame in = to_origin(true, IPPROTO_UDP), out;

	(void)state;
	director_knob(network->director, "cache_bypass", 1);
	goes_on(network, 0, &in, 0, 3, false);
	set_route(network, "2001:db8:7::", 64, network->nexthop_server[0]);
	out = as_forwarded(&in);
	out.dst_mac = server_mac[0];
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_sent(SERVERS, &out);
	set_route(network, "2001:db8:7::", 64, FIB_BLACKHOLE);
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	forget_packets(network);
	assert_dropped(network, DROP_BLACKHOLE);
	network_free(network);
}

/* Nothing was changed, so its sender knows it as it is. The server of a mark has no address of a service, either. */
static void
check_too_long(const struct dest_spec *dest)
{
	struct network *network = marked(1, true, 0, dest);
	struct frame in = to_origin(true, IPPROTO_UDP), out = as_forwarded(&in);

	director_knob(network->director, "cache_bypass", 1);
	token_bucket_init(&network->director->workers[0]->icmp_errors, 1000, 0);
	out.dst_mac = dest ? server_mac[0] : server_mac[1];
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_sent(SERVERS, &out);
	in.payload = 1500;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	assert_int_equal(counted(network, COUNT_ICMP_MADE), 1);
	rte_pktmbuf_free(sent_one(CLIENTS));
	assert_dropped(network, DROP_TOO_BIG);
	network_free(network);
}

static void
one_that_is_too_long_is_answered(void **state)
{
	const struct dest_spec direct = { .address = "fd00::1", .weight = 1, .forward = FORWARD_DIRECT };

	(void)state;
	check_too_long(NULL);
	check_too_long(&direct);
}

static void
one_whose_last_hop_is_used_up_is_answered(void **state)
{
	(void)state;
	for (int known = 0; known < 2; known++) {
		struct network *network = marked(1, false, 0, NULL);
		struct frame in = to_origin(false, IPPROTO_UDP);

		director_knob(network->director, "cache_bypass", 1);
		token_bucket_init(&network->director->workers[0]->icmp_errors, 1000, 0);
		if (known)
			goes_on(network, 0, &in, 0, 3, false);
		in.ttl = 1;
		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		assert_int_equal(counted(network, COUNT_ICMP_MADE), 1);
		rte_pktmbuf_free(sent_one(CLIENTS));
		assert_dropped(network, DROP_IP_TTL);
		network_free(network);
	}
}

static void
check_fragments(bool v6, uint32_t n_workers, uint32_t flags)
{
	struct network *network = marked(n_workers, v6, flags, NULL);
	struct frame in = to_origin(v6, IPPROTO_UDP), out;
	uint32_t conns = 0;

	director_knob(network->director, "cache_bypass", 1);
	in.payload = PAYLOAD - 8;
	out = as_forwarded(&in);
	/* Of the first datagram the first fragment opens the connection. */
	for (uint32_t i = 0; i < RTE_DIM(orders); i++)
		pieces_pass(network, &in, CLIENTS, &out, SERVERS, orders[i], i % 2 == 0 ? 0 : WORKERS_MAX);
	for (uint32_t i = 0; i < n_workers; i++)
		conns += network->director->workers[i]->conns[v6 ? TABLE_IPV6 : TABLE_IPV4]->n_used;
	assert_int_equal(conns, 1);
	network_free(network);
}

static void
fragments_go_on_as_they_are(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		check_fragments(v6, 1, 0);
		check_fragments(v6, 1, IP_VS_SVC_F_PERSISTENT);
		check_fragments(v6, 3, 0);
	}
}

/* An error of the client's about an answer that did not come by here goes on to the origin as it is. */
static void
errors_about_answers_go_on(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct network *network = marked(1, v6, 0, NULL);
		struct frame in = to_origin(v6, IPPROTO_UDP);
		const struct frame answer = { .src = in.dst,
					      .dst = in.src,
					      .sport = in.dport,
					      .dport = in.sport,
					      .proto = IPPROTO_UDP,
					      .payload = 100 };
		struct icmp_spec error = { .src = in.src,
					   .dst = in.dst,
					   .type = v6 ? 1 : 3,
					   .code = v6 ? 4 : 3,
					   .quoted = &answer,
					   .cut = ICMP_QUOTE_ALL };
		struct icmp_spec out = error;

		director_knob(network->director, "cache_bypass", 1);
		goes_on(network, 0, &in, 0, 3, false);
		out.ttl = 63;
		out.src_mac = port_mac[SERVERS];
		out.dst_mac = server_mac[1];
		receive(network, 0, CLIENTS, icmp_new(&error, CLIENTS));
		assert_icmp_sent(SERVERS, &out);
		assert_accounts_close(network);
		network_free(network);
	}
}

/* Errors about what went on, and the answers themselves, are the kernel's to forward: nothing is to be translated. */
static void
what_comes_back_is_the_kernels(void **state)
{
	(void)state;
	for (int v6 = 0; v6 < 2; v6++) {
		struct network *network = marked(1, v6, 0, NULL);
		struct frame in = to_origin(v6, IPPROTO_UDP), answer, quoted;
		struct icmp_spec error = { .src = in.dst,
					   .dst = in.src,
					   .type = v6 ? 1 : 3,
					   .code = v6 ? 4 : 3,
					   .quoted = &quoted,
					   .cut = ICMP_QUOTE_ALL,
					   .src_mac = server_mac[1] };

		director_knob(network->director, "cache_bypass", 1);
		goes_on(network, 0, &in, 0, 3, false);
		quoted = in;
		receive(network, 0, SERVERS, icmp_new(&error, SERVERS));
		assert_to_kernel(network, EXCEPTION_OTHER);
		answer = (struct frame){ .src = in.dst,
					 .dst = in.src,
					 .sport = in.dport,
					 .dport = in.sport,
					 .proto = IPPROTO_UDP,
					 .src_mac = server_mac[1] };
		receive(network, 0, SERVERS, frame_new(&answer, SERVERS));
		assert_to_kernel(network, EXCEPTION_OTHER);
		network_free(network);
	}
}

static void
one_packet_scheduling_lets_each_one_through(void **state)
{
	struct network *network = marked(1, false, IP_VS_SVC_F_ONEPACKET, NULL);
	struct frame in = to_origin(false, IPPROTO_UDP);

	(void)state;
	director_knob(network->director, "cache_bypass", 1);
	goes_on(network, 0, &in, 0, 3, false);
	goes_on(network, 0, &in, 0, 4, true);
	assert_int_equal(network->director->workers[0]->conns[TABLE_IPV4]->n_used, 0);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_mark_without_a_server_lets_packets_through),
		cmocka_unit_test(what_is_not_to_go_on_is_refused),
		cmocka_unit_test(a_directed_broadcast_neither_goes_on_nor_is_answered),
		cmocka_unit_test(a_server_that_comes_gets_new_connections),
		cmocka_unit_test(a_persistent_service_remembers_nobody_it_let_through),
		cmocka_unit_test(a_destination_of_the_method_gets_nothing_itself),
		cmocka_unit_test(a_route_that_changes_is_followed),
		cmocka_unit_test(one_that_is_too_long_is_answered),
		cmocka_unit_test(one_whose_last_hop_is_used_up_is_answered),
		cmocka_unit_test(fragments_go_on_as_they_are),
		cmocka_unit_test(errors_about_answers_go_on),
		cmocka_unit_test(what_comes_back_is_the_kernels),
		cmocka_unit_test(one_packet_scheduling_lets_each_one_through),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
