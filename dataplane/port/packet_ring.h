/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rings of packets with one producer and one consumer, several in a row in memory of one NUMA node: what handover.c and
 * exception.c are made of. Not of DPDK's heap: a memzone each would use up its table of them.
 */
#ifndef PORT_PACKET_RING_H
#define PORT_PACKET_RING_H

#include <stddef.h>
#include <stdint.h>

#include <rte_ring.h>

struct packet_rings {
	uint8_t *memory;
	size_t each, mapped; /* bytes */
	uint32_t n;
};

/* N rings with room for SIZE packets or some more, on NUMA_NODE (-1: any). -ENOMEM. */
int packet_rings_create(struct packet_rings *rings, uint32_t n, uint32_t size, int numa_node);
/* Frees what is left in them too. Of what is all zeros there is nothing to free. */
void packet_rings_destroy(struct packet_rings *rings);

static inline struct rte_ring *
packet_ring_at(const struct packet_rings *rings, uint32_t index)
{
	return (struct rte_ring *)(void *)(rings->memory + index * rings->each);
}

#endif
