/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TOA and UOA (path/tell_toa.c, tell_uoa.c): the options to their last byte, when they are there and when no longer.
 */
#include <rte_ip.h>

#include "icmp_messages.h"
#include "told_conversation.h"

static const uint8_t toa4[8] = { 254, 8, 0x9c, 0x40, 198, 51, 100, 7 };
static const uint8_t toa6[20] = { 254, 20, 0x9c, 0x40, 0x20, 1, 0xd, 0xb8, 0, 1, [19] = 7 };

static bool
is_told(struct conversation *talk)
{
	return !(talk_conn(talk)->flags & CONN_WATCHED);
}

static struct conversation
toa_talk(bool ipv6)
{
	struct conversation talk = talk_new(CLIENT_ADDRESS_TOA, ipv6, FORWARD_FULLNAT, IPPROTO_TCP, 0xfffffffe);

	shake_hands(&talk);
	return talk;
}

/* The next packets of the client have OPTIONS, and OUT when they go out. */
static void
set_options(struct conversation *talk, const uint8_t *options, uint8_t length, const uint8_t *out, uint8_t out_length)
{
	talk->options = options;
	talk->options_length = length;
	talk->options_out = out;
	talk->options_out_length = out_length;
}

static void
set_toa(struct conversation *talk)
{
	set_options(talk, NULL, 0, talk->ipv6 ? toa6 : toa4, talk->ipv6 ? sizeof(toa6) : sizeof(toa4));
}

static void
no_options(struct conversation *talk)
{
	set_options(talk, NULL, 0, NULL, 0);
}

static void
segments_have_the_option_until_data_is_acknowledged(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = toa_talk(ipv6);
		const uint32_t first = talk.isn + 1;

		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 0);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, 0);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 101);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, 101);
		no_options(&talk);
		server_says(&talk, ACK, SERVER_ISN + 1, first, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
		assert_false(is_told(&talk));
		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 101);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, 101);
		no_options(&talk);
		server_says(&talk, ACK, SERVER_ISN + 1, first + 101, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first + 101, 0);
		assert_true(is_told(&talk));
		assert_int_equal(talk_conn(&talk)->flags & CONN_APART, 0);
		client_says(&talk, ACK, first + 101, SERVER_ISN + 1, 101);
		server_hears(&talk, ACK, first + 101, SERVER_ISN + 1, 101);
		network_free(talk.network);
	}
}

/* The server lost the connection that the director still knows. */
static void
a_connection_begun_anew_has_it_again(void **state)
{
	struct conversation talk = toa_talk(false);
	const uint32_t first = talk.isn + 1;

	(void)state;
	server_says(&talk, ACK, SERVER_ISN + 1, first, 10);
	client_hears(&talk, ACK, SERVER_ISN + 1, first, 10);
	assert_true(is_told(&talk));
	client_says(&talk, SYN, 77000, 0, 0);
	server_hears(&talk, SYN, 77000, 0, 0);
	server_says(&talk, SYN | ACK, 88000, 77001, 0);
	client_hears(&talk, SYN | ACK, 88000, 77001, 0);
	set_toa(&talk);
	client_says(&talk, ACK, 77001, 88001, 0);
	server_hears(&talk, ACK, 77001, 88001, 0);
	network_free(talk.network);
}

static void
a_server_that_speaks_has_had_it(void **state)
{
	(void)state;
	for (int fin = 0; fin < 2; fin++) {
		struct conversation talk = toa_talk(false);
		const uint32_t first = talk.isn + 1;

		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 0);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, 0);
		no_options(&talk);
		server_says(&talk, fin ? FIN | ACK : ACK, SERVER_ISN + 1, first, fin ? 0 : 10);
		client_hears(&talk, fin ? FIN | ACK : ACK, SERVER_ISN + 1, first, fin ? 0 : 10);
		assert_true(is_told(&talk));
		network_free(talk.network);
	}
}

static void
syns_and_resets_have_none(void **state)
{
	struct conversation talk = toa_talk(false);

	(void)state;
	client_says(&talk, RST, talk.isn + 1, 0, 0);
	server_hears(&talk, RST, talk.isn + 1, 0, 0);
	network_free(talk.network);
}

static void
other_options_stay_and_padding_goes_first(void **state)
{
	/* Timestamp alone; with three SACK blocks and NOPs: 36 bytes with padding, 34 without. */
	static const uint8_t timestamp[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	uint8_t timestamp_out[20], full[40], full_out[40];
	struct conversation talk = toa_talk(false);

	(void)state;
	memcpy(timestamp_out, toa4, 8);
	memcpy(timestamp_out + 8, timestamp, 12);
	set_options(&talk, timestamp, 12, timestamp_out, 20);
	client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	/* 36 bytes of which 4 are padding, and 32 remain: just enough. */
	memset(full, 1, sizeof(full));
	memcpy(full, timestamp, 12);
	memcpy(full + 14, (uint8_t[22]){ 5, 18, [2 ... 17] = 9, 4, 2, 99, 2 }, 22);
	memset(full_out, 0, sizeof(full_out));
	memcpy(full_out, toa4, 8);
	memcpy(full_out + 8, timestamp + 2, 10);
	memcpy(full_out + 18, full + 14, 22);
	set_options(&talk, full, 36, full_out, 40);
	client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 0);
	/* Padding alone: the header does not become shorter. */
	memset(full, 1, sizeof(full));
	memset(full_out, 0, sizeof(full_out));
	memcpy(full_out, toa4, 8);
	set_options(&talk, full, 40, full_out, 40);
	client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	/* Nothing to prune. */
	full[0] = 253;
	full[1] = 40;
	set_options(&talk, full, 40, full, 40);
	client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
	/* Broken: what is behind is left alone. */
	full[1] = 41;
	client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 7);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 2);
	network_free(talk.network);
}

static void
no_packet_becomes_longer_than_the_way_allows(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = toa_talk(ipv6);
		uint16_t room = (uint16_t)(1500 - (ipv6 ? 40 : 20) - 20 - (ipv6 ? 20 : 8));

		set_toa(&talk);
		client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, room);
		server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, room);
		no_options(&talk);
		client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, room + 1);
		server_hears(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, room + 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
		network_free(talk.network);
	}
}

/* At an even place and an odd one; the server's own limit counts as well as the way's. */
static void
segments_leave_room_for_the_option(void **state)
{
	static const uint8_t mss[2][3][2] = { { { 0x05, 0xb4 }, { 0x05, 0xac }, { 0, 0 } },
					      { { 0x05, 0xa0 }, { 0x05, 0x8c }, { 0, 0 } } };

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = toa_talk(ipv6);
		uint8_t even[8] = { 2, 4, 0, 0, 1, 1, 1, 0 }, even_out[8], odd[8] = { 1, 2, 4, 0, 0, 1, 1, 0 },
			odd_out[8];

		memcpy(even + 2, mss[ipv6][0], 2);
		memcpy(even_out, even, 8);
		memcpy(even_out + 2, mss[ipv6][1], 2);
		set_options(&talk, even, 8, even_out, 8);
		server_says(&talk, SYN | ACK, SERVER_ISN, talk.isn + 1, 0);
		client_hears(&talk, SYN | ACK, SERVER_ISN, talk.isn + 1, 0);
		/* A server that has less itself: 1000. */
		odd[3] = 3;
		odd[4] = 232;
		memcpy(odd_out, odd, 8);
		odd_out[4] = (uint8_t)(232 - (ipv6 ? 20 : 8));
		set_options(&talk, odd, 8, odd_out, 8);
		server_says(&talk, SYN | ACK, SERVER_ISN, talk.isn + 1, 0);
		client_hears(&talk, SYN | ACK, SERVER_ISN, talk.isn + 1, 0);
		network_free(talk.network);
	}
}

static void
nat_and_direct_routing_tell_nothing(void **state)
{
	struct conversation talk = talk_new(CLIENT_ADDRESS_TOA, false, FORWARD_NAT, IPPROTO_TCP, 5);

	(void)state;
	shake_hands(&talk);
	assert_true(is_told(&talk));
	network_free(talk.network);
	for (uint8_t method = 0; method < FORWARD_METHODS; method++) {
		for (int how = 0; how < CLIENT_ADDRESSES; how++) {
			enum client_address by = client_address_by((enum client_address)how, method, IPPROTO_TCP);

			if (method != FORWARD_FULLNAT && method != FORWARD_NAT)
				assert_int_equal(by, CLIENT_ADDRESS_NONE);
			else if (how >= CLIENT_ADDRESS_UOA_OPP)
				assert_int_equal(by, CLIENT_ADDRESS_NONE);
			else if (how != CLIENT_ADDRESS_TOA)
				assert_int_equal(by, how);
		}
	}
}

/* A router behind the director has no room for the client's PAYLOAD bytes with the option, and says how much there is. */
static void
router_has_room_for(struct conversation *talk, uint16_t payload, uint16_t mtu)
{
	struct frame quoted = talk_frame(talk, ACK, talk->isn + 1, SERVER_ISN + 1, payload);
	struct icmp_spec error = { .src = talk->ipv6 ? "fd00::77" : "10.0.0.77",
				   .dst = talk->ipv6 ? "fd00::100" : "10.0.0.100",
				   .type = talk->ipv6 ? 2 : 3,
				   .code = talk->ipv6 ? 0 : 4,
				   .rest = { 0, 0, (uint8_t)(mtu >> 8), (uint8_t)mtu },
				   .quoted = &quoted,
				   .cut = ICMP_QUOTE_ALL,
				   .src_mac = server_mac[0] };

	behind_director(talk, &quoted);
	quoted.options = talk->ipv6 ? toa6 : toa4;
	quoted.options_length = talk->ipv6 ? sizeof(toa6) : sizeof(toa4);
	receive(talk->network, 0, SERVERS, icmp_new(&error, SERVERS));
	/* The client hears of the way as it is. */
	before_director(talk, &quoted);
	error.dst = quoted.src;
	error.ttl = 63;
	error.src_mac = port_mac[CLIENTS];
	error.dst_mac = router_mac;
	assert_icmp_sent(CLIENTS, &error);
}

static void
nor_than_a_router_on_the_way_said(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = toa_talk(ipv6);
		const uint32_t first = talk.isn + 1;
		const uint16_t mtu = 1300, full = mtu - (ipv6 ? 60 : 40), option = ipv6 ? 20 : 8;

		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full);
		router_has_room_for(&talk, full, mtu);
		no_options(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full - option + 1);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full - option + 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 2);
		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full - option);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full - option);
		/* Nobody can say that there is less room than any way has, or more than was said before. */
		router_has_room_for(&talk, 0, 9000);
		router_has_room_for(&talk, 0, 0);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 0);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, 0);
		no_options(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full);
		network_free(talk.network);
	}
}

static void
nor_than_the_route_lets_pass(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = toa_talk(ipv6);
		const uint32_t first = talk.isn + 1;
		const uint16_t full = 1300 - (ipv6 ? 60 : 40), option = ipv6 ? 20 : 8;

		narrow_way(talk.network, SERVERS, 1300, true);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full - option + 1);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full - option + 1);
		set_toa(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, full - option);
		server_hears(&talk, ACK, first, SERVER_ISN + 1, full - option);
		network_free(talk.network);
	}
}

/* ---- UOA ---- */

#define PAYLOAD 33

/* What the server was sent, as it should be: the datagram of OPP or IPO, whose option is PARTS behind the IP header. */
static void
server_gets(struct conversation *talk, const uint8_t *between, uint16_t n, bool option, uint16_t payload)
{
	const uint16_t ip = talk->ipv6 ? 40 : 20;
	struct rte_mbuf *m;
	struct frame frame = { .src = talk->ipv6 ? "fd00::100" : "10.0.0.100",
			       .dst = talk->ipv6 ? "fd00::1" : "10.0.0.1",
			       .sport = talk->local_port,
			       .dport = 8080,
			       .proto = IPPROTO_UDP,
			       .ttl = 63,
			       .payload = payload,
			       .plain = talk->apart,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] };
	struct rte_mbuf *plain = frame_new(&frame, SERVERS);
	uint8_t wanted[2048];

	memcpy(wanted, rte_pktmbuf_mtod(plain, void *), 14u + ip);
	if (n > 0)
		memcpy(wanted + 14 + ip, between, n);
	memcpy(wanted + 14 + ip + n, rte_pktmbuf_mtod_offset(plain, void *, 14 + ip), plain->data_len - 14u - ip);
	if (talk->ipv6) {
		struct rte_ipv6_hdr *ip6 = (void *)(wanted + 14);

		ip6->payload_len = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip6->payload_len) + n));
		ip6->proto = n > 0 ? 248 : IPPROTO_UDP;
	} else {
		struct rte_ipv4_hdr *ip4 = (void *)(wanted + 14);

		ip4->total_length = rte_cpu_to_be_16((uint16_t)(rte_be_to_cpu_16(ip4->total_length) + n));
		if (option)
			ip4->version_ihl = (uint8_t)(0x45 + n / 4);
		else if (n > 0)
			ip4->next_proto_id = 248;
		ip4->hdr_checksum = 0;
		ip4->hdr_checksum = (uint16_t)~rte_raw_cksum(ip4, (size_t)(ip4->version_ihl & 15) * 4);
	}
	assert_true(sent[SERVERS].n > 0);
	m = sent[SERVERS].packets[0];
	memmove(sent[SERVERS].packets, sent[SERVERS].packets + 1, --sent[SERVERS].n * sizeof(m));
	assert_int_equal(m->pkt_len, plain->pkt_len + n);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), wanted, m->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(plain);
}

static const uint8_t opp4[12] = { 0x10, 17, 0, 12, 31, 8, 0x9c, 0x40, 198, 51, 100, 7 };
static const uint8_t opp6[24] = { 0x20, 17, 0, 24, 31, 20, 0x9c, 0x40, 0x20, 1, 0xd, 0xb8, 0, 1, [23] = 7 };

static void
the_first_datagrams_have_a_header_between(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = talk_new(CLIENT_ADDRESS_UOA_OPP, ipv6, FORWARD_FULLNAT, IPPROTO_UDP, 0);
		uint16_t n = ipv6 ? sizeof(opp6) : sizeof(opp4);

		for (int i = 0; i < 5; i++) {
			client_says(&talk, 0, 0, 0, PAYLOAD);
			server_gets(&talk, ipv6 ? opp6 : opp4, i < 3 ? n : 0, false, PAYLOAD);
		}
		assert_true(is_told(&talk));
		network_free(talk.network);
	}
}

static void
the_first_datagrams_have_an_ip_option(void **state)
{
	struct conversation talk = talk_new(CLIENT_ADDRESS_UOA_IPO, false, FORWARD_FULLNAT, IPPROTO_UDP, 0);

	(void)state;
	for (int i = 0; i < 5; i++) {
		client_says(&talk, 0, 0, 0, PAYLOAD);
		server_gets(&talk, opp4 + 4, i < 3 ? 8 : 0, true, PAYLOAD);
	}
	assert_true(is_told(&talk));
	network_free(talk.network);
	/* IPv6 has none. */
	talk = talk_new(CLIENT_ADDRESS_UOA_IPO, true, FORWARD_FULLNAT, IPPROTO_UDP, 0);
	client_says(&talk, 0, 0, 0, PAYLOAD);
	server_gets(&talk, NULL, 0, false, PAYLOAD);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
	assert_true(is_told(&talk));
	network_free(talk.network);
}

static void
a_long_datagram_follows_an_empty_one_that_tells(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = talk_new(CLIENT_ADDRESS_UOA_OPP, ipv6, FORWARD_FULLNAT, IPPROTO_UDP, 0);
		uint16_t most = ipv6 ? 1500 - 48 - 24 : 1500 - 28 - 12;

		client_says(&talk, 0, 0, 0, most);
		server_gets(&talk, ipv6 ? opp6 : opp4, ipv6 ? 24 : 12, false, most);
		client_says(&talk, 0, 0, 0, most + 1);
		talk.apart = true;
		server_gets(&talk, ipv6 ? opp6 : opp4, ipv6 ? 24 : 12, false, 0);
		talk.apart = false;
		server_gets(&talk, NULL, 0, false, most + 1);
		network_free(talk.network);
	}
}

static void
none_at_all_when_the_setting_says_so(void **state)
{
	struct conversation talk = talk_new(CLIENT_ADDRESS_UOA_OPP, false, FORWARD_FULLNAT, IPPROTO_UDP, 0);

	(void)state;
	talk.network->director->lb->uoa_packets = 0;
	client_says(&talk, 0, 0, 0, PAYLOAD);
	server_gets(&talk, NULL, 0, false, PAYLOAD);
	assert_true(is_told(&talk));
	network_free(talk.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(segments_have_the_option_until_data_is_acknowledged),
		cmocka_unit_test(a_connection_begun_anew_has_it_again),
		cmocka_unit_test(a_server_that_speaks_has_had_it),
		cmocka_unit_test(syns_and_resets_have_none),
		cmocka_unit_test(other_options_stay_and_padding_goes_first),
		cmocka_unit_test(no_packet_becomes_longer_than_the_way_allows),
		cmocka_unit_test(nor_than_a_router_on_the_way_said),
		cmocka_unit_test(nor_than_the_route_lets_pass),
		cmocka_unit_test(segments_leave_room_for_the_option),
		cmocka_unit_test(nat_and_direct_routing_tell_nothing),
		cmocka_unit_test(the_first_datagrams_have_a_header_between),
		cmocka_unit_test(the_first_datagrams_have_an_ip_option),
		cmocka_unit_test(a_long_datagram_follows_an_empty_one_that_tells),
		cmocka_unit_test(none_at_all_when_the_setting_says_so),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
