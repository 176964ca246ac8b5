/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "core/worker.h"
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define REFRESHED_PER_PICK 4
#define PICK_ATTEMPTS 16

/* One worker's tree, in cache lines of its own: leaves stand for svc->ready, turned by `turn`. */
struct load_tree {
	alignas(64) uint32_t leaves;
	uint32_t turn;
	uint32_t refresh; /* the leaf to look at next */
	bool filled;
	uint64_t *load; /* by leaf, as last looked at */
	uint32_t *winner; /* by node, as in a heap: winner[1] is the least loaded leaf */
};

struct load_trees {
	const struct load_measure *measure;
	uint32_t n_workers;
	struct load_tree tree[];
};

static uint32_t
position_of(const struct load_tree *tree, const struct service *svc, uint32_t leaf)
{
	uint32_t position = leaf + tree->turn;

	return position >= svc->n_ready ? position - svc->n_ready : position;
}

static uint64_t
measured_load(const struct load_trees *trees, const struct lb *lb, const struct dest *dest)
{
	struct dest_load all;

	dest_load_sum(lb, DEST_INDEX(dest->id), &all);
	return trees->measure->load_of(&all, dest);
}

static bool
is_lighter(const struct load_trees *trees, const struct dest *dest, uint64_t load, const struct dest *other,
	   uint64_t other_load)
{
	if (trees->measure->unweighted)
		return load < other_load;
	return load * (uint64_t)other->weight < other_load * (uint64_t)dest->weight;
}

/* The lighter of two leaves: A is the one further left, and wins when equal. */
static uint32_t
lighter(const struct load_trees *trees, const struct load_tree *tree, const struct service *svc, uint32_t a, uint32_t b)
{
	if (b >= svc->n_ready)
		return a;
	return is_lighter(trees, svc->ready[position_of(tree, svc, b)], tree->load[b],
			  svc->ready[position_of(tree, svc, a)], tree->load[a])
		       ? b
		       : a;
}

static void
play(const struct load_trees *trees, struct load_tree *tree, const struct service *svc, uint32_t node)
{
	tree->winner[node] = lighter(trees, tree, svc, tree->winner[2 * node], tree->winner[2 * node + 1]);
}

/* Looks at a leaf's load; true if it was another than the tree knew. */
static bool
refresh_leaf(const struct load_trees *trees, struct load_tree *tree, const struct lb *lb, const struct service *svc,
	     uint32_t leaf)
{
	uint64_t load = measured_load(trees, lb, svc->ready[position_of(tree, svc, leaf)]);

	if (tree->load[leaf] == load)
		return false;
	tree->load[leaf] = load;
	for (uint32_t node = (tree->leaves + leaf) / 2; node > 0; node /= 2)
		play(trees, tree, svc, node);
	return true;
}

void
load_trees_free(struct load_trees *trees)
{
	for (uint32_t i = 0; trees && i < trees->n_workers; i++)
		free(trees->tree[i].load);
	free(trees);
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
static bool
tree_init(struct load_tree *tree, const struct service *svc, uint32_t turn)
{
	tree->leaves = 1;
	while (tree->leaves < svc->n_ready)
		tree->leaves <<= 1;
	tree->turn = turn;
	tree->load = lines_new(tree->leaves * (sizeof(*tree->load) + 2 * sizeof(*tree->winner)));
	if (!tree->load)
		return false;
	tree->winner = (uint32_t *)(tree->load + tree->leaves);
	for (uint32_t i = 0; i < tree->leaves; i++)
		tree->winner[tree->leaves + i] = i;
	return true;
}

struct load_trees *
load_trees_new(const struct service *svc, uint32_t n_workers, const struct load_measure *measure)
{
	struct load_trees *trees = lines_new(sizeof(*trees) + n_workers * sizeof(trees->tree[0]));

	if (!trees)
		return NULL;
	trees->measure = measure;
	trees->n_workers = n_workers;
	for (uint32_t i = 0; i < n_workers; i++) {
		uint32_t turn = measure->in_step ? 0 : (uint32_t)((uint64_t)svc->n_ready * i / n_workers);

		if (!tree_init(&trees->tree[i], svc, turn)) {
			load_trees_free(trees);
			return NULL;
		}
	}
	return trees;
}

/* A new version of a service starts with an empty tree; the worker fills it in before its first pick. */
static void
fill(const struct load_trees *trees, struct load_tree *tree, const struct lb *lb, const struct service *svc)
{
	for (uint32_t i = 0; i < svc->n_ready; i++)
		tree->load[i] = measured_load(trees, lb, svc->ready[position_of(tree, svc, i)]);
	for (uint32_t node = tree->leaves - 1; node > 0; node--)
		play(trees, tree, svc, node);
	tree->filled = true;
}

const struct dest *
load_trees_least(struct load_trees *trees, struct worker *self, const struct service *svc, uint64_t *ret_load)
{
	struct load_tree *tree = &trees->tree[self->index];

	if (!tree->filled)
		fill(trees, tree, self->lb, svc);
	for (uint32_t i = 0; i < REFRESHED_PER_PICK; i++) {
		refresh_leaf(trees, tree, self->lb, svc, tree->refresh);
		tree->refresh = tree->refresh + 1 < svc->n_ready ? tree->refresh + 1 : 0;
	}
	for (int attempt = 0; attempt < PICK_ATTEMPTS; attempt++) {
		if (!refresh_leaf(trees, tree, self->lb, svc, tree->winner[1]))
			break;
	}
	*ret_load = tree->load[tree->winner[1]];
	return svc->ready[position_of(tree, svc, tree->winner[1])];
}

static const struct dest *
least_of_open(const struct load_trees *trees, struct worker *self, const struct service *svc)
{
	const struct load_tree *tree = &trees->tree[self->index];
	const struct dest *best = NULL;
	uint64_t best_load = 0;

	for (uint32_t leaf = 0; leaf < svc->n_ready; leaf++) {
		const struct dest *dest = svc->ready[position_of(tree, svc, leaf)];

		if (!scheduler_dest_open(self, dest))
			continue;
		if (!best || is_lighter(trees, dest, tree->load[leaf], best, best_load)) {
			best = dest;
			best_load = tree->load[leaf];
		}
	}
	return best;
}

const struct dest *
load_trees_least_open(struct load_trees *trees, struct worker *self, const struct service *svc)
{
	const struct dest *dest;
	uint64_t load;

	if (svc->n_ready == 0)
		return NULL;
	dest = load_trees_least(trees, self, svc, &load);
	/* Thresholds are rare and their services small: the list is walked only when the winner is closed. */
	return scheduler_dest_open(self, dest) ? dest : least_of_open(trees, self, svc);
}

void
load_trees_changed(struct load_trees *trees, const struct worker *self, const struct service *svc, uint32_t position)
{
	struct load_tree *tree = &trees->tree[self->index];

	if (tree->filled)
		refresh_leaf(trees, tree, self->lb, svc,
			     position >= tree->turn ? position - tree->turn : position + svc->n_ready - tree->turn);
}

int
load_tree_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	(void)old;
	svc->scheduler_state = load_trees_new(svc, n_workers, svc->scheduler->measure);
	return svc->scheduler_state ? 0 : -ENOMEM;
}

const struct dest *
load_tree_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	(void)flow;
	return load_trees_least_open(svc->scheduler_state, self, svc);
}

void
load_tree_state_free(void *state)
{
	load_trees_free(state);
}

void
load_tree_load_changed(struct worker *self, const struct service *svc, uint32_t position)
{
	load_trees_changed(svc->scheduler_state, self, svc, position);
}

uint64_t
load_overhead(const struct dest_load *all, const struct dest *dest)
{
	(void)dest;
	return (load_count(all->active) << 8) + load_count(all->inactive);
}

uint64_t
dest_overhead(const struct worker *self, const struct dest *dest)
{
	struct dest_load all;

	dest_load_sum(self->lb, DEST_INDEX(dest->id), &all);
	return load_overhead(&all, dest);
}
