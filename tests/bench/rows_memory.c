/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bytes: of a connection, of local addresses, of a worker and all that it owns.
 */
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>

#include "lb/conn_table.h"
#include "lb/laddr.h"
#include "rows.h"

static void
figure(const struct bench *bench, const char *name, const char *unit, double value)
{
	if (bench_wants(bench, name))
		report_figure(name, unit, value);
}

static void
connections(const struct bench *bench, bool ipv6, uint32_t n)
{
	char name[REPORT_NAME_MAX], count[16];

	snprintf(name, sizeof(name), "memory/connection/%s/%s", ipv6 ? "ipv6" : "ipv4", bench_count(n, count));
	figure(bench, name, "bytes", (double)conn_table_bytes(ipv6, n, 0) / n);
}

/* Each worker's own: connections of both families for N in all, arrays by number (taken page by page on first use). */
static int
worker(const struct bench *bench, uint32_t n, uint32_t n_workers)
{
	struct testbed_spec spec = testbed_usual(n);
	const struct worker *self;
	struct testbed *testbed;
	char name[REPORT_NAME_MAX], count[16];
	int err;

	spec.n_workers = n_workers;
	snprintf(name, sizeof(name), "memory/worker/%s of %u/tables", bench_count(n, count), n_workers);
	if (!bench_wants(bench, name) || n > bench->max_connections)
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	self = testbed->workers[0];
	report_figure(name, "bytes", (double)(self->conns[TABLE_IPV4]->mapped + self->conns[TABLE_IPV6]->mapped));
	snprintf(name, sizeof(name), "memory/worker/%s of %u/arrays", count, n_workers);
	report_figure(name, "bytes", (double)(self->mapped.loads + self->mapped.cursors + self->mapped.nexthops));
	testbed_destroy(testbed);
	return 0;
}

static size_t
allocated(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Published to all workers: one copy. */
static int
local_addresses(const struct bench *bench, uint32_t n)
{
	const struct testbed_spec spec = {
		.services = 1, .dests = 1, .nexthops = 1, .scheduler = "rr", .connections = 1024, .n_workers = 1
	};
	struct ip_addr addresses[256];
	const struct laddr_group_spec group = {
		.name = "bench", .addresses = addresses, .n_addresses = n, .first_port = 1025, .last_port = 65535
	};
	struct testbed *testbed;
	char name[REPORT_NAME_MAX];
	size_t before;
	int err;

	snprintf(name, sizeof(name), "memory/%u local addresses", n);
	if (!bench_wants(bench, name))
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < n; i++)
		addresses[i] = testbed_local_address(testbed, i);
	before = allocated();
	err = laddrs_publish(testbed->lb, &group, 1);
	if (err == 0)
		report_figure(name, "bytes", (double)(allocated() - before));
	testbed_destroy(testbed);
	return err;
}

int
rows_memory(struct bench *bench)
{
	int err;

	report_section("memory");
	connections(bench, false, 1000000);
	connections(bench, false, 10000000);
	connections(bench, true, 1000000);
	connections(bench, true, 10000000);
	figure(bench, "memory/struct worker", "bytes", (double)sizeof(struct worker));
	figure(bench, "memory/dest, a worker's share", "bytes", (double)sizeof(struct dest_load));
	err = local_addresses(bench, 32);
	if (err == 0)
		err = worker(bench, 1000000, 1);
	return err == 0 ? worker(bench, 1000000, 4) : err;
}
