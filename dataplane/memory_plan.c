/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Needs are asked of those who take the memory. DPDK's heap must lie on one NUMA node, that of the control thread if it
 * keeps to one: what is allocated for no node in particular goes there, or else to the first node that has a heap. It
 * takes pages of 1 GB first, and adds pages on the nodes of devices and of workers, for their packet buffers, later.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>

#include <rte_common.h>

#include "core/cpu_list.h"
#include "core/log.h"
#include "core/pages.h"
#include "ip/fib.h"
#include "lb/conn_table.h"
#include "memory_plan.h"
#include "port/packet_pool.h"
#include "workers.h"

#define MB ((size_t)1 << 20)
#define PAGES_IN_1G 512
/* What DPDK has for itself and its devices, measured with some room: drivers differ. */
#define DPDK_BYTES (8 * MB)
#define DEVICE_BYTES (2 * MB)
#define DESCRIPTOR_BYTES 128
#define WORKER_BYTES (MB / 2)

static size_t
pages_of(size_t bytes)
{
	return (bytes + HUGEPAGE - 1) / HUGEPAGE;
}

static size_t
device_bytes(const struct config *config)
{
	size_t bytes = DPDK_BYTES + config->workers.count * WORKER_BYTES;

	for (uint32_t i = 0; i < config->n_ports; i++) {
		const struct config_port *port = &config->ports[i];
		size_t queues = port->queues > 0 ? port->queues : config->workers.count;

		bytes += port->n_devices * queues * (port->rx_descriptors + port->tx_descriptors) * DESCRIPTOR_BYTES;
		bytes += port->n_devices * DEVICE_BYTES;
	}
	return bytes;
}

static size_t
table_pages(const struct config *config, bool ipv6, uint32_t limit)
{
	uint32_t workers = config->workers.count;

	uint32_t foreign = ipv6 ? 0 : worker_share(config->limits.connections_ipv6, workers);

	return workers * pages_of(conn_table_bytes(ipv6, worker_share(limit, workers), foreign));
}

/* A pool for each node with workers, and one for those on none in particular. */
static void
split_packets(const struct config *config, const int *nodes, struct memory_need *need)
{
	uint32_t n = config->workers.count;

	need->packets = 0;
	for (int node = -1; node < NUMA_NODES_MAX; node++) {
		uint32_t mbufs = packet_pool_share(config->limits.mbufs, nodes, n, node);
		size_t pages = mbufs > 0 ? pages_of(packet_pool_bytes(config, mbufs, HUGEPAGE)) : 0;

		need->packets += pages;
		if (node >= 0)
			need->packets_on[node] = pages;
	}
}

/* As split_packets(), but those on none in particular are of no node here. */
static void
split_connections(const struct config *config, const int *nodes, struct memory_need *need)
{
	uint32_t n = config->workers.count;
	size_t of_worker = (need->connections + need->connections_ipv6) / n;

	for (uint32_t i = 0; i < n; i++) {
		if (nodes[i] >= 0)
			need->connections_on[nodes[i]] += of_worker;
	}
}

void
memory_need_of(const struct config *config, const int *nodes, struct memory_need *ret)
{
	const struct config_limits *limits = &config->limits;

	*ret = (struct memory_need){
		.packets = pages_of(packet_pool_bytes(config, limits->mbufs, HUGEPAGE)),
		.packets_4k = pages_of(packet_pool_bytes(config, limits->mbufs, PAGE)),
		.routes = pages_of(fib_heap_bytes(limits->routes, limits->routes_ipv6, limits->neighbours)),
		.devices = pages_of(device_bytes(config)),
		.connections = table_pages(config, false, limits->connections),
		.connections_ipv6 = table_pages(config, true, limits->connections_ipv6),
	};
	if (nodes) {
		split_packets(config, nodes, ret);
		split_connections(config, nodes, ret);
	}
}

static size_t
packets_elsewhere(const struct memory_need *need, int node)
{
	size_t pages = 0;

	for (int i = 0; i < NUMA_NODES_MAX; i++)
		pages += i != node ? need->packets_on[i] : 0;
	return pages;
}

/* DPDK's heap in huge pages on NODE. */
static size_t
heap_on(const struct memory_need *need, int node)
{
	return need->routes + need->devices + need->packets - packets_elsewhere(need, node);
}

/* How DPDK takes HEAP pages on a node: the largest first, and one more if those of 2 MB don't do for the rest. */
static bool
heap_fits(const struct numa_pages *pages, uint32_t node, size_t heap, size_t *ret_1g, size_t *ret_2m)
{
	size_t free_2m = pages->node[node].free_2m, free_1g = pages->node[node].free_1g;

	*ret_1g = RTE_MIN(heap / PAGES_IN_1G, free_1g);
	*ret_2m = heap - *ret_1g * PAGES_IN_1G;
	if (*ret_2m > free_2m && *ret_1g < free_1g) {
		++*ret_1g;
		*ret_2m = 0;
	}
	return *ret_2m <= free_2m;
}

/* The first node with room for the heap; NODE itself if none has. */
static int
choose_node(const struct numa_pages *pages, const struct memory_need *need, int node)
{
	size_t n_1g, n_2m;

	if (node >= 0)
		return node;
	for (uint32_t i = 0; i < pages->n_nodes; i++) {
		if (heap_fits(pages, i, heap_on(need, (int)i), &n_1g, &n_2m))
			return (int)i;
	}
	return 0;
}

/* Each node gets what the devices of one take. */
static void
split_needed(const struct numa_pages *pages, struct memory_plan *plan)
{
	size_t rest = plan->needed_2m;

	for (uint32_t i = 0; i < pages->n_nodes; i++) {
		if ((int)i == plan->node)
			continue;
		plan->needed_on[i] = plan->need.packets_on[i] + plan->need.devices + plan->need.connections_on[i];
		rest -= plan->needed_on[i];
	}
	plan->needed_on[plan->node] = rest;
}

void
memory_plan_on(const struct config *config, const struct memory_need *need, const struct numa_pages *pages, int node,
	       struct memory_plan *ret)
{
	bool wanted = config->memory.hugepages != HUGEPAGES_OFF, fits;
	size_t small = need->routes + need->devices + need->packets_4k, heap, heap_2m;

	*ret = (struct memory_plan){ .need = *need, .node = choose_node(pages, need, node), .n_nodes = pages->n_nodes };
	heap = wanted ? heap_on(need, ret->node) : small;
	fits = heap_fits(pages, (uint32_t)ret->node, heap, &ret->heap_1g, &heap_2m);
	ret->needed_2m = heap_2m + need->connections + need->connections_ipv6 + packets_elsewhere(need, ret->node) +
			 (pages->n_nodes - 1) * need->devices;
	split_needed(pages, ret);
	ret->free_2m = numa_pages_free_2m(pages);
	ret->total_2m = pages->total_2m + RTE_MAX(ret->needed_2m, ret->free_2m) - ret->free_2m;
	ret->node_lacks = fits ? 0 : heap_2m - pages->node[ret->node].free_2m;
	ret->eal.hugepages = wanted && fits && heap_2m <= ret->free_2m;
	ret->eal.heap = (ret->eal.hugepages ? heap : small) * HUGEPAGE;
	ret->eal.node = ret->eal.hugepages && pages->n_nodes > 1 ? ret->node : -1;
	ret->tables = ret->eal.hugepages && ret->needed_2m <= ret->free_2m;
}

/* As it would be written in the configuration. */
static const char *
limit_text(uint32_t limit, char text[16])
{
	if (limit % MB == 0)
		snprintf(text, 16, "%uM", limit >> 20);
	else if (limit % 1024 == 0)
		snprintf(text, 16, "%uK", limit >> 10);
	else
		snprintf(text, 16, "%u", limit);
	return text;
}

static void
print_parts(const struct config *config, const struct memory_plan *plan, FILE *out)
{
	bool off = config->memory.hugepages == HUGEPAGES_OFF;
	const struct memory_need *need = &plan->need;
	size_t units = off ? 2 : 1; /* MB, pages */
	char limit[16];

	fprintf(out, "limits.connections %s: %zu", limit_text(config->limits.connections, limit),
		need->connections * units);
	fprintf(out, ", limits.connections_ipv6 %s: %zu", limit_text(config->limits.connections_ipv6, limit),
		need->connections_ipv6 * units);
	if (plan->heap_1g > 0)
		fprintf(out, ", all else in %zu of 1 GB", plan->heap_1g);
	else
		fprintf(out, ", packet buffers: %zu, routes: %zu, devices: %zu",
			(off ? need->packets_4k : need->packets) * units, need->routes * units, need->devices * units);
}

static void
print_advice(const struct memory_plan *plan, FILE *out)
{
	if (plan->free_2m < plan->needed_2m)
		fprintf(out, ": write %zu to /proc/sys/vm/nr_hugepages, or lower limits.connections", plan->total_2m);
	else if (plan->node_lacks > 0)
		fprintf(out,
			", but %zu too few on NUMA node %d: write more to /sys/devices/system/node/node%d/hugepages/"
			"hugepages-2048kB/nr_hugepages, or choose other control_cpus",
			plan->node_lacks, plan->node, plan->node);
}

static void
print_plan(const struct config *config, const struct memory_plan *plan, FILE *out)
{
	bool off = config->memory.hugepages == HUGEPAGES_OFF;

	fprintf(out, off ? "%zu MB in pages of 4 KB are needed (" : "%zu huge pages of 2 MB are needed (",
		off ? plan->needed_2m * 2 : plan->needed_2m);
	print_parts(config, plan, out);
	fputc(')', out);
	if (off)
		return;
	fprintf(out, ", %zu are free", plan->free_2m);
	print_advice(plan, out);
}

void
memory_plan_text(const struct config *config, const struct memory_plan *plan, char *text, size_t size)
{
	FILE *out = fmemopen(text, size, "w");

	text[0] = '\0';
	if (!out)
		return;
	print_plan(config, plan, out);
	fclose(out);
}

static int
node_of_set(const char *sys, const cpu_set_t *set)
{
	uint16_t cpus[CPU_LIST_MAX];
	int n = 0;

	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && cpu < CPU_LIST_MAX; cpu++) {
		if (CPU_ISSET(cpu, set))
			cpus[n++] = cpu;
	}
	return numa_node_of_cpus(sys, cpus, n);
}

/* The NUMA node of a list of CPUs, or of all that we may use. */
static int
node_of_list(const char *sys, const char *list, const cpu_set_t *all)
{
	uint16_t cpus[CPU_LIST_MAX];

	return list ? numa_node_of_cpus(sys, cpus, cpu_list_parse(list, cpus)) : node_of_set(sys, all);
}

/* As eal_worker_node() will have them. */
static void
find_worker_nodes(const struct config_workers *workers, const char *sys, const cpu_set_t *all, int nodes[WORKERS_MAX])
{
	uint16_t cpus[CPU_LIST_MAX];
	int n = workers->cpus ? cpu_list_parse(workers->cpus, cpus) : 0, floating = node_of_set(sys, all);

	for (uint32_t i = 0; i < workers->count; i++)
		nodes[i] = (int)i < n ? numa_node_of_cpus(sys, &cpus[i], 1) : floating;
}

void
memory_plan_of_machine(const struct config *config, const char *sys, const cpu_set_t *cpus, struct memory_plan *ret)
{
	struct numa_pages pages = { .n_nodes = 1 };
	int nodes[WORKERS_MAX], node = -1;
	struct memory_need need;

	if (config->memory.hugepages != HUGEPAGES_OFF) {
		numa_pages_read(sys, &pages);
		node = node_of_list(sys, config->workers.control_cpus, cpus);
		find_worker_nodes(&config->workers, sys, cpus, nodes);
	}
	memory_need_of(config, pages.n_nodes > 1 ? nodes : NULL, &need);
	memory_plan_on(config, &need, &pages, node, ret);
}

void
memory_plan_make(const struct config *config, struct memory_plan *ret)
{
	cpu_set_t cpus;

	/* Without an answer it is on no node in particular. */
	if (sched_getaffinity(0, sizeof(cpus), &cpus) != 0)
		CPU_ZERO(&cpus);
	memory_plan_of_machine(config, NUMA_SYS, &cpus, ret);
}

int
memory_plan_check(const struct config *config, const struct memory_plan *plan)
{
	char text[MEMORY_PLAN_TEXT];

	memory_plan_text(config, plan, text, sizeof(text));
	if (plan->tables || config->memory.hugepages == HUGEPAGES_OFF) {
		log_info("memory", "%s", text);
		return 0;
	}
	if (config->memory.hugepages == HUGEPAGES_REQUIRED) {
		log_error("memory", "%s, or set memory.hugepages = \"auto\"", text);
		return -ENOMEM;
	}
	log_warning("memory", "%s; going on with 4 KB pages%s, which is slower", text,
		    plan->eal.hugepages ? " for the connections" : "");
	return 0;
}
