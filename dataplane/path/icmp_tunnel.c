/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors about packets in tunnels to real servers. They come to the director, which made the outer headers: the client
 * is told about what he sent, by an error of the director's own (ip_vs_in_icmp() of Linux).
 */
#include <errno.h>

#include <rte_ip.h>

#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/encapsulate.h"
#include "path/icmp.h"

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

/* The connection's, at this worker; NULL if there is none, or OUTER is not what it sends. */
static const struct dest *
dest_of(struct worker *self, const struct packet *outer, const struct packet *inner)
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
	    encapsulation_length(dest) != (uint32_t)(inner->l3 - outer->l3))
		return NULL;
	return dest;
}

/* What the client hears: that his packets must be shorter, or that there is no way. Others are of no use to him. */
static void
tell_client(struct worker *self, const struct packet *error, const struct packet *inner, const struct dest *dest)
{
	const struct icmp_header *icmp = packet_at(error, error->l4);
	const uint32_t adds = encapsulation_length(dest), mtu = icmp_told_mtu(error);
	const uint32_t least = inner->flow.family == AF_INET ? IPV4_MIN_MTU : IPV6_MIN_MTU;

	if (icmp_is_too_big(error)) {
		if (mtu > adds)
			icmp_answer(self, inner, ICMP_BEYOND_MTU,
				    (uint16_t)RTE_MIN(RTE_MAX(mtu - adds, least), UINT16_MAX));
	} else if (error->flow.family == AF_INET
			   ? icmp->type == ICMP4_UNREACHABLE || icmp->type == ICMP4_TIME_EXCEEDED
			   : icmp->type == ICMP6_UNREACHABLE || icmp->type == ICMP6_TIME_EXCEEDED) {
		icmp_answer(self, inner, ICMP_NO_WAY, 0);
	}
}

enum verdict
icmp_tunnel_packet(struct worker *self, struct packet *packet)
{
	struct packet outer, inner, like;
	const struct dest *dest;

	if (!packet->to_us || !packet->is_ip || !fib_is_kernels(packet->nexthop) || !icmp_is_error(packet) ||
	    !quoted_in_tunnel(self, packet, &outer, &inner))
		return VERDICT_NEXT;
	dest = dest_of(self, &outer, &inner);
	if (!dest)
		return icmp_ask_owner(self, packet, &inner.flow, &like);
	tell_client(self, packet, &inner, dest);
	/* Packets of the director's own take the same way. */
	return VERDICT_KERNEL;
}
