/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services in the kernel's own IPVS: made by a program that did not reach ipvsd.
 */
#define _GNU_SOURCE
#include <string.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/program_file.h"

static bool
is_service(const char *line)
{
	return strncmp(line, "TCP ", 4) == 0 || strncmp(line, "UDP ", 4) == 0 || strncmp(line, "SCTP ", 5) == 0 ||
	       strncmp(line, "FWM ", 4) == 0;
}

/* Ours speaks to ipvsd unless it is told not to; the distribution's knows the kernel alone. */
static void
mend(const struct machine *machine, struct findings *findings)
{
	char path[PATH_MAX];

	if (machine_program(machine, "ipvsadm", path) && program_has_text(path, IPVSADM_WORD) == 1)
		finding_mend(findings, "ipvsadm --kernel -Sn > services; ipvsadm --kernel -C; ipvsadm -R < services");
	else
		finding_mend(findings, "ipvsadm -Sn > services; ipvsadm -C; ipvsd-run ipvsadm -R < services");
}

static void
run(const struct machine *machine, struct findings *findings)
{
	char text[65536], *line, *rest = text;
	size_t n = 0;

	if (machine_read(machine, text, sizeof(text), "/proc/net/ip_vs") < 0) {
		finding_add(findings, LEVEL_OK, "the kernel's IPVS is not loaded");
		return;
	}
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (is_service(line))
			n++;
	}
	if (n == 0) {
		finding_add(findings, LEVEL_OK, "the kernel's IPVS is loaded and has no services");
		return;
	}
	finding_add(findings, LEVEL_WARN,
		    "the kernel's own IPVS has %zu service%s: a program that should have spoken to ipvsd made %s there",
		    n, plural(n), n == 1 ? "it" : "them");
	mend(machine, findings);
}

const struct check check_kernel_ipvs = {
	.name = "kernel ipvs",
	.run = run,
};
