/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedulers: who gets a new connection. One file each with a const struct at its bottom, one line in scheduler.c.
 */
#ifndef LB_SCHEDULER_H
#define LB_SCHEDULER_H

#include <stdint.h>

#include "core/flow.h"

struct dest;
struct load_measure;
struct service;
struct worker;

struct scheduler {
	const char *name;
	/* A destination that takes new connections, or NULL. For the worker: no allocation, no walk over all. */
	const struct dest *(*pick)(struct worker *self, const struct service *svc, const struct flow *flow);
	/* Builds svc->scheduler_state for the service's destinations; NULL if the scheduler needs none. OLD is the version
	 * that SVC will replace, or NULL; it may have another scheduler. 0 or -errno. */
	int (*state_new)(struct service *svc, const struct service *old, uint32_t n_workers);
	void (*state_free)(void *state);
	/* The connections that the worker counts for svc->ready[position] have changed; NULL if it doesn't matter. */
	void (*load_changed)(struct worker *self, const struct service *svc, uint32_t position);
	const struct load_measure *measure; /* for load_tree_state_new() */
	uint32_t max_dests; /* a service with more can't get this scheduler; 0: no limit */
};

extern const struct scheduler scheduler_rr, scheduler_wrr, scheduler_lc, scheduler_wlc, scheduler_sed, scheduler_nq,
	scheduler_fo, scheduler_ovf, scheduler_twos, scheduler_sh, scheduler_dh, scheduler_mh, scheduler_lblc,
	scheduler_lblcr, scheduler_conhash;

/* To be called when the worker's connection counts of a destination have changed. */
void scheduler_load_changed(struct worker *self, uint32_t dest_id);

/* The greatest number that divides both; 0 divides into anything. For weights, on the control thread. */
uint32_t common_divisor(uint32_t a, uint32_t b);

/* Whether one of the service's destinations may take one more connection. For those who would look in vain for long. */
_Bool scheduler_any_open(const struct worker *self, const struct service *svc);

/* Whether DEST may take one more connection: its upper threshold isn't reached, or it came back under the lower. */
_Bool scheduler_dest_open(const struct worker *self, const struct dest *dest);

/* The same for one whose weight may be 0. */
_Bool scheduler_dest_takes(const struct worker *self, const struct dest *dest);

#endif
