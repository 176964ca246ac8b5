/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of QUIC clients that have moved: their connection IDs, not the scheduler, tell where they go.
 */
#include "chosen_servers.h"
#include "lb/quic.h"

#define VIP "192.0.2.1"
#define VIP6 "2001:db8::1"

static const struct dest_spec weights[] = {
	{ .address = "10.0.0.1", .port = 8080, .weight = 1 },
	{ .address = "10.0.0.2", .port = 8080, .weight = 0 },
};

static void
serve(struct network *network, const char *coding, const char *vip, const struct dest_spec *dests, uint32_t flags)
{
	struct service_spec spec = spec_of(IPPROTO_UDP, vip, 443, flags);

	assert_non_null(quic_coding_by_name(network->director->lb->quic, coding));
	strcpy(spec.options.quic, coding);
	director_serve_as(network->director, &spec, 0, dests, 2);
}

/* Where a datagram goes that begins with these bytes. */
static struct chosen
sends(struct network *network, uint32_t worker, const char *client, uint16_t sport, const char *vip,
      const uint8_t *bytes, uint16_t length)
{
	const struct frame frame = {
		.src = client, .dst = vip, .sport = sport, .dport = 443, .proto = IPPROTO_UDP, .payload = 40
	};
	struct rte_mbuf *m = frame_new(&frame, CLIENTS);
	uint32_t at = rte_pktmbuf_data_len(m) - 40;

	memcpy(rte_pktmbuf_mtod_offset(m, uint8_t *, at), bytes, length);
	receive(network, worker, CLIENTS, m);
	return chosen_server();
}

#define SHORT_HEADER(...) ((const uint8_t[]){ 0x40, __VA_ARGS__ })

/* As DPVS has it: 0xaa, one byte of the address, then random. */
static struct chosen
moves_to(struct network *network, uint16_t sport, uint8_t last)
{
	const uint8_t *packet = SHORT_HEADER(0xaa, last >> 4, (uint8_t)(last << 4 | 3), 1, 2, 3, 4);

	return sends(network, 0, "198.51.100.7", sport, VIP, packet, 8);
}

static void
a_client_that_moves_keeps_its_server(void **state)
{
	struct network *network = network_new(1, 64);

	(void)state;
	serve(network, "dpvs", VIP, two_servers, 0);
	for (uint16_t n = 0; n < 8; n++)
		assert_int_equal(moves_to(network, 1000 + n, n % 4 < 2 ? 1 : 2).last, n % 4 < 2 ? 1 : 2);
	/* and the connection is one like others: the packets that follow need no ID */
	assert_int_equal(sends(network, 0, "198.51.100.7", 1003, VIP, SHORT_HEADER(0xff, 0xff, 0xff), 4).last, 2);
	network_free(network);
}

static void
what_names_nobody_is_scheduled(void **state)
{
	struct network *network = network_new(1, 64);
	uint32_t at[3] = { 0 };

	(void)state;
	serve(network, "dpvs", VIP, two_servers, 0);
	for (uint16_t n = 0; n < 8; n++)
		at[moves_to(network, 1000 + n, 77).last]++;
	assert_int_equal(at[1], 4);
	assert_int_equal(at[2], 4);
	network_free(network);
}

/* A server that is being drained keeps those that it has. A new client's made-up ID may name it by chance. */
static void
weight_zero_takes_who_moves_and_nobody_new(void **state)
{
	struct network *network = network_new(1, 64);
	const uint8_t handshake[] = { 0xe0, 0, 0, 0, 1, 8, 0xaa, 0, 0x20, 1, 2, 3, 4, 5 };
	uint8_t initial[sizeof(handshake)];

	(void)state;
	memcpy(initial, handshake, sizeof(initial));
	initial[0] = 0xc0;
	serve(network, "dpvs", VIP, weights, 0);
	assert_int_equal(moves_to(network, 1000, 2).last, 2);
	assert_int_equal(sends(network, 0, "198.51.100.7", 1001, VIP, handshake, sizeof(handshake)).last, 2);
	assert_int_equal(sends(network, 0, "198.51.100.7", 1002, VIP, initial, sizeof(initial)).last, 1);
	network_free(network);
}

static void
a_connection_id_goes_before_persistence(void **state)
{
	struct network *network = network_new(1, 64);

	(void)state;
	serve(network, "dpvs", VIP, two_servers, IP_VS_SVC_F_PERSISTENT);
	assert_int_equal(moves_to(network, 1000, 2).last, 2);
	assert_int_equal(moves_to(network, 1001, 1).last, 1);
	network_free(network);
}

static void
every_worker_finds_the_server(void **state)
{
	struct network *network = network_new(3, 64);

	(void)state;
	serve(network, "dpvs", VIP, two_servers, 0);
	for (uint16_t n = 0; n < 12; n++) {
		const uint8_t *packet = SHORT_HEADER(0xaa, 0, 0x23, 1, 2, 3, 4);
		struct chosen chosen = sends(network, n % 3, "198.51.100.7", 2000 + n, VIP, packet, 8);

		assert_int_equal(chosen.last, 2);
	}
	network_free(network);
}

/* A coding of the configuration: code point 1, a server ID of one byte, in the clear. */
static struct quic_codings *
configure(struct network *network, bool with_servers)
{
	struct quic_codings *codings = calloc(1, sizeof(*codings));
	struct quic_codepoint *point;

	assert_non_null(codings);
	codings->n = 1;
	codings->coding = calloc(1, sizeof(*codings->coding));
	assert_non_null(codings->coding);
	strcpy(codings->coding->name, "edge");
	point = &codings->coding->points[1];
	point->coding = (struct quic_lb_coding){ .server_id_length = 1, .nonce_length = 4 };
	if (with_servers) {
		point->n_servers = 2;
		point->servers = calloc(2, sizeof(*point->servers));
		assert_non_null(point->servers);
		point->servers[0] = (struct quic_server){ .id = { 9 }, .addr = address_of("10.0.0.1") };
		point->servers[1] = (struct quic_server){ .id = { 5 }, .addr = address_of("fd00::2") };
	}
	quic_coding_sort(&codings->coding[0]);
	lb_set_quic(network->director->lb, codings);
	return codings;
}

static void
server_ids_are_looked_up(void **state)
{
	struct network *network = network_new(1, 64);
	struct quic_codings *codings;

	(void)state;
	codings = configure(network, true);
	serve(network, "edge", VIP, two_servers, 0);
	for (uint16_t n = 0; n < 4; n++)
		assert_int_equal(
			sends(network, 0, "198.51.100.7", 1000 + n, VIP, SHORT_HEADER(0x20, 9, 1, 2, 3, 4), 7).last, 1);
	/* another code point, an unroutable ID, a number that nobody has: scheduled, in turn */
	assert_int_not_equal(sends(network, 0, "198.51.100.7", 2000, VIP, SHORT_HEADER(0x40, 9, 1, 2, 3, 4), 7).last,
			     sends(network, 0, "198.51.100.7", 2001, VIP, SHORT_HEADER(0xe0, 9, 1, 2, 3, 4), 7).last);
	assert_int_not_equal(sends(network, 0, "198.51.100.7", 2002, VIP, SHORT_HEADER(0x20, 8, 1, 2, 3, 4), 7).last,
			     sends(network, 0, "198.51.100.7", 2003, VIP, SHORT_HEADER(0x20, 8, 1, 2, 3, 4), 7).last);
	network_free(network);
	quic_codings_free(codings);
}

static void
ipv6_servers_have_ids_too(void **state)
{
	struct network *network = network_new(1, 64);
	struct quic_codings *codings;

	(void)state;
	codings = configure(network, true);
	serve(network, "edge", VIP6, two_servers6, 0);
	for (uint16_t n = 0; n < 4; n++)
		assert_int_equal(
			sends(network, 0, "2001:db8:1::7", 1000 + n, VIP6, SHORT_HEADER(0x20, 5, 1, 2, 3, 4), 7).last,
			2);
	network_free(network);
	quic_codings_free(codings);
}

static void
without_a_list_an_id_is_the_end_of_an_address(void **state)
{
	struct network *network = network_new(1, 64);
	struct quic_codings *codings;

	(void)state;
	codings = configure(network, false);
	serve(network, "edge", VIP, two_servers, 0);
	for (uint16_t n = 0; n < 4; n++)
		assert_int_equal(
			sends(network, 0, "198.51.100.7", 1000 + n, VIP, SHORT_HEADER(0x20, 2, 1, 2, 3, 4), 7).last, 2);
	network_free(network);
	quic_codings_free(codings);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_client_that_moves_keeps_its_server),
		cmocka_unit_test(what_names_nobody_is_scheduled),
		cmocka_unit_test(weight_zero_takes_who_moves_and_nobody_new),
		cmocka_unit_test(a_connection_id_goes_before_persistence),
		cmocka_unit_test(every_worker_finds_the_server),
		cmocka_unit_test(server_ids_are_looked_up),
		cmocka_unit_test(ipv6_servers_have_ids_too),
		cmocka_unit_test(without_a_list_an_id_is_the_end_of_an_address),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
