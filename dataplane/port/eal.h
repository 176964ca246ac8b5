/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Starts DPDK's environment (EAL) as the configuration wants it: memory, CPUs, and which PCI devices it may touch.
 * The control thread is lcore 0, worker W is lcore W + 1.
 */
#ifndef PORT_EAL_H
#define PORT_EAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/config.h"

struct eal_memory {
	size_t heap; /* bytes that DPDK's allocator gets at once */
	bool hugepages; /* it may take more of them later; without, that is all there will be */
	int node; /* NUMA node to take them from, -1: as they come */
};

/* Called once, by the main thread, which becomes lcore 0 and gets its CPUs. -errno with a line in the log. */
int eal_start(const struct config *config, const struct eal_memory *memory);
void eal_stop(void);
/* Says in the log, at level debug, how much of DPDK's heap is in use. */
void eal_log_heap(void);

static inline unsigned int
eal_worker_lcore(uint32_t worker)
{
	return worker + 1;
}

/* The NUMA node of the CPUs that a worker may run on; -1 if they are on several. DPDK itself goes by an lcore's number,
 * as if it were a CPU's. */
int eal_worker_node(uint32_t worker);

/* Is this device of the configuration a PCI address ("0000:3b:00.0", "3b:00.1", with or without ",key=value")? Writes the
 * address in its long form to NAME. */
#define EAL_PCI_NAME_MAX 18
bool eal_is_pci(const char *device, char name[EAL_PCI_NAME_MAX]);

#endif
