/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The limit of locked memory: af_xdp and vfio-pci count what a device may reach against it, unless the process has
 * CAP_IPC_LOCK, as root does.
 */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"

#define CAP_IPC_LOCK 14

/* In KB; UINT64_MAX: no limit; 0: not to be learnt. */
static uint64_t
limit_of(const struct machine *machine, pid_t pid)
{
	char text[4096], *line;

	if (machine_read(machine, text, sizeof(text), "/proc/%d/limits", pid) <= 0)
		return 0;
	line = strstr(text, "Max locked memory");
	if (!line)
		return 0;
	line += strlen("Max locked memory");
	line += strspn(line, " ");
	return strncmp(line, "unlimited", 9) == 0 ? UINT64_MAX : strtoull(line, NULL, 10) / 1024;
}

static void
run(const struct machine *machine, struct findings *findings)
{
	pid_t pid = machine->instance->process.pid;
	uint64_t capabilities = 0, kb;

	/* One that root starts has no limit. */
	if (pid == 0)
		return;
	if (process_number(machine, pid, "CapEff", 16, &capabilities) == 0 && (capabilities >> CAP_IPC_LOCK & 1) != 0) {
		finding_add(findings, LEVEL_OK, "ipvsd (pid %d) has CAP_IPC_LOCK, so that there is no limit", pid);
		return;
	}
	kb = limit_of(machine, pid);
	if (kb == UINT64_MAX) {
		finding_add(findings, LEVEL_OK, "ipvsd (pid %d) has no limit", pid);
		return;
	}
	if (kb == 0) {
		finding_add(findings, LEVEL_NOTE, "the limit of ipvsd (pid %d) is not for this user to see", pid);
		finding_mend(findings, "sudo ipvsd doctor");
		return;
	}
	finding_add(findings, LEVEL_WARN,
		    "ipvsd (pid %d) may lock %llu KB and has no CAP_IPC_LOCK: NICs can't reach its memory", pid,
		    (unsigned long long)kb);
	finding_mend(findings,
		     "mkdir -p /etc/systemd/system/ipvsd.service.d && printf '[Service]\\nLimitMEMLOCK=infinity\\n' > "
		     "/etc/systemd/system/ipvsd.service.d/memlock.conf && systemctl daemon-reload && "
		     "systemctl restart ipvsd");
}

const struct check check_memlock = {
	.name = "memlock",
	.run = run,
};
