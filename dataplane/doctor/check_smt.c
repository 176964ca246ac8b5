/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Simultaneous multithreading: who shares a core with a worker?
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "doctor/checks.h"
#include "doctor/findings.h"

#define SIBLINGS "/sys/devices/system/cpu/cpu%d/topology/thread_siblings_list"

/* One CPU of each core that two workers share. */
static int
shared_by_workers(const struct machine *machine, const cpu_set_t *workers, struct names *ret)
{
	char text[CPUS_TEXT_MAX];

	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		cpu_set_t both;

		if (!CPU_ISSET(cpu, workers))
			continue;
		machine_cpus(machine, &both, SIBLINGS, cpu);
		CPU_AND(&both, &both, workers);
		for (int before = 0; before < cpu; before++) {
			if (CPU_ISSET(before, &both))
				CPU_ZERO(&both); /* said already */
		}
		if (CPU_COUNT(&both) > 1)
			names_add(ret, "%s", cpus_text(&both, text));
	}
	return (int)ret->n;
}

/* The other halves of the workers' cores that other programs may run on. */
static void
open_siblings(const struct machine *machine, const cpu_set_t *workers, cpu_set_t *ret)
{
	cpu_set_t isolated, siblings;

	CPU_ZERO(ret);
	machine_cpus(machine, &isolated, "/sys/devices/system/cpu/isolated");
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, workers))
			continue;
		machine_cpus(machine, &siblings, SIBLINGS, cpu);
		CPU_OR(ret, ret, &siblings);
	}
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (CPU_ISSET(cpu, workers) || CPU_ISSET(cpu, &isolated))
			CPU_CLR(cpu, ret);
	}
}

static void
run(const struct machine *machine, struct findings *findings)
{
	struct names cores = { .n = 0 };
	char text[CPUS_TEXT_MAX], names[NAMES_TEXT_MAX];
	cpu_set_t workers, open;

	if (machine_worker_cpus(machine, &workers) == 0) {
		finding_add(findings, LEVEL_OK, "workers are not pinned, and share cores with everybody");
		return;
	}
	if (shared_by_workers(machine, &workers, &cores) > 0) {
		finding_add(findings, LEVEL_WARN, "workers share a core: CPUs %s", names_text(&cores, names));
		mend_config(machine, findings, 0, "workers.cpus with one CPU of each core");
		return;
	}
	open_siblings(machine, &workers, &open);
	if (CPU_COUNT(&open) == 0) {
		finding_add(findings, LEVEL_OK, "nobody shares a core with a worker");
		return;
	}
	cpus_text(&open, text);
	finding_add(findings, LEVEL_NOTE, "CPU %s shares a core with a worker, and other programs may run there", text);
	finding_mend(findings, "chcpu -d %s   # or isolcpus for it, too", text);
}

const struct check check_smt = {
	.name = "smt",
	.needs_config = true,
	.run = run,
};
