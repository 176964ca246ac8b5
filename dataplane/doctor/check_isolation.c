/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Are the workers' CPUs kept free of other programs (isolcpus) and of the kernel's ticks (nohz_full)?
 */
#define _GNU_SOURCE
#include <stdio.h>

#include "doctor/checks.h"
#include "doctor/findings.h"

/* Those of WORKERS that are not in the list of a file. */
static int
missing(const struct machine *machine, const cpu_set_t *workers, const char *path, cpu_set_t *ret)
{
	cpu_set_t listed;

	machine_cpus(machine, &listed, "%s", path);
	CPU_AND(ret, workers, &listed);
	CPU_XOR(ret, ret, workers);
	return CPU_COUNT(ret);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	char text[CPUS_TEXT_MAX], arguments[4 * CPUS_TEXT_MAX];
	cpu_set_t workers, shared, ticking;
	int n_shared, n_ticking;

	if (machine_worker_cpus(machine, &workers) == 0) {
		finding_add(findings, LEVEL_OK, "workers are not pinned, there is nothing to isolate");
		return;
	}
	if (CPU_COUNT(&workers) >= CPU_COUNT(&machine->cpus)) {
		finding_add(findings, LEVEL_NOTE, "workers have all CPUs, which can't be isolated");
		return;
	}
	n_shared = missing(machine, &workers, "/sys/devices/system/cpu/isolated", &shared);
	n_ticking = missing(machine, &workers, "/sys/devices/system/cpu/nohz_full", &ticking);
	if (n_shared == 0 && n_ticking == 0) {
		finding_add(findings, LEVEL_OK, "the workers' CPUs are isolated and without ticks: %s",
			    cpus_text(&workers, text));
		return;
	}
	if (n_shared > 0)
		finding_add(findings, LEVEL_WARN, "other programs may run on CPU %s, a worker's (isolcpus)",
			    cpus_text(&shared, text));
	else
		finding_add(findings, LEVEL_WARN, "the kernel's tick interrupts CPU %s, a worker's (nohz_full)",
			    cpus_text(&ticking, text));
	cpus_text(&workers, text);
	snprintf(arguments, sizeof(arguments), "isolcpus=%s nohz_full=%s rcu_nocbs=%s", text, text, text);
	mend_kernel_arguments(machine, findings, arguments);
}

const struct check check_isolation = {
	.name = "isolation",
	.needs_config = true,
	.run = run,
};
