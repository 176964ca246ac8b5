/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rings of handover.h. They lie in ordinary memory: a memzone each would use up DPDK's table of them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>

#include <rte_ring.h>

#include "port/handover.h"
#include "port/packet_ring.h"

struct handover {
	uint32_t n_workers;
	struct rte_ring **rings; /* [purpose][from][to], NULL where from is to */
};

static struct rte_ring *
ring_of(const struct handover *handover, enum handover_purpose purpose, uint32_t from, uint32_t to)
{
	return handover->rings[((uint32_t)purpose * handover->n_workers + from) * handover->n_workers + to];
}

static uint32_t
n_rings(uint32_t n_workers)
{
	return HANDOVER_PURPOSES * n_workers * n_workers;
}

int
handover_create(uint32_t n_workers, uint32_t ring_size, struct handover **ret)
{
	struct handover *handover = calloc(1, sizeof(*handover));

	if (!handover)
		return -ENOMEM;
	handover->n_workers = n_workers;
	handover->rings = calloc(n_rings(n_workers), sizeof(*handover->rings));
	if (!handover->rings) {
		free(handover);
		return -ENOMEM;
	}
	for (uint32_t i = 0; i < n_rings(n_workers); i++) {
		uint32_t from = i / n_workers % n_workers, to = i % n_workers;

		if (from == to)
			continue;
		handover->rings[i] = packet_ring_create(ring_size);
		if (!handover->rings[i]) {
			handover_destroy(handover);
			return -ENOMEM;
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
	for (uint32_t i = 0; i < n_rings(handover->n_workers); i++)
		packet_ring_destroy(handover->rings[i]);
	free(handover->rings);
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
