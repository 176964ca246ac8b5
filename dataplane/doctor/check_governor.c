/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The frequency governor of the workers' CPUs.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/findings.h"

#define GOVERNOR "/sys/devices/system/cpu/cpu%d/cpufreq/scaling_governor"

static void
run(const struct machine *machine, struct findings *findings)
{
	cpu_set_t workers, slow;
	char governor[32], other[32] = "", text[CPUS_TEXT_MAX];
	int n_seen = 0;

	if (machine_worker_cpus(machine, &workers) == 0)
		workers = machine->cpus;
	CPU_ZERO(&slow);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		if (!CPU_ISSET(cpu, &workers) || machine_read(machine, governor, sizeof(governor), GOVERNOR, cpu) <= 0)
			continue;
		n_seen++;
		if (strcmp(governor, "performance") == 0)
			continue;
		CPU_SET(cpu, &slow);
		strcpy(other, governor);
	}
	if (n_seen == 0) {
		finding_add(findings, LEVEL_OK,
			    "the kernel does not set frequencies here (a virtual machine, or the firmware does)");
		return;
	}
	if (CPU_COUNT(&slow) == 0) {
		finding_add(findings, LEVEL_OK, "performance on CPU %s", cpus_text(&workers, text));
		return;
	}
	finding_add(findings, LEVEL_WARN, "%s on CPU %s: a worker that waits for packets is clocked down", other,
		    cpus_text(&slow, text));
	finding_mend(findings, "cpupower -c %s frequency-set -g performance", text);
}

const struct check check_governor = {
	.name = "governor",
	.needs_config = true,
	.run = run,
};
