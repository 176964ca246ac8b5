/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets with extension headers and options, and packets that are cut off anywhere. The latter lie in buffers of just
 * their size, so that a sanitizer sees a look beyond.
 */
#include "hostile_frames.h"

/* Puts N times these 8 bytes between the IPv6 header and what follows it; the first byte names the next header. */
static struct rte_mbuf *
with_extensions(struct frame *frame, uint8_t type, uint32_t n)
{
	struct rte_mbuf *m = frame_new(frame, CLIENTS);
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, IP);
	uint8_t *extension = (uint8_t *)(ip + 1), last = ip->proto;

	memmove(extension + 8 * n, extension, m->data_len - IP - 40);
	rte_pktmbuf_append(m, (uint16_t)(8 * n));
	for (uint32_t i = 0; i < n; i++) {
		uint8_t bytes[8] = { i + 1 < n ? type : last, 0, 1, 4 };

		/* of a packet that is whole */
		if (type == IPPROTO_FRAGMENT)
			bytes[2] = bytes[3] = 0;
		memcpy(extension + 8 * i, bytes, 8);
	}
	ip->proto = type;
	ip->payload_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip->payload_len) + 8 * n));
	return m;
}

static void
packets_with_extension_headers_or_options_are_forwarded_with_them(void **state)
{
	struct network *network = serving_network();
	struct frame frame = usual(true, IPPROTO_TCP), v4 = usual(false, IPPROTO_UDP);
	struct rte_mbuf *m, *sent_m;
	struct rte_ipv4_hdr *ip;

	(void)state;
	for (uint32_t n = 1; n <= 3; n++) {
		receive(network, 0, CLIENTS, with_extensions(&frame, IPPROTO_DSTOPTS, n));
		sent_m = sent_one(SERVERS);
		assert_int_equal(sent_m->data_len, IP + 40 + 8 * n + 20 + 16);
		assert_int_equal(*rte_pktmbuf_mtod_offset(sent_m, uint8_t *, IP + 7), 63);
		/* Without the extension headers it is the packet that goes without. */
		m = frame_new(&(struct frame){ .src = frame.src,
					       .dst = "fd00::1",
					       .sport = 1000,
					       .dport = 80,
					       .flags = SYN,
					       .payload = 16 },
			      SERVERS);
		assert_memory_equal(rte_pktmbuf_mtod_offset(sent_m, void *, IP + 40 + 8 * n),
				    rte_pktmbuf_mtod_offset(m, void *, IP + 40), 36);
		rte_pktmbuf_free(m);
		rte_pktmbuf_free(sent_m);
	}
	m = frame_new(&v4, CLIENTS);
	ip = rte_pktmbuf_mtod_offset(m, void *, IP);
	memmove((uint8_t *)ip + 24, ip + 1, 24);
	memset(ip + 1, 1, 4);
	rte_pktmbuf_append(m, 4);
	ip->version_ihl = 0x46;
	put16(m, IP + 2, 48);
	mend_ipv4_checksum(m);
	receive(network, 0, CLIENTS, m);
	m = sent_one(SERVERS);
	ip = rte_pktmbuf_mtod_offset(m, void *, IP);
	assert_int_equal(rte_ipv4_cksum(ip), 0);
	assert_int_equal(ip->version_ihl, 0x46);
	assert_int_equal(ip->time_to_live, 63);
	rte_pktmbuf_free(m);
	network_free(network);
}

static void
too_many_or_endless_extension_headers_are_refused(void **state)
{
	struct network *network = serving_network();
	struct frame frame = usual(true, IPPROTO_TCP);
	struct rte_mbuf *m;

	(void)state;
	receive(network, 0, CLIENTS, with_extensions(&frame, IPPROTO_HOPOPTS, 9));
	assert_dropped(network, DROP_IP_EXTENSIONS);
	m = with_extensions(&frame, IPPROTO_DSTOPTS, 1);
	*rte_pktmbuf_mtod_offset(m, uint8_t *, IP + 41) = 5; /* 48 bytes; there are 44 */
	receive(network, 0, CLIENTS, m);
	assert_dropped(network, DROP_IP_EXTENSIONS);
	receive(network, 0, CLIENTS, with_extensions(&frame, IPPROTO_FRAGMENT, 2));
	assert_dropped(network, DROP_IP_EXTENSIONS);
	m = with_extensions(&frame, IPPROTO_FRAGMENT, 2);
	put16(m, IP + 42, 1);
	receive(network, 0, CLIENTS, m);
	assert_dropped(network, DROP_FRAGMENT_LENGTH);
	put16(m = with_extensions(&frame, IPPROTO_FRAGMENT, 2), IP + 42, 1);
	put16(m, IP + 4, 48);
	receive(network, 0, CLIENTS, m);
	assert_dropped(network, DROP_IP_EXTENSIONS);
	receive(network, 0, CLIENTS, with_extensions(&frame, IPPROTO_HOPOPTS, 8));
	rte_pktmbuf_free(sent_one(SERVERS));
	network_free(network);
}

static const uint8_t protocols[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP };

/* The frame cut off at every length. Nothing of it goes to a server or client; only whole ones may be answered. */
static void
cut_everywhere(struct network *network, struct rte_mbuf *m, uint8_t port)
{
	for (uint32_t length = 0; length < m->data_len; length++) {
		receive(network, 0, port, frame_tight(m, length));
		assert_nothing_sent();
		assert_accounts_close(network);
		assert_int_equal(counted(network, COUNT_FORWARDED), 0);
		forget_packets(network);
	}
	rte_pktmbuf_free(m);
}

static void
a_packet_cut_off_anywhere_goes_nowhere(void **state)
{
	struct network *network = serving_network();
	struct frame frame;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		frame = usual(i & 1, protocols[i / 2]);
		cut_everywhere(network, frame_new(&frame, CLIENTS), CLIENTS);
	}
	frame = usual(true, IPPROTO_UDP);
	cut_everywhere(network, with_extensions(&frame, IPPROTO_HOPOPTS, 3), CLIENTS);
	cut_everywhere(network, with_extensions(&frame, IPPROTO_FRAGMENT, 1), CLIENTS);
	assert_int_equal(dropped(network, DROP_L2_SHORT), 8 * IP);
	assert_int_equal(counted(network, COUNT_CONNS), 0);
	network_free(network);
}

static void
a_packet_of_a_connection_cut_off_anywhere_goes_nowhere(void **state)
{
	struct network *network = serving_network();
	uint64_t sent_before;

	(void)state;
	for (uint32_t i = 0; i < 6; i++) {
		struct frame frame = usual(i & 1, protocols[i / 2]);
		struct rte_mbuf *m;

		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		rte_pktmbuf_free(sent_one(SERVERS));
		frame.flags = ACK;
		m = frame_new(&frame, CLIENTS);
		sent_before = counted(network, COUNT_FORWARDED);
		for (uint32_t length = 0; length < m->data_len; length++) {
			receive(network, 0, CLIENTS, frame_tight(m, length));
			assert_nothing_sent();
		}
		forget_packets(network);
		assert_int_equal(counted(network, COUNT_FORWARDED), sent_before);
		receive(network, 0, CLIENTS, frame_tight(m, m->data_len));
		rte_pktmbuf_free(sent_one(SERVERS));
		rte_pktmbuf_free(m);
	}
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_with_extension_headers_or_options_are_forwarded_with_them),
		cmocka_unit_test(too_many_or_endless_extension_headers_are_refused),
		cmocka_unit_test(a_packet_cut_off_anywhere_goes_nowhere),
		cmocka_unit_test(a_packet_of_a_connection_cut_off_anywhere_goes_nowhere),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
