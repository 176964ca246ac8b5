/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The fast path of tunnels: a client's packet of an established connection gets its outer header and goes on, in one
 * function, so that a tunnel costs little more than the header.
 */
#include "path/outer_middle.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/transmit.h"

/* False where the fast path can't send it; why, if anything is wrong, the slow path finds again and has a name for. */
static __rte_always_inline bool
pass(struct worker *self, struct rte_mbuf *m, void *ip, void *l4, struct conn *conn, union nexthop nexthop,
     const bool ipv6)
{
	const uint32_t length = ip_length(ip, ipv6);
	const struct tunnel_end *end = lb_tunnel_end(self->lb, conn->dest);
	const struct tunnel_how how = tunnel_how(end);
	const union ip_bits *source;
	struct outer_inner inner;

	if (conn->fib_generation != self->fib->generation || !tunnel_is_live(end, conn->dest))
		return false;
	source = fib_own(self->fib, nexthop.port, how.ipv6 ? AF_INET6 : AF_INET);
	if (!source || how.adds + length > self->ports->port[nexthop.port].mtu || rte_pktmbuf_headroom(m) < how.adds)
		return false;
	if (conn->proto == IPPROTO_TCP_) {
		if (((struct rte_tcp_hdr *)l4)->tcp_flags & RTE_TCP_SYN_FLAG)
			return false;
		conn_follow_tcp(self, conn, CONN_IN, l4);
	}
	conn_count(self, conn, CONN_IN, length);
	if (ipv6)
		count_hop_ipv6(ip);
	else
		count_hop_ipv4(ip);
	inner = outer_inner_of(ip, ipv6);
	outer_write_middle(outer_write(self, m, &end->address, how, &inner, source), how, &inner, conn);
	transmit_fitting(self, m, nexthop);
	return true;
}

bool
tunnel_pass_ipv4(struct worker *self, struct rte_mbuf *m, void *ip, void *l4, struct conn *conn, union nexthop nexthop)
{
	return pass(self, m, ip, l4, conn, nexthop, false);
}

bool
tunnel_pass_ipv6(struct worker *self, struct rte_mbuf *m, void *ip, void *l4, struct conn *conn, union nexthop nexthop)
{
	return pass(self, m, ip, l4, conn, nexthop, true);
}
