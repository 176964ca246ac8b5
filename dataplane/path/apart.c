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

static void
rewrite(uint8_t *ip, uint8_t *l4, const struct conn *conn, uint32_t direction, bool ipv6)
{
	if (ipv6)
		rewrite_ipv6((void *)ip, l4, conn, direction);
	else
		rewrite_ipv4((void *)ip, l4, conn, direction);
}

/* 0, or a negative drop reason. */
static int
change(struct worker *self, const struct apart *apart, uint8_t *l4, struct conn *conn, uint32_t direction)
{
	if (conn->flags & CONN_REFRAMED)
		return reframe(self, apart->m, (uint16_t)(l4 - rte_pktmbuf_mtod(apart->m, uint8_t *)), conn, direction,
			       ((union nexthop){ .word = apart->nexthop }).port);
	rewrite(apart->ip, l4, conn, direction, apart->ipv6);
	return 0;
}

/* All that is left to do of a packet: NEXTHOP is known, and where it is narrow the packet fits. */
static void
finish(struct worker *self, const struct apart *apart)
{
	const struct conn_table *table = self->conns[apart->ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	struct conn *conn = conn_at(table, CONN_NUMBER(apart->value));
	uint32_t direction = CONN_DIRECTION(apart->value);
	uint8_t *l4 = apart->ip + (apart->ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));
	int err;

	if (conn->proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, (struct rte_tcp_hdr *)(void *)l4);
	if (conn->flags & CONN_SHIFTED)
		sequence_shift_established((struct rte_tcp_hdr *)(void *)l4, conn_cold(table, conn)->shift, direction);
	conn_count(self, conn, direction, ip_length(apart->ip, apart->ipv6));
	err = change(self, apart, l4, conn, direction);
	if (err < 0)
		drop(self, apart->m, (enum drop_reason) - err);
	else
		transmit_forward(self, apart->m, (union nexthop){ .word = apart->nexthop });
}

void
apart_finish_all(struct worker *self)
{
	for (; self->apart_n > 0; self->apart_n--) {
		finish(self, &self->apart[self->apart_first]);
		self->apart_first = (self->apart_first + 1) % APART_MAX;
	}
}

/* The packet waits while the connection's cold line is on its way. Those of one connection all come by here, so that they
 * stay in order. */
static void
wait_for_line(struct worker *self, const struct conn_table *table, const struct conn *conn, const struct apart *apart)
{
	rte_prefetch0(conn_cold(table, conn));
	if (self->apart_n == APART_MAX) {
		finish(self, &self->apart[self->apart_first]);
		self->apart_first = (self->apart_first + 1) % APART_MAX;
		self->apart_n--;
	}
	self->apart[(self->apart_first + self->apart_n++) % APART_MAX] = *apart;
}

void
apart_pass(struct worker *self, const struct apart *apart)
{
	const struct conn_table *table = self->conns[apart->ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	const struct conn *conn = conn_at(table, CONN_NUMBER(apart->value));

	if (conn->flags & CONN_SHIFTED)
		wait_for_line(self, table, conn, apart);
	else
		finish(self, apart);
}

bool
forward_apart(struct worker *self, struct rte_mbuf *m, uint8_t *ip, uint32_t value, bool ipv6)
{
	const struct conn_table *table = self->conns[ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	struct apart apart = { .m = m, .ip = ip, .value = value, .ipv6 = ipv6 };
	uint32_t direction = CONN_DIRECTION(value);
	const struct rte_tcp_hdr *tcp =
		(const void *)(ip + (ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr)));
	union nexthop nexthop;
	struct conn *conn;

	conn = conn_at(table, CONN_NUMBER(value));
	/* What has mapped addresses on the wire is refused by classify.c. */
	if (ipv6 && ip6_is_mapped(ip + offsetof(struct rte_ipv6_hdr, src_addr)))
		return false;
	if ((conn->flags & CONN_SLOW) != 0 || conn->fib_generation != self->fib->generation ||
	    (direction == CONN_IN && !dest_is_live(self->lb, conn->dest)))
		return false;
	nexthop = fib_nexthop(self->fib, conn->nexthop[direction]);
	if (!reframe_fits(self, ip_length(ip, ipv6), conn, direction,
			  transmit_mtu_now(self, conn->nexthop[direction], nexthop)))
		return false;
	if (conn->proto == IPPROTO_TCP_ && (tcp->tcp_flags & RTE_TCP_SYN_FLAG))
		return false;
	apart.nexthop = nexthop.word;
	apart_pass(self, &apart);
	return true;
}
