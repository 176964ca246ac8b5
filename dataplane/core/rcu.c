/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include <rte_common.h>
#include <rte_rcu_qsbr.h>

#include "core/rcu.h"

struct deferred {
	struct deferred *next;
	uint64_t token;
	void (*free)(void *object);
	void *object;
};

struct rcu {
	struct rte_rcu_qsbr *qsbr;
	struct deferred *first, **last;
	uint32_t n_deferred;
};

struct rcu *
rcu_create(uint32_t n_workers)
{
	struct rcu *rcu = calloc(1, sizeof(*rcu));
	size_t size = rte_rcu_qsbr_get_memsize(n_workers);

	if (!rcu)
		return NULL;
	rcu->qsbr = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL(size, RTE_CACHE_LINE_SIZE));
	if (!rcu->qsbr) {
		free(rcu);
		return NULL;
	}
	rte_rcu_qsbr_init(rcu->qsbr, n_workers);
	rcu->last = &rcu->first;
	return rcu;
}

static void
free_first(struct rcu *rcu)
{
	struct deferred *due = rcu->first;

	rcu->first = due->next;
	if (!rcu->first)
		rcu->last = &rcu->first;
	rcu->n_deferred--;
	due->free(due->object);
	free(due);
}

void
rcu_destroy(struct rcu *rcu)
{
	if (!rcu)
		return;
	while (rcu->first)
		free_first(rcu);
	free(rcu->qsbr);
	free(rcu);
}

void
rcu_defer(struct rcu *rcu, void (*free_fn)(void *object), void *object)
{
	struct deferred *due = malloc(sizeof(*due));

	if (!due) {
		rcu_synchronize(rcu);
		free_fn(object);
		return;
	}
	*due = (struct deferred){ .token = rte_rcu_qsbr_start(rcu->qsbr), .free = free_fn, .object = object };
	*rcu->last = due;
	rcu->last = &due->next;
	rcu->n_deferred++;
}

uint32_t
rcu_reclaim(struct rcu *rcu)
{
	while (rcu->first && rte_rcu_qsbr_check(rcu->qsbr, rcu->first->token, false) == 1)
		free_first(rcu);
	return rcu->n_deferred;
}

void
rcu_synchronize(struct rcu *rcu)
{
	rte_rcu_qsbr_synchronize(rcu->qsbr, RTE_QSBR_THRID_INVALID);
}

struct rte_rcu_qsbr *
rcu_qsbr(struct rcu *rcu)
{
	return rcu->qsbr;
}

void
rcu_online(struct rcu *rcu, uint32_t worker)
{
	rte_rcu_qsbr_thread_register(rcu->qsbr, worker);
	rte_rcu_qsbr_thread_online(rcu->qsbr, worker);
}

void
rcu_offline(struct rcu *rcu, uint32_t worker)
{
	rte_rcu_qsbr_thread_offline(rcu->qsbr, worker);
	rte_rcu_qsbr_thread_unregister(rcu->qsbr, worker);
}
