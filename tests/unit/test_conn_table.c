/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connection table (lb/conn_table.h): what is put in is found, and nothing else.
 */
#include "conn_keys.h"

static void
hot_members_stand_in_the_first_line(void **state)
{
	struct conn_table *v4 = table_of(false, 16), *v6 = table_of(true, 16);

	(void)state;
	assert_int_equal(offsetof(struct conn, l4_delta), 4);
	assert_int_equal(offsetof(struct conn, ip_delta), 8);
	assert_int_equal(offsetof(struct conn, nexthop), 12);
	assert_int_equal(offsetof(struct conn, last_seen_ms), 20);
	assert_int_equal(offsetof(struct conn, dest), 24);
	assert_int_equal(offsetof(struct conn, fib_generation), 28);
	assert_int_equal(offsetof(struct conn, last_ack), 32);
	assert_int_equal(offsetof(struct conn, key4), 40);
	assert_int_equal(sizeof(struct conn_key4), 12);
	assert_int_equal(sizeof(struct conn_key6), 36);
	assert_int_equal(sizeof(struct conn_bucket), 64);
	assert_ptr_equal((uint8_t *)conn_at(v4, 1) - (uint8_t *)conn_at(v4, 0), (void *)64);
	assert_ptr_equal((uint8_t *)conn_at(v6, 1) - (uint8_t *)conn_at(v6, 0), (void *)128);
	assert_int_equal((uintptr_t)conn_at(v4, 0) % 64, 0);
	assert_int_equal((uintptr_t)conn_at(v6, 0) % 64, 0);
	assert_int_equal((uintptr_t)conn_cold(v6, conn_at(v6, 3)) % 64, 0);
	assert_int_equal((uintptr_t)&v4->buckets[1] % 64, 0);
	assert_true(v6->mapped >= conn_table_bytes(true, 16, 0));
	conn_table_destroy(v4);
	conn_table_destroy(v6);
}

static void
slots_match_as_a_plain_loop_says(void **state)
{
	struct random_source random = random_source_new(11);

	(void)state;
	for (int round = 0; round < 100000; round++) {
		struct conn_bucket bucket = { .next = 0 };
		uint16_t tag = (uint16_t)random_upto(&random, 4);
		uint32_t expected = 0;

		for (uint32_t i = 0; i < BUCKET_SLOTS; i++) {
			bucket.tag[i] = (uint16_t)random_upto(&random, 4);
			bucket.value[i] = (uint32_t)random_u64(&random);
			expected |= (uint32_t)(bucket.tag[i] == tag) << i;
		}
		assert_int_equal(bucket_match(&bucket, tag), expected);
	}
}

static void
check_both_directions(bool ipv6)
{
	struct conn_table *table = table_of(ipv6, 16);
	struct conn *tcp = insert(table, TCP, 1, 2), *udp = insert(table, UDP, 1, 2);

	assert_int_equal(find(table, 1, TCP), CONN_VALUE(conn_number(table, tcp), CONN_IN));
	assert_int_equal(find(table, 2, TCP), CONN_VALUE(conn_number(table, tcp), CONN_OUT));
	assert_int_equal(find(table, 1, UDP), CONN_VALUE(conn_number(table, udp), CONN_IN));
	assert_int_equal(find(table, 2, UDP), CONN_VALUE(conn_number(table, udp), CONN_OUT));
	assert_int_equal(find(table, 3, TCP), CONN_NONE);
	assert_int_equal(find(table, 1, 132), CONN_NONE);
	remove_conn(table, tcp);
	assert_int_equal(find(table, 1, TCP), CONN_NONE);
	assert_int_equal(find(table, 2, TCP), CONN_NONE);
	assert_int_equal(find(table, 2, UDP), CONN_VALUE(conn_number(table, udp), CONN_OUT));
	remove_conn(table, udp);
	assert_empty(table);
	conn_table_destroy(table);
}

static void
a_connection_is_found_by_both_its_keys_and_its_protocol(void **state)
{
	(void)state;
	check_both_directions(false);
	check_both_directions(true);
}

static void
a_key_that_is_taken_is_refused_and_its_owner_named(void **state)
{
	struct conn_table *table = table_of(false, 16);
	struct conn *first = insert(table, TCP, 1, 2), *second = conn_new(table);
	uint32_t other = 0;

	(void)state;
	second->proto = TCP;
	set_key(table, second, CONN_IN, 2);
	assert_int_equal(conn_link(table, second, CONN_IN, &other), -EEXIST);
	assert_int_equal(other, CONN_VALUE(conn_number(table, first), CONN_OUT));
	assert_int_equal(find(table, 2, TCP), other);
	second->flags = CONN_REFRAMED | CONN_NO_OUTPUT;
	assert_true(conn_is_tunnel(second));
	conn_free(table, second);
	/* a worker may have it before its eyes still, and its destination's number is the next free one's now */
	assert_false(conn_is_tunnel(second));
	remove_conn(table, first);
	assert_empty(table);
	conn_table_destroy(table);
}

static void
a_full_table_gives_no_connection_until_one_is_freed(void **state)
{
	struct conn_table *table = table_of(false, 100);
	struct conn *conns[100];

	(void)state;
	for (uint32_t i = 0; i < 100; i++)
		conns[i] = insert(table, TCP, 2 * i, 2 * i + 1);
	assert_null(conn_new(table));
	conns[7]->last_seen_ms = 1;
	conn_cold(table, conns[7])->shift = 1;
	remove_conn(table, conns[7]);
	conns[7] = conn_new(table);
	assert_non_null(conns[7]);
	assert_int_equal(conns[7]->last_seen_ms, 0);
	assert_int_equal(conn_cold(table, conns[7])->shift, 0);
	assert_null(conn_new(table));
	for (uint32_t i = 0; i < 200; i++)
		assert_int_equal(find(table, i, TCP) == CONN_NONE, i / 2 == 7);
	conn_table_destroy(table);
}

/* With one bucket there are as many places as it and its overflow buckets have slots. */
static void
without_overflow_buckets_a_key_is_refused_and_the_others_stay(void **state)
{
	struct conn_table *table = table_of(false, 2000);
	uint32_t n = 0;
	struct conn *conn;

	(void)state;
	table->n_buckets = 1;
	for (;; n++) {
		conn = conn_new(table);
		assert_non_null(conn);
		conn->proto = TCP;
		set_key(table, conn, CONN_IN, n);
		if (conn_link(table, conn, CONN_IN, NULL) == -ENOSPC)
			break;
	}
	assert_int_equal(n, table->n_overflow * BUCKET_SLOTS);
	assert_int_equal(find(table, n, TCP), CONN_NONE);
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(find(table, i, TCP), CONN_VALUE(i, CONN_IN));
	conn_unlink(table, conn_at(table, 5), CONN_IN);
	assert_int_equal(conn_link(table, conn, CONN_IN, NULL), 0);
	assert_int_equal(find(table, n, TCP), CONN_VALUE(n, CONN_IN));
	assert_int_equal(find(table, 5, TCP), CONN_NONE);
	conn_table_destroy(table);
}

/* Numbers of keys with the bucket and tag of key 0, found by trying. */
static uint32_t
colliding_keys(const struct conn_table *table, uint32_t *ret, uint32_t max)
{
	struct conn_key6 key;
	uint64_t first;
	uint32_t n = 0;

	make_key(table->ipv6, 0, &key);
	first = conn_hash(table, &key, TCP);
	for (uint32_t number = 0; n < max && number < 1u << 24; number++) {
		uint64_t hash;

		make_key(table->ipv6, number, &key);
		hash = conn_hash(table, &key, TCP);
		if (conn_tag(hash) == conn_tag(first) && conn_bucket(table, hash) == conn_bucket(table, first))
			ret[n++] = number;
	}
	return n;
}

static void
keys_with_the_same_tag_and_bucket_are_told_apart(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		struct conn_table *table = table_of(ipv6, 64);
		struct conn *conns[24];
		uint32_t keys[24];

		table->n_buckets = 2;
		assert_int_equal(colliding_keys(table, keys, 24), 24);
		for (uint32_t i = 0; i < 24; i++) {
			conns[i] = conn_new(table);
			conns[i]->proto = TCP;
			set_key(table, conns[i], CONN_IN, keys[i]);
			assert_int_equal(find(table, keys[i], TCP), CONN_NONE);
			assert_int_equal(conn_link(table, conns[i], CONN_IN, NULL), 0);
		}
		for (uint32_t i = 0; i < 24; i += 2) {
			conn_unlink(table, conns[i], CONN_IN);
			conn_free(table, conns[i]);
		}
		for (uint32_t i = 0; i < 24; i++)
			assert_int_equal(find(table, keys[i], TCP),
					 i % 2 ? CONN_VALUE(conn_number(table, conns[i]), CONN_IN) : CONN_NONE);
		for (uint32_t i = 1; i < 24; i += 2) {
			conn_unlink(table, conns[i], CONN_IN);
			conn_free(table, conns[i]);
		}
		assert_empty(table);
		conn_table_destroy(table);
	}
}

/* A key that differs from BASE in two bytes at OFFSET (or in the protocol, at LENGTH), with the same tag; the seed is
 * changed until there is one. */
static void
find_twin(struct conn_table *table, const struct conn_key6 *base, uint32_t offset, uint32_t length,
	  struct conn_key6 *ret_twin, uint8_t *ret_proto)
{
	for (;; table->seed[0] += 0x9e3779b97f4a7c15u) {
		uint16_t tag = conn_tag(conn_hash(table, base, TCP));

		for (uint32_t change = 1; change <= (offset == length ? 0xffu : 0xffffu); change++) {
			uint16_t bytes;

			*ret_twin = *base;
			*ret_proto = TCP;
			if (offset == length) {
				*ret_proto = (uint8_t)(TCP ^ change);
			} else {
				memcpy(&bytes, (uint8_t *)ret_twin + offset, 2);
				bytes ^= (uint16_t)change;
				memcpy((uint8_t *)ret_twin + offset, &bytes, 2);
			}
			if (conn_tag(conn_hash(table, ret_twin, *ret_proto)) == tag)
				return;
		}
	}
}

static void
keys_that_differ_in_one_field_alone_are_told_apart(void **state)
{
	(void)state;
	for (int ipv6 = 0; ipv6 < 2; ipv6++) {
		uint32_t length = ipv6 ? sizeof(struct conn_key6) : sizeof(struct conn_key4);

		for (uint32_t offset = 0; offset <= length; offset += 2) {
			struct conn_table *table = table_of(ipv6, 16);
			struct conn_key6 base = { .sport = 0 }, twin;
			struct conn *conn = conn_new(table);
			uint8_t proto;

			make_key(ipv6, 7, &base);
			table->n_buckets = 1;
			find_twin(table, &base, offset, length, &twin, &proto);
			conn->proto = TCP;
			set_key(table, conn, CONN_IN, 7);
			assert_int_equal(conn_link(table, conn, CONN_IN, NULL), 0);
			assert_int_equal(find(table, 7, TCP), CONN_VALUE(0, CONN_IN));
			assert_int_equal(conn_find(table, &twin, proto, conn_hash(table, &twin, proto)), CONN_NONE);
			conn_table_destroy(table);
		}
	}
}

static void
a_hash_whose_tag_would_be_zero_is_found_too(void **state)
{
	struct conn_table *table = table_of(false, 16);
	struct conn_key4 key;
	uint32_t number = 0;
	struct conn *conn;

	(void)state;
	do {
		make_key(false, ++number, &key);
	} while (conn_hash4(table, &key, TCP) >> 48 != 0);
	assert_int_equal(conn_tag(conn_hash4(table, &key, TCP)), 1);
	conn = insert(table, TCP, number, 1);
	assert_int_equal(find(table, number, TCP), CONN_VALUE(conn_number(table, conn), CONN_IN));
	remove_conn(table, conn);
	assert_empty(table);
	conn_table_destroy(table);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hot_members_stand_in_the_first_line),
		cmocka_unit_test(slots_match_as_a_plain_loop_says),
		cmocka_unit_test(a_connection_is_found_by_both_its_keys_and_its_protocol),
		cmocka_unit_test(a_key_that_is_taken_is_refused_and_its_owner_named),
		cmocka_unit_test(a_full_table_gives_no_connection_until_one_is_freed),
		cmocka_unit_test(without_overflow_buckets_a_key_is_refused_and_the_others_stay),
		cmocka_unit_test(keys_with_the_same_tag_and_bucket_are_told_apart),
		cmocka_unit_test(keys_that_differ_in_one_field_alone_are_told_apart),
		cmocka_unit_test(a_hash_whose_tag_would_be_zero_is_found_too),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
