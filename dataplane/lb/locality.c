/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "core/worker.h"
#include "lb/address_hash.h"
#include "lb/load_tree.h"
#include "lb/locality.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define WAYS 16 /* places that an address may have in a table */
#define BUCKET_BITS 10 /* of a table with LOCALITY_ADDRESSES */

/* By worker; a version of a service takes them over from the one before. Control counts who holds them. */
struct tables {
	uint32_t holders;
	uint32_t set_max;
	uint32_t ways;
	bool single; /* room for one address */
	size_t entry_size, table_size;
	uint8_t *entries;
};

struct locality_state {
	struct load_trees *overhead, *active;
	struct tables *tables;
};

static uint64_t
active_alone(const struct dest_load *all, const struct dest *dest)
{
	(void)dest;
	return load_count(all->active);
}

static const struct load_measure overhead_measure = { .load_of = load_overhead };
static const struct load_measure active_measure = { .load_of = active_alone };

static void
tables_release(struct tables *tables)
{
	if (!tables || --tables->holders > 0)
		return;
	free(tables->entries);
	free(tables);
}

/* The entries of a worker are whole cache lines. Zeroed here, so that no worker meets a page that isn't there. */
static struct tables *
tables_new(const struct service *svc, uint32_t n_workers, uint32_t set_max)
{
	struct tables *tables = calloc(1, sizeof(*tables));
	bool single = svc->key.fwmark == 0;

	if (!tables)
		return NULL;
	tables->holders = 1;
	tables->set_max = set_max;
	tables->single = single;
	tables->ways = single ? 1 : WAYS;
	tables->entry_size = (offsetof(struct locality_entry, servers[set_max]) + 7) & ~(size_t)7;
	tables->table_size = ((single ? 1 : LOCALITY_ADDRESSES) * tables->entry_size + 63) & ~(size_t)63;
	tables->entries = aligned_alloc(64, n_workers * tables->table_size);
	if (!tables->entries) {
		free(tables);
		return NULL;
	}
	memset(tables->entries, 0, n_workers * tables->table_size);
	return tables;
}

static struct tables *
tables_of_version(const struct service *svc, const struct service *old, uint32_t n_workers, uint32_t set_max)
{
	struct locality_state *before;

	if (!old || old->scheduler != svc->scheduler || old->key.fwmark != svc->key.fwmark)
		return tables_new(svc, n_workers, set_max);
	before = old->scheduler_state;
	before->tables->holders++;
	return before->tables;
}

void
locality_state_free(void *object)
{
	struct locality_state *state = object;

	if (!state)
		return;
	load_trees_free(state->overhead);
	load_trees_free(state->active);
	tables_release(state->tables);
	free(state);
}

int
locality_state_new(struct service *svc, const struct service *old, uint32_t n_workers, uint32_t set_max)
{
	struct locality_state *state = calloc(1, sizeof(*state));

	if (!state)
		return -ENOMEM;
	state->overhead = load_trees_new(svc, n_workers, &overhead_measure);
	state->active = load_trees_new(svc, n_workers, &active_measure);
	state->tables = tables_of_version(svc, old, n_workers, set_max);
	if (!state->overhead || !state->active || !state->tables) {
		locality_state_free(state);
		return -ENOMEM;
	}
	svc->scheduler_state = state;
	return 0;
}

void
locality_load_changed(struct worker *self, const struct service *svc, uint32_t position)
{
	struct locality_state *state = svc->scheduler_state;

	load_trees_changed(state->overhead, self, svc, position);
	load_trees_changed(state->active, self, svc, position);
}

uint32_t
locality_set_max(const struct service *svc)
{
	const struct locality_state *state = svc->scheduler_state;

	return state->tables->set_max;
}

/* Place WAY of those where the worker's entry for the address may be. */
static struct locality_entry *
place(const struct worker *self, const struct service *svc, const union ip_bits *address, uint32_t way)
{
	const struct locality_state *state = svc->scheduler_state;
	const struct tables *tables = state->tables;
	uint8_t *table = tables->entries + self->index * tables->table_size;
	uint32_t bucket = 0;

	if (!tables->single)
		bucket = hash_upper_bits(address_key(svc->key.family, address, 0), BUCKET_BITS);
	return (void *)(table + (bucket * (size_t)tables->ways + way) * tables->entry_size);
}

struct locality_entry *
locality_find(struct worker *self, const struct service *svc, const union ip_bits *address)
{
	const struct locality_state *state = svc->scheduler_state;

	for (uint32_t way = 0; way < state->tables->ways; way++) {
		struct locality_entry *entry = place(self, svc, address, way);

		if (entry->n == 0 || !ip_bits_equal(&entry->address, address))
			continue;
		if (self->now_ms - entry->used_ms > LOCALITY_EXPIRY_MS) {
			entry->n = 0;
			return NULL;
		}
		entry->used_ms = self->now_ms;
		return entry;
	}
	return NULL;
}

struct locality_entry *
locality_enter(struct worker *self, const struct service *svc, const union ip_bits *address)
{
	const struct locality_state *state = svc->scheduler_state;
	struct locality_entry *chosen = place(self, svc, address, 0);

	for (uint32_t way = 1; way < state->tables->ways && chosen->n > 0; way++) {
		struct locality_entry *entry = place(self, svc, address, way);

		if (entry->n == 0 || self->now_ms - entry->used_ms > self->now_ms - chosen->used_ms)
			chosen = entry;
	}
	chosen->address = *address;
	chosen->used_ms = self->now_ms;
	chosen->changed_ms = self->now_ms;
	chosen->n = 0;
	return chosen;
}

const struct dest *
locality_least(struct worker *self, const struct service *svc)
{
	const struct locality_state *state = svc->scheduler_state;

	return load_trees_least_open(state->overhead, self, svc);
}

bool
locality_is_strained(struct worker *self, const struct service *svc, const struct dest *dest)
{
	const struct locality_state *state = svc->scheduler_state;
	const struct dest *idlest;
	struct dest_load all;
	uint64_t active;

	dest_load_sum(self->lb, DEST_INDEX(dest->id), &all);
	if (all.active <= dest->weight || svc->n_ready == 0)
		return false;
	idlest = load_trees_least(state->active, self, svc, &active);
	return 2 * active < (uint64_t)idlest->weight;
}
