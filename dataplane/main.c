/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsd: arguments, then everything in modules.c.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sysexits.h>

#include "config.h"
#include "control/config_file.h"
#include "core/log.h"
#include "doctor/doctor.h"
#include "memory_plan.h"
#include "modules.h"
#include "needs.h"
#include "reload_request.h"

static void
usage(FILE *to)
{
	fprintf(to, "Usage: ipvsd [-c FILE] [-t | -n]\n"
		    "       ipvsd reload [-c FILE]        has the ipvsd that runs read its configuration again\n"
		    "       ipvsd doctor [-c FILE] [-v]   says what is wrong on this machine, and how to mend it\n"
		    "\n"
		    "  -c, --config FILE  configuration (default " CONFIG_DEFAULT_FILE ")\n"
		    "  -t, --test         check the configuration, say what memory it needs, and exit\n"
		    "  -n, --needs        print what the configuration needs of the machine, for programs, and exit\n"
		    "  -V, --version      print the version, and exit\n"
		    "  -h, --help         print this, and exit\n"
		    "\n"
		    "ipvsd stays in the foreground. See ipvsd(8), ipvsd.conf(5).\n");
}

struct arguments {
	const char *config;
	bool test, needs;
};

/* -1: go on; otherwise the exit status. */
static int
parse_arguments(int argc, char **argv, struct arguments *ret)
{
	static const struct option options[] = {
		{ "config", required_argument, NULL, 'c' }, { "test", no_argument, NULL, 't' },
		{ "needs", no_argument, NULL, 'n' },	    { "version", no_argument, NULL, 'V' },
		{ "help", no_argument, NULL, 'h' },	    { NULL, 0, NULL, 0 },
	};
	int option;

	while ((option = getopt_long(argc, argv, "c:tnVh", options, NULL)) != -1) {
		switch (option) {
		case 'c':
			ret->config = optarg;
			break;
		case 't':
			ret->test = true;
			break;
		case 'n':
			ret->needs = true;
			break;
		case 'V':
			puts(PACKAGE_STRING);
			return EXIT_SUCCESS;
		case 'h':
			usage(stdout);
			return EXIT_SUCCESS;
		default:
			usage(stderr);
			return 2;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "ipvsd: unexpected argument '%s'\n", argv[optind]);
		usage(stderr);
		return 2;
	}
	return -1;
}

static void
report(const char *file, const struct config *config)
{
	struct memory_plan plan;
	char text[MEMORY_PLAN_TEXT];

	memory_plan_make(config, &plan);
	memory_plan_text(config, &plan, text, sizeof(text));
	printf("%s: good\nmemory: %s\n", file, text);
}

int
main(int argc, char **argv)
{
	struct arguments arguments = { .config = CONFIG_DEFAULT_FILE };
	struct config *config = NULL;
	int status;

	if (argc > 1 && strcmp(argv[1], "doctor") == 0)
		return doctor_run(argc - 1, argv + 1);
	if (argc > 1 && strcmp(argv[1], "reload") == 0)
		return reload_request_run(argc - 1, argv + 1);
	status = parse_arguments(argc, argv, &arguments);
	if (status >= 0)
		return status;
	status = config_load_aloud(arguments.config, &config);
	if (status < 0)
		return !arguments.test && config_error_is_lasting(status) ? EX_CONFIG : EXIT_FAILURE;
	if (arguments.test || arguments.needs) {
		if (arguments.test)
			report(arguments.config, config);
		else
			needs_print(config, stdout);
		config_free(config);
		return EXIT_SUCCESS;
	}
	log_open(config->log.level, config->log.syslog);
	status = modules_run(arguments.config, config) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
	config_free(config);
	return status;
}
