/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The CPUs of the configuration: they exist, may be used, and are enough.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>

#include "core/cpu_list.h"
#include "doctor/checks.h"
#include "doctor/findings.h"

/* False if there is something wrong, which has been said. */
static bool
find_list(const struct machine *machine, struct findings *findings, const char *key, const char *text, cpu_set_t *ret)
{
	char allowed[CPUS_TEXT_MAX];
	uint16_t cpus[CPU_LIST_MAX];
	int n = cpu_list_parse(text, cpus);

	CPU_ZERO(ret);
	cpus_text(&machine->cpus, allowed);
	if (n < 0) {
		finding_add(findings, LEVEL_FAIL, "%s = \"%s\" is no list of CPUs; there are %s", key, text, allowed);
		mend_config(machine, findings, 0, "%s = \"0-3,8\", for example", key);
		return false;
	}
	for (int i = 0; i < n; i++) {
		CPU_SET(cpus[i], ret);
		if (CPU_ISSET(cpus[i], &machine->cpus))
			continue;
		finding_add(findings, LEVEL_FAIL,
			    "%s = \"%s\": CPU %u does not exist or is not to be used; there are %s", key, text, cpus[i],
			    allowed);
		mend_config(machine, findings, 0, "%s with CPUs of these", key);
		return false;
	}
	return true;
}

static void
find_unpinned(const struct machine *machine, struct findings *findings)
{
	const struct config_workers *workers = &machine->config->workers;
	char text[CPUS_TEXT_MAX];
	int n_cpus = CPU_COUNT(&machine->cpus);

	cpus_text(&machine->cpus, text);
	if ((int)workers->count >= n_cpus && workers->idle_us == 0) {
		finding_add(findings, LEVEL_WARN,
			    "%u worker%s that poll%s all the time on %d CPU%s (%s): nothing is left for others",
			    workers->count, plural(workers->count), workers->count == 1 ? "s" : "", n_cpus,
			    plural(n_cpus), text);
		mend_config(machine, findings, 0, "workers = { count = %d; idle = \"50us\"; }",
			    n_cpus > 1 ? n_cpus - 1 : 1);
		return;
	}
	finding_add(findings, LEVEL_NOTE, "%u worker%s not pinned; CPUs are %s", workers->count,
		    workers->count == 1 ? " is" : "s are", text);
	mend_config(machine, findings, 0, "workers.cpus, for the best speed");
}

static void
find_overlap(const struct machine *machine, struct findings *findings, const cpu_set_t *workers,
	     const cpu_set_t *control)
{
	char text[CPUS_TEXT_MAX], left[CPUS_TEXT_MAX];
	cpu_set_t both, free;

	CPU_AND(&both, workers, control);
	if (CPU_COUNT(&both) == 0)
		return;
	CPU_XOR(&free, &machine->cpus, workers);
	CPU_AND(&free, &free, &machine->cpus);
	finding_add(findings, LEVEL_WARN,
		    "CPU %s is a worker's and of control_cpus: the control thread takes its time from packets",
		    cpus_text(&both, text));
	mend_config(machine, findings, 0, "workers.control_cpus = \"%s\"",
		    CPU_COUNT(&free) > 0 ? cpus_text(&free, left) : "others than workers.cpus");
}

static void
find_nothing_left(const struct machine *machine, struct findings *findings, const cpu_set_t *workers)
{
	if (CPU_COUNT(workers) < CPU_COUNT(&machine->cpus))
		return;
	finding_add(findings, LEVEL_WARN,
		    "workers have all %d CPUs: nothing is left for the system and the control thread",
		    CPU_COUNT(workers));
	mend_config(machine, findings, 0, "workers.count = %d, and as many of workers.cpus",
		    CPU_COUNT(workers) > 1 ? CPU_COUNT(workers) - 1 : 1);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	const struct config_workers *workers = &machine->config->workers;
	cpu_set_t pinned, control;
	bool good = true;

	CPU_ZERO(&control);
	if (workers->control_cpus)
		good = find_list(machine, findings, "workers.control_cpus", workers->control_cpus, &control);
	if (!workers->cpus) {
		if (good)
			find_unpinned(machine, findings);
		return;
	}
	good = find_list(machine, findings, "workers.cpus", workers->cpus, &pinned) && good;
	if (!good)
		return;
	if (CPU_COUNT(&pinned) < (int)workers->count) {
		finding_add(findings, LEVEL_FAIL, "workers.cpus = \"%s\" names %d CPUs for %u workers", workers->cpus,
			    CPU_COUNT(&pinned), workers->count);
		mend_config(machine, findings, 0, "workers.count = %d, or more of workers.cpus", CPU_COUNT(&pinned));
		return;
	}
	machine_worker_cpus(machine, &pinned);
	finding_add(findings, LEVEL_OK, "%u worker%s on CPU %s", workers->count, plural(workers->count), workers->cpus);
	find_overlap(machine, findings, &pinned, &control);
	find_nothing_left(machine, findings, &pinned);
}

const struct check check_cpus = {
	.name = "cpus",
	.needs_config = true,
	.run = run,
};
