/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of tunnels to real servers, to the last byte: every kind, either family in either, and what does not fit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>
#include <rte_ip.h>

#include "core/knobs.h"
#include "ip/neighbour_wait.h"
#include "lb/conn_table.h"
#include "tunnels.h"

static void
send_and_check(struct network *network, const struct tunnel *tunnel, struct frame frame, bool slowly)
{
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);

	if (slowly)
		receive_slowly(network, 0, CLIENTS, m);
	else
		receive(network, 0, CLIENTS, m);
	frame.ttl = 63;
	assert_int_equal(sent[CLIENTS].n, 0);
	check_tunneled(tunnel, sent_one(SERVERS), frame_new(&frame, SERVERS));
}

static void
packets_of_every_tunnel_have_the_right_bytes(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);
		const struct dest_load *load = &network->director->workers[0]->loads[0];

		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		for (uint16_t payload = 0; payload < 70; payload++) {
			frame.payload = payload;
			send_and_check(network, &tunnel, frame, payload & 16);
		}
		assert_int_equal(load->connections, 1);
		assert_int_equal(load->in_packets, 71);
		assert_int_equal(load->out_packets, 0);
		network_free(network);
	}
}

/* What follows a packet in its frame is no part of it, and takes no room in the tunnel. */
static void
send_with_trailer(struct network *network, const struct tunnel *tunnel, struct frame frame, bool slowly)
{
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);

	memset(rte_pktmbuf_append(m, 4), 0xee, 4);
	(slowly ? receive_slowly : receive)(network, 0, CLIENTS, m);
	frame.ttl = 63;
	check_tunneled(tunnel, sent_one(SERVERS), frame_new(&frame, SERVERS));
}

static void
the_longest_packet_fills_the_mtu_and_a_longer_one_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < 2 * TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i / 2);
		const uint16_t mtu = i & 1 ? 1404 : 1500;
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct worker *self = network->director->workers[0];
		struct frame frame = frame_of(&tunnel);
		struct rte_mbuf *m;

		send_and_check(network, &tunnel, frame, false);
		if (i & 1)
			narrow_way(network, SERVERS, mtu, true);
		assert_int_equal(reframe_adds(self, conn_at(self->conns[tunnel.client6], 0), CONN_IN),
				 adds_of(&tunnel));
		frame.flags = ACK;
		frame.payload = (uint16_t)(mtu - adds_of(&tunnel) - (tunnel.client6 ? 40 : 20) -
					   (tunnel.proto == IPPROTO_TCP ? 20 : 8));
		for (int slowly = 0; slowly < 4; slowly++) {
			send_and_check(network, &tunnel, frame, slowly & 1);
			send_with_trailer(network, &tunnel, frame, slowly & 1);
		}
		frame.payload++;
		m = frame_new(&frame, CLIENTS);
		receive(network, 0, CLIENTS, m);
		assert_dropped(network, DROP_TOO_BIG);
		receive_slowly(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_TOO_BIG);
		network_free(network);
	}
}

/* Checks the headers of M, a fragment that begins FIRST bytes into its packet; ID gets its identification. How many bytes
 * they are. */
static uint32_t
check_piece(const struct rte_mbuf *m, bool ipv6, uint32_t first, bool last, uint32_t *id)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);

	assert_in_range(m->pkt_len, ipv6 ? 63 : 35, 1514);
	if (!last)
		assert_int_equal((m->pkt_len - 14 - (ipv6 ? 48 : 20)) % 8, 0);
	if (!ipv6) {
		assert_int_equal(sum_of(0, ip, 20), 0xffff);
		assert_int_equal(be16(ip + 6), first / 8 | (last ? 0 : 0x2000));
		*id = be16(ip + 4);
		return 34;
	}
	assert_int_equal(be16(ip + 4), m->pkt_len - 54);
	assert_int_equal(ip[6], IPPROTO_FRAGMENT);
	assert_int_equal(ip[41], 0);
	assert_int_equal(be16(ip + 42), first | !last);
	*id = be16(ip + 44) << 16 | be16(ip + 46);
	return 62;
}

/* M is no fragment any more. */
static void
make_whole(struct rte_mbuf *m, bool ipv6, uint8_t proto)
{
	struct rte_ipv4_hdr *v4 = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	struct rte_ipv6_hdr *v6 = (void *)v4;

	if (ipv6) {
		v6->proto = proto;
		v6->payload_len = rte_cpu_to_be_16((uint16_t)(m->pkt_len - 54));
		return;
	}
	v4->fragment_offset = 0;
	v4->total_length = rte_cpu_to_be_16((uint16_t)(m->pkt_len - 14));
	v4->hdr_checksum = 0;
	v4->hdr_checksum = rte_ipv4_cksum(v4);
}

/* What SERVERS sent, fragments of one packet in order, put together; RET_ID gets its identification. */
static struct rte_mbuf *
rejoined(bool ipv6, uint32_t *ret_id)
{
	struct rte_mbuf *whole = rte_pktmbuf_alloc(packet_pool);
	const uint32_t header = ipv6 ? 54 : 34, n = sent[SERVERS].n;
	const uint8_t *first = rte_pktmbuf_mtod(sent[SERVERS].packets[0], const uint8_t *);
	uint32_t id;

	assert_true(n >= 2);
	memcpy(rte_pktmbuf_append(whole, (uint16_t)header), first, header);
	for (uint32_t i = 0; i < n; i++) {
		struct rte_mbuf *m = sent[SERVERS].packets[i];
		const uint32_t at = check_piece(m, ipv6, whole->pkt_len - header, i + 1 == n, i == 0 ? ret_id : &id);

		if (i > 0)
			assert_int_equal(id, *ret_id);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), first, 14);
		if (ipv6)
			assert_int_equal(rte_pktmbuf_mtod(m, uint8_t *)[header], first[header]);
		memcpy(rte_pktmbuf_append(whole, (uint16_t)(m->pkt_len - at)), rte_pktmbuf_mtod_offset(m, void *, at),
		       m->pkt_len - at);
	}
	make_whole(whole, ipv6, first[header]);
	for (uint32_t i = 0; i < n; i++)
		rte_pktmbuf_free(sent[SERVERS].packets[i]);
	sent[SERVERS].n = 0;
	return whole;
}

static struct rte_mbuf *
may_be_split(struct rte_mbuf *m)
{
	rte_pktmbuf_mtod(m, uint8_t *)[14 + 6] = 0;
	frame_checksums(m);
	return m;
}

/* A packet that is too long for the way, without DF or, DF_IS_IGNORED, with it. The identification of what came out. */
static uint32_t
send_and_check_split(struct network *network, const struct tunnel *tunnel, struct frame frame, bool df_is_ignored,
		     bool slowly)
{
	struct rte_mbuf *m = frame_new(&frame, CLIENTS), *expected, *whole;
	uint32_t split = (uint32_t)counted(network, COUNT_SPLIT), id;

	(slowly ? receive_slowly : receive)(network, 0, CLIENTS, df_is_ignored ? m : may_be_split(m));
	assert_int_equal(counted(network, COUNT_SPLIT) - split, sent[SERVERS].n - 1);
	whole = rejoined(tunnel->server6, &id);
	frame.ttl = 63;
	expected = frame_new(&frame, SERVERS);
	if (!df_is_ignored)
		may_be_split(expected);
	check_tunneled(tunnel, whole, expected);
	return id;
}

/* As Linux does it: the outer one, by the director, which is its source. */
static void
longer_packets_that_may_be_are_split(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);
		uint32_t id;

		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		frame.payload = 1400 + 72;
		if (!tunnel.client6) {
			id = send_and_check_split(network, &tunnel, frame, false, false);
			assert_int_not_equal(send_and_check_split(network, &tunnel, frame, false, true), id);
		}
		network_free(network);
	}
}

static void
one_byte_too_many_makes_two_pieces(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);

		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		frame.payload = (uint16_t)(1501 - adds_of(&tunnel) - 20 - (tunnel.proto == IPPROTO_TCP ? 20 : 8));
		if (!tunnel.client6) {
			send_and_check_split(network, &tunnel, frame, false, false);
			assert_int_equal(counted(network, COUNT_SPLIT), 1);
		}
		network_free(network);
	}
}

/* With pmtu_disc = 0, as in the kernel. The bytes of an IPv4 header are another test's. */
static void
df_stays_inside_where_the_director_is_to_ignore_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network;
		struct frame frame = frame_of(&tunnel);
		struct knobs knobs;

		if (tunnel.client6 || !tunnel.server6)
			continue;
		network = serve(&tunnel, server_of(&tunnel));
		knobs_preset(&knobs);
		knobs.pmtu_disc = 0;
		assert_int_equal(knobs_publish(network->director->lb, &knobs), 0);
		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		frame.payload = 1400 + 60;
		send_and_check_split(network, &tunnel, frame, true, false);
		network_free(network);
	}
}

static void
a_way_that_is_too_narrow_for_ipv6_takes_no_pieces(void **state)
{
	const struct tunnel tunnel = { .server6 = true, .proto = IPPROTO_UDP };
	struct network *network = serve(&tunnel, server_of(&tunnel));
	struct frame frame = frame_of(&tunnel);

	(void)state;
	frame.payload = 1400;
	network->ports.port[SERVERS].mtu = 1279;
	receive(network, 0, CLIENTS, may_be_split(frame_new(&frame, CLIENTS)));
	assert_dropped(network, DROP_TOO_BIG);
	network->ports.port[SERVERS].mtu = 1280;
	send_and_check_split(network, &tunnel, frame, false, false);
	network_free(network);
}

/* Its sender need not make it any shorter; the tunnel sees to it. */
static void
ipv6_of_1280_bytes_passes_every_way(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network;
		struct frame frame = frame_of(&tunnel);

		if (!tunnel.client6)
			continue;
		network = serve(&tunnel, server_of(&tunnel));
		send_and_check(network, &tunnel, frame, false);
		narrow_way(network, SERVERS, 1280, i & 1);
		frame.flags = ACK;
		frame.payload = (uint16_t)(1280 - 40 - (tunnel.proto == IPPROTO_TCP ? 20 : 8));
		send_and_check_split(network, &tunnel, frame, true, false);
		send_and_check_split(network, &tunnel, frame, true, true);
		frame.payload++;
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_TOO_BIG);
		network_free(network);
	}
}

/* The same packet with its data moved to the front of the buffer, but for ROOM bytes (an even number, as drivers do). */
static struct rte_mbuf *
with_headroom(struct rte_mbuf *m, uint32_t room)
{
	memmove((uint8_t *)m->buf_addr + room, rte_pktmbuf_mtod(m, void *), m->data_len);
	m->data_off = (uint16_t)room;
	return m;
}

static void
a_buffer_without_headroom_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);

		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		receive(network, 0, CLIENTS, with_headroom(frame_new(&frame, CLIENTS), adds_of(&tunnel) - 2));
		assert_dropped(network, DROP_NO_HEADROOM);
		receive_slowly(network, 0, CLIENTS, with_headroom(frame_new(&frame, CLIENTS), 0));
		assert_dropped(network, DROP_NO_HEADROOM);
		receive(network, 0, CLIENTS, with_headroom(frame_new(&frame, CLIENTS), adds_of(&tunnel)));
		frame.ttl = 63;
		check_tunneled(&tunnel, sent_one(SERVERS), frame_new(&frame, SERVERS));
		network_free(network);
	}
}

static void
without_an_address_of_its_own_the_director_sends_nothing(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);

		set_own(network, tunnel.server6 ? "10.0.0.254" : NULL, tunnel.server6 ? NULL : "fd00::254");
		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_dropped(network, DROP_NO_SOURCE);
		set_own(network, "10.0.0.254", "fd00::254");
		send_and_check(network, &tunnel, frame, false);
		network_free(network);
	}
}

static void
padding_stays_behind(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		struct network *network = serve(&tunnel, server_of(&tunnel));
		struct frame frame = frame_of(&tunnel);
		struct rte_mbuf *m;

		send_and_check(network, &tunnel, frame, false);
		frame.flags = ACK;
		m = frame_new(&frame, CLIENTS);
		memset(rte_pktmbuf_append(m, 9), 0xaa, 9);
		receive(network, 0, CLIENTS, m);
		frame.ttl = 63;
		check_tunneled(&tunnel, sent_one(SERVERS), frame_new(&frame, SERVERS));
		network_free(network);
	}
}

/* The header of an IPv4 packet that came out of a tunnel, and of the packet within. */
struct headers {
	uint8_t outer[20], inner[20];
};

static struct headers
headers_for(struct network *network, uint8_t class, bool dont_fragment)
{
	const struct tunnel tunnel = { .proto = IPPROTO_TCP };
	struct frame frame = frame_of(&tunnel);
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, 14);
	struct headers headers;

	ip->type_of_service = class;
	ip->fragment_offset = dont_fragment ? RTE_BE16(0x4000) : 0;
	frame_checksums(m);
	receive(network, 0, CLIENTS, m);
	m = sent_one(SERVERS);
	memcpy(&headers, rte_pktmbuf_mtod_offset(m, void *, 14), sizeof(headers));
	rte_pktmbuf_free(m);
	assert_int_equal(sum_of(0, headers.outer, 20), 0xffff);
	assert_int_equal(sum_of(0, headers.inner, 20), 0xffff);
	assert_int_equal(headers.inner[1], class);
	return headers;
}

static void
congestion_and_fragmentation_are_passed_on_as_linux_does(void **state)
{
	const struct tunnel tunnel = { .proto = IPPROTO_TCP };
	struct network *network = serve(&tunnel, "10.0.0.1");
	struct headers headers;
	struct knobs knobs;
	uint32_t id;

	(void)state;
	for (uint8_t ecn = 0; ecn < 4; ecn++) {
		headers = headers_for(network, 0xb8 | ecn, true);
		assert_int_equal(headers.outer[1], 0xb8 | (ecn == 3 ? 2 : ecn));
		assert_int_equal(be16(headers.outer + 4), 0);
		assert_int_equal(be16(headers.outer + 6), 0x4000);
	}
	headers = headers_for(network, 0, false);
	id = be16(headers.outer + 4);
	assert_int_equal(be16(headers.outer + 6), 0);
	headers = headers_for(network, 0, false);
	assert_int_equal(be16(headers.outer + 4), (id + 1) & 0xffff);
	knobs_preset(&knobs);
	knobs.pmtu_disc = 0;
	assert_int_equal(knobs_publish(network->director->lb, &knobs), 0);
	headers = headers_for(network, 0, true);
	assert_int_equal(be16(headers.outer + 6), 0);
	assert_int_equal(be16(headers.outer + 4), (id + 2) & 0xffff);
	assert_int_equal(be16(headers.inner + 6), 0x4000);
	network_free(network);
}

static uint16_t
gue_port_of(struct network *network, struct frame frame)
{
	struct rte_mbuf *m;
	uint16_t port;

	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	m = sent_one(SERVERS);
	port = (uint16_t)be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 34));
	rte_pktmbuf_free(m);
	return port;
}

static void
the_source_port_of_gue_tells_flows_apart(void **state)
{
	(void)state;
	for (int client6 = 0; client6 < 2; client6++) {
		const struct tunnel tunnel = { IP_VS_CONN_F_TUNNEL_TYPE_GUE, 0, client6, false, IPPROTO_UDP };
		struct network *network = serve(&tunnel, "10.0.0.1");
		struct frame frame = frame_of(&tunnel);
		uint16_t before = 0;
		uint32_t changes = 0;

		for (uint16_t i = 0; i < 32; i++) {
			uint16_t port;

			frame.sport = (uint16_t)(40000 + i);
			port = gue_port_of(network, frame);
			assert_int_equal(gue_port_of(network, frame), port);
			changes += port != before;
			before = port;
		}
		assert_true(changes >= 30);
		network_free(network);
	}
}

static void
packets_wait_for_the_servers_neighbour(void **state)
{
	(void)state;
	for (size_t i = 0; i < 4; i++) {
		const struct tunnel tunnel = tunnel_number(i);
		const char *server = tunnel.server6 ? "fd00::9" : "10.0.0.9";
		struct network *network = serve(&tunnel, server);
		struct worker *self = network->director->workers[0];
		struct frame frame = frame_of(&tunnel);
		struct rte_mbuf *m;

		receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
		assert_nothing_sent();
		assert_int_equal(counted(network, COUNT_HELD), 1);
		set_route(network, server, tunnel.server6 ? 128 : 32, network->nexthop_server[0]);
		self->now_ms++;
		neighbour_wait_poll(self, transmit_ready, transmit_lost);
		transmit_flush(self);
		m = sent_one(SERVERS);
		assert_memory_equal(rte_pktmbuf_mtod(m, uint8_t *), server_mac[0], 6);
		assert_int_equal(be16(rte_pktmbuf_mtod_offset(m, uint8_t *, 12)), tunnel.server6 ? 0x86dd : 0x0800);
		rte_pktmbuf_free(m);
		network_free(network);
	}
}

static void
pieces_wait_for_the_servers_neighbour_in_order(void **state)
{
	const struct tunnel tunnel = { .server6 = true, .proto = IPPROTO_UDP };
	struct network *network = serve(&tunnel, "fd00::9");
	struct worker *self = network->director->workers[0];
	struct frame frame = frame_of(&tunnel);
	uint32_t id;

	(void)state;
	frame.payload = 1472;
	receive(network, 0, CLIENTS, may_be_split(frame_new(&frame, CLIENTS)));
	assert_nothing_sent();
	assert_int_equal(counted(network, COUNT_HELD), 2);
	set_route(network, "fd00::9", 128, network->nexthop_server[0]);
	self->now_ms++;
	neighbour_wait_poll(self, transmit_ready, transmit_lost);
	transmit_flush(self);
	rte_pktmbuf_free(rejoined(true, &id));
	network_free(network);
}

static void
ways_that_lead_nowhere_are_counted_as_such(void **state)
{
	const struct tunnel tunnel = { .proto = IPPROTO_TCP };
	struct network *network = serve(&tunnel, "10.0.0.1");
	struct frame frame = frame_of(&tunnel);

	(void)state;
	send_and_check(network, &tunnel, frame, false);
	frame.flags = ACK;
	set_route(network, "10.0.0.1", 32, FIB_BLACKHOLE);
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_BLACKHOLE);
	set_route(network, "10.0.0.1", 32, network->nexthop_server[0]);
	frame.ttl = 1;
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_IP_TTL);
	frame.ttl = 64;
	dest_retract(network->director->lb, DEST_ID(0, 1));
	receive(network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	assert_dropped(network, DROP_DEST_REMOVED);
	network_free(network);
}

/* The tunnel of a connection is its server's of now; a server that is reached otherwise keeps it for those that it has. */
static void
a_changed_tunnel_takes_its_connections_along(void **state)
{
	const struct tunnel plain = { .proto = IPPROTO_TCP };
	const struct dest_spec direct = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_DIRECT };
	struct tunnel last = plain;
	struct network *network = serve(&plain, "10.0.0.1");
	struct frame frame = frame_of(&plain);

	(void)state;
	send_and_check(network, &plain, frame, false);
	frame.flags = ACK;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct tunnel tunnel = tunnel_number(i);

		if (tunnel.client6 || tunnel.server6)
			continue;
		tunnel.proto = IPPROTO_TCP;
		serve_at(network, 0, &tunnel, "10.0.0.1", "192.0.2.1");
		send_and_check(network, &tunnel, frame, false);
		send_and_check(network, &tunnel, frame, true);
		last = tunnel;
	}
	director_dest(network->director, 0, 0, &direct);
	send_and_check(network, &last, frame, false);
	/* also after it was away, and in the fast path */
	dest_retract(network->director->lb, DEST_ID(0, 1));
	director_dest(network->director, 0, 0, &direct);
	send_and_check(network, &last, frame, false);
	assert_true(tunnel_is_live(lb_tunnel_end(network->director->lb, DEST_ID(0, 1)), DEST_ID(0, 1)));
	network_free(network);
}

static void
who_gets_the_number_of_a_server_that_went_has_a_tunnel_of_its_own(void **state)
{
	const struct tunnel old = { .proto = IPPROTO_TCP }, new = { .proto = IPPROTO_TCP, .server6 = true };
	struct network *network = serve(&old, server_of(&old));
	struct frame frame = frame_of(&old);

	(void)state;
	send_and_check(network, &old, frame, false);
	dest_retract(network->director->lb, DEST_ID(0, 1));
	serve_at(network, 0, &new, server_of(&new), "192.0.2.1");
	frame.sport++;
	send_and_check(network, &new, frame, false);
	frame.flags = ACK;
	send_and_check(network, &new, frame, false);
	network_free(network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(packets_of_every_tunnel_have_the_right_bytes),
		cmocka_unit_test(a_changed_tunnel_takes_its_connections_along),
		cmocka_unit_test(who_gets_the_number_of_a_server_that_went_has_a_tunnel_of_its_own),
		cmocka_unit_test(ipv6_of_1280_bytes_passes_every_way),
		cmocka_unit_test(the_longest_packet_fills_the_mtu_and_a_longer_one_is_dropped),
		cmocka_unit_test(longer_packets_that_may_be_are_split),
		cmocka_unit_test(one_byte_too_many_makes_two_pieces),
		cmocka_unit_test(df_stays_inside_where_the_director_is_to_ignore_it),
		cmocka_unit_test(a_way_that_is_too_narrow_for_ipv6_takes_no_pieces),
		cmocka_unit_test(a_buffer_without_headroom_is_dropped),
		cmocka_unit_test(without_an_address_of_its_own_the_director_sends_nothing),
		cmocka_unit_test(padding_stays_behind),
		cmocka_unit_test(congestion_and_fragmentation_are_passed_on_as_linux_does),
		cmocka_unit_test(the_source_port_of_gue_tells_flows_apart),
		cmocka_unit_test(packets_wait_for_the_servers_neighbour),
		cmocka_unit_test(pieces_wait_for_the_servers_neighbour_in_order),
		cmocka_unit_test(ways_that_lead_nowhere_are_counted_as_such),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
