/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which driver a PCI device has, and what to do about it where DPDK can't work with that.
 */
#ifndef PORT_PCI_DRIVER_H
#define PORT_PCI_DRIVER_H

#include <stdbool.h>
#include <stddef.h>

/* Whether this process may see physical addresses, which DPDK needs with uio drivers: CAP_SYS_ADMIN. */
bool pci_driver_uio_allowed(void);

/* Has device NAME (0000:3b:00.0) a driver that DPDK takes it from, or works beside? SYS: "/sys", but for tests. */
bool pci_driver_is_for_dpdk(const char *sys, const char *name);

/* What keeps DPDK from device NAME, and the remedy, in TEXT. */
#define PCI_DRIVER_TEXT 256
void pci_driver_explain(const char *sys, const char *name, bool uio_allowed, char *text, size_t size);

#endif
