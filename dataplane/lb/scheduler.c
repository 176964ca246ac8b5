/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The schedulers there are, and what they share.
 */
#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "core/worker.h"
#include "lb/lb.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static const struct scheduler *const schedulers[] = {
	&scheduler_rr,
	&scheduler_wrr,
	&scheduler_wlc,
};

const struct scheduler *
scheduler_by_name(const char *name)
{
	for (size_t i = 0; i < sizeof(schedulers) / sizeof(schedulers[0]); i++) {
		if (strcmp(schedulers[i]->name, name) == 0)
			return schedulers[i];
	}
	return NULL;
}

const char *
scheduler_name(const struct scheduler *scheduler)
{
	return scheduler ? scheduler->name : "none";
}

/* The kernel's rule (ip_vs_dest_update_overload): over at the upper threshold, open again below the lower, or below
 * three quarters of the upper where there is no lower. Counts of other workers are read as they stand, so a threshold
 * may be passed by as many connections as there are workers. */
bool
scheduler_dest_open(const struct worker *self, const struct dest *dest)
{
	struct dest_load *mine = &self->loads[DEST_INDEX(dest->id)], all;
	uint64_t total;

	if (dest->upper == 0) {
		mine->overloaded = false;
		return true;
	}
	dest_load_sum(self->lb, DEST_INDEX(dest->id), &all);
	total = (uint64_t)(all.active + all.inactive + all.persistent);
	if (total >= dest->upper)
		mine->overloaded = true;
	else if (dest->lower != 0 ? total < dest->lower : total * 4 < (uint64_t)dest->upper * 3)
		mine->overloaded = false;
	return !mine->overloaded;
}

void
scheduler_load_changed(struct worker *self, uint32_t dest_id)
{
	const struct lb *lb = self->lb;
	const struct dest *dest = fetch(lb->dests[DEST_INDEX(dest_id)]);
	const struct service *svc;
	uint32_t position;

	if (!dest || dest->id != dest_id)
		return;
	/* A threshold counts as reached even if no new connection comes by before it is left again. */
	if (dest->upper != 0)
		(void)scheduler_dest_open(self, dest);
	svc = fetch(lb->services[dest->service]);
	if (!svc || !svc->scheduler || !svc->scheduler->load_changed)
		return;
	position = __atomic_load_n(&lb->dest_position[DEST_INDEX(dest_id)], __ATOMIC_RELAXED);
	if (position < svc->n_ready)
		svc->scheduler->load_changed(self, svc, position);
}
