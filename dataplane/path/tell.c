/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the ways of telling have in common.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "lb/client_address.h"
#include "lb/conn_table.h"
#include "lb/protocol.h"
#include "path/resize.h"
#include "path/rewrite.h"
#include "path/tcp_options.h"
#include "path/tell.h"
#include "path/transmit.h"

#define TTL 64
#define SYN_ACK (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG)
/* An acknowledgement that lies further behind the server's first byte is not one of the handshake's time. */
#define HANDSHAKE_WINDOW (1u << 30)

static const struct teller *const tellers[CLIENT_ADDRESSES][2] = {
	[CLIENT_ADDRESS_TOA] = { &tell_toa, NULL },
	[CLIENT_ADDRESS_PROXY_V1] = { &tell_proxy, NULL },
	[CLIENT_ADDRESS_PROXY_V2] = { &tell_proxy, &tell_proxy_udp },
	[CLIENT_ADDRESS_PROXY_V1_INSECURE] = { &tell_proxy, NULL },
	[CLIENT_ADDRESS_PROXY_V2_INSECURE] = { &tell_proxy, &tell_proxy_udp },
	[CLIENT_ADDRESS_UOA_OPP] = { NULL, &tell_uoa_opp },
	[CLIENT_ADDRESS_UOA_IPO] = { NULL, &tell_uoa_ipo },
};

static const struct teller *
teller_of(const struct conn *conn, const struct conn_cold *cold)
{
	return (cold->flags & COLD_UNTOLD) ? tellers[cold->told.how][conn->proto == IPPROTO_UDP] : NULL;
}

/* The PROXY header needs no help with TCP: it is sent by itself when it was not acknowledged. */
static bool
heeds_mtu(const struct conn *conn, const struct conn_cold *cold)
{
	return teller_of(conn, cold) && teller_of(conn, cold) != &tell_proxy;
}

/* What an error can make of it: who forges one must not keep the address out of packets that fit any way. */
static uint32_t
least_mtu(uint16_t family)
{
	return family == AF_INET ? IPV4_MIN_MTU : IPV6_MIN_MTU;
}

void
tell_too_big(struct worker *self, struct conn *conn, uint16_t family, uint32_t mtu)
{
	struct conn_cold *cold = conn_cold(self->conns[family == AF_INET ? TABLE_IPV4 : TABLE_IPV6], conn);

	mtu = RTE_MAX(mtu, least_mtu(family));
	if (heeds_mtu(conn, cold) && (cold->told.mtu == 0 || mtu < cold->told.mtu))
		cold->told.mtu = mtu;
}

static uint16_t
room_of(const struct worker *self, const struct conn *conn, const struct conn_cold *cold)
{
	const uint32_t number = conn->nexthop[CONN_IN];
	const union nexthop nexthop = fib_nexthop(self->fib, number);
	const int adds = reframe_adds(self, conn, CONN_IN);
	const uint16_t room =
		nexthop_has_port(nexthop) ? (uint16_t)(transmit_mtu(self, number, nexthop) - adds) : UINT16_MAX;

	return heeds_mtu(conn, cold) && cold->told.mtu != 0 ? (uint16_t)RTE_MIN(room, cold->told.mtu) : room;
}

static struct telling
telling_of(struct worker *self, struct packet *packet, struct conn *conn)
{
	uint32_t table = packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6;
	struct conn_cold *cold = conn_cold(self->conns[table], conn);

	return (struct telling){
		.self = self,
		.packet = packet,
		.conn = conn,
		.cold = cold,
		.table = table,
		.room = room_of(self, conn, cold),
	};
}

enum verdict
tell_client(struct worker *self, struct packet *packet, struct conn *conn)
{
	struct telling telling = telling_of(self, packet, conn);
	const struct teller *teller = teller_of(conn, telling.cold);

	return teller ? teller->client(&telling) : VERDICT_NEXT;
}

void
tell_server(struct worker *self, struct packet *packet, struct conn *conn)
{
	struct telling telling = telling_of(self, packet, conn);
	const struct teller *teller = teller_of(conn, telling.cold);

	if (teller && teller->server)
		teller->server(&telling);
}

/* Other numbers than those that were heard: FIRST is what the SYN acknowledges, SERVER_FIRST what follows it. */
static bool
is_renewed(const struct conn_cold *cold, uint32_t first, uint32_t server_first)
{
	return cold->told.how != CLIENT_ADDRESS_NONE && (cold->flags & COLD_HEARD) &&
	       (cold->told.first != first || cold->told.server_first != server_first);
}

void
tell_anew(struct worker *self, const struct packet *packet, struct conn *conn)
{
	const uint32_t table = packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6;
	const struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);

	if (conn->proto == IPPROTO_TCP && (tcp->tcp_flags & SYN_ACK) == SYN_ACK &&
	    is_renewed(conn_cold(self->conns[table], conn), rte_be_to_cpu_32(tcp->recv_ack),
		       rte_be_to_cpu_32(tcp->sent_seq) + 1))
		conn_untell(self, conn, table);
}

void
tell_strip_syn(const struct telling *telling)
{
	struct packet *packet = telling->packet;
	const struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);
	const uint16_t data = packet->l4 + tcp_header_length(tcp);
	uint64_t before;

	if (packet->end == data)
		return;
	before = packet_l4_sum(packet);
	packet_shorten(packet, data, packet->end - data);
	packet_mend_l4(packet, before);
}

void
tell_hear_syn(const struct telling *telling, uint16_t reserve)
{
	struct packet *packet = telling->packet;
	struct conn_told *told = &telling->cold->told;
	struct rte_tcp_hdr *tcp = packet_at(packet, packet->l4);
	const uint16_t headers =
		(packet->flow.family == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr)) +
		sizeof(*tcp);
	const uint8_t *mss = tcp_find_option(tcp, TCP_OPTION_MSS);
	uint32_t most;

	told->first = rte_be_to_cpu_32(telling->conn->last_ack[CONN_OUT]);
	told->server_first = rte_be_to_cpu_32(tcp->sent_seq) + 1;
	telling->cold->flags |= COLD_HEARD;
	if (!mss || mss[1] != 4)
		return;
	most = RTE_MIN((uint32_t)(mss[2] << 8 | mss[3]), (uint32_t)telling->room - headers);
	if (most > reserve)
		tcp_clamp_mss(tcp, (uint16_t)(most - reserve));
}

bool
tell_is_acknowledgement(const struct telling *telling)
{
	const struct rte_tcp_hdr *tcp = packet_at(telling->packet, telling->packet->l4);
	const struct conn_cold *cold = telling->cold;
	const uint32_t window = cold->told.header != 0 || (cold->flags & COLD_SPOKEN) ? HANDSHAKE_WINDOW : 1;

	return (cold->flags & COLD_HEARD) && (tcp->tcp_flags & RTE_TCP_ACK_FLAG) &&
	       rte_be_to_cpu_32(tcp->recv_ack) - cold->told.server_first < window;
}

struct flow
tell_flow(const struct telling *telling)
{
	const struct conn *conn = telling->conn;
	struct flow flow = { .family = telling->table == TABLE_IPV4 ? AF_INET : AF_INET6, .proto = conn->proto };

	if (flow.family == AF_INET) {
		const struct conn_key4 *key = &conn->key4[CONN_IN];

		flow.src.v4 = key->src;
		flow.dst.v4 = key->dst;
		flow.sport = key->sport;
		flow.dport = key->dport;
	} else {
		const struct conn_key6 *key = &conn->key6[CONN_IN];

		memcpy(flow.src.bytes, key->src, 16);
		memcpy(flow.dst.bytes, key->dst, 16);
		flow.sport = key->sport;
		flow.dport = key->dport;
	}
	return flow_plain(&flow);
}

uint8_t
tell_write_option(const struct telling *telling, uint8_t kind, uint8_t to[TELL_OPTION_MAX])
{
	const struct flow flow = tell_flow(telling);
	const uint8_t length = flow.family == AF_INET ? 8 : TELL_OPTION_MAX;

	to[0] = kind;
	to[1] = length;
	memcpy(to + 2, &flow.sport, 2);
	memcpy(to + 4, flow.src.bytes, length - 4);
	return length;
}

static void
write_ipv4(const struct telling *telling, struct rte_ipv4_hdr *ip, uint16_t l4)
{
	const struct conn_key4 *key = &telling->conn->key4[CONN_IN];

	*ip = (struct rte_ipv4_hdr){
		.version_ihl = RTE_IPV4_VHL_DEF,
		.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + l4)),
		.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
		.time_to_live = TTL,
		.next_proto_id = telling->conn->proto,
		.src_addr = key->src,
		.dst_addr = key->dst,
	};
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

static void
write_ipv6(const struct telling *telling, struct rte_ipv6_hdr *ip, uint16_t l4)
{
	const struct conn_key6 *key = &telling->conn->key6[CONN_IN];

	memset(ip, 0, sizeof(*ip));
	ip->vtc_flow = RTE_BE32(6u << 28);
	ip->payload_len = rte_cpu_to_be_16(l4);
	ip->proto = telling->conn->proto;
	ip->hop_limits = TTL;
	memcpy(&ip->src_addr, key->src, 16);
	memcpy(&ip->dst_addr, key->dst, 16);
}

bool
tell_make(const struct telling *telling, uint16_t l4, struct packet *ret)
{
	const bool ipv4 = telling->table == TABLE_IPV4;
	const uint16_t ip = ipv4 ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
	struct rte_mbuf *m = packet_new(telling->self);
	struct rte_ether_hdr *ether;

	if (!m)
		return false;
	*ret = (struct packet){
		.m = m,
		.is_ip = true,
		.has_l4 = true,
		.ether_type = ipv4 ? RTE_ETHER_TYPE_IPV4 : RTE_ETHER_TYPE_IPV6,
		.l3 = sizeof(*ether),
		.l4 = sizeof(*ether) + ip,
		.end = sizeof(*ether) + ip + l4,
		.ttl = TTL,
		.protocol = protocol_by_number(telling->conn->proto),
		.flow = { .family = ipv4 ? AF_INET : AF_INET6, .proto = telling->conn->proto },
	};
	if (!rte_pktmbuf_append(m, ret->end)) {
		drop(telling->self, m, DROP_TOO_BIG);
		return false;
	}
	ether = packet_at(ret, 0);
	memset(ether, 0, ret->end);
	ether->ether_type = rte_cpu_to_be_16(ret->ether_type);
	if (ipv4)
		write_ipv4(telling, packet_at(ret, ret->l3), l4);
	else
		write_ipv6(telling, packet_at(ret, ret->l3), l4);
	memcpy(packet_at(ret, ret->l4),
	       ipv4 ? &telling->conn->key4[CONN_IN].sport : &telling->conn->key6[CONN_IN].sport, 4);
	return true;
}

void
tell_sum(const struct telling *telling, struct packet *packet)
{
	void *l4 = packet_at(packet, packet->l4), *ip = packet_at(packet, packet->l3);
	uint16_t *checksum = l4_checksum(l4, telling->conn->proto);

	*checksum = 0;
	*checksum = telling->table == TABLE_IPV4 ? rte_ipv4_udptcp_cksum(ip, l4) : rte_ipv6_udptcp_cksum(ip, l4);
}

void
tell_send(const struct telling *telling, struct packet *packet)
{
	tell_sum(telling, packet);
	forward_send(telling->self, packet, telling->conn, CONN_IN);
}
