/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From IPv6 to IPv4: RFC 7915, section 5.
 */
#include <netinet/in.h>

#include "core/checksum.h"
#include "lb/conn_table.h"
#include "path/encapsulate.h"
#include "path/icmp.h"
#include "path/ipv4_header.h"
#include "path/tell.h"
#include "path/translate.h"

#define IPV4_MTU_MIN 68
#define ERROR_MAX 576 /* RFC 1812, 4.3.2.3 */

/* SELF counts identifications; NULL: a quoted header, which has none. */
static void
write_header(struct worker *self, struct rte_ipv4_hdr *ip, const struct rte_ipv6_hdr *from, uint8_t proto,
	     uint16_t length)
{
	const uint16_t total = (uint16_t)(sizeof(*ip) + length);
	const bool dont_fragment = total > TRANSLATED_SPLIT_MAX;
	struct ipv4_header header = {
		.length = total,
		.id = dont_fragment || !self ? 0 : ip_id_next(self),
		.dont_fragment = dont_fragment,
		.class = rte_be_to_cpu_32(from->vtc_flow) >> 20 & 0xff,
		.ttl = from->hop_limits,
		.proto = proto,
	};

	header.src = load32((const uint8_t *)&from->src_addr + 12);
	header.dst = load32((const uint8_t *)&from->dst_addr + 12);
	ipv4_header_write(ip, &header);
}

int
translate_6to4(struct worker *self, struct rte_mbuf *m, uint16_t l4, uint8_t proto)
{
	const struct rte_ipv6_hdr ip = *rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
	const uint16_t end = (uint16_t)(TRANSLATED_L4 + rte_be_to_cpu_16(ip.payload_len));
	struct rte_ether_hdr ether = *rte_pktmbuf_mtod(m, struct rte_ether_hdr *), *new;
	int err = translate_make_room(m, l4, RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr), end);

	if (err < 0)
		return err;
	new = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	write_header(self, (struct rte_ipv4_hdr *)(void *)(new + 1), &ip, proto, (uint16_t)(end - l4));
	return 0;
}

int
translate_packet_6to4(struct worker *self, struct packet *packet)
{
	const struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);

	if (packet->is_fragment)
		return translate_fragment_6to4(packet);
	/* What tell_uoa.c put in is no extension header that would stay behind. */
	if (ip->proto == TELL_OPP_PROTOCOL)
		return translate_6to4(self, packet->m, TRANSLATED_L4, TELL_OPP_PROTOCOL);
	return translate_6to4(self, packet->m, packet->l4, packet->flow.proto);
}

/* Where the field of IPv6's header at byte POINTER is in IPv4's (section 5.2, figure 6); -1: nowhere. */
static int
pointer_of(uint32_t pointer)
{
	static const int8_t words[8] = { 0, 1, -1, -1, 2, 2, 9, 8 };

	if (pointer < sizeof(words))
		return words[pointer];
	return pointer < 24 ? 12 : pointer < 40 ? 16 : -1;
}

static int
translate_unreachable(const struct icmp_header *icmp, struct icmp_header *ret)
{
	static const uint8_t codes[] = { 1, 10, 1, 1, 3 };

	if (icmp->code >= sizeof(codes))
		return -DROP_ICMP_WORDLESS;
	*ret = (struct icmp_header){ .type = ICMP4_UNREACHABLE, .code = codes[icmp->code] };
	return 0;
}

static int
translate_parameter(const struct icmp_header *icmp, uint32_t pointer, struct icmp_header *ret)
{
	if (icmp->code == 1) { /* unknown next header */
		*ret = (struct icmp_header){ .type = ICMP4_UNREACHABLE, .code = 2 };
		return 0;
	}
	*ret = (struct icmp_header){ .type = ICMP4_PARAMETER, .rest = { (uint8_t)pointer_of(pointer) } };
	return icmp->code == 0 && pointer_of(pointer) >= 0 ? 0 : -DROP_ICMP_WORDLESS;
}

/* ADDS: bytes that the quoted packet had more than it will have. */
static int
translate_icmp(const struct icmp_header *icmp, int adds, struct icmp_header *ret)
{
	uint32_t word;
	rte_be16_t mtu;

	memcpy(&word, icmp->rest, sizeof(word));
	word = rte_be_to_cpu_32(word);
	switch (icmp->type) {
	case ICMP6_UNREACHABLE:
		return translate_unreachable(icmp, ret);
	case ICMP6_TOO_BIG:
		*ret = (struct icmp_header){ .type = ICMP4_UNREACHABLE, .code = 4 };
		word = word > UINT16_MAX ? UINT16_MAX : word;
		mtu = rte_cpu_to_be_16((uint16_t)RTE_MAX((int)word - adds, IPV4_MTU_MIN));
		memcpy(ret->rest + 2, &mtu, sizeof(mtu));
		return 0;
	case ICMP6_TIME_EXCEEDED:
		*ret = (struct icmp_header){ .type = ICMP4_TIME_EXCEEDED, .code = icmp->code };
		return 0;
	case ICMP6_PARAMETER:
		return translate_parameter(icmp, word, ret);
	default:
		return -DROP_ICMP_WORDLESS;
	}
}

/* The quoted packet is the first fragment of a datagram. */
static void
write_first_fragment(struct rte_ipv4_hdr *ip, const struct fragment_header *fragment)
{
	ip->packet_id = fragment->id[1];
	ip->fragment_offset = fragment->place & RTE_BE16(1) ? RTE_BE16(RTE_IPV4_HDR_MF_FLAG) : 0;
	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

int
translate_error_6to4(struct worker *self, struct packet *error, struct packet *quote)
{
	const struct rte_ipv6_hdr outer = *(struct rte_ipv6_hdr *)packet_at(error, error->l3);
	const struct rte_ipv6_hdr inner = *(struct rte_ipv6_hdr *)packet_at(quote, quote->l3);
	const uint16_t inner_extensions = (uint16_t)(quote->l4 - quote->l3 - sizeof(inner));
	const uint16_t inner_length = rte_be_to_cpu_16(inner.payload_len);
	const uint16_t l4 = RTE_ETHER_HDR_LEN + sizeof(struct rte_ipv4_hdr);
	const uint16_t before = l4 + sizeof(struct icmp_header) + sizeof(struct rte_ipv4_hdr);
	const uint16_t room = RTE_ETHER_HDR_LEN + ERROR_MAX - before;
	const uint16_t rest = RTE_MIN(quote->end - quote->l4, (int)room);
	const int adds = TRANSLATION_ADDS + (quote->is_fragment ? (int)sizeof(struct fragment_header) : 0);
	struct rte_ether_hdr ether = *(struct rte_ether_hdr *)packet_at(error, 0), *new;
	struct fragment_header fragment = { .next = 0 };
	struct icmp_header icmp;
	int err;

	if (quote->is_fragment)
		memcpy(&fragment, packet_at(quote, quote->l4 - sizeof(fragment)), sizeof(fragment));
	if (icmp6_sum(&outer, packet_at(error, error->l4), (uint16_t)packet_l4_length(error)) != 0xffff)
		return -DROP_ICMP_CHECKSUM;
	err = translate_icmp(packet_at(error, error->l4), adds, &icmp);
	if (err == 0)
		err = translate_make_room(error->m, quote->l4, before, (uint16_t)(quote->l4 + rest));
	if (err < 0)
		return err;
	new = packet_at(error, 0);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	error->ether_type = RTE_ETHER_TYPE_IPV4;
	error->l3 = RTE_ETHER_HDR_LEN;
	error->l4 = l4;
	error->end = before + rest;
	error->flow = flow_plain(&error->flow);
	error->flow.proto = IPPROTO_ICMP;
	write_header(self, packet_at(error, error->l3), &outer, IPPROTO_ICMP, (uint16_t)(error->end - l4));
	write_header(NULL, packet_at(error, l4 + sizeof(icmp)), &inner, quote->flow.proto,
		     inner_length > inner_extensions ? inner_length - inner_extensions : 0);
	if (quote->is_fragment)
		write_first_fragment(packet_at(error, l4 + sizeof(icmp)), &fragment);
	memcpy(packet_at(error, l4), &icmp, sizeof(icmp));
	icmp.checksum = (uint16_t)~rte_raw_cksum(packet_at(error, l4), packet_l4_length(error));
	memcpy(packet_at(error, l4), &icmp, sizeof(icmp));
	err = icmp_quote_read(error, quote);
	return err < 0 ? -DROP_ICMP_QUOTE : 0;
}
