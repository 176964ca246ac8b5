/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A TCP connection whose server is to hear of its client, packet by packet. Numbers are as each side counts: CLIENT_ISN
 * and SERVER_ISN are those of the SYNs.
 */
#ifndef TOLD_CONVERSATION_H
#define TOLD_CONVERSATION_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include "lb/client_address.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "packet_fixture.h"
#include "path/tell.h"

#define SERVER_ISN 0x7ffffff0u /* half of the numbers are passed soon */

struct conversation {
	struct network *network;
	bool ipv6;
	uint8_t proto, method;
	uint16_t local_port; /* of the connection at the server, as the first packet had it */
	uint32_t isn; /* of the client */
	const uint8_t *options; /* of the next packet in, and out */
	const uint8_t *options_out;
	uint8_t options_length, options_out_length;
	/* What the next packet begins its data with, and what it is to have when it goes out. */
	const uint8_t *data, *data_out;
	uint16_t data_length, data_out_length;
	uint16_t urgent, urgent_out; /* the same, where its urgent data ends */
	bool apart; /* the next packet out is the director's own */
};

static inline struct worker *
only_worker(struct conversation *talk)
{
	return talk->network->director->workers[0];
}

static inline struct conn *
talk_conn(struct conversation *talk)
{
	struct conn_table *table = only_worker(talk)->conns[talk->ipv6 ? TABLE_IPV6 : TABLE_IPV4];

	assert_int_equal(table->n_used, 1);
	for (uint32_t i = 0; i < table->high; i++) {
		if (conn_at(table, i)->proto != 0)
			return conn_at(table, i);
	}
	fail();
	return NULL;
}

static inline struct conn_cold *
talk_cold(struct conversation *talk)
{
	return conn_cold(only_worker(talk)->conns[talk->ipv6 ? TABLE_IPV6 : TABLE_IPV4], talk_conn(talk));
}

static inline struct conversation
talk_new(enum client_address how, bool ipv6, uint8_t method, uint8_t proto, uint32_t isn)
{
	struct conversation talk = {
		.network = network_new(1, 64), .ipv6 = ipv6, .method = method, .proto = proto, .isn = isn
	};
	const struct ip_addr vip = address_of(ipv6 ? "2001:db8::1" : "192.0.2.1");
	const struct service_spec spec = {
		.key = { .addr = vip.ip, .port = RTE_BE16(80), .family = vip.family, .protocol = proto },
		.options = { .client_address = (uint8_t)how },
	};
	const struct dest_spec server = {
		.address = ipv6 ? "fd00::1" : "10.0.0.1", .port = 8080, .weight = 1, .forward = method
	};

	talk.network->director->lb->uoa_packets = 3;
	director_serve_as(talk.network->director, &spec, 0, &server, 1);
	return talk;
}

static inline struct frame
talk_frame(const struct conversation *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t payload)
{
	return (struct frame){ .proto = talk->proto, .flags = flags, .seq = seq, .ack = ack, .payload = payload };
}

/* The addresses and ports of a packet that the client sends, on its side of the director and on the server's. */
static inline void
before_director(const struct conversation *talk, struct frame *frame)
{
	frame->src = talk->ipv6 ? "2001:db8:1::7" : "198.51.100.7";
	frame->dst = talk->ipv6 ? "2001:db8::1" : "192.0.2.1";
	frame->sport = 40000;
	frame->dport = 80;
}

static inline void
behind_director(const struct conversation *talk, struct frame *frame)
{
	before_director(talk, frame);
	if (talk->method == FORWARD_FULLNAT)
		frame->src = talk->ipv6 ? "fd00::100" : "10.0.0.100";
	frame->dst = talk->ipv6 ? "fd00::1" : "10.0.0.1";
	frame->sport = talk->local_port;
	frame->dport = 8080;
}

/* The client's packet, whatever comes of it. */
static inline void
client_says(struct conversation *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t payload)
{
	struct frame frame = talk_frame(talk, flags, seq, ack, payload);

	before_director(talk, &frame);
	frame.options = talk->options;
	frame.options_length = talk->options_length;
	frame.data = talk->data;
	frame.data_length = talk->data_length;
	frame.urgent = talk->urgent;
	receive(talk->network, 0, CLIENTS, frame_new(&frame, CLIENTS));
	if (talk->local_port == 0)
		talk->local_port = rte_be_to_cpu_16(talk->ipv6 ? talk_conn(talk)->key6[CONN_OUT].dport
							       : talk_conn(talk)->key4[CONN_OUT].dport);
}

/* Takes the first of what the server was sent, which must be this. */
static inline void
server_hears(struct conversation *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t payload)
{
	struct frame frame = talk_frame(talk, flags, seq, ack, payload);
	struct rte_mbuf *wanted, *m;

	behind_director(talk, &frame);
	frame.ttl = 63;
	frame.options = talk->options_out;
	frame.options_length = talk->options_out_length;
	frame.data = talk->data_out;
	frame.data_length = talk->data_out_length;
	frame.urgent = talk->urgent_out;
	frame.plain = talk->apart;
	frame.src_mac = port_mac[SERVERS];
	frame.dst_mac = server_mac[0];
	wanted = frame_new(&frame, SERVERS);
	assert_true(sent[SERVERS].n > 0);
	m = sent[SERVERS].packets[0];
	memmove(sent[SERVERS].packets, sent[SERVERS].packets + 1, --sent[SERVERS].n * sizeof(m));
	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_int_equal(m->data_len, wanted->data_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
}

static inline void
server_says(struct conversation *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t payload)
{
	struct frame frame = talk_frame(talk, flags, seq, ack, payload);
	const bool full = talk->method == FORWARD_FULLNAT;

	frame.src = talk->ipv6 ? "fd00::1" : "10.0.0.1";
	frame.dst = talk->ipv6 ? (full ? "fd00::100" : "2001:db8:1::7") : (full ? "10.0.0.100" : "198.51.100.7");
	frame.sport = 8080;
	frame.dport = talk->local_port;
	frame.options = talk->options;
	frame.options_length = talk->options_length;
	frame.src_mac = server_mac[0];
	receive(talk->network, 0, SERVERS, frame_new(&frame, SERVERS));
}

static inline void
client_hears(struct conversation *talk, uint8_t flags, uint32_t seq, uint32_t ack, uint16_t payload)
{
	struct frame frame = talk_frame(talk, flags, seq, ack, payload);

	frame.src = talk->ipv6 ? "2001:db8::1" : "192.0.2.1";
	frame.dst = talk->ipv6 ? "2001:db8:1::7" : "198.51.100.7";
	frame.sport = 80;
	frame.dport = 40000;
	frame.ttl = 63;
	frame.options = talk->options_out;
	frame.options_length = talk->options_out_length;
	frame.src_mac = port_mac[CLIENTS];
	frame.dst_mac = router_mac;
	assert_sent(CLIENTS, &frame);
}

/* SYN and SYN-ACK; nothing is changed in them. */
static inline void
shake_hands(struct conversation *talk)
{
	client_says(talk, SYN, talk->isn, 0, 0);
	server_hears(talk, SYN, talk->isn, 0, 0);
	server_says(talk, SYN | ACK, SERVER_ISN, talk->isn + 1, 0);
	client_hears(talk, SYN | ACK, SERVER_ISN, talk->isn + 1, 0);
}

static inline void
time_goes_by(struct conversation *talk, uint32_t ms)
{
	only_worker(talk)->now_ms += ms;
	tell_again(only_worker(talk));
	transmit_flush(only_worker(talk));
}

#endif
