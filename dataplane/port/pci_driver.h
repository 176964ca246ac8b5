/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which driver a PCI device has, and what to do about it where DPDK can't work with that.
 */
#ifndef PORT_PCI_DRIVER_H
#define PORT_PCI_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

#include "core/config.h"

/* What keeps DPDK from device NAME (0000:3b:00.0), and the remedy, in TEXT. SYS: "/sys", but for tests. */
#define PCI_DRIVER_TEXT 256
void pci_driver_explain(const char *sys, const char *name, char *text, size_t size);

/* The first device of the configuration that is bound to a driver of the uio kind, in NAME of EAL_PCI_NAME_MAX bytes. */
bool pci_driver_any_uio(const char *sys, const struct config *config, char *name);

#endif
