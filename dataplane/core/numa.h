/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The machine's NUMA nodes: which CPU is on which, and how many huge pages each has left.
 */
#ifndef CORE_NUMA_H
#define CORE_NUMA_H

#include <stddef.h>
#include <stdint.h>

#define NUMA_NODES_MAX 32
#define NUMA_SYS "/sys" /* what SYS is, but for tests */

struct numa_pages {
	uint32_t n_nodes; /* the highest number + 1, at least 1 */
	struct {
		size_t free_2m, free_1g;
	} node[NUMA_NODES_MAX];
	size_t total_2m; /* nr_hugepages: free or not */
	size_t reserved_2m; /* free ones that were promised to someone, on whichever node */
};

void numa_pages_read(const char *sys, struct numa_pages *ret);
/* Free pages of 2 MB that nobody was promised, on all nodes. */
size_t numa_pages_free_2m(const struct numa_pages *pages);

/* The node that all N CPUs are on; -1 if they are on several or that is not to be learnt. */
int numa_node_of_cpus(const char *sys, const uint16_t *cpus, int n);

#endif
