/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Locality-based least connections with replication (ip_vs_lblcr.c), for caches: a destination address has a set of
 * servers, and of these the least loaded by wlc's measure is taken. If that is strained while another is half idle, the
 * one that wlc would pick joins the set. A set that hasn't changed for a day loses its most loaded server. The kernel's
 * sets know no limit; here the most loaded makes room for one too many.
 */
#include <string.h>

#include "core/worker.h"
#include "lb/load_tree.h"
#include "lb/locality.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define SET_MAX 249 /* of the one address of a service: an entry of 1 KB */
#define SET_MAX_OF_MARK 25 /* of each of many: 128 bytes */

static int
lblcr_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	return locality_state_new(svc, old, n_workers, svc->key.fwmark == 0 ? SET_MAX : SET_MAX_OF_MARK);
}

static const struct dest *
least_of_set(const struct worker *self, const struct locality_entry *entry)
{
	const struct dest *least = NULL;
	uint64_t load = 0;

	for (uint32_t i = 0; i < entry->n; i++) {
		const struct dest *dest = dest_get(self->lb, entry->servers[i]);
		uint64_t its;

		if (!dest || !scheduler_dest_takes(self, dest))
			continue;
		its = dest_overhead(self, dest);
		if (!least || its * (uint64_t)least->weight < load * (uint64_t)dest->weight) {
			least = dest;
			load = its;
		}
	}
	return least;
}

/* Place of the most loaded, or of one that is gone, if GONE_FIRST; entry->n if all have weight 0. */
static uint32_t
most_of_set(const struct worker *self, const struct locality_entry *entry, bool gone_first)
{
	const struct dest *most = NULL;
	uint32_t place = entry->n;
	uint64_t load = 0;

	for (uint32_t i = 0; i < entry->n; i++) {
		const struct dest *dest = dest_get(self->lb, entry->servers[i]);
		uint64_t its;

		if (!dest && gone_first)
			return i;
		if (!dest || dest->weight == 0)
			continue;
		its = dest_overhead(self, dest);
		if (!most || load * (uint64_t)dest->weight < its * (uint64_t)most->weight) {
			most = dest;
			load = its;
			place = i;
		}
	}
	return place;
}

static void
set_remove(const struct worker *self, struct locality_entry *entry, uint32_t place)
{
	entry->n--;
	memmove(&entry->servers[place], &entry->servers[place + 1], (entry->n - place) * sizeof(entry->servers[0]));
	entry->changed_ms = self->now_ms;
}

static void
set_add(const struct worker *self, struct locality_entry *entry, uint32_t max, uint32_t id)
{
	for (uint32_t i = 0; i < entry->n; i++) {
		if (entry->servers[i] == id)
			return;
	}
	if (entry->n == max) {
		uint32_t place = most_of_set(self, entry, true);

		set_remove(self, entry, place < max ? place : max - 1);
	}
	memmove(&entry->servers[1], &entry->servers[0], entry->n * sizeof(entry->servers[0]));
	entry->servers[0] = id;
	entry->n++;
	entry->changed_ms = self->now_ms;
}

static void
shrink(const struct worker *self, struct locality_entry *entry)
{
	uint32_t place;

	if (entry->n < 2 || self->now_ms - entry->changed_ms <= LOCALITY_EXPIRY_MS)
		return;
	place = most_of_set(self, entry, false);
	if (place < entry->n)
		set_remove(self, entry, place);
}

static const struct dest *
lblcr_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	struct locality_entry *entry = locality_find(self, svc, &flow->dst);
	const struct dest *dest = NULL;

	if (entry) {
		dest = least_of_set(self, entry);
		shrink(self, entry);
	}
	if (dest && !locality_is_strained(self, svc, dest))
		return dest;
	dest = locality_least(self, svc);
	if (!dest)
		return NULL;
	if (!entry)
		entry = locality_enter(self, svc, &flow->dst);
	set_add(self, entry, locality_set_max(svc), dest->id);
	return dest;
}

const struct scheduler scheduler_lblcr = {
	.name = "lblcr",
	.pick = lblcr_pick,
	.state_new = lblcr_state_new,
	.state_free = locality_state_free,
	.load_changed = locality_load_changed,
};
