/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * DPVS's consistent hashing by the client's address (src/ipvs/ip_vs_conhash.c and libconhash there): destinations have
 * 160 points on a ring for each unit of weight, weights being divided by what they have in common, and a client goes to
 * the next point after its own. All points are where DPVS has them, so that hosts of both kinds find the same server,
 * as long as there are no more than POINTS_MAX: beyond, each destination has fewer of them in proportion.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "core/cleanup.h"
#include "core/md5.h"
#include "lb/address_hash.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define POINTS_PER_WEIGHT 160
#define POINTS_MAX (1u << 17)

struct point {
	int64_t hash; /* DPVS compares them as signed numbers */
	uint32_t position; /* in svc->ready */
};

struct conhash_state {
	uint32_t n;
	struct point ring[]; /* by hash */
};

/* __conhash_hash_def() of libconhash. */
static int64_t
hash_text(const char *text, uint32_t length)
{
	uint32_t digest[4];
	uint64_t hash;

	md5_short(text, length, digest);
	hash = (uint64_t)digest[0] + digest[1] + digest[2] + digest[3];
	hash += 0x7ed55d16u + (hash << 12);
	hash ^= 0xc761c23cu ^ hash >> 19;
	hash += 0x165667b1u + (hash << 5);
	hash = (hash + 0xd3a2646cu) ^ hash << 9;
	hash += 0xfd7046c5u + (hash << 3);
	hash ^= 0xb55a4f09u ^ hash >> 16;
	return (int64_t)(hash * 3221225473u);
}

/* Equal hashes: the destination that has been there longer, which comes later in the list. */
static int
compare_points(const void *a, const void *b)
{
	const struct point *left = a, *right = b;

	if (left->hash != right->hash)
		return left->hash < right->hash ? -1 : 1;
	return left->position > right->position ? -1 : left->position < right->position;
}

/* The points of one destination. DPVS writes the port as the number that its two bytes are on a little-endian host. */
static uint32_t
add_points(struct point *points, const struct dest *dest, uint32_t position, uint32_t n)
{
	char address[INET6_ADDRSTRLEN], text[sizeof(address) + 32];

	inet_ntop(dest->addr.family, &dest->addr.ip, address, sizeof(address));
	for (uint32_t i = 0; i < n; i++) {
		int length = snprintf(text, sizeof(text), "%s%u-%03u", address, dest->port, i);

		points[i] = (struct point){ .hash = hash_text(text, (uint32_t)length), .position = position };
	}
	return n;
}

/* How many points a destination has, TOTAL being the sum of all weights. */
static uint32_t
points_of(const struct dest *dest, uint32_t divisor, uint64_t total)
{
	uint64_t wanted = (uint64_t)dest->weight / divisor * POINTS_PER_WEIGHT;

	if (total / divisor * POINTS_PER_WEIGHT > POINTS_MAX)
		wanted = (uint64_t)((unsigned __int128)POINTS_MAX * (uint64_t)dest->weight / total);
	return wanted > 0 ? (uint32_t)wanted : 1;
}

static int
conhash_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	struct conhash_state *state;
	uint32_t divisor = 0, n = 0;
	uint64_t total = 0;

	(void)old, (void)n_workers;
	for (uint32_t i = 0; i < svc->n_ready; i++) {
		divisor = common_divisor(divisor, (uint32_t)svc->ready[i]->weight);
		total += (uint64_t)svc->ready[i]->weight;
	}
	for (uint32_t i = 0; i < svc->n_ready; i++)
		n += points_of(svc->ready[i], divisor, total);
	state = calloc(1, sizeof(*state) + n * sizeof(state->ring[0]));
	if (!state)
		return -ENOMEM;
	for (uint32_t i = 0; i < svc->n_ready; i++)
		state->n +=
			add_points(state->ring + state->n, svc->ready[i], i, points_of(svc->ready[i], divisor, total));
	qsort(state->ring, state->n, sizeof(state->ring[0]), compare_points);
	svc->scheduler_state = state;
	return 0;
}

/* The first point from HASH on; the ring's first if there is none. */
static const struct point *
next_point(const struct conhash_state *state, int64_t hash)
{
	uint32_t low = 0, high = state->n;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (state->ring[middle].hash < hash)
			low = middle + 1;
		else
			high = middle;
	}
	return &state->ring[low < state->n ? low : 0];
}

/* DPVS takes the folded address as a number of the host's, and writes it in decimal. */
static uint32_t
write_decimal(char *text, uint32_t number)
{
	char reversed[10];
	uint32_t n = 0;

	do {
		reversed[n++] = (char)('0' + number % 10);
		number /= 10;
	} while (number > 0);
	for (uint32_t i = 0; i < n; i++)
		text[i] = reversed[n - 1 - i];
	return n;
}

static const struct dest *
conhash_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct conhash_state *state = svc->scheduler_state;
	const struct dest *dest;
	char text[10];

	if (state->n == 0)
		return NULL;
	dest = svc->ready[next_point(state,
				     hash_text(text, write_decimal(text, address_fold(flow->family, &flow->src))))
				  ->position];
	return scheduler_dest_open(self, dest) ? dest : NULL;
}

const struct scheduler scheduler_conhash = {
	.name = "conhash",
	.pick = conhash_pick,
	.state_new = conhash_state_new,
	.state_free = free,
};
