/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Large zeroed memory that is not DPDK's: connection arenas, per-worker arrays. In a memfd of 2 MB pages where asked
 * for, so that it can outlive the process later; else of ordinary pages, taken on first use.
 */
#ifndef CORE_PAGES_H
#define CORE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

#define PAGE ((size_t)4096)
#define HUGEPAGE ((size_t)2 << 20)

/* *SIZE is rounded up to whole pages. On NUMA_NODE if >= 0 and there is room. With HUGEPAGES all of it is there when
 * the call returns. NULL if there is no memory of that kind; *SIZE stays as it was. */
void *pages_map(const char *name, size_t *size, int numa_node, bool hugepages);
void pages_unmap(void *memory, size_t size);

#endif
