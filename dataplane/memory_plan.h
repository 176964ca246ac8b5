/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What ipvsd will need of memory that must be there at the start, computed from the configuration before DPDK takes
 * any, and what of it lies in huge pages.
 */
#ifndef MEMORY_PLAN_H
#define MEMORY_PLAN_H

#include <sched.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"
#include "core/numa.h"
#include "port/eal.h"

/* In units of 2 MB. The connections are core/pages.h's, the rest is DPDK's heap. */
struct memory_need {
	size_t packets; /* the pools of buffers */
	size_t packets_4k; /* the same where DPDK has pages of 4 KB: no buffer lies across two */
	size_t packets_on[NUMA_NODES_MAX]; /* of PACKETS: what is for workers on that node; all 0 on a machine of one */
	size_t routes; /* both forwarding tables */
	size_t devices; /* queues of devices and workers, and what DPDK needs for itself */
	size_t connections, connections_ipv6; /* all workers' tables */
	size_t connections_on[NUMA_NODES_MAX]; /* of both: those of the workers on that node; as PACKETS_ON */
};

/* Pure: may be asked before the EAL starts. NODES: of each worker, -1 if on none in particular; NULL on a machine of one
 * node. */
void memory_need_of(const struct config *config, const int *nodes, struct memory_need *ret);

struct memory_plan {
	struct memory_need need;
	size_t needed_2m, free_2m; /* pages; without what DPDK takes in pages of 1 GB */
	size_t needed_on[NUMA_NODES_MAX]; /* of NEEDED_2M; what is on no node in particular is with DPDK's heap */
	size_t total_2m; /* to be written to nr_hugepages so that all have room */
	size_t heap_1g; /* pages of 1 GB that DPDK will take */
	size_t node_lacks; /* pages of 2 MB that are not free on its node */
	uint32_t n_nodes;
	int node;
	struct eal_memory eal; /* for eal_start() */
	bool tables; /* all that is needed is free: connection tables lie in huge pages, too */
};

/* What becomes of NEED on a machine with these free PAGES. NODE: the NUMA node where the control thread will run, -1 if
 * it is on several. */
void memory_plan_on(const struct config *config, const struct memory_need *need, const struct numa_pages *pages,
		    int node, struct memory_plan *ret);
/* The same for this machine, now. */
void memory_plan_make(const struct config *config, struct memory_plan *ret);
/* The same for a machine whose /sys is SYS and that allows CPUS. */
void memory_plan_of_machine(const struct config *config, const char *sys, const cpu_set_t *cpus,
			    struct memory_plan *ret);

/* What is needed, what is free and what to do about it, in one line. SIZE: at least MEMORY_PLAN_TEXT. */
#define MEMORY_PLAN_TEXT 512
void memory_plan_text(const struct config *config, const struct memory_plan *plan, char *text, size_t size);

/* Says in the log what the plan is. -ENOMEM if the configuration demands huge pages that are not there. */
int memory_plan_check(const struct config *config, const struct memory_plan *plan);

#endif
