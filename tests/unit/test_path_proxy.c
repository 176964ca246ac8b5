/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The PROXY protocol (path/tell_proxy.c): every packet of both directions to its last byte, whoever speaks first, and
 * whatever is lost.
 */
#include <rte_tcp.h>

#include "ip/proxy_header.h"
#include "lb/untold.h"
#include "icmp_messages.h"
#include "told_conversation.h"

/* The header that this client's server is to have. */
static uint8_t header[2 * PROXY_HEADER_MAX];
static uint16_t length;

static const enum client_address versions[] = { CLIENT_ADDRESS_PROXY_V1, CLIENT_ADDRESS_PROXY_V2 };
static const uint8_t methods[] = { FORWARD_FULLNAT, FORWARD_NAT };
/* The client's first byte, the header's, and the byte behind that pass the end of the numbers in turn. */
static const uint32_t isns[] = { 1000, 0xffffffff, 0xfffffff0, 0xfffffffe, 0x7ffffff0 };

static void
make_header(enum client_address how, bool ipv6, uint8_t proto)
{
	const struct flow flow =
		flow_of(proto, ipv6 ? "2001:db8:1::7" : "198.51.100.7", 40000, ipv6 ? "2001:db8::1" : "192.0.2.1", 80);

	length = proxy_header_write(client_address_proxy_version(how), &flow, header);
}

static struct conversation
proxied(enum client_address how, bool ipv6, uint8_t method, uint32_t isn)
{
	make_header(how, ipv6, IPPROTO_TCP);
	return talk_new(how, ipv6, method, IPPROTO_TCP, isn);
}

/* The next packet to the server has the header before its payload. */
static void
hears_header(struct conversation *talk, uint8_t flags, uint32_t ack, uint16_t payload)
{
	talk->data_out = header;
	talk->data_out_length = length;
	server_hears(talk, flags | PSH, talk->isn + 1, ack, payload);
	talk->data_out_length = 0;
}

/* The same in a segment of the director's own. */
static void
hears_header_apart(struct conversation *talk)
{
	talk->apart = true;
	hears_header(talk, ACK, SERVER_ISN + 1, 0);
	talk->apart = false;
}

static bool
is_told(struct conversation *talk)
{
	return !(talk_conn(talk)->flags & CONN_WATCHED) && !(talk_cold(talk)->flags & (COLD_UNTOLD | COLD_TIMED));
}

static struct conversation
after_the_header(enum client_address how, bool ipv6, uint8_t method, uint32_t isn)
{
	struct conversation talk = proxied(how, ipv6, method, isn);

	shake_hands(&talk);
	client_says(&talk, ACK, isn + 1, SERVER_ISN + 1, 0);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	assert_false(is_told(&talk));
	return talk;
}

/* What both say once the server knows. */
static void
go_on(struct conversation *talk)
{
	const uint32_t client = talk->isn + 1, server = SERVER_ISN + 1;

	assert_true(is_told(talk));
	for (uint32_t at = 0; at < 4000; at += 1000) {
		client_says(talk, ACK, client + at, server + at, 1000);
		server_hears(talk, ACK, client + length + at, server + at, 1000);
		server_says(talk, ACK, server + at, client + length + at + 1000, 999);
		client_hears(talk, ACK, server + at, client + at + 1000, 999);
	}
	client_says(talk, FIN | ACK, client + 4000, server + 4000, 0);
	server_hears(talk, FIN | ACK, client + length + 4000, server + 4000, 0);
	server_says(talk, RST, server + 4000, 0, 0);
	client_hears(talk, RST, server + 4000, 0, 0);
	assert_nothing_sent();
}

#define EACH_KIND(i, j, k)                                    \
	for (size_t i = 0; i < RTE_DIM(versions) * 2; i++)    \
		for (size_t j = 0; j < RTE_DIM(methods); j++) \
			for (size_t k = 0; k < RTE_DIM(isns); k++)

static void
the_handshake_ends_with_a_header(void **state)
{
	(void)state;
	EACH_KIND(i, j, k)
	{
		struct conversation talk = after_the_header(versions[i / 2], i & 1, methods[j], isns[k]);

		server_says(&talk, ACK, SERVER_ISN + 1, isns[k] + 1 + length, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, isns[k] + 1, 0);
		go_on(&talk);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_AGAIN), 0);
		network_free(talk.network);
	}
}

static void
a_server_that_speaks_first_has_the_header_before(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length, 100);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 100);
	assert_true(is_told(&talk));
	client_says(&talk, ACK, 1001, SERVER_ISN + 101, 0);
	server_hears(&talk, ACK, 1001 + length, SERVER_ISN + 101, 0);
	network_free(talk.network);
}

/* An ICMP error about a segment that is at SEQ for the server, and at WANTED for the client. */
static void
error_is_about(struct conversation *talk, uint32_t seq, uint32_t wanted)
{
	struct frame quoted = talk_frame(talk, ACK, seq, SERVER_ISN + 1, 10);
	struct icmp_spec error = { .src = talk->ipv6 ? "fd00::77" : "10.0.0.77",
				   .dst = talk->ipv6 ? "fd00::100" : "10.0.0.100",
				   .type = talk->ipv6 ? 1 : 3,
				   .quoted = &quoted,
				   .cut = ICMP_QUOTE_ALL,
				   .src_mac = server_mac[0] };

	behind_director(talk, &quoted);
	receive(talk->network, 0, SERVERS, icmp_new(&error, SERVERS));
	quoted.seq = wanted;
	before_director(talk, &quoted);
	error.dst = quoted.src;
	error.ttl = 63;
	error.src_mac = port_mac[CLIENTS];
	error.dst_mac = router_mac;
	assert_icmp_sent(CLIENTS, &error);
}

/* The client takes an error seriously only if it is about what it has sent and not heard acknowledged. */
static void
icmp_errors_have_the_clients_numbers(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, ipv6, FORWARD_FULLNAT, 0xffffffe0);
		const uint32_t first = talk.isn + 1;

		error_is_about(&talk, talk.isn, talk.isn);
		error_is_about(&talk, first, first);
		error_is_about(&talk, first + length / 2, first);
		error_is_about(&talk, first + length, first);
		error_is_about(&talk, first + length + 100, first + 100);
		server_says(&talk, ACK, SERVER_ISN + 1, first + length, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
		error_is_about(&talk, first + length, first);
		error_is_about(&talk, first + length + 100, first + 100);
		go_on(&talk);
		network_free(talk.network);
	}
}

static void
a_header_that_nobody_asks_for_again_is_sent_again_by_time(void **state)
{
	uint32_t wait = 250;

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V1, ipv6, FORWARD_FULLNAT, 0xffffffe0);

		wait = 250;
		for (int tries = 0; tries < UNTOLD_TRIES; tries++, wait *= 2) {
			time_goes_by(&talk, wait - 1);
			assert_nothing_sent();
			time_goes_by(&talk, 1);
			hears_header_apart(&talk);
			assert_nothing_sent();
		}
		/* The last one may still be acknowledged. */
		time_goes_by(&talk, wait - 1);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_UNTOLD), 0);
		time_goes_by(&talk, 1);
		assert_nothing_sent();
		assert_int_equal(counted(talk.network, COUNT_CLIENT_AGAIN), UNTOLD_TRIES);
		assert_int_equal(counted(talk.network, COUNT_CLIENT_UNTOLD), 1);
		/* Who speaks after all is heard. */
		client_says(&talk, ACK, talk.isn + 1, SERVER_ISN + 1, 10);
		hears_header(&talk, ACK, SERVER_ISN + 1, 10);
		server_says(&talk, ACK, SERVER_ISN + 1, talk.isn + 1 + length, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, talk.isn + 1, 0);
		go_on(&talk);
		network_free(talk.network);
	}
}

static void
own_segments_have_the_clients_timestamp(void **state)
{
	static const uint8_t ack_options[12] = { 1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8 };
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	shake_hands(&talk);
	talk.options = talk.options_out = ack_options;
	talk.options_length = talk.options_out_length = sizeof(ack_options);
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 0);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	time_goes_by(&talk, 250);
	hears_header_apart(&talk);
	network_free(talk.network);
}

static void
a_repeated_answer_brings_the_header_again(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, true, FORWARD_FULLNAT, 1000);

	(void)state;
	time_goes_by(&talk, 100);
	server_says(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 0);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_AGAIN), 1);
	/* A repeated answer finds the client further on. */
	time_goes_by(&talk, 100);
	client_says(&talk, ACK, 1101, SERVER_ISN + 1, 0);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
	go_on(&talk);
	network_free(talk.network);
}

static void
data_brings_the_header_until_it_is_acknowledged(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V1, false, FORWARD_NAT, 0xffffffd0);
	const uint32_t first = talk.isn + 1;

	(void)state;
	/* At once, too: it may overtake the header. That is no repetition to be counted. */
	client_says(&talk, ACK, first, SERVER_ISN + 1, 500);
	hears_header(&talk, ACK, SERVER_ISN + 1, 500);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_AGAIN), 0);
	client_says(&talk, ACK, first + 500, SERVER_ISN + 1, 500);
	server_hears(&talk, ACK, first + length + 500, SERVER_ISN + 1, 500);
	/* Both were lost: the server has nothing but what follows them. */
	server_says(&talk, ACK, SERVER_ISN + 1, first, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
	time_goes_by(&talk, 200);
	client_says(&talk, ACK, first, SERVER_ISN + 1, 500);
	hears_header(&talk, ACK, SERVER_ISN + 1, 500);
	assert_int_equal(counted(talk.network, COUNT_CLIENT_AGAIN), 1);
	time_goes_by(&talk, 200);
	/* What comes later has nothing to do with it. */
	client_says(&talk, ACK, first + 500, SERVER_ISN + 1, 500);
	server_hears(&talk, ACK, first + length + 500, SERVER_ISN + 1, 500);
	server_says(&talk, ACK, SERVER_ISN + 1, first + length + 1000, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, first + 1000, 0);
	assert_true(is_told(&talk));
	network_free(talk.network);
}

static void
a_lost_acknowledgement_leaves_it_to_the_first_data(void **state)
{
	(void)state;
	EACH_KIND(i, j, k)
	{
		struct conversation talk = proxied(versions[i / 2], i & 1, methods[j], isns[k]);
		const uint32_t first = isns[k] + 1;

		shake_hands(&talk);
		client_says(&talk, ACK, first, SERVER_ISN + 1, 501);
		hears_header(&talk, ACK, SERVER_ISN + 1, 501);
		server_says(&talk, ACK, SERVER_ISN + 1, first + length + 501, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first + 501, 0);
		go_on(&talk);
		network_free(talk.network);
	}
}

/* Counted from the segment's first byte. */
static void
urgent_data_ends_behind_the_header(void **state)
{
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	shake_hands(&talk);
	talk.urgent = 7;
	talk.urgent_out = 7 + length;
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 500);
	hears_header(&talk, ACK, SERVER_ISN + 1, 500);
	network_free(talk.network);
}

static void
a_client_that_only_closes_is_named_too(void **state)
{
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V1, false, FORWARD_FULLNAT, 1000);

	(void)state;
	shake_hands(&talk);
	client_says(&talk, FIN | ACK, 1001, SERVER_ISN + 1, 0);
	hears_header(&talk, FIN | ACK, SERVER_ISN + 1, 0);
	server_says(&talk, ACK, SERVER_ISN + 1, 1002 + length, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1002, 0);
	network_free(talk.network);
}

static void
later_data_that_overtakes_is_preceded_by_the_header(void **state)
{
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	shake_hands(&talk);
	client_says(&talk, ACK, 1501, SERVER_ISN + 1, 500);
	hears_header_apart(&talk);
	server_hears(&talk, ACK, 1501 + length, SERVER_ISN + 1, 500);
	assert_nothing_sent();
	network_free(talk.network);
}

static void
a_segment_that_is_full_follows_the_header(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		for (int over = 0; over < 2; over++) {
			struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, ipv6, FORWARD_FULLNAT, 1000);
			uint16_t most = (uint16_t)(1500 - (ipv6 ? 40 : 20) - 20 - length);

			shake_hands(&talk);
			client_says(&talk, ACK, 1001, SERVER_ISN + 1, (uint16_t)(most + over));
			if (over) {
				hears_header_apart(&talk);
				server_hears(&talk, ACK, 1001 + length, SERVER_ISN + 1, most + 1);
			} else {
				hears_header(&talk, ACK, SERVER_ISN + 1, most);
			}
			assert_nothing_sent();
			network_free(talk.network);
		}
	}
}

static void
put32(uint8_t *at, uint32_t value)
{
	value = rte_cpu_to_be_32(value);
	memcpy(at, &value, 4);
}

/* One block behind two NOPs. */
static void
sack_block(uint8_t options[12], uint32_t left, uint32_t right)
{
	memcpy(options, (uint8_t[]){ 1, 1, 5, 10 }, 4);
	put32(options + 4, left);
	put32(options + 8, right);
}

static void
acknowledgements_within_the_header_are_held_back(void **state)
{
	uint8_t options[12], options_out[12];

	(void)state;
	for (size_t k = 0; k < RTE_DIM(isns); k++) {
		struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, isns[k]);
		const uint32_t first = isns[k] + 1;

		for (uint32_t part = 0; part < length; part++) {
			server_says(&talk, ACK, SERVER_ISN + 1, first + part, 0);
			client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
		}
		assert_false(is_told(&talk));
		/* Of data that overtook the header, and of the header itself. */
		talk.options = options;
		talk.options_out = options_out;
		talk.options_length = talk.options_out_length = sizeof(options);
		sack_block(options, first + length + 100, first + length + 200);
		sack_block(options_out, first + 100, first + 200);
		server_says(&talk, ACK, SERVER_ISN + 1, first, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
		sack_block(options, first, first + length);
		sack_block(options_out, first, first);
		server_says(&talk, ACK, SERVER_ISN + 1, first + length, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first, 0);
		assert_true(is_told(&talk));
		/* From now on in the fast path. */
		sack_block(options, first + length + 700, first + length + 800);
		sack_block(options_out, first + 700, first + 800);
		server_says(&talk, ACK, SERVER_ISN + 1, first + length + 10, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, first + 10, 0);
		network_free(talk.network);
	}
}

static void
a_reset_has_the_number_that_the_server_expects(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	client_says(&talk, RST, 1001, 0, 0);
	server_hears(&talk, RST, 1001, 0, 0);
	time_goes_by(&talk, 250);
	assert_nothing_sent();
	/* The server had it, and asks: its answer tells. */
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
	client_says(&talk, RST, 1001, 0, 0);
	server_hears(&talk, RST, 1001 + length, 0, 0);
	network_free(talk.network);
}

static void
a_reset_by_the_server_ends_the_repetitions(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	server_says(&talk, RST, SERVER_ISN + 1, 0, 0);
	client_hears(&talk, RST, SERVER_ISN + 1, 0, 0);
	time_goes_by(&talk, 250);
	assert_nothing_sent();
	network_free(talk.network);
}

static void
nobody_else_writes_the_header(void **state)
{
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

	(void)state;
	/* Data in the SYN, as of TCP Fast Open. */
	client_says(&talk, SYN, 1000, 0, 28);
	server_hears(&talk, SYN, 1000, 0, 0);
	/* Before the server has answered. */
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 28);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	server_says(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	/* With an acknowledgement that isn't one, or none: with the header it would become one. */
	client_says(&talk, ACK, 1001, SERVER_ISN, 0);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	for (uint32_t guess = 1; guess != 0; guess <<= 1) {
		client_says(&talk, ACK, 1002, SERVER_ISN + 1 + guess, 1);
		assert_dropped(talk.network, DROP_CLIENT_EARLY);
	}
	client_says(&talk, 0, 1001, 0, 28);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	/* In the place where it is to stand. */
	client_says(&talk, ACK, 1001 - 28, SERVER_ISN + 1, 28);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	time_goes_by(&talk, 100);
	client_says(&talk, ACK, 1000, SERVER_ISN + 1, 1);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	client_says(&talk, FIN | ACK, 1000, SERVER_ISN + 1, 0);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	network_free(talk.network);
}

static void
segments_are_as_long_as_the_way_allows(void **state)
{
	static const uint8_t offered[4] = { 2, 4, 0x23, 0x28 },
			     clamped[2][4] = { { 2, 4, 0x05, 0xb4 }, { 2, 4, 0x05, 0xa0 } };
	static const uint8_t small[4] = { 2, 4, 2, 24 };

	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, ipv6, FORWARD_FULLNAT, 1000);

		client_says(&talk, SYN, 1000, 0, 0);
		server_hears(&talk, SYN, 1000, 0, 0);
		talk.options_length = talk.options_out_length = 4;
		talk.options = offered;
		talk.options_out = clamped[ipv6];
		server_says(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
		client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
		talk.options = talk.options_out = small;
		server_says(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
		client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
		network_free(talk.network);
	}
}

/* ---- a local port of a closed connection ---- */

static void
a_taken_over_port_has_both_shifts(void **state)
{
	struct conversation talk = proxied(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);
	const uint32_t moved = 5000;

	(void)state;
	client_says(&talk, SYN, 1000, 0, 0);
	server_hears(&talk, SYN, 1000, 0, 0);
	talk_conn(&talk)->flags |= CONN_SHIFTED;
	talk_cold(&talk)->expected = 1000 + moved;
	client_says(&talk, SYN, 1000, 0, 0);
	server_hears(&talk, SYN, 1000 + moved, 0, 0);
	server_says(&talk, SYN | ACK, SERVER_ISN, 1001 + moved, 0);
	client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	talk.isn = 1000 + moved;
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 0);
	hears_header(&talk, ACK, SERVER_ISN + 1, 0);
	server_says(&talk, SYN | ACK, SERVER_ISN, 1001 + moved, 0);
	client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + moved + 5, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
	time_goes_by(&talk, 250);
	hears_header_apart(&talk);
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + moved + length, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 100);
	server_hears(&talk, ACK, 1001 + moved + length, SERVER_ISN + 1, 100);
	network_free(talk.network);
}

/* ---- a new connection over one that is still known ---- */

/* The client and the server begin anew with these numbers, where the first connection had TALK's. */
static void
begin_anew(struct conversation *talk, uint32_t isn, uint32_t server_isn)
{
	const uint32_t moved = conn_shift_before(talk_cold(talk));

	client_says(talk, SYN, isn, 0, 0);
	server_hears(talk, SYN, isn + moved, 0, 0);
	for (int i = 0; i < 2; i++) {
		server_says(talk, SYN | ACK, server_isn, isn + moved + 1, 0);
		client_hears(talk, SYN | ACK, server_isn, isn + 1, 0);
	}
	talk->isn = isn;
}

/* The server lost the connection, and the client uses its port again. */
static void
a_connection_begun_anew_is_told_anew(void **state)
{
	(void)state;
	for (int told = 0; told < 2; told++) {
		struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);

		if (told) {
			server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length, 0);
			client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
			assert_true(is_told(&talk));
		}
		begin_anew(&talk, 77000, 0xffffffff);
		client_says(&talk, ACK, 77001, 0, 0);
		hears_header(&talk, ACK, 0, 0);
		server_says(&talk, ACK, 0, 77001 + length, 0);
		client_hears(&talk, ACK, 0, 77001, 0);
		assert_true(is_told(&talk));
		client_says(&talk, ACK, 77001, 0, 100);
		server_hears(&talk, ACK, 77001 + length, 0, 100);
		network_free(talk.network);
	}
}

/* An answer that is repeated late, with the numbers that it had, changes nothing. */
static void
a_late_repetition_is_no_new_connection(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, true, FORWARD_NAT, 1000);

	(void)state;
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
	server_says(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	client_hears(&talk, SYN | ACK, SERVER_ISN, 1001, 0);
	go_on(&talk);
	network_free(talk.network);
}

/* ---- headers of the client's own ---- */

static const char v1_line[] = "PROXY TCP4 203.0.113.9 192.0.2.1 1234 80\r\n";

static uint16_t
other_header(uint8_t version, uint8_t to[PROXY_HEADER_MAX])
{
	const struct flow flow = flow_of(IPPROTO_TCP, "203.0.113.9", 1234, "192.0.2.1", 80);

	return proxy_header_write(version, &flow, to);
}

/* A connection of an insecure way after the handshake, whose bare acknowledgement passes as it is. */
static struct conversation
undecided(enum client_address how)
{
	struct conversation talk = proxied(how, false, FORWARD_FULLNAT, 1000);

	shake_hands(&talk);
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 0);
	server_hears(&talk, ACK, 1001, SERVER_ISN + 1, 0);
	return talk;
}

static void
a_header_of_the_same_version_stays(void **state)
{
	struct conversation talk = undecided(CLIENT_ADDRESS_PROXY_V1_INSECURE);

	(void)state;
	talk.data = talk.data_out = (const uint8_t *)v1_line;
	talk.data_length = talk.data_out_length = sizeof(v1_line) - 1;
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 100);
	server_hears(&talk, ACK, 1001, SERVER_ISN + 1, 100);
	assert_true(is_told(&talk));
	assert_int_equal(talk_conn(&talk)->flags & CONN_SHIFTED, 0);
	network_free(talk.network);
}

static void
a_header_of_the_other_version_is_translated(void **state)
{
	(void)state;
	for (uint8_t to = 1; to <= 2; to++) {
		struct conversation talk =
			undecided(to == 1 ? CLIENT_ADDRESS_PROXY_V1_INSECURE : CLIENT_ADDRESS_PROXY_V2_INSECURE);
		uint8_t theirs[PROXY_HEADER_MAX];
		uint16_t theirs_length = other_header(3 - to, theirs);
		uint32_t behind;

		length = other_header(to, header);
		talk.data = theirs;
		talk.data_length = theirs_length;
		behind = 1001 + theirs_length;
		for (int i = 0; i < 2; i++) {
			client_says(&talk, ACK, 1001, SERVER_ISN + 1, 101);
			talk.data_out = header;
			talk.data_out_length = length;
			server_hears(&talk, ACK, 1001, SERVER_ISN + 1, 101);
			talk.data_out_length = 0;
			server_says(&talk, ACK, SERVER_ISN + 1, 1001, 0);
			client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
			server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length - 1, 0);
			client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 0);
		}
		talk.data_length = 0;
		/* Repeated without the header, or from its middle: not known what it is. */
		client_says(&talk, ACK, 1001, SERVER_ISN + 1, 10);
		assert_dropped(talk.network, DROP_CLIENT_EARLY);
		client_says(&talk, ACK, 1002, SERVER_ISN + 1, 10);
		assert_dropped(talk.network, DROP_CLIENT_EARLY);
		client_says(&talk, ACK, behind + 101, SERVER_ISN + 1, 50);
		server_hears(&talk, ACK, 1001 + length + 101, SERVER_ISN + 1, 50);
		time_goes_by(&talk, 20000);
		assert_nothing_sent();
		server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length + 151, 0);
		client_hears(&talk, ACK, SERVER_ISN + 1, behind + 151, 0);
		assert_true(is_told(&talk));
		client_says(&talk, ACK, behind + 151, SERVER_ISN + 1, 50);
		server_hears(&talk, ACK, 1001 + length + 151, SERVER_ISN + 1, 50);
		network_free(talk.network);
	}
}

/* The packet was as long as the way allows, and the new header is longer than the old one. */
static void
a_translated_header_that_has_no_room_goes_ahead(void **state)
{
	struct conversation talk = undecided(CLIENT_ADDRESS_PROXY_V1_INSECURE);
	uint8_t theirs[PROXY_HEADER_MAX];
	const uint16_t theirs_length = other_header(2, theirs), data = 1460 - theirs_length;

	(void)state;
	length = other_header(1, header);
	for (int i = 0; i < 2; i++) {
		talk.data = theirs;
		talk.data_length = theirs_length;
		client_says(&talk, ACK, 1001, SERVER_ISN + 1, data);
		hears_header_apart(&talk);
		server_hears(&talk, ACK, 1001 + length, SERVER_ISN + 1, data);
		assert_nothing_sent();
	}
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length + data, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001 + theirs_length + data, 0);
	assert_true(is_told(&talk));
	network_free(talk.network);
}

static void
a_server_that_spoke_first_needs_no_exact_acknowledgement(void **state)
{
	struct conversation talk = undecided(CLIENT_ADDRESS_PROXY_V2_INSECURE);

	(void)state;
	client_says(&talk, ACK, 1001, SERVER_ISN + 101, 0);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	server_says(&talk, ACK, SERVER_ISN + 1, 1001, 100);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1001, 100);
	client_says(&talk, ACK, 1001, SERVER_ISN + 101, 0);
	server_hears(&talk, ACK, 1001, SERVER_ISN + 101, 0);
	client_says(&talk, ACK, 1001, SERVER_ISN + 101, 100);
	hears_header(&talk, ACK, SERVER_ISN + 101, 100);
	network_free(talk.network);
}

static void
without_a_header_of_the_clients_it_gets_ours(void **state)
{
	struct conversation talk = undecided(CLIENT_ADDRESS_PROXY_V2_INSECURE);

	(void)state;
	/* What overtakes the first data does not show whether there is a header. */
	client_says(&talk, ACK, 1101, SERVER_ISN + 1, 100);
	assert_dropped(talk.network, DROP_CLIENT_EARLY);
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 100);
	hears_header(&talk, ACK, SERVER_ISN + 1, 100);
	time_goes_by(&talk, 250);
	hears_header_apart(&talk);
	server_says(&talk, ACK, SERVER_ISN + 1, 1001 + length + 100, 0);
	client_hears(&talk, ACK, SERVER_ISN + 1, 1101, 0);
	go_on(&talk);
	network_free(talk.network);
}

static void
the_secure_ways_believe_nobody(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V1, false, FORWARD_FULLNAT, 1000);

	(void)state;
	talk.data = (const uint8_t *)v1_line;
	talk.data_length = sizeof(v1_line) - 1;
	memcpy(header + length, v1_line, sizeof(v1_line) - 1);
	length += sizeof(v1_line) - 1;
	client_says(&talk, ACK, 1001, SERVER_ISN + 1, 100);
	hears_header(&talk, ACK, SERVER_ISN + 1, 100);
	network_free(talk.network);
}

/* ---- UDP ---- */

static void
the_first_datagram_has_a_header(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conversation talk = talk_new(CLIENT_ADDRESS_PROXY_V2, ipv6, FORWARD_FULLNAT, IPPROTO_UDP, 0);

		make_header(CLIENT_ADDRESS_PROXY_V2, ipv6, IPPROTO_UDP);
		/* One that has no room for it does not have it. */
		client_says(&talk, 0, 0, 0, (uint16_t)(1500 - (ipv6 ? 40 : 20) - 8 - length + 1));
		server_hears(&talk, 0, 0, 0, (uint16_t)(1500 - (ipv6 ? 40 : 20) - 8 - length + 1));
		assert_int_equal(counted(talk.network, COUNT_CLIENT_NO_ROOM), 1);
		client_says(&talk, 0, 0, 0, 333);
		talk.data_out = header;
		talk.data_out_length = length;
		server_hears(&talk, 0, 0, 0, 333);
		talk.data_out_length = 0;
		client_says(&talk, 0, 0, 0, 333);
		server_hears(&talk, 0, 0, 0, 333);
		assert_true(is_told(&talk));
		network_free(talk.network);
	}
}

/* What an IP packet has behind the datagram is none of the client's data. */
static void
bytes_behind_the_datagram_are_no_header(void **state)
{
	struct conversation talk = talk_new(CLIENT_ADDRESS_PROXY_V2_INSECURE, false, FORWARD_FULLNAT, IPPROTO_UDP, 0);
	uint8_t theirs[PROXY_HEADER_MAX];
	const uint16_t theirs_length = other_header(2, theirs);
	struct frame frame = { .src = "198.51.100.7",
			       .dst = "192.0.2.1",
			       .sport = 40000,
			       .dport = 80,
			       .proto = IPPROTO_UDP,
			       .no_checksum = true,
			       .data = theirs,
			       .data_length = theirs_length };
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);
	struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, 14 + 20);

	(void)state;
	udp->dgram_len = RTE_BE16(sizeof(*udp));
	make_header(CLIENT_ADDRESS_PROXY_V2, false, IPPROTO_UDP);
	receive(talk.network, 0, CLIENTS, m);
	assert_int_equal(sent[SERVERS].n, 1);
	assert_int_equal(sent[SERVERS].packets[0]->pkt_len, 14 + 20 + 8 + length + theirs_length);
	assert_memory_equal(rte_pktmbuf_mtod_offset(sent[SERVERS].packets[0], void *, 14 + 20 + 8), header, length);
	network_free(talk.network);
}

/* ---- many at once ---- */

static uint32_t
listed(const struct worker *self)
{
	const struct conn_table *table = self->conns[TABLE_IPV4];
	uint32_t n = 0;

	for (int tries = 0; tries <= UNTOLD_TRIES; tries++) {
		for (uint32_t link = self->untold[TABLE_IPV4][tries].first; link != 0;
		     link = table->cold[link - 1].told.next)
			n++;
	}
	return n;
}

static void
the_lists_hold_who_waits_and_nobody_else(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);
	struct worker *self = only_worker(&talk);
	struct conn_table *table = self->conns[TABLE_IPV4];
	const struct service *svc = talk.network->director->lb->services[0];
	struct conn *conns[40];

	(void)state;
	for (uint16_t i = 0; i < 40; i++) {
		struct flow flow = flow_of(IPPROTO_TCP, "198.51.100.8", 1000 + i, "192.0.2.1", 80);
		struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 8080, "10.0.0.100", 1100 + i);

		assert_int_equal(conn_open(self, svc, svc->dests[0], forward_to(svc->dests[0], AF_INET), &flow, &reply,
					   CONN_NONE, &conns[i]),
				 0);
		conn_cold(table, conns[i])->told.tries = i % (UNTOLD_TRIES + 1);
		untold_add(self, TABLE_IPV4, conns[i]);
	}
	assert_int_equal(listed(self), 41);
	for (uint16_t i = 0; i < 40; i += 3)
		conn_close(self, conns[i], AF_INET);
	assert_int_equal(listed(self), 27);
	for (uint16_t i = 1; i < 40; i += 3)
		conn_told(self, conns[i], TABLE_IPV4);
	assert_int_equal(listed(self), 14);
	/* No more than so many a turn. */
	self->now_ms += 100000;
	while (untold_due(self, TABLE_IPV4))
		;
	assert_int_equal(listed(self), 0);
	network_free(talk.network);
}

static void
a_turn_sends_a_bounded_number(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);
	struct worker *self = only_worker(&talk);
	const struct service *svc = talk.network->director->lb->services[0];

	(void)state;
	for (uint16_t i = 0; i < 40; i++) {
		struct flow flow = flow_of(IPPROTO_TCP, "198.51.100.8", 1000 + i, "192.0.2.1", 80);
		struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 8080, "10.0.0.100", 1100 + i);
		struct conn *conn;

		assert_int_equal(conn_open(self, svc, svc->dests[0], forward_to(svc->dests[0], AF_INET), &flow, &reply,
					   CONN_NONE, &conn),
				 0);
		untold_add(self, TABLE_IPV4, conn);
	}
	time_goes_by(&talk, 250);
	assert_int_equal(sent[SERVERS].n, 16);
	time_goes_by(&talk, 0);
	assert_int_equal(sent[SERVERS].n, 16);
	time_goes_by(&talk, 1);
	time_goes_by(&talk, 1);
	assert_int_equal(sent[SERVERS].n, 41);
	assert_int_equal(listed(self), 41);
	network_free(talk.network);
}

static void
without_a_buffer_the_repetition_waits_for_the_next(void **state)
{
	struct conversation talk = after_the_header(CLIENT_ADDRESS_PROXY_V2, false, FORWARD_FULLNAT, 1000);
	struct rte_mempool *pool = only_worker(&talk)->pool;
	struct rte_mempool *empty =
		rte_pktmbuf_pool_create("no buffers", 1, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	struct rte_mbuf *taken;

	(void)state;
	assert_non_null(empty);
	taken = rte_pktmbuf_alloc(empty);
	only_worker(&talk)->pool = empty;
	time_goes_by(&talk, 250);
	assert_nothing_sent();
	only_worker(&talk)->pool = pool;
	rte_pktmbuf_free(taken);
	rte_mempool_free(empty);
	time_goes_by(&talk, 500);
	hears_header_apart(&talk);
	network_free(talk.network);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_handshake_ends_with_a_header),
		cmocka_unit_test(a_server_that_speaks_first_has_the_header_before),
		cmocka_unit_test(icmp_errors_have_the_clients_numbers),
		cmocka_unit_test(a_header_that_nobody_asks_for_again_is_sent_again_by_time),
		cmocka_unit_test(own_segments_have_the_clients_timestamp),
		cmocka_unit_test(a_repeated_answer_brings_the_header_again),
		cmocka_unit_test(data_brings_the_header_until_it_is_acknowledged),
		cmocka_unit_test(a_lost_acknowledgement_leaves_it_to_the_first_data),
		cmocka_unit_test(urgent_data_ends_behind_the_header),
		cmocka_unit_test(a_client_that_only_closes_is_named_too),
		cmocka_unit_test(later_data_that_overtakes_is_preceded_by_the_header),
		cmocka_unit_test(a_segment_that_is_full_follows_the_header),
		cmocka_unit_test(acknowledgements_within_the_header_are_held_back),
		cmocka_unit_test(a_reset_has_the_number_that_the_server_expects),
		cmocka_unit_test(a_reset_by_the_server_ends_the_repetitions),
		cmocka_unit_test(nobody_else_writes_the_header),
		cmocka_unit_test(segments_are_as_long_as_the_way_allows),
		cmocka_unit_test(a_taken_over_port_has_both_shifts),
		cmocka_unit_test(a_connection_begun_anew_is_told_anew),
		cmocka_unit_test(a_late_repetition_is_no_new_connection),
		cmocka_unit_test(a_header_of_the_same_version_stays),
		cmocka_unit_test(a_header_of_the_other_version_is_translated),
		cmocka_unit_test(a_translated_header_that_has_no_room_goes_ahead),
		cmocka_unit_test(a_server_that_spoke_first_needs_no_exact_acknowledgement),
		cmocka_unit_test(without_a_header_of_the_clients_it_gets_ours),
		cmocka_unit_test(the_secure_ways_believe_nobody),
		cmocka_unit_test(the_first_datagram_has_a_header),
		cmocka_unit_test(bytes_behind_the_datagram_are_no_header),
		cmocka_unit_test(the_lists_hold_who_waits_and_nobody_else),
		cmocka_unit_test(a_turn_sends_a_bounded_number),
		cmocka_unit_test(without_a_buffer_the_repetition_waits_for_the_next),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
