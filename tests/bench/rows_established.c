/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Established connections, both directions mixed in random order: every mode, family and protocol, with one service of
 * 16 servers, and with 1,000 services of 10 over 64 next hops. A gateway's "servers" are local addresses.
 */
#include <netinet/in.h>
#include <stdio.h>

#include <linux/ip_vs.h>

#include "rows.h"

#define VERIFIED_MAX 2000000

struct variant {
	const char *name;
	uint32_t services, dests, nexthops;
};

static const struct variant variants[] = { { "one", 1, 16, 16 }, { "many", 1000, 10, 64 } };

static const struct {
	const char *name;
	uint8_t forward, tunnel_type;
	uint32_t most; /* connections; 0: no limit */
	bool crosses;
	bool no_ipv4, no_ipv6; /* clients */
} modes[] = {
	{ "fnat", FORWARD_FULLNAT, 0, 0, false, false, false },
	{ "nat", FORWARD_NAT, 0, 0, false, false, false },
	{ "dr", FORWARD_DIRECT, 0, 0, false, false, false },
	{ "tun", FORWARD_TUNNEL, IP_VS_CONN_F_TUNNEL_TYPE_IPIP, 0, false, false, false },
	{ "snat", FORWARD_SNAT, 0, 0, false, false, false },
	{ "nat64", FORWARD_FULLNAT, 0, 0, true, true, false },
	{ "nat46", FORWARD_FULLNAT, 0, 0, true, false, true },
	/* As the one before, but for the bytes. */
	{ "gre", FORWARD_TUNNEL, IP_VS_CONN_F_TUNNEL_TYPE_GRE, 10000, false, false, false },
	{ "gue", FORWARD_TUNNEL, IP_VS_CONN_F_TUNNEL_TYPE_GUE, 10000, false, false, false },
};

static const uint32_t counts[] = { 1000, 10000, 100000, 1000000, 10000000 };

int
bench_established(struct bench *bench, const struct testbed_spec *spec, const char *name)
{
	struct testbed *testbed;
	struct flows flows;
	double overhead;
	int err = testbed_create(spec, &testbed);

	if (err < 0)
		return err;
	err = flows_open(testbed, 0, spec->connections, &flows);
	if (err == 0) {
		err = flows_verify(testbed, 0, &flows, VERIFIED_MAX);
		if (err == 0) {
			overhead = bench_overhead(bench, testbed, &flows.mixed);
			bench_turns(bench, testbed, 0, &flows.mixed);
			report_samples(name, "cycles/packet", &bench->samples, overhead);
		}
		flows_free(&flows);
	}
	testbed_destroy(testbed);
	return err;
}

static int
row(struct bench *bench, size_t mode, bool ipv6, uint8_t proto, uint32_t connections, const struct variant *variant)
{
	const struct testbed_spec spec = {
		.ipv6 = ipv6,
		.crosses = modes[mode].crosses,
		.proto = proto,
		.forward = modes[mode].forward,
		.tunnel_type = modes[mode].tunnel_type,
		.services = variant->services,
		.dests = variant->dests,
		.nexthops = variant->nexthops,
		.scheduler = "rr",
		.connections = connections,
		.n_workers = 1,
	};
	char name[REPORT_NAME_MAX], count[16];

	snprintf(name, sizeof(name), "%s/%s/%s/%s/%s", modes[mode].name, ipv6 ? "ipv6" : "ipv4",
		 proto == IPPROTO_TCP ? "tcp" : "udp", bench_count(connections, count), variant->name);
	if (!bench_wants(bench, name) || connections > bench->max_connections ||
	    (ipv6 ? modes[mode].no_ipv6 : modes[mode].no_ipv4) ||
	    (modes[mode].most != 0 && connections > modes[mode].most))
		return 0;
	return bench_established(bench, &spec, name);
}

int
rows_established(struct bench *bench)
{
	int err = 0;

	report_section("established connections (cycles a packet)");
	for (size_t mode = 0; mode < RTE_DIM(modes); mode++) {
		for (int kind = 0; kind < 4; kind++) {
			for (size_t i = 0; i < RTE_DIM(counts) * RTE_DIM(variants) && err == 0; i++)
				err = row(bench, mode, kind & 1, kind & 2 ? IPPROTO_UDP : IPPROTO_TCP,
					  counts[i / RTE_DIM(variants)], &variants[i % RTE_DIM(variants)]);
		}
	}
	return err;
}
