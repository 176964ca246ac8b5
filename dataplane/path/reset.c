/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Resets a connection whose server takes none any more: each end gets a RST in the other's name, with the sequence
 * number that it acknowledged last, which is the only one that it takes without asking back (RFC 5961, 3.2). An end
 * whose acknowledgements don't pass here (the server with direct routing) is told by the other one, when it sends next.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>

#include "core/worker.h"
#include "lb/conn.h"
#include "path/path.h"
#include "path/translate.h"

#define RESET_TTL 64

/* Writes the headers from the IP header on: from the destination of KEY to its source. */
static struct rte_tcp_hdr *
write_ipv4(struct rte_ipv4_hdr *ip, const struct conn_key4 *key)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = RTE_BE16(sizeof(*ip) + sizeof(*tcp)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = RESET_TTL,
		.next_proto_id = IPPROTO_TCP,
		.src_addr = key->dst,
		.dst_addr = key->src,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
	tcp->src_port = key->dport;
	tcp->dst_port = key->sport;
	return tcp;
}

static struct rte_tcp_hdr *
write_ipv6(struct rte_ipv6_hdr *ip, const struct conn_key6 *key)
{
	struct rte_tcp_hdr *tcp = (struct rte_tcp_hdr *)(ip + 1);

	memset(ip, 0, sizeof(*ip));
	ip->vtc_flow = RTE_BE32(6u << 28);
	ip->payload_len = RTE_BE16(sizeof(*tcp));
	ip->proto = IPPROTO_TCP;
	ip->hop_limits = RESET_TTL;
	memcpy(&ip->src_addr, key->dst, sizeof(key->dst));
	memcpy(&ip->dst_addr, key->src, sizeof(key->src));
	tcp->src_port = key->dport;
	tcp->dst_port = key->sport;
	return tcp;
}

static void
write_packet(struct rte_ether_hdr *ether, const struct conn *conn, enum conn_direction from, uint16_t family)
{
	struct rte_tcp_hdr *tcp, rest = {
		.sent_seq = conn->last_ack[from],
		.data_off = sizeof(*tcp) / 4 << 4,
		.tcp_flags = RTE_TCP_RST_FLAG,
	};
	void *ip = ether + 1;

	if (family == AF_INET)
		tcp = write_ipv4(ip, &conn->key4[from]);
	else
		tcp = write_ipv6(ip, &conn->key6[from]);
	rest.src_port = tcp->src_port;
	rest.dst_port = tcp->dst_port;
	*tcp = rest;
	tcp->cksum = family == AF_INET ? rte_ipv4_udptcp_cksum(ip, tcp) : rte_ipv6_udptcp_cksum(ip, tcp);
	ether->ether_type = family == AF_INET ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* A RST to the end whose packets come in direction FROM. */
static void
reset_end(struct worker *self, const struct conn *conn, enum conn_direction from, uint16_t family)
{
	uint16_t length = (uint16_t)(sizeof(struct rte_ether_hdr) + sizeof(struct rte_tcp_hdr) +
				     (family == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)));
	struct rte_mbuf *m = rte_pktmbuf_alloc(self->pool);
	union ip_bits key = { .half = { 0 } };
	struct ip_addr to;
	int err = 0;

	self->counters.count[COUNT_GENERATED]++;
	if (!m) {
		self->counters.drop[DROP_NO_MBUF]++;
		return;
	}
	write_packet((struct rte_ether_hdr *)(void *)rte_pktmbuf_append(m, length), conn, from, family);
	if (family == AF_INET)
		key.v4 = conn->key4[from].src;
	else
		memcpy(key.bytes, conn->key6[from].src, 16);
	to = ip_addr_plain(family, &key);
	if (to.family != family)
		err = translate_6to4(self, m, TRANSLATED_L4, IPPROTO_TCP);
	if (err < 0)
		drop(self, m, (enum drop_reason) - err);
	else
		transmit_to(self, m, fib_lookup(self->fib, to.family, &to.ip), to.family, &to.ip);
}

void
reset_conn(struct worker *self, struct conn *conn, uint16_t family)
{
	if (conn->last_ack[CONN_IN] != 0)
		reset_end(self, conn, CONN_IN, family);
	if (conn->last_ack[CONN_OUT] != 0)
		reset_end(self, conn, CONN_OUT, family);
}
