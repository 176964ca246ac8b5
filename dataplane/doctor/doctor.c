/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The command: gathers what several checks need, asks each check, prints what they found.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <rte_common.h>

#include "control/config_file.h"
#include "core/cleanup.h"
#include "doctor/checks.h"
#include "doctor/doctor.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/service_list.h"

/* In this order: what stops ipvsd first, then what makes it slow, then what it works with. */
static const struct check *const checks[] = {
	&check_configuration, &check_control,	  &check_uptime,    &check_versions,	&check_hugepages,
	&check_memlock,	      &check_ports,	  &check_iommu,	    &check_kernel_path, &check_interfaces,
	&check_cpus,	      &check_numa,	  &check_isolation, &check_governor,	&check_smt,
	&check_keepalived,    &check_kernel_ipvs, &check_services,  &check_servers,
};

static void
usage(FILE *to)
{
	fprintf(to, "Usage: ipvsd doctor [-c FILE] [-v] [--root DIR]\n"
		    "\n"
		    "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_FILE ")\n"
		    "  -v, --verbose      say what is good, too\n"
		    "      --root DIR     look at a machine whose /proc, /sys, /dev and /etc are in DIR\n"
		    "  -h, --help         print this, and exit\n"
		    "\n"
		    "Ends with 1 if something fails, with 0 if not. See ipvsd(8).\n");
}

struct arguments {
	const char *config, *root;
	bool verbose;
};

/* -1: go on; otherwise the exit status. */
static int
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' },
		{ "verbose", no_argument, NULL, 'v' },
		{ "root", required_argument, NULL, 'r' },
		{ "help", no_argument, NULL, 'h' },
		{ NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:vh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 'v':
			ret->verbose = true;
			break;
		case 'r':
			ret->root = optarg;
			break;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ipvsd doctor: unexpected argument '%s'\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	return -1;
}

/* Our own affinity does not tell: of isolated CPUs it has none, though a thread may be put on them. */
static void
leave_usable(cpu_set_t *cpus)
{
	cpu_set_t own, one;

	if (sched_getaffinity(0, sizeof(own), &own) != 0)
		return;
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu++) {
		CPU_ZERO(&one);
		CPU_SET(cpu, &one);
		if (CPU_ISSET(cpu, cpus) && sched_setaffinity(0, sizeof(one), &one) != 0)
			CPU_CLR(cpu, cpus);
	}
	(void)sched_setaffinity(0, sizeof(own), &own);
}

static void
read_cpus(struct machine *machine)
{
	machine_cpus(machine, &machine->cpus, "/sys/devices/system/cpu/online");
	if (machine->live)
		leave_usable(&machine->cpus);
}

/* The one line of checks that could not be asked. */
static void
say_left_out(struct findings *findings, const struct names *names, const char *why)
{
	char text[NAMES_TEXT_MAX];

	if (names->n == 0)
		return;
	findings->check = "doctor";
	finding_add(findings, LEVEL_NOTE, "left out %s: %s", why, names_text(names, text));
}

static void
run_checks(const struct machine *machine, struct findings *findings)
{
	struct names no_config = { .n = 0 }, no_services = { .n = 0 };

	for (size_t i = 0; i < RTE_DIM(checks); i++) {
		const struct check *check = checks[i];

		if (check->needs_config && !machine->config) {
			names_add(&no_config, "%s", check->name);
		} else if (check->needs_services && !machine->services) {
			names_add(&no_services, "%s", check->name);
		} else {
			findings->check = check->name;
			check->run(machine, findings);
		}
	}
	say_left_out(findings, &no_config, "without a configuration");
	say_left_out(findings, &no_services, "without an ipvsd that answers");
}

static int
examine(struct machine *machine, const struct arguments *arguments)
{
	struct findings findings = { .n = 0 };
	struct service_list services;
	struct instance instance;
	int status;

	instance_find(machine, &instance, &services);
	machine->instance = &instance;
	machine->services = instance.state == SOCKET_ANSWERS ? &services : NULL;
	run_checks(machine, &findings);
	findings_print(&findings, arguments->verbose ? LEVEL_OK : LEVEL_NOTE, stdout);
	status = findings_count(&findings, LEVEL_FAIL) > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	if (findings.incomplete) {
		fprintf(stderr, "ipvsd doctor: out of memory; there is more than was said\n");
		status = EXIT_FAILURE;
	}
	findings_free(&findings);
	service_list_free(&services);
	return status;
}

/* The configuration may be the machine's, and in its folder then. */
static int
load(struct machine *machine, const struct arguments *arguments, char path[PATH_MAX], struct config **ret,
     char **ret_errors)
{
	size_t length;
	FILE *errors = open_memstream(ret_errors, &length);

	if (!errors)
		return -ENOMEM;
	if (arguments->config)
		snprintf(path, PATH_MAX, "%s", arguments->config);
	else
		machine_path(machine, path, CONFIG_DEFAULT_FILE);
	machine->config_path = path;
	machine->config_err = config_load(path, ret, errors);
	machine->config = *ret;
	if (fclose(errors) != 0)
		return -ENOMEM;
	machine->config_errors = *ret_errors;
	return 0;
}

static bool
is_folder(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && S_ISDIR(status.st_mode);
}

int
doctor_run(int argc, char **argv)
{
	struct arguments arguments = { .config = NULL };
	struct machine machine = { .root = "", .live = true };
	char path[PATH_MAX], *errors = NULL;
	struct config *config = NULL;
	int status = parse_arguments(argc, argv, &arguments);

	if (status >= 0)
		return status;
	if (arguments.root && !is_folder(arguments.root)) {
		fprintf(stderr, "ipvsd doctor: --root %s: is no folder\n", arguments.root);
		return 2;
	}
	if (arguments.root) {
		machine.root = arguments.root;
		machine.live = false;
	}
	read_cpus(&machine);
	if (load(&machine, &arguments, path, &config, &errors) < 0) {
		fprintf(stderr, "ipvsd doctor: out of memory\n");
		status = EXIT_FAILURE;
	} else {
		status = examine(&machine, &arguments);
	}
	config_free(config);
	free(errors);
	return status;
}
