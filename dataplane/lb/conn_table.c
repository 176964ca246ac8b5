/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The slower half of the connection table: making, linking, unlinking and freeing. The lookups are in the header.
 */
#include <errno.h>
#include <string.h>

#include "core/pages.h"
#include "lb/conn_table.h"

/* The table itself, in the same memory: lines of its own, on its worker's node, and the connections stay aligned. */
#define HEAD ((sizeof(struct conn_table) + CONN6_SIZE - 1) & ~(size_t)(CONN6_SIZE - 1))

/* Two keys a connection, and four of ten slots used on average: half a bucket a connection. With all the foreign keys six
 * of ten are. */
static uint32_t
bucket_count(uint32_t capacity, uint32_t foreign)
{
	return RTE_MAX(capacity / 2, (uint32_t)((2 * (uint64_t)capacity + foreign) / 6)) + 16;
}

static uint32_t
overflow_count(uint32_t buckets)
{
	return buckets / 8 + 64;
}

struct layout {
	size_t conns, cold, buckets, overflow, total;
};

static struct layout
table_layout(bool ipv6, uint32_t capacity, uint32_t foreign)
{
	const uint32_t buckets = bucket_count(capacity, foreign);
	struct layout at = { .conns = HEAD };

	at.cold = at.conns + (size_t)capacity * (ipv6 ? CONN6_SIZE : CONN4_SIZE);
	at.buckets = at.cold + (size_t)capacity * sizeof(struct conn_cold);
	at.overflow = at.buckets + (size_t)buckets * sizeof(struct conn_bucket);
	at.total = at.overflow + (size_t)overflow_count(buckets) * sizeof(struct conn_bucket);
	return at;
}

size_t
conn_table_bytes(bool ipv6, uint32_t capacity, uint32_t foreign)
{
	return table_layout(ipv6, capacity, foreign).total;
}

int
conn_table_create(bool ipv6, uint32_t capacity, uint32_t foreign, int numa_node, bool hugepages, const uint64_t *seed,
		  struct conn_table **ret)
{
	struct layout at = table_layout(ipv6, capacity, foreign);
	size_t mapped = at.total;
	uint8_t *memory =
		pages_map(ipv6 ? "ipvsd-connections-ipv6" : "ipvsd-connections", &mapped, numa_node, hugepages);
	struct conn_table *table = (struct conn_table *)(void *)memory;

	if (!memory)
		return -ENOMEM;
	table->mapped = mapped;
	memcpy(table->seed, seed, sizeof(table->seed));
	table->ipv6 = ipv6;
	table->size_shift = ipv6 ? 7 : 6;
	table->conns = memory + at.conns;
	table->cold = (struct conn_cold *)(void *)(memory + at.cold);
	table->buckets = (struct conn_bucket *)(void *)(memory + at.buckets);
	table->n_buckets = bucket_count(capacity, foreign);
	table->overflow = (struct conn_bucket *)(void *)(memory + at.overflow);
	table->n_overflow = 1;
	table->max_overflow = overflow_count(table->n_buckets);
	table->free = CONN_NONE;
	table->capacity = capacity;
	table->numa_node = numa_node;
	*ret = table;
	return 0;
}

void
conn_table_destroy(struct conn_table *table)
{
	if (table)
		pages_unmap(table, table->mapped);
}

struct conn *
conn_new(struct conn_table *table)
{
	struct conn *conn;
	uint32_t version;

	if (table->free != CONN_NONE) {
		conn = conn_at(table, table->free);
		table->free = conn->dest;
	} else if (table->high < table->capacity) {
		conn = conn_at(table, table->high++);
	} else {
		return NULL;
	}
	table->n_used++;
	memset(conn, 0, (size_t)1 << table->size_shift);
	version = conn_cold(table, conn)->version;
	*conn_cold(table, conn) = (struct conn_cold){ .version = version };
	return conn;
}

void
conn_free(struct conn_table *table, struct conn *conn)
{
	conn->proto = 0; /* the sweeper passes it over, and the fast path, which may have found it by its tag before */
	conn->flags = 0; /* nor does that one fetch the tunnel's end of a destination that it doesn't have any more */
	conn->dest = table->free;
	table->free = conn_number(table, conn);
	table->n_used--;
}

void
conn_show(struct conn_table *table, const struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);

	__atomic_store_n(&cold->version, cold->version + 1, __ATOMIC_RELEASE);
}

/* From now on it may not, and what was copied meanwhile is not to be used. */
static void
hide(struct conn_table *table, const struct conn *conn)
{
	struct conn_cold *cold = conn_cold(table, conn);

	if ((cold->version & 1) == 0)
		return;
	__atomic_store_n(&cold->version, cold->version + 1, __ATOMIC_RELAXED);
	__atomic_thread_fence(__ATOMIC_RELEASE); /* before anything of it changes */
}

/* An empty overflow bucket, 0 without one. */
static uint32_t
overflow_new(struct conn_table *table)
{
	uint32_t number = table->overflow_free;

	if (number != 0) {
		table->overflow_free = table->overflow[number].next;
	} else {
		if (table->n_overflow == table->max_overflow)
			return 0;
		number = table->n_overflow++;
	}
	memset(&table->overflow[number], 0, sizeof(struct conn_bucket));
	return number;
}

static struct conn_bucket *
next_bucket(const struct conn_table *table, const struct conn_bucket *bucket)
{
	return bucket->next ? &table->overflow[bucket->next] : NULL;
}

uint32_t
conn_find(const struct conn_table *table, const void *key, uint8_t proto, uint64_t hash)
{
	const struct conn_bucket *bucket = conn_bucket(table, hash);
	uint16_t tag = conn_tag(hash);

	for (; bucket; bucket = next_bucket(table, bucket)) {
		for (uint32_t mask = bucket_match(bucket, tag); mask != 0; mask &= mask - 1) {
			uint32_t value = bucket->value[__builtin_ctz(mask)];

			if (conn_matches(table, value, key, proto))
				return value;
		}
	}
	return CONN_NONE;
}

static int
insert(struct conn_table *table, uint32_t value, uint64_t hash)
{
	struct conn_bucket *bucket = conn_bucket(table, hash);
	uint32_t number, free_slots;

	while ((free_slots = bucket_match(bucket, 0)) == 0) {
		if (!bucket->next) {
			number = overflow_new(table);
			if (number == 0)
				return -ENOSPC;
			bucket->next = number;
		}
		bucket = &table->overflow[bucket->next];
	}
	bucket->value[__builtin_ctz(free_slots)] = value;
	bucket->tag[__builtin_ctz(free_slots)] = conn_tag(hash);
	return 0;
}

static uint32_t
value_of(const struct conn_table *table, const struct conn *conn, enum conn_direction direction)
{
	return CONN_VALUE(conn_number(table, conn), (uint32_t)direction);
}

int
conn_link_new(struct conn_table *table, struct conn *conn, enum conn_direction direction)
{
	return insert(table, value_of(table, conn, direction),
		      conn_hash(table, conn_key(table, conn, direction), conn->proto));
}

int
conn_link(struct conn_table *table, struct conn *conn, enum conn_direction direction, uint32_t *ret_other)
{
	const void *key = conn_key(table, conn, direction);
	uint64_t hash = conn_hash(table, key, conn->proto);
	uint32_t other = conn_find(table, key, conn->proto, hash);

	if (other == CONN_NONE)
		return insert(table, value_of(table, conn, direction), hash);
	if (ret_other)
		*ret_other = other;
	return -EEXIST;
}

uint32_t
conn_find_flow(const struct conn_table *table, const struct flow *flow)
{
	struct conn_key6 key6;

	if (!table->ipv6) {
		struct conn_key4 key4 = { flow->src.v4, flow->dst.v4, flow->sport, flow->dport };

		return conn_find(table, &key4, flow->proto, conn_hash4(table, &key4, flow->proto));
	}
	memcpy(key6.src, flow->src.bytes, 16);
	memcpy(key6.dst, flow->dst.bytes, 16);
	key6.sport = flow->sport;
	key6.dport = flow->dport;
	return conn_find(table, &key6, flow->proto, conn_hash6(table, &key6, flow->proto));
}

/* Fills the hole in BUCKET's SLOT from the chain's last bucket, and gives that back if it is an empty overflow. */
static void
close_hole(struct conn_table *table, struct conn_bucket *bucket, uint32_t slot)
{
	struct conn_bucket *last = bucket, *before = NULL;
	uint32_t used;

	while (last->next) {
		before = last;
		last = &table->overflow[last->next];
	}
	bucket->tag[slot] = 0;
	if (last == bucket)
		before = NULL;
	used = ~bucket_match(last, 0) & ((1u << BUCKET_SLOTS) - 1);
	if (last != bucket && used != 0) {
		uint32_t from = (uint32_t)__builtin_ctz(used);

		bucket->tag[slot] = last->tag[from];
		bucket->value[slot] = last->value[from];
		last->tag[from] = 0;
		used &= used - 1;
	}
	if (before && used == 0) {
		uint32_t number = before->next;

		before->next = 0;
		last->next = table->overflow_free;
		table->overflow_free = number;
	}
}

/* The bucket before BUCKET in the chain that starts at HEAD. */
static struct conn_bucket *
bucket_before(struct conn_table *table, struct conn_bucket *head, const struct conn_bucket *bucket)
{
	while (next_bucket(table, head) != bucket)
		head = next_bucket(table, head);
	return head;
}

/* An overflow bucket whose own last entry was removed leaves the chain at once. */
static void
drop_if_empty(struct conn_table *table, struct conn_bucket *head, struct conn_bucket *bucket)
{
	struct conn_bucket *before;
	uint32_t number;

	if (bucket == head || bucket_match(bucket, 0) != (1u << BUCKET_SLOTS) - 1)
		return;
	before = bucket_before(table, head, bucket);
	number = before->next;
	before->next = bucket->next;
	bucket->next = table->overflow_free;
	table->overflow_free = number;
}

static void
remove_value(struct conn_table *table, uint32_t value, uint64_t hash)
{
	struct conn_bucket *head = conn_bucket(table, hash), *bucket = head;

	for (; bucket; bucket = next_bucket(table, bucket)) {
		for (uint32_t mask = bucket_match(bucket, conn_tag(hash)); mask != 0; mask &= mask - 1) {
			uint32_t slot = (uint32_t)__builtin_ctz(mask);

			if (bucket->value[slot] != value)
				continue;
			if (bucket->next) {
				close_hole(table, bucket, slot);
			} else {
				bucket->tag[slot] = 0;
				drop_if_empty(table, head, bucket);
			}
			return;
		}
	}
}

void
conn_unlink(struct conn_table *table, struct conn *conn, enum conn_direction direction)
{
	if (direction == CONN_IN)
		hide(table, conn);
	remove_value(table, value_of(table, conn, direction),
		     conn_hash(table, conn_key(table, conn, direction), conn->proto));
}

/* In TABLE, IPv4's, of an IPv4 end's key. */
static uint64_t
foreign_hash(const struct conn_table *table, const struct conn *conn, enum conn_direction direction)
{
	const struct conn_key6 *mapped = &conn->key6[direction];
	const struct conn_key4 key = {
		.src = load32(mapped->src + 12),
		.dst = load32(mapped->dst + 12),
		.sport = mapped->sport,
		.dport = mapped->dport,
	};

	return conn_hash4(table, &key, conn->proto);
}

int
conn_link_foreign(struct conn_table *table, const struct conn_table *ipv6, const struct conn *conn,
		  enum conn_direction direction)
{
	return insert(table, CONN_FOREIGN | value_of(ipv6, conn, direction), foreign_hash(table, conn, direction));
}

void
conn_unlink_foreign(struct conn_table *table, const struct conn_table *ipv6, const struct conn *conn,
		    enum conn_direction direction)
{
	remove_value(table, CONN_FOREIGN | value_of(ipv6, conn, direction), foreign_hash(table, conn, direction));
}

uint32_t
conn_find_foreign(const struct conn_table *table, const struct conn_table *ipv6, const void *key, uint8_t proto,
		  uint64_t hash)
{
	const struct conn_bucket *bucket = conn_bucket(table, hash);

	for (; bucket; bucket = next_bucket(table, bucket)) {
		for (uint32_t mask = bucket_match(bucket, conn_tag(hash)); mask != 0; mask &= mask - 1) {
			const uint32_t value = bucket->value[__builtin_ctz(mask)], found = value ^ CONN_FOREIGN;
			const struct conn *conn;

			if (!conn_value_is_foreign(value))
				continue;
			conn = conn6_at(ipv6, CONN_NUMBER(found));
			if (conn->proto == proto && conn_key6_is_plain(&conn->key6[CONN_DIRECTION(found)], key))
				return value;
		}
	}
	return CONN_NONE;
}
