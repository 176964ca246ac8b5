/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rings between workers: a packet that arrived at another worker than its owner, and a finished packet whose sender has
 * no send queue on the port. One ring a pair of workers and purpose, single producer and single consumer.
 */
#ifndef PORT_HANDOVER_H
#define PORT_HANDOVER_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

enum handover_purpose {
	HANDOVER_OWNER, /* from its beginning, at its owner; the port field is the index of the port it came in by */
	HANDOVER_SEND, /* as it is, on the port whose index stands in the port field */
	HANDOVER_PURPOSES,
};

struct handover;

int handover_create(uint32_t n_workers, uint32_t ring_size, struct handover **ret);
/* Frees what is left in the rings. */
void handover_destroy(struct handover *handover);

/* False: the ring is full and M is still the caller's. */
bool handover_give(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to,
		   struct rte_mbuf *m);
uint32_t handover_take(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to,
		       struct rte_mbuf **ret, uint32_t max);

#endif
