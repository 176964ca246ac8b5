/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Devices and workers on one NUMA node? Packets that cross to another cost a miss each.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "core/cpu_list.h"
#include "core/numa.h"
#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/pci_devices.h"
#include "port/eal.h"

/* The nodes that workers are on; -1 among them is not counted. */
static void
worker_nodes(const struct machine *machine, const cpu_set_t *workers, bool ret[NUMA_NODES_MAX])
{
	char sys[PATH_MAX];

	machine_path(machine, sys, "/sys");
	memset(ret, 0, NUMA_NODES_MAX * sizeof(*ret));
	for (uint16_t cpu = 0; cpu < CPU_SETSIZE && cpu < CPU_LIST_MAX; cpu++) {
		int node = CPU_ISSET(cpu, workers) ? numa_node_of_cpus(sys, &cpu, 1) : -1;

		if (node >= 0)
			ret[node] = true;
	}
}

/* Does a worker sit beside the device? Then it polls a queue of it from near, at least. */
static void
find_device(const struct machine *machine, struct findings *findings, const struct config_port *port, const char *name,
	    const bool *nodes)
{
	struct pci_device device;
	char text[CPUS_TEXT_MAX];
	cpu_set_t near;

	if (pci_device_read(machine, name, &device) < 0)
		return; /* the check of ports says so */
	if (device.node < 0 || device.node >= NUMA_NODES_MAX) {
		finding_add(findings, LEVEL_NOTE, "port %s: %s does not tell its node", port->name, name);
		return;
	}
	if (nodes[device.node]) {
		finding_add(findings, LEVEL_OK, "port %s: %s and workers are on node %ld", port->name, name,
			    device.node);
		return;
	}
	machine_cpus(machine, &near, "/sys/devices/system/node/node%ld/cpulist", device.node);
	CPU_AND(&near, &near, &machine->cpus);
	finding_add(findings, LEVEL_WARN, "port %s (line %u): %s is on node %ld, and no worker is", port->name,
		    port->line, name, device.node);
	mend_config(machine, findings, 0, "workers.cpus of %s, the CPUs of node %ld", cpus_text(&near, text),
		    device.node);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	struct numa_pages pages;
	bool nodes[NUMA_NODES_MAX];
	char sys[PATH_MAX], name[EAL_PCI_NAME_MAX];
	cpu_set_t workers;

	machine_path(machine, sys, "/sys");
	numa_pages_read(sys, &pages);
	if (pages.n_nodes == 1) {
		finding_add(findings, LEVEL_OK, "one node");
		return;
	}
	if (machine_worker_cpus(machine, &workers) == 0) {
		finding_add(findings, LEVEL_WARN, "%u nodes, and workers that are not pinned wander between them",
			    pages.n_nodes);
		mend_config(machine, findings, 0, "workers.cpus, on the node of the ports' devices");
		return;
	}
	worker_nodes(machine, &workers, nodes);
	finding_add(findings, LEVEL_OK, "%u nodes, workers are pinned", pages.n_nodes);
	for (uint32_t i = 0; i < machine->config->n_ports; i++) {
		const struct config_port *port = &machine->config->ports[i];

		for (uint32_t j = 0; j < port->n_devices; j++) {
			if (eal_is_pci(port->devices[j], name))
				find_device(machine, findings, port, name, nodes);
		}
	}
}

const struct check check_numa = {
	.name = "numa",
	.needs_config = true,
	.run = run,
};
