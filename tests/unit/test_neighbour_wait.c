/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that wait for a neighbour: asked for once, sent in order, bounded, dropped in time, and never lost.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_ring_elem.h>

#include "core/rcu.h"
#include "core/worker.h"
#include "eal_fixture.h"
#include "ip/fib_sources.h"
#include "ip/neighbour_wait.h"

#define ROOM 64
#define PER_ADDRESS 16
#define PACKETS 255

static struct {
	struct worker *worker;
	struct rcu *rcu;
	struct fib *fib;
	struct rte_mempool *pool;
	uint32_t sent[PACKETS];
	uint32_t n_sent;
	uint64_t lost[DROP_MAX];
	uint32_t last_number;
	union nexthop last_nexthop;
} test;

static void
note_sent(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop)
{
	(void)self;
	test.sent[test.n_sent++] = m->hash.usr;
	test.last_number = number;
	test.last_nexthop = nexthop;
	rte_pktmbuf_free(m);
}

static void
note_lost(struct worker *self, struct rte_mbuf *m, enum drop_reason reason)
{
	(void)self, (void)m;
	test.lost[reason]++;
}

static int
make_pool(void **state)
{
	if (eal_setup(state) != 0)
		return -1;
	test.pool = rte_pktmbuf_pool_create("packets", PACKETS, 0, 0, 256, SOCKET_ID_ANY);
	return test.pool ? 0 : -1;
}

static int
setup(void **state)
{
	const struct ip_addr v4 = { .family = AF_INET, .ip.bytes = { 10 } };
	const struct ip_addr v6 = { .family = AF_INET6, .ip.bytes = { 0xfd } };

	(void)state;
	test.n_sent = 0;
	memset(test.lost, 0, sizeof(test.lost));
	test.rcu = rcu_create(1);
	test.worker = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*test.worker), 64));
	if (!test.rcu || !test.worker || fib_create(64, 64, 64, test.rcu, &test.fib) < 0)
		return -1;
	memset(test.worker, 0, sizeof(*test.worker));
	test.worker->fib = test.fib;
	test.worker->now_ms = UINT32_MAX - 500; /* wraps while packets wait */
	test.worker->neighbour_requests = rte_ring_create_elem("requests", sizeof(struct neighbour_request), 32,
							       SOCKET_ID_ANY, RING_F_SP_ENQ | RING_F_SC_DEQ);
	if (!test.worker->neighbour_requests || neighbour_wait_create(ROOM, -1, &test.worker->waiting) < 0)
		return -1;
	if (fib_offer(test.fib, &v4, 8, FIB_SOURCE_ROUTE, FIB_ONLINK + 5) < 0)
		return -1;
	return fib_offer(test.fib, &v6, 8, FIB_SOURCE_ROUTE, FIB_ONLINK + 6);
}

static int
teardown(void **state)
{
	(void)state;
	neighbour_wait_destroy(test.worker->waiting);
	rte_ring_free(test.worker->neighbour_requests);
	free(test.worker);
	fib_destroy(test.fib);
	rcu_destroy(test.rcu);
	/* Whatever a test did, every packet is back. */
	return rte_mempool_avail_count(test.pool) == PACKETS ? 0 : -1;
}

static struct ip_addr
address(const char *text)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(addr.family, text, addr.ip.bytes), 1);
	return addr;
}

static bool
add(const char *text, uint32_t tag)
{
	struct ip_addr addr = address(text);
	struct rte_mbuf *m = rte_pktmbuf_alloc(test.pool);

	assert_non_null(m);
	m->hash.usr = tag;
	if (neighbour_wait_add(test.worker, m, addr.family, &addr.ip, fib_lookup(test.fib, addr.family, &addr.ip)))
		return true;
	rte_pktmbuf_free(m);
	return false;
}

static void
poll_after(uint32_t ms)
{
	test.worker->now_ms += ms;
	neighbour_wait_poll(test.worker, note_sent, note_lost);
	assert_int_equal(test.lost[DROP_NEIGH_FAILED], test.worker->counters.drop[DROP_NEIGH_FAILED]);
	assert_int_equal(test.lost[DROP_NO_ROUTE], test.worker->counters.drop[DROP_NO_ROUTE]);
	assert_int_equal(test.lost[DROP_BLACKHOLE], test.worker->counters.drop[DROP_BLACKHOLE]);
}

static bool
next_request(struct neighbour_request *ret)
{
	return rte_ring_sc_dequeue_elem(test.worker->neighbour_requests, ret, sizeof(*ret)) == 0;
}

static uint32_t
resolve(const char *text, uint8_t state)
{
	struct ip_addr addr = address(text);
	uint32_t number;

	assert_int_equal(fib_nexthop_new(test.fib, &number), 0);
	fib_nexthop_set(test.fib, number,
			(union nexthop){ .mac = { { 2, 0, 0, 0, 0, 9 } }, .port = 5, .state = state });
	assert_int_equal(fib_offer(test.fib, &addr, addr.family == AF_INET ? 32 : 128, FIB_SOURCE_NEIGHBOUR, number),
			 0);
	return number;
}

static uint64_t
held(void)
{
	return test.worker->counters.count[COUNT_HELD];
}

static void
an_address_is_asked_for_once(void **state)
{
	struct ip_addr addr = address("10.0.0.1");
	struct neighbour_request asked;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		assert_true(add("10.0.0.1", i));
	for (uint32_t ms = 0; ms < 2000; ms++)
		poll_after(1);
	assert_true(next_request(&asked));
	assert_int_equal(asked.family, AF_INET);
	assert_memory_equal(asked.address, addr.ip.bytes, 16);
	assert_int_equal(asked.nexthop, FIB_ONLINK + 5);
	assert_int_equal(asked.port, 5);
	assert_false(next_request(&asked));
	assert_int_equal(test.worker->counters.count[COUNT_NEIGH_ASKED], 1);
	assert_int_equal(held(), 5);
}

static void
packets_go_in_order_when_it_is_resolved(void **state)
{
	uint32_t narrow;

	(void)state;
	for (uint32_t i = 0; i < 5; i++)
		assert_true(add("10.0.0.1", 100 + i));
	assert_true(add("fd00::1", 7));
	poll_after(1);
	assert_int_equal(test.n_sent, 0);
	resolve("10.0.0.1", NEXTHOP_INCOMPLETE);
	poll_after(1);
	assert_int_equal(test.n_sent, 0);
	resolve("10.0.0.1", NEXTHOP_READY);
	poll_after(1);
	assert_int_equal(test.n_sent, 5);
	for (uint32_t i = 0; i < 5; i++)
		assert_int_equal(test.sent[i], 100 + i);
	assert_int_equal(test.last_nexthop.mac.addr_bytes[5], 9);
	assert_int_equal(held(), 1);
	narrow = resolve("fd00::1", NEXTHOP_NARROW);
	poll_after(1);
	assert_int_equal(test.sent[5], 7);
	assert_int_equal(test.last_number, narrow);
	assert_int_equal(test.last_nexthop.state, NEXTHOP_NARROW);
	assert_int_equal(held(), 0);
}

static void
who_does_not_answer_costs_the_packets(void **state)
{
	(void)state;
	assert_true(add("10.0.0.1", 1));
	assert_true(add("10.0.0.1", 2));
	for (uint32_t ms = 0; ms < 2999; ms++)
		poll_after(1);
	assert_int_equal(held(), 2);
	poll_after(1);
	assert_int_equal(held(), 0);
	assert_int_equal(test.worker->counters.drop[DROP_NEIGH_FAILED], 2);
	assert_int_equal(test.n_sent, 0);
	assert_true(add("10.0.0.1", 3));
	assert_int_equal(test.worker->counters.count[COUNT_NEIGH_ASKED], 2);
}

static void
a_route_that_goes_takes_the_packets_along(void **state)
{
	struct ip_addr v4 = address("10.0.0.0"), v6 = address("fd00::");

	(void)state;
	assert_true(add("10.0.0.1", 1));
	assert_true(add("fd00::1", 2));
	assert_int_equal(fib_offer(test.fib, &v4, 8, FIB_SOURCE_ROUTE, FIB_NONE), 0);
	assert_int_equal(fib_offer(test.fib, &v6, 8, FIB_SOURCE_ROUTE, FIB_BLACKHOLE), 0);
	poll_after(1);
	assert_int_equal(test.worker->counters.drop[DROP_NO_ROUTE], 1);
	assert_int_equal(test.worker->counters.drop[DROP_BLACKHOLE], 1);
	assert_int_equal(held(), 0);
}

static void
room_is_bounded_per_address_and_in_all(void **state)
{
	char text[32];

	(void)state;
	for (uint32_t i = 0; i < PER_ADDRESS; i++)
		assert_true(add("10.0.0.1", i));
	assert_false(add("10.0.0.1", 99));
	for (uint32_t i = PER_ADDRESS; i < ROOM; i++) {
		snprintf(text, sizeof(text), "10.0.1.%u", i);
		assert_true(add(text, i));
	}
	assert_false(add("10.0.2.1", 99));
	assert_int_equal(held(), ROOM);
	resolve("10.0.0.1", NEXTHOP_READY);
	poll_after(1);
	assert_int_equal(test.n_sent, PER_ADDRESS);
	assert_true(add("10.0.2.1", 99));
}

static void
a_full_ring_only_delays_the_question(void **state)
{
	struct neighbour_request asked;
	char text[32];
	uint32_t n = 0;

	(void)state;
	for (uint32_t i = 0; i < 50; i++) {
		snprintf(text, sizeof(text), "10.0.1.%u", i);
		assert_true(add(text, i));
	}
	while (next_request(&asked))
		n++;
	assert_int_equal(n, 31);
	poll_after(1);
	while (next_request(&asked))
		n++;
	assert_int_equal(n, 50);
	poll_after(1);
	assert_false(next_request(&asked));
}

/* Addresses come, are resolved and time out in any order; each packet is sent or dropped once. */
static void
nothing_is_lost_under_churn(void **state)
{
	uint32_t added = 0, resolved[64] = { 0 };
	struct neighbour_request asked;
	char text[32];

	(void)state;
	for (uint32_t round = 0; round < 20000; round++) {
		uint32_t host = (uint32_t)rand() % 40;
		const uint64_t *drop = test.worker->counters.drop;

		snprintf(text, sizeof(text), host % 2 ? "10.1.0.%u" : "fd00::%u", host + 1);
		if (rand() % 3 == 0 && resolved[host] == 0) {
			resolved[host] = resolve(text, NEXTHOP_READY);
		} else if (rand() % 3 == 0 && resolved[host] != 0) {
			struct ip_addr addr = address(text);

			assert_int_equal(
				fib_offer(test.fib, &addr, host % 2 ? 32 : 128, FIB_SOURCE_NEIGHBOUR, FIB_NONE), 0);
			fib_nexthop_free(test.fib, resolved[host]);
			resolved[host] = 0;
		} else if (resolved[host] == 0) {
			added += add(text, round);
		}
		test.n_sent %= PACKETS;
		poll_after((uint32_t)rand() % 200);
		while (next_request(&asked))
			;
		assert_int_equal(held() + rte_mempool_avail_count(test.pool), PACKETS);
		assert_true(drop[DROP_NEIGH_FAILED] <= added);
	}
	assert_true(added > 1000);
	assert_true(test.worker->counters.drop[DROP_NEIGH_FAILED] > 10);
	poll_after(3000);
	assert_int_equal(held(), 0);
}

/* The route has got another number, for its MTU: what was asked by the former one may never be answered. */
static void
a_question_is_asked_again_when_its_number_has_gone(void **state)
{
	const struct ip_addr v4 = { .family = AF_INET, .ip.bytes = { 10 } };
	struct neighbour_request request;

	(void)state;
	assert_true(add("10.0.0.1", 1));
	assert_true(next_request(&request));
	assert_int_equal(request.nexthop, FIB_ONLINK + 5);
	poll_after(1);
	assert_false(next_request(&request));
	assert_int_equal(fib_offer(test.fib, &v4, 8, FIB_SOURCE_ROUTE, FIB_ONLINK + 7), 0);
	poll_after(1);
	assert_true(next_request(&request));
	assert_int_equal(request.nexthop, FIB_ONLINK + 7);
	assert_int_equal(request.port, 7);
	poll_after(1);
	assert_false(next_request(&request));
	poll_after(3000);
	assert_int_equal(held(), 0);
}

static void
no_room_at_all_is_refused(void **state)
{
	struct neighbour_wait *waiting;

	(void)state;
	assert_int_equal(neighbour_wait_create(0, -1, &waiting), -EINVAL);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(an_address_is_asked_for_once),
		TEST(packets_go_in_order_when_it_is_resolved),
		TEST(who_does_not_answer_costs_the_packets),
		TEST(a_route_that_goes_takes_the_packets_along),
		TEST(room_is_bounded_per_address_and_in_all),
		TEST(a_full_ring_only_delays_the_question),
		TEST(nothing_is_lost_under_churn),
		TEST(a_question_is_asked_again_when_its_number_has_gone),
		TEST(no_room_at_all_is_refused),
	};

	return cmocka_run_group_tests(tests, make_pool, eal_teardown);
}
