/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AH and ESP go where the key exchange of their client went, and nowhere without one.
 */
#include "forwarded_flow.h"

#define IP 14

/* The service is that of the key exchange, UDP port 500. */
static struct network *
serve_keys(const struct mode *mode, uint32_t n_workers)
{
	const struct dest_spec dest = { .address = mode->server, .port = 500, .weight = 1, .forward = mode->forward };
	struct network *network = network_new(n_workers, 64);

	director_serve(network->director, 0, IPPROTO_UDP, mode->vip, 500, "rr", 0, &dest, 1);
	return network;
}

static bool
is_ipv6(const struct mode *mode)
{
	return strchr(mode->client, ':') != NULL;
}

/* FRAME, which is one of UDP, as one of PROTO; behind its IP header stands what AH and ESP need not understand. */
static struct rte_mbuf *
ipsec_packet(const struct frame *frame, uint8_t port, uint8_t proto)
{
	struct rte_mbuf *m = frame_new(frame, port);
	struct rte_ipv4_hdr *v4 = rte_pktmbuf_mtod_offset(m, void *, IP);
	struct rte_ipv6_hdr *v6 = rte_pktmbuf_mtod_offset(m, void *, IP);

	if (strchr(frame->src, ':')) {
		memset(v6 + 1, 0xa5, 8);
		v6->proto = proto;
		return m;
	}
	memset(v4 + 1, 0xa5, 8);
	v4->next_proto_id = proto;
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
	return m;
}

static void
assert_same_packet(struct rte_mbuf *got, struct rte_mbuf *expected)
{
	assert_int_equal(got->data_len, expected->data_len);
	assert_memory_equal(rte_pktmbuf_mtod(got, void *), rte_pktmbuf_mtod(expected, void *), got->data_len);
	rte_pktmbuf_free(got);
	rte_pktmbuf_free(expected);
}

static struct frame
from_client(const struct mode *mode)
{
	return (struct frame){
		.src = mode->client, .dst = mode->vip, .sport = 500, .dport = 500, .proto = IPPROTO_UDP, .payload = 40
	};
}

static struct frame
to_server(const struct mode *mode)
{
	const bool direct = mode->forward == FORWARD_DIRECT;

	return (struct frame){ .src = direct ? mode->client : mode->laddr,
			       .dst = direct ? mode->vip : mode->server,
			       .proto = IPPROTO_UDP,
			       .ttl = 63,
			       .payload = 40,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] };
}

static bool
passes(const struct mode *mode, uint8_t proto)
{
	return mode->forward == FORWARD_DIRECT || (mode->forward == FORWARD_NAT && proto == IPPROTO_ESP);
}

static void
packets_follow_the_key_exchange(void **state)
{
	static const uint8_t protos[] = { IPPROTO_AH, IPPROTO_ESP };

	(void)state;
	for (EACH_MODE(mode)) {
		struct network *network;
		struct frame in = from_client(mode), out = to_server(mode);

		if (mode->proto != IPPROTO_UDP)
			continue;
		network = serve_keys(mode, 1);
		for (int i = 0; i < 2; i++) {
			receive(network, 0, CLIENTS, ipsec_packet(&in, CLIENTS, protos[i]));
			assert_to_kernel(network, EXCEPTION_OTHER);
		}
		receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		for (int i = 0; i < 2; i++) {
			receive(network, 0, CLIENTS, ipsec_packet(&in, CLIENTS, protos[i]));
			if (passes(mode, protos[i]))
				assert_same_packet(sent_one(SERVERS), ipsec_packet(&out, SERVERS, protos[i]));
			else
				assert_dropped(network, DROP_TRANSLATION);
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
		network_free(network);
	}
}

static void
with_nat_answers_of_esp_come_back(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		for (uint32_t workers = 1; workers <= 3; workers += 2) {
			struct frame in = from_client(mode), answer, expected;
			struct network *network;

			if (mode->proto != IPPROTO_UDP || mode->forward != FORWARD_NAT)
				continue;
			network = serve_keys(mode, workers);
			receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
			rte_pktmbuf_free(sent_one(SERVERS));
			answer = (struct frame){ .src = mode->server,
						 .dst = mode->client,
						 .proto = IPPROTO_UDP,
						 .payload = 40,
						 .src_mac = server_mac[0] };
			expected = answer;
			expected.src = mode->vip;
			expected.ttl = 63;
			expected.src_mac = port_mac[CLIENTS];
			expected.dst_mac = router_mac;
			receive(network, workers - 1, SERVERS, ipsec_packet(&answer, SERVERS, IPPROTO_ESP));
			assert_same_packet(sent_one(CLIENTS), ipsec_packet(&expected, CLIENTS, IPPROTO_ESP));
			network_free(network);
		}
	}
}

/* No port is looked for in them, so all fragments go the same way; as in the kernel (dont_defrag). */
static void
fragments_go_the_same_way(void **state)
{
	static const uint16_t offsets[] = { 0x2000, 0x2005, 0x00b9 };
	const struct mode *mode = &modes[3];
	struct network *network = serve_keys(mode, 1);
	struct frame in = from_client(mode);

	(void)state;
	assert_false(is_ipv6(mode));
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	for (uint32_t i = 0; i < RTE_DIM(offsets); i++) {
		struct rte_mbuf *m;
		struct rte_ipv4_hdr *ip;

		in.payload = (uint16_t)(i == 2 ? 0 : 40);
		m = ipsec_packet(&in, CLIENTS, IPPROTO_ESP);
		ip = rte_pktmbuf_mtod_offset(m, void *, IP);
		ip->fragment_offset = rte_cpu_to_be_16(offsets[i]);
		if (i == 2) { /* one byte */
			rte_pktmbuf_trim(m, 7);
			ip->total_length = RTE_BE16(21);
		}
		ip->hdr_checksum = 0;
		ip->hdr_checksum = rte_ipv4_cksum(ip);
		receive(network, 0, CLIENTS, m);
		m = sent_one(SERVERS);
		ip = rte_pktmbuf_mtod_offset(m, void *, IP);
		assert_int_equal(ip->fragment_offset, rte_cpu_to_be_16(offsets[i]));
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

static void
a_client_whose_port_was_changed_on_the_way_has_no_connection_to_follow(void **state)
{
	const struct mode *mode = &modes[3];
	struct network *network = serve_keys(mode, 1);
	struct frame in = from_client(mode);

	(void)state;
	in.sport = 1500;
	receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	receive(network, 0, CLIENTS, ipsec_packet(&in, CLIENTS, IPPROTO_ESP));
	assert_to_kernel(network, EXCEPTION_OTHER);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_follow_the_key_exchange),
		cmocka_unit_test(with_nat_answers_of_esp_come_back),
		cmocka_unit_test(fragments_go_the_same_way),
		cmocka_unit_test(a_client_whose_port_was_changed_on_the_way_has_no_connection_to_follow),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
