/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a connection, and what a local address costs in memory, all in.
 */
#include "conn_keys.h"
#include "director_fixture.h"
#include "lb/laddr.h"

#include <malloc.h>
#include <netinet/in.h>

#define SEEDS 8
#define CONNECTION_MAX 192 /* bytes, IPv4, found from both sides */
#define LADDRS 32

static void
a_connection_costs_at_most_192_bytes(void **state)
{
	static const uint32_t sizes[] = { 10000,   100000,   1000000,  1u << 20,  3000000,
					  8500000, 1u << 23, 10000000, 10u << 20, 100000000 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sizes); i++)
		assert_in_range(conn_table_bytes(false, sizes[i], 0), 0, (uint64_t)sizes[i] * CONNECTION_MAX);
}

static void
random_key(struct random_source *random, struct conn_key4 *key)
{
	random_bytes(random, key, sizeof(*key));
}

/* Two random keys a connection; one that is taken is drawn anew. */
static void
fill(struct conn_table *table, struct random_source *random)
{
	struct conn *conn;

	while ((conn = conn_new(table)) != NULL) {
		conn->proto = TCP;
		for (enum conn_direction direction = CONN_IN; direction <= CONN_OUT; direction++) {
			int err;

			do {
				random_key(random, &conn->key4[direction]);
				err = conn_link(table, conn, direction, NULL);
			} while (err == -EEXIST);
			if (err != 0)
				fail_msg("connection %u of %u: %s", table->n_used, table->capacity, strerror(-err));
		}
	}
}

static void
check_full(const struct conn_table *table)
{
	assert_int_equal(table->n_used, table->capacity);
	for (uint32_t number = 0; number < table->capacity; number += 97) {
		const struct conn *conn = conn_at(table, number);

		for (enum conn_direction direction = CONN_IN; direction <= CONN_OUT; direction++) {
			const void *key = conn_key(table, conn, direction);

			assert_int_equal(conn_find(table, key, TCP, conn_hash(table, key, TCP)),
					 CONN_VALUE(number, (uint32_t)direction));
		}
	}
}

/* The limit is not only a number: so many can be there, whatever the seed, in memory of either kind. */
static void
fill_whole(uint32_t capacity, int seeds)
{
	struct random_source random = random_source_new(51);

	for (int i = 0; i < seeds; i++) {
		uint64_t table_seed[3] = { random_u64(&random), random_u64(&random), random_u64(&random) };
		struct conn_table *table;

		assert_int_equal(conn_table_create(false, capacity, 0, -1, false, table_seed, &table), 0);
		assert_in_range(table->mapped, conn_table_bytes(false, capacity, 0), (uint64_t)capacity * CONNECTION_MAX);
		fill(table, &random);
		check_full(table);
		conn_table_destroy(table);
	}
}

static void
a_table_holds_as_many_connections_as_it_is_made_for(void **state)
{
	(void)state;
	fill_whole(1024, SEEDS);
	fill_whole(10000, SEEDS);
	fill_whole(1000000, SEEDS);
	fill_whole((1 << 20) + 12345, 1);
}

/* Bytes that the program has from malloc(). A sanitizer's allocator counts none. */
static size_t
allocated(void)
{
	return mallinfo2().uordblks + mallinfo2().hblkhd;
}

static void
publish_laddrs(struct director *director, const struct ip_addr *addresses, uint32_t n)
{
	const struct laddr_group_spec group = { .name = "lan",
						.addresses = addresses,
						.n_addresses = n,
						.first_port = 1025,
						.last_port = 65535,
						.active = true };

	assert_int_equal(laddrs_publish(director->lb, &group, 1), 0);
	while (rcu_reclaim(director->rcu) > 0)
		continue;
}

/* Every worker gets a port from each address. */
static void
use_all(struct director *director, const struct service *svc, const struct ip_addr *addresses)
{
	for (uint32_t i = 0; i < director->n_workers; i++) {
		uint32_t left = LADDRS, recycle;
		bool seen[LADDRS] = { false };

		for (int tries = 0; left > 0 && tries < 10000; tries++) {
			struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 80, "0.0.0.0", 0);
			uint32_t which = 0;

			assert_int_equal(laddr_choose(director->workers[i], svc, 0, NULL, &reply, &recycle), 0);
			while (!ip_bits_equal(&addresses[which].ip, &reply.dst))
				which++;
			left -= !seen[which];
			seen[which] = true;
		}
		assert_int_equal(left, 0);
	}
}

/* It is an entry of the published list, and nothing at a worker: ports are looked for in the connection table, and the
 * lists of which port leads to which worker are those of the steering, which all workers and addresses share. */
static void
a_local_address_costs_its_entry_and_nothing_at_a_worker(void **state)
{
	struct dest_spec server = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_FULLNAT };
	struct director *director = director_new(4, 1024);
	const struct service *svc = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, &server, 1);
	struct ip_addr addresses[LADDRS];
	size_t with_one, with_all;

	(void)state;
	for (uint32_t i = 0; i < LADDRS; i++)
		addresses[i] = (struct ip_addr){ .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0xc0000264 + i) };
	/* Twice: a small block that is freed may stay with malloc()'s thread cache, and counts as allocated. */
	publish_laddrs(director, addresses, 1);
	publish_laddrs(director, addresses, 1);
	with_one = allocated();
	publish_laddrs(director, addresses, LADDRS);
	with_all = allocated();
	/* A list of the addresses, and one of who has which; and malloc()'s rounding of both. */
	assert_in_range(with_all - with_one, 0, LADDRS * (2 * sizeof(struct ip_addr) + 8) + 128);
	use_all(director, svc, addresses);
	assert_int_equal(allocated(), with_all);
	director_free(director);
	/* What is shared, once. */
	assert_in_range(sizeof(struct steering), 0, 1 << 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_connection_costs_at_most_192_bytes),
		cmocka_unit_test(a_table_holds_as_many_connections_as_it_is_made_for),
		cmocka_unit_test(a_local_address_costs_its_entry_and_nothing_at_a_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
