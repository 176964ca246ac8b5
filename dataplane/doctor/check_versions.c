/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Versions: ipvsd, DPDK, the kernel, and the programs that are to speak to ipvsd.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <rte_version.h>

#include "config.h"
#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/program_file.h"

/* "DPDK 22.11.5": year and month are those of the interface. */
static void
find_dpdk(struct findings *findings)
{
	const unsigned int year = RTE_VER_YEAR, month = RTE_VER_MONTH, minor = RTE_VER_MINOR;
	unsigned int runs_year = 0, runs_month = 0;

	if (sscanf(rte_version(), "%*s %u.%u", &runs_year, &runs_month) == 2 && runs_year == year &&
	    runs_month == month) {
		finding_add(findings, LEVEL_OK, "%s runs with %s, and was built with %u.%02u.%u", PACKAGE_STRING,
			    rte_version(), year, month, minor);
		return;
	}
	finding_add(findings, LEVEL_FAIL, "%s was built with DPDK %u.%02u and runs with %s: their interfaces differ",
		    PACKAGE_STRING, year, month, rte_version());
	finding_mend(findings, "ldconfig -p | grep librte_eal   # install the ipvsd that belongs to this DPDK");
}

static void
find_kernel(const struct machine *machine, struct findings *findings)
{
	char release[128];

	if (machine_read(machine, release, sizeof(release), "/proc/sys/kernel/osrelease") > 0)
		finding_add(findings, LEVEL_OK, "Linux %s", release);
}

/* Has the program been replaced under the running process? */
static void
find_running(const struct machine *machine, struct findings *findings)
{
	pid_t pid = machine->instance->process.pid;
	char target[NAME_MAX + 1], its_path[PATH_MAX];
	struct stat its, ours;

	if (pid == 0 || machine_link(machine, target, "/proc/%d/exe", pid) < 0)
		return;
	machine_path(machine, its_path, "/proc/%d/exe", pid);
	if (strstr(target, " (deleted)")) {
		finding_add(findings, LEVEL_WARN,
			    "ipvsd (pid %d) is an older one: its program was replaced after it was started", pid);
		finding_mend(findings, "systemctl restart ipvsd");
	} else if (machine->live && stat(its_path, &its) == 0 && stat("/proc/self/exe", &ours) == 0 &&
		   (its.st_ino != ours.st_ino || its.st_dev != ours.st_dev)) {
		finding_add(findings, LEVEL_NOTE, "ipvsd (pid %d) is another program than this one", pid);
		finding_mend(findings, "readlink /proc/%d/exe", pid);
	}
}

static void
find_program(const struct machine *machine, struct findings *findings, const char *name, const char *word,
	     const char *package)
{
	char path[PATH_MAX], more[64];
	int patched;

	if (!machine_program(machine, name, path)) {
		finding_add(findings, LEVEL_NOTE, "there is no %s", name);
		mend_package(machine, findings, package, "");
		return;
	}
	patched = program_has_text(path, word);
	if (patched < 0)
		finding_add(findings, LEVEL_NOTE, "%s: %s", path, strerror(-patched));
	else if (patched)
		finding_add(findings, LEVEL_OK, "%s is the one for ipvsd", path);
	else {
		finding_add(findings, LEVEL_NOTE,
			    "%s is the distribution's: it reaches ipvsd through ipvsd-run, without full NAT", path);
		snprintf(more, sizeof(more), "   # or: ipvsd-run %s", name);
		mend_package(machine, findings, package, more);
	}
}

static void
find_shim(const struct machine *machine, struct findings *findings)
{
	if (machine_access(machine, R_OK, IPVSD_SHIM) == 0)
		finding_add(findings, LEVEL_OK, IPVSD_SHIM " is there, for ipvsd-run");
	else
		finding_add(findings, LEVEL_NOTE, "there is no " IPVSD_SHIM ": ipvsd-run does not work");
}

static void
run(const struct machine *machine, struct findings *findings)
{
	find_dpdk(findings);
	find_kernel(machine, findings);
	find_running(machine, findings);
	find_program(machine, findings, "keepalived", KEEPALIVED_WORD, "ipvsd-keepalived");
	find_program(machine, findings, "ipvsadm", IPVSADM_WORD, "ipvsd-ipvsadm");
	find_shim(machine, findings);
}

const struct check check_versions = {
	.name = "versions",
	.run = run,
};
