/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connections with numbered keys, for the tests of the connection table.
 */
#ifndef CONN_KEYS_H
#define CONN_KEYS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "lb/conn_table.h"
#include "random_source.h"

#define TCP 6
#define UDP 17

static const uint64_t seed[3] = { 0x0123456789abcdef, 0xfedcba9876543210, 0x5555aaaa3333cccc };

static inline struct conn_table *
table_of(bool ipv6, uint32_t capacity)
{
	struct conn_table *table;

	assert_int_equal(conn_table_create(ipv6, capacity, 0, -1, false, seed, &table), 0);
	return table;
}

/* Different keys for different numbers, which look like neighbours on a network. */
static inline void
make_key(bool ipv6, uint32_t number, void *key)
{
	struct conn_key4 key4 = { .src = rte_cpu_to_be_32(0x0a000000 + number / 64),
				  .dst = RTE_BE32(0xc6336401),
				  .sport = rte_cpu_to_be_16((uint16_t)(1024 + number % 64)),
				  .dport = RTE_BE16(80) };
	struct conn_key6 key6 = { .src = { 0x20, 1, 0x0d, 0xb8 }, .dst = { 0xfd, [15] = 1 } };

	if (!ipv6) {
		memcpy(key, &key4, sizeof(key4));
		return;
	}
	memcpy(key6.src + 12, &key4.src, 4);
	key6.sport = key4.sport;
	key6.dport = key4.dport;
	memcpy(key, &key6, sizeof(key6));
}

static inline void
set_key(const struct conn_table *table, struct conn *conn, enum conn_direction direction, uint32_t number)
{
	make_key(table->ipv6, number, table->ipv6 ? (void *)&conn->key6[direction] : (void *)&conn->key4[direction]);
}

static inline uint32_t
find(const struct conn_table *table, uint32_t number, uint8_t proto)
{
	struct conn_key6 key;

	make_key(table->ipv6, number, &key);
	return conn_find(table, &key, proto, conn_hash(table, &key, proto));
}

/* A connection with these keys in both directions, in the index. */
static inline struct conn *
insert(struct conn_table *table, uint8_t proto, uint32_t in, uint32_t out)
{
	struct conn *conn = conn_new(table);

	assert_non_null(conn);
	conn->proto = proto;
	set_key(table, conn, CONN_IN, in);
	set_key(table, conn, CONN_OUT, out);
	assert_int_equal(conn_link(table, conn, CONN_IN, NULL), 0);
	assert_int_equal(conn_link(table, conn, CONN_OUT, NULL), 0);
	return conn;
}

static inline void
remove_conn(struct conn_table *table, struct conn *conn)
{
	conn_unlink(table, conn, CONN_IN);
	conn_unlink(table, conn, CONN_OUT);
	conn_free(table, conn);
}

static inline uint32_t
free_overflow_buckets(const struct conn_table *table)
{
	uint32_t n = 0;

	for (uint32_t number = table->overflow_free; number != 0; number = table->overflow[number].next)
		n++;
	return n;
}

static inline void
assert_empty(const struct conn_table *table)
{
	assert_int_equal(table->n_used, 0);
	for (uint32_t i = 0; i < table->n_buckets; i++) {
		assert_int_equal(bucket_match(&table->buckets[i], 0), (1u << BUCKET_SLOTS) - 1);
		assert_int_equal(table->buckets[i].next, 0);
	}
	assert_int_equal(free_overflow_buckets(table), table->n_overflow - 1);
}

#endif
