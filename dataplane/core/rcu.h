/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Publishing to the workers: the control thread swaps a pointer, and what it replaced is freed once every worker has
 * been through a turn of its loop (DPDK's QSBR). Freeing is deferred, the control thread never waits for it.
 */
#ifndef CORE_RCU_H
#define CORE_RCU_H

#include <stdint.h>

struct rte_rcu_qsbr;
struct rcu;

/* A pointer that workers read: written by the control thread alone, with publish(); read once per use, with fetch(). */
#define publish(pointer, value) __atomic_store_n(&(pointer), (value), __ATOMIC_RELEASE)
#define fetch(pointer) __atomic_load_n(&(pointer), __ATOMIC_ACQUIRE)

/* N_WORKERS readers, numbered from 0. NULL if there is no memory. */
struct rcu *rcu_create(uint32_t n_workers);
/* Frees what is still deferred too: no worker may run any more. */
void rcu_destroy(struct rcu *rcu);

/* Calls FREE(OBJECT) when no worker can hold it any more. Never fails: without memory for the note it waits. */
void rcu_defer(struct rcu *rcu, void (*free)(void *object), void *object);
/* Frees what is due; called once a turn of the control loop. Returns what is left. */
uint32_t rcu_reclaim(struct rcu *rcu);
/* Waits until every worker has passed a turn. */
void rcu_synchronize(struct rcu *rcu);

struct rte_rcu_qsbr *rcu_qsbr(struct rcu *rcu);

/* The worker's side: go online before the first fetch(), report once a turn while holding nothing. */
void rcu_online(struct rcu *rcu, uint32_t worker);
void rcu_offline(struct rcu *rcu, uint32_t worker);

#endif
