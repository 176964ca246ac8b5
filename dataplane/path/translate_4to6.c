/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * From IPv4 to IPv6: RFC 7915, section 4.
 */
#include <netinet/in.h>

#include "core/checksum.h"
#include "path/icmp.h"
#include "path/translate.h"

#define IPV6_MTU_MIN 1280
#define NONE 0xff /* no word for it */

void
translate_write_ipv6(struct rte_ipv6_hdr *ip, const struct rte_ipv4_hdr *from, uint8_t proto, uint16_t length)
{
	const union ip_bits src = ip4_mapped(from->src_addr), dst = ip4_mapped(from->dst_addr);

	ip->vtc_flow = rte_cpu_to_be_32(6u << 28 | (uint32_t)from->type_of_service << 20);
	ip->payload_len = rte_cpu_to_be_16(length);
	ip->proto = proto;
	ip->hop_limits = from->time_to_live;
	memcpy(&ip->src_addr, &src, 16);
	memcpy(&ip->dst_addr, &dst, 16);
}

/* IPv6 wants one; IPv4's sender had none. What ends before its datagram does gets none: as a quote it needs none either. */
static void
add_udp_checksum(struct rte_udp_hdr *udp, const struct rte_ipv4_hdr *ip, uint16_t left)
{
	const uint16_t length = rte_be_to_cpu_16(udp->dgram_len);
	uint64_t sum = checksum_add(0, &ip->src_addr, 8) + udp->dgram_len + RTE_BE16(IPPROTO_UDP);

	if (length > left || (ip->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG)))
		return;
	sum = (uint16_t)~checksum_fold(sum + rte_raw_cksum(udp, length));
	udp->dgram_cksum = sum != 0 ? (uint16_t)sum : 0xffff;
}

int
translate_4to6(struct rte_mbuf *m, uint16_t l4, uint16_t end)
{
	const struct rte_ipv4_hdr ip = *rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	struct rte_ether_hdr ether = *rte_pktmbuf_mtod(m, struct rte_ether_hdr *), *new;
	struct rte_udp_hdr *udp = rte_pktmbuf_mtod_offset(m, struct rte_udp_hdr *, l4);
	int err;

	err = translate_make_room(m, l4, TRANSLATED_L4, end);
	if (err < 0)
		return err;
	if (ip.next_proto_id == IPPROTO_UDP && udp->dgram_cksum == 0)
		add_udp_checksum(udp, &ip, end - l4);
	new = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	translate_write_ipv6((struct rte_ipv6_hdr *)(void *)(new + 1), &ip, ip.next_proto_id, (uint16_t)(end - l4));
	return 0;
}

static void
update(struct packet *packet, uint16_t end)
{
	packet->ether_type = RTE_ETHER_TYPE_IPV6;
	packet->l3 = RTE_ETHER_HDR_LEN;
	packet->l4 = TRANSLATED_L4;
	packet->end = end;
	packet->flow = flow_mapped(&packet->flow);
}

int
translate_packet(struct packet *packet)
{
	const struct rte_ipv4_hdr ip = *(struct rte_ipv4_hdr *)packet_at(packet, packet->l3);
	const uint16_t length = packet->end - packet->l4;
	int err = packet->is_fragment ? translate_fragment_4to6(packet)
				      : translate_4to6(packet->m, packet->l4, packet->end);

	if (err < 0)
		return err;
	update(packet, (uint16_t)(TRANSLATED_L4 + length));
	if (packet->is_fragment) {
		packet->l4 = TRANSLATED_FRAGMENT;
		packet->end += sizeof(struct fragment_header);
	}
	packet->may_be_split = (ip.fragment_offset & RTE_BE16(RTE_IPV4_HDR_DF_FLAG)) == 0;
	return 0;
}

/* Where the field of IPv4's header at byte POINTER is in IPv6's (section 4.2, figure 3). */
static uint8_t
pointer_of(uint8_t pointer)
{
	static const uint8_t words[20] = { 0,	 1,    4, 4, NONE, NONE, NONE, NONE, 7,	 6,
					   NONE, NONE, 8, 8, 8,	   8,	 24,   24,   24, 24 };

	return pointer < sizeof(words) ? words[pointer] : NONE;
}

/* Routers that came before RFC 1191 don't say: the next one of its plateaus (7.1). */
static uint32_t
mtu_of(const struct icmp_header *icmp, uint16_t quoted_length)
{
	static const uint16_t plateaus[] = { 32000, 17914, 8166, 4352, 2002, 1492, 1006 };
	rte_be16_t told;
	uint32_t mtu;

	memcpy(&told, icmp->rest + 2, sizeof(told));
	mtu = rte_be_to_cpu_16(told);
	for (uint32_t i = 0; mtu == 0 && i < RTE_DIM(plateaus); i++) {
		if (plateaus[i] < quoted_length)
			mtu = plateaus[i];
	}
	return RTE_MAX(mtu + TRANSLATION_ADDS, (uint32_t)IPV6_MTU_MIN);
}

static int
translate_unreachable(const struct icmp_header *icmp, uint16_t quoted_length, struct icmp_header *ret)
{
	static const uint8_t codes[16] = { 0, 0, NONE, 4, NONE, 0, 0, 0, 0, 1, 1, 0, 0, 1, NONE, 1 };
	rte_be32_t mtu;

	*ret = (struct icmp_header){ .type = ICMP6_UNREACHABLE };
	if (icmp->code == 2) { /* protocol: the next header, which stands at byte 6 */
		*ret = (struct icmp_header){ .type = ICMP6_PARAMETER, .code = 1, .rest = { 0, 0, 0, 6 } };
		return 0;
	}
	if (icmp->code == 4) {
		ret->type = ICMP6_TOO_BIG;
		mtu = rte_cpu_to_be_32(mtu_of(icmp, quoted_length));
		memcpy(ret->rest, &mtu, sizeof(mtu));
		return 0;
	}
	if (icmp->code >= sizeof(codes) || codes[icmp->code] == NONE)
		return -DROP_ICMP_WORDLESS;
	ret->code = codes[icmp->code];
	return 0;
}

static int
translate_icmp(const struct icmp_header *icmp, uint16_t quoted_length, struct icmp_header *ret)
{
	switch (icmp->type) {
	case ICMP4_UNREACHABLE:
		return translate_unreachable(icmp, quoted_length, ret);
	case ICMP4_TIME_EXCEEDED:
		*ret = (struct icmp_header){ .type = ICMP6_TIME_EXCEEDED, .code = icmp->code };
		return 0;
	case ICMP4_PARAMETER:
		*ret = (struct icmp_header){ .type = ICMP6_PARAMETER, .rest = { [3] = pointer_of(icmp->rest[0]) } };
		return (icmp->code == 0 || icmp->code == 2) && ret->rest[3] != NONE ? 0 : -DROP_ICMP_WORDLESS;
	default:
		return -DROP_ICMP_WORDLESS;
	}
}

/* Bytes of the headers that stand for a quoted one. */
static uint16_t
quoted_headers(const struct rte_ipv4_hdr *inner)
{
	return sizeof(struct rte_ipv6_hdr) +
	       (inner->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG) ? sizeof(struct fragment_header) : 0);
}

/* INNER was before LENGTH bytes. Of fragments none but a first one gets here (icmp_quote_read()). */
static void
write_quoted(void *at, const struct rte_ipv4_hdr *inner, uint16_t length)
{
	const struct fragment_header fragment = {
		.next = inner->next_proto_id,
		.place = RTE_BE16(1),
		.id = { 0, inner->packet_id },
	};

	if (inner->fragment_offset & RTE_BE16(RTE_IPV4_HDR_MF_FLAG)) {
		translate_write_ipv6(at, inner, IPPROTO_FRAGMENT, (uint16_t)(sizeof(fragment) + length));
		memcpy((struct rte_ipv6_hdr *)at + 1, &fragment, sizeof(fragment));
	} else {
		translate_write_ipv6(at, inner, inner->next_proto_id, length);
	}
}

int
translate_error_4to6(struct packet *error, struct packet *quote)
{
	const struct rte_ipv4_hdr outer = *(struct rte_ipv4_hdr *)packet_at(error, error->l3);
	const struct rte_ipv4_hdr inner = *(struct rte_ipv4_hdr *)packet_at(quote, quote->l3);
	const uint16_t inner_length = rte_be_to_cpu_16(inner.total_length), inner_header = quote->l4 - quote->l3;
	const uint16_t before = TRANSLATED_L4 + sizeof(struct icmp_header) + quoted_headers(&inner);
	const uint16_t room = RTE_ETHER_HDR_LEN + IPV6_MTU_MIN - before;
	const uint16_t rest = RTE_MIN(quote->end - quote->l4, (int)room);
	struct rte_ether_hdr ether = *(struct rte_ether_hdr *)packet_at(error, 0), *new;
	struct icmp_header icmp;
	struct rte_ipv6_hdr *ip;
	int err;

	if (rte_raw_cksum(packet_at(error, error->l4), packet_l4_length(error)) != 0xffff)
		return -DROP_ICMP_CHECKSUM;
	err = translate_icmp(packet_at(error, error->l4), inner_length, &icmp);
	if (err == 0)
		err = translate_make_room(error->m, quote->l4, before, (uint16_t)(quote->l4 + rest));
	if (err < 0)
		return err;
	new = packet_at(error, 0);
	*new = ether;
	new->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
	update(error, (uint16_t)(before + rest));
	error->flow.proto = IPPROTO_ICMPV6;
	ip = packet_at(error, error->l3);
	translate_write_ipv6(ip, &outer, IPPROTO_ICMPV6, (uint16_t)(error->end - error->l4));
	write_quoted(packet_at(error, TRANSLATED_L4 + sizeof(icmp)), &inner,
		     inner_length > inner_header ? inner_length - inner_header : 0);
	memcpy(packet_at(error, error->l4), &icmp, sizeof(icmp));
	icmp.checksum = (uint16_t)~icmp6_sum(ip, packet_at(error, error->l4), (uint16_t)packet_l4_length(error));
	memcpy(packet_at(error, error->l4), &icmp, sizeof(icmp));
	err = icmp_quote_read(error, quote);
	return err < 0 ? -DROP_ICMP_QUOTE : 0;
}
