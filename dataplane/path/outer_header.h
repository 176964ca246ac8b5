/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The outer IP header of tunnels, as Linux makes it (net/netfilter/ipvs/ip_vs_xmit.c, ip_vs_tunnel_xmit()): TTL and
 * traffic class are the inner ones, DF is the inner one where pmtu_disc is on, the identification is 0 with DF and counts
 * without. In a header of its own because tunnel_pass.c has it within its function.
 */
#ifndef PATH_OUTER_HEADER_H
#define PATH_OUTER_HEADER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <linux/ip_vs.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "core/knobs.h"
#include "lb/lb.h"
#include "lb/tunnel_end.h"
#include "path/encapsulate.h"
#include "path/ipv4_header.h"

struct gre_header {
	rte_be16_t flags, protocol;
	uint16_t checksum, reserved; /* where flags say so */
};
static_assert(sizeof(struct gre_header) == TUNNEL_GRE_BYTES + TUNNEL_GRE_SUM_BYTES, "RFC 2784");
#define GRE_CHECKSUM RTE_BE16(0x8000)

struct gue_header {
	uint8_t version_length, protocol;
	rte_be16_t flags;
};
static_assert(sizeof(struct rte_udp_hdr) + sizeof(struct gue_header) == TUNNEL_GUE_BYTES, "behind UDP's");

/* What the outer header takes from the inner one. In whole words: gcc 12 stores narrower ones for a while by their size and
 * loads them by a larger one, which has to wait for the store. */
struct outer_inner {
	uint32_t length, class, ttl;
	bool ipv6, dont_fragment;
};

static __rte_always_inline struct outer_inner
outer_inner_of(const uint8_t *ip, bool ipv6)
{
	const struct rte_ipv4_hdr *v4 = (const void *)ip;
	const struct rte_ipv6_hdr *v6 = (const void *)ip;

	if (!ipv6)
		return (struct outer_inner){
			.length = rte_be_to_cpu_16(v4->total_length),
			.class = v4->type_of_service,
			.ttl = v4->time_to_live,
			.dont_fragment = (v4->fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) != 0,
		};
	return (struct outer_inner){
		.ipv6 = true,
		.length = sizeof(*v6) + rte_be_to_cpu_16(v6->payload_len),
		.class = rte_be_to_cpu_32(v6->vtc_flow) >> 20 & 0xff,
		.ttl = v6->hop_limits,
	};
}

/* A packet that met congestion says so once, in its inner header (RFC 3168, 9.1.1). */
static inline uint32_t
outer_class(uint32_t class)
{
	return (class & 3) == 3 ? class ^ 1 : class;
}

/* Of tunnels of that type. */
static inline uint32_t
outer_protocol(uint8_t type, bool ipv6)
{
	switch (type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return IPPROTO_UDP;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return IPPROTO_GRE;
	default:
		return ipv6 ? IPPROTO_IPV6 : IPPROTO_IPIP;
	}
}

/* LENGTH: of the packet. */
static __rte_always_inline void
outer_write_ipv4(struct worker *self, void *ip, const union ip_bits *end, uint8_t type, const struct outer_inner *inner,
		 const union ip_bits *source, uint32_t length)
{
	bool dont_fragment = inner->dont_fragment && fetch(self->lb->knobs)->pmtu_disc != 0;

	ipv4_header_write(ip, &(struct ipv4_header){
				      .src = source->v4,
				      .dst = end->v4,
				      .length = length,
				      .id = dont_fragment ? 0 : ip_id_next(self),
				      .dont_fragment = dont_fragment,
				      .class = outer_class(inner->class),
				      .ttl = inner->ttl,
				      .proto = outer_protocol(type, inner->ipv6),
			      });
}

/* LENGTH: of what follows the header. */
static __rte_always_inline void
outer_write_ipv6(struct rte_ipv6_hdr *ip, const union ip_bits *end, uint8_t type, const struct outer_inner *inner,
		 const union ip_bits *source, uint32_t length)
{
	ip->vtc_flow = rte_cpu_to_be_32(6u << 28 | outer_class(inner->class) << 20);
	ip->payload_len = rte_cpu_to_be_16((uint16_t)length);
	ip->proto = (uint8_t)outer_protocol(type, inner->ipv6);
	ip->hop_limits = (uint8_t)inner->ttl;
	memcpy(&ip->src_addr, source, 16);
	memcpy(&ip->dst_addr, end, 16);
}

/* Makes room in M, which has it, for the bytes that HOW adds before the IP packet of INNER, and writes type and IP header,
 * from SOURCE to END. The IP header; what stands between the two, of GRE and GUE, is outer_middle.h's. */
static __rte_always_inline void *
outer_write(struct worker *self, struct rte_mbuf *m, const union ip_bits *end, struct tunnel_how how,
	    const struct outer_inner *inner, const union ip_bits *source)
{
	const uint32_t length = how.adds + inner->length;
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod_offset(m, void *, -(int)how.adds);

	/* A short frame's padding stays behind. */
	m->data_off = (uint16_t)(m->data_off - how.adds);
	m->data_len = (uint16_t)(RTE_ETHER_HDR_LEN + length);
	m->pkt_len = RTE_ETHER_HDR_LEN + length;
	if (!how.ipv6) {
		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
		outer_write_ipv4(self, ether + 1, end, how.type, inner, source, length);
	} else {
		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
		outer_write_ipv6((void *)(ether + 1), end, how.type, inner, source,
				 length - (uint32_t)sizeof(struct rte_ipv6_hdr));
	}
	return ether + 1;
}

#endif
