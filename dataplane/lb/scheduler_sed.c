/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Shortest expected delay (ip_vs_sed.c): the least (active + 1) / weight, the first in the list among equals. Workers
 * start at different places.
 */
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static uint64_t
expected_delay(const struct dest_load *all, const struct dest *dest)
{
	(void)dest;
	return load_count(all->active) + 1;
}

static const struct load_measure measure = {
	.load_of = expected_delay,
};

const struct scheduler scheduler_sed = {
	.name = "sed",
	.pick = load_tree_pick,
	.state_new = load_tree_state_new,
	.state_free = load_tree_state_free,
	.load_changed = load_tree_load_changed,
	.measure = &measure,
};
