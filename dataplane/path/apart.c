/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The part of the fast path that is kept out of it: packets of established connections that need more than a change of
 * addresses and ports. They have been parsed and matched with the rest of their burst, and are finished here, in a
 * function of its own, so that the others pay nothing for it.
 */
#include "lb/conn_table.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/transmit.h"

static uint32_t
ip_length(const uint8_t *ip, bool ipv6)
{
	return ipv6 ? sizeof(struct rte_ipv6_hdr) +
			       rte_be_to_cpu_16(((const struct rte_ipv6_hdr *)(const void *)ip)->payload_len)
		    : rte_be_to_cpu_16(((const struct rte_ipv4_hdr *)(const void *)ip)->total_length);
}

bool
forward_apart(struct worker *self, struct rte_mbuf *m, uint8_t *ip, uint32_t value, bool ipv6)
{
	uint8_t *l4 = ip + (ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));
	uint32_t direction = CONN_DIRECTION(value);
	union nexthop nexthop;
	struct conn *conn;
	int err;

	if (value == CONN_NONE)
		return false;
	conn = conn_at(self->conns[ipv6 ? TABLE_IPV6 : TABLE_IPV4], CONN_NUMBER(value));
	if ((conn->flags & CONN_SLOW) != 0 || conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)))
		return false;
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	if (nexthop.state != NEXTHOP_READY || !reframe_fits(self, m, conn, direction, nexthop.port))
		return false;
	if (conn->proto == IPPROTO_TCP_) {
		if (((struct rte_tcp_hdr *)(void *)l4)->tcp_flags & RTE_TCP_SYN_FLAG)
			return false;
		conn_follow_tcp(self, conn, direction, (struct rte_tcp_hdr *)(void *)l4);
	}
	conn_count(self, conn, direction, ip_length(ip, ipv6));
	err = reframe(self, m, (uint16_t)(l4 - rte_pktmbuf_mtod(m, uint8_t *)), conn, direction, nexthop.port);
	if (err < 0)
		drop(self, m, (enum drop_reason) - err);
	else
		transmit_forward(self, m, nexthop);
	return true;
}
