/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The power of two choices (ip_vs_twos.c): of two destinations drawn by weight, the one with the lower (active * 256 +
 * inactive) / weight; the first draw among equals. As in the kernel a draw is a number from 0 to the sum of the weights
 * inclusive, so that the first in the list has one chance more than its weight.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/random.h"
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define DRAWS 16 /* of destinations that turn out to be closed */

/* The state is an array by position: the sum of the weights up to there. */
static int
twos_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	uint64_t *sum = calloc(svc->n_ready + 1, sizeof(*sum)), total = 0;

	(void)old, (void)n_workers;
	if (!sum)
		return -ENOMEM;
	for (uint32_t i = 0; i < svc->n_ready; i++) {
		total += (uint64_t)svc->ready[i]->weight;
		sum[i] = total;
	}
	svc->scheduler_state = sum;
	return 0;
}

/* The first position whose sum reaches NUMBER. */
static uint32_t
position_at(const uint64_t *sum, uint32_t n, uint64_t number)
{
	uint32_t low = 0, high = n - 1;

	while (low < high) {
		uint32_t middle = low + (high - low) / 2;

		if (sum[middle] >= number)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* With thresholds most may be closed: a draw among those that are open, by a walk over the list. */
static const struct dest *
draw_open(struct worker *self, const struct service *svc)
{
	uint64_t total = 0, number;

	for (uint32_t i = 0; i < svc->n_ready; i++)
		total += scheduler_dest_open(self, svc->ready[i]) ? (uint64_t)svc->ready[i]->weight : 0;
	number = random_below(self, total + 1);
	for (uint32_t i = 0; i < svc->n_ready; i++) {
		uint64_t weight = (uint64_t)svc->ready[i]->weight;

		if (!scheduler_dest_open(self, svc->ready[i]))
			continue;
		if (number <= weight)
			return svc->ready[i];
		number -= weight;
	}
	return NULL;
}

static const struct dest *
draw(struct worker *self, const struct service *svc)
{
	const uint64_t *sum = svc->scheduler_state;

	for (int i = 0; i < DRAWS; i++) {
		uint64_t number = random_below(self, sum[svc->n_ready - 1] + 1);
		const struct dest *dest = svc->ready[position_at(sum, svc->n_ready, number)];

		if (scheduler_dest_open(self, dest))
			return dest;
	}
	return draw_open(self, svc);
}

static const struct dest *
twos_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct dest *first, *second;

	(void)flow;
	if (svc->n_ready == 0)
		return NULL;
	first = draw(self, svc);
	if (!first)
		return NULL;
	second = draw(self, svc);
	if (!second)
		return first;
	return dest_overhead(self, second) * (uint64_t)first->weight <
			       dest_overhead(self, first) * (uint64_t)second->weight
		       ? second
		       : first;
}

const struct scheduler scheduler_twos = {
	.name = "twos",
	.pick = twos_pick,
	.state_new = twos_state_new,
	.state_free = free,
};
