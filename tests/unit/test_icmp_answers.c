/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors that the director makes itself (path/icmp_send.c): about what, to whom, quoting what, from where, and how
 * often.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "icmp_messages.h"
#include "ip/neighbour_wait.h"
#include "lb/conn_table.h"

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP };
static const uint8_t methods[] = { FORWARD_NAT, FORWARD_DIRECT, FORWARD_FULLNAT };

static const char *const own[2][2] = { { "198.51.100.254", "10.0.0.254" }, { "2001:db8:1::fe", "fd00::fe" } };

static struct network *
network_that_answers(uint32_t n_workers)
{
	struct network *network = network_new(n_workers, 1024);

	for (uint32_t i = 0; i < n_workers; i++)
		token_bucket_init(&network->director->workers[i]->icmp_errors, 1000000, 0);
	for (int port = 0; port < 2; port++) {
		const struct fib_own addresses = {
			.has_v4 = true,
			.has_v6 = true,
			.v4 = address_of(own[0][port]).ip,
			.v6 = address_of(own[1][port]).ip,
		};

		assert_int_equal(fib_set_own(network->fib, (uint8_t)port, &addresses), 0);
		for (int v6 = 0; v6 < 2; v6++)
			set_route(network, own[v6][port], v6 ? 128 : 32, FIB_LOCAL);
	}
	return network;
}

static void
for_each_talk(void (*check)(struct network *network, const struct talk *talk))
{
	for (int i = 0; i < 2 * 2 * 3; i++) {
		struct network *network = network_that_answers(1);
		struct talk talk;

		talk_open(network, 0, 0, i & 1 ? AF_INET6 : AF_INET, protocols[i / 2 % 2], methods[i / 4], 1000, &talk);
		check(network, &talk);
		network_free(network);
	}
}

/* What was dropped for REASON is told of as TOLD says, on PORT; that is all. */
static void
assert_told(struct network *network, enum drop_reason reason, uint8_t port, const struct icmp_spec *told)
{
	const uint64_t generated = counted(network, COUNT_GENERATED);

	assert_true(generated > 0);
	assert_int_equal(generated, counted(network, COUNT_ICMP_MADE));
	assert_int_equal(sent[port ^ 1].n, 0);
	assert_icmp_sent(port, told);
	assert_dropped(network, reason);
}

/* To the client or the server, about a packet as he sent it. */
static struct icmp_spec
told(const struct talk *talk, bool to_client, const struct frame *about)
{
	const bool v6 = talk->family == AF_INET6;

	return (struct icmp_spec){
		.src = own[v6][to_client ? CLIENTS : SERVERS],
		.dst = to_client ? talk->sent.src : talk->answered.src,
		.quoted = about,
		.cut = ICMP_QUOTE_ALL,
		.own = true,
		.src_mac = port_mac[to_client ? CLIENTS : SERVERS],
		.dst_mac = to_client ? router_mac : server_mac[0],
	};
}

static void
check_ttl(struct network *network, const struct talk *talk)
{
	const bool v6 = talk->family == AF_INET6;
	struct frame about = talk->sent;
	struct icmp_spec answer = told(talk, true, &about);

	answer.type = v6 ? 3 : 11;
	about.ttl = 1;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_IP_TTL, CLIENTS, &answer);
	/* the first packet of another connection */
	about.sport = 1001;
	about.flags = SYN;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_IP_TTL, CLIENTS, &answer);
	if (talk->forward == FORWARD_DIRECT)
		return;
	about = talk->answered;
	about.ttl = 1;
	answer = told(talk, false, &about);
	answer.type = v6 ? 3 : 11;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_told(network, DROP_IP_TTL, SERVERS, &answer);
}

static void
a_spent_ttl_is_told_to_the_sender(void **state)
{
	(void)state;
	for_each_talk(check_ttl);
}

/* RFC 1812 and RFC 4443: 576 and 1280 bytes, of which the headers take their part. */
static uint16_t
quoted_at_most(const struct talk *talk)
{
	return talk->family == AF_INET ? 576 - 28 : 1280 - 48;
}

/* The quote has the TTL that the director sent it with, one less; what it says in the message comes one hop further. */
static void
check_too_big_by(struct network *network, const struct talk *talk, bool by_route)
{
	const bool v6 = talk->family == AF_INET6;
	struct frame about = talk->sent, quoted;
	struct icmp_spec answer = told(talk, true, &quoted);

	answer.type = v6 ? 2 : 3;
	answer.code = v6 ? 0 : 4;
	answer.cut = quoted_at_most(talk);
	answer.ttl = talk->forward == FORWARD_DIRECT ? 64 : 63;
	answer.rest[2] = 1401 >> 8;
	answer.rest[3] = 1401 & 0xff;
	narrow_way(network, SERVERS, 1401, by_route);
	about.payload = 1400;
	quoted = about;
	quoted.ttl = 63;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_TOO_BIG, CLIENTS, &answer);
	if (talk->forward == FORWARD_DIRECT)
		return;
	narrow_way(network, CLIENTS, 1300, by_route);
	about = talk->answered;
	about.payload = 1400;
	quoted = about;
	quoted.ttl = 63;
	answer = told(talk, false, &quoted);
	answer.type = v6 ? 2 : 3;
	answer.code = v6 ? 0 : 4;
	answer.cut = quoted_at_most(talk);
	answer.ttl = 63;
	answer.rest[2] = 1300 >> 8;
	answer.rest[3] = 1300 & 0xff;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_told(network, DROP_TOO_BIG, SERVERS, &answer);
	/* with what was found for the connection */
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_told(network, DROP_TOO_BIG, SERVERS, &answer);
}

static void
check_too_big(struct network *network, const struct talk *talk)
{
	check_too_big_by(network, talk, false);
}

static void
check_too_big_for_route(struct network *network, const struct talk *talk)
{
	check_too_big_by(network, talk, true);
}

static void
packets_beyond_the_mtu_are_told_with_the_mtu(void **state)
{
	(void)state;
	for_each_talk(check_too_big);
	for_each_talk(check_too_big_for_route);
}

static void
packets_that_may_be_split_are_not_told_to_be_too_big(void **state)
{
	struct network *network = network_that_answers(1);
	struct talk talk;
	struct rte_mbuf *m;
	struct frame about;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_UDP, FORWARD_NAT, 1000, &talk);
	network->ports.port[SERVERS].mtu = 1000;
	about = talk.sent;
	about.payload = 1100;
	m = frame_new(&about, CLIENTS);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, 14 + 6) = 0;
	frame_checksums(m);
	receive(network, 0, CLIENTS, m);
	assert_int_equal(sent[SERVERS].n, 2);
	assert_int_equal(sent[CLIENTS].n, 0);
	forget_packets(network);
	network_free(network);
}

static void
check_no_server(struct network *network, const struct talk *talk)
{
	const bool v4 = talk->family == AF_INET;
	struct frame about = talk->sent;
	struct icmp_spec answer = told(talk, true, &about);

	director_serve(network->director, 0, talk->proto, talk->sent.dst, 80, "rr", 1, NULL, 0);
	about.sport = 1001;
	about.flags = SYN;
	answer.src = talk->sent.dst; /* as the kernel: the VIP speaks */
	answer.type = v4 ? 3 : 1;
	answer.code = v4 ? 3 : 4;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_NO_DEST, CLIENTS, &answer);
}

static void
a_service_without_a_server_is_an_unreachable_port(void **state)
{
	(void)state;
	for_each_talk(check_no_server);
}

static void
forget_route(struct network *network, const char *prefix, uint8_t length)
{
	const struct ip_addr address = address_of(prefix);

	assert_int_equal(fib_delete_route(network->fib, &address, length), 0);
}

static void
check_no_route(struct network *network, const struct talk *talk)
{
	const bool v4 = talk->family == AF_INET;
	struct frame about = talk->sent, quoted;
	struct icmp_spec answer = told(talk, true, &quoted);

	answer.type = v4 ? 3 : 1;
	answer.code = v4 ? 1 : 0;
	forget_route(network, v4 ? "10.0.0.1" : "fd00::1", v4 ? 32 : 128);
	forget_route(network, v4 ? "10.0.0.0" : "fd00::", v4 ? 24 : 64);
	/* of a connection */
	quoted = about;
	quoted.ttl = 63;
	answer.ttl = talk->forward == FORWARD_DIRECT ? 64 : 63;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_NO_ROUTE, CLIENTS, &answer);
	/* that would begin one */
	about.sport = 1001;
	about.flags = SYN;
	quoted = about;
	answer.ttl = 0;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_NO_ROUTE, CLIENTS, &answer);
}

static void
a_server_without_a_route_is_an_unreachable_host(void **state)
{
	(void)state;
	for_each_talk(check_no_route);
}

/* 10.0.0.9 has no MAC address: packets to it wait for three seconds. */
static void
check_no_neighbour(struct network *network, const struct talk *talk)
{
	const bool v4 = talk->family == AF_INET;
	struct worker *self = network->director->workers[0];
	const struct dest_spec silent = {
		.address = v4 ? "10.0.0.9" : "fd00::9", .port = 8080, .weight = 1, .forward = talk->forward
	};
	struct frame about = talk->sent, quoted;
	struct icmp_spec answer = told(talk, true, &quoted);

	director_serve(network->director, 0, talk->proto, talk->sent.dst, 80, "rr", 1, &silent, 1);
	about.sport = 1001;
	about.flags = SYN;
	quoted = about;
	quoted.ttl = 63;
	answer.type = v4 ? 3 : 1;
	answer.code = v4 ? 1 : 3;
	answer.ttl = talk->forward == FORWARD_DIRECT ? 64 : 63;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_nothing_sent();
	self->now_ms += 4000;
	neighbour_wait_poll(self, transmit_ready, transmit_lost);
	transmit_flush(self);
	assert_told(network, DROP_NEIGH_FAILED, CLIENTS, &answer);
}

static void
a_server_that_does_not_answer_for_its_address_is_unreachable(void **state)
{
	(void)state;
	for_each_talk(check_no_neighbour);
}

/* Then the address that was sent to speaks. */
static void
check_no_own_address(struct network *network, const struct talk *talk)
{
	struct frame about = talk->sent;
	struct icmp_spec answer = told(talk, true, &about);

	assert_int_equal(fib_set_own(network->fib, CLIENTS, &(struct fib_own){ .has_v4 = false }), 0);
	answer.src = talk->sent.dst;
	answer.type = talk->family == AF_INET ? 11 : 3;
	about.ttl = 1;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_told(network, DROP_IP_TTL, CLIENTS, &answer);
}

static void
without_an_address_of_its_own_the_director_speaks_from_the_vip(void **state)
{
	(void)state;
	for_each_talk(check_no_own_address);
}

static void
nothing_is_told_to_false_sources(void **state)
{
	static const char *const sources[] = { "127.0.0.1", "0.0.0.0", "224.0.0.1", "255.255.255.255", "192.0.2.77" };
	struct network *network = network_that_answers(1);
	const struct dest_spec none = { .address = "10.0.0.1", .port = 80, .weight = 0, .forward = FORWARD_NAT };

	(void)state;
	director_serve(network->director, 0, IPPROTO_UDP, "192.0.2.1", 80, "rr", 0, &none, 1);
	for (size_t i = 0; i < sizeof(sources) / sizeof(sources[0]); i++) {
		const struct frame frame = {
			.src = sources[i], .dst = "192.0.2.1", .sport = 1000, .dport = 80, .proto = IPPROTO_UDP
		};

		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_IP_SOURCE);
	}
	assert_int_equal(counted(network, COUNT_GENERATED), 0);
	network_free(network);
}

/* nat_icmp_send: the server is told, from the director's address, that nobody waits for this. */
static void
check_stray(struct network *network, const struct talk *talk)
{
	const bool v6 = talk->family == AF_INET6;
	struct frame about = talk->answered;
	struct icmp_spec answer = told(talk, false, &about);

	if (talk->forward != FORWARD_NAT)
		return;
	about.dport = 1001;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	director_knob(network->director, "nat_icmp_send", 1);
	answer.type = v6 ? 1 : 3;
	answer.code = v6 ? 4 : 3;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_told(network, DROP_NAT_NO_CONN, SERVERS, &answer);
	/* another port of the server is none of ours, nor is a reset */
	about.sport = 8081;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	about.sport = 8080;
	about.flags = RST;
	if (talk->proto != IPPROTO_TCP)
		return;
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	/* to the director itself: an answer to a health check */
	about.flags = ACK;
	about.dst = own[v6][SERVERS];
	receive(network, 0, SERVERS, frame_new(&about, SERVERS));
	assert_int_equal(network->kernel.got[EXCEPTION_CONTROL].n, 1);
	forget_packets(network);
}

static void
stray_packets_of_nat_servers_are_refused_if_that_is_wanted(void **state)
{
	(void)state;
	for_each_talk(check_stray);
}

static void
no_more_is_told_than_the_limit_allows(void **state)
{
	struct network *network = network_that_answers(1);
	struct worker *self = network->director->workers[0];
	struct talk talk;
	struct frame about;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_NAT, 1000, &talk);
	about = talk.sent;
	about.ttl = 1;
	token_bucket_init(&self->icmp_errors, 100, self->now_ms);
	for (int i = 0; i < 50; i++)
		receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_int_equal(counted(network, COUNT_GENERATED), 5);
	assert_int_equal(counted(network, COUNT_ICMP_LIMITED), 45);
	self->now_ms += 20;
	for (int i = 0; i < 50; i++)
		receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_int_equal(counted(network, COUNT_GENERATED), 7);
	/* time adds up in small steps, too */
	for (int i = 0; i < 1000; i++) {
		self->now_ms++;
		receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
		forget_packets(network);
	}
	assert_int_equal(counted(network, COUNT_GENERATED), 107);
	token_bucket_init(&self->icmp_errors, 0, self->now_ms);
	self->now_ms += 100000;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_int_equal(counted(network, COUNT_GENERATED), 107);
	assert_accounts_close(network);
	forget_packets(network);
	network_free(network);
}

static void
without_a_buffer_nothing_is_told(void **state)
{
	struct network *network = network_that_answers(1);
	struct rte_mempool *empty = rte_pktmbuf_pool_create("empty", 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_mbuf *held = rte_pktmbuf_alloc(empty);
	struct talk talk;
	struct frame about;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_NAT, 1000, &talk);
	about = talk.sent;
	about.ttl = 1;
	network->director->workers[0]->pool = empty;
	receive(network, 0, CLIENTS, frame_new(&about, CLIENTS));
	assert_nothing_sent();
	assert_int_equal(dropped(network, DROP_IP_TTL), 1);
	assert_int_equal(dropped(network, DROP_NO_MBUF), 1);
	rte_pktmbuf_free(held);
	network_free(network);
	rte_mempool_free(empty);
}

/* A packet that is too long for the way comes out of the burst stages, and is told of by the worker that owns it. */
static void
owners_tell(void **state)
{
	struct network *network = network_that_answers(4);
	struct talk talk;

	(void)state;
	talk_open(network, 0, 0, AF_INET, IPPROTO_TCP, FORWARD_FULLNAT, 999, &talk);
	network->ports.port[SERVERS].mtu = 1000;
	for (uint16_t n = 0; n < 64; n++) {
		struct frame about;
		struct icmp_spec answer;

		talk_again(network, n % 4, 1000 + n, &talk);
		about = talk.sent;
		about.payload = 1100;
		answer = told(&talk, true, &about);
		answer.type = 3;
		answer.code = 4;
		answer.rest[2] = 1000 >> 8;
		answer.rest[3] = 1000 & 0xff;
		answer.cut = quoted_at_most(&talk);
		answer.ttl = 63;
		receive(network, n / 4 % 4, CLIENTS, frame_new(&about, CLIENTS));
		about.ttl = 63;
		assert_told(network, DROP_TOO_BIG, CLIENTS, &answer);
	}
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_spent_ttl_is_told_to_the_sender),
		cmocka_unit_test(packets_beyond_the_mtu_are_told_with_the_mtu),
		cmocka_unit_test(packets_that_may_be_split_are_not_told_to_be_too_big),
		cmocka_unit_test(a_service_without_a_server_is_an_unreachable_port),
		cmocka_unit_test(a_server_without_a_route_is_an_unreachable_host),
		cmocka_unit_test(a_server_that_does_not_answer_for_its_address_is_unreachable),
		cmocka_unit_test(without_an_address_of_its_own_the_director_speaks_from_the_vip),
		cmocka_unit_test(nothing_is_told_to_false_sources),
		cmocka_unit_test(stray_packets_of_nat_servers_are_refused_if_that_is_wanted),
		cmocka_unit_test(no_more_is_told_than_the_limit_allows),
		cmocka_unit_test(without_a_buffer_nothing_is_told),
		cmocka_unit_test(owners_tell),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
