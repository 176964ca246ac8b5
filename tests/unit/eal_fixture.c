/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <rte_common.h>
#include <rte_eal.h>

#include "eal_fixture.h"

int
eal_setup(void **state)
{
	char prefix[64];
	char *arguments[] = {
		"test",
		"--no-huge",
		"--no-pci",
		"--no-telemetry",
		"--no-shconf",
		"--log-level=error",
		"--iova-mode=va",
		"--lcores=0@0-1",
		"-m",
		"512",
		prefix,
	};

	(void)state;
	/* The EAL keeps a folder for its run there. */
	if (geteuid() != 0 && setenv("XDG_RUNTIME_DIR", "/tmp", 0) != 0)
		return -1;
	snprintf(prefix, sizeof(prefix), "--file-prefix=unit-%d", (int)getpid());
	if (access("/sys/devices/system/cpu/cpu1", F_OK) != 0)
		arguments[7] = "--lcores=0@0";
	return rte_eal_init(RTE_DIM(arguments), arguments) < 0 ? -1 : 0;
}

int
eal_teardown(void **state)
{
	(void)state;
	return rte_eal_cleanup();
}
