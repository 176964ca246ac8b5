/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Round robin: each worker walks the destinations that take new connections, in the kernel's order (ip_vs_rr.c). Workers
 * start at different places, so that together they spread evenly from the first connection on. When the list changes, a
 * worker goes on behind the one it took last, whether that is still there or not.
 */
#include "core/worker.h"
#include "lb/scheduler.h"
#include "lb/service.h"

/* The first place behind the destination that has, or had, this order. */
static uint32_t
place_behind(const struct service *svc, uint32_t order)
{
	uint32_t low = 0, high = svc->n_ready;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (svc->ready[middle]->order < order)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

/* The list is another one than last time, if there was a last time. */
static void
find_place(const struct worker *self, const struct service *svc, struct service_cursor *cursor)
{
	if (cursor->version < svc->since)
		cursor->position = (uint32_t)((uint64_t)(self->index * 0x9e3779b9u) * svc->n_ready >> 32);
	else
		cursor->position = place_behind(svc, cursor->order);
	cursor->version = svc->version;
}

static const struct dest *
rr_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	struct service_cursor *cursor = &self->cursors[svc->index];

	(void)flow;
	if (svc->n_ready == 0)
		return NULL;
	if (cursor->version != svc->version)
		find_place(self, svc, cursor);
	for (uint32_t tried = 0; tried < svc->n_ready; tried++) {
		const struct dest *dest;

		if (cursor->position >= svc->n_ready)
			cursor->position = 0;
		dest = svc->ready[cursor->position++];
		if (scheduler_dest_open(self, dest)) {
			cursor->order = dest->order;
			return dest;
		}
	}
	return NULL;
}

const struct scheduler scheduler_rr = {
	.name = "rr",
	.pick = rr_pick,
};
