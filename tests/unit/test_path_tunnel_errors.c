/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors where there are tunnels: what clients' routers say of the servers' answers goes into the tunnel; what is
 * said of the tunnel's packets comes to the director, and the client hears of it.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <rte_ip.h>

#include "core/token_bucket.h"
#include "icmp_messages.h"
#include "path/icmp.h"
#include "tunnels.h"

#define TOLD_MTU 1400

/* An open connection by a tunnel, and a packet of its client's as it was sent through it. */
struct scene {
	struct tunnel tunnel;
	struct network *network;
	struct frame frame; /* as it is in the tunnel */
	uint8_t outer[512]; /* from the outer IP header on */
	uint16_t length;
};

static void
open_scene(struct scene *scene, size_t number, uint32_t n_workers)
{
	struct rte_mbuf *m;

	scene->tunnel = tunnel_number(number);
	scene->network = serve_by(n_workers, &scene->tunnel, server_of(&scene->tunnel));
	for (uint32_t i = 0; i < n_workers; i++)
		token_bucket_init(&scene->network->director->workers[i]->icmp_errors, 1000000, 0);
	set_route(scene->network, "10.0.0.254", 32, FIB_LOCAL);
	set_route(scene->network, "fd00::254", 128, FIB_LOCAL);
	scene->frame = frame_of(&scene->tunnel);
	receive(scene->network, 0, CLIENTS, frame_new(&scene->frame, CLIENTS));
	rte_pktmbuf_free(sent_one(SERVERS));
	scene->frame.flags = ACK;
	scene->frame.payload = 30;
	receive(scene->network, 0, CLIENTS, frame_new(&scene->frame, CLIENTS));
	scene->frame.ttl = 63;
	m = sent_one(SERVERS);
	scene->length = (uint16_t)(m->pkt_len - 14);
	memcpy(scene->outer, rte_pktmbuf_mtod_offset(m, void *, 14), scene->length);
	rte_pktmbuf_free(m);
}

/* Of a router on the servers' side, about the tunnel's packet. */
static struct icmp_spec
outer_error(const struct scene *scene, uint8_t type4, uint8_t code4, uint8_t type6, uint8_t code6)
{
	const bool six = scene->tunnel.server6;

	return (struct icmp_spec){
		.src = six ? "fd00::2" : "10.0.0.2",
		.dst = six ? "fd00::254" : "10.0.0.254",
		.type = six ? type6 : type4,
		.code = six ? code6 : code4,
		.raw = scene->outer,
		.raw_length = scene->length,
		.src_mac = server_mac[1],
	};
}

static struct icmp_spec
outer_too_big(const struct scene *scene)
{
	struct icmp_spec spec = outer_error(scene, ICMP4_UNREACHABLE, ICMP4_TOO_BIG, ICMP6_TOO_BIG, 0);

	spec.rest[2] = TOLD_MTU >> 8;
	spec.rest[3] = TOLD_MTU & 0xff;
	return spec;
}

/* What the client hears: about his packet, from the address that he sent it to. */
static struct icmp_spec
clients_error(const struct scene *scene, uint8_t type4, uint8_t code4, uint8_t type6, uint8_t code6)
{
	const bool six = scene->tunnel.client6;

	return (struct icmp_spec){
		.src = scene->frame.dst,
		.dst = scene->frame.src,
		.type = six ? type6 : type4,
		.code = six ? code6 : code4,
		.quoted = &scene->frame,
		.cut = ICMP_QUOTE_ALL,
		.own = true,
		.src_mac = port_mac[CLIENTS],
		.dst_mac = router_mac,
	};
}

static void
nobody_hears(struct scene *scene, const struct icmp_spec *spec)
{
	receive(scene->network, 0, SERVERS, icmp_new(spec, SERVERS));
	assert_to_kernel(scene->network, EXCEPTION_OTHER);
}

static void
the_client_hears_that_his_packets_are_too_long_for_the_tunnel(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct scene scene;
		struct icmp_spec told, heard;
		uint16_t mtu;

		open_scene(&scene, i, 1);
		told = outer_too_big(&scene);
		mtu = (uint16_t)(TOLD_MTU - adds_of(&scene.tunnel));
		heard = clients_error(&scene, ICMP4_UNREACHABLE, ICMP4_TOO_BIG, ICMP6_TOO_BIG, 0);
		heard.rest[2] = (uint8_t)(mtu >> 8);
		heard.rest[3] = (uint8_t)mtu;
		receive(scene.network, 0, SERVERS, icmp_new(&told, SERVERS));
		assert_icmp_sent(CLIENTS, &heard);
		assert_to_kernel(scene.network, EXCEPTION_OTHER);
		network_free(scene.network);
	}
}

static void
an_mtu_that_can_not_be_is_not_passed_on(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct scene scene;
		struct icmp_spec told, heard;
		uint16_t least;

		open_scene(&scene, i, 1);
		told = outer_too_big(&scene);
		told.rest[2] = 0;
		told.rest[3] = (uint8_t)(adds_of(&scene.tunnel) + 1);
		least = scene.tunnel.client6 ? 1280 : 68;
		heard = clients_error(&scene, ICMP4_UNREACHABLE, ICMP4_TOO_BIG, ICMP6_TOO_BIG, 0);
		heard.rest[2] = (uint8_t)(least >> 8);
		heard.rest[3] = (uint8_t)least;
		receive(scene.network, 0, SERVERS, icmp_new(&told, SERVERS));
		assert_icmp_sent(CLIENTS, &heard);
		assert_to_kernel(scene.network, EXCEPTION_OTHER);
		told.rest[3]--;
		nobody_hears(&scene, &told);
		network_free(scene.network);
	}
}

static void
the_client_hears_that_there_is_no_way_to_the_server(void **state)
{
	static const uint8_t said[][4] = {
		{ ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 3 },
		{ ICMP4_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0 },
	};
	static const uint8_t heards[][4] = {
		{ ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 0 },
		{ ICMP4_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0 },
	};

	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct scene scene;

		open_scene(&scene, i, 1);
		for (size_t k = 0; k < RTE_DIM(said); k++) {
			const struct icmp_spec told =
				outer_error(&scene, said[k][0], said[k][1], said[k][2], said[k][3]);
			const struct icmp_spec heard =
				clients_error(&scene, heards[k][0], heards[k][1], heards[k][2], heards[k][3]);

			receive(scene.network, 0, SERVERS, icmp_new(&told, SERVERS));
			assert_icmp_sent(CLIENTS, &heard);
			assert_to_kernel(scene.network, EXCEPTION_OTHER);
			assert_int_equal(scene.network->director->workers[0]->loads[0].out_packets, k + 1);
		}
		network_free(scene.network);
	}
}

static void
what_is_no_error_about_our_tunnel_is_the_kernels(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct scene scene;
		struct icmp_spec told;

		open_scene(&scene, i, 1);
		serve_at(scene.network, 1, &scene.tunnel, scene.tunnel.server6 ? "fd00::2" : "10.0.0.2",
			 scene.tunnel.client6 ? "2001:db8::2" : "192.0.2.2");
		told = outer_error(&scene, ICMP4_PARAMETER, 0, ICMP6_PARAMETER, 0);
		nobody_hears(&scene, &told);
		told = outer_too_big(&scene);
		/* the inner ports are cut off */
		told.raw_length = (uint16_t)(adds_of(&scene.tunnel) + (scene.tunnel.client6 ? 40 : 20) + 7);
		nobody_hears(&scene, &told);
		told.raw_length = scene.length;
		/* another client's port: no connection */
		scene.outer[adds_of(&scene.tunnel) + (scene.tunnel.client6 ? 40 : 20)] ^= 1;
		nobody_hears(&scene, &told);
		scene.outer[adds_of(&scene.tunnel) + (scene.tunnel.client6 ? 40 : 20)] ^= 1;
		/* to a server, but not the connection's */
		scene.outer[scene.tunnel.server6 ? 39 : 19] ^= 3;
		nobody_hears(&scene, &told);
		scene.outer[scene.tunnel.server6 ? 39 : 19] ^= 3;
		/* a later fragment of something else */
		if (!scene.tunnel.server6) {
			scene.outer[7] = 5;
			nobody_hears(&scene, &told);
		}
		network_free(scene.network);
	}
}

static void
whichever_worker_gets_the_error_the_client_hears_of_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		for (uint32_t at = 0; at < 3; at++) {
			struct scene scene;
			struct icmp_spec told, heard;

			open_scene(&scene, i, 3);
			told = outer_error(&scene, ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 0);
			heard = clients_error(&scene, ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 0);
			receive(scene.network, at, SERVERS, icmp_new(&told, SERVERS));
			assert_icmp_sent(CLIENTS, &heard);
			assert_to_kernel(scene.network, EXCEPTION_OTHER);
			network_free(scene.network);
		}
	}
}

static void
who_does_not_look_for_the_mtu_is_not_told_it(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct scene scene;
		struct icmp_spec told;

		open_scene(&scene, i, 1);
		told = outer_too_big(&scene);
		scene.outer[adds_of(&scene.tunnel) + 6] &= (uint8_t)~0x40;
		if (!scene.tunnel.client6)
			nobody_hears(&scene, &told);
		network_free(scene.network);
	}
}

static void
an_error_with_a_wrong_sum_is_dropped(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		struct rte_mbuf *m;
		struct icmp_spec told;
		struct scene scene;

		open_scene(&scene, i, 1);
		told = outer_too_big(&scene);
		m = icmp_new(&told, SERVERS);
		rte_pktmbuf_mtod(m, uint8_t *)[14 + (scene.tunnel.server6 ? 40 : 20) + 6] ^= 1;
		receive(scene.network, 0, SERVERS, m);
		assert_dropped(scene.network, DROP_ICMP_CHECKSUM);
		network_free(scene.network);
	}
}

/* What the director once sent to a server of two services, perhaps, with what looks like a tunnel's packet within: the
 * owners of the flow within, and those of the flow around it, are asked once each. */
static void
an_error_ends_somewhere_whatever_is_quoted(void **state)
{
	static const uint8_t gue[4] = { 0, IPPROTO_IPIP, 0, 0 };
	const struct dest_spec dest = { .address = "10.0.0.1", .port = 53, .weight = 1, .forward = FORWARD_NAT };
	const struct frame within = {
		.src = "10.0.0.1", .dst = "198.51.100.7", .sport = 53, .dport = 1234, .proto = IPPROTO_UDP
	};

	(void)state;
	for (uint32_t n_workers = 2; n_workers <= 4; n_workers++) {
		struct network *network = network_new(n_workers, 64);

		set_route(network, "10.0.0.254", 32, FIB_LOCAL);
		director_serve(network->director, 0, IPPROTO_UDP, "192.0.2.1", 53, "rr", 0, &dest, 1);
		director_serve(network->director, 1, IPPROTO_UDP, "192.0.2.2", 53, "rr", 0, &dest, 1);
		for (uint32_t n = 0; n < 256; n++) {
			struct rte_mbuf *inner = frame_new(&within, SERVERS), *outer;
			uint8_t data[64];
			struct frame around = {
				.src = "10.0.0.254", .dst = "10.0.0.1", .dport = 53, .proto = IPPROTO_UDP
			};
			struct icmp_spec told = { .src = "10.0.0.2",
						  .dst = "10.0.0.254",
						  .type = ICMP4_UNREACHABLE,
						  .code = 1,
						  .src_mac = server_mac[1] };

			memcpy(data, gue, sizeof(gue));
			memcpy(data + sizeof(gue), rte_pktmbuf_mtod_offset(inner, void *, 14), inner->pkt_len - 14);
			around.sport = (uint16_t)(10000 + n);
			around.data = data;
			around.data_length = (uint16_t)(sizeof(gue) + inner->pkt_len - 14);
			outer = frame_new(&around, SERVERS);
			told.raw = rte_pktmbuf_mtod_offset(outer, uint8_t *, 14);
			told.raw_length = (uint16_t)(outer->pkt_len - 14);
			receive(network, n % n_workers, SERVERS, icmp_new(&told, SERVERS));
			assert_to_kernel(network, EXCEPTION_OTHER);
			rte_pktmbuf_free(inner);
			rte_pktmbuf_free(outer);
		}
		network_free(network);
	}
}

static void
what_is_said_of_the_servers_answers_goes_into_the_tunnel(void **state)
{
	(void)state;
	for (size_t i = 0; i < TUNNELS; i++) {
		const struct dest_load *load;
		struct icmp_spec said;
		struct frame answer;
		struct scene scene;

		open_scene(&scene, i, 1);
		load = &scene.network->director->workers[0]->loads[0];
		answer = scene.frame;
		answer.src = scene.frame.dst;
		answer.dst = scene.frame.src;
		answer.sport = scene.frame.dport;
		answer.dport = scene.frame.sport;
		said = (struct icmp_spec){
			.src = scene.tunnel.client6 ? "2001:db8:1::1" : "198.51.100.1",
			.dst = answer.src,
			.type = scene.tunnel.client6 ? ICMP6_TOO_BIG : ICMP4_UNREACHABLE,
			.code = scene.tunnel.client6 ? 0 : ICMP4_TOO_BIG,
			.rest = { 0, 0, TOLD_MTU >> 8, TOLD_MTU & 0xff },
			.quoted = &answer,
			.cut = ICMP_QUOTE_ALL,
		};
		receive(scene.network, 0, CLIENTS, icmp_new(&said, CLIENTS));
		said.ttl = 63;
		check_tunneled(&scene.tunnel, sent_one(SERVERS), icmp_new(&said, SERVERS));
		assert_int_equal(load->in_packets, 3);
		assert_accounts_close(scene.network);
		said.ttl = 1;
		receive(scene.network, 0, CLIENTS, icmp_new(&said, CLIENTS));
		assert_dropped(scene.network, DROP_IP_TTL);
		network_free(scene.network);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_client_hears_that_his_packets_are_too_long_for_the_tunnel),
		cmocka_unit_test(an_mtu_that_can_not_be_is_not_passed_on),
		cmocka_unit_test(the_client_hears_that_there_is_no_way_to_the_server),
		cmocka_unit_test(what_is_no_error_about_our_tunnel_is_the_kernels),
		cmocka_unit_test(who_does_not_look_for_the_mtu_is_not_told_it),
		cmocka_unit_test(an_error_with_a_wrong_sum_is_dropped),
		cmocka_unit_test(an_error_ends_somewhere_whatever_is_quoted),
		cmocka_unit_test(whichever_worker_gets_the_error_the_client_hears_of_it),
		cmocka_unit_test(what_is_said_of_the_servers_answers_goes_into_the_tunnel),
	};

	return cmocka_run_group_tests(tests, packets_start, packets_stop);
}
