/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The choice of local address and port (lb/laddr.c) so that replies come back to the worker that chose, held against a
 * Toeplitz hash written down bit by bit (toeplitz.h).
 */
#include "local_ports.h"

static void
the_hash_is_microsofts(void **state)
{
	const struct flow v4 = flow_of(6, "66.9.149.187", 2794, "161.142.100.80", 1766);
	const struct flow v6 = flow_of(6, "3ffe:2501:200:1fff::7", 2794, "3ffe:2501:200:3::1", 1766);
	struct steering *steering;

	(void)state;
	assert_int_equal(hash_of(microsoft_key, &v4), 0x51ccc178);
	assert_int_equal(hash_of(microsoft_key, &v6), 0x40207d3d);
	assert_int_equal(steering_create(microsoft_key, 128, 2, &steering), 0);
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

/* One worker whose list begins with 5,000 ports that are taken, at which it stands: a search looks at 2,048. */
static void
check_taken_in_a_row(bool ipv6)
{
	const uint32_t n = 10000, n_taken = 5000;
	struct setting here = setting_new(1, ipv6, 20000, 29999);
	struct conn **conns = calloc(n, sizeof(*conns)), *conn;
	uint32_t refused = 0;

	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(open_conn(&here, 0, &conns[i]), 0);
	for (uint32_t i = n_taken; i < n; i++)
		conn_close(here.director->workers[0], conns[i], here.svc->key.family);
	while (open_conn(&here, 0, &conn) < 0) {
		assert_true(++refused < 4);
		here.director->workers[0]->now_ms += 1000; /* after a search in vain there is none for a while */
	}
	for (uint32_t i = 1; i < n - n_taken; i++)
		assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	free(conns);
	setting_free(&here);
}

static void
beyond_many_taken_ports_in_a_row_free_ones_are_found(void **state)
{
	(void)state;
	check_taken_in_a_row(false);
	check_taken_in_a_row(true);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hash_is_microsofts),
		cmocka_unit_test(random_flows_have_the_owner_that_the_hash_says),
		cmocka_unit_test(replies_are_the_choosers_own_until_all_ports_are_used),
		cmocka_unit_test(of_a_range_nine_tenths_full_a_port_is_always_found),
		cmocka_unit_test(beyond_many_taken_ports_in_a_row_free_ones_are_found),
		cmocka_unit_test(a_hundred_ports_serve_two_workers_to_the_last),
		cmocka_unit_test(the_ends_of_the_range_are_used_and_port_zero_is_not),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
