/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Apart from its callers, because it is the one place of the packet path with atomic instructions: a buffer that is
 * shared has a counter, which DPDK counts down with a lock, and the pool behind a worker's own cache is shared. Ours
 * are never shared, and the cache takes hundreds; tests/unit/test_path_instructions knows this place, and no other.
 */
#include "core/drop.h"
#include "core/worker.h"

bool
packet_linearize(struct rte_mbuf *m)
{
	return rte_pktmbuf_linearize(m) == 0;
}

void
packet_free(struct rte_mbuf *m)
{
	rte_pktmbuf_free(m);
}

struct rte_mbuf *
packet_new(struct worker *self)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(self->pool);

	self->counters.count[COUNT_GENERATED] += m != NULL;
	return m;
}

void
drop(struct worker *self, struct rte_mbuf *m, enum drop_reason reason)
{
	self->counters.drop[reason]++;
	rte_pktmbuf_free(m);
}
