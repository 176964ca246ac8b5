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
	&scheduler_rr, &scheduler_wrr,	&scheduler_lc,	  &scheduler_wlc,  &scheduler_sed,
	&scheduler_nq, &scheduler_fo,	&scheduler_ovf,	  &scheduler_sh,   &scheduler_dh,
	&scheduler_mh, &scheduler_lblc, &scheduler_lblcr, &scheduler_twos, &scheduler_conhash,
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

uint32_t
common_divisor(uint32_t a, uint32_t b)
{
	while (b != 0) {
		uint32_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The kernel's rule (ip_vs_bind_dest, ip_vs_unbind_dest, __ip_vs_update_dest): over at the upper threshold, open again
 * below the lower, or below three quarters of the upper where there is no lower, or when the upper is raised. Templates
 * don't count. Counts of other workers are read as they stand, so a threshold may be passed by as many connections as
 * there are workers. */
bool
scheduler_dest_open(const struct worker *self, const struct dest *dest)
{
	struct dest_load *mine = &self->loads[DEST_INDEX(dest->id)], all;
	uint64_t total;

	if (dest->upper == 0 || dest->upper > mine->closed_at)
		mine->closed_at = 0;
	if (dest->upper == 0)
		return true;
	dest_load_sum(self->lb, DEST_INDEX(dest->id), &all);
	total = (uint64_t)(all.active + all.inactive);
	if (total >= dest->upper)
		mine->closed_at = dest->upper;
	else if (dest->lower != 0 ? total < dest->lower : total * 4 < (uint64_t)dest->upper * 3)
		mine->closed_at = 0;
	return mine->closed_at == 0;
}

bool
scheduler_dest_takes(const struct worker *self, const struct dest *dest)
{
	return dest->weight > 0 && scheduler_dest_open(self, dest);
}

bool
scheduler_any_open(const struct worker *self, const struct service *svc)
{
	for (uint32_t i = 0; i < svc->n_ready; i++) {
		if (scheduler_dest_open(self, svc->ready[i]))
			return true;
	}
	return false;
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
