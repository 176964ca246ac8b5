/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table of fragmented datagrams by itself: packets are numbers here.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "ip/fragment_table.h"

#define DATAGRAMS 16
#define BUFFERS 64

/* What the table gave up. */
static struct {
	uint32_t n;
	enum drop_reason reason;
} lost;

static void
lose(void *arg, struct rte_mbuf *m, enum drop_reason reason)
{
	assert_ptr_equal(arg, &lost);
	assert_non_null(m);
	lost.n++;
	lost.reason = reason;
}

static struct fragment_table *
table_new(void)
{
	struct fragment_table *table;

	memset(&lost, 0, sizeof(lost));
	assert_int_equal(fragment_table_create(DATAGRAMS, BUFFERS, -1, lose, &lost, &table), 0);
	return table;
}

static const struct fragment_flow the_flow = { .sport = 0x1234, .dport = 0x5678, .proto = 17, .has_l4 = true };

static struct fragment_id
id_of(uint32_t number)
{
	struct fragment_id id = { .id = number, .family = AF_INET };

	/* An initialiser of v4 alone would leave the rest of the address to chance. */
	id.src.v4 = 0x0100000a;
	id.dst.v4 = 0x010200c0;
	return id;
}

/* Piece of datagram ID, known as M. */
static int
add(struct fragment_table *table, const struct fragment_id *id, uint32_t first, uint32_t length, bool more, uintptr_t m,
    uint32_t now_ms, uint32_t *held)
{
	const struct fragment fragment = { .first = first, .length = (uint16_t)length, .more = more, .buffers = 1 };
	struct fragment_flow flow = { .has_l4 = false };
	int fate;

	if (first == 0)
		flow = the_flow;
	*held = 0;
	fate = fragment_table_add(table, id, &fragment, (struct rte_mbuf *)m, now_ms, &flow, held);
	if (fate == FRAGMENT_FOLLOWS)
		assert_int_equal(fragment_flow_word(&flow), fragment_flow_word(&the_flow));
	return fate;
}

static int
add_only(struct fragment_table *table, uint32_t id, uint32_t first, uint32_t length, bool more)
{
	const struct fragment_id key = id_of(id);
	uint32_t held;
	int fate = add(table, &key, first, length, more, first + 1, 1000, &held);

	while (held != 0)
		assert_non_null(fragment_table_next(table, &held));
	return fate;
}

static void
table_is_empty(struct fragment_table *table)
{
	assert_int_equal(fragment_table_datagrams(table), 0);
	assert_int_equal(fragment_table_held(table), 0);
	fragment_table_destroy(table);
}

#define PIECES 5

/* In this order; checks that those that wait come out in it. */
static void
pieces_come(struct fragment_table *table, const uint32_t order[PIECES])
{
	const struct fragment_id id = id_of(7);
	uint32_t waiting[PIECES], n = 0, held;
	bool first_seen = false;

	for (uint32_t i = 0; i < PIECES; i++) {
		uint32_t piece = order[i];
		int fate = add(table, &id, piece * 800, piece + 1 < PIECES ? 800 : 123, piece + 1 < PIECES, piece + 1,
			       1000, &held);

		if (piece == 0) {
			assert_int_equal(fate, FRAGMENT_FIRST);
			for (uint32_t at = 0; at < n; at++)
				assert_int_equal((uintptr_t)fragment_table_next(table, &held), waiting[at] + 1);
			assert_int_equal(held, 0);
			first_seen = true;
		} else if (first_seen) {
			assert_int_equal(fate, FRAGMENT_FOLLOWS);
		} else {
			assert_int_equal(fate, FRAGMENT_HELD);
			waiting[n++] = piece;
		}
	}
	assert_int_equal(fragment_table_datagrams(table), 0);
	assert_int_equal(fragment_table_held(table), 0);
}

static void
permute(struct fragment_table *table, uint32_t order[PIECES], uint32_t n)
{
	if (n == PIECES)
		pieces_come(table, order);
	for (uint32_t i = n; i < PIECES; i++) {
		uint32_t kept = order[n];

		order[n] = order[i];
		order[i] = kept;
		permute(table, order, n + 1);
		order[i] = order[n];
		order[n] = kept;
	}
}

static void
fragments_in_every_order_are_a_datagram(void **state)
{
	struct fragment_table *table = table_new();
	uint32_t order[PIECES] = { 0, 1, 2, 3, 4 };

	(void)state;
	permute(table, order, 0);
	assert_int_equal(lost.n, 0);
	table_is_empty(table);
}

/* The datagram 0-79, 80-159, 160-199, of which these pieces are there; the odd one comes next. */
struct odd_one {
	uint32_t first, length;
	bool more;
	enum drop_reason reason;
};

static const struct odd_one odd_ones[] = {
	{ 0, 80, true, DROP_FRAGMENT_DUPLICATE },    { 160, 40, false, DROP_FRAGMENT_DUPLICATE },
	{ 0, 80, false, DROP_FRAGMENT_OVERLAP },     { 160, 40, true, DROP_FRAGMENT_OVERLAP },
	{ 0, 72, true, DROP_FRAGMENT_OVERLAP },	     { 0, 88, true, DROP_FRAGMENT_OVERLAP },
	{ 8, 8, true, DROP_FRAGMENT_OVERLAP },	     { 72, 16, true, DROP_FRAGMENT_OVERLAP },
	{ 80, 88, true, DROP_FRAGMENT_OVERLAP },     { 152, 8, false, DROP_FRAGMENT_OVERLAP },
	{ 152, 16, true, DROP_FRAGMENT_OVERLAP },    { 160, 48, false, DROP_FRAGMENT_OVERLAP },
	{ 200, 8, true, DROP_FRAGMENT_OVERLAP },     { 208, 8, false, DROP_FRAGMENT_OVERLAP },
	{ 65520, 15, false, DROP_FRAGMENT_OVERLAP }, { 80, 40, false, DROP_FRAGMENT_OVERLAP },
};

/* WITH_FIRST: that is there already; without it the last two pieces wait. */
static void
odd_one_comes(const struct odd_one *odd, bool with_first)
{
	struct fragment_table *table = table_new();
	bool duplicate = odd->reason == DROP_FRAGMENT_DUPLICATE;

	if (with_first)
		assert_int_equal(add_only(table, 1, 0, 80, true), FRAGMENT_FIRST);
	assert_int_equal(add_only(table, 1, 160, 40, false), with_first ? FRAGMENT_FOLLOWS : FRAGMENT_HELD);
	assert_int_equal(add_only(table, 1, odd->first, odd->length, odd->more), -(int)odd->reason);
	assert_int_equal(lost.n, duplicate || with_first ? 0 : 1);
	/* Another datagram is none of its business. */
	assert_int_equal(add_only(table, 2, 80, 80, true), FRAGMENT_HELD);
	assert_int_equal(add_only(table, 1, 80, 80, true), !duplicate	? -DROP_FRAGMENT_OVERLAP
							   : with_first ? FRAGMENT_FOLLOWS
									: FRAGMENT_HELD);
	if (!with_first)
		assert_int_equal(add_only(table, 1, 0, 80, true), duplicate ? FRAGMENT_FIRST : -DROP_FRAGMENT_OVERLAP);
	assert_int_equal(fragment_table_datagrams(table), duplicate ? 1 : 2);
	fragment_table_destroy(table);
}

static void
an_overlap_ends_a_datagram_and_a_duplicate_does_not(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(odd_ones) / sizeof(odd_ones[0]); i++) {
		odd_one_comes(&odd_ones[i], true);
		if (odd_ones[i].first >= 80)
			odd_one_comes(&odd_ones[i], false);
	}
}

static void
a_datagram_has_so_many_fragments_and_no_more(void **state)
{
	struct fragment_table *table = table_new();

	(void)state;
	assert_int_equal(add_only(table, 1, 0, 8, true), FRAGMENT_FIRST);
	for (uint32_t i = 1; i < FRAGMENTS_PER_DATAGRAM; i++)
		assert_int_equal(add_only(table, 1, i * 8, 8, true), FRAGMENT_FOLLOWS);
	assert_int_equal(add_only(table, 1, 8, 8, true), -DROP_FRAGMENT_DUPLICATE);
	assert_int_equal(add_only(table, 1, FRAGMENTS_PER_DATAGRAM * 8, 8, false), -DROP_FRAGMENTS_MANY);
	assert_int_equal(add_only(table, 1, 8, 8, true), -DROP_FRAGMENTS_MANY);
	fragment_table_destroy(table);
}

static void
what_waits_is_given_up_in_time(void **state)
{
	struct fragment_table *table = table_new();
	struct fragment_id id4 = id_of(1), id6 = id_of(1);
	uint32_t held;

	(void)state;
	id6.family = AF_INET6;
	/* The clock goes round on the way. */
	assert_int_equal(add(table, &id4, 8, 8, true, 1, UINT32_MAX - 10, &held), FRAGMENT_HELD);
	assert_int_equal(add(table, &id6, 8, 8, true, 2, UINT32_MAX - 10, &held), FRAGMENT_HELD);
	assert_int_equal(add(table, &id4, 16, 8, true, 3, 20000, &held), FRAGMENT_HELD);
	fragment_table_expire(table, FRAGMENT_IPV4_MS - 12);
	assert_int_equal(lost.n, 0);
	fragment_table_expire(table, FRAGMENT_IPV4_MS - 11);
	assert_int_equal(lost.n, 2);
	assert_int_equal(lost.reason, DROP_FRAGMENT_TIMEOUT);
	fragment_table_expire(table, FRAGMENT_IPV6_MS - 12);
	assert_int_equal(lost.n, 2);
	fragment_table_expire(table, FRAGMENT_IPV6_MS - 11);
	assert_int_equal(lost.n, 3);
	table_is_empty(table);
}

static void
a_datagram_that_was_refused_is_forgotten_in_time(void **state)
{
	struct fragment_table *table = table_new();

	(void)state;
	assert_int_equal(add_only(table, 1, 80, 80, true), FRAGMENT_HELD);
	assert_int_equal(add_only(table, 1, 88, 80, true), -DROP_FRAGMENT_OVERLAP);
	fragment_table_expire(table, 1000 + FRAGMENT_IPV4_MS);
	table_is_empty(table);
}

static void
the_oldest_datagram_makes_room_for_another(void **state)
{
	struct fragment_table *table = table_new();
	struct fragment_id id;
	uint32_t held;

	(void)state;
	for (uint32_t i = 0; i < DATAGRAMS; i++) {
		id = id_of(i);
		assert_int_equal(add(table, &id, 80, 80, true, i + 1, 1000 + i, &held), FRAGMENT_HELD);
	}
	assert_int_equal(lost.n, 0);
	id = id_of(DATAGRAMS);
	assert_int_equal(add(table, &id, 80, 80, true, 99, 2000, &held), FRAGMENT_HELD);
	assert_int_equal(lost.n, 1);
	assert_int_equal(lost.reason, DROP_FRAGMENTS_FULL);
	assert_int_equal(fragment_table_datagrams(table), DATAGRAMS);
	id = id_of(1);
	assert_int_equal(add(table, &id, 0, 80, true, 1, 2000, &held), FRAGMENT_FIRST);
	assert_int_equal((uintptr_t)fragment_table_next(table, &held), 2);
	fragment_table_destroy(table);
	assert_int_equal(lost.n, DATAGRAMS);
}

/* A datagram may hold all buffers that there are, but for none that was there before does it go without. */
static void
held_buffers_are_bounded(void **state)
{
	struct fragment_table *table = table_new();
	const struct fragment_id old = id_of(1), young = id_of(2);
	struct fragment fragment = { .first = 80, .length = 80, .more = true, .buffers = BUFFERS };
	struct fragment_flow flow;
	uint32_t held;

	(void)state;
	assert_int_equal(add(table, &old, 8, 8, true, 1, 1000, &held), FRAGMENT_HELD);
	assert_int_equal(fragment_table_add(table, &young, &fragment, (struct rte_mbuf *)2, 1001, &flow, &held),
			 FRAGMENT_HELD);
	assert_int_equal(lost.n, 1);
	assert_int_equal(lost.reason, DROP_FRAGMENTS_FULL);
	fragment.first = 160;
	fragment.buffers = 1;
	assert_int_equal(fragment_table_add(table, &young, &fragment, (struct rte_mbuf *)3, 1002, &flow, &held),
			 -DROP_FRAGMENTS_FULL);
	assert_int_equal(lost.n, 1);
	assert_int_equal(add(table, &young, 0, 80, true, 4, 1003, &held), FRAGMENT_FIRST);
	assert_int_equal((uintptr_t)fragment_table_next(table, &held), 2);
	/* It was not entered, and may come again. */
	assert_int_equal(add(table, &young, 160, 80, false, 3, 1004, &held), FRAGMENT_FOLLOWS);
	table_is_empty(table);
}

/* Everything that goes in comes out once: held ones by next, by loss, or at the end. */
static void
nothing_is_lost_in_a_random_crowd(void **state)
{
	struct fragment_table *table = table_new();
	uint32_t random = 12345, taken = 0, released = 0, held;

	(void)state;
	for (uint32_t i = 0; i < 200000; i++) {
		struct fragment_id id;
		uint32_t piece;

		random = random * 1664525 + 1013904223;
		id = id_of(random >> 24 & 31);
		id.family = random >> 29 & 1 ? AF_INET : AF_INET6;
		piece = random >> 16 & 7;
		if (add(table, &id, piece * 8, random >> 12 & 15 ? 8 : 16, piece != 7, i + 1, i * 10, &held) ==
		    FRAGMENT_HELD)
			taken++;
		while (held != 0) {
			assert_non_null(fragment_table_next(table, &held));
			released++;
		}
		if (i % 16 == 0)
			fragment_table_expire(table, i * 10);
		assert_int_equal(taken, released + lost.n + fragment_table_held(table));
		assert_in_range(fragment_table_datagrams(table), 0, DATAGRAMS);
		assert_in_range(fragment_table_held(table), 0, BUFFERS);
	}
	assert_true(released > 1000);
	fragment_table_destroy(table);
	assert_int_equal(taken, released + lost.n);
}

static void
a_table_without_room_is_refused(void **state)
{
	struct fragment_table *table;

	(void)state;
	assert_int_equal(fragment_table_create(0, 1, -1, lose, &lost, &table), -EINVAL);
	assert_int_equal(fragment_table_create(1, 0, -1, lose, &lost, &table), -EINVAL);
	assert_true(fragment_table_bytes(4096, 1024) < 2u << 20);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fragments_in_every_order_are_a_datagram),
		cmocka_unit_test(an_overlap_ends_a_datagram_and_a_duplicate_does_not),
		cmocka_unit_test(a_datagram_has_so_many_fragments_and_no_more),
		cmocka_unit_test(what_waits_is_given_up_in_time),
		cmocka_unit_test(a_datagram_that_was_refused_is_forgotten_in_time),
		cmocka_unit_test(the_oldest_datagram_makes_room_for_another),
		cmocka_unit_test(held_buffers_are_bounded),
		cmocka_unit_test(nothing_is_lost_in_a_random_crowd),
		cmocka_unit_test(a_table_without_room_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
