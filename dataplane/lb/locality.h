/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What lblc and lblcr share: which servers a destination address has been given, and when it is time for another one.
 * Each worker has a table of its own, made with the service and kept over its versions. A service by address has room
 * for its one address; one by firewall mark for LOCALITY_ADDRESSES, the one unused for the longest time gives way.
 */
#ifndef LB_LOCALITY_H
#define LB_LOCALITY_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct dest;
struct service;
struct worker;

#define LOCALITY_ADDRESSES 16384 /* IP_VS_LBLC_TAB_SIZE * 16: where the kernel begins to drop old ones */
#define LOCALITY_EXPIRY_MS (24u * 3600 * 1000) /* DEFAULT_EXPIRATION */

/* Times are the worker's now_ms: an entry that comes back after 49 days of rest may count as fresh. */
struct locality_entry {
	union ip_bits address;
	uint32_t used_ms;
	uint32_t changed_ms; /* when servers[] was */
	uint32_t n; /* 0: free */
	uint32_t servers[]; /* ids, the latest first */
};

/* Members of struct scheduler, but for state_new: SET_MAX is how many servers an address may have, at most 1024. */
int locality_state_new(struct service *svc, const struct service *old, uint32_t n_workers, uint32_t set_max);
void locality_state_free(void *state);
void locality_load_changed(struct worker *self, const struct service *svc, uint32_t position);

/* ---- Worker side ---- */

/* How many servers an entry of this service has room for. */
uint32_t locality_set_max(const struct service *svc);
/* The address's entry, in use from now on, or NULL if it has none that was used within LOCALITY_EXPIRY_MS. */
struct locality_entry *locality_find(struct worker *self, const struct service *svc, const union ip_bits *address);
/* An empty entry for an address that has none, in place of the oldest if there is no room. */
struct locality_entry *locality_enter(struct worker *self, const struct service *svc, const union ip_bits *address);
/* As wlc would pick. */
const struct dest *locality_least(struct worker *self, const struct service *svc);
/* Whether DEST has more active connections than its weight, and another has less than half of its own. */
bool locality_is_strained(struct worker *self, const struct service *svc, const struct dest *dest);

#endif
