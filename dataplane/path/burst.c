/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How a burst comes to the fast path: as it is, put in order by family, or not at all.
 */
#include "lb/lb.h"
#include "path/path.h"

#define AHEAD 8 /* packets whose headers are on their way */

/* While there are connections between the families, packets of both come in any order, and each branch on the family would
 * be mispredicted half of the time: so they are put in order once, without a branch. Of a connection none overtakes another
 * of its direction. */
static __rte_noinline void
by_family(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	struct rte_mbuf *ipv6[BURST], *others[BURST];
	uint32_t n_ipv6 = 0, n_others = 0;

	for (uint32_t i = 0; i < RTE_MIN(n, (uint32_t)AHEAD); i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	for (uint32_t i = 0; i < n; i++) {
		bool is_ipv6;

		rte_prefetch0(rte_pktmbuf_mtod(packets[RTE_MIN(i + AHEAD, n - 1)], void *));
		is_ipv6 = frame_is_ipv6(packets[i]);
		ipv6[n_ipv6] = others[n_others] = packets[i];
		n_ipv6 += is_ipv6;
		n_others += !is_ipv6;
	}
	if (n_others > 0)
		established_burst(self, port, handed_over, others, n_others);
	if (n_ipv6 > 0)
		established_burst(self, port, handed_over, ipv6, n_ipv6);
}

/* For a director that leaves clients' packets to the kernel: the slow path tells them from servers'. */
static __rte_noinline void
one_by_one(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	struct openings openings = { .n = 0 };

	for (uint32_t i = 0; i < n; i++)
		path_slow(self, &openings, packets[i], handed_over ? (uint8_t)packets[i]->port : port, handed_over);
	openings_finish(self, &openings);
}

void
path_burst(struct worker *self, uint8_t port, bool handed_over, struct rte_mbuf **packets, uint32_t n)
{
	if (n == 0)
		return;
	if (unlikely(lb_is_passive(self->lb)))
		one_by_one(self, port, handed_over, packets, n);
	else if (unlikely(self->mapped_conns > 0))
		by_family(self, port, handed_over, packets, n);
	else
		established_burst(self, port, handed_over, packets, n);
}
