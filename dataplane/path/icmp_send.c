/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors of the director's own: TTL used up, longer than the MTU, no server, no way. They are made at a limited
 * rate, and come from the director's address on the port towards who is told, so that traceroute shows the director.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ether.h>
#include <rte_ip.h>

#include "core/checksum.h"
#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/icmp.h"
#include "path/translate.h"
#include "port/port.h"

/* How long an error may be: RFC 1812, 4.3.2.3; RFC 4443, 2.4. */
#define ERROR4_MAX 576
#define ERROR6_MAX 1280
#define OWN_TTL 64
#define INTERNETWORK_CONTROL 0xc0 /* RFC 1812, 4.3.2.5 */

static const struct {
	uint8_t type4, code4, type6, code6;
} words[] = {
	[ICMP_TTL_EXCEEDED] = { ICMP4_TIME_EXCEEDED, 0, ICMP6_TIME_EXCEEDED, 0 },
	[ICMP_PORT_UNREACHABLE] = { ICMP4_UNREACHABLE, 3, ICMP6_UNREACHABLE, 4 },
	[ICMP_NO_WAY] = { ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 0 },
	[ICMP_NO_NEIGHBOUR] = { ICMP4_UNREACHABLE, 1, ICMP6_UNREACHABLE, 3 },
	[ICMP_BEYOND_MTU] = { ICMP4_UNREACHABLE, 4, ICMP6_TOO_BIG, 0 },
};

/* What an error says, from whom and to whom. */
struct message {
	const struct packet *about;
	enum icmp_kind kind;
	uint16_t mtu;
	union ip_bits src, dst;
};

static uint16_t
ip_header(uint16_t family)
{
	return family == AF_INET ? sizeof(struct rte_ipv4_hdr) : sizeof(struct rte_ipv6_hdr);
}

static void
write_ip(const struct message *message, void *at, uint16_t length)
{
	if (message->about->flow.family == AF_INET) {
		struct rte_ipv4_hdr *ip = at;

		*ip = (struct rte_ipv4_hdr){
			.version_ihl = 0x45,
			.type_of_service = INTERNETWORK_CONTROL,
			.total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + length)),
			.fragment_offset = RTE_BE16(RTE_IPV4_HDR_DF_FLAG),
			.time_to_live = OWN_TTL,
			.next_proto_id = IPPROTO_ICMP,
			.src_addr = message->src.v4,
			.dst_addr = message->dst.v4,
		};
		ip->hdr_checksum = (uint16_t)~checksum_fold(checksum_add(0, ip, sizeof(*ip)));
	} else {
		struct rte_ipv6_hdr *ip = at;

		memset(ip, 0, sizeof(*ip));
		ip->vtc_flow = RTE_BE32(0x60000000);
		ip->payload_len = rte_cpu_to_be_16(length);
		ip->proto = IPPROTO_ICMPV6;
		ip->hop_limits = OWN_TTL;
		memcpy(&ip->src_addr, &message->src, 16);
		memcpy(&ip->dst_addr, &message->dst, 16);
	}
}

/* LENGTH bytes, behind which there is a byte of room for an even number. */
static void
write_icmp(const struct message *message, struct icmp_header *icmp, uint16_t length)
{
	const bool ipv4 = message->about->flow.family == AF_INET;
	const rte_be16_t mtu = rte_cpu_to_be_16(message->mtu);
	uint64_t sum = 0;

	*icmp = (struct icmp_header){
		.type = ipv4 ? words[message->kind].type4 : words[message->kind].type6,
		.code = ipv4 ? words[message->kind].code4 : words[message->kind].code6,
	};
	/* RFC 1191, 4; RFC 4443, 3.2: the lower half of 32 bits. */
	memcpy(icmp->rest + 2, &mtu, 2);
	if (!ipv4)
		sum = checksum_add(checksum_add(0, &message->src, 16), &message->dst, 16) + rte_cpu_to_be_16(length) +
		      RTE_BE16(IPPROTO_ICMPV6);
	((uint8_t *)icmp)[length] = 0;
	icmp->checksum = (uint16_t)~checksum_fold(checksum_add(sum, icmp, (size_t)(length + 1) & ~(size_t)1));
}

/* NULL without a buffer. */
static struct rte_mbuf *
make(struct worker *self, const struct message *message)
{
	const struct packet *about = message->about;
	const bool ipv4 = about->flow.family == AF_INET;
	const uint16_t before = RTE_ETHER_HDR_LEN + ip_header(about->flow.family);
	const uint16_t room =
		(ipv4 ? ERROR4_MAX : ERROR6_MAX) - ip_header(about->flow.family) - sizeof(struct icmp_header);
	const uint16_t quoted = RTE_MIN(about->end - about->l3, (int)room);
	const uint16_t length = sizeof(struct icmp_header) + quoted;
	struct rte_mbuf *m = rte_pktmbuf_alloc(self->pool);
	uint8_t *frame;

	if (!m)
		return NULL;
	m->data_len = before + length;
	m->pkt_len = m->data_len;
	frame = rte_pktmbuf_mtod(m, uint8_t *);
	((struct rte_ether_hdr *)(void *)frame)->ether_type =
		ipv4 ? RTE_BE16(RTE_ETHER_TYPE_IPV4) : RTE_BE16(RTE_ETHER_TYPE_IPV6);
	memcpy(frame + before + sizeof(struct icmp_header), packet_at(about, about->l3), quoted);
	write_ip(message, frame + RTE_ETHER_HDR_LEN, length);
	write_icmp(message, (void *)(frame + before), length);
	return m;
}

/* The director's address on the port towards next hop NUMBER; else the one to which was sent: a VIP, or a local
 * address. A VIP says by itself that its port can't be reached, as the kernel does. */
static union ip_bits
own_address(const struct worker *self, uint32_t number, const struct flow *flow, enum icmp_kind kind)
{
	const union nexthop nexthop = fib_nexthop(self->fib, number);
	const union ip_bits *own = NULL;
	const struct flow plain = flow_plain(flow);
	const bool speaks_itself = kind == ICMP_PORT_UNREACHABLE && lb_has_address(self->lb, plain.family, &plain.dst);

	if (!speaks_itself && nexthop_has_port(nexthop))
		own = fib_own(self->fib, nexthop.port, plain.family);
	if (!own)
		return flow->dst;
	return plain.family != flow->family ? ip4_mapped(own->v4) : *own;
}

static bool
is_group(const struct worker *self, const struct flow *flow)
{
	if (flow->family == AF_INET)
		return (flow->dst.bytes[0] & 0xf0) == 0xe0 || flow->dst.v4 == UINT32_MAX ||
		       fib_lookup(self->fib, AF_INET, &flow->dst) == FIB_BROADCAST;
	return flow->dst.bytes[0] == 0xff;
}

/* Whether the sender of FLOW is to hear of KIND now, and from whom. SENDER gets the way to him. */
static bool
may_tell(struct worker *self, const struct flow *flow, struct packet *sender)
{
	*sender = (struct packet){ .flow = flow_plain(flow) };
	if (is_group(self, &sender->flow) || !source_is_sound(self, sender))
		return false;
	if (token_take(&self->icmp_errors, self->now_ms))
		return true;
	self->counters.count[COUNT_ICMP_LIMITED]++;
	return false;
}

/* MESSAGE's ABOUT, KIND and MTU are set; FLOW is the packet as its sender knows it. */
static struct rte_mbuf *
make_for(struct worker *self, struct message *message, const struct flow *flow, uint32_t nexthop)
{
	struct rte_mbuf *m;

	message->src = own_address(self, nexthop, flow, message->kind);
	message->dst = message->about->flow.src;
	m = make(self, message);
	self->counters.count[COUNT_GENERATED]++;
	if (m)
		self->counters.count[COUNT_ICMP_MADE]++;
	else
		self->counters.drop[DROP_NO_MBUF]++;
	return m;
}

/* M, which MESSAGE became, as if it had been received. It quotes what was parsed before, and as much of it as that took,
 * so that this does not fail. */
static bool
take_apart(struct rte_mbuf *m, const struct message *message, struct packet *ret_error, struct packet *ret_quote)
{
	const uint16_t family = message->about->flow.family;

	*ret_error = (struct packet){
		.m = m,
		.is_ip = true,
		.l3 = RTE_ETHER_HDR_LEN,
		.l4 = RTE_ETHER_HDR_LEN + ip_header(family),
		.end = m->data_len,
		.flow = { .src = message->src, .dst = message->dst, .family = family },
	};
	return icmp_quote_read(ret_error, ret_quote) == 0;
}

/* An error about a packet from an IPv4 end, which became one of IPv6: in its own family. */
static int
translate_back(struct worker *self, struct rte_mbuf *m, const struct message *message)
{
	struct packet error, quote;

	if (message->about->flow.family == AF_INET || !ip6_is_mapped(&message->dst))
		return 0;
	return take_apart(m, message, &error, &quote) ? translate_error_6to4(self, &error, &quote) : -DROP_ICMP_QUOTE;
}

/* About a packet that its sender knows as it is. */
static void
tell(struct worker *self, const struct packet *about, enum icmp_kind kind, uint16_t mtu)
{
	struct message message = { .about = about, .kind = kind, .mtu = mtu };
	struct packet sender;
	struct rte_mbuf *m;
	int err;

	if (!may_tell(self, &about->flow, &sender))
		return;
	m = make_for(self, &message, &about->flow, sender.source_nexthop);
	if (!m)
		return;
	err = translate_back(self, m, &message);
	if (err < 0)
		drop(self, m, (enum drop_reason) - err);
	else
		transmit_to(self, m, sender.source_nexthop, sender.flow.family, &sender.flow.src);
}

/* About a packet of CONN that went against DIRECTION: as if a router behind the director told, which is translated. */
static void
tell_translated(struct worker *self, const struct packet *about, struct conn *conn, enum conn_direction direction,
		enum icmp_kind kind, uint16_t mtu)
{
	const struct flow original = icmp_original(conn, about->flow.family, direction);
	struct message message = { .about = about, .kind = kind, .mtu = mtu };
	struct packet sender, quote, error;
	struct rte_mbuf *m;

	if (!may_tell(self, &original, &sender))
		return;
	m = make_for(self, &message, &original, sender.source_nexthop);
	if (!m)
		return;
	if (take_apart(m, &message, &error, &quote))
		icmp_translate(self, &error, &quote, conn, direction);
	else
		drop(self, m, DROP_ICMP_QUOTE);
}

void
icmp_answer(struct worker *self, const struct packet *packet, enum icmp_kind kind, uint16_t mtu)
{
	struct packet about = { .m = packet->m, .l3 = packet->l3, .end = packet->end };

	if (icmp_quote_parse(&about, packet->flow.family) == 0)
		tell(self, &about, kind, mtu);
}

/* Frames that the director sends begin like this; those of families that it does not rewrite are none of them. */
static bool
parse_sent(struct rte_mbuf *m, struct packet *ret)
{
	const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);

	*ret = (struct packet){ .m = m, .l3 = sizeof(*ether), .end = rte_pktmbuf_data_len(m) };
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4))
		return icmp_quote_parse(ret, AF_INET) == 0;
	return ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) && icmp_quote_parse(ret, AF_INET6) == 0;
}

static bool
is_for_service(const struct worker *self, const struct flow *flow)
{
	const struct flow plain = flow_plain(flow);

	return lb_has_address(self->lb, plain.family, &plain.dst);
}

void
icmp_answer_sent(struct worker *self, struct rte_mbuf *m, enum icmp_kind kind, uint16_t mtu)
{
	struct packet about;
	struct flow answer;
	uint32_t value;

	if (!parse_sent(m, &about))
		return;
	answer = flow_reversed(&about.flow);
	value = known_connection(self, NULL, &answer);
	if (value == CONN_NONE) {
		value = known_mapped(self, NULL, &answer);
		/* as it was before its last step; it will be dropped */
		if (value != CONN_NONE && translate_packet(&about) < 0)
			return;
	}
	if (value != CONN_NONE) {
		struct conn_table *table = self->conns[about.flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];

		tell_translated(self, &about, conn_at(table, CONN_NUMBER(value)), CONN_DIRECTION(value), kind, mtu);
	} else if (is_for_service(self, &about.flow) || known_connection(self, NULL, &about.flow) != CONN_NONE) {
		/* Direct routing and bypass change nothing. What was rewritten for once would tell of the server. */
		tell(self, &about, kind, mtu);
	}
}
