/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Weighted round robin, in the kernel's sequence (ip_vs_wrr.c): passes over the list with a falling limit, each taking
 * the destinations whose weight reaches it. The next such destination is found in a tree of maxima, so that a pick
 * costs the logarithm of the list and not its length. When the list changes, the pass begins anew with a limit that is
 * about the same, as the kernel's does.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>

#include "core/worker.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define PICK_ATTEMPTS 16

struct wrr_state {
	int32_t step; /* greatest common divisor of the weights */
	int32_t top; /* limit of the first pass, which only the highest weight reaches; the last one's is 1 */
	uint64_t inverse; /* of step, scaled by 2^64, rounded up: exact for what is divided here; for steps above 1 */
	uint32_t passes; /* in a sequence */
	bool met_whole; /* the scheduler was given to a list that had been there, not built up one by one */
	uint32_t leaves; /* a power of two */
	int32_t highest[]; /* [1] is the root, the children of i are 2i and 2i + 1, leaves start at [leaves] */
};

static int
wrr_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	struct wrr_state *state;
	uint32_t leaves = 1;

	(void)n_workers;
	while (leaves < svc->n_ready)
		leaves <<= 1;
	state = calloc(1, sizeof(*state) + 2 * leaves * sizeof(state->highest[0]));
	if (!state)
		return -ENOMEM;
	state->leaves = leaves;
	if (old && old->scheduler == svc->scheduler)
		state->met_whole = ((const struct wrr_state *)old->scheduler_state)->met_whole;
	else
		state->met_whole = old && old->n_ready > 0;
	for (uint32_t i = 0; i < svc->n_ready; i++) {
		int32_t weight = svc->ready[i]->weight;

		state->highest[leaves + i] = weight;
		state->step = (int32_t)common_divisor((uint32_t)state->step, (uint32_t)weight);
		state->top = weight > state->top ? weight : state->top;
	}
	if (svc->n_ready > 0) {
		state->passes = (uint32_t)(state->top / state->step);
		state->top -= state->step - 1;
		state->inverse = UINT64_MAX / (uint32_t)state->step + 1;
	}
	for (uint32_t i = leaves - 1; i > 0; i--) {
		int32_t left = state->highest[2 * i], right = state->highest[2 * i + 1];

		state->highest[i] = left > right ? left : right;
	}
	svc->scheduler_state = state;
	return 0;
}

/* The first leaf from FROM on with at least WEIGHT; state->leaves if there is none. */
static uint32_t
next_leaf(const struct wrr_state *state, uint32_t from, int32_t weight)
{
	uint32_t node = state->leaves + from;

	if (from >= state->leaves)
		return state->leaves;
	while (state->highest[node] < weight) {
		while (node & 1) {
			node >>= 1;
			if (node == 0)
				return state->leaves;
		}
		node++;
	}
	while (node < state->leaves) {
		node *= 2;
		if (state->highest[node] < weight)
			node++;
	}
	return node - state->leaves;
}

/* With thresholds the sequence may offer closed destinations for long: the heaviest open one, then. */
static const struct dest *
heaviest_open(struct worker *self, const struct service *svc)
{
	const struct dest *best = NULL;

	for (uint32_t i = 0; i < svc->n_ready; i++) {
		if ((!best || svc->ready[i]->weight > best->weight) && scheduler_dest_open(self, svc->ready[i]))
			best = svc->ready[i];
	}
	return best;
}

/* Where workers start in the sequence: at different places. The first one starts with the last pass, as the kernel does
 * when destinations come one by one, for the limit of a single one is the last one. */
static int32_t
first_limit(const struct wrr_state *state, uint64_t share)
{
	int32_t later = (int32_t)(share * state->passes >> 32) * state->step;

	return state->met_whole ? state->top - later : 1 + later;
}

/* The list is another one than last time, if there was a last time: ip_vs_wrr_dest_changed(). */
static void
find_place(const struct worker *self, const struct service *svc, struct service_cursor *cursor)
{
	const struct wrr_state *state = svc->scheduler_state;
	uint64_t share = self->index * 0x9e3779b9u;

	if (cursor->version < svc->since)
		cursor->limit = first_limit(state, share);
	else if (cursor->limit > state->top || cursor->limit <= 0)
		cursor->limit = state->top;
	else if (state->step > 1)
		cursor->limit =
			(int32_t)((unsigned __int128)state->inverse * (uint32_t)cursor->limit >> 64) * state->step + 1;
	cursor->position = (uint32_t)(share * svc->n_ready >> 32);
	cursor->version = svc->version;
}

static const struct dest *
wrr_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct wrr_state *state = svc->scheduler_state;
	struct service_cursor *cursor = &self->cursors[svc->index];

	(void)flow;
	if (svc->n_ready == 0)
		return NULL;
	if (cursor->version != svc->version)
		find_place(self, svc, cursor);
	for (int attempt = 0; attempt < PICK_ATTEMPTS; attempt++) {
		uint32_t leaf = next_leaf(state, cursor->position, cursor->limit);

		if (leaf >= svc->n_ready) {
			cursor->position = 0;
			cursor->limit -= state->step;
			if (cursor->limit <= 0)
				cursor->limit = state->top;
			continue;
		}
		cursor->position = leaf + 1;
		if (scheduler_dest_open(self, svc->ready[leaf]))
			return svc->ready[leaf];
	}
	return heaviest_open(self, svc);
}

const struct scheduler scheduler_wrr = {
	.name = "wrr",
	.pick = wrr_pick,
	.state_new = wrr_state_new,
	.state_free = free,
};
