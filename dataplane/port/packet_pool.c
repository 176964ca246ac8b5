/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "core/log.h"
#include "port/packet_pool.h"

#define CACHE 256
#define ALLOCATIONS 4096 /* heads and tails of the blocks in DPDK's heap */

static uint16_t
buffer_room(const struct config *config)
{
	uint32_t mtu = 1500;

	for (uint32_t i = 0; i < config->n_ports; i++)
		mtu = RTE_MAX(mtu, config->ports[i].mtu);
	return (uint16_t)RTE_MAX((uint32_t)RTE_MBUF_DEFAULT_BUF_SIZE,
				 RTE_ALIGN_CEIL(mtu + 64u, 64u) + RTE_PKTMBUF_HEADROOM);
}

uint32_t
packet_pool_share(uint32_t mbufs, const int *nodes, uint32_t n_workers, int node)
{
	uint64_t here = 0;

	for (uint32_t i = 0; i < n_workers; i++)
		here += nodes[i] == node;
	if (here == 0)
		return 0;
	/* DPDK wants more than the cache of a lcore has. */
	return RTE_MAX((uint32_t)((mbufs * here + n_workers - 1) / n_workers), 2u * CACHE);
}

static struct rte_mempool *
pool_new(const struct config *config, uint32_t number, uint32_t mbufs, int node)
{
	char name[RTE_MEMPOOL_NAMESIZE];
	struct rte_mempool *pool;

	snprintf(name, sizeof(name), "ipvsd-packets-%u", number);
	pool = rte_pktmbuf_pool_create(name, mbufs, CACHE, 0, buffer_room(config), node);
	if (pool || node < 0)
		return pool;
	pool = rte_pktmbuf_pool_create(name, mbufs, CACHE, 0, buffer_room(config), SOCKET_ID_ANY);
	if (pool)
		log_warning("memory",
			    "no room for %u packet buffers on NUMA node %d: they are elsewhere, which is "
			    "slower; give that node more huge pages",
			    mbufs, node);
	return pool;
}

/* The pool of a worker's node: that of another worker there, or a new one. */
static struct rte_mempool *
pool_for(struct packet_pools *pools, const struct config *config, const int *nodes, uint32_t worker)
{
	uint32_t share = packet_pool_share(config->limits.mbufs, nodes, pools->n_workers, nodes[worker]);
	struct rte_mempool *pool = NULL;

	for (uint32_t i = 0; i < worker; i++) {
		if (nodes[i] == nodes[worker])
			return pools->of_worker[i];
	}
	if (pools->n_pools < RTE_DIM(pools->pool))
		pool = pool_new(config, pools->n_pools, share, nodes[worker]);
	if (pool)
		pools->pool[pools->n_pools++] = pool;
	else
		log_error("memory", "no room for %u packet buffers; lower limits.mbufs, or give more huge pages",
			  share);
	return pool;
}

int
packet_pools_create(const struct config *config, const int *nodes, uint32_t n_workers, struct packet_pools **ret)
{
	struct packet_pools *pools = calloc(1, sizeof(*pools));

	if (!pools)
		return -ENOMEM;
	pools->n_workers = n_workers;
	for (uint32_t i = 0; i < n_workers; i++) {
		pools->of_worker[i] = pool_for(pools, config, nodes, i);
		if (!pools->of_worker[i]) {
			packet_pools_destroy(pools);
			return -ENOMEM;
		}
	}
	*ret = pools;
	return 0;
}

void
packet_pools_destroy(struct packet_pools *pools)
{
	for (uint32_t i = 0; pools && i < pools->n_pools; i++)
		rte_mempool_free(pools->pool[i]);
	free(pools);
}

/* As rte_mempool_op_calc_mem_size_helper() has it: no buffer lies across two pages, and there is room to align the
 * first. Beside the buffers there are a ring and the caches of all lcores. */
size_t
packet_pool_bytes(const struct config *config, uint32_t mbufs, size_t page)
{
	uint32_t element = (uint32_t)sizeof(struct rte_mbuf) + buffer_room(config);
	size_t buffer = rte_mempool_calc_obj_size(element, 0, NULL), per_page = page / buffer;
	ssize_t ring = rte_ring_get_memsize(rte_align32pow2(mbufs + 1));
	size_t bytes = sizeof(struct rte_mempool) + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache);

	bytes += (size_t)RTE_MAX(ring, 0) + ALLOCATIONS;
	if (per_page == 0)
		return bytes + mbufs * RTE_ALIGN_CEIL(buffer, page);
	return bytes + (mbufs + per_page - 1) / per_page * page + buffer;
}
