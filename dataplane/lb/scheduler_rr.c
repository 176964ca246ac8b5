/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Round robin: each worker walks the destinations that take new connections, in the kernel's order. Workers start at
 * different places, so that together they spread evenly from the first connection on.
 */
#include "core/worker.h"
#include "lb/scheduler.h"
#include "lb/service.h"

static const struct dest *
rr_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	struct service_cursor *cursor = &self->cursors[svc->index];

	(void)flow;
	if (cursor->position == 0 && svc->n_ready > 0)
		cursor->position = 1 + (uint32_t)((uint64_t)(self->index * 0x9e3779b9u) * svc->n_ready >> 32);
	for (uint32_t tried = 0; tried < svc->n_ready; tried++) {
		const struct dest *dest;

		if (cursor->position > svc->n_ready)
			cursor->position = 1;
		dest = svc->ready[cursor->position - 1];
		cursor->position++;
		if (scheduler_dest_open(self, dest))
			return dest;
	}
	return NULL;
}

const struct scheduler scheduler_rr = {
	.name = "rr",
	.pick = rr_pick,
};
