/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that are longer than the MTU they leave by, that lie in several buffers, and frames that are longer than usual
 * because of a tag.
 */
#include "core/checksum.h"
#include "forwarded_flow.h"
#include "hostile_frames.h"

/* Options: security (copied), no operation, record route (not copied), end. */
static const uint8_t ip_options[16] = { 0x82, 4, 0xab, 0xcd, 1, 7, 7, 4, 0, 0, 0, 0, 0, 0, 0, 0 };

static void
clear_df(struct rte_mbuf *m, uint16_t place)
{
	put16(m, IP + 6, place);
	mend_ipv4_checksum(m);
}

/* M with those options. */
static struct rte_mbuf *
with_options(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip;
	uint8_t *frame;

	assert_non_null(rte_pktmbuf_prepend(m, sizeof(ip_options)));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	ip = (void *)(frame + IP);
	memmove(frame, frame + sizeof(ip_options), IP + 20);
	memcpy(frame + IP + 20, ip_options, sizeof(ip_options));
	ip->version_ihl = 0x49;
	put16(m, IP + 2, (uint16_t)(m->pkt_len - IP));
	mend_ipv4_checksum(m);
	return m;
}

/* The packet that the pieces which SERVERS sent make, from its IP payload on. Each piece is checked by itself. */
static uint32_t
join_pieces(uint16_t mtu, uint16_t header, uint32_t before, bool more_after, uint8_t *bytes)
{
	uint32_t length = 0;

	for (uint32_t i = 0; i < sent[SERVERS].n; i++) {
		const struct rte_mbuf *m = sent[SERVERS].packets[i];
		const struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, const struct rte_ipv4_hdr *, IP);
		bool last = i + 1 == sent[SERVERS].n;

		assert_int_equal(m->pkt_len, IP + rte_be_to_cpu_16(ip->total_length));
		assert_in_range(m->pkt_len, 1, IP + mtu);
		assert_int_equal((ip->version_ihl & 15) * 4, header);
		assert_int_equal(checksum_fold(checksum_add(0, ip, header)), 0xffff);
		assert_int_equal(ip->packet_id, RTE_BE16(0x1234));
		assert_int_equal(ip->time_to_live, 63);
		assert_int_equal(rte_be_to_cpu_16(ip->fragment_offset),
				 (before + length) / 8 | (last && !more_after ? 0 : RTE_IPV4_HDR_MF_FLAG));
		assert_memory_equal(rte_pktmbuf_mtod(m, void *), server_mac[0], 6);
		if (header > 20)
			assert_int_equal(((const uint8_t *)(ip + 1))[5], i == 0 ? 7 : 1);
		memcpy(bytes + length, (const uint8_t *)ip + header, m->pkt_len - IP - header);
		length += m->pkt_len - IP - header;
	}
	return length;
}

static const struct {
	uint16_t mtu, payload, place;
	bool options;
	uint32_t pieces;
} splits[] = {
	{ 600, 1400, 0, false, 3 },	 { 576, 1123, 0, false, 3 },  { 1499, 1472, 0, false, 2 },
	{ 68, 1001, 0, false, 22 },	 { 600, 1400, 0, true, 3 },   { 601, 1400, 0, false, 3 },
	{ 600, 1400, 0x2000, false, 3 }, { 1428, 1400, 0, false, 1 },
};

static void
packets_that_may_be_are_split(void **state)
{
	(void)state;
	for (uint32_t n = 0; n < 2 * RTE_DIM(splits); n++) {
		const uint32_t i = n / 2;
		struct flow_under_test test = test_flow(&modes[1]);
		const uint16_t header = splits[i].options ? 36 : 20;
		uint8_t bytes[2048];
		struct rte_mbuf *m, *wanted;

		narrow_way(test.network, SERVERS, splits[i].mtu, n & 1);
		test.in.payload = test.to_server.payload = splits[i].payload;
		m = frame_new(&test.in, CLIENTS);
		clear_df(m, splits[i].place);
		if (splits[i].options)
			m = with_options(m);
		receive(test.network, 0, CLIENTS, m);
		assert_int_equal(sent[SERVERS].n, splits[i].pieces);
		assert_int_equal(counted(test.network, COUNT_SPLIT), splits[i].pieces - 1);
		assert_accounts_close(test.network);
		assert_int_equal(join_pieces(splits[i].mtu, header, 0, splits[i].place != 0, bytes),
				 8u + splits[i].payload);
		wanted = frame_new(&test.to_server, SERVERS);
		assert_memory_equal(bytes, rte_pktmbuf_mtod_offset(wanted, void *, IP + 20), 8u + splits[i].payload);
		rte_pktmbuf_free(wanted);
		network_free(test.network);
	}
}

static void
packets_that_may_not_be_are_not(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow_under_test test = test_flow(&modes[ipv6 ? 7 : 1]);

		test.network->ports.port[SERVERS].mtu = 1300;
		test.in.payload = 1400;
		receive(test.network, 0, CLIENTS, frame_new(&test.in, CLIENTS));
		assert_dropped(test.network, DROP_TOO_BIG);
		network_free(test.network);
	}
}

/* The longest packet that MTU lets pass does so, each way: past the fast path, and (the second time at the latest) in it. */
static void
check_longest(struct flow_under_test *test, uint16_t mtu)
{
	const uint16_t longest = (uint16_t)(mtu - headers_of(test->mode));

	for (int i = 0; i < 4; i++) {
		client_sends(test, ACK, longest, i & 1);
		if (test->mode->forward != FORWARD_DIRECT)
			server_sends(test, ACK, longest, i & 1);
	}
	for (int slowly = 0; slowly < 2 && mtu < 1500; slowly++) {
		test->in.payload = test->out.payload = (uint16_t)(longest + 1);
		(slowly ? receive_slowly : receive)(test->network, 0, CLIENTS, frame_new(&test->in, CLIENTS));
		assert_dropped(test->network, DROP_TOO_BIG);
		if (test->mode->forward == FORWARD_DIRECT)
			continue;
		(slowly ? receive_slowly : receive)(test->network, 0, SERVERS, frame_new(&test->out, SERVERS));
		assert_dropped(test->network, DROP_TOO_BIG);
	}
}

static void
the_mtu_of_a_route_may_change_while_connections_live(void **state)
{
	(void)state;
	/* not SCTP, whose data is in words */
	for (uint32_t i = 0; modes[i].proto != IPPROTO_SCTP; i++) {
		struct flow_under_test test = test_flow(&modes[i]);

		client_sends(&test, SYN, 0, false);
		check_longest(&test, 1500);
		for (uint16_t mtu = 1500; mtu >= 1280; mtu -= 20) {
			for (uint8_t port = 0; port < 2 && mtu < 1500; port++)
				narrow_way(test.network, port, mtu, true);
			check_longest(&test, mtu);
		}
		widen_routes(test.network);
		check_longest(&test, 1500);
		network_free(test.network);
	}
}

/* The port got a smaller one, and the control thread has not seen to the routes. */
static void
the_lesser_of_the_routes_and_the_ports_mtu_counts(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct flow_under_test test = test_flow(&modes[ipv6 ? 6 : 0]);

		for (uint8_t port = 0; port < 2; port++) {
			narrow_way(test.network, port, 1400, true);
			test.network->ports.port[port].mtu = 1300;
		}
		client_sends(&test, SYN, 0, false);
		check_longest(&test, 1300);
		network_free(test.network);
	}
}

/* By the MTU of the route, which the packet was not compared with when it came. */
static void
what_waited_for_a_neighbour_is_split(void **state)
{
	struct flow_under_test test = test_flow(&modes[1]);
	struct worker *self = test.network->director->workers[0];
	union nexthop nexthop = { .port = SERVERS, .state = NEXTHOP_INCOMPLETE };
	uint32_t number;
	struct rte_mbuf *m;

	(void)state;
	assert_int_equal(fib_nexthop_new_narrow(test.network->fib, 1400, &number), 0);
	fib_nexthop_set(test.network->fib, number, nexthop);
	set_route(test.network, "10.0.0.1", 32, number);
	test.in.payload = 1400;
	for (int df = 0; df < 2; df++) {
		m = frame_new(&test.in, CLIENTS);
		if (!df)
			clear_df(m, 0);
		receive(test.network, 0, CLIENTS, m);
	}
	assert_nothing_sent();
	memcpy(&nexthop.mac, server_mac[0], 6);
	nexthop.state = NEXTHOP_NARROW;
	fib_nexthop_set(test.network->fib, number, nexthop);
	self->now_ms++;
	neighbour_wait_poll(self, transmit_ready, transmit_lost);
	transmit_flush(self);
	assert_int_equal(sent[SERVERS].n, 2);
	for (uint32_t i = 0; i < 2; i++)
		assert_in_range(sent[SERVERS].packets[i]->pkt_len, IP + 20, IP + 1400);
	assert_int_equal(dropped(test.network, DROP_TOO_BIG), 1);
	assert_int_equal(counted(test.network, COUNT_SPLIT), 1);
	forget_packets(test.network);
	network_free(test.network);
}

static void
splitting_without_buffers_loses_the_packet_and_nothing_else(void **state)
{
	struct flow_under_test test = test_flow(&modes[1]);
	static struct rte_mbuf *taken[8192];
	struct rte_mbuf *m;
	uint32_t n = 0;

	(void)state;
	test.network->ports.port[SERVERS].mtu = 600;
	test.in.payload = 1400;
	m = frame_new(&test.in, CLIENTS);
	clear_df(m, 0);
	while ((taken[n] = rte_pktmbuf_alloc(packet_pool)))
		n++;
	rte_pktmbuf_free(taken[--n]);
	receive(test.network, 0, CLIENTS, m);
	assert_dropped(test.network, DROP_NO_MBUF);
	rte_pktmbuf_free_bulk(taken, n);
	network_free(test.network);
}

/* The frame, of which the first BYTES are in one buffer, and the rest in further ones. */
static struct rte_mbuf *
spread(struct rte_mbuf *m, uint16_t bytes)
{
	struct rte_mbuf *rest = rte_pktmbuf_copy(m, packet_pool, bytes, UINT32_MAX);

	rte_pktmbuf_trim(m, (uint16_t)(m->data_len - bytes));
	assert_int_equal(rte_pktmbuf_chain(m, rest), 0);
	return m;
}

static void
packets_in_several_buffers_pass_like_others(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		client_sends(&test, SYN, 0, false);
		test.in.flags = test.to_server.flags = ACK;
		test.in.payload = test.to_server.payload = 1001;
		for (uint16_t bytes = 1; bytes < 200; bytes += 11) {
			receive(test.network, 0, CLIENTS, spread(frame_new(&test.in, CLIENTS), bytes));
			assert_sent(SERVERS, &test.to_server);
		}
		network_free(test.network);
	}
}

static void
a_jumbo_frame_passes_whole(void **state)
{
	struct rte_mempool *usual = packet_pool, *jumbo;

	(void)state;
	jumbo = rte_pktmbuf_pool_create("jumbo", 255, 0, 0, 9000 + 256, SOCKET_ID_ANY);
	assert_non_null(jumbo);
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		packet_pool = jumbo;
		test.network->ports.port[CLIENTS].mtu = test.network->ports.port[SERVERS].mtu = 9000;
		client_sends(&test, SYN, 0, false);
		client_sends(&test, ACK, 8900, false);
		client_sends(&test, ACK, 8901, true);
		if (mode->forward != FORWARD_DIRECT)
			server_sends(&test, ACK, 8900, false);
		packet_pool = usual;
		network_free(test.network);
	}
	rte_mempool_free(jumbo);
}

/* M with a tag behind its addresses. */
static struct rte_mbuf *
tagged(struct rte_mbuf *m, uint16_t tci)
{
	uint8_t *frame;

	assert_non_null(rte_pktmbuf_prepend(m, 4));
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	memmove(frame, frame + 4, 12);
	frame[12] = 0x81;
	frame[13] = 0;
	frame[14] = (uint8_t)(tci >> 8);
	frame[15] = (uint8_t)tci;
	return m;
}

static void
a_priority_tag_is_taken_off(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		struct flow_under_test test = test_flow(mode);

		client_sends(&test, SYN, 0, false);
		test.in.flags = test.to_server.flags = ACK;
		test.in.payload = test.to_server.payload = 99;
		receive(test.network, 0, CLIENTS, tagged(frame_new(&test.in, CLIENTS), 5 << 13));
		assert_sent(SERVERS, &test.to_server);
		receive(test.network, 0, CLIENTS, tagged(frame_new(&test.in, CLIENTS), 5 << 13 | 7));
		assert_to_kernel(test.network, EXCEPTION_OTHER);
		network_free(test.network);
	}
}

/* What the kernel gets is an ordinary frame as well; one that ends within its tag is nothing. */
static void
priority_tags_of_other_frames_are_taken_off_as_well(void **state)
{
	struct flow_under_test test = test_flow(&modes[0]);
	struct rte_mbuf *m;

	(void)state;
	test.in.dst = "192.0.2.77";
	receive(test.network, 0, CLIENTS, tagged(frame_new(&test.in, CLIENTS), 0));
	assert_int_equal(rte_pktmbuf_mtod(test.network->kernel.got[EXCEPTION_OTHER].packets[0], uint8_t *)[12], 8);
	assert_to_kernel(test.network, EXCEPTION_OTHER);
	m = tagged(frame_new(&test.in, CLIENTS), 0);
	receive(test.network, 0, CLIENTS, frame_tight(m, 17));
	assert_to_kernel(test.network, EXCEPTION_OTHER);
	receive(test.network, 0, CLIENTS, frame_tight(m, 18));
	assert_dropped(test.network, DROP_IP_SHORT);
	rte_pktmbuf_free(m);
	network_free(test.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_that_may_be_are_split),
		cmocka_unit_test(packets_that_may_not_be_are_not),
		cmocka_unit_test(the_mtu_of_a_route_may_change_while_connections_live),
		cmocka_unit_test(the_lesser_of_the_routes_and_the_ports_mtu_counts),
		cmocka_unit_test(what_waited_for_a_neighbour_is_split),
		cmocka_unit_test(splitting_without_buffers_loses_the_packet_and_nothing_else),
		cmocka_unit_test(packets_in_several_buffers_pass_like_others),
		cmocka_unit_test(a_jumbo_frame_passes_whole),
		cmocka_unit_test(a_priority_tag_is_taken_off),
		cmocka_unit_test(priority_tags_of_other_frames_are_taken_off_as_well),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
