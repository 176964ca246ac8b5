/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connections whose ends are of both families: IPv6 clients of IPv4 servers and the other way round, as they are on the
 * wire.
 */
#ifndef FAMILY_PAIRS_H
#define FAMILY_PAIRS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "lb/conn_table.h"
#include "packet_fixture.h"

struct pair {
	const char *client, *vip, *server, *laddr;
	uint8_t proto;
};

static const struct pair pairs[] = {
	{ "2001:db8:1::7", "2001:db8::1", "10.0.0.1", "10.0.0.100", IPPROTO_TCP },
	{ "2001:db8:1::7", "2001:db8::1", "10.0.0.1", "10.0.0.100", IPPROTO_UDP },
	{ "198.51.100.7", "192.0.2.1", "fd00::1", "fd00::100", IPPROTO_TCP },
	{ "198.51.100.7", "192.0.2.1", "fd00::1", "fd00::100", IPPROTO_UDP },
};

#define EACH_PAIR(pair)                  \
	const struct pair *pair = pairs; \
	pair < pairs + RTE_DIM(pairs);   \
	pair++

static inline bool
is_v6(const char *address)
{
	return strchr(address, ':') != NULL;
}

/* The four legs of a connection that was opened; set flags and the rest. */
struct pair_talk {
	struct frame in, to_server, out, to_client;
};

static inline void
pair_serve_as(struct network *network, const struct pair *pair, uint32_t flags)
{
	const struct dest_spec dest = {
		.address = pair->server, .port = 8080, .weight = 1, .forward = FORWARD_FULLNAT
	};

	network->director->service_flags = flags;
	director_serve(network->director, 0, pair->proto, pair->vip, 80, "rr", 0, &dest, 1);
}

static inline struct network *
pair_serve(const struct pair *pair)
{
	struct network *network = network_new(1, 64);

	pair_serve_as(network, pair, 0);
	return network;
}

static inline uint32_t
be16(const uint8_t *at)
{
	return (uint32_t)at[0] << 8 | at[1];
}

/* What the usual frame of the other side looks like after its way through the director. */
static inline struct pair_talk
pair_talk(const struct pair *pair, uint16_t sport, uint16_t local_port)
{
	return (struct pair_talk){
		.in = { .src = pair->client, .dst = pair->vip, .sport = sport, .dport = 80, .proto = pair->proto },
		.to_server = { .src = pair->laddr,
			       .dst = pair->server,
			       .sport = local_port,
			       .dport = 8080,
			       .proto = pair->proto,
			       .ttl = 63,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] },
		.out = { .src = pair->server,
			 .dst = pair->laddr,
			 .sport = 8080,
			 .dport = local_port,
			 .proto = pair->proto,
			 .src_mac = server_mac[0] },
		.to_client = { .src = pair->vip,
			       .dst = pair->client,
			       .sport = 80,
			       .dport = sport,
			       .proto = pair->proto,
			       .ttl = 63,
			       .src_mac = port_mac[CLIENTS],
			       .dst_mac = router_mac },
	};
}

/* The local port that M, which goes to the server of PAIR, comes from. */
static inline uint16_t
local_port_of(const struct pair *pair, const struct rte_mbuf *m)
{
	return (uint16_t)be16(rte_pktmbuf_mtod_offset(m, const uint8_t *, is_v6(pair->server) ? 54 : 34));
}

/* Opens a connection from SPORT. */
static inline struct pair_talk
pair_open(struct network *network, const struct pair *pair, uint16_t sport)
{
	struct pair_talk talk = pair_talk(pair, sport, 0);
	struct rte_mbuf *m;

	talk.in.flags = SYN;
	receive(network, 0, CLIENTS, frame_new(&talk.in, CLIENTS));
	m = sent_one(SERVERS);
	talk = pair_talk(pair, sport, local_port_of(pair, m));
	rte_pktmbuf_free(m);
	return talk;
}

/* RFC 7915, 4.1 and 5.1, for what frame_new() makes of the other family. */
static inline void
check_translated_header(const uint8_t *ip, const uint8_t *fresh, uint32_t length)
{
	if (*ip >> 4 == 6) {
		/* the traffic class of the IPv4 frames, no flow label */
		assert_int_equal(be16(ip) << 16 | be16(ip + 2), 0x62800000);
		assert_memory_equal(ip + 4, fresh + 4, 36);
		return;
	}
	assert_int_equal(be16(ip), 0x4500);
	assert_int_equal(be16(ip + 2), length);
	assert_int_equal(be16(ip + 6), length > 1260 ? 0x4000 : 0);
	assert_int_equal(be16(ip + 4) == 0, length > 1260);
	assert_memory_equal(ip + 8, fresh + 8, 2);
	assert_memory_equal(ip + 12, fresh + 12, 8);
	assert_int_equal(rte_raw_cksum(ip, 20), 0xffff);
}

/* The one packet that PORT sent is EXPECTED as it comes from the other family: all of its transport, checksum included,
 * is that of a packet that was made in its own. */
static inline void
assert_translated(uint8_t port, const struct frame *expected)
{
	struct rte_mbuf *fresh = frame_new(expected, port), *m = sent_one(port);
	const uint8_t *frame = rte_pktmbuf_mtod(m, const uint8_t *), *wanted = rte_pktmbuf_mtod(fresh, const uint8_t *);
	const uint32_t header = 14 + (is_v6(expected->src) ? 40 : 20);

	assert_int_equal(m->pkt_len, fresh->pkt_len);
	assert_int_equal(m->data_len, fresh->data_len);
	assert_memory_equal(frame, wanted, 14);
	check_translated_header(frame + 14, wanted + 14, m->pkt_len - 14);
	assert_memory_equal(frame + header, wanted + header, m->pkt_len - header);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(fresh);
}

/* A frame goes in as IN and comes out as OUT, with the same transport. */
static inline void
pass(struct network *network, uint8_t port, const struct frame *in, const struct frame *out, bool slowly)
{
	struct frame expected = *out;

	expected.flags = in->flags;
	expected.seq = in->seq;
	expected.ack = in->ack;
	expected.payload = in->payload;
	if (slowly)
		receive_slowly(network, 0, port, frame_new(in, port));
	else
		receive(network, 0, port, frame_new(in, port));
	assert_translated(port ^ 1, &expected);
	assert_int_equal(sent[port].n, 0);
}

#endif
