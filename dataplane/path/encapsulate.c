/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The outer headers of tunnels: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784) and GUE (draft-ietf-intarea-gue, version
 * 0), in either family over either, byte for byte as Linux makes them (net/netfilter/ipvs/ip_vs_xmit.c,
 * ip_vs_tunnel_xmit()): TTL and traffic class are the inner ones, DF is the inner one where pmtu_disc is on, the
 * identification is 0 with DF and counts without.
 *
 * Linux leaves its option of GUE for remote checksums out for all packets that come from a port; what is left of
 * `remcsum` is the checksum of UDP, and so it is here.
 */
#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "core/knobs.h"
#include "lb/conn.h"
#include "lb/lb.h"
#include "path/encapsulate.h"
#include "path/icmp.h"
#include "path/path.h"

/* Source ports of GUE tell flows apart for who spreads them: as Linux, from its usual range of local ports. */
#define FLOW_PORT_FIRST 32768u
#define FLOW_PORTS 28232u

struct gre_header {
	rte_be16_t flags, protocol;
	uint16_t checksum, reserved; /* where flags say so */
};
#define GRE_CHECKSUM RTE_BE16(0x8000)

struct gue_header {
	uint8_t version_length, protocol;
	rte_be16_t flags;
};

/* What the outer header takes from the inner one. */
struct inner {
	bool ipv6;
	uint16_t length;
	uint8_t class, ttl;
	bool dont_fragment;
};

static struct inner
inner_of(const uint8_t *ip)
{
	const struct rte_ipv4_hdr *v4 = (const void *)ip;
	const struct rte_ipv6_hdr *v6 = (const void *)ip;

	if (*ip >> 4 == 4)
		return (struct inner){
			.length = rte_be_to_cpu_16(v4->total_length),
			.class = v4->type_of_service,
			.ttl = v4->time_to_live,
			.dont_fragment = (v4->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0,
		};
	return (struct inner){
		.ipv6 = true,
		.length = (uint16_t)(sizeof(*v6) + rte_be_to_cpu_16(v6->payload_len)),
		.class = (uint8_t)(rte_be_to_cpu_32(v6->vtc_flow) >> 20),
		.ttl = v6->hop_limits,
	};
}

/* A packet that met congestion says so once, in its inner header (RFC 3168, 9.1.1). */
static uint8_t
outer_class(uint8_t class)
{
	return (class & 3) == 3 ? class ^ 1 : class;
}

/* Bytes between the outer IP header and the packet within. */
static uint32_t
middle_length(const struct dest *dest)
{
	switch (dest->tunnel_type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return sizeof(struct rte_udp_hdr) + sizeof(struct gue_header);
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return dest->tunnel_flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM ? 8 : 4;
	default:
		return 0;
	}
}

uint32_t
encapsulation_length(const struct dest *dest)
{
	return middle_length(dest) +
	       (dest->addr.family == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr));
}

/* AT: behind the outer IP header, of which LEFT bytes are there. How long what stands before the inner packet is, and its
 * family; false if it can't be known. */
static bool
read_middle(const uint8_t *at, uint32_t left, uint8_t proto, uint16_t *ret_length, uint16_t *ret_family)
{
	const struct gre_header *gre = (const void *)at;
	const struct gue_header *gue = (const void *)(at + sizeof(struct rte_udp_hdr));

	*ret_length = 0;
	if (proto == IPPROTO_GRE) {
		if (left < 4 || (gre->flags & ~GRE_CHECKSUM) != 0)
			return false;
		*ret_length = gre->flags & GRE_CHECKSUM ? 8 : 4;
		*ret_family = gre->protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) ? AF_INET : AF_INET6;
		return gre->protocol == RTE_BE16(RTE_ETHER_TYPE_IPV4) || gre->protocol == RTE_BE16(RTE_ETHER_TYPE_IPV6);
	}
	if (proto == IPPROTO_UDP) {
		if (left < sizeof(struct rte_udp_hdr) + sizeof(*gue) || gue->version_length != 0 || gue->flags != 0)
			return false;
		*ret_length = sizeof(struct rte_udp_hdr) + sizeof(*gue);
		proto = gue->protocol;
	}
	*ret_family = proto == IPPROTO_IPIP ? AF_INET : AF_INET6;
	return proto == IPPROTO_IPIP || proto == IPPROTO_IPV6;
}

bool
encapsulated(const struct packet *outer, struct packet *ret)
{
	const uint16_t left = outer->end - outer->l4;
	uint16_t length, family;

	if (outer->end < outer->l4 ||
	    !read_middle(packet_at(outer, outer->l4), left, outer->flow.proto, &length, &family) || length > left)
		return false;
	*ret = (struct packet){ .m = outer->m, .port = outer->port, .l3 = outer->l4 + length, .end = outer->end };
	return icmp_quote_parse(ret, family) == 0;
}

static uint8_t
outer_protocol(const struct dest *dest, const struct inner *inner)
{
	switch (dest->tunnel_type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return IPPROTO_UDP;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return IPPROTO_GRE;
	default:
		return inner->ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	}
}

/* LENGTH: of what follows the header. */
static void
write_ipv4(struct worker *self, struct rte_ipv4_hdr *ip, const struct dest *dest, const struct inner *inner,
	   const union ip_bits *source, uint32_t length)
{
	bool dont_fragment = inner->dont_fragment && fetch(self->lb->knobs)->pmtu_disc != 0;

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = 0x45,
		.type_of_service = outer_class(inner->class),
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + length)),
		.packet_id = dont_fragment ? 0 : ip_id_next(self),
		.fragment_offset = dont_fragment ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0,
		.time_to_live = inner->ttl,
		.next_proto_id = outer_protocol(dest, inner),
		.src_addr = source->v4,
		.dst_addr = dest->addr.ip.v4,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
write_ipv6(struct rte_ipv6_hdr *ip, const struct dest *dest, const struct inner *inner, const union ip_bits *source,
	   uint32_t length)
{
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)outer_class(inner->class) << 20);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)length);
	ip->proto = outer_protocol(dest, inner);
	ip->hop_limits = inner->ttl;
	memcpy(&ip->src_addr, source, 16);
	memcpy(&ip->dst_addr, &dest->addr.ip, 16);
}

static void
write_gre(struct gre_header *gre, const struct dest *dest, const struct inner *inner)
{
	gre->flags = 0;
	gre->protocol = inner->ipv6 ? RTE_BE16(RTE_ETHER_TYPE_IPV6) : RTE_BE16(RTE_ETHER_TYPE_IPV4);
	if (!(dest->tunnel_flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM))
		return;
	gre->flags = GRE_CHECKSUM;
	gre->checksum = gre->reserved = 0;
	gre->checksum = (uint16_t)~rte_raw_cksum(gre, sizeof(*gre) + inner->length);
}

/* A number for a flow's packets, of their addresses and ports. */
static uint32_t
flow_hash(const struct conn *conn, bool ipv6)
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

/* OUTER is complete: its addresses and length are part of the checksum. */
static void
write_gue(struct rte_udp_hdr *udp, const void *outer, const struct dest *dest, const struct inner *inner, uint32_t hash)
{
	struct gue_header *gue = (struct gue_header *)(udp + 1);
	uint16_t length = (uint16_t)(sizeof(*udp) + sizeof(*gue) + inner->length);
	uint32_t sum;

	*gue = (struct gue_header){ .protocol = inner->ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP };
	*udp = (struct rte_udp_hdr){
		.src_port = rte_cpu_to_be_16((uint16_t)(FLOW_PORT_FIRST + ((uint64_t)hash * FLOW_PORTS >> 32))),
		.dst_port = dest->tunnel_port,
		.dgram_len = rte_cpu_to_be_16(length),
	};
	if (!(dest->tunnel_flags & (IP_VS_TUNNEL_ENCAP_FLAG_CSUM | IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM)))
		return;
	sum = dest->addr.family == AF_INET ? rte_ipv4_phdr_cksum(outer, 0) : rte_ipv6_phdr_cksum(outer, 0);
	sum = (uint16_t)~checksum_fold32(sum + rte_raw_cksum(udp, length));
	udp->dgram_cksum = sum != 0 ? (uint16_t)sum : 0xffff;
}

int
encapsulate(struct worker *self, struct rte_mbuf *m, const struct conn *conn, const struct dest *dest, uint8_t port)
{
	const struct inner inner = inner_of(rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN));
	const union ip_bits *source = fib_own(self->fib, port, dest->addr.family);
	const uint32_t middle = middle_length(dest), adds = encapsulation_length(dest);
	struct rte_ether_hdr *ether;
	uint8_t *outer;

	if (!source)
		return -DROP_NO_SOURCE;
	if (rte_pktmbuf_headroom(m) < adds)
		return -DROP_NO_HEADROOM;
	/* A short frame's padding stays behind. */
	m->data_len = (uint16_t)(RTE_ETHER_HDR_LEN + inner.length);
	m->pkt_len = m->data_len;
	ether = (struct rte_ether_hdr *)(void *)rte_pktmbuf_prepend(m, (uint16_t)adds);
	outer = (uint8_t *)(ether + 1);
	if (dest->addr.family == AF_INET) {
		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
		write_ipv4(self, (void *)outer, dest, &inner, source, middle + inner.length);
	} else {
		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
		write_ipv6((void *)outer, dest, &inner, source, middle + inner.length);
	}
	if (dest->tunnel_type == IP_VS_CONN_F_TUNNEL_TYPE_GRE)
		write_gre((void *)(outer + adds - middle), dest, &inner);
	else if (dest->tunnel_type == IP_VS_CONN_F_TUNNEL_TYPE_GUE)
		write_gue((void *)(outer + adds - middle), outer, dest, &inner, flow_hash(conn, inner.ipv6));
	return 0;
}
