/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors about packets in tunnels to real servers. They come to the director, which made the outer headers: the client
 * is told about what he sent, by an error of the director's own (ip_vs_in_icmp() of Linux).
 */
#include <errno.h>

#include <rte_ip.h>

#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/outer_header.h"
#include "path/icmp.h"
#include "path/translate.h"
#include "port/steering.h"

/* Behind whose header there is anything: the client's data. */
static bool
is_later_fragment(const struct packet *packet)
{
	const struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);

	return packet->flow.family == AF_INET ? (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_OFFSET_MASK)) != 0
					      : packet->is_fragment;
}

/* The packet in what ERROR quotes, if that may be a tunnel's to one of our servers. Of which one is not known yet. */
static bool
quoted_in_tunnel(const struct worker *self, const struct packet *error, struct packet *ret_outer,
		 struct packet *ret_inner)
{
	int err = icmp_quote_read(error, ret_outer);

	if ((err < 0 && err != -ENOENT) || is_later_fragment(ret_outer) ||
	    !ip_bits_equal(&ret_outer->flow.src, &error->flow.dst) ||
	    !lb_is_server(self->lb, error->flow.family, &ret_outer->flow.dst))
		return false;
	return encapsulated(ret_outer, ret_inner);
}

/* The connection at this worker, if OUTER is what it sends; *RET_DEST is its destination. NULL if there is none. */
static const struct conn *
conn_of(struct worker *self, const struct packet *outer, const struct packet *inner, const struct dest **ret_dest)
{
	const struct conn_table *table = self->conns[inner->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	uint32_t value = known_connection(self, NULL, &inner->flow);
	const struct conn *conn;
	const struct dest *dest;

	if (value == CONN_NONE || CONN_DIRECTION(value) != CONN_IN)
		return NULL;
	conn = conn_at(table, CONN_NUMBER(value));
	dest = dest_get(self->lb, conn->dest);
	if (!dest || !(conn->flags & CONN_REFRAMED) || !(conn->flags & CONN_NO_OUTPUT) ||
	    dest->addr.family != outer->flow.family || !ip_bits_equal(&dest->addr.ip, &outer->flow.dst) ||
	    tunnel_how(lb_tunnel_end(self->lb, conn->dest)).adds != (uint32_t)(inner->l3 - outer->l3))
		return NULL;
	*ret_dest = dest;
	return conn;
}

/* Once: whoever owns the flow and doesn't know it either leaves the error to the steps that follow. */
static enum verdict
ask_owner(struct worker *self, struct packet *error, const struct flow *flow)
{
	uint32_t owner = owner_of(self->steering, flow);

	if (error->handed_over || owner == self->index)
		return VERDICT_NEXT;
	return owner_give(self, error, owner, (struct handover_note){ .kind = NOTE_NONE });
}

/* The client's error gets a sum of its own, which must not make one right that was wrong. */
static bool
sum_is_right(const struct packet *error)
{
	const void *icmp = packet_at(error, error->l4);
	const uint16_t length = (uint16_t)packet_l4_length(error);

	if (error->flow.family == AF_INET)
		return rte_raw_cksum(icmp, length) == 0xffff;
	return icmp6_sum(packet_at(error, error->l3), icmp, length) == 0xffff;
}

/* Who sends without DF does not look for the path's MTU. */
static bool
looks_for_mtu(const struct packet *inner)
{
	const struct rte_ipv4_hdr *ip = packet_at(inner, inner->l3);

	return inner->flow.family == AF_INET6 || (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0;
}

static void
tell_mtu(struct worker *self, const struct packet *error, const struct packet *inner, const struct dest *dest)
{
	const uint32_t adds = tunnel_how(lb_tunnel_end(self->lb, dest->id)).adds, mtu = icmp_told_mtu(error);
	const uint32_t least = inner->flow.family == AF_INET ? IPV4_MIN_MTU : IPV6_MIN_MTU;

	if (mtu > adds && looks_for_mtu(inner))
		icmp_answer(self, inner, ICMP_BEYOND_MTU, (uint16_t)RTE_MIN(RTE_MAX(mtu - adds, least), UINT16_MAX));
}

/* The outer header has the client's TTL: routers where it ends are to be seen by his traceroute. What else is said is of no
 * use to him. */
static void
tell_client(struct worker *self, const struct packet *error, const struct packet *inner, const struct dest *dest)
{
	const struct icmp_header *icmp = packet_at(error, error->l4);
	const bool ipv4 = error->flow.family == AF_INET;

	if (icmp_is_too_big(error))
		tell_mtu(self, error, inner, dest);
	else if (icmp->type == (ipv4 ? ICMP4_UNREACHABLE : ICMP6_UNREACHABLE))
		icmp_answer(self, inner, ICMP_NO_WAY, 0);
	else if (icmp->type == (ipv4 ? ICMP4_TIME_EXCEEDED : ICMP6_TIME_EXCEEDED) && icmp->code == 0)
		icmp_answer(self, inner, ICMP_TTL_EXCEEDED, 0);
}

enum verdict
icmp_tunnel_packet(struct worker *self, struct packet *packet)
{
	struct packet outer, inner;
	const struct conn *conn;
	const struct dest *dest;

	if (!packet->to_us || !packet->is_ip || packet->nexthop != FIB_LOCAL || !icmp_is_error(packet) ||
	    !quoted_in_tunnel(self, packet, &outer, &inner))
		return VERDICT_NEXT;
	conn = conn_of(self, &outer, &inner, &dest);
	if (!conn)
		return ask_owner(self, packet, &inner.flow);
	if (!source_is_sound(self, packet))
		return verdict_drop(DROP_IP_SOURCE);
	if (!sum_is_right(packet))
		return verdict_drop(DROP_ICMP_CHECKSUM);
	icmp_count(self, conn, CONN_OUT, packet->end - packet->l3);
	tell_client(self, packet, &inner, dest);
	/* Packets of the director's own take the same way. */
	return VERDICT_KERNEL;
}
