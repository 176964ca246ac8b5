/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The IOMMU, which vfio-pci wants: is it on, if not why, and is each port's group ours alone?
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/pci_devices.h"
#include "port/eal.h"

#define CLASS_BRIDGE 0x06

/* vfio-pci opens a group only if everything in it is bound to it or to nothing; bridges don't count. */
static void
find_group(const struct machine *machine, struct findings *findings, const struct config_port *port,
	   const struct pci_device *device)
{
	struct names strangers = { .n = 0 };
	char text[NAMES_TEXT_MAX], first[PCI_NAME_MAX] = "";
	struct dirent **names;
	int n = machine_names(machine, &names, "/sys/kernel/iommu_groups/%s/devices", device->group);

	for (int i = 0; i < n; i++) {
		struct pci_device other;

		if (strcmp(names[i]->d_name, device->name) == 0 ||
		    pci_device_read(machine, names[i]->d_name, &other) < 0 || other.driver[0] == '\0' ||
		    pci_device_driver_kind(&other) == PCI_DRIVER_VFIO || other.class >> 16 == CLASS_BRIDGE)
			continue;
		names_add(&strangers, "%s (%s)", other.name, other.driver);
		if (first[0] == '\0')
			strcpy(first, other.name);
	}
	machine_names_free(names, n);
	if (strangers.n == 0)
		return;
	finding_add(findings, LEVEL_FAIL, "port %s (line %u): %s shares IOMMU group %s with %s: vfio-pci can't open it",
		    port->name, port->line, device->name, device->group, names_text(&strangers, text));
	mend_driver(machine, findings, first, "vfio-pci");
}

/* Why there is none: the firmware tells of it in a table of ACPI. */
static void
find_off(const struct machine *machine, struct findings *findings, enum level level)
{
	bool intel = machine_access(machine, F_OK, "/sys/firmware/acpi/tables/DMAR") == 0;
	bool amd = machine_access(machine, F_OK, "/sys/firmware/acpi/tables/IVRS") == 0;

	if (intel || amd) {
		finding_add(findings, level, "off, though the firmware has one: vfio-pci does not work");
		mend_kernel_arguments(machine, findings, intel ? "intel_iommu=on iommu=pt" : "amd_iommu=on iommu=pt");
		return;
	}
	finding_add(
		findings, level,
		"none (in the firmware VT-d or AMD-Vi is off, or this is a virtual machine): vfio-pci does not work");
	if (level == LEVEL_FAIL)
		finding_mend(findings, "modprobe vfio enable_unsafe_noiommu_mode=1; "
				       "echo 1 > /sys/module/vfio/parameters/enable_unsafe_noiommu_mode   # then a "
				       "device can reach all memory");
	else
		finding_mend(findings,
			     "modprobe uio_pci_generic   # does without one; then a device can reach all memory");
}

struct counts {
	size_t n_pci, n_vfio, n_content; /* those do without */
};

static void
look_at_devices(const struct machine *machine, struct findings *findings, struct counts *ret)
{
	*ret = (struct counts){ .n_pci = 0 };
	for (uint32_t i = 0; i < machine->config->n_ports; i++) {
		const struct config_port *port = &machine->config->ports[i];

		for (uint32_t j = 0; j < port->n_devices; j++) {
			char name[EAL_PCI_NAME_MAX];
			enum pci_driver_kind kind;
			struct pci_device device;

			if (!eal_is_pci(port->devices[j], name))
				continue;
			ret->n_pci++;
			if (pci_device_read(machine, name, &device) < 0)
				continue;
			kind = pci_device_driver_kind(&device);
			ret->n_content += kind == PCI_DRIVER_UIO || kind == PCI_DRIVER_SHARED;
			ret->n_vfio += kind == PCI_DRIVER_VFIO;
			if (kind == PCI_DRIVER_VFIO && device.group[0] != '\0' &&
			    iommu_group_is_real(machine, device.group))
				find_group(machine, findings, port, &device);
		}
	}
}

static void
run(const struct machine *machine, struct findings *findings)
{
	int n = iommu_groups(machine);
	struct counts counts;

	look_at_devices(machine, findings, &counts);
	if (counts.n_pci == 0)
		finding_add(findings, LEVEL_OK, "no port is a PCI device, none is needed");
	else if (n > 0)
		finding_add(findings, LEVEL_OK, "on (%d groups): vfio-pci is the driver to use", n);
	else if (counts.n_content == counts.n_pci)
		finding_add(findings, LEVEL_OK, "off, and the ports' drivers do without one");
	else if (iommu_is_dispensed_with(machine))
		finding_add(findings, LEVEL_NOTE, "off, and vfio-pci does without: a device can reach all memory");
	else if (counts.n_vfio > 0)
		find_off(machine, findings, LEVEL_FAIL);
	else
		find_off(machine, findings, LEVEL_WARN);
}

const struct check check_iommu = {
	.name = "iommu",
	.needs_config = true,
	.run = run,
};
