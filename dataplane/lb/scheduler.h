/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedulers: who gets a new connection. One file each with a const struct at its bottom, one line in scheduler.c.
 */
#ifndef LB_SCHEDULER_H
#define LB_SCHEDULER_H

#include <stdint.h>

#include "core/flow.h"

struct dest;
struct service;
struct worker;

struct scheduler {
	const char *name;
	/* A destination that takes new connections, or NULL. For the worker: no allocation, no walk over all. */
	const struct dest *(*pick)(struct worker *self, const struct service *svc, const struct flow *flow);
	/* Builds svc->scheduler_state for the service's destinations; NULL if the scheduler needs none. 0 or -errno. */
	int (*state_new)(struct service *svc, uint32_t n_workers);
	void (*state_free)(void *state);
	/* The connections that the worker counts for svc->ready[position] have changed; NULL if it doesn't matter. */
	void (*load_changed)(struct worker *self, const struct service *svc, uint32_t position);
};

extern const struct scheduler scheduler_rr, scheduler_wrr, scheduler_wlc;

/* To be called when the worker's connection counts of a destination have changed. */
void scheduler_load_changed(struct worker *self, uint32_t dest_id);

/* Whether DEST may take one more connection: its upper threshold isn't reached, or it came back under the lower. */
_Bool scheduler_dest_open(const struct worker *self, const struct dest *dest);

#endif
