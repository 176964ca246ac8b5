/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One connection of each kind of service, and its packets as they come and go.
 */
#ifndef FORWARDED_FLOW_H
#define FORWARDED_FLOW_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "ip/neighbour_wait.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "packet_fixture.h"

/* One kind of service, with names for who takes part in it. */
struct mode {
	uint8_t proto, forward;
	const char *client, *vip, *server, *laddr;
};

static const struct mode modes[] = {
	{ IPPROTO_TCP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_UDP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_TCP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_UDP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_TCP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_UDP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_TCP, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_UDP, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_TCP, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_UDP, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_TCP, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
	{ IPPROTO_UDP, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
	{ IPPROTO_SCTP, FORWARD_NAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "198.51.100.7" },
	{ IPPROTO_SCTP, FORWARD_DIRECT, "198.51.100.7", "192.0.2.1", "10.0.0.1", NULL },
	{ IPPROTO_SCTP, FORWARD_FULLNAT, "198.51.100.7", "192.0.2.1", "10.0.0.1", "10.0.0.100" },
	{ IPPROTO_SCTP, FORWARD_NAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "2001:db8:1::7" },
	{ IPPROTO_SCTP, FORWARD_DIRECT, "2001:db8:1::7", "2001:db8::1", "fd00::1", NULL },
	{ IPPROTO_SCTP, FORWARD_FULLNAT, "2001:db8:1::7", "2001:db8::1", "fd00::1", "fd00::100" },
};

#define EACH_MODE(mode)                  \
	const struct mode *mode = modes; \
	mode < modes + RTE_DIM(modes);   \
	mode++

/* Bytes of the headers from IP's on. */
static inline uint16_t
headers_of(const struct mode *mode)
{
	return (uint16_t)((strchr(mode->client, ':') ? 40 : 20) + (mode->proto == IPPROTO_TCP	 ? 20
								   : mode->proto == IPPROTO_SCTP ? 16
												 : 8));
}

struct flow_under_test {
	struct network *network;
	const struct mode *mode;
	struct frame in, to_server, out, to_client; /* usual packets of the four legs; set flags and the rest */
};

static inline void
serve(struct network *network, const struct mode *mode, const char *server, int32_t weight)
{
	const struct dest_spec dest = {
		.address = server,
		.port = mode->forward == FORWARD_DIRECT ? 80 : 8080,
		.weight = weight,
		.forward = mode->forward,
	};

	director_serve(network->director, 0, mode->proto, mode->vip, 80, "rr", 0, &dest, 1);
}

/* The port field that a local port stands in is learnt from the first packet. */
static inline struct flow_under_test
test_flow(const struct mode *mode)
{
	const bool direct = mode->forward == FORWARD_DIRECT;
	struct flow_under_test test = {
		.network = network_new(1, 64),
		.mode = mode,
		.in = { .src = mode->client, .dst = mode->vip, .sport = 40000, .dport = 80, .proto = mode->proto },
		.to_server = { .src = direct ? mode->client : mode->laddr,
			       .dst = direct ? mode->vip : mode->server,
			       .sport = 40000,
			       .dport = direct ? 80 : 8080,
			       .proto = mode->proto,
			       .ttl = 63,
			       .src_mac = port_mac[SERVERS],
			       .dst_mac = server_mac[0] },
		.to_client = { .src = mode->vip,
			       .dst = mode->client,
			       .sport = 80,
			       .dport = 40000,
			       .proto = mode->proto,
			       .ttl = 63,
			       .src_mac = port_mac[CLIENTS],
			       .dst_mac = router_mac },
	};

	serve(test.network, mode, mode->server, 1);
	return test;
}

/* Apart from connections that their client has left for another one. */
static inline struct conn *
only_conn(struct network *network)
{
	struct worker *self = network->director->workers[0];
	struct conn *only = NULL;

	for (int table = 0; table < TABLES; table++) {
		for (uint32_t i = 0; i < self->conns[table]->high; i++) {
			struct conn *conn = conn_at(self->conns[table], i);

			if (conn->proto == 0 || (conn->flags & CONN_LEFT))
				continue;
			assert_null(only);
			only = conn;
		}
	}
	assert_non_null(only);
	return only;
}

/* Sends the client's packet and compares what the server gets. SLOWLY: past the fast path. */
static inline void
client_sends(struct flow_under_test *test, uint8_t flags, uint16_t payload, bool slowly)
{
	struct rte_mbuf *m;

	test->in.flags = test->to_server.flags = flags;
	test->in.payload = test->to_server.payload = payload;
	test->in.seq = test->to_server.seq += 1;
	m = frame_new(&test->in, CLIENTS);
	if (slowly)
		receive_slowly(test->network, 0, CLIENTS, m);
	else
		receive(test->network, 0, CLIENTS, m);
	if (test->mode->forward == FORWARD_FULLNAT) {
		const struct conn *conn = only_conn(test->network);

		test->to_server.sport = rte_be_to_cpu_16(strchr(test->mode->server, ':') ? conn->key6[CONN_OUT].dport
											 : conn->key4[CONN_OUT].dport);
		assert_true(test->to_server.sport >= 1025);
	}
	assert_sent(SERVERS, &test->to_server);
	assert_int_equal(sent[CLIENTS].n, 0);
}

static inline void
server_sends(struct flow_under_test *test, uint8_t flags, uint16_t payload, bool slowly)
{
	struct rte_mbuf *m;

	test->to_client.flags = flags;
	test->to_client.payload = payload;
	test->to_client.ack += 1;
	test->out = (struct frame){ .src = test->to_server.dst,
				    .dst = test->to_server.src,
				    .sport = test->to_server.dport,
				    .dport = test->to_server.sport,
				    .proto = test->mode->proto,
				    .flags = flags,
				    .ack = test->to_client.ack,
				    .payload = payload,
				    .src_mac = server_mac[0] };
	m = frame_new(&test->out, SERVERS);
	if (slowly)
		receive_slowly(test->network, 0, SERVERS, m);
	else
		receive(test->network, 0, SERVERS, m);
	assert_sent(CLIENTS, &test->to_client);
	assert_int_equal(sent[SERVERS].n, 0);
}

#endif
