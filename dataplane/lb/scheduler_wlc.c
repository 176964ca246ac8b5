/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Weighted least connections, by the kernel's measure (ip_vs_wlc.c): the least (active * 256 + inactive) / weight, the
 * first in the list among equals. Each worker has a winner tree of its own, brought up to date when its counts change;
 * a few destinations are looked at again with each pick, so that the counts of other workers come in too. Among equals
 * workers start at different places.
 */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "core/worker.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define REFRESHED_PER_PICK 4
#define PICK_ATTEMPTS 16

/* One worker's tree, in cache lines of its own: leaves stand for svc->ready, turned by `turn`. */
struct wlc_tree {
	alignas(64) uint32_t leaves;
	uint32_t turn;
	uint32_t refresh; /* the leaf to look at next */
	bool filled;
	uint64_t *load; /* by leaf, as last looked at */
	uint32_t *winner; /* by node, as in a heap: winner[1] is the least loaded leaf */
};

struct wlc_state {
	uint32_t n_workers;
	struct wlc_tree tree[];
};

static uint32_t
position_of(const struct wlc_tree *tree, const struct service *svc, uint32_t leaf)
{
	uint32_t position = leaf + tree->turn;

	return position >= svc->n_ready ? position - svc->n_ready : position;
}

static uint64_t
load_of(const struct lb *lb, const struct dest *dest)
{
	struct dest_load all;

	dest_load_sum(lb, DEST_INDEX(dest->id), &all);
	return ((uint64_t)(all.active > 0 ? all.active : 0) << 8) + (uint64_t)(all.inactive > 0 ? all.inactive : 0);
}

/* The lighter of two leaves: A is the one further left, and wins when equal. */
static uint32_t
lighter(const struct wlc_tree *tree, const struct service *svc, uint32_t a, uint32_t b)
{
	uint64_t weight_a, weight_b;

	if (b >= svc->n_ready)
		return a;
	weight_a = (uint64_t)svc->ready[position_of(tree, svc, a)]->weight;
	weight_b = (uint64_t)svc->ready[position_of(tree, svc, b)]->weight;
	return tree->load[b] * weight_a < tree->load[a] * weight_b ? b : a;
}

static void
play(struct wlc_tree *tree, const struct service *svc, uint32_t node)
{
	tree->winner[node] = lighter(tree, svc, tree->winner[2 * node], tree->winner[2 * node + 1]);
}

/* Looks at a leaf's load; true if it was another than the tree knew. */
static bool
refresh_leaf(const struct lb *lb, struct wlc_tree *tree, const struct service *svc, uint32_t leaf)
{
	uint64_t load = load_of(lb, svc->ready[position_of(tree, svc, leaf)]);

	if (tree->load[leaf] == load)
		return false;
	tree->load[leaf] = load;
	for (uint32_t node = (tree->leaves + leaf) / 2; node > 0; node /= 2)
		play(tree, svc, node);
	return true;
}

static void
wlc_state_free(void *object)
{
	struct wlc_state *state = object;

	for (uint32_t i = 0; state && i < state->n_workers; i++)
		free(state->tree[i].load);
	free(state);
}

/* Whole cache lines of zeros. */
static void *
lines_new(size_t size)
{
	size_t lines = (size + 63) & ~(size_t)63;
	void *memory = aligned_alloc(64, lines);

	return memory ? memset(memory, 0, lines) : NULL;
}

/* Loads are 0 here; the picks bring them in. */
static int
tree_new(struct wlc_tree *tree, const struct service *svc, uint32_t turn)
{
	tree->leaves = 1;
	while (tree->leaves < svc->n_ready)
		tree->leaves <<= 1;
	tree->turn = turn;
	tree->load = lines_new(tree->leaves * (sizeof(*tree->load) + 2 * sizeof(*tree->winner)));
	if (!tree->load)
		return -ENOMEM;
	tree->winner = (uint32_t *)(tree->load + tree->leaves);
	for (uint32_t i = 0; i < tree->leaves; i++)
		tree->winner[tree->leaves + i] = i;
	return 0;
}

static int
wlc_state_new(struct service *svc, uint32_t n_workers)
{
	struct wlc_state *state = lines_new(sizeof(*state) + n_workers * sizeof(state->tree[0]));

	if (!state)
		return -ENOMEM;
	state->n_workers = n_workers;
	for (uint32_t i = 0; i < n_workers; i++) {
		if (tree_new(&state->tree[i], svc, (uint32_t)((uint64_t)svc->n_ready * i / n_workers)) < 0) {
			wlc_state_free(state);
			return -ENOMEM;
		}
	}
	svc->scheduler_state = state;
	return 0;
}

/* A new version of a service starts with an empty tree; the worker fills it in before its first pick. */
static void
fill(const struct lb *lb, struct wlc_tree *tree, const struct service *svc)
{
	for (uint32_t i = 0; i < svc->n_ready; i++)
		tree->load[i] = load_of(lb, svc->ready[position_of(tree, svc, i)]);
	for (uint32_t node = tree->leaves - 1; node > 0; node--)
		play(tree, svc, node);
	tree->filled = true;
}

static const struct dest *
least_open(struct worker *self, struct wlc_tree *tree, const struct service *svc)
{
	const struct dest *best = NULL;
	uint64_t best_load = 0;

	for (uint32_t leaf = 0; leaf < svc->n_ready; leaf++) {
		const struct dest *dest = svc->ready[position_of(tree, svc, leaf)];

		if (!scheduler_dest_open(self, dest))
			continue;
		if (!best || tree->load[leaf] * (uint64_t)best->weight < best_load * (uint64_t)dest->weight) {
			best = dest;
			best_load = tree->load[leaf];
		}
	}
	return best;
}

static const struct dest *
wlc_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	struct wlc_state *state = svc->scheduler_state;
	struct wlc_tree *tree = &state->tree[self->index];
	const struct dest *dest;

	(void)flow;
	if (svc->n_ready == 0)
		return NULL;
	if (!tree->filled)
		fill(self->lb, tree, svc);
	for (uint32_t i = 0; i < REFRESHED_PER_PICK; i++) {
		refresh_leaf(self->lb, tree, svc, tree->refresh);
		tree->refresh = tree->refresh + 1 < svc->n_ready ? tree->refresh + 1 : 0;
	}
	for (int attempt = 0; attempt < PICK_ATTEMPTS; attempt++) {
		if (!refresh_leaf(self->lb, tree, svc, tree->winner[1]))
			break;
	}
	dest = svc->ready[position_of(tree, svc, tree->winner[1])];
	/* Thresholds are rare and their services small: the list is walked only when the winner is closed. */
	return scheduler_dest_open(self, dest) ? dest : least_open(self, tree, svc);
}

static void
wlc_load_changed(struct worker *self, const struct service *svc, uint32_t position)
{
	struct wlc_state *state = svc->scheduler_state;
	struct wlc_tree *tree = &state->tree[self->index];

	if (tree->filled)
		refresh_leaf(self->lb, tree, svc,
			     position >= tree->turn ? position - tree->turn : position + svc->n_ready - tree->turn);
}

const struct scheduler scheduler_wlc = {
	.name = "wlc",
	.pick = wlc_pick,
	.state_new = wlc_state_new,
	.state_free = wlc_state_free,
	.load_changed = wlc_load_changed,
};
