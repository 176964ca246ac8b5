/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Read from sysfs: Documentation/ABI/testing/sysfs-bus-pci of the kernel.
 */
#define _GNU_SOURCE
#include <limits.h>
#include <linux/capability.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

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

bool
pci_driver_is_for_dpdk(const char *sys, const char *name)
{
	char driver[NAME_MAX + 1];

	read_driver(sys, name, driver);
	return is_uio(driver) || strcmp(driver, "vfio-pci") == 0 || strcmp(driver, "mlx4_core") == 0 ||
	       strcmp(driver, "mlx5_core") == 0;
}

/* /proc/self/pagemap has zeros for others. */
bool
pci_driver_uio_allowed(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { { 0 } };

	return syscall(SYS_capget, &header, data) == 0 && (data[0].effective & (1u << CAP_SYS_ADMIN)) != 0;
}

void
pci_driver_explain(const char *sys, const char *name, bool uio_allowed, char *text, size_t size)
{
	char driver[NAME_MAX + 1], path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s", sys, name);
	read_driver(sys, name, driver);
	if (access(path, F_OK) != 0)
		snprintf(text, size, "there is no such PCI device; lspci -D lists those that there are");
	else if (driver[0] == '\0')
		snprintf(text, size, "it has no driver; ipvsd-bind gives it one that DPDK works with");
	else if (is_uio(driver) && !uio_allowed)
		snprintf(text, size,
			 "%s needs CAP_SYS_ADMIN: install -D -m 644 /usr/share/ipvsd/systemd-uio.conf "
			 "/etc/systemd/system/ipvsd.service.d/uio.conf && systemctl daemon-reload, or bind it to "
			 "vfio-pci",
			 driver);
	else if (is_uio(driver) || strcmp(driver, "vfio-pci") == 0)
		snprintf(text, size, "DPDK has no driver for it, or can't open it (%s); see the lines above, and dmesg",
			 driver);
	else
		snprintf(text, size, "the kernel's driver %s has it; ipvsd-bind gives it to DPDK", driver);
}
