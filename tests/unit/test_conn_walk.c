/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Looking at a worker's connections while it opens and closes them as fast as it can: each that is shown is one, and not
 * half of one and half of the next.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "director_fixture.h"
#include "lb/conn_table.h"
#include "lb/conn_life.h"
#include "lb/conn_walk.h"
#include "lb/forward.h"

#define PLACES 64u
#define RUN_MS 1000
#define GIVEN_UP_MS 20000

struct churn {
	struct worker *worker;
	bool ipv6;
	bool stop;
	uint64_t rounds;
};

/* All that identifies the connection is made of one number. */
static void
open_numbered(struct conn_table *table, uint32_t number)
{
	struct conn *conn = conn_new(table);

	conn->proto = 17;
	conn->dest = number;
	if (table->ipv6) {
		for (int i = 0; i < 16; i += 4) {
			memcpy(conn->key6[CONN_IN].src + i, &number, 4);
			memcpy(conn->key6[CONN_IN].dst + i, &number, 4);
		}
		conn->key6[CONN_OUT] = conn->key6[CONN_IN];
	} else {
		conn->key4[CONN_IN] = (struct conn_key4){ number, number, (uint16_t)number, (uint16_t)number };
		conn->key4[CONN_OUT] = conn->key4[CONN_IN];
	}
	conn_cold(table, conn)->created_ms = 0;
	assert_int_equal(conn_link(table, conn, CONN_IN, NULL), 0);
	conn_show(table, conn);
}

static void *
churn_run(void *arg)
{
	struct churn *churn = arg;
	struct conn_table *table = churn->worker->conns[churn->ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	uint32_t number = 0;

	while (!__atomic_load_n(&churn->stop, __ATOMIC_RELAXED)) {
		struct conn *conn = conn_at(table, number % PLACES);

		if (number >= PLACES) {
			conn_unlink(table, conn, CONN_IN);
			conn_free(table, conn);
		}
		open_numbered(table, number++);
		__atomic_store_n(&churn->rounds, churn->rounds + 1, __ATOMIC_RELAXED);
	}
	return NULL;
}

static bool
is_of_one_number(const struct conn_entry *entry)
{
	const struct flow *flow[2] = { &entry->client, &entry->server };

	for (int i = 0; i < 2; i++) {
		uint32_t n_words = flow[i]->family == AF_INET ? 1 : 4;

		for (uint32_t word = 0; word < n_words; word++)
			if (flow[i]->src.word[word] != entry->dest || flow[i]->dst.word[word] != entry->dest)
				return false;
	}
	return entry->client.family == AF_INET6 || entry->client.sport == (uint16_t)entry->dest;
}

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* However busy the machine is, both have done something. */
static bool
has_seen_enough(const struct churn *churn, uint64_t seen)
{
	return __atomic_load_n(&churn->rounds, __ATOMIC_RELAXED) > 10000 && seen > 1000;
}

static void
watch(bool ipv6)
{
	struct director *director = director_new(1, 1024);
	struct churn churn = { .worker = director->workers[0], .ipv6 = ipv6 };
	uint64_t end = now_ms() + RUN_MS, seen = 0;
	pthread_t thread;

	assert_int_equal(pthread_create(&thread, NULL, churn_run, &churn), 0);
	while (now_ms() < end || !has_seen_enough(&churn, seen)) {
		assert_true(now_ms() < end + GIVEN_UP_MS);
		struct conn_walk walk = { 0 };
		uint32_t budget = 2 * PLACES;
		struct conn_entry entry;

		while (conn_walk_next(director->lb, &walk, &budget, &entry) == 1) {
			assert_int_equal(entry.client.family, ipv6 ? AF_INET6 : AF_INET);
			assert_true(is_of_one_number(&entry));
			seen++;
		}
	}
	__atomic_store_n(&churn.stop, true, __ATOMIC_RELAXED);
	assert_int_equal(pthread_join(thread, NULL), 0);
	director_free(director);
}

static void
an_ipv4_connection_is_never_shown_in_half(void **state)
{
	(void)state;
	watch(false);
}

static void
an_ipv6_connection_is_never_shown_in_half(void **state)
{
	(void)state;
	watch(true);
}

static void
all_workers_and_families_are_walked_within_the_budget(void **state)
{
	struct director *director = director_new(3, 1024);
	struct conn_walk walk = { 0 };
	uint32_t seen[3][TABLES] = { 0 }, budget = 0, pauses = 0;
	struct conn_entry entry;
	int got;

	(void)state;
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t n = 0; n < 10; n++) {
			open_numbered(director->workers[i]->conns[TABLE_IPV4], n);
			open_numbered(director->workers[i]->conns[TABLE_IPV6], n);
		}
	while ((got = conn_walk_next(director->lb, &walk, &budget, &entry)) != 0) {
		if (got == -EAGAIN) {
			budget = 7;
			pauses++;
			continue;
		}
		seen[entry.worker][entry.client.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6]++;
	}
	for (uint32_t i = 0; i < 3; i++)
		for (uint32_t table = 0; table < TABLES; table++)
			assert_int_equal(seen[i][table], 10);
	assert_int_equal(pauses, 60 / 7 + 1);
	director_free(director);
}

/* Its replies' flow is not settled yet. */
static void
a_connection_that_is_only_begun_is_not_listed(void **state)
{
	const struct dest_spec server = { .address = "10.0.0.1", .port = 8080, .weight = 1, .forward = FORWARD_NAT };
	struct director *director = director_new(1, 64);
	const struct service *svc = director_serve(director, 0, 6, "192.0.2.1", 80, "rr", 0, &server, 1);
	struct flow flow = flow_of(6, "198.51.100.1", 1000, "192.0.2.1", 80);
	struct flow reply = flow_of(6, "10.0.0.1", 8080, "198.51.100.1", 1000);
	struct conn_walk before = { 0 }, after = { 0 };
	uint32_t budget = 64;
	struct conn_entry entry;
	struct conn *conn;

	(void)state;
	assert_int_equal(conn_begin(director->workers[0], svc, svc->dests[0], &forward_nat, &flow, &conn), 0);
	assert_int_equal(conn_walk_next(director->lb, &before, &budget, &entry), 0);
	assert_int_equal(conn_complete(director->workers[0], conn, &flow, &reply, CONN_NONE), 0);
	assert_int_equal(conn_walk_next(director->lb, &after, &budget, &entry), 1);
	assert_memory_equal(&entry.server, &reply, sizeof(reply));
	director_free(director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_ipv4_connection_is_never_shown_in_half),
		cmocka_unit_test(an_ipv6_connection_is_never_shown_in_half),
		cmocka_unit_test(all_workers_and_families_are_walked_within_the_budget),
		cmocka_unit_test(a_connection_that_is_only_begun_is_not_listed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
