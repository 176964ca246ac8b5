/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Since when ipvsd runs, how often systemd had to start it again, and whether it has the configuration that is there now.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/program_run.h"

#define SYSTEMCTL_MS 1000

static void
since_text(time_t start, char text[64])
{
	long long s = (long long)(time(NULL) - start);

	if (s < 120)
		snprintf(text, 64, "%lld seconds", s > 0 ? s : 0);
	else if (s < 2 * 3600)
		snprintf(text, 64, "%lld minutes", s / 60);
	else if (s < 2 * 86400)
		snprintf(text, 64, "%lld hours", s / 3600);
	else
		snprintf(text, 64, "%lld days", s / 86400);
}

static void
find_age(const struct machine *machine, struct findings *findings, const struct process *process)
{
	time_t start = process_start(machine, process);
	struct stat status;
	char text[64];

	since_text(start, text);
	finding_add(findings, LEVEL_OK, "ipvsd (pid %d) runs since %s", process->pid, text);
	if (start == 0 || stat(machine->config_path, &status) < 0 || status.st_mtime <= start + 1)
		return;
	since_text(status.st_mtime, text);
	finding_add(findings, LEVEL_WARN, "%s was changed %s ago, after ipvsd was started: it has the old one",
		    machine->config_path, text);
	finding_mend(findings, "ipvsd -t -c %s && systemctl restart ipvsd", machine->config_path);
}

/* The value of KEY= in the lines of systemctl show. */
static const char *
value_of(const char *lines, const char *key, char value[64])
{
	const char *line = strstr(lines, key);

	value[0] = '\0';
	if (line)
		snprintf(value, 64, "%.*s", (int)strcspn(line + strlen(key), "\n"), line + strlen(key));
	return value;
}

static void
find_unit(const char *lines, struct findings *findings)
{
	char loaded[64], state[64], result[64], restarts[64];

	if (strcmp(value_of(lines, "LoadState=", loaded), "loaded") != 0) {
		finding_add(findings, LEVEL_NOTE, "systemd has no unit ipvsd.service (%s)",
			    loaded[0] != '\0' ? loaded : "no answer");
		return;
	}
	value_of(lines, "ActiveState=", state);
	value_of(lines, "\nResult=", result);
	value_of(lines, "NRestarts=", restarts);
	if (strcmp(state, "failed") == 0) {
		finding_add(findings, LEVEL_FAIL, "ipvsd.service has failed (%s), after %s restarts", result, restarts);
		finding_mend(findings,
			     "journalctl -u ipvsd -b -n 50; systemctl reset-failed ipvsd; systemctl start ipvsd");
	} else if (strcmp(state, "activating") == 0) {
		finding_add(findings, LEVEL_WARN, "ipvsd.service is starting (%s restarts so far)", restarts);
		finding_mend(findings, "journalctl -u ipvsd -b -n 50");
	} else if (atoi(restarts) > 0) {
		finding_add(findings, LEVEL_WARN,
			    "systemd has restarted ipvsd.service %s times, since it ended by itself", restarts);
		finding_mend(findings, "journalctl -u ipvsd -b -p warning");
	} else {
		finding_add(findings, LEVEL_OK, "ipvsd.service is %s, never restarted", state);
	}
}

static void
ask_systemd(const struct machine *machine, struct findings *findings)
{
	char path[PATH_MAX], text[2048];
	const char *const argv[] = {
		path, "show", "ipvsd.service", "-p", "LoadState,ActiveState,Result,NRestarts", NULL
	};
	int err;

	if (machine_access(machine, F_OK, "/run/systemd/system") < 0 || !machine_program(machine, "systemctl", path))
		return;
	text[0] = '\n'; /* each line has one before it */
	err = program_run(argv, SYSTEMCTL_MS, &text[1], sizeof(text) - 1);
	if (err == 0) {
		find_unit(text, findings);
		return;
	}
	finding_add(findings, LEVEL_NOTE, "systemctl show ipvsd did not answer: %s",
		    err < 0 ? strerror(-err) : "it ended with an error");
}

static void
run(const struct machine *machine, struct findings *findings)
{
	const struct process *process = &machine->instance->process;

	if (process->pid > 0)
		find_age(machine, findings, process);
	if (machine->live)
		ask_systemd(machine, findings);
}

const struct check check_uptime = {
	.name = "uptime",
	.run = run,
};
