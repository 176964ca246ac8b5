/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which local address and port comes next (lb/laddr.c): the one that was free longest, the one that closed first, and
 * what several addresses and groups share.
 */
#include "local_ports.h"

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
	here.director->workers[0]->now_ms += 16;
	for (int i = 0; i < 100; i++)
		assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LOCAL_PORT);
	setting_free(&here);
}

/* Or a flood would buy a search with each SYN. */
static void
a_search_in_vain_is_not_repeated_at_once(void **state)
{
	struct setting here = setting_new(1, false, 50000, 50000);
	struct worker *self = here.director->workers[0];
	struct conn *conn, *other;

	(void)state;
	self->now_ms = 1000;
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(open_conn(&here, 0, &other), -DROP_NO_LOCAL_PORT);
	conn_close(self, conn, AF_INET);
	self->now_ms += 15;
	assert_int_equal(open_conn(&here, 0, &other), -DROP_NO_LOCAL_PORT);
	self->now_ms += 1;
	assert_int_equal(open_conn(&here, 0, &other), 0);
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
	strcpy(wanting.options.laddr_group, "far");
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LADDR);
	strcpy(wanting.options.laddr_group, "own");
	assert_int_equal(open_conn(&here, 0, &conn), 0);
	assert_int_equal(laddrs_publish(here.director->lb, NULL, 0), 0);
	assert_int_equal(open_conn(&here, 0, &conn), -DROP_NO_LADDR);
	setting_free(&here);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_port_that_was_freed_last_comes_last),
		cmocka_unit_test(closed_connections_give_their_ports_oldest_first),
		cmocka_unit_test(a_closed_connection_without_acknowledgement_leaves_nothing_to_follow),
		cmocka_unit_test(several_addresses_share_the_connections),
		cmocka_unit_test(a_full_address_refuses_nobody_while_another_has_ports),
		cmocka_unit_test(a_search_in_vain_is_not_repeated_at_once),
		cmocka_unit_test(only_active_groups_of_the_right_name_port_and_family_serve),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
