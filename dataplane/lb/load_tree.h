/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The least loaded of a service's destinations, for the schedulers that count connections: each worker has a winner
 * tree of its own, brought up to date when its counts change. A few destinations are looked at again with each pick, so
 * that the counts of other workers come in too.
 */
#ifndef LB_LOAD_TREE_H
#define LB_LOAD_TREE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"

struct dest;
struct dest_load;
struct service;
struct worker;

/* What a scheduler means by load. Least is who has the least load / weight, among equals the first in the list. */
struct load_measure {
	/* Of DEST, whose connections at all workers are ALL. Small enough to be multiplied by a weight. */
	uint64_t (*load_of)(const struct dest_load *all, const struct dest *dest);
	bool unweighted; /* all weights above 0 are the same */
	bool in_step; /* workers all begin at the list's head when loads are equal, rather than each elsewhere */
};

struct load_trees;

/* For the destinations in svc->ready; NULL if there is no memory. The measure must stay. */
struct load_trees *load_trees_new(const struct service *svc, uint32_t n_workers, const struct load_measure *measure);
void load_trees_free(struct load_trees *trees);

/* ---- Worker side ---- */

/* The least loaded, whether it takes connections or not, and its load. The service has one at least. */
const struct dest *load_trees_least(struct load_trees *trees, struct worker *self, const struct service *svc,
				    uint64_t *ret_load);
/* The least loaded of those below their thresholds, NULL if there is none. */
const struct dest *load_trees_least_open(struct load_trees *trees, struct worker *self, const struct service *svc);
/* The worker's counts of svc->ready[position] have changed. */
void load_trees_changed(struct load_trees *trees, const struct worker *self, const struct service *svc,
			uint32_t position);

/* ---- Members of struct scheduler for those whose state is the trees of their measure and nothing else ---- */

int load_tree_state_new(struct service *svc, const struct service *old, uint32_t n_workers);
const struct dest *load_tree_pick(struct worker *self, const struct service *svc, const struct flow *flow);
void load_tree_state_free(void *state);
void load_tree_load_changed(struct worker *self, const struct service *svc, uint32_t position);

/* A connection count as it is used in a measure: those of several workers, read one after the other, may be below 0. */
static inline uint64_t
load_count(int32_t n)
{
	return n > 0 ? (uint64_t)n : 0;
}

/* ip_vs_dest_conn_overhead() of the kernel: what a connection costs that does something, or has just come or gone. */
uint64_t load_overhead(const struct dest_load *all, const struct dest *dest);
/* The same of what all workers count now. */
uint64_t dest_overhead(const struct worker *self, const struct dest *dest);

#endif
