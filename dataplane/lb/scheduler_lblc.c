/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Locality-based least connections (ip_vs_lblc.c), for caches: a destination address stays with the server it had, as
 * long as that isn't strained while another is half idle; else it moves to the one wlc would pick. As in the kernel
 * the server that it has keeps it beyond its upper threshold.
 */
#include "core/worker.h"
#include "lb/locality.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static int
lblc_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	return locality_state_new(svc, old, n_workers, 1);
}

static const struct dest *
lblc_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	struct locality_entry *entry = locality_find(self, svc, &flow->dst);
	const struct dest *dest = entry ? dest_get(self->lb, entry->servers[0]) : NULL;

	if (dest && dest->weight > 0 && !locality_is_strained(self, svc, dest))
		return dest;
	dest = locality_least(self, svc);
	if (!dest)
		return NULL;
	if (!entry)
		entry = locality_enter(self, svc, &flow->dst);
	entry->servers[0] = dest->id;
	entry->n = 1;
	return dest;
}

const struct scheduler scheduler_lblc = {
	.name = "lblc",
	.pick = lblc_pick,
	.state_new = lblc_state_new,
	.state_free = locality_state_free,
	.load_changed = locality_load_changed,
};
