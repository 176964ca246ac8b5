/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Destinations that were removed: as in the kernel they are remembered for a while, and as long as they have
 * connections, so that one which comes back (keepalived removes and adds with every failed check) finds its connections
 * and counts again. The cursors of dumps are here too, because only removal moves them.
 */
#include <stdlib.h>

#include <rte_jhash.h>

#include "control/ipvs_model.h"

static uint32_t
trash_hash(const struct ipvs_key *key, const struct ip_addr *addr, rte_be16_t port)
{
	return rte_jhash_32b(addr->ip.word, 4,
			     rte_jhash_3words(ipvs_key_hash(key), (uint32_t)addr->family << 16 | port, 0, 0));
}

struct ipvs_dest *
ipvs_dest_in_trash(const struct ipvs_model *model, const struct ipvs_service *service, const struct ip_addr *addr,
		   rte_be16_t port)
{
	struct hash_node *node = hash_index_first(&model->trash_index, trash_hash(&service->key, addr, port));

	for (; node; node = hash_index_next(node)) {
		struct ipvs_dest *dest = (void *)((char *)node - offsetof(struct ipvs_dest, node));

		if (ipvs_key_equal(&dest->service_key, &service->key) && dest->spec.port == port &&
		    ip_addr_equal(&dest->spec.addr, addr))
			return dest;
	}
	return NULL;
}

void
ipvs_dest_detach(struct ipvs_model *model, struct ipvs_dest *dest)
{
	struct ipvs_service *service = dest->service;
	struct ipvs_stats counts, here;
	struct ipvs_cursor *cursor;

	if (model->observer)
		model->observer->dest_removed(model->observer->arg, dest);
	LIST_FOREACH (cursor, &model->cursors, link)
		if (cursor->next == dest)
			cursor->next = TAILQ_NEXT(dest, link);
	ipvs_dest_counts(model, dest, &counts);
	here = ipvs_stats_since(&counts, &dest->joined);
	ipvs_stats_add(&service->past, &here);
	hash_index_remove(&model->dest_index, &dest->node);
	TAILQ_REMOVE(&service->dests, dest, link);
	service->n_dests--;
	model->n_dests--;
	model->n_mixed -= dest->spec.addr.family != service->key.family;
	dest->service = NULL;
	dest->idle_since_ms = model->now_ms;
	hash_index_add(&model->trash_index, &dest->node,
		       trash_hash(&dest->service_key, &dest->spec.addr, dest->spec.port));
	TAILQ_INSERT_TAIL(&model->trash, dest, link);
	ipvs_dest_touch(model, dest);
	ipvs_service_touch(model, service);
}

void
ipvs_trash_free(struct ipvs_model *model, struct ipvs_dest *dest)
{
	uint32_t index = DEST_INDEX(dest->spec.id);

	ipvs_dest_forget(model, dest);
	hash_index_remove(&model->trash_index, &dest->node);
	TAILQ_REMOVE(&model->trash, dest, link);
	model->dests[index] = NULL;
	number_pool_put(&model->dest_numbers, index);
	free(dest);
}

static bool
has_connections(const struct ipvs_model *model, const struct ipvs_dest *dest)
{
	struct dest_load load;

	dest_load_sum(model->lb, DEST_INDEX(dest->spec.id), &load);
	return load.active > 0 || load.inactive > 0 || load.persistent > 0;
}

uint32_t
ipvs_trash_collect(struct ipvs_model *model, uint64_t period_ms)
{
	struct ipvs_dest *dest, *next, *last = TAILQ_LAST(&model->trash, ipvs_trash);
	uint32_t n = 0;

	for (dest = TAILQ_FIRST(&model->trash); dest; dest = next) {
		bool at_end = dest == last;

		next = TAILQ_NEXT(dest, link);
		if (model->now_ms - dest->idle_since_ms < period_ms)
			break;
		if (has_connections(model, dest)) {
			dest->idle_since_ms = model->now_ms;
			TAILQ_REMOVE(&model->trash, dest, link);
			TAILQ_INSERT_TAIL(&model->trash, dest, link);
		} else if (!dest->dirty) {
			ipvs_trash_free(model, dest);
			n++;
		}
		if (at_end)
			break;
	}
	return n;
}

void
ipvs_cursor_open(struct ipvs_model *model, const struct ipvs_service *service, struct ipvs_cursor *cursor)
{
	cursor->next = TAILQ_FIRST(&service->dests);
	LIST_INSERT_HEAD(&model->cursors, cursor, link);
}

void
ipvs_cursor_close(struct ipvs_cursor *cursor)
{
	LIST_REMOVE(cursor, link);
}
