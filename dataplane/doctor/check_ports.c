/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The devices of the configured ports: there, and bound to a driver that DPDK can work with, which ipvsd's service lets it
 * open; and none that this machine is reached by.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/pci_devices.h"
#include "doctor/unit_rights.h"
#include "port/eal.h"

/* "port wan (line 3): 0000:3b:00.0" */
#define AT_MAX 384
#define DEVICE_NAME_MAX 64

static void
find_absent(const struct machine *machine, struct findings *findings, const struct config_port *port, const char *at)
{
	struct names there = { .n = 0 };
	char text[NAMES_TEXT_MAX];

	pci_devices_list(machine, &there);
	finding_add(findings, LEVEL_FAIL, "%s: there is no such device; network devices are: %s", at,
		    there.n > 0 ? names_text(&there, text) : "none on PCI");
	mend_config(machine, findings, port->line, "name one of these in devices");
}

/* Where ipvsd's service is installed, so is the command that binds what the configuration names. */
static void
mend_bind(const struct machine *machine, struct findings *findings, const char *name)
{
	char path[PATH_MAX], word[SHELL_WORD_MAX];

	if (machine_program(machine, "ipvsd-bind", path))
		finding_mend(findings, "ipvsd-bind -c %s", shell_word(machine->config_path, word));
	else
		mend_driver(machine, findings, name, pci_best_driver(machine));
}

static void
find_kernel_driver(const struct machine *machine, struct findings *findings, const struct config_port *port,
		   const struct pci_device *device, const char *at)
{
	bool named = device->interface[0] != '\0';

	if (named && interface_has_default_route(machine, device->interface)) {
		finding_add(findings, LEVEL_FAIL,
			    "%s is %s, by which this machine's default route leaves: without it the machine is cut off",
			    at, device->interface);
		mend_config(machine, findings, port->line,
			    "name another device, or have the default route elsewhere: ip route replace default via "
			    "GATEWAY dev INTERFACE");
		return;
	}
	finding_add(findings, LEVEL_FAIL, "%s: the kernel has it still (driver %s%s%s)", at, device->driver,
		    named ? ", interface " : "", device->interface);
	mend_bind(machine, findings, device->name);
}

/* Mellanox: DPDK reaches it through the kernel's verbs. */
static void
find_shared_driver(const struct machine *machine, struct findings *findings, const struct pci_device *device,
		   const char *at)
{
	if (machine_access(machine, F_OK, "/dev/infiniband") < 0) {
		finding_add(findings, LEVEL_FAIL, "%s: driver %s, but there is no /dev/infiniband for DPDK to use it",
			    at, device->driver);
		finding_mend(findings, "modprobe -a ib_uverbs mlx%c_ib", device->driver[3]);
		return;
	}
	if (device->interface[0] != '\0' && interface_has_default_route(machine, device->interface)) {
		finding_add(findings, LEVEL_WARN,
			    "%s is %s, by which this machine's default route leaves: ipvsd takes its packets", at,
			    device->interface);
		finding_mend(findings, "ip route replace default via GATEWAY dev INTERFACE   # of another device");
		return;
	}
	finding_add(findings, LEVEL_OK, "%s: driver %s, beside the kernel", at, device->driver);
}

static void
find_vfio(const struct machine *machine, struct findings *findings, const struct pci_device *device, const char *at)
{
	const char *kind = iommu_group_is_real(machine, device->group) ? "" : "noiommu-";
	int err = machine_access(machine, R_OK | W_OK, "/dev/vfio/%s%s", kind, device->group);

	if (err == -EACCES) {
		finding_add(findings, LEVEL_NOTE, "%s: driver vfio-pci; /dev/vfio/%s%s is not for this user to open",
			    at, kind, device->group);
	} else if (err < 0) {
		finding_add(findings, LEVEL_FAIL, "%s: driver vfio-pci, but there is no /dev/vfio/%s%s", at, kind,
			    device->group);
		finding_mend(findings, "udevadm trigger --subsystem-match=vfio && udevadm settle");
	} else {
		finding_add(findings, LEVEL_OK, "%s: driver vfio-pci, /dev/vfio/%s%s", at, kind, device->group);
	}
}

static void
find_pci(const struct machine *machine, struct findings *findings, const struct config_port *port, const char *name,
	 const char *at)
{
	struct pci_device device;

	if (pci_device_read(machine, name, &device) < 0) {
		find_absent(machine, findings, port, at);
		return;
	}
	if (!pci_device_is_network(&device)) {
		finding_add(findings, LEVEL_FAIL, "%s is no network device: its class is 0x%06x", at, device.class);
		mend_config(machine, findings, port->line, "name a network device in devices");
		return;
	}
	switch (pci_device_driver_kind(&device)) {
	case PCI_DRIVER_NONE:
		finding_add(findings, LEVEL_FAIL, "%s has no driver", at);
		mend_bind(machine, findings, name);
		break;
	case PCI_DRIVER_KERNEL:
		find_kernel_driver(machine, findings, port, &device, at);
		break;
	case PCI_DRIVER_SHARED:
		find_shared_driver(machine, findings, &device, at);
		break;
	case PCI_DRIVER_VFIO:
		find_vfio(machine, findings, &device, at);
		break;
	case PCI_DRIVER_UIO:
		finding_add(findings, LEVEL_OK, "%s: driver %s", at, device.driver);
		break;
	}
}

/* NAME is set in any case. */
static bool
is_uios(const struct machine *machine, const char *device, char name[DEVICE_NAME_MAX])
{
	struct pci_device found;

	if (eal_is_pci(device, name))
		return pci_device_read(machine, name, &found) == 0 && pci_device_driver_kind(&found) == PCI_DRIVER_UIO;
	snprintf(name, DEVICE_NAME_MAX, "%.*s", (int)strcspn(device, ","), device);
	return false;
}

/* uio's registers and physical addresses, and the maps of af_xdp, are for CAP_SYS_ADMIN (ADMIN). */
static void
list_needs(const struct machine *machine, struct names *admin, struct names *uio)
{
	char name[DEVICE_NAME_MAX];

	for (uint32_t i = 0; i < machine->config->n_ports; i++) {
		const struct config_port *port = &machine->config->ports[i];

		for (uint32_t j = 0; j < port->n_devices; j++) {
			bool is_uio = is_uios(machine, port->devices[j], name);

			if (is_uio)
				names_add(uio, "%s", name);
			if (is_uio || strncmp(port->devices[j], "net_af_xdp", 10) == 0)
				names_add(admin, "%s", name);
		}
	}
}

static void
add_refused(const struct machine *machine, struct findings *findings, const struct names *names, const char *why)
{
	char text[NAMES_TEXT_MAX];

	/* One that runs was started otherwise, or before the last change. */
	finding_add(findings, machine->instance->process.pid > 0 ? LEVEL_WARN : LEVEL_FAIL,
		    "ipvsd.service can't open %s: it lacks %s", names_text(names, text), why);
	finding_mend(findings, "install -D -m 644 /usr/share/ipvsd/systemd-uio.conf "
			       "/etc/systemd/system/ipvsd.service.d/uio.conf && systemctl daemon-reload");
}

/* The service is without it, and drops in what gives it only where it is needed. */
static void
find_service(const struct machine *machine, struct findings *findings)
{
	struct names admin = { .n = 0 }, uio = { .n = 0 };
	struct unit unit;
	bool is_there;

	list_needs(machine, &admin, &uio);
	if (admin.n == 0)
		return;
	is_there = unit_read(machine, "ipvsd.service", &unit) == 0;
	if (is_there && !unit_may_have(&unit, "CAP_SYS_ADMIN"))
		add_refused(machine, findings, &admin, "CAP_SYS_ADMIN, which uio drivers and af_xdp need");
	else if (is_there && uio.n > 0 && !unit_may_open(&unit, "uio"))
		add_refused(machine, findings, &uio, "char-uio in DeviceAllow, which uio drivers need");
	unit_free(&unit);
}

/* "net_af_packet0,iface=eth1": the interface that it sits on; false if there is none. */
static bool
interface_below(const char *device, char interface[32])
{
	const char *found = strstr(device, "iface=");
	size_t length;

	if (!found || (strncmp(device, "net_af_packet", 13) != 0 && strncmp(device, "net_af_xdp", 10) != 0))
		return false;
	found += strlen("iface=");
	length = strcspn(found, ",");
	if (length >= 32)
		length = 31;
	memcpy(interface, found, length);
	interface[length] = '\0';
	return true;
}

static void
list_interfaces(const struct machine *machine, struct names *ret)
{
	struct dirent **names;
	int n = machine_names(machine, &names, "/sys/class/net");

	for (int i = 0; i < n; i++) {
		if (strcmp(names[i]->d_name, "lo") != 0)
			names_add(ret, "%s", names[i]->d_name);
	}
	machine_names_free(names, n);
}

static void
find_interface_below(const struct machine *machine, struct findings *findings, const struct config_port *port,
		     const char *interface, const char *at)
{
	struct names there = { .n = 0 };
	char names[NAMES_TEXT_MAX], state[32], word[SHELL_WORD_MAX];

	if (machine_access(machine, F_OK, "/sys/class/net/%s", interface) < 0) {
		list_interfaces(machine, &there);
		finding_add(findings, LEVEL_FAIL, "%s: there is no interface %s; there are: %s", at, interface,
			    there.n > 0 ? names_text(&there, names) : "none");
		mend_config(machine, findings, port->line, "name one of these as iface");
	} else if (interface_has_default_route(machine, interface)) {
		finding_add(findings, LEVEL_WARN,
			    "%s: this machine's default route leaves by %s; it must carry no addresses of its own", at,
			    interface);
		mend_config(machine, findings, port->line, "name another interface as iface");
	} else if (machine_read(machine, state, sizeof(state), "/sys/class/net/%s/operstate", interface) > 0 &&
		   (strcmp(state, "down") == 0 || strcmp(state, "lowerlayerdown") == 0)) {
		finding_add(findings, LEVEL_WARN, "%s: %s is down", at, interface);
		finding_mend(findings, "ip link set %s up", shell_word(interface, word));
	} else
		finding_add(findings, LEVEL_OK, "%s", at);
}

static void
find_device(const struct machine *machine, struct findings *findings, const struct config_port *port,
	    const char *device)
{
	char at[AT_MAX], name[EAL_PCI_NAME_MAX], interface[32];
	bool is_pci = eal_is_pci(device, name);

	snprintf(at, sizeof(at), "port %s (line %u): %s", port->name, port->line, is_pci ? name : device);
	if (is_pci)
		find_pci(machine, findings, port, name, at);
	else if (interface_below(device, interface))
		find_interface_below(machine, findings, port, interface, at);
	else
		finding_add(findings, LEVEL_OK, "%s: no device of this machine", at);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	for (uint32_t i = 0; i < machine->config->n_ports; i++) {
		const struct config_port *port = &machine->config->ports[i];

		for (uint32_t j = 0; j < port->n_devices; j++)
			find_device(machine, findings, port, port->devices[j]);
	}
	find_service(machine, findings);
}

const struct check check_ports = {
	.name = "ports",
	.needs_config = true,
	.run = run,
};
