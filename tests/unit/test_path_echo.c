/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Echo services of ICMP and ICMPv6: requests to the VIP and what servers reply, to the last byte.
 */
#include "forwarded_flow.h"

#include "core/knobs.h"
#include "lb/mark.h"
#include "lb/service.h"

#define IP 14

static const struct mode echoes[] = {
	{ IPPROTO_ICMP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_ICMP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_ICMP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_ICMPV6, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_ICMPV6, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_ICMPV6, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
};

#define EACH_ECHO(mode)                   \
	const struct mode *mode = echoes; \
	mode < echoes + RTE_DIM(echoes);  \
	mode++

/* The server's port is of no meaning. */
static struct network *
serve_echo(const struct mode *mode, uint32_t n_workers)
{
	const struct dest_spec dest = { .address = mode->server, .port = 99, .weight = 1, .forward = mode->forward };
	struct network *network = network_new(n_workers, 64);

	director_serve(network->director, 0, mode->proto, mode->vip, 0, "rr", 0, &dest, 1);
	return network;
}

static struct frame
request_of(const struct mode *mode, uint16_t identifier)
{
	return (struct frame){ .src = mode->client, .dst = mode->vip, .sport = identifier, .proto = mode->proto };
}

static uint16_t
identifier_of(const struct rte_mbuf *m)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);
	const uint8_t *echo = frame + IP + (frame[12] == 8 ? 20 : 40);

	return (uint16_t)(echo[4] << 8 | echo[5]);
}

/* As it should come to the server; IDENTIFIER is the one that it has there. */
static struct frame
request_at_server(const struct mode *mode, uint16_t identifier)
{
	const bool direct = mode->forward == FORWARD_DIRECT;

	return (struct frame){ .src = direct ? mode->client : mode->laddr,
			       .dst = direct ? mode->vip : mode->server,
			       .sport = identifier,
			       .proto = mode->proto,
			       .ttl = 63,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] };
}

/* Sends a request and returns the identifier that it has at the server. */
static uint16_t
ask(struct network *network, const struct mode *mode, struct frame request)
{
	struct frame expected = request_at_server(mode, request.sport);

	receive(network, 0, CLIENTS, frame_new(&request, CLIENTS));
	assert_int_equal(sent[SERVERS].n, 1);
	if (mode->forward == FORWARD_FULLNAT)
		expected.sport = identifier_of(sent[SERVERS].packets[0]);
	expected.payload = request.payload;
	expected.seq = request.seq;
	assert_sent(SERVERS, &expected);
	return expected.sport;
}

static void
replies(struct network *network, const struct mode *mode, const struct frame *request, uint16_t identifier)
{
	struct frame reply = { .src = mode->server,
			       .dst = mode->laddr,
			       .dport = identifier,
			       .proto = mode->proto,
			       .flags = ACK,
			       .seq = request->seq,
			       .payload = request->payload,
			       .src_mac = server_mac[0] };
	const struct frame expected = { .src = mode->vip,
					.dst = request->src,
					.dport = request->sport,
					.proto = mode->proto,
					.flags = ACK,
					.seq = request->seq,
					.payload = request->payload,
					.ttl = 63,
					.src_mac = port_mac[CLIENTS],
					.dst_mac = router_mac };

	receive(network, 0, SERVERS, frame_new(&reply, SERVERS));
	assert_sent(CLIENTS, &expected);
}

static void
requests_reach_a_server_and_replies_the_client(void **state)
{
	static const uint16_t identifiers[] = { 1234, 1, 65535, 0 };

	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 1);

		for (uint32_t i = 0; i < RTE_DIM(identifiers); i++) {
			struct frame request = request_of(mode, identifiers[i]);

			for (request.seq = 1; request.seq < 4; request.seq++) {
				uint16_t there;

				request.payload = (uint16_t)(56 + request.seq);
				there = ask(network, mode, request);
				if (mode->forward != FORWARD_DIRECT)
					replies(network, mode, &request, there);
			}
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), RTE_DIM(identifiers));
		network_free(network);
	}
}

static void
clients_with_the_same_identifier_are_told_apart_behind_a_local_address(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 1);
		struct frame request = request_of(mode, 7), other = request;
		uint16_t first, second;

		if (mode->forward != FORWARD_FULLNAT) {
			network_free(network);
			continue;
		}
		other.src = mode->proto == IPPROTO_ICMP ? "198.51.100.8" : "2001:db8:1::8";
		first = ask(network, mode, request);
		second = ask(network, mode, other);
		assert_int_not_equal(first, second);
		assert_true(first >= 1025 && second >= 1025);
		replies(network, mode, &other, second);
		replies(network, mode, &request, first);
		network_free(network);
	}
}

static void
replies_find_the_worker_that_knows_the_client(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 3);

		for (uint16_t identifier = 1; identifier < 30 && mode->forward != FORWARD_DIRECT; identifier++) {
			struct frame request = request_of(mode, identifier);

			replies(network, mode, &request, ask(network, mode, request));
		}
		network_free(network);
	}
}

static void
expect_kernel(struct network *network, const struct frame *frame, uint8_t type, uint8_t code)
{
	struct rte_mbuf *m = frame_new(frame, CLIENTS);
	uint8_t *echo = rte_pktmbuf_mtod_offset(m, uint8_t *, IP + (frame->proto == IPPROTO_ICMP ? 20 : 40));

	echo[0] = type;
	echo[1] = code;
	frame_checksums(m);
	receive(network, 0, CLIENTS, m);
	assert_to_kernel(network, EXCEPTION_OTHER);
}

static void
what_is_no_request_is_the_kernels(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 1);
		const uint8_t request = mode->proto == IPPROTO_ICMP ? 8 : 128;
		struct frame frame = request_of(mode, 0);

		/* A reply with the identifier 0 looks like a request with it, but for its type. */
		ask(network, mode, frame);
		expect_kernel(network, &frame, mode->proto == IPPROTO_ICMP ? 0 : 129, 0);
		expect_kernel(network, &frame, 13, 0);
		expect_kernel(network, &frame, request, 1);
		frame.sport = 5;
		frame.flags = ACK;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_to_kernel(network, EXCEPTION_OTHER);
		assert_int_equal(counted(network, COUNT_CONNS), 1);
		network_free(network);
	}
}

static void
without_such_a_service_ping_is_the_kernels(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		const struct mode web = {
			IPPROTO_TCP, mode->forward, mode->client, mode->vip, mode->server, mode->laddr
		};
		struct flow_under_test test = test_flow(&web);
		struct frame frame = request_of(mode, 1234);

		receive(test.network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
		network_free(test.network);
	}
}

static void
a_request_cut_off_anywhere_goes_to_no_server(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 1);
		struct frame frame = request_of(mode, 1234);
		struct rte_mbuf *m;

		ask(network, mode, frame);
		frame.payload = 16;
		m = frame_new(&frame, CLIENTS);
		for (uint32_t length = 0; length < m->data_len; length++) {
			receive(network, 0, CLIENTS, frame_tight(m, length));
			assert_nothing_sent();
		}
		/* The same with IP lengths to match: what has no whole header of an echo is no echo. */
		for (uint16_t left = 0; left < 8; left++) {
			struct rte_mbuf *cut = frame_tight(m, IP + (mode->proto == IPPROTO_ICMP ? 20u : 40u) + left);
			struct rte_ipv4_hdr *v4 = rte_pktmbuf_mtod_offset(cut, void *, IP);
			struct rte_ipv6_hdr *v6 = rte_pktmbuf_mtod_offset(cut, void *, IP);

			if (mode->proto == IPPROTO_ICMP) {
				v4->total_length = rte_cpu_to_be_16(20 + left);
				v4->hdr_checksum = 0;
				v4->hdr_checksum = rte_ipv4_cksum(v4);
			} else {
				v6->payload_len = rte_cpu_to_be_16(left);
			}
			receive(network, 0, CLIENTS, cut);
			assert_nothing_sent();
		}
		rte_pktmbuf_free(m);
		forget_packets(network);
		network_free(network);
	}
}

static void
a_wrong_checksum_stays_wrong(void **state)
{
	(void)state;
	for (EACH_ECHO(mode)) {
		struct network *network = serve_echo(mode, 1);
		struct frame frame = request_of(mode, 1234);
		struct rte_mbuf *m = frame_new(&frame, CLIENTS);
		const uint32_t at = IP + (mode->proto == IPPROTO_ICMP ? 20 : 40) + 2;
		uint16_t got, right;

		*rte_pktmbuf_mtod_offset(m, uint8_t *, at) ^= 0x40;
		receive(network, 0, CLIENTS, m);
		m = sent_one(SERVERS);
		memcpy(&got, rte_pktmbuf_mtod_offset(m, void *, at), 2);
		frame_checksums(m);
		memcpy(&right, rte_pktmbuf_mtod_offset(m, void *, at), 2);
		assert_int_not_equal(got, right);
		rte_pktmbuf_free(m);
		network_free(network);
	}
}

static void
a_rule_for_any_protocol_leaves_ping_alone(void **state)
{
	const struct mark_rule any = { .mark = 1,
				       .port = MARK_ANY_PORT,
				       .out_port = MARK_ANY_PORT,
				       .last_source_port = 65535,
				       .last_port = 65535 };
	struct mark_rule named = any;
	struct marks *marks;

	(void)state;
	for (EACH_ECHO(mode)) {
		struct flow echo = flow_of(mode->proto, mode->client, 1234, mode->vip, 0), tcp = echo, sctp = echo;

		tcp.proto = IPPROTO_TCP;
		sctp.proto = IPPROTO_SCTP;
		assert_int_equal(marks_create(&any, 1, &marks), 0);
		assert_int_equal(marks_classify(marks, &echo, 0, MARK_NO_PORT), 0);
		assert_int_equal(marks_classify(marks, &tcp, 0, MARK_NO_PORT), 1);
		assert_int_equal(marks_classify(marks, &sctp, 0, MARK_NO_PORT), 1);
		marks_destroy(marks);
		named.proto = mode->proto;
		assert_int_equal(marks_create(&named, 1, &marks), 0);
		assert_int_equal(marks_classify(marks, &echo, 0, MARK_NO_PORT), 1);
		assert_int_equal(marks_classify(marks, &tcp, 0, MARK_NO_PORT), 0);
		marks_destroy(marks);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(requests_reach_a_server_and_replies_the_client),
		cmocka_unit_test(clients_with_the_same_identifier_are_told_apart_behind_a_local_address),
		cmocka_unit_test(replies_find_the_worker_that_knows_the_client),
		cmocka_unit_test(what_is_no_request_is_the_kernels),
		cmocka_unit_test(without_such_a_service_ping_is_the_kernels),
		cmocka_unit_test(a_request_cut_off_anywhere_goes_to_no_server),
		cmocka_unit_test(a_wrong_checksum_stays_wrong),
		cmocka_unit_test(a_rule_for_any_protocol_leaves_ping_alone),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
