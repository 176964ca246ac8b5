/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a packet takes must not depend on how much is configured: more services, more servers of one service.
 */
#include <netinet/in.h>
#include <stdio.h>

#include "rows.h"

static int
row(struct bench *bench, const char *what, uint32_t services, uint32_t dests, uint32_t connections)
{
	const struct testbed_spec spec = {
		.proto = IPPROTO_TCP,
		.forward = FORWARD_FULLNAT,
		.services = services,
		.dests = dests,
		.nexthops = 16,
		.scheduler = "rr",
		.connections = connections,
		.n_workers = 1,
	};
	char name[REPORT_NAME_MAX], count[16];

	snprintf(name, sizeof(name), "flat/%s/%s", bench_count(connections, count), what);
	return bench_wants(bench, name) ? bench_established(bench, &spec, name) : 0;
}

int
rows_flat(struct bench *bench)
{
	static const uint32_t services[] = { 1, 1000, 10000 }, servers[] = { 10, 1000, 10000 };
	uint32_t connections = RTE_MIN(100000u, bench->max_connections);
	char what[32];
	int err = 0;

	report_section("the same at any number of services and servers (full-NAT, IPv4, TCP)");
	for (size_t i = 0; i < RTE_DIM(services) && err == 0; i++) {
		snprintf(what, sizeof(what), "%u service%s of 1", services[i], services[i] == 1 ? "" : "s");
		err = row(bench, what, services[i], 1, connections);
	}
	for (size_t i = 0; i < RTE_DIM(servers) && err == 0; i++) {
		snprintf(what, sizeof(what), "1 service of %u", servers[i]);
		err = row(bench, what, 1, servers[i], connections);
	}
	return err;
}
