/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An array of datagrams, found by a hash, and for each its pieces in order. Four lists, by family and by whether the
 * first fragment is there, have the oldest datagram at their head: that is the one whose time is over next, and the one
 * to go when there is no room, so that a flood of fragments can't keep others out for half a minute.
 *
 * A datagram is forgotten when all of it was seen. One with fragments that overlap is remembered until its time is over,
 * since whatever comes of it is to be dropped (RFC 5722).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <rte_common.h>

#include "core/compat.h"
#include "core/pages.h"
#include "ip/fragment_table.h"

#define NONE UINT32_MAX
#define UNKNOWN UINT32_MAX
#define EXPIRE_A_CALL 16

enum { WAITING, SETTLED, STATES };

/* A piece of a datagram; a list of them has the order of the bytes. */
struct piece {
	uint16_t first; /* in units of 8 bytes */
	uint16_t length;
};

struct datagram {
	struct fragment_id id;
	struct fragment_flow flow; /* once SETTLED */
	enum drop_reason refused; /* SETTLED: why all is dropped that comes of it, DROP_MAX: it isn't */
	uint32_t since_ms;
	uint32_t next; /* of the same hash, or of the free ones */
	uint32_t older, newer; /* in its list */
	uint32_t held_first, held_last;
	uint32_t total, seen; /* bytes */
	uint8_t state;
	uint8_t n_pieces;
	struct piece pieces[FRAGMENTS_PER_DATAGRAM];
};

/* A fragment that waits. */
struct held {
	struct rte_mbuf *m;
	uint32_t next; /* of the same datagram, or of the free ones */
	uint16_t buffers;
};

struct list {
	uint32_t oldest, newest;
};

struct fragment_table {
	fragment_lost *lost;
	void *arg;
	uint64_t seed;
	uint32_t mask;
	uint32_t max_buffers, buffers; /* in use */
	uint32_t n_datagrams, n_held;
	uint32_t free_datagram, free_held;
	struct list lists[2][STATES]; /* IPv4, IPv6 */
	struct datagram *datagrams;
	struct held *held;
	uint32_t *hashed;
	size_t mapped;
};

static size_t
aligned(size_t bytes)
{
	return RTE_ALIGN_CEIL(bytes, (size_t)64);
}

size_t
fragment_table_bytes(uint32_t datagrams, uint32_t buffers)
{
	return aligned(sizeof(struct fragment_table)) + aligned(datagrams * sizeof(struct datagram)) +
	       aligned(buffers * sizeof(struct held)) + rte_align32pow2(datagrams) * sizeof(uint32_t);
}

static void
place(struct fragment_table *table, uint32_t datagrams, uint32_t buffers)
{
	uint8_t *memory = (uint8_t *)table + aligned(sizeof(*table));

	table->datagrams = (struct datagram *)(void *)memory;
	memory += aligned(datagrams * sizeof(struct datagram));
	table->held = (struct held *)(void *)memory;
	memory += aligned(buffers * sizeof(struct held));
	table->hashed = (uint32_t *)(void *)memory;
	table->mask = rte_align32pow2(datagrams) - 1;
	memset(table->hashed, 0xff, (table->mask + 1) * sizeof(*table->hashed));
	for (uint32_t i = 0; i < datagrams; i++)
		table->datagrams[i].next = i + 1 < datagrams ? i + 1 : NONE;
	for (uint32_t i = 0; i < buffers; i++)
		table->held[i].next = i + 1 < buffers ? i + 1 : NONE;
	for (int family = 0; family < 2; family++) {
		for (int state = 0; state < STATES; state++)
			table->lists[family][state] = (struct list){ NONE, NONE };
	}
}

int
fragment_table_create(uint32_t datagrams, uint32_t buffers, int numa_node, fragment_lost *lost, void *arg,
		      struct fragment_table **ret)
{
	struct fragment_table *table;
	size_t mapped = fragment_table_bytes(datagrams, buffers);

	if (datagrams == 0 || datagrams > 1u << 20 || buffers == 0 || buffers > 1u << 24)
		return -EINVAL;
	table = pages_map("ipvsd-fragments", &mapped, numa_node, false);
	if (!table)
		return -ENOMEM;
	table->mapped = mapped;
	table->lost = lost;
	table->arg = arg;
	table->max_buffers = buffers;
	place(table, datagrams, buffers);
	if (getrandom(&table->seed, sizeof(table->seed), 0) != sizeof(table->seed)) {
		pages_unmap(table, table->mapped);
		return -EIO;
	}
	*ret = table;
	return 0;
}

static struct list *
list_of(struct fragment_table *table, const struct datagram *datagram)
{
	return &table->lists[datagram->id.family == AF_INET6][datagram->state];
}

static void
list_append(struct fragment_table *table, uint32_t index)
{
	struct datagram *datagram = &table->datagrams[index];
	struct list *list = list_of(table, datagram);

	datagram->older = list->newest;
	datagram->newer = NONE;
	*(list->newest != NONE ? &table->datagrams[list->newest].newer : &list->oldest) = index;
	list->newest = index;
}

static void
list_remove(struct fragment_table *table, const struct datagram *datagram)
{
	struct list *list = list_of(table, datagram);

	*(datagram->older != NONE ? &table->datagrams[datagram->older].newer : &list->oldest) = datagram->newer;
	*(datagram->newer != NONE ? &table->datagrams[datagram->newer].older : &list->newest) = datagram->older;
}

static uint32_t *
bucket_of(struct fragment_table *table, const struct fragment_id *id)
{
	uint64_t hash = (id->src.half[0] ^ table->seed) * 0x9e3779b97f4a7c15u;

	hash = (hash ^ hash >> 29 ^ id->src.half[1]) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ hash >> 31 ^ id->dst.half[0]) * 0x94d049bb133111ebu;
	hash = (hash ^ hash >> 30 ^ id->dst.half[1]) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 29 ^ ((uint64_t)id->id << 8 | id->proto)) * 0xbf58476d1ce4e5b9u;
	return &table->hashed[hash >> 32 & table->mask];
}

static bool
same_id(const struct fragment_id *a, const struct fragment_id *b)
{
	return ip_bits_equal(&a->src, &b->src) && ip_bits_equal(&a->dst, &b->dst) && a->id == b->id &&
	       a->family == b->family && a->proto == b->proto;
}

static uint32_t
find(struct fragment_table *table, const struct fragment_id *id)
{
	uint32_t index = *bucket_of(table, id);

	while (index != NONE && !same_id(&table->datagrams[index].id, id))
		index = table->datagrams[index].next;
	return index;
}

struct rte_mbuf *
fragment_table_next(struct fragment_table *table, uint32_t *held)
{
	struct rte_mbuf *m;
	struct held *at;

	/* Counted from 1, so that 0 is none. */
	if (*held == 0)
		return NULL;
	at = &table->held[*held - 1];
	m = at->m;
	table->buffers -= at->buffers;
	table->n_held--;
	*held = at->next != NONE ? at->next + 1 : 0;
	at->next = table->free_held;
	table->free_held = (uint32_t)(at - table->held);
	return m;
}

/* Those that wait, out of the datagram. */
static uint32_t
take_held(struct datagram *datagram)
{
	uint32_t held = datagram->held_first != NONE ? datagram->held_first + 1 : 0;

	datagram->held_first = datagram->held_last = NONE;
	return held;
}

static void
lose_held(struct fragment_table *table, struct datagram *datagram, enum drop_reason reason)
{
	uint32_t held = take_held(datagram);
	struct rte_mbuf *m;

	while ((m = fragment_table_next(table, &held)))
		table->lost(table->arg, m, reason);
}

static void
forget(struct fragment_table *table, uint32_t index, enum drop_reason reason)
{
	struct datagram *datagram = &table->datagrams[index];
	uint32_t *link = bucket_of(table, &datagram->id);

	lose_held(table, datagram, reason);
	list_remove(table, datagram);
	while (*link != index)
		link = &table->datagrams[*link].next;
	*link = datagram->next;
	datagram->next = table->free_datagram;
	table->free_datagram = index;
	table->n_datagrams--;
}

/* The oldest of all, or of those of STATE alone; NONE if there is none but EXCEPT. */
static uint32_t
oldest(const struct fragment_table *table, uint32_t now_ms, bool waiting_only, uint32_t except)
{
	uint32_t found = NONE, found_age = 0;

	for (int i = 0; i < 2 * STATES; i++) {
		uint32_t index = table->lists[i / STATES][i % STATES].oldest, age;

		if (waiting_only && i % STATES != WAITING)
			continue;
		if (index != NONE && index == except)
			index = table->datagrams[index].newer;
		if (index == NONE)
			continue;
		age = now_ms - table->datagrams[index].since_ms;
		if (found == NONE || age > found_age) {
			found = index;
			found_age = age;
		}
	}
	return found;
}

static uint32_t
begin(struct fragment_table *table, const struct fragment_id *id, uint32_t now_ms)
{
	uint32_t *bucket = bucket_of(table, id), index;
	struct datagram *datagram;

	if (table->free_datagram == NONE)
		forget(table, oldest(table, now_ms, false, NONE), DROP_FRAGMENTS_FULL);
	index = table->free_datagram;
	datagram = &table->datagrams[index];
	table->free_datagram = datagram->next;
	table->n_datagrams++;
	datagram->id = *id;
	datagram->refused = DROP_MAX;
	datagram->since_ms = now_ms;
	datagram->held_first = datagram->held_last = NONE;
	datagram->total = UNKNOWN;
	datagram->seen = 0;
	datagram->state = WAITING;
	datagram->n_pieces = 0;
	datagram->flow = (struct fragment_flow){ .has_l4 = false };
	datagram->next = *bucket;
	*bucket = index;
	list_append(table, index);
	return index;
}

/* The first fragment is here, or nothing is waited for any more. */
static void
settle(struct fragment_table *table, uint32_t index, uint32_t now_ms)
{
	struct datagram *datagram = &table->datagrams[index];

	list_remove(table, datagram);
	datagram->state = SETTLED;
	datagram->since_ms = now_ms;
	list_append(table, index);
}

/* All that came and will come of it is dropped. */
static int
refuse(struct fragment_table *table, uint32_t index, uint32_t now_ms, enum drop_reason reason)
{
	struct datagram *datagram = &table->datagrams[index];

	lose_held(table, datagram, reason);
	if (datagram->state == WAITING)
		settle(table, index, now_ms);
	datagram->refused = reason;
	return -(int)reason;
}

static uint32_t
end_of(const struct piece *piece)
{
	return piece->first * 8u + piece->length;
}

/* Whether FRAGMENT contradicts what is known of the datagram's end. */
static bool
has_other_end(const struct datagram *datagram, const struct fragment *fragment)
{
	uint32_t end = fragment->first + fragment->length;

	if (fragment->more)
		return datagram->total != UNKNOWN && end >= datagram->total;
	if (datagram->total != UNKNOWN)
		return end != datagram->total;
	return datagram->n_pieces > 0 && end_of(&datagram->pieces[datagram->n_pieces - 1]) >= end;
}

/* Enters a piece at its place. 0, or a negative drop reason: nothing has changed. */
static int
add_piece(struct datagram *datagram, const struct fragment *fragment)
{
	const uint16_t first = (uint16_t)(fragment->first / 8);
	struct piece *pieces = datagram->pieces;
	uint32_t at = datagram->n_pieces, end = fragment->first + fragment->length;
	bool last_known = datagram->total != UNKNOWN && end == datagram->total;

	while (at > 0 && pieces[at - 1].first > first)
		at--;
	if (at > 0 && pieces[at - 1].first == first && pieces[at - 1].length == fragment->length &&
	    fragment->more != last_known)
		return -DROP_FRAGMENT_DUPLICATE;
	if ((at > 0 && end_of(&pieces[at - 1]) > fragment->first) ||
	    (at < datagram->n_pieces && end > pieces[at].first * 8u) || has_other_end(datagram, fragment))
		return -DROP_FRAGMENT_OVERLAP;
	if (datagram->n_pieces == FRAGMENTS_PER_DATAGRAM)
		return -DROP_FRAGMENTS_MANY;
	memmove(&pieces[at + 1], &pieces[at], (datagram->n_pieces - at) * sizeof(*pieces));
	pieces[at] = (struct piece){ .first = first, .length = fragment->length };
	datagram->n_pieces++;
	datagram->seen += fragment->length;
	if (!fragment->more)
		datagram->total = end;
	return 0;
}

/* Makes room for BUFFERS at the cost of datagrams that wait for longer. False: there is none to be had. */
static bool
make_room(struct fragment_table *table, uint32_t index, uint32_t buffers, uint32_t now_ms)
{
	while (table->buffers + buffers > table->max_buffers) {
		uint32_t other = oldest(table, now_ms, true, index);

		if (other == NONE)
			return false;
		forget(table, other, DROP_FRAGMENTS_FULL);
	}
	return true;
}

static void
hold(struct fragment_table *table, struct datagram *datagram, struct rte_mbuf *m, uint16_t buffers)
{
	uint32_t at = table->free_held;

	table->free_held = table->held[at].next;
	table->held[at] = (struct held){ .m = m, .next = NONE, .buffers = buffers };
	*(datagram->held_first == NONE ? &datagram->held_first : &table->held[datagram->held_last].next) = at;
	datagram->held_last = at;
	table->buffers += buffers;
	table->n_held++;
}

int
fragment_table_add(struct fragment_table *table, const struct fragment_id *id, const struct fragment *fragment,
		   struct rte_mbuf *m, uint32_t now_ms, struct fragment_flow *flow, uint32_t *held)
{
	uint32_t index = find(table, id);
	struct datagram *datagram;
	int err;

	if (index == NONE)
		index = begin(table, id, now_ms);
	datagram = &table->datagrams[index];
	if (fragment->first == 0 && datagram->refused != DROP_MAX)
		datagram->flow = *flow;
	else if (fragment->first != 0)
		*flow = datagram->flow;
	if (datagram->refused != DROP_MAX)
		return -(int)datagram->refused;
	/* Before the piece is entered, so that nothing has to be taken back. */
	if (fragment->first != 0 && datagram->state == WAITING &&
	    !make_room(table, index, RTE_MAX(fragment->buffers, 1), now_ms))
		return -DROP_FRAGMENTS_FULL;
	err = add_piece(datagram, fragment);
	if (err == -DROP_FRAGMENT_DUPLICATE)
		return err;
	if (err < 0)
		return refuse(table, index, now_ms, (enum drop_reason) - err);
	if (fragment->first == 0) {
		datagram->flow = *flow;
		*held = take_held(datagram);
		settle(table, index, now_ms);
	} else if (datagram->state == WAITING) {
		hold(table, datagram, m, RTE_MAX(fragment->buffers, 1));
		return FRAGMENT_HELD;
	}
	if (datagram->seen == datagram->total)
		forget(table, index, DROP_MAX);
	return fragment->first == 0 ? FRAGMENT_FIRST : FRAGMENT_FOLLOWS;
}

void
fragment_table_expire(struct fragment_table *table, uint32_t now_ms)
{
	static const uint32_t lasts_ms[2] = { FRAGMENT_IPV4_MS, FRAGMENT_IPV6_MS };

	if (table->n_datagrams == 0)
		return;
	for (int i = 0; i < 2 * STATES; i++) {
		const struct list *list = &table->lists[i / STATES][i % STATES];

		for (int n = 0; n < EXPIRE_A_CALL && list->oldest != NONE &&
				now_ms - table->datagrams[list->oldest].since_ms >= lasts_ms[i / STATES];
		     n++)
			forget(table, list->oldest, DROP_FRAGMENT_TIMEOUT);
	}
}

void
fragment_table_destroy(struct fragment_table *table)
{
	if (!table)
		return;
	for (int i = 0; i < 2 * STATES; i++) {
		const struct list *list = &table->lists[i / STATES][i % STATES];

		while (list->oldest != NONE)
			forget(table, list->oldest, DROP_FRAGMENT_TIMEOUT);
	}
	pages_unmap(table, table->mapped);
}

uint32_t
fragment_table_datagrams(const struct fragment_table *table)
{
	return table->n_datagrams;
}

uint32_t
fragment_table_held(const struct fragment_table *table)
{
	return table->n_held;
}
