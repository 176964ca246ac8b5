/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>

#include <rte_mbuf.h>

#include "core/pages.h"
#include "port/packet_ring.h"

int
packet_rings_create(struct packet_rings *rings, uint32_t n, uint32_t size, int numa_node)
{
	uint32_t slots = rte_align32pow2(size + 1);
	ssize_t bytes = rte_ring_get_memsize(slots);

	if (bytes < 0)
		return (int)bytes;
	*rings = (struct packet_rings){ .each = RTE_ALIGN_CEIL((size_t)bytes, RTE_CACHE_LINE_SIZE), .n = n };
	rings->mapped = n * rings->each;
	rings->memory = pages_map("ipvsd-rings", &rings->mapped, numa_node, false);
	if (!rings->memory)
		return -ENOMEM;
	for (uint32_t i = 0; i < n; i++)
		(void)rte_ring_init(packet_ring_at(rings, i), "packets", slots, RING_F_SP_ENQ | RING_F_SC_DEQ);
	return 0;
}

void
packet_rings_destroy(struct packet_rings *rings)
{
	void *m;

	for (uint32_t i = 0; rings->memory && i < rings->n; i++) {
		while (rte_ring_sc_dequeue(packet_ring_at(rings, i), &m) == 0)
			rte_pktmbuf_free(m);
	}
	pages_unmap(rings->memory, rings->mapped);
}
