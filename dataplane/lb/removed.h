/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What removed destinations leave behind as long as the control side remembers them (control/ipvs_model_trash.c). Their
 * connections live on at the workers that own them, and packets of these that arrive at other workers must get there still,
 * though perhaps no service tells any more that they are of connections. Only packets of no connection and no service of
 * the worker that has them are looked for here.
 */
#ifndef LB_REMOVED_H
#define LB_REMOVED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"
#include "lb/service.h"

struct lb;

struct removed_entry {
	struct removed_entry *next; /* published */
	struct service_key key;
	uint32_t n; /* control only: destinations that were removed from services with this key */
};

struct removed {
	uint32_t n, n_marked; /* destinations and marks that moved; those of them that were or are a mark's */
	uint32_t mask;
	struct removed_entry *buckets[]; /* published */
};

/* Buckets for services, of which MAX are in use at once. */
int removed_create(uint32_t max, struct removed **ret);
void removed_destroy(struct removed *removed);

/* Control side. DEST is about to be taken from the service of KEY; -ENOMEM. */
int removed_add(struct lb *lb, const struct service_key *key, const struct dest *dest);
/* With the same: it is published again, or has no connections any more. */
void removed_forget(struct lb *lb, const struct service_key *key, const struct dest *dest);
/* A service by mark with destinations is about to match something else, with the same consequence, until it is removed; then
 * BY is -1 instead of 1. */
void removed_mark_moves(struct lb *lb, int by);

/* Worker side. Whether a packet of FLOW, which is for no service, may be a client's of a removed destination. The rules by
 * which marks were given may have gone, with their service for one: while anything of a mark is here, all packets may be. */
bool removed_may_have(const struct lb *lb, const struct flow *flow);

#endif
