/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The forwarding table against a list that is searched from end to end, its default routes, the quarantine of numbers,
 * and which source's word counts.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <rte_rcu_qsbr.h>

#include "core/rcu.h"
#include "eal_fixture.h"
#include "ip/fib_sources.h"

static struct rcu *rcu;
static struct fib *fib;

static int
setup(void **state)
{
	(void)state;
	rcu = rcu_create(2);
	return rcu && fib_create(4096, 4096, 64, rcu, &fib) == 0 ? 0 : -1;
}

static int
teardown(void **state)
{
	(void)state;
	fib_destroy(fib);
	rcu_destroy(rcu);
	return 0;
}

static struct ip_addr
address(const char *text)
{
	struct ip_addr addr = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(addr.family, text, addr.ip.bytes), 1);
	return addr;
}

static uint32_t
lookup(const char *text)
{
	struct ip_addr addr = address(text);

	return fib_lookup(fib, addr.family, &addr.ip);
}

static int
set(const char *text, uint8_t length, uint32_t number)
{
	struct ip_addr addr = address(text);

	return fib_set_route(fib, &addr, length, number);
}

static int
unset(const char *text, uint8_t length)
{
	struct ip_addr addr = address(text);

	return fib_delete_route(fib, &addr, length);
}

static void
a_default_route_and_its_halves_live_side_by_side(void **state)
{
	static const char *const texts[2][3] = { { "0.0.0.0", "1.2.3.4", "200.1.1.1" }, { "::", "1::", "f000::1" } };
	static const char *const halves[2][2] = { { "0.0.0.0", "128.0.0.0" }, { "::", "8000::" } };

	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_int_equal(lookup(texts[i][1]), FIB_NONE);
		assert_int_equal(set(texts[i][0], 0, 90), 0);
		assert_int_equal(lookup(texts[i][1]), 90);
		assert_int_equal(lookup(texts[i][2]), 90);
		assert_int_equal(set(halves[i][1], 1, 91), 0);
		assert_int_equal(lookup(texts[i][1]), 90);
		assert_int_equal(lookup(texts[i][2]), 91);
		assert_int_equal(set(texts[i][0], 0, 92), 0);
		assert_int_equal(lookup(texts[i][1]), 92);
		assert_int_equal(lookup(texts[i][2]), 91);
		assert_int_equal(unset(halves[i][1], 1), 0);
		assert_int_equal(lookup(texts[i][2]), 92);
		assert_int_equal(unset(halves[i][1], 1), -ENOENT);
		assert_int_equal(set(halves[i][0], 1, 93), 0);
		assert_int_equal(unset(texts[i][0], 0), 0);
		assert_int_equal(lookup(texts[i][1]), 93);
		assert_int_equal(lookup(texts[i][2]), FIB_NONE);
		assert_int_equal(unset(halves[i][0], 1), 0);
		assert_int_equal(lookup(texts[i][1]), FIB_NONE);
		assert_int_equal(unset(texts[i][0], 0), -ENOENT);
	}
}

struct model_route {
	struct ip_addr prefix;
	uint8_t length;
	uint32_t number; /* 0: not there */
};

static bool
covers(const struct model_route *route, const struct ip_addr *addr)
{
	for (int bit = 0; bit < route->length; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> (bit % 8));

		if ((route->prefix.ip.bytes[bit / 8] ^ addr->ip.bytes[bit / 8]) & mask)
			return false;
	}
	return true;
}

static uint32_t
model_lookup(const struct model_route *routes, int n, const struct ip_addr *addr)
{
	int best = -1;

	for (int i = 0; i < n; i++) {
		if (routes[i].number != 0 && covers(&routes[i], addr) &&
		    (best < 0 || routes[i].length > routes[best].length))
			best = i;
	}
	return best < 0 ? FIB_NONE : routes[best].number;
}

/* Few different bits, so that prefixes nest and meet. */
static struct ip_addr
random_address(uint16_t family)
{
	struct ip_addr addr = { .family = family };

	for (int i = 0; i < (family == AF_INET ? 4 : 16); i++)
		addr.ip.bytes[i] = (uint8_t)(rand() % 3 * 0x55);
	return addr;
}

static void
churn(uint16_t family)
{
	enum { ROUTES = 300, ROUNDS = 4000 };
	struct model_route routes[ROUTES] = { 0 };
	int bits = family == AF_INET ? 32 : 128, n = 0;

	while (n < ROUTES) {
		struct model_route route = { .prefix = random_address(family),
					     .length = (uint8_t)(rand() % (bits + 1)) };
		bool is_known = false;

		for (int bit = route.length; bit < bits; bit++)
			route.prefix.ip.bytes[bit / 8] &= (uint8_t) ~(0x80 >> (bit % 8));
		for (int i = 0; i < n; i++)
			is_known |= routes[i].length == route.length && ip_addr_equal(&routes[i].prefix, &route.prefix);
		if (!is_known)
			routes[n++] = route;
	}
	for (int round = 0; round < ROUNDS; round++) {
		struct model_route *route = &routes[rand() % ROUTES];
		struct ip_addr addr = random_address(family);

		if (route->number != 0 && rand() % 2) {
			assert_int_equal(fib_delete_route(fib, &route->prefix, route->length), 0);
			route->number = 0;
		} else {
			route->number = 80 + (uint32_t)rand() % 60;
			assert_int_equal(fib_set_route(fib, &route->prefix, route->length, route->number), 0);
		}
		assert_int_equal(fib_lookup(fib, family, &addr.ip), model_lookup(routes, ROUTES, &addr));
		addr = route->prefix;
		assert_int_equal(fib_lookup(fib, family, &addr.ip), model_lookup(routes, ROUTES, &addr));
	}
}

static void
ipv4_routes_of_all_lengths_are_found_under_churn(void **state)
{
	(void)state;
	churn(AF_INET);
}

static void
ipv6_routes_of_all_lengths_are_found_under_churn(void **state)
{
	(void)state;
	churn(AF_INET6);
}

struct reader {
	pthread_t thread;
	bool stop;
	uint32_t wrong;
};

/* 2001:db8::1 has a route all the time, whatever is added and deleted around it. */
static void *
read_all_the_time(void *arg)
{
	struct reader *reader = arg;
	struct ip_addr stable = address("2001:db8::1");

	rcu_online(rcu, 0);
	while (!__atomic_load_n(&reader->stop, __ATOMIC_RELAXED)) {
		for (int i = 0; i < 64; i++) {
			uint32_t number = fib_lookup6(fib, &stable.ip);

			reader->wrong += number != 80 && number != 81;
		}
		rte_rcu_qsbr_quiescent(rcu_qsbr(rcu), 0);
	}
	rcu_offline(rcu, 0);
	return NULL;
}

static void
a_reader_meets_no_reused_group(void **state)
{
	struct reader reader = { .wrong = 0 };

	(void)state;
	assert_int_equal(set("2001:db8::", 32, 80), 0);
	assert_int_equal(pthread_create(&reader.thread, NULL, read_all_the_time, &reader), 0);
	for (int i = 0; i < 2000; i++) {
		assert_int_equal(set("2001:db8::1", 128, 81), 0);
		assert_int_equal(unset("2001:db8::1", 128), 0);
		assert_int_equal(set("2001:db9::1", 128, 99), 0);
		assert_int_equal(unset("2001:db9::1", 128), 0);
	}
	__atomic_store_n(&reader.stop, true, __ATOMIC_RELAXED);
	pthread_join(reader.thread, NULL);
	assert_int_equal(reader.wrong, 0);
}

static void
a_number_is_reused_only_after_every_worker_has_passed(void **state)
{
	uint32_t numbers[64], number;

	(void)state;
	rcu_online(rcu, 0);
	for (int i = 0; i < 64; i++)
		assert_int_equal(fib_nexthop_new(fib, &numbers[i]), 0);
	assert_int_equal(fib_nexthop_new(fib, &number), -ENOSPC);
	fib_nexthop_set(fib, numbers[7], (union nexthop){ .state = NEXTHOP_READY });
	fib_nexthop_free(fib, numbers[7]);
	assert_int_equal(fib_nexthop_new(fib, &number), -ENOSPC);
	/* a worker that has looked it up may be about to send there */
	assert_int_equal(fib_nexthop(fib, numbers[7]).state, NEXTHOP_READY);
	rte_rcu_qsbr_quiescent(rcu_qsbr(rcu), 0);
	assert_int_equal(fib_nexthop_new(fib, &number), 0);
	assert_int_equal(number, numbers[7]);
	assert_int_equal(fib_nexthop(fib, number).state, NEXTHOP_NONE);
	rcu_offline(rcu, 0);
}

/* A neighbour without a number has no way at all, a route has the port's MTU. */
static void
the_last_numbers_are_for_neighbours(void **state)
{
	uint32_t number, n = 0;

	(void)state;
	while (fib_nexthop_new_narrow(fib, 1400, &number) == 0) {
		assert_int_equal(fib_mtu(fib, number), 1400);
		n++;
	}
	assert_int_equal(n, 64 - 64 / 8);
	for (; n < 64; n++)
		assert_int_equal(fib_nexthop_new(fib, &number), 0);
	assert_int_equal(fib_nexthop_new(fib, &number), -ENOSPC);
}

static void
the_generation_moves_with_routes_and_not_with_states(void **state)
{
	uint32_t before = fib->generation, number;

	(void)state;
	assert_int_equal(fib_nexthop_new(fib, &number), 0);
	fib_nexthop_set(fib, number, (union nexthop){ .state = NEXTHOP_READY });
	assert_int_equal(fib->generation, before);
	assert_int_equal(set("10.0.0.0", 8, number), 0);
	assert_int_not_equal(fib->generation, before);
	before = fib->generation;
	assert_int_equal(unset("10.0.0.0", 8), 0);
	assert_int_not_equal(fib->generation, before);
}

static void
what_is_no_prefix_is_refused(void **state)
{
	(void)state;
	assert_int_equal(set("10.0.0.0", 33, 80), -EINVAL);
	assert_int_equal(set("10.0.0.0", 8, FIB_NONE), -EINVAL);
	assert_int_equal(set("10.0.0.0", 8, fib->n_nexthops), -EINVAL);
}

static void
offer(const char *text, uint8_t length, enum fib_source source, uint32_t number)
{
	struct ip_addr addr = address(text);

	assert_int_equal(fib_offer(fib, &addr, length, source, number), 0);
}

static void
the_source_that_the_kernel_would_use_is_shown(void **state)
{
	(void)state;
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, 90);
	assert_int_equal(lookup("10.0.0.5"), 90);
	offer("10.0.0.5", 32, FIB_SOURCE_ROUTE, FIB_ONLINK);
	assert_int_equal(lookup("10.0.0.5"), 90);
	offer("10.0.0.5", 32, FIB_SOURCE_ROUTE, 91);
	assert_int_equal(lookup("10.0.0.5"), 91);
	offer("10.0.0.5", 32, FIB_SOURCE_LADDR, FIB_LADDR);
	assert_int_equal(lookup("10.0.0.5"), FIB_LADDR);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, 92);
	assert_int_equal(lookup("10.0.0.5"), FIB_LADDR);
	offer("10.0.0.5", 32, FIB_SOURCE_ADDRESS, FIB_LOCAL);
	assert_int_equal(lookup("10.0.0.5"), FIB_LOCAL);
	offer("10.0.0.5", 32, FIB_SOURCE_LADDR, FIB_NONE);
	offer("10.0.0.5", 32, FIB_SOURCE_ADDRESS, FIB_NONE);
	assert_int_equal(lookup("10.0.0.5"), 91);
	offer("10.0.0.5", 32, FIB_SOURCE_ROUTE, FIB_NONE);
	assert_int_equal(lookup("10.0.0.5"), 92);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, FIB_NONE);
	assert_int_equal(lookup("10.0.0.5"), FIB_NONE);
}

/* An on-link route with an MTU has a number like others, and its state says what it is. */
static void
a_neighbour_comes_before_an_on_link_route_with_an_mtu_too(void **state)
{
	uint32_t onlink;

	(void)state;
	assert_int_equal(fib_nexthop_new_narrow(fib, 1400, &onlink), 0);
	fib_nexthop_set(fib, onlink, (union nexthop){ .port = 3, .state = NEXTHOP_ONLINK });
	assert_int_equal(fib_mtu(fib, onlink), 1400);
	offer("10.0.0.5", 32, FIB_SOURCE_ROUTE, onlink);
	assert_int_equal(lookup("10.0.0.5"), onlink);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, 90);
	assert_int_equal(lookup("10.0.0.5"), 90);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, FIB_NONE);
	assert_int_equal(lookup("10.0.0.5"), onlink);
	offer("10.0.0.5", 32, FIB_SOURCE_ROUTE, FIB_NONE);
	fib_nexthop_free(fib, onlink);
	/* who has the number next has not its MTU */
	for (uint32_t number = FIB_NONE; number != onlink;)
		assert_int_equal(fib_nexthop_new(fib, &number), 0);
	assert_int_equal(fib_mtu(fib, onlink), 0);
}

static void
routes_are_found_without_what_hides_them(void **state)
{
	struct ip_addr addr = address("10.0.0.5");

	(void)state;
	offer("0.0.0.0", 0, FIB_SOURCE_ROUTE, 95);
	offer("10.0.0.77", 24, FIB_SOURCE_ROUTE, FIB_ONLINK + 3);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, 90);
	assert_int_equal(fib_route_to(fib, &addr), FIB_ONLINK + 3);
	offer("10.0.0.0", 24, FIB_SOURCE_ROUTE, FIB_NONE);
	assert_int_equal(fib_route_to(fib, &addr), 95);
	offer("0.0.0.0", 0, FIB_SOURCE_ROUTE, FIB_NONE);
	assert_int_equal(fib_route_to(fib, &addr), FIB_NONE);
	offer("10.0.0.5", 32, FIB_SOURCE_NEIGHBOUR, FIB_NONE);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_default_route_and_its_halves_live_side_by_side),
		TEST(ipv4_routes_of_all_lengths_are_found_under_churn),
		TEST(ipv6_routes_of_all_lengths_are_found_under_churn),
		TEST(a_reader_meets_no_reused_group),
		TEST(a_number_is_reused_only_after_every_worker_has_passed),
		TEST(the_last_numbers_are_for_neighbours),
		TEST(the_generation_moves_with_routes_and_not_with_states),
		TEST(what_is_no_prefix_is_refused),
		TEST(the_source_that_the_kernel_would_use_is_shown),
		TEST(a_neighbour_comes_before_an_on_link_route_with_an_mtu_too),
		TEST(routes_are_found_without_what_hides_them),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
