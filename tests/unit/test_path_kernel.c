/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is not load-balanced is the kernel's, unchanged and in the right class; but pings of local addresses of full-NAT
 * are answered.
 */
#include "raw_frames.h"

static void
a_ping_of_a_local_address_is_answered(void **state)
{
	struct network *network = network_new(1, 16);
	struct rte_mbuf *wanted = ping4("10.0.0.100", "10.0.0.1"), *m;
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(wanted, void *, IP);
	uint8_t *icmp = (uint8_t *)(ip + 1);
	uint16_t sum;

	(void)state;
	ip->time_to_live = 64;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	icmp[0] = 0;
	memset(icmp + 2, 0, 2);
	sum = (uint16_t)~rte_raw_cksum(icmp, 20);
	memcpy(icmp + 2, &sum, 2);
	memcpy(rte_pktmbuf_mtod(wanted, void *), server_mac[0], 6);
	memcpy(rte_pktmbuf_mtod_offset(wanted, void *, 6), port_mac[SERVERS], 6);
	receive(network, 0, SERVERS, ping4("10.0.0.1", "10.0.0.100"));
	m = sent_one(SERVERS);
	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
	network_free(network);
}

static void
an_ipv6_ping_of_a_local_address_is_answered(void **state)
{
	static const uint8_t request[16] = { 128, 0, 0, 0, 1, 2, 0, 3, 'p', 'i', 'n', 'g' };
	struct network *network = network_new(1, 16);
	struct icmp6_frame ping = icmp6("fd00::1", "fd00::100", 7, request, 16), pong;
	uint8_t reply[16];
	struct rte_mbuf *m;

	(void)state;
	memcpy(reply, request, 16);
	reply[0] = 129;
	pong = icmp6("fd00::100", "fd00::1", 64, reply, 16);
	receive(network, 0, SERVERS, raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV6, &ping, size_of(&ping)));
	m = sent_one(SERVERS);
	assert_int_equal(m->pkt_len, IP + size_of(&pong));
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), server_mac[0], 6);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, IP), &pong, size_of(&pong));
	rte_pktmbuf_free(m);
	network_free(network);
}

static void
a_ping_from_an_impossible_source_is_not_answered(void **state)
{
	static const char *const sources[] = { "224.0.0.1", "255.255.255.255", "127.0.0.1", "192.0.2.1", "10.0.0.100" };
	struct network *network = network_new(1, 16);

	(void)state;
	set_route(network, "0.0.0.0", 0, network->nexthop_router);
	for (uint32_t i = 0; i < RTE_DIM(sources); i++) {
		receive(network, 0, SERVERS, ping4(sources[i], "10.0.0.100"));
		assert_dropped(network, DROP_IP_SOURCE);
	}
	network_free(network);
}

static void
a_ping_of_the_directors_own_address_is_the_kernels(void **state)
{
	struct network *network = network_new(1, 16);

	(void)state;
	receive(network, 0, SERVERS, ping4("10.0.0.1", "192.0.2.1"));
	assert_to_kernel(network, EXCEPTION_OTHER);
	network_free(network);
}

static struct rte_mbuf *
of_protocol(uint8_t proto)
{
	struct rte_mbuf *m = ping4("10.0.0.1", "192.0.2.1");
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, IP);

	ip->next_proto_id = proto;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	return m;
}

static void
what_keeps_the_director_alive_goes_to_the_kernel_first(void **state)
{
	static const uint8_t first[] = { 2, 89, 103, 112 }, rest[] = { 1, 47, 50, 136 };
	struct network *network = network_new(1, 16);

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		receive(network, 0, SERVERS, of_protocol(first[i]));
		assert_to_kernel(network, EXCEPTION_CONTROL);
		receive(network, 0, SERVERS, of_protocol(rest[i]));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	receive(network, 0, SERVERS, raw_frame((const uint8_t[]){ 255, 255, 255, 255, 255, 255 }, 0x88cc, "lldp", 4));
	assert_to_kernel(network, EXCEPTION_OTHER);
	network_free(network);
}

static void
answers_to_health_checks_and_routing_go_first_and_junk_does_not(void **state)
{
	static const struct dest_spec server = { .address = "10.0.0.1", .port = 80, .weight = 1 };
	struct network *network = network_new(1, 16);
	struct frame frame = { .src = "10.0.0.1", .dst = "192.0.2.9", .sport = 80, .dport = 50000, .flags = ACK };

	(void)state;
	director_serve(network->director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, &server, 1);
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_CONTROL);
	/* To the service's own address, or to others by way of the director. */
	frame.dst = "192.0.2.1";
	frame.dport = 81;
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	frame.dst = "198.51.100.7";
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	frame.src = "10.0.0.2";
	frame.dst = "192.0.2.9";
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	frame.sport = 179;
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_CONTROL);
	frame.sport = 50001;
	frame.dport = 3784;
	frame.proto = IPPROTO_UDP;
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_to_kernel(network, EXCEPTION_CONTROL);
	network_free(network);
}

static void
frames_for_the_kernel_are_unchanged(void **state)
{
	struct network *network = network_new(1, 16);
	struct frame frame = { .src = "198.51.100.7", .dst = "192.0.2.1", .sport = 1, .dport = 22, .flags = SYN };
	struct rte_mbuf *m = frame_new(&frame, CLIENTS), *same = frame_new(&frame, CLIENTS);

	(void)state;
	receive(network, 0, CLIENTS, m);
	assert_ptr_equal(network->kernel.got[EXCEPTION_OTHER].packets[0], m);
	assert_int_equal(m->pkt_len, same->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(same, void *), same->pkt_len);
	assert_int_equal(m->port, CLIENTS);
	rte_pktmbuf_free(same);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_ping_of_a_local_address_is_answered),
		cmocka_unit_test(an_ipv6_ping_of_a_local_address_is_answered),
		cmocka_unit_test(a_ping_from_an_impossible_source_is_not_answered),
		cmocka_unit_test(a_ping_of_the_directors_own_address_is_the_kernels),
		cmocka_unit_test(what_keeps_the_director_alive_goes_to_the_kernel_first),
		cmocka_unit_test(answers_to_health_checks_and_routing_go_first_and_junk_does_not),
		cmocka_unit_test(frames_for_the_kernel_are_unchanged),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
