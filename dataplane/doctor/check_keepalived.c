/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The running keepalived: does it speak to this ipvsd, and what does it say of its own configuration?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/keepalived_file.h"
#include "doctor/program_file.h"
#include "doctor/program_run.h"
#include "doctor/service_list.h"
#include "doctor/unix_peers.h"

#define DEFAULT_FILE "/etc/keepalived/keepalived.conf"
#define PROCESSES_MAX 32
#define TEST_MS 2000
#define COMPLAINTS_SHOWN 3

/* One keepalived: a parent and its children for VRRP, checkers and BFD. */
struct keepalived {
	struct process processes[PROCESSES_MAX];
	int n;
	const struct process *parent;
	const char *file; /* as it was named */
	char path[PATH_MAX]; /* FILE from our root */
	struct keepalived_file contents;
	int err; /* why there are none: -errno */
};

static bool
find(const struct machine *machine, struct keepalived *ret)
{
	const char *file;
	int n = processes_called(machine, "keepalived", ret->processes, PROCESSES_MAX);

	/* Of another network namespace it would be another ipvsd's. */
	for (int i = 0; i < n; i++) {
		if (process_in_our_network(machine, ret->processes[i].pid))
			ret->processes[ret->n++] = ret->processes[i];
	}
	if (ret->n == 0)
		return false;
	ret->parent = &ret->processes[0]; /* the lowest pid, unless they have been used up once */
	for (int i = 0; i < ret->n; i++) {
		bool is_child = false;

		for (int j = 0; j < ret->n; j++)
			is_child |= ret->processes[i].parent == ret->processes[j].pid;
		if (!is_child)
			ret->parent = &ret->processes[i];
	}
	file = process_option(ret->parent, 'f', "use-file");
	ret->file = file && file[0] == '/' ? file : DEFAULT_FILE;
	machine_path(machine, ret->path, "%s", ret->file);
	ret->err = keepalived_file_read(ret->path, &ret->contents);
	return true;
}

static bool
is_patched(const struct machine *machine, pid_t pid)
{
	char path[PATH_MAX];

	machine_path(machine, path, "/proc/%d/exe", pid);
	return program_has_text(path, KEEPALIVED_WORD) == 1;
}

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
	if (machine->services && machine->services->n_services == 0 && keepalived->contents.has_services) {
		finding_add(findings, LEVEL_WARN,
			    "keepalived (pid %d) is connected, and has made none of the services of %s: no real server "
			    "is up?",
			    keepalived->parent->pid, keepalived->file);
		finding_mend(findings, "journalctl -t Keepalived_healthcheckers -n 50");
		return;
	}
	finding_add(findings, LEVEL_OK, "keepalived (pid %d, %s) is connected to ipvsd", keepalived->parent->pid,
		    keepalived->file);
}

/* Why it is not. */
static void
find_unconnected(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	const char *ours = machine->instance->socket, *its = keepalived->contents.socket;
	pid_t pid = keepalived->parent->pid;
	char word[SHELL_WORD_MAX], more[PATH_MAX];

	shell_word(keepalived->file, word);
	if (!is_patched(machine, pid)) {
		finding_add(findings, LEVEL_FAIL,
			    "keepalived (pid %d) is the distribution's, and speaks to the kernel's IPVS, not to ipvsd",
			    pid);
		snprintf(more, sizeof(more), "   # or: ipvsd-run -s %s keepalived -f %s", ours, word);
		mend_package(machine, findings, "ipvsd-keepalived", more);
	} else if (its[0] == '\0') {
		finding_add(findings, LEVEL_FAIL,
			    "keepalived (pid %d) speaks to the kernel's IPVS: %s has no lvs_control_socket", pid,
			    keepalived->file);
		finding_mend(findings,
			     "printf 'global_defs {\\n\\tlvs_control_socket %s\\n}\\n' >> %s && systemctl restart "
			     "keepalived",
			     ours, word);
	} else if (strcmp(its, ours) != 0) {
		finding_add(findings, LEVEL_FAIL, "keepalived (pid %d) speaks to %s, and this ipvsd listens on %s", pid,
			    its, ours);
		finding_mend(
			findings,
			"sed -i 's|lvs_control_socket .*|lvs_control_socket %s|' %s && systemctl restart keepalived",
			ours, word);
	} else {
		finding_add(findings, LEVEL_FAIL, "keepalived (pid %d) has no connection to %s", pid, its);
		finding_mend(findings, "journalctl -t Keepalived_healthcheckers -n 50; systemctl restart keepalived");
	}
}

static void
find_connection(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived)
{
	int connected;

	if (keepalived->err < 0) {
		finding_add(findings, LEVEL_NOTE, "keepalived (pid %d) runs with %s: %s", keepalived->parent->pid,
			    keepalived->file, strerror(-keepalived->err));
		finding_mend(findings, "sudo ipvsd doctor");
		return;
	}
	if (!keepalived->contents.has_services && !keepalived->contents.has_include) {
		finding_add(findings, LEVEL_OK, "keepalived (pid %d) has no virtual_server in %s, and no need of ipvsd",
			    keepalived->parent->pid, keepalived->file);
		return;
	}
	if (!machine->live)
		return;
	if (machine->instance->process.pid == 0 || !process_in_our_network(machine, machine->instance->process.pid)) {
		finding_add(findings, LEVEL_WARN, "keepalived (pid %d) has virtual servers, and no ipvsd runs here",
			    keepalived->parent->pid);
		finding_mend(findings, "systemctl start ipvsd");
		return;
	}
	connected = is_connected(machine, keepalived);
	if (connected > 0)
		find_connected(machine, findings, keepalived);
	else if (connected == 0)
		find_unconnected(machine, findings, keepalived);
	else
		finding_add(findings, LEVEL_NOTE, "whether keepalived (pid %d) is connected to ipvsd can't be seen: %s",
			    keepalived->parent->pid, strerror(-connected));
}

/* The first lines that it writes. Whatever they are about, keepalived goes on without it. */
static void
add_complaints(struct findings *findings, const char *file, char *text)
{
	char word[SHELL_WORD_MAX], *rest = text, *line;
	size_t n = 0;

	shell_word(file, word);
	while ((line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0' || ++n > COMPLAINTS_SHOWN)
			continue;
		finding_add(findings, LEVEL_WARN, "keepalived -t: %s", line);
		finding_mend(findings, "${EDITOR:-vi} %s && keepalived -t -f %s", word, word);
	}
	if (n > COMPLAINTS_SHOWN)
		finding_add(findings, LEVEL_NOTE, "keepalived -t has %zu more lines about %s", n - COMPLAINTS_SHOWN,
			    file);
}

static void
test_file(struct findings *findings, const char *program, const char *file)
{
	const char *const argv[] = { program, "-t", "-f", file, NULL };
	char text[8192];
	int status = program_run(argv, TEST_MS, text, sizeof(text));

	if (status < 0)
		finding_add(findings, LEVEL_NOTE, "%s -t -f %s: %s", program, file, strerror(-status));
	else if (text[0] != '\0')
		add_complaints(findings, file, text);
	else if (status != 0) {
		finding_add(findings, LEVEL_WARN, "%s -t -f %s ends with status %d", program, file, status);
		finding_mend(findings, "keepalived -t -l -f %s", file);
	} else
		finding_add(findings, LEVEL_OK, "keepalived -t has nothing against %s", file);
}

/* Its own program, if that is on disk still; else the one that a shell would find. */
static void
test_configuration(const struct machine *machine, struct findings *findings, pid_t pid, const char *file)
{
	char path[PATH_MAX], target[NAME_MAX + 1];

	if (machine_access(machine, R_OK, "%s", file) < 0)
		return;
	if (pid > 0 && machine_link(machine, target, "/proc/%d/exe", pid) == 0 && !strstr(target, " (deleted)")) {
		machine_path(machine, path, "/proc/%d/exe", pid);
		test_file(findings, path, file);
	} else if (machine_program(machine, "keepalived", path)) {
		test_file(findings, path, file);
	}
}

static void
run(const struct machine *machine, struct findings *findings)
{
	struct keepalived keepalived = { .n = 0 };

	if (find(machine, &keepalived)) {
		find_connection(machine, findings, &keepalived);
		if (machine->live)
			test_configuration(machine, findings, keepalived.parent->pid, keepalived.file);
		return;
	}
	if (machine_access(machine, F_OK, DEFAULT_FILE) < 0) {
		finding_add(findings, LEVEL_OK, "keepalived is not running, and there is no " DEFAULT_FILE);
		return;
	}
	finding_add(findings, LEVEL_NOTE, "keepalived is not running, though there is " DEFAULT_FILE);
	finding_mend(findings, "systemctl start keepalived");
	if (machine->live)
		test_configuration(machine, findings, 0, DEFAULT_FILE);
}

const struct check check_keepalived = {
	.name = "keepalived",
	.run = run,
};
