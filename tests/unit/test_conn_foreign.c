/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Keys of connections between the families in IPv4's index (lb/conn_table.h).
 */
#include "conn_keys.h"

#define CAPACITY 10000u

static struct conn *
insert_mapped(struct conn_table *ipv4, struct conn_table *ipv6, uint32_t number)
{
	struct conn *conn = conn_new(ipv6);
	struct conn_key4 plain;
	struct conn_key6 *mapped;

	assert_non_null(conn);
	mapped = &conn->key6[CONN_OUT];
	make_key(false, number, &plain);
	mapped->src[10] = mapped->src[11] = mapped->dst[10] = mapped->dst[11] = 0xff;
	memcpy(mapped->src + 12, &plain.src, 4);
	memcpy(mapped->dst + 12, &plain.dst, 4);
	mapped->sport = plain.sport;
	mapped->dport = plain.dport;
	conn->proto = TCP;
	assert_int_equal(conn_link_foreign(ipv4, ipv6, conn, CONN_OUT), 0);
	return conn;
}

static uint32_t
find_foreign(const struct conn_table *ipv4, const struct conn_table *ipv6, uint32_t number, uint8_t proto)
{
	struct conn_key4 key;

	make_key(false, number, &key);
	return conn_find_foreign(ipv4, ipv6, &key, proto, conn_hash4(ipv4, &key, proto));
}

static void
assert_is_foreign(uint32_t value, const struct conn_table *ipv6, const struct conn *conn)
{
	assert_true(conn_value_is_foreign(value));
	assert_int_equal(value ^ CONN_FOREIGN, CONN_VALUE(conn_number(ipv6, conn), (uint32_t)CONN_OUT));
}

static void
assert_is_empty(const struct conn_table *table)
{
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		assert_int_equal(bucket_match(&table->buckets[i], 0), (1u << BUCKET_SLOTS) - 1);
		assert_int_equal(table->buckets[i].next, 0);
	}
}

static void
a_foreign_key_is_found_by_who_looks_for_one(void **state)
{
	struct conn_table *ipv4 = table_of(false, 64), *ipv6 = table_of(true, 64);
	struct conn *conn = insert_mapped(ipv4, ipv6, 7);

	(void)state;
	assert_is_foreign(find_foreign(ipv4, ipv6, 7, TCP), ipv6, conn);
	assert_int_equal(find_foreign(ipv4, ipv6, 8, TCP), CONN_NONE);
	assert_int_equal(find_foreign(ipv4, ipv6, 7, UDP), CONN_NONE);
	assert_int_equal(find(ipv4, 7, TCP), CONN_NONE);
	conn_unlink_foreign(ipv4, ipv6, conn, CONN_OUT);
	assert_int_equal(find_foreign(ipv4, ipv6, 7, TCP), CONN_NONE);
	assert_is_empty(ipv4);
	conn_table_destroy(ipv4);
	conn_table_destroy(ipv6);
}

/* The number of a connection of IPv4 is no foreign one's, and the other way round. */
static void
both_kinds_share_a_bucket(void **state)
{
	struct conn_table *ipv4 = table_of(false, 256), *ipv6 = table_of(true, 256);
	struct conn *plain[100], *mapped[100];

	(void)state;
	ipv4->n_buckets = 1;
	for (uint32_t i = 0; i < 100; i++) {
		plain[i] = insert(ipv4, TCP, i, 1000 + i);
		mapped[i] = insert_mapped(ipv4, ipv6, 2000 + i);
	}
	for (uint32_t i = 0; i < 100; i++) {
		assert_int_equal(find(ipv4, i, TCP), CONN_VALUE(conn_number(ipv4, plain[i]), (uint32_t)CONN_IN));
		assert_is_foreign(find_foreign(ipv4, ipv6, 2000 + i, TCP), ipv6, mapped[i]);
		assert_int_equal(find(ipv4, 2000 + i, TCP), CONN_NONE);
		assert_int_equal(find_foreign(ipv4, ipv6, i, TCP), CONN_NONE);
	}
	for (uint32_t i = 0; i < 100; i++) {
		conn_unlink_foreign(ipv4, ipv6, mapped[i], CONN_OUT);
		remove_conn(ipv4, plain[i]);
	}
	assert_is_empty(ipv4);
	conn_table_destroy(ipv4);
	conn_table_destroy(ipv6);
}

/* As many as either table holds, at once. */
static void
a_full_table_has_room_for_all_foreign_keys(void **state)
{
	static const uint32_t foreign[] = { CAPACITY / 10, CAPACITY, 20 * CAPACITY };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(foreign); i++) {
		struct conn_table *ipv4, *ipv6 = table_of(true, foreign[i]);

		assert_int_equal(conn_table_create(false, CAPACITY, foreign[i], -1, false, seed, &ipv4), 0);
		for (uint32_t number = 0; number < CAPACITY; number++)
			insert(ipv4, TCP, number, CAPACITY + number);
		for (uint32_t number = 0; number < foreign[i]; number++)
			insert_mapped(ipv4, ipv6, 2 * CAPACITY + number);
		for (uint32_t number = 0; number < foreign[i]; number += 31)
			assert_true(conn_value_is_foreign(find_foreign(ipv4, ipv6, 2 * CAPACITY + number, TCP)));
		conn_table_destroy(ipv4);
		conn_table_destroy(ipv6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_foreign_key_is_found_by_who_looks_for_one),
		cmocka_unit_test(both_kinds_share_a_bucket),
		cmocka_unit_test(a_full_table_has_room_for_all_foreign_keys),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
