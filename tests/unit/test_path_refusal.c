/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that no host should send: each is dropped under its own name, or is the kernel's.
 */
#include "hostile_frames.h"

/* Two bytes of a usual packet, changed. */
struct change {
	bool ipv6;
	uint8_t proto;
	uint16_t offset, value;
	bool leave_checksum;
	enum drop_reason reason;
};

static const struct change changes[] = {
	/* clang-format off */
	{ false, 6, IP, 0x5528, false, DROP_IP_VERSION },
	{ false, 6, IP, 0x0528, false, DROP_IP_VERSION },
	{ false, 6, IP, 0x4428, false, DROP_IP_HEADER_LENGTH },
	{ false, 6, IP, 0x4028, false, DROP_IP_HEADER_LENGTH },
	{ false, 6, IP, 0x4f28, true, DROP_IP_HEADER_LENGTH },
	{ false, 6, IP + 10, 0xbad0, true, DROP_IP_CHECKSUM },
	{ false, 17, IP + 4, 0xbad0, true, DROP_IP_CHECKSUM },
	{ false, 6, IP + 2, 1500, false, DROP_IP_LENGTH },
	{ false, 6, IP + 2, 19, false, DROP_IP_LENGTH },
	{ false, 6, IP + 2, 0, false, DROP_IP_LENGTH },
	{ false, 6, IP + 2, 20, false, DROP_L4_SHORT },
	{ false, 6, IP + 2, 39, false, DROP_L4_SHORT },
	{ false, 17, IP + 2, 27, false, DROP_L4_SHORT },
	{ false, 6, IP + 8, 0x0106, false, DROP_IP_TTL },
	{ false, 6, IP + 8, 0x0006, false, DROP_IP_TTL },
	{ false, 17, IP + 8, 0x0111, false, DROP_IP_TTL },
	{ false, 6, IP + 6, 0x2000, false, DROP_FRAGMENT_LENGTH },
	{ false, 17, IP + 6, 0x1fff, false, DROP_FRAGMENT_LENGTH },
	{ false, 6, IP + 6, 0x3fff, false, DROP_FRAGMENT_LENGTH },
	{ false, 6, IP + 32, 0x4002, false, DROP_L4_LENGTH },
	{ false, 6, IP + 32, 0x0002, false, DROP_L4_LENGTH },
	{ false, 6, IP + 32, 0xf002, false, DROP_L4_LENGTH },
	{ false, 6, IP + 32, 0x5003, false, DROP_TCP_FLAGS },
	{ false, 17, IP + 24, 7, false, DROP_L4_LENGTH },
	{ false, 17, IP + 24, 25, false, DROP_L4_LENGTH },
	{ false, 17, IP + 24, 65535, false, DROP_L4_LENGTH },
	{ false, 132, IP + 2, 31, false, DROP_L4_SHORT },
	{ false, 132, IP + 2, 35, false, DROP_L4_SHORT },
	{ false, 132, IP + 34, 3, false, DROP_L4_LENGTH },
	{ false, 132, IP + 34, 0, false, DROP_L4_LENGTH },
	{ false, 132, IP + 34, 21, false, DROP_L4_LENGTH },
	{ false, 132, IP + 34, 65535, false, DROP_L4_LENGTH },
	{ false, 132, IP + 6, 0x1fff, false, DROP_FRAGMENT_LENGTH },
	{ true, 6, IP, 0x5000, false, DROP_IP_VERSION },
	{ true, 6, IP + 4, 1500, false, DROP_IP_LENGTH },
	{ true, 6, IP + 4, 65535, false, DROP_IP_LENGTH },
	{ true, 6, IP + 4, 0, false, DROP_L4_SHORT },
	{ true, 6, IP + 4, 19, false, DROP_L4_SHORT },
	{ true, 17, IP + 4, 7, false, DROP_L4_SHORT },
	{ true, 6, IP + 6, 0x0601, false, DROP_IP_TTL },
	{ true, 17, IP + 6, 0x1100, false, DROP_IP_TTL },
	{ true, 6, IP + 52, 0x4002, false, DROP_L4_LENGTH },
	{ true, 6, IP + 52, 0xf002, false, DROP_L4_LENGTH },
	{ true, 6, IP + 52, 0x5003, false, DROP_TCP_FLAGS },
	{ true, 17, IP + 44, 7, false, DROP_L4_LENGTH },
	{ true, 17, IP + 44, 25, false, DROP_L4_LENGTH },
	{ true, 132, IP + 4, 15, false, DROP_L4_SHORT },
	{ true, 132, IP + 54, 3, false, DROP_L4_LENGTH },
	{ true, 132, IP + 54, 21, false, DROP_L4_LENGTH },
	/* Next header: what stands there as a TCP header makes no chain of extension headers. */
	{ true, 6, IP + 6, 0x0040, false, DROP_IP_EXTENSIONS },
	{ true, 6, IP + 6, 0x3c40, false, DROP_IP_EXTENSIONS },
	{ true, 6, IP + 6, 0x2b40, false, DROP_IP_EXTENSIONS },
	/* clang-format on */
};

static struct rte_mbuf *
changed_frame(const struct change *change)
{
	struct frame frame = usual(change->ipv6, change->proto);
	struct rte_mbuf *m;

	frame.sport = 0xffff; /* as an extension header, far longer than the packet */
	m = frame_new(&frame, CLIENTS);
	put16(m, change->offset, change->value);
	if (!change->ipv6 && !change->leave_checksum)
		mend_ipv4_checksum(m);
	return m;
}

static void
a_field_with_an_absurd_value_has_its_own_reason(void **state)
{
	struct network *network = serving_network();

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(changes); i++) {
		receive(network, 0, CLIENTS, changed_frame(&changes[i]));
		assert_dropped(network, changes[i].reason);
	}
	assert_int_equal(counted(network, COUNT_CONNS), 0);
	network_free(network);
}

/* The same packets again, where the fast path could take them. */
static void
an_established_connection_takes_no_absurd_packet_either(void **state)
{
	struct network *network = serving_network();

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct frame frame = usual(i & 1, i & 2 ? IPPROTO_UDP : IPPROTO_TCP);

		frame.sport = 0xffff;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
	}
	for (uint32_t i = 0; i < RTE_DIM(changes); i++) {
		struct change change = changes[i];
		uint32_t l4 = change.ipv6 ? IP + 40 : IP + 20;

		if (change.proto == 6 && change.offset == l4 + 12 && change.value != 0x5003)
			change.value = (uint16_t)((change.value & 0xff00) | ACK);
		receive(network, 0, CLIENTS, changed_frame(&change));
		assert_dropped(network, change.reason);
	}
	assert_int_equal(counted(network, COUNT_CONNS), 4);
	network_free(network);
}

static void
sources_that_nobody_has_are_refused(void **state)
{
	static const char *const v4[] = { "192.0.2.2", "10.0.0.100", "127.0.0.1",	"224.0.0.5",
					  "239.1.1.1", "0.0.0.0",    "255.255.255.255", "0.1.2.3" };
	static const char *const v6[] = { "2001:db8::2", "fd00::100", "::1", "::", "ff02::1" };
	struct network *network = serving_network();

	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(v4) + RTE_DIM(v6); i++) {
		bool ipv6 = i >= RTE_DIM(v4);
		struct frame frame = usual(ipv6, i % 2 ? IPPROTO_UDP : IPPROTO_TCP);

		frame.src = ipv6 ? v6[i - RTE_DIM(v4)] : v4[i];
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_IP_SOURCE);
	}
	network_free(network);
}

static void
a_packet_from_a_service_to_itself_is_a_land_attack(void **state)
{
	struct network *network = serving_network();

	(void)state;
	for (uint32_t i = 0; i < 4; i++) {
		struct frame frame = usual(i & 1, i & 2 ? IPPROTO_UDP : IPPROTO_TCP);

		frame.src = frame.dst;
		frame.sport = i & 1 ? 80 : 1000;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_IP_LAND);
	}
	network_free(network);
}

static void
frames_for_other_hosts_and_odd_buffers_are_refused(void **state)
{
	static const uint8_t other[6] = { 2, 0, 0, 0, 9, 9 };
	struct network *network = serving_network();
	struct frame frame = usual(false, IPPROTO_TCP);
	struct rte_mbuf *m;

	(void)state;
	frame.dst_mac = other;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_NOT_OURS);
	frame.dst_mac = NULL;
	frame.payload = 1400;
	m = frame_new(&frame, CLIENTS);
	assert_int_equal(rte_pktmbuf_chain(m, frame_new(&frame, CLIENTS)), 0);
	receive(network, 0, CLIENTS, m);
	assert_dropped(network, DROP_MULTI_SEGMENT);
	network_free(network);
}

static void
frames_to_a_second_mac_address_of_the_port_are_taken(void **state)
{
	static const uint8_t vrrp[6] = { 0, 0, 0x5e, 0, 1, 51 };
	struct network *network = serving_network();
	struct frame frame = usual(false, IPPROTO_TCP);

	(void)state;
	memcpy(&network->ports.port[CLIENTS].macs[0], vrrp, 6);
	network->ports.port[CLIENTS].n_macs = 1;
	frame.dst_mac = vrrp;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	frame.flags = ACK;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	network_free(network);
}

static void
frames_to_a_group_are_never_forwarded(void **state)
{
	static const uint8_t broadcast[6] = { 255, 255, 255, 255, 255, 255 };
	struct network *network = serving_network();
	struct frame frame = usual(false, IPPROTO_TCP);

	(void)state;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	frame.dst_mac = broadcast;
	frame.flags = ACK;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	frame.sport++;
	frame.flags = SYN;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	assert_int_equal(counted(network, COUNT_CONNS), 1);
	network_free(network);
}

static void
what_opens_no_connection_is_the_kernels(void **state)
{
	struct network *network = serving_network();
	struct frame frame = usual(false, IPPROTO_TCP);

	(void)state;
	for (uint8_t flags = 0; flags < 32; flags++) {
		if ((flags & (SYN | FIN | RST | ACK)) == SYN || (flags & (SYN | FIN)) == (SYN | FIN))
			continue;
		frame.flags = flags;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_to_kernel(network, EXCEPTION_OTHER);
	}
	frame.flags = SYN;
	frame.dport = 81;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_to_kernel(network, EXCEPTION_OTHER);
	network->kernel.full = true;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_KERNEL_FULL);
	network_free(network);
}

static void
to_a_local_address_without_connection_is_refused(void **state)
{
	struct network *network = serving_network();
	struct frame frame = usual(false, IPPROTO_TCP);
	struct rte_mbuf *m;

	(void)state;
	frame.src = "10.0.0.1";
	frame.dst = "10.0.0.100";
	receive(network, 0, SERVERS, frame_new(&frame, SERVERS));
	assert_dropped(network, DROP_LADDR_NO_CONN);
	frame.payload = 20;
	m = frame_new(&frame, SERVERS);
	put16(m, IP + 6, 0x2000);
	mend_ipv4_checksum(m);
	receive(network, 0, SERVERS, m);
	assert_dropped(network, DROP_FRAGMENT);
	network_free(network);
}

static void
every_reason_has_a_name_of_its_own(void **state)
{
	(void)state;
	for (int i = 0; i < DROP_MAX; i++) {
		assert_true(strncmp(drop_texts[i].name, "drop_", 5) == 0);
		assert_true(strlen(drop_texts[i].text) > 5);
		for (int k = 0; k < i; k++)
			assert_string_not_equal(drop_texts[i].name, drop_texts[k].name);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_field_with_an_absurd_value_has_its_own_reason),
		cmocka_unit_test(an_established_connection_takes_no_absurd_packet_either),
		cmocka_unit_test(sources_that_nobody_has_are_refused),
		cmocka_unit_test(a_packet_from_a_service_to_itself_is_a_land_attack),
		cmocka_unit_test(frames_for_other_hosts_and_odd_buffers_are_refused),
		cmocka_unit_test(frames_to_a_second_mac_address_of_the_port_are_taken),
		cmocka_unit_test(frames_to_a_group_are_never_forwarded),
		cmocka_unit_test(what_opens_no_connection_is_the_kernels),
		cmocka_unit_test(to_a_local_address_without_connection_is_refused),
		cmocka_unit_test(every_reason_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
