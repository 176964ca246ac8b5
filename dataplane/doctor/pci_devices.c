/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See pci_devices.h; Documentation/ABI/testing/sysfs-bus-pci of the kernel, and DPDK's guide to Linux drivers.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "doctor/findings.h"
#include "doctor/pci_devices.h"

#define DEVICES "/sys/bus/pci/devices"
#define CLASS_NETWORK 0x02

static uint32_t
read_class(const struct machine *machine, const char *name)
{
	char text[32];

	return machine_read(machine, text, sizeof(text), DEVICES "/%s/class", name) > 0
		       ? (uint32_t)strtoul(text, NULL, 16)
		       : 0;
}

/* virtio has its interface a folder further down. */
static void
read_interface(const struct machine *machine, const char *name, char ret[NAME_MAX + 1])
{
	struct dirent **names, **below;
	int n = machine_names(machine, &names, DEVICES "/%s/net", name), n_below;

	if (n > 0)
		strcpy(ret, names[0]->d_name);
	machine_names_free(names, n);
	if (n > 0)
		return;
	n = machine_names(machine, &names, DEVICES "/%s", name);
	for (int i = 0; i < n && ret[0] == '\0'; i++) {
		if (strncmp(names[i]->d_name, "virtio", 6) != 0)
			continue;
		n_below = machine_names(machine, &below, DEVICES "/%s/%s/net", name, names[i]->d_name);
		if (n_below > 0)
			strcpy(ret, below[0]->d_name);
		machine_names_free(below, n_below);
	}
	machine_names_free(names, n);
}

int
pci_device_read(const struct machine *machine, const char *name, struct pci_device *ret)
{
	*ret = (struct pci_device){ .node = -1 };
	if (machine_access(machine, F_OK, DEVICES "/%s", name) < 0)
		return -ENOENT;
	snprintf(ret->name, sizeof(ret->name), "%s", name);
	ret->class = read_class(machine, name);
	/* Each stays empty if it isn't there. */
	(void)machine_link(machine, ret->driver, DEVICES "/%s/driver", name);
	(void)machine_link(machine, ret->group, DEVICES "/%s/iommu_group", name);
	(void)machine_number(machine, &ret->node, DEVICES "/%s/numa_node", name);
	read_interface(machine, name, ret->interface);
	return 0;
}

bool
pci_device_is_network(const struct pci_device *device)
{
	return device->class >> 16 == CLASS_NETWORK;
}

enum pci_driver_kind
pci_device_driver_kind(const struct pci_device *device)
{
	static const struct {
		const char *name;
		enum pci_driver_kind kind;
	} drivers[] = {
		{ "", PCI_DRIVER_NONE },
		{ "vfio-pci", PCI_DRIVER_VFIO },
		{ "uio_pci_generic", PCI_DRIVER_UIO },
		{ "igb_uio", PCI_DRIVER_UIO },
		{ "mlx4_core", PCI_DRIVER_SHARED },
		{ "mlx5_core", PCI_DRIVER_SHARED },
	};

	for (size_t i = 0; i < RTE_DIM(drivers); i++) {
		if (strcmp(device->driver, drivers[i].name) == 0)
			return drivers[i].kind;
	}
	return PCI_DRIVER_KERNEL;
}

bool
iommu_group_is_real(const struct machine *machine, const char *group)
{
	char name[32];

	return machine_read(machine, name, sizeof(name), "/sys/kernel/iommu_groups/%s/name", group) <= 0 ||
	       strcmp(name, "vfio-noiommu") != 0;
}

int
iommu_groups(const struct machine *machine)
{
	struct dirent **names;
	int n = machine_names(machine, &names, "/sys/kernel/iommu_groups"), n_real = 0;

	for (int i = 0; i < n; i++)
		n_real += iommu_group_is_real(machine, names[i]->d_name);
	machine_names_free(names, n);
	return n_real;
}

bool
iommu_is_dispensed_with(const struct machine *machine)
{
	char text[8];

	return machine_read(machine, text, sizeof(text), "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode") >
		       0 &&
	       text[0] == 'Y';
}

const char *
pci_best_driver(const struct machine *machine)
{
	return iommu_groups(machine) > 0 || iommu_is_dispensed_with(machine) ? "vfio-pci" : "uio_pci_generic";
}

void
mend_driver(const struct machine *machine, struct findings *findings, const char *name, const char *driver)
{
	char path[PATH_MAX];

	if (machine_program(machine, "driverctl", path))
		finding_mend(findings, "driverctl set-override %s %s", name, driver);
	else
		finding_mend(findings,
			     "modprobe %s; echo %s > " DEVICES "/%s/driver_override; echo %s > " DEVICES
			     "/%s/driver/unbind; echo %s > /sys/bus/pci/drivers_probe",
			     driver, driver, name, name, name, name);
}

/* Routes of IPv4: interface, destination, gateway, flags, reference count, use, metric, mask. */
static bool
has_default_ipv4(const struct machine *machine, const char *interface)
{
	char text[65536], *line, *rest = text, name[32];
	unsigned int destination, mask;

	if (machine_read(machine, text, sizeof(text), "/proc/net/route") <= 0)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (sscanf(line, "%31s %x %*x %*x %*d %*d %*d %x", name, &destination, &mask) == 3 &&
		    destination == 0 && mask == 0 && strcmp(name, interface) == 0)
			return true;
	}
	return false;
}

/* Of IPv6: destination, its length, source, its length, next hop, metric, two counts, flags, interface. */
static bool
has_default_ipv6(const struct machine *machine, const char *interface)
{
	char text[65536], *line, *rest = text, name[32];
	unsigned int length;

	if (machine_read(machine, text, sizeof(text), "/proc/net/ipv6_route") <= 0)
		return false;
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (sscanf(line, "%*s %x %*s %*x %*s %*x %*x %*x %*x %31s", &length, name) == 2 && length == 0 &&
		    strcmp(name, interface) == 0)
			return true;
	}
	return false;
}

bool
interface_has_default_route(const struct machine *machine, const char *interface)
{
	return has_default_ipv4(machine, interface) || has_default_ipv6(machine, interface);
}

void
pci_devices_list(const struct machine *machine, struct names *ret)
{
	struct dirent **names;
	int n = machine_names(machine, &names, DEVICES);

	for (int i = 0; i < n; i++) {
		struct pci_device device;

		if (pci_device_read(machine, names[i]->d_name, &device) < 0 || !pci_device_is_network(&device))
			continue;
		names_add(ret, "%s (%s%s%s%s)", device.name, device.driver[0] != '\0' ? device.driver : "no driver",
			  device.interface[0] != '\0' ? ", " : "", device.interface,
			  device.interface[0] != '\0' && interface_has_default_route(machine, device.interface)
				  ? ", the default route's"
				  : "");
	}
	machine_names_free(names, n);
}
