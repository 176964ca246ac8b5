/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Stateless translation of IP headers between the families (RFC 7915), for connections whose ends are of both: they are
 * held in IPv6, an IPv4 end by its mapped address (core/address.h). What comes from such an end is made an IPv6 packet
 * before anything else is done with it, and what goes to one an IPv4 packet after everything else. The transport's
 * checksum stays as it is, the TTL is counted where addresses are rewritten, and options, extension headers and the
 * padding of short frames stay behind.
 */
#ifndef PATH_TRANSLATE_H
#define PATH_TRANSLATE_H

#include <netinet/in.h>

#include <rte_ether.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "path/path.h"

#define TRANSLATION_ADDS ((int)(sizeof(struct rte_ipv6_hdr) - sizeof(struct rte_ipv4_hdr)))
/* Packets of IPv6 up to this length pass every way there (RFC 8200, 5), those that become IPv4's too: without DF they may be
 * split (RFC 7915, 5.1). */
#define TRANSLATED_WHOLE 1280
/* What is that long in IPv4 may be. Of longer ones the senders learn the path's MTU, which IPv6 has from this length on. */
#define TRANSLATED_SPLIT_MAX (TRANSLATED_WHOLE - TRANSLATION_ADDS)
#define TRANSLATED_L4 (RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv6_hdr)) /* of what has become IPv6 */

/* M, an IPv4 packet of TCP or UDP with sound lengths, whose transport header is at L4 of the frame and which ends at END,
 * becomes one of IPv6 with mapped addresses. 0, or a negative drop reason, and M is as it was. */
int translate_4to6(struct rte_mbuf *m, uint16_t l4, uint16_t end);
/* The same for PACKET, which may be a fragment and is up to date then. */
int translate_packet(struct packet *packet);
/* M, an IPv6 packet with mapped addresses, whose transport header, of protocol PROTO, is at L4, becomes one of IPv4. */
int translate_6to4(struct worker *self, struct rte_mbuf *m, uint16_t l4, uint8_t proto);
/* The same for PACKET, which may be a fragment and is NOT up to date then. */
int translate_packet_6to4(struct worker *self, struct packet *packet);

/* Of translate_fragment.c: the same for PACKET, a fragment; not up to date then in either case. */
int translate_fragment_4to6(struct packet *packet);
int translate_fragment_6to4(struct packet *packet);
#define TRANSLATED_FRAGMENT (TRANSLATED_L4 + sizeof(struct fragment_header)) /* what is behind the headers then */

/* The header of IPv6 that stands for FROM, before LENGTH bytes that begin with PROTO's header. */
void translate_write_ipv6(struct rte_ipv6_hdr *ip, const struct rte_ipv4_hdr *from, uint8_t proto, uint16_t length);

/* The same for an ICMP error and the packet that it quotes, as icmp_quote_read() read it; both are up to date then. Its
 * checksum is verified, since it is made anew. */
int translate_error_4to6(struct packet *error, struct packet *quote);
int translate_error_6to4(struct worker *self, struct packet *error, struct packet *quote);

/* Headers of BEFORE bytes, to be written, take the place of those of M before AT; it ends at END. 0, or a negative drop
 * reason, and M is as it was. */
static inline int
translate_make_room(struct rte_mbuf *m, uint16_t at, uint16_t before, uint16_t end)
{
	if (before > at && rte_pktmbuf_headroom(m) < before - at)
		return -DROP_NO_HEADROOM;
	m->data_len = end;
	m->pkt_len = end;
	if (before > at)
		rte_pktmbuf_prepend(m, (uint16_t)(before - at));
	else
		rte_pktmbuf_adj(m, (uint16_t)(at - before));
	return 0;
}

/* Over an ICMPv6 message of LENGTH bytes with its pseudo header (RFC 4443, 2.3). */
static inline uint16_t
icmp6_sum(const struct rte_ipv6_hdr *ip, const void *icmp, uint16_t length)
{
	const uint8_t *addresses = (const uint8_t *)ip + offsetof(struct rte_ipv6_hdr, src_addr);

	return checksum_fold(checksum_add(0, addresses, 32) + rte_cpu_to_be_16(length) + RTE_BE16(IPPROTO_ICMPV6) +
			     rte_raw_cksum(icmp, length));
}

#endif
