/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connections of one worker and one address family: an arena of connections, and an index of both their keys.
 *
 * The index is made of 64-byte buckets of ten 16-bit tags and ten values; a value is connection number << 1 |
 * direction. A lookup reads a bucket and the connection, and both can be prefetched: lookups are split so that the
 * packet path does them for a burst at a time. Keys are hashed with a seed of the table, so that nobody outside can
 * aim at a bucket. Full buckets chain to overflow buckets, which go back to their pool when they empty.
 *
 * A connection between the families is one of the IPv6 table, and the key of its IPv4 end is in the IPv4 table's index too,
 * as a foreign value: a packet of either family is looked for once.
 */
#ifndef LB_CONN_TABLE_H
#define LB_CONN_TABLE_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_prefetch.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "core/flow.h"
#include "lb/conn.h"

#define BUCKET_SLOTS 10
#define CONN_NONE UINT32_MAX
#define CONN_VALUE(number, direction) ((number) << 1 | (direction))
#define CONN_NUMBER(value) ((value) >> 1)
#define CONN_DIRECTION(value) ((enum conn_direction)((value)&1))
#define CONN_FOREIGN (1u << 31) /* in IPv4's index: the rest is a value of the IPv6 table */

struct conn_bucket {
	alignas(64) uint16_t tag[BUCKET_SLOTS]; /* 0: the slot is free */
	uint32_t value[BUCKET_SLOTS];
	uint32_t next; /* number of an overflow bucket, 0: none */
};
static_assert(sizeof(struct conn_bucket) == 64, "a bucket is one line");

struct conn_table {
	struct conn_bucket *buckets;
	uint64_t seed[3];
	uint32_t n_buckets;
	bool ipv6;
	uint8_t size_shift; /* of a connection: 6 or 7 */
	uint8_t *conns;
	struct conn_cold *cold;
	struct conn_bucket *overflow; /* [0] is never used */
	uint32_t overflow_free, n_overflow, max_overflow;
	uint32_t free; /* chained through conn.dest; CONN_NONE at the end */
	uint32_t capacity, n_used;
	uint32_t high; /* connections at and above this number were never used */
	uint32_t sweep; /* where the sweeper goes on */
	uint32_t sweep_ms; /* when it last ran */
	uint32_t sweep_due; /* connections that it has still to look at */
	size_t mapped;
	int numa_node;
};

/* Room for CAPACITY connections, at most CONNS_MAX (core/config.h), and FOREIGN keys; memory on NUMA_NODE (-1: any), of 2 MB pages if
 * HUGEPAGES. SEED has three words. */
int conn_table_create(bool ipv6, uint32_t capacity, uint32_t foreign, int numa_node, bool hugepages,
		      const uint64_t *seed, struct conn_table **ret);
void conn_table_destroy(struct conn_table *table);
/* Bytes that conn_table_create() will map. */
size_t conn_table_bytes(bool ipv6, uint32_t capacity, uint32_t foreign);

/* Unlinked and zeroed but for its number; NULL if the table is full. */
struct conn *conn_new(struct conn_table *table);
/* Gives back what conn_new gave; its keys are in the index no more. */
void conn_free(struct conn_table *table, struct conn *conn);
/* Puts the key of that direction into the index. -EEXIST if another connection has it (RET_OTHER, may be NULL, says
 * which), -ENOSPC without an overflow bucket. */
int conn_link(struct conn_table *table, struct conn *conn, enum conn_direction direction, uint32_t *ret_other);
/* The same for a key that is known to be no connection's: it was looked for just now. */
int conn_link_new(struct conn_table *table, struct conn *conn, enum conn_direction direction);
/* From now on, until its IN key leaves the index, the connection may be listed by another thread (conn_walk.h): all that
 * identifies it is there. */
void conn_show(struct conn_table *table, const struct conn *conn);
void conn_unlink(struct conn_table *table, struct conn *conn, enum conn_direction direction);

/* Puts the key of that direction, an IPv4 end's, of a connection of the table IPV6 into TABLE, which is IPv4's. -ENOSPC
 * without an overflow bucket. */
int conn_link_foreign(struct conn_table *table, const struct conn_table *ipv6, const struct conn *conn,
		      enum conn_direction direction);
void conn_unlink_foreign(struct conn_table *table, const struct conn_table *ipv6, const struct conn *conn,
			 enum conn_direction direction);
/* The foreign value for a key of IPv4, or CONN_NONE. */
uint32_t conn_find_foreign(const struct conn_table *table, const struct conn_table *ipv6, const void *key,
			   uint8_t proto, uint64_t hash);

/* The value for a key of the table's family (struct conn_key4 or conn_key6), or CONN_NONE: foreign ones are none. */
uint32_t conn_find(const struct conn_table *table, const void *key, uint8_t proto, uint64_t hash);

/* The same for a flow of the table's family. */
uint32_t conn_find_flow(const struct conn_table *table, const struct flow *flow);

static inline struct conn *
conn_at(const struct conn_table *table, uint32_t number)
{
	return (struct conn *)(void *)(table->conns + ((size_t)number << table->size_shift));
}

/* The same of a table that is known to be of IPv6. */
static inline struct conn *
conn6_at(const struct conn_table *table, uint32_t number)
{
	return (struct conn *)(void *)(table->conns + (size_t)number * CONN6_SIZE);
}

static inline bool
conn_value_is_foreign(uint32_t value)
{
	return (int32_t)value < 0 && value != CONN_NONE;
}

static inline uint32_t
conn_number(const struct conn_table *table, const struct conn *conn)
{
	return (uint32_t)(((const uint8_t *)conn - table->conns) >> table->size_shift);
}

static inline struct conn_cold *
conn_cold(const struct conn_table *table, const struct conn *conn)
{
	return &table->cold[conn_number(table, conn)];
}

static inline const void *
conn_key(const struct conn_table *table, const struct conn *conn, enum conn_direction direction)
{
	return table->ipv6 ? (const void *)&conn->key6[direction] : (const void *)&conn->key4[direction];
}

static inline uint64_t
hash_fold(uint64_t a, uint64_t b)
{
	unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static inline uint64_t
load64(const void *at)
{
	uint64_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint32_t
load32(const void *at)
{
	uint32_t value;

	memcpy(&value, at, sizeof(value));
	return value;
}

static inline uint64_t
conn_hash4(const struct conn_table *table, const void *key, uint8_t proto)
{
	const uint8_t *bytes = key;
	uint64_t addresses = load64(bytes), rest = (uint64_t)proto << 32 | load32(bytes + 8);

	return hash_fold(addresses ^ table->seed[0], rest ^ table->seed[1]);
}

static inline uint64_t
conn_hash6(const struct conn_table *table, const void *key, uint8_t proto)
{
	const uint8_t *bytes = key;
	uint64_t rest = (uint64_t)proto << 32 | load32(bytes + 32);
	uint64_t hash = hash_fold(load64(bytes) ^ table->seed[0], load64(bytes + 8) ^ table->seed[1]);

	hash ^= hash_fold(load64(bytes + 16) ^ table->seed[1], load64(bytes + 24) ^ table->seed[2]);
	return hash_fold(hash ^ table->seed[2], rest ^ table->seed[0]);
}

static inline uint64_t
conn_hash(const struct conn_table *table, const void *key, uint8_t proto)
{
	return table->ipv6 ? conn_hash6(table, key, proto) : conn_hash4(table, key, proto);
}

static inline uint16_t
conn_tag(uint64_t hash)
{
	uint16_t tag = (uint16_t)(hash >> 48);

	return tag + (tag == 0);
}

static inline struct conn_bucket *
conn_bucket(const struct conn_table *table, uint64_t hash)
{
	return &table->buckets[(hash & UINT32_MAX) * table->n_buckets >> 32];
}

/* Whether conn_new() would fail. */
static inline bool
conn_table_is_full(const struct conn_table *table)
{
	return table->n_used == table->capacity;
}

/* For a connection that is about to be linked or unlinked. */
static inline void
conn_prefetch_bucket(const struct conn_table *table, const struct conn *conn, enum conn_direction direction)
{
	rte_prefetch0(conn_bucket(table, conn_hash(table, conn_key(table, conn, direction), conn->proto)));
}

/* Bit i is set if slot i has TAG. */
static inline uint32_t
bucket_match(const struct conn_bucket *bucket, uint16_t tag)
{
#if defined(__SSE2__)
	const __m128i *line = (const void *)bucket, wanted = _mm_set1_epi16((short)tag);
	__m128i low = _mm_cmpeq_epi16(_mm_load_si128(&line[0]), wanted);
	__m128i high = _mm_cmpeq_epi16(_mm_load_si128(&line[1]), wanted); /* the last two tags, and values: left out */

	return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high)) & ((1u << BUCKET_SLOTS) - 1);
#else
	uint32_t mask = 0;

	for (uint32_t i = 0; i < BUCKET_SLOTS; i++)
		mask |= (uint32_t)(bucket->tag[i] == tag) << i;
	return mask;
#endif
}

static inline bool
conn_key4_equal(const struct conn_key4 *a, const void *b)
{
	const uint8_t *bytes = b;

	return load64(a) == load64(bytes) && load32(&a->sport) == load32(bytes + 8);
}

static inline bool
conn_key6_equal(const struct conn_key6 *a, const void *b)
{
	const uint8_t *mine = a->src, *other = b;
	uint64_t differences = (load64(mine) ^ load64(other)) | (load64(mine + 8) ^ load64(other + 8)) |
			       (load64(mine + 16) ^ load64(other + 16)) | (load64(mine + 24) ^ load64(other + 24)) |
			       (load32(mine + 32) ^ load32(other + 32));

	return differences == 0;
}

/* Whether A, of a connection between the families, is that of an IPv4 end, which has B in its packets. */
static inline bool
conn_key6_is_plain(const struct conn_key6 *a, const void *b)
{
	const uint8_t *plain = b;
	const uint64_t mapped = (uint64_t)RTE_BE32(0xffff), src = mapped | (uint64_t)load32(plain) << 32,
		       dst = mapped | (uint64_t)load32(plain + 4) << 32;

	return (load64(a->src) | (load64(a->src + 8) ^ src) | load64(a->dst) | (load64(a->dst + 8) ^ dst) |
		(load32(&a->sport) ^ load32(plain + 8))) == 0;
}

static inline bool
conn_matches(const struct conn_table *table, uint32_t value, const void *key, uint8_t proto)
{
	const struct conn *conn;

	if ((int32_t)value < 0)
		return false;
	conn = conn_at(table, CONN_NUMBER(value));
	if (conn->proto != proto)
		return false;
	return table->ipv6 ? conn_key6_equal(&conn->key6[CONN_DIRECTION(value)], key)
			   : conn_key4_equal(&conn->key4[CONN_DIRECTION(value)], key);
}

#endif
