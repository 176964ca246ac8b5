/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The pools of packet buffers: one for each NUMA node that workers run on. A receive queue has its buffers from the pool
 * of the worker that polls it; ports are on whatever node they are.
 */
#ifndef PORT_PACKET_POOL_H
#define PORT_PACKET_POOL_H

#include <rte_mempool.h>

#include "core/config.h"
#include "core/numa.h"
#include "core/worker.h"

struct packet_pools {
	uint32_t n_workers, n_pools;
	struct rte_mempool *pool[NUMA_NODES_MAX + 1];
	struct rte_mempool *of_worker[WORKERS_MAX];
};

/* limits.mbufs buffers, each with room for the largest frame of any port: a packet is one buffer. NODES says which node
 * each of the workers is on, -1 if on none in particular. Where a node has no room its pool lies elsewhere, with a
 * warning. -ENOMEM, with a line in the log. */
int packet_pools_create(const struct config *config, const int *nodes, uint32_t n_workers, struct packet_pools **ret);
void packet_pools_destroy(struct packet_pools *pools);

static inline struct rte_mempool *
packet_pool_of(const struct packet_pools *pools, uint32_t worker)
{
	return pools->of_worker[worker];
}

/* Buffers of NODE's pool: as much of MBUFS as it has of the workers. 0 if it has none. */
uint32_t packet_pool_share(uint32_t mbufs, const int *nodes, uint32_t n_workers, int node);
/* Bytes that a pool of MBUFS buffers takes of DPDK's heap where that has pages of PAGE bytes; may be asked before the
 * EAL starts. */
size_t packet_pool_bytes(const struct config *config, uint32_t mbufs, size_t page);

#endif
