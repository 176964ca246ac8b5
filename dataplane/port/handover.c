/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rings of handover.h, those to a worker on its NUMA node: it looks into all of them in each turn.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include "port/eal.h"
#include "port/handover.h"
#include "port/packet_ring.h"

struct handover {
	uint32_t n_workers;
	struct packet_rings to[]; /* by receiver; [purpose][from] within, of which a worker's own stay empty */
};

static struct rte_ring *
ring_of(const struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to)
{
	return packet_ring_at(&handover->to[to], (uint32_t)purpose * handover->n_workers + from);
}

int
handover_create(uint32_t n_workers, uint32_t ring_size, struct handover **ret)
{
	struct handover *handover = calloc(1, sizeof(*handover) + n_workers * sizeof(handover->to[0]));

	if (!handover)
		return -ENOMEM;
	handover->n_workers = n_workers;
	for (uint32_t to = 0; to < n_workers; to++) {
		int err = packet_rings_create(&handover->to[to], HANDOVER_PURPOSES * n_workers, ring_size,
					      eal_worker_node(to));

		if (err < 0) {
			handover_destroy(handover);
			return err;
		}
	}
	*ret = handover;
	return 0;
}

void
handover_destroy(struct handover *handover)
{
	if (!handover)
		return;
	for (uint32_t to = 0; to < handover->n_workers; to++)
		packet_rings_destroy(&handover->to[to]);
	free(handover);
}

bool
handover_give(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to, struct rte_mbuf *m)
{
	return rte_ring_sp_enqueue(ring_of(handover, purpose, from, to), m) == 0;
}

uint32_t
handover_take(struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to,
	      struct rte_mbuf **ret, uint32_t max)
{
	return rte_ring_sc_dequeue_burst(ring_of(handover, purpose, from, to), (void **)ret, max, NULL);
}
