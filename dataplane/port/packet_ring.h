/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rings of packets with one producer and one consumer, in ordinary memory: what handover.c and exception.c are made of.
 */
#ifndef PORT_PACKET_RING_H
#define PORT_PACKET_RING_H

#include <stdint.h>

struct rte_ring;

/* Room for SIZE packets or some more. NULL if there is no memory. */
struct rte_ring *packet_ring_create(uint32_t size);
/* Frees what is left in it too. */
void packet_ring_destroy(struct rte_ring *ring);

#endif
