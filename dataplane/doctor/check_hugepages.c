/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The huge pages that the configuration needs (memory_plan.h), node by node, against those that are free; of a running
 * ipvsd, those that it has.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <rte_common.h>

#include "control/config_file.h"
#include "core/numa.h"
#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "memory_plan.h"

#define KB_IN_2M 2048

/* In units of 2 MB; DPDK counts those of 1 GB as 512. */
static size_t
held_by(const struct machine *machine, pid_t pid)
{
	uint64_t kb = 0;

	(void)process_number(machine, pid, "HugetlbPages", 10, &kb);
	return (size_t)(kb / KB_IN_2M);
}

static size_t
available_mb(const struct machine *machine)
{
	char text[4096];
	const char *line;
	unsigned long kb = 0;

	if (machine_read(machine, text, sizeof(text), "/proc/meminfo") > 0) {
		line = strstr(text, "MemAvailable:");
		if (line)
			(void)sscanf(line, "MemAvailable: %lu", &kb);
	}
	return kb / 1024;
}

/* ipvsd's service has the pages asked for before it starts, of its own configuration. */
static bool
service_asks(const struct machine *machine)
{
	static const char *const folders[] = { "/usr/lib/systemd/system", "/lib/systemd/system",
					       "/etc/systemd/system" };
	char path[PATH_MAX];

	machine_path(machine, path, "%s", CONFIG_DEFAULT_FILE);
	if (strcmp(machine->config_path, path) != 0 || machine_access(machine, F_OK, "/run/systemd/system") < 0)
		return false;
	for (size_t i = 0; i < RTE_DIM(folders); i++) {
		if (machine_access(machine, F_OK, "%s/ipvsd-hugepages.service", folders[i]) == 0)
			return true;
	}
	return false;
}

/* Pages that can't be had now need fewer connections, or a start of the machine with them. */
static void
mend_total(const struct machine *machine, struct findings *findings, size_t lacking, size_t total)
{
	char arguments[64];

	if (available_mb(machine) > 2 * lacking) {
		finding_mend(findings, "sysctl -w vm.nr_hugepages=%zu   # to stay: in /etc/sysctl.d/ipvsd.conf", total);
		return;
	}
	if (machine->config->limits.connections > (1u << 16)) {
		mend_config(machine, findings, 0,
			    "a lower limits.connections: %zu MB of memory are available, and %zu pages are %zu MB",
			    available_mb(machine), lacking, 2 * lacking);
		return;
	}
	snprintf(arguments, sizeof(arguments), "hugepages=%zu", total);
	mend_kernel_arguments(machine, findings, arguments);
}

/* "node 0: 310 needed, 60 free; node 1: ..." */
static const char *
nodes_text(const struct memory_plan *plan, const struct numa_pages *pages, char *text, size_t size)
{
	size_t length = 0;

	text[0] = '\0';
	for (uint32_t i = 0; i < pages->n_nodes && pages->n_nodes > 1 && length < size; i++)
		length += (size_t)snprintf(&text[length], size - length, "; node %u: %zu needed, %zu free", i,
					   plan->needed_on[i], pages->node[i].free_2m);
	return text;
}

/* The first node with too few, -1 if none has. */
static int
poor_node(const struct memory_plan *plan, const struct numa_pages *pages)
{
	for (uint32_t i = 0; i < pages->n_nodes && pages->n_nodes > 1; i++) {
		if (plan->needed_on[i] > pages->node[i].free_2m)
			return (int)i;
	}
	return -1;
}

static void
mend_nodes(const struct machine *machine, struct findings *findings, const struct memory_plan *plan,
	   const struct numa_pages *pages)
{
	char text[1024] = "";
	size_t length = 0;

	for (uint32_t i = 0; i < pages->n_nodes && length < sizeof(text); i++) {
		long there = 0;

		if (plan->needed_on[i] <= pages->node[i].free_2m)
			continue;
		(void)machine_number(machine, &there,
				     "/sys/devices/system/node/node%u/hugepages/hugepages-2048kB/nr_hugepages", i);
		length += (size_t)snprintf(&text[length], sizeof(text) - length,
					   "%secho %zu > /sys/devices/system/node/node%u/hugepages/hugepages-2048kB/"
					   "nr_hugepages",
					   length > 0 ? "; " : "",
					   (size_t)there + plan->needed_on[i] - pages->node[i].free_2m, i);
	}
	finding_mend(findings, "%s", text);
}

static void
find_need(const struct machine *machine, struct findings *findings, const struct memory_plan *plan,
	  const struct numa_pages *pages)
{
	bool required = machine->config->memory.hugepages == HUGEPAGES_REQUIRED;
	size_t lacking = plan->needed_2m > plan->free_2m ? plan->needed_2m - plan->free_2m : 0;
	int poor = poor_node(plan, pages);
	char nodes[512], of_1g[64] = "";

	nodes_text(plan, pages, nodes, sizeof(nodes));
	if (plan->heap_1g > 0)
		snprintf(of_1g, sizeof(of_1g), " beside %zu of 1 GB for DPDK", plan->heap_1g);
	if (lacking == 0 && poor < 0 && plan->node_lacks == 0) {
		finding_add(findings, LEVEL_OK, "%zu of 2 MB%s are needed, %zu are free%s", plan->needed_2m, of_1g,
			    plan->free_2m, nodes);
		return;
	}
	finding_add(findings, required ? LEVEL_FAIL : LEVEL_WARN, "%zu of 2 MB%s are needed, %zu are free%s: ipvsd %s",
		    plan->needed_2m, of_1g, plan->free_2m, nodes,
		    required		  ? "does not start (memory.hugepages is \"required\")"
		    : lacking == 0	  ? "takes what it can elsewhere, which is slower"
		    : plan->eal.hugepages ? "takes pages of 4 KB for its connections, which is slower"
					  : "takes pages of 4 KB for everything, which is slower");
	if (service_asks(machine) && available_mb(machine) > 2 * lacking)
		finding_mend(findings, "systemctl start ipvsd-hugepages   # as each start of ipvsd.service does");
	else if (poor >= 0)
		mend_nodes(machine, findings, plan, pages);
	else
		mend_total(machine, findings, lacking, plan->total_2m);
}

static void
find_held(const struct machine *machine, struct findings *findings, const struct memory_plan *plan,
	  const struct numa_pages *pages)
{
	pid_t pid = machine->instance->process.pid;
	size_t held = held_by(machine, pid), needed = plan->needed_2m + 512 * plan->heap_1g;
	size_t lacking;

	/* The need is computed with some room. */
	if (held + needed / 10 + 4 >= needed) {
		finding_add(findings, LEVEL_OK, "ipvsd (pid %d) has %zu MB in huge pages, of %zu MB that are needed",
			    pid, 2 * held, 2 * needed);
		return;
	}
	finding_add(
		findings, LEVEL_WARN,
		"ipvsd (pid %d) has %zu MB in huge pages, %zu MB are needed: it took pages of 4 KB, which is slower",
		pid, 2 * held, 2 * needed);
	lacking = needed - held;
	lacking -= lacking < plan->free_2m ? lacking : plan->free_2m;
	if (service_asks(machine))
		finding_mend(findings, "systemctl restart ipvsd   # which asks for huge pages first");
	else if (lacking > 0)
		finding_mend(findings, "sysctl -w vm.nr_hugepages=%zu && systemctl restart ipvsd",
			     pages->total_2m + lacking);
	else
		finding_mend(findings, "systemctl restart ipvsd   # %zu of 2 MB are free now", plan->free_2m);
}

/* Free ones of 1 GB that the plan makes nothing of: connections are in pages of 2 MB. */
static void
find_unused_1g(const struct machine *machine, struct findings *findings, const struct memory_plan *plan,
	       const struct numa_pages *pages)
{
	size_t free_1g = 0;

	for (uint32_t i = 0; i < pages->n_nodes; i++)
		free_1g += pages->node[i].free_1g;
	if (free_1g <= plan->heap_1g)
		return;
	finding_add(findings, LEVEL_NOTE,
		    "%zu of 1 GB are free, ipvsd has use for %zu: connections are in those of 2 MB", free_1g,
		    plan->heap_1g);
	if (machine->instance->process.pid == 0)
		finding_mend(findings, "echo %zu > /sys/kernel/mm/hugepages/hugepages-1048576kB/nr_hugepages",
			     plan->heap_1g);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	struct memory_plan plan;
	struct numa_pages pages;
	char sys[PATH_MAX];

	machine_path(machine, sys, "/sys");
	numa_pages_read(sys, &pages);
	if (machine->live)
		memory_plan_make(machine->config, &plan);
	else
		memory_plan_of_machine(machine->config, sys, &machine->cpus, &plan);
	if (machine->config->memory.hugepages == HUGEPAGES_OFF) {
		finding_add(findings, LEVEL_NOTE,
			    "none are used (memory.hugepages is \"off\"), which is slower; %zu MB of memory are "
			    "needed, %zu "
			    "are available",
			    2 * plan.needed_2m, available_mb(machine));
		return;
	}
	if (machine_access(machine, F_OK, "/sys/kernel/mm/hugepages/hugepages-2048kB") < 0) {
		finding_add(findings, machine->config->memory.hugepages == HUGEPAGES_REQUIRED ? LEVEL_FAIL : LEVEL_WARN,
			    "this kernel has none of 2 MB");
		mend_config(machine, findings, 0, "memory.hugepages = \"off\", or a kernel with CONFIG_HUGETLBFS");
		return;
	}
	if (machine->instance->process.pid > 0)
		find_held(machine, findings, &plan, &pages);
	else
		find_need(machine, findings, &plan, &pages);
	find_unused_1g(machine, findings, &plan, &pages);
}

const struct check check_hugepages = {
	.name = "hugepages",
	.needs_config = true,
	.run = run,
};
