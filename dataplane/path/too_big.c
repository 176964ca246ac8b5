/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that are longer than the MTU of the port they are to leave by, or of the route.
 */
#include <rte_ether.h>
#include <rte_ip.h>

#include "path/icmp.h"
#include "path/transmit.h"

/* By routers: IPv6 never. */
static bool
may_be_split(const struct rte_mbuf *m)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	const struct rte_ipv4_hdr *ip = (const void *)(ether + 1);

	return ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4) &&
	       (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) == 0;
}

void
transmit_too_big(struct worker *self, struct rte_mbuf *m, union nexthop nexthop, uint16_t mtu)
{
	if (may_be_split(m)) {
		transmit_split(self, m, nexthop, mtu);
		return;
	}
	icmp_answer_sent(self, m, ICMP_BEYOND_MTU, mtu);
	drop(self, m, DROP_TOO_BIG);
}
