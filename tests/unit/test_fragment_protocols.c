/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments of what is neither TCP nor UDP: echoes, SCTP, AH and ESP, in every order, to the last byte.
 */
#include "pieces.h"

#define PAYLOAD_OF_ECHO (PAYLOAD - 8)

static const struct mode echoes[] = {
	{ IPPROTO_ICMP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_ICMP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_ICMP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_ICMPV6, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_ICMPV6, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_ICMPV6, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
};

static struct network *
network_of(const struct mode *mode, uint32_t n_workers, uint16_t port, uint16_t server_port)
{
	const struct dest_spec dest = {
		.address = mode->server, .port = server_port, .weight = 1, .forward = mode->forward
	};
	struct network *network = network_new(n_workers, 64);

	director_serve(network->director, 0, mode->proto, mode->vip, port, "rr", 0, &dest, 1);
	return network;
}

static struct frame
at_server(const struct mode *mode)
{
	const bool direct = mode->forward == FORWARD_DIRECT;

	return (struct frame){ .src = direct ? mode->client : mode->laddr,
			       .dst = direct ? mode->vip : mode->server,
			       .sport = 4711,
			       .proto = mode->proto,
			       .ttl = 63,
			       .payload = PAYLOAD_OF_ECHO,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] };
}

/* The identifier that MODE's client has at the server. */
static uint16_t
identifier_there(struct network *network, const struct frame *request)
{
	struct rte_mbuf *m;
	const uint8_t *echo;
	uint16_t identifier;

	receive(network, 0, CLIENTS, frame_new(request, CLIENTS));
	m = sent_one(SERVERS);
	echo = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN + ip_header(m));
	identifier = (uint16_t)(echo[4] << 8 | echo[5]);
	rte_pktmbuf_free(m);
	return identifier;
}

static void
echoes_pass(const struct mode *mode, uint16_t identifier, uint32_t n_workers)
{
	struct network *network = network_of(mode, n_workers, 0, 0);
	struct frame in = { .src = mode->client,
			    .dst = mode->vip,
			    .sport = identifier,
			    .proto = mode->proto,
			    .payload = PAYLOAD_OF_ECHO };
	struct frame out = at_server(mode), back, to_client;

	out.sport = identifier_there(network, &in);
	back = (struct frame){ .src = mode->server,
			       .dst = mode->laddr,
			       .dport = out.sport,
			       .proto = mode->proto,
			       .flags = ACK,
			       .payload = PAYLOAD_OF_ECHO,
			       .src_mac = server_mac[0] };
	to_client = (struct frame){ .src = mode->vip,
				    .dst = mode->client,
				    .dport = identifier,
				    .proto = mode->proto,
				    .flags = ACK,
				    .payload = PAYLOAD_OF_ECHO,
				    .ttl = 63,
				    .src_mac = port_mac[CLIENTS],
				    .dst_mac = router_mac };
	for (uint32_t i = 0; i < RTE_DIM(orders); i++) {
		for (uint32_t worker = 0; worker < n_workers; worker++) {
			pieces_pass(network, &in, CLIENTS, &out, SERVERS, orders[i], worker);
			if (mode->forward != FORWARD_DIRECT)
				pieces_pass(network, &back, SERVERS, &to_client, CLIENTS, orders[i], worker);
		}
	}
	assert_int_equal(counted(network, COUNT_CONN_NEW), 1);
	network_free(network);
}

static void
long_echoes_reach_a_server_and_replies_the_client(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(echoes); i++) {
		echoes_pass(&echoes[i], 1234, 1);
		echoes_pass(&echoes[i], 1234, 3);
		echoes_pass(&echoes[i], 0, 1);
	}
}

/* All of it, so that the host can answer. */
static void
long_echoes_of_no_service_are_the_kernels(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(echoes); i++) {
		const struct mode *mode = &echoes[i];
		struct mode other = *mode;

		other.proto = IPPROTO_TCP;
		for (uint32_t order = 0; order < RTE_DIM(orders); order++) {
			struct network *network =
				network_of(&other, 3, 80, mode->forward == FORWARD_DIRECT ? 80 : 8080);
			const struct frame in = { .src = mode->client,
						  .dst = mode->vip,
						  .sport = 1234,
						  .proto = mode->proto,
						  .payload = PAYLOAD_OF_ECHO };
			struct pieces pieces = cut(&in, CLIENTS, ID), wanted = cut(&in, CLIENTS, ID);
			const struct caught *got = &network->kernel.got[EXCEPTION_OTHER];
			uint32_t seen = 0;

			for (uint32_t n = 0; n < PIECES; n++)
				receive(network, n % 3, CLIENTS, pieces.m[orders[order][n]]);
			assert_int_equal(got->n, PIECES);
			for (uint32_t n = 0; n < PIECES; n++) {
				for (uint32_t k = 0; k < PIECES; k++)
					seen += got->packets[n]->pkt_len == wanted.m[k]->pkt_len &&
						memcmp(rte_pktmbuf_mtod(got->packets[n], void *),
						       rte_pktmbuf_mtod(wanted.m[k], void *),
						       wanted.m[k]->pkt_len) == 0;
			}
			assert_int_equal(seen, PIECES);
			assert_nothing_sent();
			pieces_free(&wanted);
			network_free(network);
		}
	}
}

/* A reply to nobody's request is the host's: its first piece, and so all of it. */
static void
replies_of_no_connection_are_the_kernels(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < RTE_DIM(echoes); i++) {
		struct network *network = network_of(&echoes[i], 3, 0, 0);
		const struct frame in = { .src = echoes[i].client,
					  .dst = echoes[i].vip,
					  .dport = 1234,
					  .proto = echoes[i].proto,
					  .flags = ACK,
					  .payload = PAYLOAD_OF_ECHO };
		struct pieces pieces = cut(&in, CLIENTS, ID);

		for (uint32_t n = PIECES; n-- > 0;)
			receive(network, n % 3, CLIENTS, pieces.m[n]);
		assert_int_equal(network->kernel.got[EXCEPTION_OTHER].n, PIECES);
		network_free(network);
	}
}

/* With other ports the checksum would have to be known of the whole. */
static void
sctp_passes_in_pieces_where_its_ports_stay(void **state)
{
	(void)state;
	for (EACH_MODE(mode)) {
		for (int same = 0; same < 2 && mode->proto == IPPROTO_SCTP; same++) {
			const bool passes = mode->forward == FORWARD_DIRECT || (same && mode->forward == FORWARD_NAT);
			struct network *network = network_of(mode, 1, 80, same || passes ? 80 : 8080);
			struct frame in = { .src = mode->client,
					    .dst = mode->vip,
					    .sport = 40000,
					    .dport = 80,
					    .proto = mode->proto,
					    .flags = SYN };
			struct frame out = at_server(mode);
			struct pieces pieces;

			receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
			rte_pktmbuf_free(sent_one(SERVERS));
			in.flags = out.flags = ACK;
			out.sport = 40000;
			out.dport = 80;
			in.payload = out.payload = PAYLOAD - 16;
			for (uint32_t i = 0; passes && i < RTE_DIM(orders); i++)
				pieces_pass(network, &in, CLIENTS, &out, SERVERS, orders[i], 0);
			if (!passes) {
				pieces = cut(&in, CLIENTS, ID);
				for (uint32_t n = PIECES; n-- > 0;)
					receive(network, 0, CLIENTS, pieces.m[n]);
				assert_int_equal(dropped(network, DROP_TRANSLATION), PIECES);
				assert_nothing_sent();
			}
			network_free(network);
		}
	}
}

/* FRAME's bytes as those of AH or ESP, behind destination options: the first piece alone has them. */
static struct rte_mbuf *
behind_options(const struct frame *frame, uint8_t port, uint8_t proto)
{
	struct rte_mbuf *m = frame_new(frame, port);
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
	const uint8_t options[8] = { proto, 0, 1, 4 };

	ip->proto = IPPROTO_DSTOPTS;
	memcpy(ip + 1, options, sizeof(options));
	return m;
}

static void
ipsec_behind_options_follows_the_key_exchange(void **state)
{
	static const uint8_t protos[] = { IPPROTO_AH, IPPROTO_ESP };

	(void)state;
	for (EACH_MODE(mode)) {
		const bool ipv6 = strchr(mode->client, ':') != NULL;

		for (int i = 0; i < 2 && mode->proto == IPPROTO_UDP && ipv6; i++) {
			struct network *network = network_of(mode, 1, 500, 500);
			struct frame in = { .src = mode->client,
					    .dst = mode->vip,
					    .sport = 500,
					    .dport = 500,
					    .proto = IPPROTO_UDP,
					    .payload = PAYLOAD - 8 };
			struct frame out = at_server(mode);
			struct pieces pieces;

			receive(network, 0, CLIENTS, frame_new(&in, CLIENTS));
			rte_pktmbuf_free(sent_one(SERVERS));
			if (mode->forward == FORWARD_DIRECT ||
			    (mode->forward == FORWARD_NAT && protos[i] == IPPROTO_ESP)) {
				for (uint32_t order = 0; order < RTE_DIM(orders); order++)
					packets_pass(network, behind_options(&in, CLIENTS, protos[i]), CLIENTS,
						     behind_options(&out, SERVERS, protos[i]), SERVERS, orders[order],
						     0);
			} else {
				pieces = cut_packet(behind_options(&in, CLIENTS, protos[i]), ID);
				for (uint32_t n = PIECES; n-- > 0;)
					receive(network, 0, CLIENTS, pieces.m[n]);
				assert_int_equal(dropped(network, DROP_TRANSLATION), PIECES);
				assert_nothing_sent();
			}
			network_free(network);
		}
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(long_echoes_reach_a_server_and_replies_the_client),
		cmocka_unit_test(long_echoes_of_no_service_are_the_kernels),
		cmocka_unit_test(replies_of_no_connection_are_the_kernels),
		cmocka_unit_test(sctp_passes_in_pieces_where_its_ports_stay),
		cmocka_unit_test(ipsec_behind_options_follows_the_key_exchange),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
