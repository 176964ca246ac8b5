/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is not load-balanced: ARP, neighbour discovery and pings for local addresses of full-NAT, which the dataplane
 * answers, and all the rest, which is the kernel's, unchanged and in the right class.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "packet_fixture.h"

#define IP 14

static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };

/* A frame of these bytes, all given. */
static struct rte_mbuf *
raw_frame(const uint8_t *dst_mac, uint16_t ether_type, const void *bytes, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool);
	struct rte_ether_hdr *ether = (void *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*ether) + length));

	memcpy(&ether->dst_addr, dst_mac, 6);
	memcpy(&ether->src_addr, server_mac[0], 6);
	ether->ether_type = rte_cpu_to_be_16(ether_type);
	memcpy(ether + 1, bytes, length);
	return m;
}

static struct rte_arp_hdr
arp_request(const char *sender, const char *target)
{
	const struct ip_addr from = address_of(sender), to = address_of(target);
	struct rte_arp_hdr arp = { .arp_hardware = RTE_BE16(1),
				   .arp_protocol = RTE_BE16(RTE_ETHER_TYPE_IPV4),
				   .arp_hlen = 6,
				   .arp_plen = 4,
				   .arp_opcode = RTE_BE16(RTE_ARP_OP_REQUEST),
				   .arp_data = { .arp_sip = from.ip.v4, .arp_tip = to.ip.v4 } };

	memcpy(&arp.arp_data.arp_sha, server_mac[0], 6);
	return arp;
}

static void
arp_for_a_local_address_is_answered(void **state)
{
	struct rte_arp_hdr request = arp_request("10.0.0.1", "10.0.0.100"),
			   reply = arp_request("10.0.0.100", "10.0.0.1");
	struct network *network = network_new(1, 16);
	struct rte_mbuf *m;

	(void)state;
	reply.arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	memcpy(&reply.arp_data.arp_sha, port_mac[SERVERS], 6);
	memcpy(&reply.arp_data.arp_tha, server_mac[0], 6);
	for (int to_group = 0; to_group < 2; to_group++) {
		receive(network, 0, SERVERS,
			raw_frame(to_group ? broadcast : port_mac[SERVERS], RTE_ETHER_TYPE_ARP, &request,
				  sizeof(request)));
		m = sent_one(SERVERS);
		assert_int_equal(m->data_len, IP + sizeof(reply));
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), server_mac[0], 6);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, 6), port_mac[SERVERS], 6);
		assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, IP), &reply, sizeof(reply));
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

static void
all_other_arp_is_the_kernels_unchanged(void **state)
{
	struct rte_arp_hdr cases[8];
	struct network *network = network_new(1, 16);

	(void)state;
	for (int i = 0; i < 8; i++)
		cases[i] = arp_request("10.0.0.1", "10.0.0.100");
	cases[0] = arp_request("10.0.0.1", "10.0.0.101");
	cases[1] = arp_request("10.0.0.1", "192.0.2.1");
	cases[2].arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	cases[3].arp_hardware = RTE_BE16(6);
	cases[4].arp_protocol = RTE_BE16(0x86dd);
	cases[5].arp_hlen = 8;
	cases[6].arp_plen = 16;
	cases[7] = arp_request("10.0.0.1", "203.0.113.1");
	for (int i = 0; i < 8; i++) {
		receive(network, 0, SERVERS, raw_frame(broadcast, RTE_ETHER_TYPE_ARP, &cases[i], sizeof(cases[i])));
		assert_int_equal(network->kernel.got[EXCEPTION_CONTROL].n, 1);
		assert_memory_equal(
			rte_pktmbuf_mtod_offset(network->kernel.got[EXCEPTION_CONTROL].packets[0], void *, IP),
			&cases[i], sizeof(cases[i]));
		assert_int_equal(network->kernel.got[EXCEPTION_CONTROL].packets[0]->port, SERVERS);
		assert_to_kernel(network, EXCEPTION_CONTROL);
	}
	network->kernel.full = true;
	receive(network, 0, SERVERS, raw_frame(broadcast, RTE_ETHER_TYPE_ARP, &cases[0], sizeof(cases[0])));
	assert_dropped(network, DROP_KERNEL_CONTROL_FULL);
	network_free(network);
}

struct icmp6_frame {
	struct rte_ipv6_hdr ip;
	uint8_t message[64];
} __attribute__((packed, aligned(2)));

static uint16_t
icmp6_checksum(const struct icmp6_frame *frame, uint16_t length)
{
	struct {
		uint8_t addresses[32];
		rte_be32_t length;
		uint8_t zero[3], next;
		uint8_t message[64];
	} __attribute__((packed, aligned(2))) pseudo = { .length = rte_cpu_to_be_32(length), .next = IPPROTO_ICMPV6 };

	memcpy(pseudo.addresses, &frame->ip.src_addr, 32);
	memcpy(pseudo.message, frame->message, length);
	return (uint16_t)~rte_raw_cksum(&pseudo, 40u + length);
}

static struct icmp6_frame
icmp6(const char *src, const char *dst, uint8_t hop_limit, const uint8_t *message, uint16_t length)
{
	const struct ip_addr from = address_of(src), to = address_of(dst);
	struct icmp6_frame frame = { .ip = { .vtc_flow = RTE_BE32(0x60000000),
					     .payload_len = rte_cpu_to_be_16(length),
					     .proto = IPPROTO_ICMPV6,
					     .hop_limits = hop_limit } };
	uint16_t sum;

	memcpy(&frame.ip.src_addr, &from.ip, 16);
	memcpy(&frame.ip.dst_addr, &to.ip, 16);
	memcpy(frame.message, message, length);
	sum = icmp6_checksum(&frame, length);
	memcpy(frame.message + 2, &sum, 2);
	return frame;
}

/* A solicitation of TARGET; OPTION: with the sender's MAC address. */
static struct icmp6_frame
solicitation(const char *src, const char *dst, const char *target, bool option)
{
	const struct ip_addr to = address_of(target);
	uint8_t message[32] = { 135, [24] = 1, [25] = 1 };

	memcpy(message + 8, &to.ip, 16);
	memcpy(message + 26, server_mac[0], 6);
	return icmp6(src, dst, 255, message, option ? 32 : 24);
}

static uint16_t
size_of(const struct icmp6_frame *frame)
{
	return (uint16_t)(sizeof(frame->ip) + rte_be_to_cpu_16(frame->ip.payload_len));
}

static void
check_advertisement(const struct icmp6_frame *request, const char *to, const uint8_t *to_mac, uint8_t flags)
{
	struct network *network = network_new(1, 16);
	const struct ip_addr target = address_of("fd00::100");
	uint8_t message[32] = { 136, [4] = flags, [24] = 2, [25] = 1 };
	struct icmp6_frame expected;
	struct rte_mbuf *m;

	memcpy(message + 8, &target.ip, 16);
	memcpy(message + 26, port_mac[SERVERS], 6);
	expected = icmp6("fd00::100", to, 255, message, 32);
	receive(network, 0, SERVERS,
		raw_frame((const uint8_t[]){ 0x33, 0x33, 0xff, 0, 1, 0 }, RTE_ETHER_TYPE_IPV6, request,
			  size_of(request)));
	m = sent_one(SERVERS);
	assert_int_equal(m->pkt_len, IP + size_of(&expected));
	assert_int_equal(m->data_len, m->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), to_mac, 6);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, 6), port_mac[SERVERS], 6);
	assert_memory_equal(rte_pktmbuf_mtod_offset(m, void *, IP), &expected, size_of(&expected));
	rte_pktmbuf_free(m);
	network_free(network);
}

static void
a_solicitation_of_a_local_address_is_answered(void **state)
{
	struct icmp6_frame asked = solicitation("fd00::1", "ff02::1:ff00:100", "fd00::100", true);
	struct icmp6_frame bare = solicitation("fd00::1", "fd00::100", "fd00::100", false);

	(void)state;
	check_advertisement(&asked, "fd00::1", server_mac[0], 0x60);
	check_advertisement(&bare, "fd00::1", server_mac[0], 0x60);
}

static void
duplicate_address_detection_is_answered_to_all_nodes(void **state)
{
	struct icmp6_frame asked = solicitation("::", "ff02::1:ff00:100", "fd00::100", false);

	(void)state;
	check_advertisement(&asked, "ff02::1", (const uint8_t[]){ 0x33, 0x33, 0, 0, 0, 1 }, 0x20);
}

static void
a_solicitation_with_a_wrong_checksum_is_dropped(void **state)
{
	struct network *network = network_new(1, 16);
	struct icmp6_frame asked = solicitation("fd00::1", "fd00::100", "fd00::100", true);

	(void)state;
	asked.message[2] ^= 1;
	receive(network, 0, SERVERS, raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV6, &asked, size_of(&asked)));
	assert_dropped(network, DROP_L4_CHECKSUM);
	network_free(network);
}

static void
all_other_neighbour_discovery_is_the_kernels(void **state)
{
	struct network *network = network_new(1, 16);
	struct icmp6_frame cases[4];

	(void)state;
	cases[0] = solicitation("fd00::1", "ff02::1:ff00:1", "2001:db8::1", true);
	cases[1] = solicitation("fd00::1", "ff02::1:ff00:1", "fd00::55", true);
	cases[2] = icmp6("fd00::1", "ff02::1", 255, (const uint8_t[]){ 134, 0, 0, 0, 0, 0, 0, 0 }, 8);
	cases[3] = icmp6("fd00::1", "ff02::16", 1, (const uint8_t[]){ 143, 0, 0, 0, 0, 0, 0, 0 }, 8);
	for (int i = 0; i < 4; i++) {
		receive(network, 0, SERVERS,
			raw_frame((const uint8_t[]){ 0x33, 0x33, 0xff, 0, 1, 0 }, RTE_ETHER_TYPE_IPV6, &cases[i],
				  size_of(&cases[i])));
		assert_to_kernel(network, EXCEPTION_CONTROL);
	}
	/* From beyond the link: a hop limit under 255 proves it. */
	cases[0] = solicitation("fd00::1", "ff02::1:ff00:100", "fd00::100", true);
	cases[0].ip.hop_limits = 254;
	receive(network, 0, SERVERS, raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV6, &cases[0], size_of(&cases[0])));
	assert_nothing_sent();
	network_free(network);
}

static struct rte_mbuf *
ping4(const char *src, const char *dst)
{
	const struct ip_addr from = address_of(src), to = address_of(dst);
	struct {
		struct rte_ipv4_hdr ip;
		uint8_t icmp[20];
	} __attribute__((packed, aligned(2))) packet = { .ip = { .version_ihl = 0x45,
								 .total_length = RTE_BE16(40),
								 .time_to_live = 9,
								 .next_proto_id = IPPROTO_ICMP,
								 .src_addr = from.ip.v4,
								 .dst_addr = to.ip.v4 },
							 .icmp = { 8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g' } };
	uint16_t sum = (uint16_t)~rte_raw_cksum(packet.icmp, sizeof(packet.icmp));

	packet.ip.hdr_checksum = rte_ipv4_cksum(&packet.ip);
	memcpy(packet.icmp + 2, &sum, 2);
	return raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV4, &packet, sizeof(packet));
}

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
	static const uint8_t first[] = { 2, 89, 103, 112 }, rest[] = { 1, 47, 50, 132 };
	struct network *network = network_new(1, 16);

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		receive(network, 0, SERVERS, of_protocol(first[i]));
		assert_to_kernel(network, EXCEPTION_CONTROL);
		receive(network, 0, SERVERS, of_protocol(rest[i]));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	receive(network, 0, SERVERS, raw_frame(broadcast, 0x88cc, "lldp", 4));
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

static void
requests_cut_off_anywhere_are_not_answered(void **state)
{
	struct rte_arp_hdr arp = arp_request("10.0.0.1", "10.0.0.100");
	struct icmp6_frame asked = solicitation("fd00::1", "fd00::100", "fd00::100", true);
	struct network *network = network_new(1, 16);
	struct rte_mbuf *frames[3];

	(void)state;
	frames[0] = raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_ARP, &arp, sizeof(arp));
	frames[1] = raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV6, &asked, size_of(&asked));
	frames[2] = ping4("10.0.0.1", "10.0.0.100");
	for (int i = 0; i < 3; i++) {
		for (uint32_t length = 0; length < frames[i]->data_len; length++) {
			receive(network, 0, SERVERS, frame_tight(frames[i], length));
			assert_nothing_sent();
			forget_packets(network);
		}
		receive(network, 0, SERVERS, frame_tight(frames[i], frames[i]->data_len));
		rte_pktmbuf_free(sent_one(SERVERS));
		rte_pktmbuf_free(frames[i]);
	}
	/* A whole one without room for the option that the answer needs. */
	asked = solicitation("fd00::1", "fd00::100", "fd00::100", false);
	frames[1] = raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV6, &asked, size_of(&asked));
	receive(network, 0, SERVERS, frame_tight(frames[1], frames[1]->data_len));
	assert_nothing_sent();
	assert_int_equal(dropped(network, DROP_NO_MBUF), 1);
	rte_pktmbuf_free(frames[1]);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(arp_for_a_local_address_is_answered),
		cmocka_unit_test(all_other_arp_is_the_kernels_unchanged),
		cmocka_unit_test(a_solicitation_of_a_local_address_is_answered),
		cmocka_unit_test(duplicate_address_detection_is_answered_to_all_nodes),
		cmocka_unit_test(a_solicitation_with_a_wrong_checksum_is_dropped),
		cmocka_unit_test(all_other_neighbour_discovery_is_the_kernels),
		cmocka_unit_test(a_ping_of_a_local_address_is_answered),
		cmocka_unit_test(an_ipv6_ping_of_a_local_address_is_answered),
		cmocka_unit_test(a_ping_from_an_impossible_source_is_not_answered),
		cmocka_unit_test(a_ping_of_the_directors_own_address_is_the_kernels),
		cmocka_unit_test(what_keeps_the_director_alive_goes_to_the_kernel_first),
		cmocka_unit_test(answers_to_health_checks_and_routing_go_first_and_junk_does_not),
		cmocka_unit_test(frames_for_the_kernel_are_unchanged),
		cmocka_unit_test(requests_cut_off_anywhere_are_not_answered),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
