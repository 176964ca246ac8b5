/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection between the families for which IPv4's index has no room: nothing of it is left. Its table is made with
 * room for all of them (test_conn_foreign), so the test has one that isn't.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "director_fixture.h"
#include "index_keys.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"

#define CLIENTS 4096u

/* As the worker has it between the families. */
static struct flow
client_flow(uint32_t number)
{
	struct flow flow = flow_of(6, "198.51.100.1", (uint16_t)(1000 + number), "192.0.2.1", 80);

	return flow_mapped(&flow);
}

static void
assert_unchanged(const struct worker *self, uint32_t n)
{
	assert_int_equal(self->mapped_conns, n);
	assert_int_equal(self->conns[TABLE_IPV6]->n_used, n);
	assert_int_equal(keys_in(self->conns[TABLE_IPV6]), n);
	assert_int_equal(self->counters.count[COUNT_CONNS], n);
}

static void
what_finds_no_room_in_the_other_index_leaves_nothing(void **state)
{
	static const uint64_t seed[3] = { 1, 2, 3 };
	const struct dest_spec server = {
		.address = "2001:db8::1", .port = 80, .weight = 1, .forward = FORWARD_FULLNAT
	};
	struct director *director = director_new(1, CLIENTS);
	const struct service *svc = director_serve(director, 0, 6, "192.0.2.1", 80, "rr", 0, &server, 1);
	struct worker *self = director->workers[0];
	struct conn *conns[CLIENTS];
	uint32_t n = 0;

	(void)state;
	conn_table_destroy(self->conns[TABLE_IPV4]);
	assert_int_equal(conn_table_create(false, 16, 0, -1, false, seed, &self->conns[TABLE_IPV4]), 0);
	for (uint32_t number = 0; number < CLIENTS; number++) {
		const struct flow flow = client_flow(number);
		int err = conn_begin(self, svc, svc->dests[0], &forward_fullnat_mapped, &flow, &conns[n]);

		if (err < 0) {
			assert_int_equal(err, -DROP_CONN_TABLE_FULL);
			assert_int_equal(conn_find_flow(self->conns[TABLE_IPV6], &flow), CONN_NONE);
		}
		n += err == 0;
		assert_unchanged(self, n);
	}
	assert_in_range(n, 64, CLIENTS - 64);
	while (n > 0) {
		conn_close(self, conns[--n], AF_INET6);
		assert_unchanged(self, n);
	}
	director_free(director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_finds_no_room_in_the_other_index_leaves_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
