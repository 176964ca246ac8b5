/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Overflow (ip_vs_ovf.c): the heaviest destination whose active connections don't exceed its weight, the first in the
 * list among equals. All workers fill the same one.
 */
#include "core/worker.h"
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

/* Divided by any weight, it is more than 1 divided by any other. */
#define FULL ((uint64_t)1 << 32)

static bool
is_full(const struct dest_load *all, const struct dest *dest)
{
	return all->active > dest->weight;
}

/* The least 1 / weight is the heaviest. */
static uint64_t
full_or_not(const struct dest_load *all, const struct dest *dest)
{
	return is_full(all, dest) ? FULL : 1;
}

static const struct load_measure measure = {
	.load_of = full_or_not,
	.in_step = true,
};

static const struct dest *
ovf_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct dest *dest = load_tree_pick(self, svc, flow);
	struct dest_load all;

	if (!dest)
		return NULL;
	dest_load_sum(self->lb, DEST_INDEX(dest->id), &all);
	return is_full(&all, dest) ? NULL : dest;
}

const struct scheduler scheduler_ovf = {
	.name = "ovf",
	.pick = ovf_pick,
	.state_new = load_tree_state_new,
	.state_free = load_tree_state_free,
	.load_changed = load_tree_load_changed,
	.measure = &measure,
};
