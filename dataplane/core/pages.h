/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Large zeroed memory that is not DPDK's: connection arenas, per-worker arrays. In a memfd of 2 MB pages where asked
 * for and to be had, so that it can outlive the process later; else of ordinary pages, taken on first use.
 */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* *SIZE is rounded up to whole pages. On NUMA_NODE if >= 0. With HUGEPAGES the memory is there at once or the call
 * falls back to ordinary pages, and says so in the log. NULL if there is no memory. */
void *pages_map(const char *name, size_t *size, int numa_node, bool hugepages);
void pages_unmap(void *memory, size_t size);

/* Free 2 MB pages of the host right now. */
size_t pages_free_huge(void);

#endif
