/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The choice of local address and port (lb/laddr.c) so that replies come back to the worker that chose, held against a
 * Toeplitz hash written down bit by bit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "director_fixture.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "random_source.h"

#define PORT 3 /* towards the servers */

/* Microsoft's definition: for every set bit of the input, the 32 bits of the key that begin at its place. */
static uint32_t
toeplitz(const uint8_t *key, const uint8_t *input, size_t length)
{
	uint32_t hash = 0;

	for (size_t bit = 0; bit < length * 8; bit++) {
		uint32_t window = 0;

		if (!(input[bit / 8] & (0x80 >> bit % 8)))
			continue;
		for (size_t i = bit; i < bit + 32; i++)
			window = window << 1 | (key[i / 8] >> (7 - i % 8) & 1);
		hash ^= window;
	}
	return hash;
}

static uint32_t
hash_of(const uint8_t *key, const struct flow *flow)
{
	size_t length = flow->family == AF_INET ? 4 : 16;
	uint8_t input[36];

	memcpy(input, &flow->src, length);
	memcpy(input + length, &flow->dst, length);
	memcpy(input + 2 * length, &flow->sport, 2);
	memcpy(input + 2 * length + 2, &flow->dport, 2);
	return toeplitz(key, input, 2 * length + 4);
}

static uint32_t
owner_by_hand(const struct director *director, const struct flow *flow)
{
	const struct steering *steering = director->steering;

	if (director->n_workers == 1)
		return 0;
	return steering->reta[hash_of(steering->key, flow) % steering->reta_size];
}

struct setting {
	struct director *director;
	const struct service *svc;
	uint32_t next_client;
};

static void
publish_laddrs(struct director *director, const char *const *texts, uint32_t n, uint16_t first, uint16_t last)
{
	struct ip_addr addresses[8];
	struct laddr_group_spec group = {
		.name = "g",
		.port = PORT,
		.addresses = addresses,
		.n_addresses = n,
		.first_port = first,
		.last_port = last,
		.active = true,
	};

	for (uint32_t i = 0; i < n; i++)
		addresses[i] = address_of(texts[i]);
	assert_int_equal(laddrs_publish(director->lb, &group, 1), 0);
}

/* A full-NAT service with one server and one local address, all of one family. */
static struct setting
setting_new(uint32_t n_workers, bool ipv6, uint16_t first, uint16_t last)
{
	const struct dest_spec server = {
		.address = ipv6 ? "fd00::1" : "10.0.0.1",
		.port = 8080,
		.weight = 1,
		.forward = FORWARD_FULLNAT,
	};
	const char *laddr = ipv6 ? "fd00::100" : "10.0.0.100";
	struct setting here = { .director = director_new(n_workers, 70000) };

	here.svc = director_serve(here.director, 0, IPPROTO_TCP, ipv6 ? "2001:db8::1" : "192.0.2.1", 80, "rr", 0,
				  &server, 1);
	publish_laddrs(here.director, &laddr, 1, first, last);
	return here;
}

static void
setting_free(struct setting *here)
{
	director_free(here->director);
}

static struct flow
client_flow(struct setting *here)
{
	struct flow flow = here->svc->key.family == AF_INET6
				   ? flow_of(IPPROTO_TCP, "2001:db8:1::", 1000, "2001:db8::1", 80)
				   : flow_of(IPPROTO_TCP, "198.51.0.0", 1000, "192.0.2.1", 80);

	here->next_client++;
	flow.src.word[here->svc->key.family == AF_INET6 ? 3 : 0] += rte_cpu_to_be_32(here->next_client & 0xffff);
	flow.sport = rte_cpu_to_be_16((uint16_t)(1000 + (here->next_client >> 16)));
	return flow;
}

/* A new connection of WORKER, in ESTABLISHED. 0, or the negative drop reason. */
static int
open_conn(struct setting *here, uint32_t worker, struct conn **ret)
{
	struct worker *self = here->director->workers[worker];
	struct flow flow = client_flow(here), reply;
	uint32_t recycle;
	struct forward_request request = {
		.self = self, .svc = here->svc, .dest = here->svc->dests[0], .flow = &flow, .port = PORT
	};
	int err = forward_fullnat.bind(&request, &reply, &recycle);

	if (err < 0)
		return err;
	assert_int_equal(owner_by_hand(here->director, &reply), worker);
	assert_true(ip_bits_equal(&reply.src, &here->svc->dests[0]->addr.ip));
	assert_int_equal(reply.sport, here->svc->dests[0]->port);
	err = conn_open(self, here->svc, here->svc->dests[0], &forward_fullnat, &flow, &reply, recycle, ret);
	assert_int_equal(err, 0);
	conn_set_state(self, *ret, TCP_ESTABLISHED_);
	return 0;
}

static uint16_t
local_port(const struct setting *here, const struct conn *conn)
{
	return rte_be_to_cpu_16(here->svc->key.family == AF_INET6 ? conn->key6[CONN_OUT].dport
								  : conn->key4[CONN_OUT].dport);
}

/* How many ports of the range bring replies of the one server to WORKER. */
static uint32_t
ports_of(const struct setting *here, uint32_t worker, uint16_t first, uint16_t last)
{
	struct flow reply = here->svc->key.family == AF_INET6 ? flow_of(IPPROTO_TCP, "fd00::1", 8080, "fd00::100", 0)
							      : flow_of(IPPROTO_TCP, "10.0.0.1", 8080, "10.0.0.100", 0);
	uint32_t n = 0;

	for (uint32_t port = first; port <= last; port++) {
		reply.dport = rte_cpu_to_be_16((uint16_t)port);
		n += owner_by_hand(here->director, &reply) == worker;
	}
	return n;
}

static void
the_hash_is_microsofts(void **state)
{
	static const uint8_t key[STEERING_KEY_LENGTH] = {
		0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3,
		0x8f, 0xb0, 0xd0, 0xca, 0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3,
		0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b, 0xbe, 0xac, 0x01, 0xfa,
	};
	const struct flow v4 = flow_of(6, "66.9.149.187", 2794, "161.142.100.80", 1766);
	const struct flow v6 = flow_of(6, "3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766);
	struct steering *steering;

	(void)state;
	assert_int_equal(hash_of(key, &v4), 0x51ccc178);
	assert_int_equal(hash_of(key, &v6), 0x40207d3d);
	assert_int_equal(steering_create(key, 128, 2, &steering), 0);
	assert_int_equal(steering_hash(steering, &v4), 0x51ccc178);
	assert_int_equal(steering_hash(steering, &v6), 0x40207d3d);
	steering_destroy(steering);
}

static void
random_flows_have_the_owner_that_the_hash_says(void **state)
{
	struct random_source random = random_source_new(21);
	struct director *director = director_new(5, 16);

	(void)state;
	for (int i = 0; i < 20000; i++) {
		struct flow flow = { .family = i % 2 ? AF_INET : AF_INET6, .proto = IPPROTO_TCP };

		random_bytes(&random, &flow.src, i % 2 ? 4 : 16);
		random_bytes(&random, &flow.dst, i % 2 ? 4 : 16);
		random_bytes(&random, &flow.sport, 2);
		random_bytes(&random, &flow.dport, 2);
		assert_int_equal(steering_hash(director->steering, &flow), hash_of(director->steering->key, &flow));
		assert_int_equal(owner_of(director->steering, &flow), owner_by_hand(director, &flow));
	}
	director_free(director);
}

/* Fills the workers' ports to half, to nine tenths, and wholly; each choice is checked in open_conn(). */
static void
fill(uint32_t n_workers, bool ipv6)
{
	const uint16_t first = 20000, last = 23999;
	struct setting here = setting_new(n_workers, ipv6, first, last);
	struct conn *conn;

	for (uint32_t worker = 0; worker < n_workers; worker++) {
		uint32_t n = ports_of(&here, worker, first, last), opened = 0;

		assert_true(n > 0);
		for (; opened < n - n / 50; opened++) {
			assert_int_equal(open_conn(&here, worker, &conn), 0);
			assert_in_range(local_port(&here, conn), first, last);
		}
		/* The last few may take more looks than one choice has: but not for ever. */
		for (int choice = 0; choice < 100 && opened < n; choice++)
			opened += open_conn(&here, worker, &conn) == 0;
		assert_int_equal(opened, n);
		assert_int_equal(open_conn(&here, worker, &conn), -DROP_NO_LOCAL_PORT);
	}
	setting_free(&here);
}

static void
replies_are_the_choosers_own_until_all_ports_are_used(void **state)
{
	static const uint32_t counts[] = { 1, 2, 3, 4, 64 };

	(void)state;
	for (uint32_t i = 0; i < 5; i++) {
		fill(counts[i], false);
		fill(counts[i], true);
	}
}

static void
of_a_range_nine_tenths_full_a_port_is_always_found(void **state)
{
	struct random_source random = random_source_new(22);
	struct setting here = setting_new(2, false, 30000, 39999);
	uint32_t n = ports_of(&here, 0, 30000, 39999) * 9 / 10;
	struct conn **conns = calloc(n, sizeof(*conns));

	(void)state;
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(open_conn(&here, 0, &conns[i]), 0);
	for (uint32_t i = 0; i < 20000; i++) {
		uint32_t k = random_upto(&random, n);

		conn_close(here.director->workers[0], conns[k], AF_INET);
		assert_int_equal(open_conn(&here, 0, &conns[k]), 0);
	}
	free(conns);
	setting_free(&here);
}

static void
a_hundred_ports_serve_two_workers_to_the_last(void **state)
{
	struct setting here = setting_new(2, false, 40000, 40099);
	uint32_t opened[2] = { 0 };
	bool used[100] = { false };
	struct conn *conn;

	(void)state;
	for (uint32_t worker = 0; worker < 2; worker++) {
		while (open_conn(&here, worker, &conn) == 0) {
			opened[worker]++;
			assert_false(used[local_port(&here, conn) - 40000]);
			used[local_port(&here, conn) - 40000] = true;
		}
		assert_int_equal(opened[worker], ports_of(&here, worker, 40000, 40099));
	}
	assert_int_equal(opened[0] + opened[1], 100);
	setting_free(&here);
}

static void
the_ends_of_the_range_are_used_and_port_zero_is_not(void **state)
{
	struct setting here = setting_new(1, false, 0, 3);
	uint32_t seen = 0;
	struct conn *conn;

	(void)state;
	while (open_conn(&here, 0, &conn) == 0)
		seen |= 1u << local_port(&here, conn);
	assert_int_equal(seen, 0xe);
	setting_free(&here);
	here = setting_new(1, false, 65533, 65535);
	for (seen = 0; open_conn(&here, 0, &conn) == 0;)
		seen |= 1u << (local_port(&here, conn) - 65530);
	assert_int_equal(seen, 0x38);
	setting_free(&here);
}

static void
the_port_that_was_freed_last_comes_last(void **state)
{
	struct setting here = setting_new(1, false, 50000, 50999);
	struct conn *conn;
	uint16_t freed;

	(void)state;
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	freed = local_port(&here, conn);
	conn_close(here.director->workers[0], conn, AF_INET);
	for (int i = 0; i < 999; i++) {
		assert_int_equal(open_conn(&here, 0, &conn), 0);
		assert_int_not_equal(local_port(&here, conn), freed);
	}
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(local_port(&here, conn), freed);
	setting_free(&here);
}

static void
closed_connections_give_their_ports_oldest_first(void **state)
{
	struct setting here = setting_new(1, false, 50000, 50039);
	struct worker *self = here.director->workers[0];
	struct conn *conns[40], *conn;
	uint16_t ports[40];

	(void)state;
	for (uint32_t i = 0; i < 40; i++) {
		assert_int_equal(open_conn(&here, 0, &conns[i]), 0);
		ports[i] = local_port(&here, conns[i]);
	}
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	/* They end in another order than they began, one stays. */
	for (uint32_t i = 0; i < 39; i++) {
		struct conn *ending = conns[i * 7 % 39];

		self->now_ms += 10;
		ending->last_seen_ms = self->now_ms;
		ending->last_ack[CONN_OUT] = rte_cpu_to_be_32(1000000 * (i + 1));
		conn_set_state(self, ending, i % 2 ? TCP_TIME_WAIT_ : TCP_CLOSE_);
	}
	for (uint32_t i = 0; i < 39; i++) {
		self->now_ms += 10;
		assert_int_equal(open_conn(&here, 0, &conn), 0);
		assert_int_equal(local_port(&here, conn), ports[i * 7 % 39]);
		assert_true(conn->flags & CONN_SHIFTED);
		assert_int_equal(conn_cold(self->conns[TABLE_IPV4], conn)->expected, 1000000 * (i + 1) + 65536);
		assert_int_equal(self->counters.count[COUNT_LADDR_RECYCLED], i + 1);
		assert_int_equal(self->conns[TABLE_IPV4]->n_used, 40);
	}
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	setting_free(&here);
}

static void
a_closed_connection_without_acknowledgement_leaves_nothing_to_follow(void **state)
{
	struct setting here = setting_new(1, false, 50000, 50000);
	struct worker *self = here.director->workers[0];
	struct conn *conn;

	(void)state;
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	conn_set_state(self, conn, TCP_CLOSE_);
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(conn->flags & CONN_SHIFTED, 0);
	setting_free(&here);
}

static void
several_addresses_share_the_connections(void **state)
{
	static const char *const texts[] = { "10.0.0.100", "10.0.0.101", "10.0.0.102" };
	struct setting here = setting_new(2, false, 1, 1);
	uint32_t n[3] = { 0 };
	struct conn *conn;

	(void)state;
	publish_laddrs(here.director, texts, 3, 10000, 19999);
	for (int i = 0; i < 3000; i++) {
		assert_int_equal(open_conn(&here, i % 2, &conn), 0);
		n[(rte_be_to_cpu_32(conn->key4[CONN_OUT].dst) & 0xff) - 100]++;
	}
	for (int i = 0; i < 3; i++)
		assert_in_range(n[i], 850, 1150);
	setting_free(&here);
}

static void
a_full_address_refuses_nobody_while_another_has_ports(void **state)
{
	static const char *const texts[] = { "10.0.0.100", "10.0.0.101", "10.0.0.102" };
	struct setting here = setting_new(1, false, 1, 1);
	struct conn *conn;

	(void)state;
	publish_laddrs(here.director, texts, 2, 10000, 10099);
	for (int i = 0; i < 200; i++)
		assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	publish_laddrs(here.director, texts, 3, 10000, 10099);
	for (int i = 0; i < 100; i++)
		assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	setting_free(&here);
}

static void
only_active_groups_of_the_right_name_port_and_family_serve(void **state)
{
	struct setting here = setting_new(1, false, 10000, 19999);
	struct ip_addr v4 = address_of("10.0.0.100"), v6 = address_of("fd00::100");
	struct laddr_group_spec groups[] = {
		{ .name = "v6", .port = PORT, .addresses = &v6, .n_addresses = 1, .last_port = 9, .active = true },
		{ .name = "off", .port = PORT, .addresses = &v4, .n_addresses = 1, .last_port = 9 },
		{ .name = "far", .port = 9, .addresses = &v4, .n_addresses = 1, .last_port = 9, .active = true },
		{ .name = "own", .port = PORT, .addresses = &v4, .n_addresses = 1, .last_port = 9, .active = true },
	};
	struct service wanting = *here.svc;
	struct conn *conn;

	(void)state;
	assert_int_equal(laddrs_publish(here.director->lb, groups, 3), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LADDR);
	assert_int_equal(laddrs_publish(here.director->lb, groups, 4), 0);
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	here.svc = &wanting;
	strcpy(wanting.laddr_group, "far");
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LADDR);
	strcpy(wanting.laddr_group, "own");
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(laddrs_publish(here.director->lb, NULL, 0), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LADDR);
	setting_free(&here);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_microsofts),
		cmocka_unit_test(random_flows_have_the_owner_that_the_hash_says),
		cmocka_unit_test(replies_are_the_choosers_own_until_all_ports_are_used),
		cmocka_unit_test(of_a_range_nine_tenths_full_a_port_is_always_found),
		cmocka_unit_test(a_hundred_ports_serve_two_workers_to_the_last),
		cmocka_unit_test(the_ends_of_the_range_are_used_and_port_zero_is_not),
		cmocka_unit_test(the_port_that_was_freed_last_comes_last),
		cmocka_unit_test(closed_connections_give_their_ports_oldest_first),
		cmocka_unit_test(a_closed_connection_without_acknowledgement_leaves_nothing_to_follow),
		cmocka_unit_test(several_addresses_share_the_connections),
		cmocka_unit_test(a_full_address_refuses_nobody_while_another_has_ports),
		cmocka_unit_test(only_active_groups_of_the_right_name_port_and_family_serve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
