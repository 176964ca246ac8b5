/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel interfaces of the ports: while ipvsd runs they are there and up; before, their names are free.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if.h>
#include <stdlib.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"

static bool
is_up(const struct machine *machine, const char *interface)
{
	char text[32];

	return machine_read(machine, text, sizeof(text), "/sys/class/net/%s/flags", interface) > 0 &&
	       (strtoul(text, NULL, 16) & IFF_UP) != 0;
}

static bool
has_carrier(const struct machine *machine, const char *interface)
{
	long carrier = 0;

	return machine_number(machine, &carrier, "/sys/class/net/%s/carrier", interface) == 0 && carrier == 1;
}

static void
find_of_running(const struct machine *machine, struct findings *findings, const struct config_port *port)
{
	const char *name = port->kernel;

	if (machine_access(machine, F_OK, "/sys/class/net/%s", name) < 0) {
		finding_add(findings, LEVEL_FAIL,
			    "port %s (line %u): ipvsd runs, and its kernel interface %s is not there", port->name,
			    port->line, name);
		finding_mend(findings, "systemctl restart ipvsd");
	} else if (!is_up(machine, name)) {
		finding_add(findings, LEVEL_FAIL, "port %s: its kernel interface %s is down, and so is the port",
			    port->name, name);
		finding_mend(findings, "ip link set %s up", name);
	} else if (!has_carrier(machine, name)) {
		finding_add(findings, LEVEL_WARN, "port %s: %s has no carrier: no link at the device", port->name,
			    name);
		finding_mend(findings, "ip -s link show %s   # look at the cable and at the switch", name);
	} else
		finding_add(findings, LEVEL_OK, "port %s: kernel interface %s is up", port->name, name);
}

static void
find_of_stopped(const struct machine *machine, struct findings *findings, const struct config_port *port)
{
	const char *name = port->kernel;

	if (machine_access(machine, F_OK, "/sys/class/net/%s", name) < 0)
		finding_add(findings, LEVEL_OK, "port %s: the name %s is free", port->name, name);
	else if (machine_access(machine, F_OK, "/sys/class/net/%s/tun_flags", name) == 0)
		finding_add(findings, LEVEL_OK, "port %s: kernel interface %s was kept, and waits for ipvsd",
			    port->name, name);
	else {
		finding_add(findings, LEVEL_FAIL,
			    "port %s (line %u): its kernel interface is to be %s, which is another interface's name",
			    port->name, port->line, name);
		mend_config(machine, findings, port->line, "kernel = \"another name\" in this port");
	}
}

static void
run(const struct machine *machine, struct findings *findings)
{
	pid_t pid = machine->instance->process.pid;

	if (pid > 0 && !process_in_our_network(machine, pid)) {
		finding_add(findings, LEVEL_NOTE, "ipvsd (pid %d) is in another network namespace: not looked at", pid);
		finding_mend(findings, "nsenter -t %d -n ipvsd doctor", pid);
		return;
	}
	for (uint32_t i = 0; i < machine->config->n_ports; i++) {
		if (pid > 0)
			find_of_running(machine, findings, &machine->config->ports[i]);
		else
			find_of_stopped(machine, findings, &machine->config->ports[i]);
	}
}

const struct check check_interfaces = {
	.name = "interfaces",
	.needs_config = true,
	.run = run,
};
