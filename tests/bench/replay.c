/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_ip.h>
#include <rte_mbuf.h>
#include <rte_tcp.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "core/worker.h"
#include "replay.h"

#define BUFFERS 1024
#define PAYLOAD 6
#define TTL 64
#define L3 ((uint32_t)sizeof(struct rte_ether_hdr))
#define L4_AT4 (L3 + (uint32_t)sizeof(struct rte_ipv4_hdr))
#define L4_AT6 (L3 + (uint32_t)sizeof(struct rte_ipv6_hdr))

static uint32_t
l4_header(uint8_t proto)
{
	return proto == IPPROTO_TCP ? sizeof(struct rte_tcp_hdr) : sizeof(struct rte_udp_hdr);
}

/* ---- templates: all of a packet but its record ---- */

static void
template_l4(const struct records *records, void *l4)
{
	if (records->proto == IPPROTO_TCP) {
		struct rte_tcp_hdr *tcp = l4;

		tcp->data_off = 5 << 4;
		tcp->tcp_flags = records->tcp_flags;
		tcp->rx_win = RTE_BE16(1024);
		tcp->sent_seq = RTE_BE32(1000);
		tcp->recv_ack = records->tcp_flags & RTE_TCP_ACK_FLAG ? RTE_BE32(2000) : 0;
	} else {
		struct rte_udp_hdr *udp = l4;

		udp->dgram_len = rte_cpu_to_be_16((uint16_t)(sizeof(*udp) + PAYLOAD));
	}
}

static uint16_t
template_make(const struct records *records, bool ipv6, const struct rte_ether_addr *our_mac, uint8_t *frame)
{
	struct rte_ether_hdr *ether = (void *)frame;
	uint16_t payload = (uint16_t)(l4_header(records->proto) + PAYLOAD);

	memset(frame, 0, 96);
	ether->dst_addr = *our_mac;
	ether->src_addr = (struct rte_ether_addr){ { 2, 0, 0, 0, 9, 9 } };
	if (ipv6) {
		struct rte_ipv6_hdr *ip = (void *)(frame + L3);

		ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV6);
		ip->vtc_flow = RTE_BE32(6u << 28);
		ip->payload_len = rte_cpu_to_be_16(payload);
		ip->proto = records->proto;
		ip->hop_limits = TTL;
		template_l4(records, frame + L4_AT6);
		return (uint16_t)(L4_AT6 + payload);
	}
	struct rte_ipv4_hdr *ip = (void *)(frame + L3);

	ether->ether_type = RTE_BE16(RTE_ETHER_TYPE_IPV4);
	ip->version_ihl = 0x45;
	ip->total_length = rte_cpu_to_be_16((uint16_t)(sizeof(*ip) + payload));
	ip->time_to_live = TTL;
	ip->next_proto_id = records->proto;
	template_l4(records, frame + L4_AT4);
	return (uint16_t)(L4_AT4 + payload);
}

/* The checksum of all but its own field, for a template whose addresses and ports are filled in. */
static uint16_t
l4_sum(bool ipv6, uint8_t *frame)
{
	if (ipv6) {
		struct rte_ipv6_hdr *ip = (void *)(frame + L3);

		return rte_ipv6_udptcp_cksum(ip, frame + L4_AT6);
	}
	return rte_ipv4_udptcp_cksum((void *)(frame + L3), frame + L4_AT4);
}

static uint32_t
l4_sum_at(bool ipv6, uint8_t proto)
{
	return (ipv6 ? L4_AT6 : L4_AT4) + (proto == IPPROTO_TCP ? (uint32_t)offsetof(struct rte_tcp_hdr, cksum)
								: (uint32_t)offsetof(struct rte_udp_hdr, dgram_cksum));
}

/* ---- records ---- */

static size_t
record_size(bool ipv6)
{
	return ipv6 ? sizeof(struct record6) : sizeof(struct record4);
}

int
records_create(bool ipv6, uint8_t proto, uint8_t tcp_flags, uint32_t n, struct records *ret)
{
	void *at = mmap(NULL, n * record_size(ipv6), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (at == MAP_FAILED)
		return -ENOMEM;
	madvise(at, n * record_size(ipv6), MADV_HUGEPAGE);
	*ret = (struct records){ .ipv6 = ipv6, .proto = proto, .tcp_flags = tcp_flags, .n = n, .at = at };
	return 0;
}

void
records_free(struct records *records)
{
	if (records->at)
		munmap(records->at, records->n * record_size(records->ipv6));
	records->at = NULL;
}

/* Addresses and ports of a mapped record, as they stand in IPv4. */
static inline void
put_mapped(const struct record6 *record, uint8_t *frame)
{
	memcpy(frame + L3 + 12, record->src + 12, 4);
	memcpy(frame + L3 + 16, record->dst + 12, 4);
	memcpy(frame + L3 + 20, &record->sport, 4);
}

/* FRAME: the template of IPv4. */
static void
set_mapped(struct record6 *record, const struct flow *flow, uint8_t *frame)
{
	const struct flow mapped = flow_mapped(flow);

	memcpy(record->src, mapped.src.bytes, 16);
	memcpy(record->dst, mapped.dst.bytes, 16);
	record->sport = flow->sport;
	record->dport = flow->dport;
	put_mapped(record, frame);
	record->ip_sum = rte_ipv4_cksum((void *)(frame + L3));
	record->l4_sum = l4_sum(false, frame);
}

void
records_set(struct records *records, uint32_t i, const struct flow *flow)
{
	static const struct rte_ether_addr none;
	uint8_t frame[96];

	template_make(records, flow->family == AF_INET6, &none, frame);
	if (records->mixed && flow->family == AF_INET) {
		set_mapped((struct record6 *)records->at + i, flow, frame);
		return;
	}
	if (records->ipv6) {
		struct record6 *record = (struct record6 *)records->at + i;

		memcpy(record->src, flow->src.bytes, 16);
		memcpy(record->dst, flow->dst.bytes, 16);
		record->sport = flow->sport;
		record->dport = flow->dport;
		memcpy(frame + L3 + 8, record, 36);
		record->l4_sum = l4_sum(true, frame);
		return;
	}
	struct record4 *record = (struct record4 *)records->at + i;

	*record = (struct record4){ flow->src.v4, flow->dst.v4, flow->sport, flow->dport, 0, 0 };
	memcpy(frame + L3 + 12, record, 12);
	record->ip_sum = rte_ipv4_cksum((void *)(frame + L3));
	record->l4_sum = l4_sum(false, frame);
}

struct flow
records_get(const struct records *records, uint32_t i)
{
	struct flow flow = { .family = records->ipv6 ? AF_INET6 : AF_INET, .proto = records->proto };

	if (records->ipv6) {
		const struct record6 *record = (const struct record6 *)records->at + i;

		memcpy(flow.src.bytes, record->src, 16);
		memcpy(flow.dst.bytes, record->dst, 16);
		flow.sport = record->sport;
		flow.dport = record->dport;
	} else {
		const struct record4 *record = (const struct record4 *)records->at + i;

		flow.src.v4 = record->src;
		flow.dst.v4 = record->dst;
		flow.sport = record->sport;
		flow.dport = record->dport;
	}
	return records->mixed ? flow_plain(&flow) : flow;
}

void
records_copy(struct records *records, uint32_t i, const struct records *from, uint32_t from_i)
{
	size_t size = record_size(records->ipv6);

	memcpy((uint8_t *)records->at + i * size, (const uint8_t *)from->at + from_i * size, size);
}

void
records_set_nexthop(struct records *records, uint32_t i, uint8_t nexthop)
{
	if (records->ipv6)
		((struct record6 *)records->at)[i].l4_sum = nexthop;
	else
		((struct record4 *)records->at)[i].l4_sum = nexthop;
}

uint8_t
records_nexthop(const struct records *records, uint32_t i)
{
	return (uint8_t)(records->ipv6 ? ((const struct record6 *)records->at)[i].l4_sum
				       : ((const struct record4 *)records->at)[i].l4_sum);
}

void
records_shuffle(struct records *records)
{
	uint64_t state = 0x9e3779b97f4a7c15u;
	size_t size = record_size(records->ipv6);
	uint8_t *at = records->at;
	union record swap;

	for (uint32_t i = records->n; i > 1; i--) {
		uint32_t j;

		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		j = (uint32_t)((state >> 32) * i >> 32);
		memcpy(&swap, at + (i - 1) * size, size);
		memcpy(at + (i - 1) * size, at + j * size, size);
		memcpy(at + j * size, &swap, size);
	}
}

/* ---- source ---- */

/* Returns the length of the frame. */
static inline uint16_t
fill_ipv6(const struct replay *replay, uint8_t *frame, const struct record6 *record)
{
	memcpy(frame, replay->template[true], 96);
	memcpy(frame + L3 + 8, record, 36);
	memcpy(frame + l4_sum_at(true, replay->records.proto), &record->l4_sum, 2);
	return replay->frame[true];
}

static inline uint16_t
fill_mixed(const struct replay *replay, uint8_t *frame, const struct record6 *record)
{
	if (!ip6_is_mapped(record->src))
		return fill_ipv6(replay, frame, record);
	memcpy(frame, replay->template[false], 64);
	put_mapped(record, frame);
	memcpy(frame + L3 + offsetof(struct rte_ipv4_hdr, hdr_checksum), &record->ip_sum, 2);
	memcpy(frame + l4_sum_at(false, replay->records.proto), &record->l4_sum, 2);
	return replay->frame[false];
}

static inline uint16_t
fill(const struct replay *replay, uint8_t *frame, uint32_t i)
{
	const struct record4 *record = (const struct record4 *)replay->records.at + i;

	if (replay->records.mixed)
		return fill_mixed(replay, frame, (const struct record6 *)replay->records.at + i);
	if (replay->records.ipv6)
		return fill_ipv6(replay, frame, (const struct record6 *)replay->records.at + i);
	memcpy(frame, replay->template[false], 64);
	memcpy(frame + L3 + 12, record, 12);
	memcpy(frame + L3 + offsetof(struct rte_ipv4_hdr, hdr_checksum), &record->ip_sum, 2);
	memcpy(frame + l4_sum_at(false, replay->records.proto), &record->l4_sum, 2);
	return replay->frame[false];
}

static uint16_t
replay_receive(void *arg, struct rte_mbuf **packets, uint16_t n)
{
	struct replay *replay = arg;

	n = RTE_MIN(n, replay->burst);
	if (replay->left < n)
		n = (uint16_t)replay->left;
	for (uint16_t i = 0; i < n; i++) {
		struct rte_mbuf *m = replay->buffers[replay->n_handed_out++ & (BUFFERS - 1)];

		/* Two references, so that one that is dropped doesn't go back to the pool. */
		m->data_off = RTE_PKTMBUF_HEADROOM;
		rte_mbuf_refcnt_set(m, 2);
		m->nb_segs = 1;
		m->ol_flags = 0;
		m->data_len = fill(replay, rte_pktmbuf_mtod(m, uint8_t *), replay->next);
		m->pkt_len = m->data_len;
		if (++replay->next == replay->records.n)
			replay->next = 0;
		packets[i] = m;
	}
	if (replay->left != REPLAY_FOREVER)
		replay->left -= n;
	return n;
}

/* The time at which a packet became available lies where a NIC writes its hash. */
static uint16_t
replay_receive_paced(void *arg, struct rte_mbuf **packets, uint16_t n)
{
	struct replay *replay = arg;
	struct replay_pace *pace = replay->pace;
	uint64_t now = rte_rdtsc(), due[32];
	uint16_t ready = 0;

	n = RTE_MIN(n, RTE_DIM(due));
	for (; ready < n && pace->due <= now; ready++) {
		due[ready] = pace->due;
		pace->due += pace->gaps[pace->gap++ & pace->gap_mask] * pace->interval >> 32;
	}
	ready = replay_receive(arg, packets, ready);
	for (uint16_t i = 0; i < ready; i++)
		memcpy(&packets[i]->hash, &due[i], sizeof(due[i]));
	return ready;
}

/* ---- sink ---- */

static bool
frame_is_ipv6(const uint8_t *frame)
{
	return ((const struct rte_ether_hdr *)(const void *)frame)->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6);
}

/* Addresses and ports, mapped if the frame is of IPv4. */
static struct record6
key_of(const uint8_t *frame)
{
	struct record6 key = { .l4_sum = 0 };
	union ip_bits mapped;
	rte_be32_t v4;

	if (frame_is_ipv6(frame)) {
		memcpy(&key, frame + L3 + 8, 36);
		return key;
	}
	memcpy(&v4, frame + L3 + 12, 4);
	mapped = ip4_mapped(v4);
	memcpy(key.src, &mapped, 16);
	memcpy(&v4, frame + L3 + 16, 4);
	mapped = ip4_mapped(v4);
	memcpy(key.dst, &mapped, 16);
	memcpy(&key.sport, frame + L4_AT4, 4);
	return key;
}

static void
capture(struct replay *replay, const uint8_t *frame)
{
	union record *to = &replay->captured[replay->sent];

	if (replay->records.mixed)
		to->v6 = key_of(frame);
	else if (replay->records.ipv6)
		memcpy(&to->v6, frame + L3 + 8, 36);
	else
		memcpy(&to->v4, frame + L3 + 12, 12);
	replay->captured_nexthop[replay->sent] = ((const struct rte_ether_hdr *)frame)->dst_addr.addr_bytes[5];
}

/* Sums that include the checksum's own field: 0 if it is right, which UDP writes as all ones. */
static bool
sums_are_right(const struct replay *replay, const uint8_t *frame)
{
	const uint16_t right = replay->records.proto == IPPROTO_UDP ? 0xffff : 0;
	const struct rte_ipv4_hdr *ip = (const void *)(frame + L3);

	if (frame_is_ipv6(frame))
		return rte_ipv6_udptcp_cksum((const void *)(frame + L3), frame + L4_AT6) == right;
	return checksum_fold(checksum_add(0, ip, sizeof(*ip))) == 0xffff &&
	       rte_ipv4_udptcp_cksum(ip, frame + L4_AT4) == right;
}

/* Addresses and ports as expected, the MAC addresses those of the next hop and ours, the TTL one less, sums right. */
static bool
is_as_expected(const struct replay *replay, const uint8_t *frame, uint32_t i)
{
	const struct rte_ether_hdr *ether = (const void *)frame;
	const size_t key = replay->records.ipv6 ? 36 : 12, key_at = L3 + (replay->records.ipv6 ? 8 : 12);
	const uint8_t *record = (const uint8_t *)replay->expected.at + i * record_size(replay->records.ipv6);
	const struct record6 mixed = key_of(frame);
	uint8_t ttl = frame[L3 + (frame_is_ipv6(frame) ? offsetof(struct rte_ipv6_hdr, hop_limits)
						       : offsetof(struct rte_ipv4_hdr, time_to_live))];

	return ether->dst_addr.addr_bytes[5] == records_nexthop(&replay->expected, i) &&
	       rte_is_same_ether_addr(&ether->src_addr, &replay->our_mac) && ttl == TTL - 1 &&
	       memcmp(replay->records.mixed ? (const uint8_t *)&mixed : frame + key_at, record, key) == 0 &&
	       sums_are_right(replay, frame);
}

/* A packet that is longer than when it came has outer headers: the frame that it would be without them, with the same
 * MAC addresses. NULL if the outer IP header is not sound. */
static uint8_t *
unwrap(const struct replay *replay, struct rte_mbuf *m)
{
	uint8_t *frame = rte_pktmbuf_mtod(m, uint8_t *);
	const struct rte_ipv4_hdr *v4 = (const void *)(frame + L3);
	const struct rte_ipv6_hdr *v6 = (const void *)(frame + L3);
	uint32_t added = m->pkt_len - replay->frame[replay->records.ipv6];

	if (added == 0 || replay->records.mixed)
		return frame;
	if (replay->records.ipv6 ? rte_be_to_cpu_16(v6->payload_len) + sizeof(*v6) != m->pkt_len - L3
				 : rte_be_to_cpu_16(v4->total_length) != m->pkt_len - L3 ||
					   checksum_fold(checksum_add(0, v4, sizeof(*v4))) != 0xffff)
		return NULL;
	memmove(frame + added, frame, L3);
	return frame + added;
}

static void
inspect(struct replay *replay, struct rte_mbuf *m)
{
	const uint8_t *frame = unwrap(replay, m);

	if (!frame)
		replay->wrong++;
	else if (replay->sink == SINK_CAPTURE)
		capture(replay, frame);
	else
		replay->wrong += !is_as_expected(replay, frame, (uint32_t)(replay->sent % replay->expected.n));
}

static uint16_t
replay_send(void *arg, struct rte_mbuf **packets, uint16_t n)
{
	struct replay *replay = arg;

	for (uint16_t i = 0; i < n; i++) {
		if (replay->sink != SINK_COUNT)
			inspect(replay, packets[i]);
		replay->sent_bytes += packets[i]->pkt_len;
		replay->sent++;
	}
	return n;
}

static uint16_t
replay_send_paced(void *arg, struct rte_mbuf **packets, uint16_t n)
{
	struct replay *replay = arg;
	struct replay_pace *pace = replay->pace;
	uint64_t now = rte_rdtsc(), due;

	for (uint16_t i = 0; i < n && pace->n < pace->max; i++) {
		memcpy(&due, &packets[i]->hash, sizeof(due));
		pace->latencies[pace->n++] = (uint32_t)RTE_MIN(now - due, (uint64_t)UINT32_MAX);
	}
	return replay_send(arg, packets, n);
}

/* ---- */

void
replay_set_pace(struct replay *replay, struct replay_pace *pace)
{
	replay->pace = pace;
	rte_eth_fp_ops[replay->dev].rx_pkt_burst = pace ? replay_receive_paced : replay_receive;
	rte_eth_fp_ops[replay->dev].tx_pkt_burst = pace ? replay_send_paced : replay_send;
}

int
replay_create(uint16_t dev, struct rte_mempool *pool, const struct rte_ether_addr *our_mac, struct replay **ret)
{
	struct replay *replay = calloc(1, sizeof(*replay));

	if (!replay)
		return -ENOMEM;
	if (rte_pktmbuf_alloc_bulk(pool, replay->buffers, BUFFERS) != 0) {
		free(replay);
		return -ENOMEM;
	}
	replay->dev = dev;
	replay->our_mac = *our_mac;
	replay->burst = BURST;
	rte_eth_fp_ops[dev].rxq.data[0] = replay;
	rte_eth_fp_ops[dev].txq.data[0] = replay;
	replay_set_pace(replay, NULL);
	*ret = replay;
	return 0;
}

void
replay_destroy(struct replay *replay)
{
	if (!replay)
		return;
	for (uint32_t i = 0; i < BUFFERS; i++)
		rte_mbuf_refcnt_set(replay->buffers[i], 1);
	rte_pktmbuf_free_bulk(replay->buffers, BUFFERS);
	free(replay);
}

void
replay_start(struct replay *replay, const struct records *records, uint64_t left)
{
	replay->records = *records;
	for (int ipv6 = 0; ipv6 < 2; ipv6++)
		replay->frame[ipv6] = template_make(records, ipv6, &replay->our_mac, replay->template[ipv6]);
	replay->next = 0;
	replay->left = left;
	replay->sent = replay->sent_bytes = 0;
	replay->wrong = 0;
}
