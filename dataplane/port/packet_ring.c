/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <stdlib.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "port/packet_ring.h"

struct rte_ring *
packet_ring_create(uint32_t size)
{
	uint32_t slots = rte_align32pow2(size + 1);
	ssize_t bytes = rte_ring_get_memsize(slots);
	struct rte_ring *ring;

	if (bytes < 0)
		return NULL;
	ring = aligned_alloc(RTE_CACHE_LINE_SIZE, RTE_ALIGN_CEIL((size_t)bytes, RTE_CACHE_LINE_SIZE));
	if (!ring)
		return NULL;
	if (rte_ring_init(ring, "packets", slots, RING_F_SP_ENQ | RING_F_SC_DEQ) != 0) {
		free(ring);
		return NULL;
	}
	return ring;
}

void
packet_ring_destroy(struct rte_ring *ring)
{
	void *m;

	if (!ring)
		return;
	while (rte_ring_sc_dequeue(ring, &m) == 0)
		rte_pktmbuf_free(m);
	free(ring);
}
