/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Tunnels: IP in IP (RFC 2003, 2473, 4213), GRE (RFC 2784) and GUE (draft-ietf-intarea-gue, version 0), in either family
 * over either, byte for byte as Linux makes them.
 *
 * Linux leaves its option of GUE for remote checksums out for all packets that come from a port; what is left of
 * `remcsum` is the checksum of UDP, and so it is here.
 */
#include "lb/conn.h"
#include "path/icmp.h"
#include "path/outer_header.h"
#include "path/outer_middle.h"
#include "path/path.h"

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

void
outer_gre_sum(struct gre_header *gre, uint32_t length)
{
	gre->flags = GRE_CHECKSUM;
	gre->checksum = gre->reserved = 0;
	gre->checksum = (uint16_t)~rte_raw_cksum(gre, sizeof(*gre) + length);
}

void
outer_gue_sum(struct rte_udp_hdr *udp, const void *outer, bool ipv6)
{
	uint32_t sum = ipv6 ? rte_ipv6_phdr_cksum(outer, 0) : rte_ipv4_phdr_cksum(outer, 0);

	sum = (uint16_t)~checksum_fold32(sum + rte_raw_cksum(udp, rte_be_to_cpu_16(udp->dgram_len)));
	udp->dgram_cksum = sum != 0 ? (uint16_t)sum : 0xffff;
}

int
encapsulate(struct worker *self, struct rte_mbuf *m, const struct conn *conn, uint8_t port)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, RTE_ETHER_HDR_LEN);
	const struct outer_inner inner = outer_inner_of(ip, *ip >> 4 == 6);
	const struct tunnel_end *end = lb_tunnel_end(self->lb, conn->dest);
	const struct tunnel_how how = tunnel_how(end);
	const union ip_bits *source = fib_own(self->fib, port, how.ipv6 ? AF_INET6 : AF_INET);

	if (!source)
		return -DROP_NO_SOURCE;
	if (rte_pktmbuf_headroom(m) < how.adds)
		return -DROP_NO_HEADROOM;
	outer_write_middle(outer_write(self, m, &end->address, how, &inner, source), how, &inner, conn);
	return 0;
}
