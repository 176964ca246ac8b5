/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Starts DPDK's environment (EAL) as the configuration wants it: memory, CPUs, and which PCI devices it may touch.
 * The control thread is lcore 0, worker W is lcore W + 1.
 */
#ifndef PORT_EAL_H
#define PORT_EAL_H

#include <stdbool.h>

#include "core/config.h"

/* Called once, by the main thread, which becomes lcore 0 and gets its CPUs. *RET_HUGEPAGES: huge pages are used; if not
 * though wanted, a warning says how many were missing. -errno with a line in the log. */
int eal_start(const struct config *config, bool *ret_hugepages);
void eal_stop(void);

static inline unsigned int
eal_worker_lcore(uint32_t worker)
{
	return worker + 1;
}

/* Is this device of the configuration a PCI address ("0000:3b:00.0", "3b:00.1", with or without ",key=value")? Writes the
 * address in its long form to NAME. */
#define EAL_PCI_NAME_MAX 18
bool eal_is_pci(const char *device, char name[EAL_PCI_NAME_MAX]);

#endif
