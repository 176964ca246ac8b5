/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See mapped_pass.h.
 */
#include "lb/conn_table.h"
#include "path/encapsulate.h"
#include "path/ipv4_header.h"
#include "path/mapped_pass.h"
#include "path/translate.h"

bool
mapped_pass_6to4(struct worker *self, struct rte_mbuf *m, const struct rte_ipv6_hdr *ip, void *l4, struct conn *conn,
		 uint32_t direction)
{
	const union nexthop nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	const struct conn_key6 *other = &conn->key6[direction ^ 1];
	const uint32_t length = rte_be_to_cpu_16(ip->payload_len), class = rte_be_to_cpu_32(ip->vtc_flow) >> 20;
	const uint32_t total = length + sizeof(struct rte_ipv4_hdr), ttl = ip->hop_limits - 1u;
	const bool dont_fragment = total > TRANSLATED_SPLIT_MAX;

	/* What has mapped addresses on the wire is refused by classify.c. */
	if (conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)) ||
	    total > transmit_mtu_now(self, conn->nexthop[direction], nexthop) ||
	    ip6_is_mapped(conn->key6[direction].src))
		return false;
	if (conn->proto == IPPROTO_TCP_) {
		if (((struct rte_tcp_hdr *)l4)->tcp_flags & RTE_TCP_SYN_FLAG)
			return false;
		conn_follow_tcp(self, conn, direction, l4);
	}
	conn_count(self, conn, direction, length + sizeof(*ip));
	mapped_rewrite_transport(l4, conn, direction);
	mapped_reframe(m, l4, RTE_BE16(RTE_ETHER_TYPE_IPV4), sizeof(struct rte_ipv4_hdr), length);
	ipv4_header_write((uint8_t *)l4 - sizeof(struct rte_ipv4_hdr),
			  &(struct ipv4_header){
				  .src = load32(other->dst + 12),
				  .dst = load32(other->src + 12),
				  .length = total,
				  .id = dont_fragment ? 0 : ip_id_next(self),
				  .dont_fragment = dont_fragment,
				  .class = class & 0xff,
				  .ttl = ttl,
				  .proto = conn->proto,
			  });
	transmit_fitting(self, m, nexthop);
	return true;
}
