/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Servers hear of clients of the other family: the address that they are told is of the client's.
 */
#include "family_pairs.h"
#include "ip/proxy_header.h"
#include "lb/client_address.h"
#include "path/tell.h"

#define ISN 1000u
#define SERVER_ISN 0x7ffffff0u

static const uint8_t toa4[8] = { 254, 8, 0x9c, 0x40, 198, 51, 100, 7 };
static const uint8_t toa6[20] = { 254, 20, 0x9c, 0x40, 0x20, 1, 0xd, 0xb8, 0, 1, [19] = 7 };
static const uint8_t opp4[12] = { 0x10, 17, 0, 12, 31, 8, 0x9c, 0x40, 198, 51, 100, 7 };
static const uint8_t opp6[24] = { 0x20, 17, 0, 24, 31, 20, 0x9c, 0x40, 0x20, 1, 0xd, 0xb8, 0, 1, [23] = 7 };

static struct network *
serve(const struct pair *pair, enum client_address how)
{
	struct network *network = network_new(1, 64);
	const struct ip_addr vip = address_of(pair->vip);
	const struct service_spec spec = {
		.key = { .addr = vip.ip, .port = RTE_BE16(80), .family = vip.family, .protocol = pair->proto },
		.options = { .client_address = (uint8_t)how },
	};
	const struct dest_spec dest = {
		.address = pair->server, .port = 8080, .weight = 1, .forward = FORWARD_FULLNAT
	};

	network->director->lb->uoa_packets = 3;
	director_serve_as(network->director, &spec, 0, &dest, 1);
	return network;
}

static struct conn *
only_conn(struct network *network)
{
	return conn_at(network->director->workers[0]->conns[TABLE_IPV6], 0);
}

static bool
is_told(struct network *network)
{
	return !(only_conn(network)->flags & CONN_WATCHED);
}

/* What goes in by PORT comes out as it came but for addresses, and for what is set in OUT: numbers, options, data. */
static void
says(struct network *network, uint8_t port, const struct frame *in, const struct frame *out)
{
	receive(network, 0, port, frame_new(in, port));
	assert_translated(port ^ 1, out);
}

static struct pair_talk
shake_hands(struct network *network, const struct pair *pair)
{
	struct pair_talk talk = pair_talk(pair, 40000, 0);
	struct rte_mbuf *m;

	talk.in.flags = SYN;
	talk.in.seq = ISN;
	receive(network, 0, CLIENTS, frame_new(&talk.in, CLIENTS));
	m = sent_one(SERVERS);
	talk = pair_talk(pair, 40000, local_port_of(pair, m));
	rte_pktmbuf_free(m);
	talk.out.flags = talk.to_client.flags = SYN | ACK;
	talk.out.seq = talk.to_client.seq = SERVER_ISN;
	talk.out.ack = talk.to_client.ack = ISN + 1;
	says(network, SERVERS, &talk.out, &talk.to_client);
	talk.in.flags = talk.to_server.flags = talk.out.flags = talk.to_client.flags = ACK;
	talk.in.seq = talk.to_server.seq = ISN + 1;
	talk.in.ack = talk.to_server.ack = SERVER_ISN + 1;
	talk.out.seq = talk.to_client.seq = SERVER_ISN + 1;
	return talk;
}

static void
toa_has_the_clients_family(void **state)
{
	(void)state;
	for (size_t i = 0; i < RTE_DIM(pairs); i += 2) {
		const bool v6 = is_v6(pairs[i].client);
		struct network *network = serve(&pairs[i], CLIENT_ADDRESS_TOA);
		struct pair_talk talk = shake_hands(network, &pairs[i]);

		talk.to_server.options = v6 ? toa6 : toa4;
		talk.to_server.options_length = v6 ? sizeof(toa6) : sizeof(toa4);
		says(network, CLIENTS, &talk.in, &talk.to_server);
		talk.in.payload = talk.to_server.payload = 99;
		says(network, CLIENTS, &talk.in, &talk.to_server);
		/* to the last byte of the way, where both families have their own length */
		talk.in.payload = talk.to_server.payload = (uint16_t)(1500 - (v6 ? 20 + 20 + 20 : 40 + 20 + 8));
		says(network, CLIENTS, &talk.in, &talk.to_server);
		assert_int_equal(counted(network, COUNT_CLIENT_NO_ROOM), 0);
		talk.out.ack = talk.to_client.ack = ISN + 100;
		says(network, SERVERS, &talk.out, &talk.to_client);
		assert_true(is_told(network));
		talk.to_server.options_length = 0;
		says(network, CLIENTS, &talk.in, &talk.to_server);
		network_free(network);
	}
}

/* The header, the numbers behind it in both directions. */
static void
proxy_headers_name_both_addresses_of_the_client(void **state)
{
	static const enum client_address versions[] = { CLIENT_ADDRESS_PROXY_V1, CLIENT_ADDRESS_PROXY_V2 };

	(void)state;
	for (size_t i = 0; i < 2 * RTE_DIM(pairs); i += 2) {
		const struct pair *pair = &pairs[i / 4 * 2];
		const enum client_address how = versions[i / 2 % 2];
		const struct flow flow = flow_of(IPPROTO_TCP, pair->client, 40000, pair->vip, 80);
		struct network *network = serve(pair, how);
		struct pair_talk talk = shake_hands(network, pair);
		uint8_t header[PROXY_HEADER_MAX];
		const uint16_t length = proxy_header_write(client_address_proxy_version(how), &flow, header);

		talk.to_server.data = header;
		talk.to_server.data_length = length;
		talk.to_server.flags = ACK | PSH;
		says(network, CLIENTS, &talk.in, &talk.to_server);
		/* again, as nobody has acknowledged it: one of the director's own */
		network->director->workers[0]->now_ms += 1000;
		tell_again(network->director->workers[0]);
		transmit_flush(network->director->workers[0]);
		assert_int_equal(sent[SERVERS].n, 1);
		forget_packets(network);
		talk.out.ack = ISN + 1 + length;
		says(network, SERVERS, &talk.out, &talk.to_client);
		assert_true(is_told(network));
		talk.to_server.data_length = 0;
		talk.to_server.flags = ACK;
		for (uint32_t n = 0; n < 3000; n += 1000) {
			talk.in.payload = talk.to_server.payload = 1000;
			talk.in.seq = ISN + 1 + n;
			talk.to_server.seq = talk.in.seq + length;
			says(network, CLIENTS, &talk.in, &talk.to_server);
			talk.out.payload = talk.to_client.payload = 900;
			talk.to_client.ack = talk.in.seq + 1000;
			talk.out.ack = talk.to_client.ack + length;
			says(network, SERVERS, &talk.out, &talk.to_client);
		}
		assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
		network_free(network);
	}
}

/* A header of UOA is BETWEEN the headers of the one packet that was sent, otherwise TALK's. */
static void
assert_between(const struct pair_talk *talk, const uint8_t *between, uint16_t n)
{
	const bool v6 = is_v6(talk->to_server.dst);
	const uint16_t l4 = v6 ? 54 : 34;
	struct rte_mbuf *m = sent_one(SERVERS), *plain = frame_new(&talk->to_server, SERVERS);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *);

	assert_int_equal(m->pkt_len, plain->pkt_len + n);
	assert_int_equal(frame[v6 ? 20 : 23], 248);
	assert_int_equal(be16(frame + (v6 ? 18 : 16)), m->pkt_len - (v6 ? 54 : 14));
	assert_memory_equal(frame + (v6 ? 22 : 26), rte_pktmbuf_mtod_offset(plain, void *, v6 ? 22 : 26), v6 ? 32 : 8);
	if (!v6)
		assert_int_equal(rte_raw_cksum(frame + 14, 20), 0xffff);
	assert_memory_equal(frame + l4, between, n);
	assert_memory_equal(frame + l4 + n, rte_pktmbuf_mtod_offset(plain, void *, l4), plain->pkt_len - l4);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(plain);
}

static void
uoa_stays_between_the_headers(void **state)
{
	(void)state;
	for (size_t i = 1; i < RTE_DIM(pairs); i += 2) {
		const bool v6 = is_v6(pairs[i].client);
		struct network *network = serve(&pairs[i], CLIENT_ADDRESS_UOA_OPP);
		struct pair_talk talk = pair_talk(&pairs[i], 40000, 0);

		talk.in.payload = 33;
		for (int n = 0; n < 3; n++) {
			receive(network, 0, CLIENTS, frame_new(&talk.in, CLIENTS));
			talk = pair_talk(&pairs[i], 40000, rte_be_to_cpu_16(only_conn(network)->key6[CONN_OUT].dport));
			talk.in.payload = talk.to_server.payload = 33;
			assert_between(&talk, v6 ? opp6 : opp4, v6 ? sizeof(opp6) : sizeof(opp4));
		}
		assert_true(is_told(network));
		says(network, CLIENTS, &talk.in, &talk.to_server);
		network_free(network);
	}
}

/* The option that IPv4 has is not put in where a packet changes its family. */
static void
the_ip_option_is_counted_as_left_out(void **state)
{
	(void)state;
	for (size_t i = 1; i < RTE_DIM(pairs); i += 2) {
		struct network *network = serve(&pairs[i], CLIENT_ADDRESS_UOA_IPO);
		struct pair_talk talk = pair_talk(&pairs[i], 40000, 0);

		receive(network, 0, CLIENTS, frame_new(&talk.in, CLIENTS));
		talk = pair_talk(&pairs[i], 40000, rte_be_to_cpu_16(only_conn(network)->key6[CONN_OUT].dport));
		assert_translated(SERVERS, &talk.to_server);
		assert_int_equal(counted(network, COUNT_CLIENT_NO_ROOM), 1);
		assert_true(is_told(network));
		network_free(network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(toa_has_the_clients_family),
		cmocka_unit_test(proxy_headers_name_both_addresses_of_the_client),
		cmocka_unit_test(uoa_stays_between_the_headers),
		cmocka_unit_test(the_ip_option_is_counted_as_left_out),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
