/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A line that will be written. Fetched for reading it would be shared with whoever has looked at it (the control thread
 * lists and sums up counters), and the first write would have to wait until it is taken from him.
 */
#ifndef CORE_PREFETCH_H
#define CORE_PREFETCH_H

#include <stdint.h>

/* As rte_prefetch0_write(), which is experimental in DPDK 22.11 and an ordinary prefetch on x86, where compilers use
 * PREFETCHW only for processors of which they know that it is there; others take it for no operation. */
static inline void
prefetch_to_write(const void *line)
{
#if defined(__x86_64__)
	__asm__ volatile("prefetchw %0" : : "m"(*(const uint8_t *)line));
#else
	__builtin_prefetch(line, 1);
#endif
}

#endif
