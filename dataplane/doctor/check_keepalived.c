/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The running keepalived: does it speak to this ipvsd, and what does it say of its own configuration?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/keepalived_setup.h"
#include "doctor/left_out.h"
#include "doctor/program_file.h"
#include "doctor/program_run.h"
#include "doctor/unix_peers.h"

#define TEST_MS 2000
#define COMPLAINTS_SHOWN 3

/* 1: one of its processes has a connection to ipvsd; 0: none has; -errno: not to be seen. */
static int
is_connected(const struct machine *machine, const struct keepalived *keepalived)
{
	struct unix_peers peers;
	int held = unix_peers_read(machine->instance->socket, &peers);

	if (held < 0)
		return held;
	for (int i = 0; i < keepalived->n && held == 0; i++)
		held = unix_peers_held(machine, &peers, keepalived->processes[i].pid);
	unix_peers_free(&peers);
	return held;
}

static void
find_connected(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	finding_add(findings, LEVEL_OK, "keepalived (pid %d, %s) is connected to ipvsd", keepalived->parent->pid,
		    keepalived->file);
	if (machine->services)
		find_left_out(findings, &keepalived->contents, machine->services);
}

/* A socket may be there or not yet: it is the same if the folder is. */
static bool
is_same_socket(const struct machine *machine, const char *a, const char *b)
{
	const char *a_name = strrchr(a, '/'), *b_name = strrchr(b, '/');
	char a_folder[PATH_MAX], b_folder[PATH_MAX];
	struct stat a_status, b_status;

	if (strcmp(a, b) == 0)
		return true;
	if (!a_name || !b_name || strcmp(a_name, b_name) != 0)
		return false;
	machine_path(machine, a_folder, "%.*s", (int)(a_name - a + 1), a);
	machine_path(machine, b_folder, "%.*s", (int)(b_name - b + 1), b);
	return stat(a_folder, &a_status) == 0 && stat(b_folder, &b_status) == 0 && a_status.st_dev == b_status.st_dev &&
	       a_status.st_ino == b_status.st_ino;
}

/* By its file and option it goes to another socket than the configuration has. */
static bool
goes_elsewhere(const struct machine *machine, const struct keepalived *keepalived)
{
	const char *its = keepalived_socket(keepalived);

	return machine->config && its && !keepalived->is_stock &&
	       !is_same_socket(machine, its, machine->config->control.socket);
}

static void
find_elsewhere(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived,
	       enum level level)
{
	bool in_file = keepalived->contents.socket[0] != '\0';

	finding_add(findings, level, "keepalived looks for ipvsd at %s (%s%s), and control.socket in %s is %s",
		    keepalived_socket(keepalived),
		    in_file ? "lvs_control_socket in " : "its option --" KEEPALIVED_SOCKET_OPTION,
		    in_file ? keepalived->contents.socket_file : "", machine->config_path,
		    machine->config->control.socket);
	mend_keepalived_socket(machine, findings, keepalived, machine->config->control.socket);
}

/* Why it is not. */
static void
find_unconnected(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	const char *ours = machine->instance->socket, *its = keepalived_socket(keepalived);
	pid_t pid = keepalived->parent->pid;
	char word[SHELL_WORD_MAX], more[PATH_MAX];

	if (keepalived->is_stock) {
		finding_add(findings, LEVEL_FAIL,
			    "keepalived (pid %d) is the distribution's, and speaks to the kernel's IPVS, not to ipvsd",
			    pid);
		shell_word(keepalived->file, word);
		snprintf(more, sizeof(more), "   # or: ipvsd-run -s %s keepalived -f %s", ours, word);
		mend_package(machine, findings, "ipvsd-keepalived", more);
	} else if (!its) {
		finding_add(findings, LEVEL_FAIL,
			    "keepalived (pid %d) speaks to the kernel's IPVS: %s has no lvs_control_socket", pid,
			    keepalived->file);
		mend_keepalived_socket(machine, findings, keepalived, ours);
	} else if (goes_elsewhere(machine, keepalived)) {
		find_elsewhere(machine, findings, keepalived, LEVEL_FAIL);
	} else {
		finding_add(findings, LEVEL_FAIL, "keepalived (pid %d) has no connection to %s", pid, its);
		finding_mend(findings, "journalctl -t Keepalived_healthcheckers -n 50; systemctl restart keepalived");
	}
}

/* Of a keepalived that has virtual servers, on this machine. */
static void
find_connection(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	pid_t pid = keepalived->parent->pid;
	int connected;

	if (machine->instance->process.pid == 0 || !process_in_our_network(machine, machine->instance->process.pid)) {
		finding_add(findings, LEVEL_WARN, "keepalived (pid %d) has virtual servers, and no ipvsd runs here",
			    pid);
		finding_mend(findings, "systemctl start ipvsd");
		connected = -ENOENT;
	} else {
		connected = is_connected(machine, keepalived);
		if (connected < 0)
			finding_add(findings, LEVEL_NOTE,
				    "whether keepalived (pid %d) is connected to ipvsd can't be seen: %s", pid,
				    strerror(-connected));
	}
	if (connected == 0) {
		find_unconnected(machine, findings, keepalived);
		return;
	}
	if (connected > 0)
		find_connected(machine, findings, keepalived);
	/* At its next start. */
	if (goes_elsewhere(machine, keepalived))
		find_elsewhere(machine, findings, keepalived, LEVEL_WARN);
}

/* Does its file lead to ipvsd at all? Says what there is otherwise. */
static bool
has_services(struct findings *findings, const struct keepalived *keepalived)
{
	pid_t pid = keepalived->parent->pid;

	if (keepalived->err < 0) {
		finding_add(findings, LEVEL_NOTE, "keepalived (pid %d) runs with %s: %s", pid, keepalived->file,
			    strerror(-keepalived->err));
		finding_mend(findings, "sudo ipvsd doctor");
		return false;
	}
	if (!keepalived->contents.has_services && !keepalived->contents.is_partial) {
		finding_add(findings, LEVEL_OK, "keepalived (pid %d) has no virtual_server in %s, and no need of ipvsd",
			    pid, keepalived->file);
		return false;
	}
	return true;
}

/* The first lines that it writes. Whatever they are about, keepalived goes on without it. */
static void
add_complaints(struct findings *findings, const char *arguments, const char *file, char *text)
{
	char word[SHELL_WORD_MAX], *rest = text, *line;
	size_t n = 0;

	shell_word(file, word);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0' || ++n > COMPLAINTS_SHOWN)
			continue;
		finding_add(findings, LEVEL_WARN, "keepalived -t: %s", line);
		finding_mend(findings, "${EDITOR:-vi} %s && keepalived -t %s", word, arguments);
	}
	if (n > COMPLAINTS_SHOWN)
		finding_add(findings, LEVEL_NOTE, "keepalived -t has %zu more lines about %s", n - COMPLAINTS_SHOWN,
			    file);
}

/* With the option that it is started with: words of ipvsd's are taken only by one that knows where ipvsd is. */
static void
test_file(struct findings *findings, const struct keepalived *keepalived)
{
	bool takes_option = keepalived->option && program_has_text(keepalived->program, KEEPALIVED_SOCKET_OPTION) == 1;
	char option[PATH_MAX], arguments[2 * PATH_MAX], text[8192], word[SHELL_WORD_MAX];
	const char *const argv[] = { keepalived->program,	   "-t", "-f", keepalived->file,
				     takes_option ? option : NULL, NULL };
	int status;

	snprintf(option, sizeof(option), "--" KEEPALIVED_SOCKET_OPTION "=%s", takes_option ? keepalived->option : "");
	snprintf(arguments, sizeof(arguments), "-f %s%s%s", shell_word(keepalived->file, word), takes_option ? " " : "",
		 takes_option ? option : "");
	status = program_run(argv, TEST_MS, text, sizeof(text));
	if (status < 0)
		finding_add(findings, LEVEL_NOTE, "%s -t %s: %s", keepalived->program, arguments, strerror(-status));
	else if (text[0] != '\0')
		add_complaints(findings, arguments, keepalived->file, text);
	else if (status != 0) {
		finding_add(findings, LEVEL_WARN, "%s -t %s ends with status %d", keepalived->program, arguments,
			    status);
		finding_mend(findings, "keepalived -t -l %s", arguments);
	} else
		finding_add(findings, LEVEL_OK, "keepalived -t has nothing against %s", keepalived->file);
}

static void
find_stopped(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	finding_add(findings, LEVEL_NOTE, "keepalived is not running, though there is %s", keepalived->file);
	finding_mend(findings, "systemctl start keepalived");
	if (keepalived->contents.has_services && goes_elsewhere(machine, keepalived))
		find_elsewhere(machine, findings, keepalived, LEVEL_WARN);
}

static void
look(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	if (!keepalived->parent && machine_access(machine, F_OK, "%s", keepalived->file) < 0) {
		finding_add(findings, LEVEL_OK, "keepalived is not running, and there is no %s", keepalived->file);
		return;
	}
	if (!keepalived->parent)
		find_stopped(machine, findings, keepalived);
	else if (has_services(findings, keepalived) && machine->live)
		find_connection(machine, findings, keepalived);
	else if (keepalived->contents.has_services && goes_elsewhere(machine, keepalived))
		find_elsewhere(machine, findings, keepalived, LEVEL_WARN);
	if (machine->live && keepalived->program[0] != '\0' &&
	    machine_access(machine, R_OK, "%s", keepalived->file) == 0)
		test_file(findings, keepalived);
}

static void
run(const struct machine *machine, struct findings *findings)
{
	struct keepalived keepalived;

	keepalived_find(machine, &keepalived);
	look(machine, findings, &keepalived);
	keepalived_free(&keepalived);
}

const struct check check_keepalived = {
	.name = "keepalived",
	.run = run,
};
