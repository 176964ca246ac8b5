/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ARP and neighbour discovery for local addresses of full-NAT, which the dataplane answers; for others they are the
 * kernel's.
 */
#include "raw_frames.h"

static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };

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
		cmocka_unit_test(requests_cut_off_anywhere_are_not_answered),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
