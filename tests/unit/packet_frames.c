/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frames of packet_fixture.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_sctp.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "packet_fixture.h"

static size_t
ip_length(const struct frame *frame)
{
	return strchr(frame->src, ':') ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr);
}

static void
write_ip(const struct frame *frame, uint8_t *ip, uint16_t l4_length)
{
	const struct ip_addr src = address_of(frame->src), dst = address_of(frame->dst);
	const uint8_t ttl = frame->ttl ? frame->ttl : 64, proto = frame->proto ? frame->proto : IPPROTO_TCP;
	struct rte_ipv6_hdr v6 = { .vtc_flow = RTE_BE32(0x60012345),
				   .payload_len = rte_cpu_to_be_16(l4_length),
				   .proto = proto,
				   .hop_limits = ttl };
	struct rte_ipv4_hdr v4 = { .version_ihl = 0x45,
				   .type_of_service = 0x28,
				   .total_length = rte_cpu_to_be_16((uint16_t)(sizeof(v4) + l4_length)),
				   .packet_id = RTE_BE16(0x1234),
				   .fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
				   .time_to_live = ttl,
				   .next_proto_id = proto,
				   .src_addr = src.ip.v4,
				   .dst_addr = dst.ip.v4 };

	if (frame->plain) {
		v4.type_of_service = 0;
		v4.packet_id = 0;
		v6.vtc_flow = RTE_BE32(0x60000000);
	}
	memcpy(&v6.src_addr, &src.ip, 16);
	memcpy(&v6.dst_addr, &dst.ip, 16);
	memcpy(ip, src.family == AF_INET ? (void *)&v4 : (void *)&v6, ip_length(frame));
}

#define SCTP_HEADER (sizeof(struct rte_sctp_hdr) + 4) /* and the first chunk's */

static uint16_t
write_sctp(const struct frame *frame, uint8_t *l4)
{
	const struct rte_sctp_hdr sctp = { .src_port = rte_cpu_to_be_16(frame->sport),
					   .dst_port = rte_cpu_to_be_16(frame->dport),
					   .tag = rte_cpu_to_be_32(frame->seq ^ frame->ack) };
	const rte_be16_t length = rte_cpu_to_be_16((uint16_t)(frame->payload + 4));

	memcpy(l4, &sctp, sizeof(sctp));
	l4[12] = frame->flags & RST	 ? 6
		 : frame->flags & FIN	 ? 7
		 : !(frame->flags & SYN) ? 0
		 : frame->flags & ACK	 ? 2
					 : 1;
	l4[13] = 3;
	memcpy(l4 + 14, &length, 2);
	return SCTP_HEADER;
}

/* RFC 9260, appendix A, bit by bit. */
static uint32_t
sctp_checksum(const uint8_t *l4, uint32_t length)
{
	uint32_t sum = UINT32_MAX;

	for (uint32_t i = 0; i < 8 * length; i++) {
		uint32_t bit = (sum ^ l4[i / 8] >> i % 8) & 1;

		sum = sum >> 1 ^ (bit ? 0x82f63b78 : 0);
	}
	return ~sum;
}

static bool
is_echo(uint8_t proto)
{
	return proto == IPPROTO_ICMP || proto == IPPROTO_ICMPV6;
}

static uint16_t
write_echo(const struct frame *frame, uint8_t *l4)
{
	const bool reply = frame->flags & ACK, v4 = frame->proto == IPPROTO_ICMP;
	const rte_be16_t rest[2] = { rte_cpu_to_be_16(reply ? frame->dport : frame->sport),
				     rte_cpu_to_be_16((uint16_t)frame->seq) };

	l4[0] = v4 ? (reply ? 0 : 8) : (reply ? 129 : 128);
	l4[1] = 0;
	memcpy(l4 + 4, rest, sizeof(rest));
	return 8;
}

static uint16_t
write_payload(const struct frame *frame, uint8_t *l4, uint16_t header)
{
	if (frame->data_length)
		memcpy(l4 + header, frame->data, frame->data_length);
	header += frame->data_length;
	for (uint16_t i = 0; i < frame->payload; i++)
		l4[header + i] = (uint8_t)(i * 7 + 1);
	return (uint16_t)(header + frame->payload);
}

static uint16_t
write_l4(const struct frame *frame, uint8_t *l4)
{
	const bool tcp = frame->proto != IPPROTO_UDP;
	const uint16_t header = tcp ? (uint16_t)(sizeof(struct rte_tcp_hdr) + frame->options_length)
				    : (uint16_t)sizeof(struct rte_udp_hdr);
	const struct rte_tcp_hdr tcp_header = { .src_port = rte_cpu_to_be_16(frame->sport),
						.dst_port = rte_cpu_to_be_16(frame->dport),
						.sent_seq = rte_cpu_to_be_32(frame->seq),
						.recv_ack = rte_cpu_to_be_32(frame->ack),
						.data_off = (uint8_t)(header / 4 << 4),
						.tcp_flags = frame->flags | (frame->urgent ? RTE_TCP_URG_FLAG : 0),
						.rx_win = RTE_BE16(8192),
						.tcp_urp = rte_cpu_to_be_16(frame->urgent) };
	const struct rte_udp_hdr udp_header = {
		.src_port = rte_cpu_to_be_16(frame->sport),
		.dst_port = rte_cpu_to_be_16(frame->dport),
		.dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(udp_header) + frame->data_length + frame->payload))
	};

	if (is_echo(frame->proto))
		return write_payload(frame, l4, write_echo(frame, l4));
	if (frame->proto == IPPROTO_SCTP)
		return write_payload(frame, l4, write_sctp(frame, l4));
	if (tcp) {
		memcpy(l4, &tcp_header, sizeof(tcp_header));
		if (frame->options_length)
			memcpy(l4 + sizeof(tcp_header), frame->options, frame->options_length);
	} else {
		memcpy(l4, &udp_header, sizeof(udp_header));
	}
	return write_payload(frame, l4, header);
}

/* Of a frame without IP options or extension headers. */
void
frame_checksums(struct rte_mbuf *m)
{
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	const bool v4 = ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	struct rte_ipv4_hdr *ip4 = (void *)(ether + 1);
	struct rte_ipv6_hdr *ip6 = (void *)(ether + 1);
	uint8_t *l4 = v4 ? (uint8_t *)(ip4 + 1) : (uint8_t *)(ip6 + 1);
	uint8_t proto = v4 ? ip4->next_proto_id : ip6->proto;
	uint8_t *field = l4 + (proto == IPPROTO_UDP ? offsetof(struct rte_udp_hdr, dgram_cksum)
						    : offsetof(struct rte_tcp_hdr, cksum));
	uint16_t sum;

	if (v4) {
		ip4->hdr_checksum = 0;
		ip4->hdr_checksum = rte_ipv4_cksum(ip4);
	}
	if (proto == IPPROTO_SCTP) {
		struct rte_sctp_hdr *sctp = (void *)l4;

		sctp->cksum = 0;
		sctp->cksum = rte_cpu_to_le_32(
			sctp_checksum(l4, (uint32_t)(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len - l4)));
		return;
	}
	if (is_echo(proto))
		field = l4 + 2;
	memset(field, 0, 2);
	if (proto == IPPROTO_ICMP) {
		sum = (uint16_t)~rte_raw_cksum(l4, (size_t)(rte_pktmbuf_mtod(m, uint8_t *) + m->data_len - l4));
		memcpy(field, &sum, 2);
		return;
	}
	sum = v4 ? rte_ipv4_udptcp_cksum(ip4, l4) : rte_ipv6_udptcp_cksum(ip6, l4);
	memcpy(field, &sum, 2);
}

struct rte_mbuf *
frame_new(const struct frame *frame, uint8_t port)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool);
	struct rte_ether_hdr *ether;
	uint16_t l4_length;
	uint8_t *ip;

	assert_non_null(m);
	ether = rte_pktmbuf_mtod(m, struct rte_ether_hdr *);
	ip = (uint8_t *)(ether + 1);
	memcpy(&ether->src_addr, frame->src_mac ? frame->src_mac : router_mac, 6);
	memcpy(&ether->dst_addr, frame->dst_mac ? frame->dst_mac : port_mac[port], 6);
	ether->ether_type = ip_length(frame) == sizeof(struct rte_ipv4_hdr) ? RTE_BE16(RTE_ETHER_TYPE_IPV4)
									    : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	l4_length = write_l4(frame, ip + ip_length(frame));
	write_ip(frame, ip, l4_length);
	m->data_len = (uint16_t)(sizeof(*ether) + ip_length(frame) + l4_length);
	m->pkt_len = m->data_len;
	frame_checksums(m);
	if (frame->no_checksum)
		((struct rte_udp_hdr *)(ip + ip_length(frame)))->dgram_cksum = 0;
	return m;
}

struct rte_mbuf *
frame_reply(const struct rte_mbuf *m)
{
	struct rte_mbuf *reply = rte_pktmbuf_copy(m, packet_pool, 0, UINT32_MAX);
	struct rte_ether_hdr *ether = rte_pktmbuf_mtod(reply, struct rte_ether_hdr *);
	struct rte_ipv4_hdr *v4 = (void *)(ether + 1);
	struct rte_ipv6_hdr *v6 = (void *)(ether + 1);
	const bool ipv4 = ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4);
	struct rte_tcp_hdr *tcp = ipv4 ? (void *)(v4 + 1) : (void *)(v6 + 1);
	uint8_t src[16];
	rte_be16_t sport = tcp->src_port;

	memcpy(&ether->src_addr, server_mac[0], 6);
	memcpy(&ether->dst_addr, port_mac[SERVERS], 6);
	if (ipv4) {
		memcpy(src, &v4->src_addr, 4);
		v4->src_addr = v4->dst_addr;
		memcpy(&v4->dst_addr, src, 4);
	} else {
		memcpy(src, &v6->src_addr, 16);
		memcpy(&v6->src_addr, &v6->dst_addr, 16);
		memcpy(&v6->dst_addr, src, 16);
	}
	tcp->src_port = tcp->dst_port;
	tcp->dst_port = sport;
	if ((ipv4 ? v4->next_proto_id : v6->proto) == IPPROTO_TCP)
		tcp->tcp_flags = SYN | ACK;
	frame_checksums(reply);
	return reply;
}

static void
free_tight(void *memory, void *shared)
{
	free(memory);
	free(shared);
}

struct rte_mbuf *
frame_tight(const struct rte_mbuf *m, uint32_t length)
{
	struct rte_mbuf_ext_shared_info *shared = calloc(1, sizeof(*shared));
	struct rte_mbuf *tight = rte_pktmbuf_alloc(packet_pool);
	void *memory = malloc(length ? length : 1);

	assert_non_null(tight);
	shared->free_cb = free_tight;
	shared->fcb_opaque = shared;
	rte_mbuf_ext_refcnt_set(shared, 1);
	memcpy(memory, rte_pktmbuf_mtod(m, void *), length);
	rte_pktmbuf_attach_extbuf(tight, memory, RTE_BAD_IOVA, (uint16_t)length, shared);
	tight->data_off = 0;
	tight->data_len = (uint16_t)length;
	tight->pkt_len = length;
	return tight;
}
