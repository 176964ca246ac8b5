/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See icmp_messages.h.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "icmp_messages.h"

#define EXTRA 8

static uint16_t
sum_bytes(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i % 2 == 0 ? (uint32_t)bytes[i] << 8 : bytes[i];
	while (sum > 0xffff)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
}

static uint16_t
icmp_sum(const uint8_t *ip, const uint8_t *icmp, uint32_t length)
{
	if (ip[0] >> 4 == 4)
		return sum_bytes(0, icmp, length);
	return sum_bytes(sum_bytes(length + IPPROTO_ICMPV6, ip + 8, 32), icmp, length);
}

static void
put_sum(uint8_t *at, uint16_t sum)
{
	at[0] = (uint8_t)((uint16_t)~sum >> 8);
	at[1] = (uint8_t)~sum;
}

/* Puts EXTRA bytes behind the fixed header of an IP packet of LENGTH bytes; its length is mended, and its sum. */
static void
insert_extra(uint8_t *ip, uint32_t length)
{
	const bool v4 = ip[0] >> 4 == 4;
	const uint32_t header = v4 ? 20 : 40;
	uint8_t *field = ip + (v4 ? 2 : 4);
	uint16_t total = (uint16_t)((field[0] << 8 | field[1]) + EXTRA);

	memmove(ip + header + EXTRA, ip + header, length - header);
	memset(ip + header, 1, EXTRA); /* NOPs; PadN of four bytes, and so on */
	field[0] = (uint8_t)(total >> 8);
	field[1] = (uint8_t)total;
	if (v4) {
		ip[0] = 0x47;
		ip[10] = ip[11] = 0;
		put_sum(ip + 10, sum_bytes(0, ip, header + EXTRA));
	} else {
		memcpy(ip + header, (uint8_t[]){ ip[6], 0, 1, 4, 0, 0, 0, 0 }, EXTRA);
		ip[6] = IPPROTO_DSTOPTS;
	}
}

/* Returns the length of what is quoted. */
static uint16_t
write_quote(const struct icmp_spec *spec, uint8_t *at)
{
	struct rte_mbuf *quoted;
	uint16_t length;

	if (spec->raw) {
		memcpy(at, spec->raw, spec->raw_length);
		return spec->raw_length;
	}
	if (!spec->quoted)
		return 0;
	quoted = frame_new(spec->quoted, 0);
	length = quoted->data_len - 14;
	memcpy(at, rte_pktmbuf_mtod_offset(quoted, void *, 14), length);
	rte_pktmbuf_free(quoted);
	if (spec->quoted_extra) {
		insert_extra(at, length);
		length += EXTRA;
	}
	if (spec->cut < length)
		length = spec->cut;
	memset(at + length, 0, 256);
	if (spec->padded == 0)
		return length;
	memcpy(at + spec->padded, (uint8_t[]){ 0x20, 0, 0xdf, 0xff, 0, 8, 1, 1 }, 8);
	return spec->padded + 8;
}

static void
write_outer(const struct icmp_spec *spec, uint8_t *ip, uint16_t length)
{
	const struct ip_addr src = address_of(spec->src), dst = address_of(spec->dst);
	const uint8_t ttl = spec->ttl ? spec->ttl : 64;

	if (src.family == AF_INET) {
		const uint8_t header[12] = { 0x45,
					     spec->own ? 0xc0 : 0x28,
					     (uint8_t)((length + 20) >> 8),
					     (uint8_t)(length + 20),
					     spec->own ? 0 : 0x43,
					     spec->own ? 0 : 0x21,
					     spec->own ? 0x40 : 0,
					     0,
					     ttl,
					     IPPROTO_ICMP,
					     0,
					     0 };

		memcpy(ip, header, 12);
		memcpy(ip + 12, &src.ip.v4, 4);
		memcpy(ip + 16, &dst.ip.v4, 4);
		put_sum(ip + 10, sum_bytes(0, ip, 20));
	} else {
		const uint8_t header[8] = { 0x60,
					    spec->own ? 0 : 1,
					    spec->own ? 0 : 0x23,
					    spec->own ? 0 : 0x45,
					    (uint8_t)(length >> 8),
					    (uint8_t)length,
					    IPPROTO_ICMPV6,
					    ttl };

		memcpy(ip, header, 8);
		memcpy(ip + 8, &src.ip, 16);
		memcpy(ip + 24, &dst.ip, 16);
	}
}

struct rte_mbuf *
icmp_new(const struct icmp_spec *spec, uint8_t port)
{
	const uint16_t header = strchr(spec->src, ':') ? 40 : 20;
	struct rte_mbuf *m = rte_pktmbuf_alloc(packet_pool);
	uint8_t *frame, *icmp;
	uint16_t length;

	assert_non_null(m);
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	icmp = frame + 14 + header;
	memcpy(frame, spec->dst_mac ? spec->dst_mac : port_mac[port], 6);
	memcpy(frame + 6, spec->src_mac ? spec->src_mac : router_mac, 6);
	memcpy(frame + 12, header == 20 ? "\x08\x00" : "\x86\xdd", 2);
	memcpy(icmp, (uint8_t[]){ spec->type, spec->code, 0, 0 }, 4);
	memcpy(icmp + 4, spec->rest, 4);
	length = 8 + write_quote(spec, icmp + 8);
	write_outer(spec, frame + 14, length);
	put_sum(icmp + 2, icmp_sum(frame + 14, icmp, length));
	if (spec->outer_extra) {
		insert_extra(frame + 14, header + length);
		length += EXTRA;
	}
	m->data_len = 14 + header + length;
	m->pkt_len = m->data_len;
	return m;
}

bool
icmp_sums_are_right(const struct rte_mbuf *m)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	const uint32_t left = m->data_len - 14u;

	if (ip[0] >> 4 == 4) {
		const uint32_t header = (ip[0] & 15) * 4u;

		return sum_bytes(0, ip, header) == 0xffff &&
		       icmp_sum(ip, ip + header, (uint32_t)(ip[2] << 8 | ip[3]) - header) == 0xffff;
	}
	return ip[6] == IPPROTO_ICMPV6 && icmp_sum(ip, ip + 40, left - 40) == 0xffff;
}

void
assert_icmp_sent(uint8_t port, const struct icmp_spec *expected)
{
	struct rte_mbuf *wanted = icmp_new(expected, port), *m = sent_one(port);

	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
}

/* What reached the server: port and address that it will answer to. */
static void
read_local(const struct rte_mbuf *m, struct talk *talk)
{
	const uint8_t *ip = rte_pktmbuf_mtod_offset(m, const uint8_t *, 14);
	const bool v4 = talk->family == AF_INET;
	const uint8_t *l4 = ip + (v4 ? 20 : 40);

	inet_ntop(talk->family, ip + (v4 ? 12 : 8), talk->local, sizeof(talk->local));
	talk->got.src = talk->answered.dst = talk->local;
	talk->got.sport = talk->answered.dport = (uint16_t)(l4[0] << 8 | l4[1]);
}

void
talk_again(struct network *network, uint32_t worker, uint16_t sport, struct talk *ret)
{
	const bool v4 = ret->family == AF_INET, direct = ret->forward == FORWARD_DIRECT;
	const struct frame common = {
		.proto = ret->proto, .flags = ACK, .seq = 0x11223344, .ack = 0x55667788, .payload = 33
	};
	struct rte_mbuf *m;

	ret->sent = ret->got = ret->answered = ret->returned = common;
	ret->sent.src = ret->returned.dst = v4 ? "198.51.100.7" : "2001:db8:1::7";
	ret->sent.dst = ret->returned.src = v4 ? "192.0.2.1" : "2001:db8::1";
	ret->sent.sport = ret->returned.dport = sport;
	ret->sent.dport = ret->returned.sport = 80;
	ret->got.dst = ret->answered.src = direct ? ret->sent.dst : v4 ? "10.0.0.1" : "fd00::1";
	ret->got.dport = ret->answered.sport = direct ? 80 : 8080;
	ret->sent.flags = SYN;
	receive(network, worker, CLIENTS, frame_new(&ret->sent, CLIENTS));
	ret->sent.flags = ACK;
	m = sent_one(SERVERS);
	read_local(m, ret);
	rte_pktmbuf_free(m);
}

void
talk_open(struct network *network, uint32_t worker, uint32_t service, uint16_t family, uint8_t proto, uint8_t forward,
	  uint16_t sport, struct talk *ret)
{
	const bool v4 = family == AF_INET;
	const struct dest_spec server = {
		.address = v4 ? "10.0.0.1" : "fd00::1", .port = 8080, .weight = 1, .forward = forward
	};

	*ret = (struct talk){ .family = family, .proto = proto, .forward = forward };
	director_serve(network->director, service, proto, v4 ? "192.0.2.1" : "2001:db8::1", 80, "rr", service, &server,
		       1);
	talk_again(network, worker, sport, ret);
}
