/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The floor: a router that does no more than it must, made of the same parts (fib, transmit, source and sink): receive,
 * parse, look up, TTL and checksum, MAC addresses, send. What the packet path takes beyond it is load balancing.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_tcp.h>

#include "path/rewrite.h"
#include "rows.h"

#define FLOWS 100000

static inline bool
route_ipv4(struct worker *self, struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv4_hdr *, RTE_ETHER_HDR_LEN);
	union nexthop nexthop;
	uint32_t number;

	if (ip->version_ihl != 0x45 || ip->time_to_live <= 1)
		return false;
	number = fib_lookup4(self->fib, ip->dst_addr);
	nexthop = fib_nexthop(self->fib, number);
	if (nexthop.state != NEXTHOP_READY)
		return false;
	ip->time_to_live--;
	ip->hdr_checksum = checksum_update(ip->hdr_checksum, TTL_DELTA);
	transmit_ready(self, m, number, nexthop);
	return true;
}

static inline bool
route_ipv6(struct worker *self, struct rte_mbuf *m)
{
	struct rte_ipv6_hdr *ip = rte_pktmbuf_mtod_offset(m, struct rte_ipv6_hdr *, RTE_ETHER_HDR_LEN);
	union nexthop nexthop;
	union ip_bits dst;
	uint32_t number;

	if (ip->hop_limits <= 1)
		return false;
	memcpy(dst.bytes, (const uint8_t *)ip + offsetof(struct rte_ipv6_hdr, dst_addr), 16);
	number = fib_lookup6(self->fib, &dst);
	nexthop = fib_nexthop(self->fib, number);
	if (nexthop.state != NEXTHOP_READY)
		return false;
	ip->hop_limits--;
	transmit_ready(self, m, number, nexthop);
	return true;
}

static uint32_t
route_burst(struct worker *self)
{
	struct rte_mbuf *packets[BURST];
	uint16_t n = rte_eth_rx_burst(self->rx[0].dev, self->rx[0].queue, packets, BURST);

	for (uint16_t i = 0; i < n; i++)
		rte_prefetch0(rte_pktmbuf_mtod(packets[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		const struct rte_ether_hdr *ether = rte_pktmbuf_mtod(packets[i], const struct rte_ether_hdr *);
		bool sent = ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)	 ? route_ipv4(self, packets[i])
			    : ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV6) ? route_ipv6(self, packets[i])
										 : false;

		if (!sent)
			drop(self, packets[i], DROP_NO_ROUTE);
	}
	transmit_flush(self);
	return n;
}

/* Towards the clients, who are spread over all next hops. */
static struct flow
to_client(const void *arg, uint32_t i)
{
	struct flow flow = testbed_client_flow(arg, i * 10);

	return flow_reversed(&flow);
}

static int
verify(struct testbed *testbed, const struct records *records, const char *name)
{
	struct replay *replay = testbed_replay(testbed, 0);
	int err = records_create(records->ipv6, records->proto, records->tcp_flags, records->n, &replay->expected);

	for (uint32_t i = 0; i < records->n && err == 0; i++) {
		struct flow flow = records_get(records, i);
		uint32_t number = fib_lookup(testbed->fib, flow.family, &flow.dst);

		records_copy(&replay->expected, i, records, i);
		records_set_nexthop(&replay->expected, i, fib_nexthop(testbed->fib, number).mac.addr_bytes[5]);
	}
	if (err < 0)
		return err;
	replay->sink = SINK_VERIFY;
	replay_start(replay, records, records->n);
	while (replay->left > 0)
		route_burst(testbed->workers[0]);
	replay->sink = SINK_COUNT;
	records_free(&replay->expected);
	if (replay->sent == records->n && replay->wrong == 0)
		return 0;
	fprintf(stderr, "bench: %s: %u packets, %llu came out, %llu of them wrong\n", name, records->n,
		(unsigned long long)replay->sent, (unsigned long long)replay->wrong);
	return -EPROTO;
}

static void
time_bursts(struct bench *bench, struct testbed *testbed, const struct records *records)
{
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	replay_start(testbed_replay(testbed, 0), records, REPLAY_FOREVER);
	while (!samples_done(&bench->samples, start, bench->row_ms)) {
		struct sample sample;
		uint32_t n;

		sample_begin(&sample);
		n = route_burst(testbed->workers[0]);
		sample_end(&sample, &bench->samples, n);
	}
}

static int
row(struct bench *bench, bool ipv6, uint32_t nexthops)
{
	const struct testbed_spec spec = {
		.ipv6 = ipv6,
		.proto = IPPROTO_TCP,
		.forward = FORWARD_DIRECT,
		.services = 1,
		.dests = 1,
		.nexthops = nexthops,
		.scheduler = "rr",
		.connections = 1024,
		.n_workers = 1,
	};
	struct testbed *testbed;
	struct records records;
	char name[REPORT_NAME_MAX];
	double overhead;
	int err;

	snprintf(name, sizeof(name), "floor/%s/%u next hop%s", ipv6 ? "ipv6" : "ipv4", nexthops,
		 nexthops == 1 ? "" : "s");
	if (!bench_wants(bench, name))
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	err = flows_records(testbed, RTE_TCP_ACK_FLAG, FLOWS, to_client, testbed, &records);
	if (err == 0) {
		records_shuffle(&records);
		err = verify(testbed, &records, name);
		if (err == 0) {
			overhead = bench_overhead(bench, testbed, &records);
			time_bursts(bench, testbed, &records);
			report_samples(name, "cycles/packet", &bench->samples, overhead);
		}
		records_free(&records);
	}
	testbed_destroy(testbed);
	return err;
}

int
rows_floor(struct bench *bench)
{
	int err = 0;

	report_section("the floor: a plain router of the same parts");
	for (int i = 0; i < 4 && err == 0; i++)
		err = row(bench, i & 2, i & 1 ? 64 : 1);
	return err;
}
