/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Read from sysfs: Documentation/ABI/stable/sysfs-devices-node and Documentation/admin-guide/mm/hugetlbpage.rst of the
 * kernel. Without /sys/devices/system/node the machine is one node.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <unistd.h>

#include "core/numa.h"

/* 0 for what can't be read: a kernel without pages of that size has no such file. */
static size_t __attribute__((format(printf, 1, 2))) read_number(const char *format, ...)
{
	char path[PATH_MAX];
	size_t number = 0;
	va_list args;
	FILE *in;

	va_start(args, format);
	vsnprintf(path, sizeof(path), format, args);
	va_end(args);
	in = fopen(path, "re");
	if (!in)
		return 0;
	if (fscanf(in, "%zu", &number) != 1)
		number = 0;
	fclose(in);
	return number;
}

static bool
node_exists(const char *sys, uint32_t node)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/devices/system/node/node%u", sys, node);
	return access(path, F_OK) == 0;
}

void
numa_pages_read(const char *sys, struct numa_pages *ret)
{
	*ret = (struct numa_pages){ .n_nodes = 0 };
	for (uint32_t node = 0; node < NUMA_NODES_MAX; node++) {
		if (!node_exists(sys, node))
			continue;
		ret->n_nodes = node + 1;
		ret->node[node].free_2m = read_number(
			"%s/devices/system/node/node%u/hugepages/hugepages-2048kB/free_hugepages", sys, node);
		ret->node[node].free_1g = read_number(
			"%s/devices/system/node/node%u/hugepages/hugepages-1048576kB/free_hugepages", sys, node);
	}
	ret->total_2m = read_number("%s/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", sys);
	ret->reserved_2m = read_number("%s/kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", sys);
	if (ret->n_nodes > 0)
		return;
	ret->n_nodes = 1;
	ret->node[0].free_2m = read_number("%s/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", sys);
	ret->node[0].free_1g = read_number("%s/kernel/mm/hugepages/hugepages-1048576kB/free_hugepages", sys);
}

size_t
numa_pages_free_2m(const struct numa_pages *pages)
{
	size_t sum = 0;

	for (uint32_t node = 0; node < pages->n_nodes; node++)
		sum += pages->node[node].free_2m;
	return sum > pages->reserved_2m ? sum - pages->reserved_2m : 0;
}

static int
node_of_cpu(const char *sys, uint16_t cpu)
{
	char path[PATH_MAX];

	for (int node = 0; node < NUMA_NODES_MAX; node++) {
		snprintf(path, sizeof(path), "%s/devices/system/cpu/cpu%u/node%d", sys, cpu, node);
		if (access(path, F_OK) == 0)
			return node;
	}
	return -1;
}

int
numa_node_of_cpus(const char *sys, const uint16_t *cpus, int n)
{
	int node = n > 0 ? node_of_cpu(sys, cpus[0]) : -1;

	for (int i = 1; i < n && node >= 0; i++) {
		if (node_of_cpu(sys, cpus[i]) != node)
			node = -1;
	}
	return node;
}
