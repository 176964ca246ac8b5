/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments of those whose server is to hear of them (path/tell.c): nothing is put into one.
 */
#include "pieces.h"
#include "told_conversation.h"

static bool
is_told(struct conversation *talk)
{
	return !(talk_conn(talk)->flags & CONN_WATCHED);
}

/* The client's packet of PAYLOAD bytes comes in pieces. */
static void
client_says_in_pieces(struct conversation *talk, uint8_t flags, uint32_t seq, uint16_t id)
{
	struct frame frame = talk_frame(talk, flags, seq, SERVER_ISN + 1, PAYLOAD);
	struct pieces pieces;

	before_director(talk, &frame);
	pieces = cut(&frame, CLIENTS, id);
	for (uint32_t i = 0; i < PIECES; i++)
		receive(talk->network, 0, CLIENTS, pieces.m[i]);
	assert_accounts_close(talk->network);
	if (talk->local_port == 0)
		talk->local_port = rte_be_to_cpu_16(talk->ipv6 ? talk_conn(talk)->key6[CONN_OUT].dport
							       : talk_conn(talk)->key4[CONN_OUT].dport);
}

/* And leaves in the same ones, which are all that is left of what was sent. */
static void
server_hears_the_pieces(struct conversation *talk, uint8_t flags, uint32_t seq, uint16_t id)
{
	struct frame frame = talk_frame(talk, flags, seq, SERVER_ISN + 1, PAYLOAD);
	struct pieces wanted;

	behind_director(talk, &frame);
	frame.ttl = 63;
	frame.src_mac = port_mac[SERVERS];
	frame.dst_mac = server_mac[0];
	wanted = cut(&frame, SERVERS, id);
	assert_int_equal(sent[SERVERS].n, PIECES);
	for (uint32_t i = 0; i < PIECES; i++)
		assert_same_frame(sent[SERVERS].packets[i], wanted.m[i]);
	pieces_free(&wanted);
	forget_packets(talk->network);
}

static void
uoa_of_a_fragmented_datagram_goes_before_it(void **state)
{
	static const enum client_address ways[] = { CLIENT_ADDRESS_UOA_OPP, CLIENT_ADDRESS_UOA_IPO };

	(void)state;
	for (int i = 0; i < 4; i++) {
		const bool ipv6 = i & 1, has_way = ways[i / 2] == CLIENT_ADDRESS_UOA_OPP || !ipv6;
		struct conversation talk = talk_new(ways[i / 2], ipv6, FORWARD_FULLNAT, IPPROTO_UDP, 0);
		const uint32_t told = 14 + (ipv6 ? 40 : 20) + 8 +
				      (ways[i / 2] == CLIENT_ADDRESS_UOA_IPO ? 8
				       : ipv6				     ? 24
									     : 12);

		client_says_in_pieces(&talk, 0, 0, 1);
		if (has_way) {
			assert_int_equal(sent[SERVERS].n, PIECES + 1);
			assert_int_equal(sent[SERVERS].packets[0]->pkt_len, told);
			rte_pktmbuf_free(sent[SERVERS].packets[0]);
			memmove(sent[SERVERS].packets, sent[SERVERS].packets + 1,
				--sent[SERVERS].n * sizeof(sent[SERVERS].packets[0]));
		}
		server_hears_the_pieces(&talk, 0, 0, 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), has_way ? 0 : 1);
		network_free(talk.network);
	}
}

static void
proxy_of_udp_waits_for_a_whole_datagram(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = talk_new(CLIENT_ADDRESS_PROXY_V2, ipv6, FORWARD_FULLNAT, IPPROTO_UDP, 0);

		client_says_in_pieces(&talk, 0, 0, 1);
		server_hears_the_pieces(&talk, 0, 0, 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
		assert_false(is_told(&talk));
		client_says(&talk, 0, 0, 0, 10);
		assert_int_equal(sent[SERVERS].n, 1);
		assert_int_equal(sent[SERVERS].packets[0]->pkt_len, ipv6 ? 14 + 48 + 52 + 10 : 14 + 28 + 28 + 10);
		assert_true(is_told(&talk));
		forget_packets(talk.network);
		network_free(talk.network);
	}
}

static void
toa_is_in_whole_segments(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = talk_new(CLIENT_ADDRESS_TOA, ipv6, FORWARD_FULLNAT, IPPROTO_TCP, 1000);

		shake_hands(&talk);
		client_says_in_pieces(&talk, ACK, 1001, 1);
		server_hears_the_pieces(&talk, ACK, 1001, 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
		assert_false(is_told(&talk));
		network_free(talk.network);
	}
}

static void
fragments_follow_the_proxy_header_when_it_has_arrived(void **state)
{
	static const enum client_address ways[] = { CLIENT_ADDRESS_PROXY_V1, CLIENT_ADDRESS_PROXY_V2,
						    CLIENT_ADDRESS_PROXY_V2_INSECURE };

	(void)state;
	for (int i = 0; i < 6; i++) {
		const bool ipv6 = i & 1, insecure = ways[i / 2] == CLIENT_ADDRESS_PROXY_V2_INSECURE;
		struct conversation talk = talk_new(ways[i / 2], ipv6, FORWARD_FULLNAT, IPPROTO_TCP, 1000);
		uint16_t header;

		shake_hands(&talk);
		client_says_in_pieces(&talk, ACK, 1001, 1);
		/* The rest goes nowhere without the first, which the server never sees. */
		assert_int_equal(dropped(talk.network, DROP_CLIENT_EARLY), 1);
		forget_packets(talk.network);
		client_says(&talk, ACK, 1001, SERVER_ISN + 1, insecure ? 10 : 0);
		header = talk_cold(&talk)->told.header;
		assert_true(header > 0);
		forget_packets(talk.network);
		server_says(&talk, ACK, SERVER_ISN + 1, 1001 + header, 0);
		assert_true(is_told(&talk));
		forget_packets(talk.network);
		client_says_in_pieces(&talk, ACK, 1001, 2);
		server_hears_the_pieces(&talk, ACK, 1001 + header, 2);
		network_free(talk.network);
	}
}

static void
a_syn_in_fragments_never_passes(void **state)
{
	static const enum client_address ways[] = { CLIENT_ADDRESS_TOA, CLIENT_ADDRESS_PROXY_V1 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		struct conversation talk = talk_new(ways[i], false, FORWARD_FULLNAT, IPPROTO_TCP, 1000);

		client_says_in_pieces(&talk, SYN, 1000, 1);
		assert_int_equal(dropped(talk.network, DROP_CLIENT_EARLY), 1);
		forget_packets(talk.network);
		network_free(talk.network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(uoa_of_a_fragmented_datagram_goes_before_it),
		cmocka_unit_test(proxy_of_udp_waits_for_a_whole_datagram),
		cmocka_unit_test(toa_is_in_whole_segments),
		cmocka_unit_test(fragments_follow_the_proxy_header_when_it_has_arrived),
		cmocka_unit_test(a_syn_in_fragments_never_passes),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
