/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <rte_mbuf.h>
#include <rte_ring.h>

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

struct rte_mempool *
packet_pool_create(const struct config *config)
{
	return rte_pktmbuf_pool_create("ipvsd-packets", config->limits.mbufs, CACHE, 0, buffer_room(config),
				       SOCKET_ID_ANY);
}

/* As rte_mempool_op_calc_mem_size_helper() has it: no buffer lies across two pages, and there is room to align the
 * first. Beside the buffers there are a ring and the caches of all lcores. */
size_t
packet_pool_bytes(const struct config *config, size_t page)
{
	uint32_t mbufs = config->limits.mbufs, element = (uint32_t)sizeof(struct rte_mbuf) + buffer_room(config);
	size_t buffer = rte_mempool_calc_obj_size(element, 0, NULL), per_page = page / buffer;
	ssize_t ring = rte_ring_get_memsize(rte_align32pow2(mbufs + 1));
	size_t bytes = sizeof(struct rte_mempool) + RTE_MAX_LCORE * sizeof(struct rte_mempool_cache);

	bytes += (size_t)RTE_MAX(ring, 0) + ALLOCATIONS;
	if (per_page == 0)
		return bytes + mbufs * RTE_ALIGN_CEIL(buffer, page);
	return bytes + (mbufs + per_page - 1) / per_page * page + buffer;
}
