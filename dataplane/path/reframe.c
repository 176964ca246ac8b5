/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that leave with other headers than they came with.
 */
#include "lb/lb.h"
#include "path/encapsulate.h"
#include "path/path.h"
#include "path/rewrite.h"
#include "path/translate.h"

int
reframe_adds(const struct worker *self, const struct conn *conn, uint32_t direction)
{
	if (conn_is_mapped(conn))
		return ip6_is_mapped(conn->key6[direction ^ 1].src) ? -TRANSLATION_ADDS : 0;
	if (!(conn->flags & CONN_REFRAMED) || direction != CONN_IN)
		return 0;
	return dest_is_live(self->lb, conn->dest) ? tunnel_how(lb_tunnel_end(self->lb, conn->dest)).adds : 0;
}

bool
reframe_fits(const struct worker *self, uint32_t length, const struct conn *conn, uint32_t direction, uint16_t mtu)
{
	return (int)length + reframe_adds(self, conn, direction) <= mtu;
}

static void
rewrite(uint8_t *ip, void *l4, const struct conn *conn, uint32_t direction)
{
	if (*ip >> 4 == 4)
		rewrite_ipv4((void *)ip, l4, conn, direction);
	else
		rewrite_ipv6((void *)ip, l4, conn, direction);
}

/* M is an IPv6 packet still, as all of such a connection are that come here. */
static int
translate(struct worker *self, struct rte_mbuf *m, uint16_t l4, const struct conn *conn, uint32_t direction)
{
	if (!ip6_is_mapped(conn->key6[direction ^ 1].src))
		return 0;
	return translate_6to4(self, m, l4, conn->proto);
}

int
reframe(struct worker *self, struct rte_mbuf *m, uint16_t l4, struct conn *conn, uint32_t direction, uint8_t port)
{
	uint8_t *ip = rte_pktmbuf_mtod_offset(m, uint8_t *, RTE_ETHER_HDR_LEN);

	if (conn_is_mapped(conn)) {
		rewrite(ip, rte_pktmbuf_mtod_offset(m, uint8_t *, l4), conn, direction);
		return translate(self, m, l4, conn, direction);
	}
	if (!dest_is_live(self->lb, conn->dest))
		return -DROP_DEST_REMOVED;
	rewrite(ip, rte_pktmbuf_mtod_offset(m, uint8_t *, l4), conn, direction);
	return encapsulate(self, m, conn, port);
}
