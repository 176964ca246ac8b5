/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Weighted least connections, by the kernel's measure (ip_vs_wlc.c): the least (active * 256 + inactive) / weight, the
 * first in the list among equals. Workers start at different places.
 */
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static const struct load_measure measure = {
	.load_of = load_overhead,
};

const struct scheduler scheduler_wlc = {
	.name = "wlc",
	.pick = load_tree_pick,
	.state_new = load_tree_state_new,
	.state_free = load_tree_state_free,
	.load_changed = load_tree_load_changed,
	.measure = &measure,
};
