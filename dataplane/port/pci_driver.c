/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Read from sysfs: Documentation/ABI/testing/sysfs-bus-pci of the kernel.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "port/eal.h"
#include "port/pci_driver.h"

/* "" if the device has none. */
static void
read_driver(const char *sys, const char *name, char ret[NAME_MAX + 1])
{
	char path[PATH_MAX], target[PATH_MAX];
	ssize_t length;

	ret[0] = '\0';
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/driver", sys, name);
	length = readlink(path, target, sizeof(target) - 1);
	if (length <= 0)
		return;
	target[length] = '\0';
	snprintf(ret, NAME_MAX + 1, "%s", basename(target));
}

static bool
is_uio(const char *driver)
{
	return strcmp(driver, "uio_pci_generic") == 0 || strcmp(driver, "igb_uio") == 0;
}

void
pci_driver_explain(const char *sys, const char *name, char *text, size_t size)
{
	char driver[NAME_MAX + 1], path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", sys, name);
	read_driver(sys, name, driver);
	if (access(path, F_OK) != 0)
		snprintf(text, size, "there is no such PCI device; lspci -D lists those that there are");
	else if (driver[0] == '\0')
		snprintf(text, size, "it has no driver; ipvsd-bind gives it one that DPDK works with");
	else if (is_uio(driver) || strcmp(driver, "vfio-pci") == 0)
		snprintf(text, size, "DPDK has no driver for it, or can't open it (%s); see the lines above, and dmesg",
			 driver);
	else
		snprintf(text, size, "the kernel's driver %s has it; ipvsd-bind gives it to DPDK", driver);
}

bool
pci_driver_any_uio(const char *sys, const struct config *config, char *name)
{
	char driver[NAME_MAX + 1];

	for (uint32_t i = 0; i < config->n_ports; i++) {
		for (uint32_t j = 0; j < config->ports[i].n_devices; j++) {
			if (!eal_is_pci(config->ports[i].devices[j], name))
				continue;
			read_driver(sys, name, driver);
			if (is_uio(driver))
				return true;
		}
	}
	return false;
}
