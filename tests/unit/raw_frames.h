/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Frames that are given byte by byte, ICMPv6 among them.
 */
#ifndef RAW_FRAMES_H
#define RAW_FRAMES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_arp.h>
#include <rte_ip.h>

#include "packet_fixture.h"

#define IP 14

/* A frame of these bytes, all given. */
static inline struct rte_mbuf *
raw_frame(const uint8_t *dst_mac, uint16_t ether_type, const void *bytes, uint16_t length)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool);
	struct rte_ether_hdr *ether = (void *)rte_pktmbuf_append(m, (uint16_t)(sizeof(*ether) + length));

	memcpy(&ether->dst_addr, dst_mac, 6);
	memcpy(&ether->src_addr, server_mac[0], 6);
	ether->ether_type = rte_cpu_to_be_16(ether_type);
	memcpy(ether + 1, bytes, length);
	return m;
}

struct icmp6_frame {
	struct rte_ipv6_hdr ip;
	uint8_t message[64];
} __attribute__((packed, aligned(2)));

static inline uint16_t
icmp6_checksum(const struct icmp6_frame *frame, uint16_t length)
{
	struct {
		uint8_t addresses[32];
		rte_be32_t length;
		uint8_t zero[3], next;
		uint8_t message[64];
	} __attribute__((packed, aligned(2))) pseudo = { .length = rte_cpu_to_be_32(length), .next = IPPROTO_ICMPV6 };

	memcpy(pseudo.addresses, &frame->ip.src_addr, 32);
	memcpy(pseudo.message, frame->message, length);
	return (uint16_t)~rte_raw_cksum(&pseudo, 40u + length);
}

static inline struct icmp6_frame
icmp6(const char *src, const char *dst, uint8_t hop_limit, const uint8_t *message, uint16_t length)
{
	const struct ip_addr from = address_of(src), to = address_of(dst);
	struct icmp6_frame frame = { .ip = { .vtc_flow = RTE_BE32(0x60000000),
					     .payload_len = rte_cpu_to_be_16(length),
					     .proto = IPPROTO_ICMPV6,
					     .hop_limits = hop_limit } };
	uint16_t sum;

	memcpy(&frame.ip.src_addr, &from.ip, 16);
	memcpy(&frame.ip.dst_addr, &to.ip, 16);
	memcpy(frame.message, message, length);
	sum = icmp6_checksum(&frame, length);
	memcpy(frame.message + 2, &sum, 2);
	return frame;
}

static inline uint16_t
size_of(const struct icmp6_frame *frame)
{
	return (uint16_t)(sizeof(frame->ip) + rte_be_to_cpu_16(frame->ip.payload_len));
}

static inline struct rte_mbuf *
ping4(const char *src, const char *dst)
{
	const struct ip_addr from = address_of(src), to = address_of(dst);
	struct {
		struct rte_ipv4_hdr ip;
		uint8_t icmp[20];
	} __attribute__((packed, aligned(2))) packet = { .ip = { .version_ihl = 0x45,
								 .total_length = RTE_BE16(40),
								 .time_to_live = 9,
								 .next_proto_id = IPPROTO_ICMP,
								 .src_addr = from.ip.v4,
								 .dst_addr = to.ip.v4 },
							 .icmp = { 8, 0, 0, 0, 0x12, 0x34, 0, 1, 'p', 'i', 'n', 'g' } };
	uint16_t sum = (uint16_t)~rte_raw_cksum(packet.icmp, sizeof(packet.icmp));

	packet.ip.hdr_checksum = rte_ipv4_cksum(&packet.ip);
	memcpy(packet.icmp + 2, &sum, 2);
	return raw_frame(port_mac[SERVERS], RTE_ETHER_TYPE_IPV4, &packet, sizeof(packet));
}

#endif
