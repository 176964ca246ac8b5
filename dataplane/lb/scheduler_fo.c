/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Failover (ip_vs_fo.c): the heaviest destination that takes connections, the first in the list among equals.
 */
#include <errno.h>
#include <stdlib.h>

#include "lb/scheduler.h"
#include "lb/service.h"

struct place {
	int32_t weight;
	uint32_t position;
};

/* Which of svc->ready to try, in this order. */
struct fo_state {
	uint32_t n;
	struct place order[];
};

static int
compare_places(const void *a, const void *b)
{
	const struct place *left = a, *right = b;

	if (left->weight != right->weight)
		return left->weight > right->weight ? -1 : 1;
	return left->position < right->position ? -1 : 1;
}

static int
fo_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	struct fo_state *state = calloc(1, sizeof(*state) + svc->n_ready * sizeof(state->order[0]));

	(void)old, (void)n_workers;
	if (!state)
		return -ENOMEM;
	state->n = svc->n_ready;
	for (uint32_t i = 0; i < svc->n_ready; i++)
		state->order[i] = (struct place){ .weight = svc->ready[i]->weight, .position = i };
	qsort(state->order, state->n, sizeof(state->order[0]), compare_places);
	svc->scheduler_state = state;
	return 0;
}

static const struct dest *
fo_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct fo_state *state = svc->scheduler_state;

	(void)flow;
	for (uint32_t i = 0; i < state->n; i++) {
		const struct dest *dest = svc->ready[state->order[i].position];

		if (scheduler_dest_open(self, dest))
			return dest;
	}
	return NULL;
}

const struct scheduler scheduler_fo = {
	.name = "fo",
	.pick = fo_pick,
	.state_new = fo_state_new,
	.state_free = free,
};
