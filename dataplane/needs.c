/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "core/config.h"
#include "memory_plan.h"
#include "needs.h"
#include "port/eal.h"

static void
print_pages(const struct config *config, FILE *out)
{
	static const char *const words[] = {
		[HUGEPAGES_AUTO] = "auto", [HUGEPAGES_REQUIRED] = "required", [HUGEPAGES_OFF] = "off"
	};
	struct memory_plan plan;

	fprintf(out, "hugepages %s\n", words[config->memory.hugepages]);
	if (config->memory.hugepages == HUGEPAGES_OFF)
		return;
	memory_plan_make(config, &plan);
	for (uint32_t node = 0; node < plan.n_nodes; node++) {
		if (plan.needed_on[node] > 0)
			fprintf(out, "pages-2m %u %zu\n", node, plan.needed_on[node]);
	}
}

static void
print_port(const struct config_port *port, FILE *out)
{
	static const char *const drivers[] = {
		[BIND_AUTO] = "auto", [BIND_VFIO] = "vfio-pci", [BIND_UIO] = "uio_pci_generic", [BIND_NO] = "no"
	};
	char name[EAL_PCI_NAME_MAX];

	fprintf(out, "interface %s\n", port->kernel);
	for (uint32_t i = 0; i < port->n_devices; i++) {
		if (eal_is_pci(port->devices[i], name))
			fprintf(out, "pci %s %s %s %s %u\n", name, port->name, drivers[port->bind],
				port->bind_in_use ? "in-use" : "unused", port->line);
	}
}

void
needs_print(const struct config *config, FILE *out)
{
	print_pages(config, out);
	for (uint32_t i = 0; i < config->n_ports; i++)
		print_port(&config->ports[i], out);
}
