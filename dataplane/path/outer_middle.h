/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What stands between the outer IP header of a tunnel and the packet in it: of GRE (RFC 2784) and GUE
 * (draft-ietf-intarea-gue, version 0). A header for the same reason as outer_header.h; but a checksum over the whole packet
 * takes so long that a call more is nothing.
 */
#ifndef PATH_OUTER_MIDDLE_H
#define PATH_OUTER_MIDDLE_H

#include "lb/conn.h"
#include "path/outer_header.h"

/* Of encapsulate.c. GRE's header and the LENGTH bytes behind it get a checksum. */
void outer_gre_sum(struct gre_header *gre, uint32_t length);
/* UDP's datagram, whose header is complete but for that, behind the IP header OUTER. */
void outer_gue_sum(struct rte_udp_hdr *udp, const void *outer, bool ipv6);

static __rte_always_inline void
outer_write_gre(struct gre_header *gre, struct tunnel_how how, const struct outer_inner *inner)
{
	gre->flags = 0;
	gre->protocol = inner->ipv6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	if (how.checksum)
		outer_gre_sum(gre, inner->length);
}

/* A number for a flow's packets, of their addresses and ports. */
static __rte_always_inline uint32_t
outer_flow_hash(const struct conn *conn, bool ipv6)
{
	const uint8_t *key = ipv6 ? (const uint8_t *)&conn->key6[CONN_IN] : (const uint8_t *)&conn->key4[CONN_IN];
	uint64_t words[4] = { 0 }, hash;
	uint32_t ports;

	memcpy(words, key, ipv6 ? 32 : 8);
	memcpy(&ports, key + (ipv6 ? 32 : 8), sizeof(ports));
	hash = (words[0] ^ words[2] << 1 ^ ports) * 0x9e3779b97f4a7c15u;
	hash = (hash ^ hash >> 32 ^ words[1] ^ words[3] << 1) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(hash >> 32);
}

/* Source ports of GUE tell flows apart for who spreads them: as Linux, from its usual range of local ports. */
#define OUTER_PORT_FIRST 32768u
#define OUTER_PORTS 28232u

/* OUTER is complete: its addresses and length are part of the checksum. */
static __rte_always_inline void
outer_write_gue(struct rte_udp_hdr *udp, const void *outer, struct tunnel_how how, const struct outer_inner *inner,
		uint32_t hash)
{
	struct gue_header *gue = (struct gue_header *)(udp + 1);
	const uint32_t port = OUTER_PORT_FIRST + (uint32_t)((uint64_t)hash * OUTER_PORTS >> 32);

	gue->version_length = 0;
	gue->protocol = inner->ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	gue->flags = 0;
	udp->src_port = rte_cpu_to_be_16((uint16_t)port);
	udp->dst_port = how.port;
	udp->dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + sizeof(*gue) + inner->length));
	udp->dgram_cksum = 0;
	if (how.checksum)
		outer_gue_sum(udp, outer, how.ipv6);
}

/* OUTER is the outer IP header, which is complete; there is room up to the packet of INNER. */
static __rte_always_inline void
outer_write_middle(void *outer, struct tunnel_how how, const struct outer_inner *inner, const struct conn *conn)
{
	void *middle = (uint8_t *)outer + (how.ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr));

	if (how.type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		outer_write_gre(middle, how, inner);
	else if (how.type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		outer_write_gue(middle, outer, how, inner, outer_flow_hash(conn, inner->ipv6));
}

#endif
