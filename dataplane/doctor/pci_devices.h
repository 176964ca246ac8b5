/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * PCI devices of the machine, as /sys/bus/pci shows them, and what ipvsd can do with their drivers.
 */
#ifndef DOCTOR_PCI_DEVICES_H
#define DOCTOR_PCI_DEVICES_H

#include "doctor/machine.h"

struct findings;
struct names;

#define PCI_NAME_MAX 18

struct pci_device {
	char name[PCI_NAME_MAX]; /* 0000:3b:00.0 */
	uint32_t class; /* 0x020000: Ethernet */
	char driver[NAME_MAX + 1]; /* "": none */
	char interface[NAME_MAX + 1]; /* of the kernel, "": none */
	char group[NAME_MAX + 1]; /* of the IOMMU, "": none */
	long node; /* NUMA, -1: not known */
};

enum pci_driver_kind {
	PCI_DRIVER_NONE,
	PCI_DRIVER_KERNEL, /* its interface is the kernel's, and ipvsd can't have it */
	PCI_DRIVER_SHARED, /* DPDK works beside it */
	PCI_DRIVER_VFIO,
	PCI_DRIVER_UIO,
};

/* -ENOENT if there is none of that address. */
int pci_device_read(const struct machine *machine, const char *name, struct pci_device *ret);
bool pci_device_is_network(const struct pci_device *device);
enum pci_driver_kind pci_device_driver_kind(const struct pci_device *device);
/* The machine's network devices, as "0000:3b:00.0 (i40e, eth1)". */
void pci_devices_list(const struct machine *machine, struct names *ret);

/* Groups of the machine's IOMMU; 0: it has none, or it is off. */
int iommu_groups(const struct machine *machine);
/* False for a group that vfio-pci made up to do without one. */
bool iommu_group_is_real(const struct machine *machine, const char *group);
/* May vfio-pci do without one? */
bool iommu_is_dispensed_with(const struct machine *machine);
/* The driver that a device is best bound to, for mend_driver(). */
const char *pci_best_driver(const struct machine *machine);
/* Adds the command that binds the device to a driver. */
void mend_driver(const struct machine *machine, struct findings *findings, const char *name, const char *driver);

/* Does the machine's default route, of either family, leave by this interface? */
bool interface_has_default_route(const struct machine *machine, const char *interface);

#endif
