/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Never queue (ip_vs_nq.c): the first in the list without an active connection, whatever its weight; if there is none,
 * the shortest expected delay as in scheduler_sed.c. Workers start at different places.
 */
#include "lb/load_tree.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static uint64_t
delay_if_not_idle(const struct dest_load *all, const struct dest *dest)
{
	(void)dest;
	return all->active > 0 ? load_count(all->active) + 1 : 0;
}

static const struct load_measure measure = {
	.load_of = delay_if_not_idle,
};

const struct scheduler scheduler_nq = {
	.name = "nq",
	.pick = load_tree_pick,
	.state_new = load_tree_state_new,
	.state_free = load_tree_state_free,
	.load_changed = load_tree_load_changed,
	.measure = &measure,
};
