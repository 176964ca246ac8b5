/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All kinds of tunnels to a real server, in either family over either, and what their packets look like to the last
 * byte. To be included by one file of a program.
 */
#ifndef TESTS_TUNNELS_H
#define TESTS_TUNNELS_H

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "packet_fixture.h"

#define GUE_PORT 6080

struct tunnel {
	uint8_t type;
	uint16_t flags;
	bool client6, server6;
	uint8_t proto;
};

static const struct {
	uint8_t type;
	uint16_t flags;
} kinds[] = {
	{ IP_VS_CONN_F_TUNNEL_TYPE_IPIP, 0 },
	{ IP_VS_CONN_F_TUNNEL_TYPE_GRE, 0 },
	{ IP_VS_CONN_F_TUNNEL_TYPE_GRE, IP_VS_TUNNEL_ENCAP_FLAG_CSUM },
	{ IP_VS_CONN_F_TUNNEL_TYPE_GUE, IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM },
	{ IP_VS_CONN_F_TUNNEL_TYPE_GUE, IP_VS_TUNNEL_ENCAP_FLAG_CSUM },
	{ IP_VS_CONN_F_TUNNEL_TYPE_GUE, IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM },
};

#define TUNNELS (RTE_DIM(kinds) * 8)

static struct tunnel
tunnel_number(size_t i)
{
	return (struct tunnel){
		.type = kinds[i / 8].type,
		.flags = kinds[i / 8].flags,
		.client6 = i & 1,
		.server6 = i & 2,
		.proto = i & 4 ? IPPROTO_UDP : IPPROTO_TCP,
	};
}

static const char *
server_of(const struct tunnel *tunnel)
{
	return tunnel->server6 ? "fd00::1" : "10.0.0.1";
}

static void
set_own(struct network *network, const char *v4, const char *v6)
{
	struct fib_own own;

	memset(&own, 0, sizeof(own));
	own.has_v4 = v4 != NULL;
	own.has_v6 = v6 != NULL;
	if (v4)
		own.v4 = address_of(v4).ip;
	if (v6)
		own.v6 = address_of(v6).ip;
	assert_int_equal(fib_set_own(network->fib, SERVERS, &own), 0);
}

/* Service number INDEX at VIP, with one server. */
static void
serve_at(struct network *network, uint32_t index, const struct tunnel *tunnel, const char *server, const char *vip)
{
	const struct dest_spec dest = {
		.address = server,
		.port = 80,
		.weight = 1,
		.forward = FORWARD_TUNNEL,
		.tunnel_type = tunnel->type,
		.tunnel_port = GUE_PORT,
		.tunnel_flags = tunnel->flags,
	};

	director_serve(network->director, index, tunnel->proto, vip, 80, "rr", 0, &dest, 1);
}

static struct network *
serve_by(uint32_t n_workers, const struct tunnel *tunnel, const char *server)
{
	struct network *network = network_new(n_workers, 64);

	set_own(network, "10.0.0.254", "fd00::254");
	serve_at(network, 0, tunnel, server, tunnel->client6 ? "2001:db8::1" : "192.0.2.1");
	return network;
}

static inline struct network *
serve(const struct tunnel *tunnel, const char *server)
{
	return serve_by(1, tunnel, server);
}

static struct frame
frame_of(const struct tunnel *tunnel)
{
	return (struct frame){
		.src = tunnel->client6 ? "2001:db8:1::7" : "198.51.100.7",
		.dst = tunnel->client6 ? "2001:db8::1" : "192.0.2.1",
		.sport = 40000,
		.dport = 80,
		.proto = tunnel->proto,
		.flags = SYN,
	};
}

static uint32_t
adds_of(const struct tunnel *tunnel)
{
	const uint32_t middle = tunnel->type == IP_VS_CONN_F_TUNNEL_TYPE_GUE	? 12
				: tunnel->type == IP_VS_CONN_F_TUNNEL_TYPE_IPIP ? 0
				: tunnel->flags					? 8
										: 4;

	return middle + (tunnel->server6 ? 40 : 20);
}

static uint32_t
be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* RFC 1071, word by word: of what has a right checksum in it, it is all ones. */
static uint32_t
sum_of(uint32_t sum, const uint8_t *bytes, uint32_t length)
{
	for (uint32_t i = 0; i < length; i++)
		sum += i & 1 ? bytes[i] : (uint32_t)bytes[i] << 8;
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return sum;
}

/* What the outer header says of the inner packet, and its own lengths and addresses. */
static void
check_outer(const struct tunnel *tunnel, const uint8_t *outer, const uint8_t *inner, uint32_t length, uint8_t proto)
{
	const uint8_t class = *inner >> 4 == 4 ? inner[1] : (uint8_t)(be16(inner) >> 4);
	const uint8_t ttl = *inner >> 4 == 4 ? inner[8] : inner[7];
	const bool df = *inner >> 4 == 4 && (inner[6] & 0x40) != 0;
	const struct ip_addr from = address_of(tunnel->server6 ? "fd00::254" : "10.0.0.254");
	const struct ip_addr to = address_of(server_of(tunnel));

	if (tunnel->server6) {
		assert_int_equal(be16(outer) >> 4, 0x600 | class);
		assert_int_equal((be16(outer) & 15) << 16 | be16(outer + 2), 0);
		assert_int_equal(be16(outer + 4), length - 40);
		assert_int_equal(outer[6], proto);
		assert_int_equal(outer[7], ttl);
		assert_memory_equal(outer + 8, &from.ip, 16);
		assert_memory_equal(outer + 24, &to.ip, 16);
		return;
	}
	assert_int_equal(outer[0], 0x45);
	assert_int_equal(outer[1], class);
	assert_int_equal(be16(outer + 2), length);
	assert_int_equal(be16(outer + 4) == 0, df);
	assert_int_equal(be16(outer + 6), df ? 0x4000 : 0);
	assert_int_equal(outer[8], ttl);
	assert_int_equal(outer[9], proto);
	assert_int_equal(sum_of(0, outer, 20), 0xffff);
	assert_memory_equal(outer + 12, &from.ip, 4);
	assert_memory_equal(outer + 16, &to.ip, 4);
}

static void
check_gre(const struct tunnel *tunnel, const uint8_t *gre, uint32_t length)
{
	assert_int_equal(be16(gre), tunnel->flags ? 0x8000 : 0);
	assert_int_equal(be16(gre + 2), tunnel->client6 ? 0x86dd : 0x0800);
	if (!tunnel->flags)
		return;
	assert_int_equal(be16(gre + 6), 0);
	assert_int_equal(sum_of(0, gre, length), 0xffff);
}

static void
check_gue(const struct tunnel *tunnel, const uint8_t *outer, const uint8_t *udp, uint32_t length)
{
	uint32_t sum;

	assert_true(be16(udp) >= 32768 && be16(udp) < 61000);
	assert_int_equal(be16(udp + 2), GUE_PORT);
	assert_int_equal(be16(udp + 4), length);
	assert_int_equal(be16(udp + 8), tunnel->client6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
	assert_int_equal(be16(udp + 10), 0);
	if (tunnel->flags == 0) {
		assert_int_equal(be16(udp + 6), 0);
		return;
	}
	assert_int_not_equal(be16(udp + 6), 0);
	sum = tunnel->server6 ? sum_of(0, outer + 8, 32) : sum_of(0, outer + 12, 8);
	assert_int_equal(sum_of(sum + IPPROTO_UDP + length, udp, length), 0xffff);
}

/* M is EXPECTED, to the last byte, within what TUNNEL makes. Both are freed. */
static void
check_tunneled(const struct tunnel *tunnel, struct rte_mbuf *m, struct rte_mbuf *expected)
{
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *outer = frame + 14;
	const uint8_t *middle = outer + (tunnel->server6 ? 40 : 20), *inner = outer + adds_of(tunnel);
	const uint32_t length = m->pkt_len - 14;

	assert_memory_equal(frame, server_mac[0], 6);
	assert_memory_equal(frame + 6, port_mac[SERVERS], 6);
	assert_int_equal(be16(frame + 12), tunnel->server6 ? 0x86dd : 0x0800);
	assert_int_equal(m->data_len, m->pkt_len);
	assert_int_equal(m->pkt_len, expected->pkt_len + adds_of(tunnel));
	assert_memory_equal(inner, rte_pktmbuf_mtod(expected, uint8_t *) + 14, expected->pkt_len - 14);
	if (tunnel->type == IP_VS_CONN_F_TUNNEL_TYPE_GUE) {
		check_outer(tunnel, outer, inner, length, IPPROTO_UDP);
		check_gue(tunnel, outer, middle, length - (tunnel->server6 ? 40 : 20));
	} else if (tunnel->type == IP_VS_CONN_F_TUNNEL_TYPE_GRE) {
		check_outer(tunnel, outer, inner, length, IPPROTO_GRE);
		check_gre(tunnel, middle, length - (tunnel->server6 ? 40 : 20));
	} else {
		check_outer(tunnel, outer, inner, length, tunnel->client6 ? IPPROTO_IPV6 : IPPROTO_IPIP);
	}
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(expected);
}

#endif
