/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Is ipvsd running, and does it answer on its control socket?
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"
#include "doctor/instance.h"
#include "doctor/service_list.h"

#define OTHERS_MAX 16

static void
mend_start(const struct machine *machine, struct findings *findings)
{
	char word[SHELL_WORD_MAX];

	if (machine_access(machine, F_OK, "/run/systemd/system") == 0)
		finding_mend(findings, "systemctl start ipvsd");
	else
		finding_mend(findings, "ipvsd -c %s", shell_word(machine->config_path, word));
}

static void
find_not_running(const struct machine *machine, struct findings *findings)
{
	const struct instance *instance = machine->instance;

	if (instance->process.pid > 0) {
		finding_add(findings, LEVEL_WARN, "ipvsd (pid %d) runs, and does not listen on %s%s",
			    instance->process.pid, instance->socket,
			    instance->state == SOCKET_STALE ? ", which is left from another" : " yet");
		finding_mend(findings, "ipvsd doctor   # again in a few seconds; then look at its log");
		return;
	}
	if (instance->state == SOCKET_STALE)
		finding_add(findings, LEVEL_WARN, "ipvsd is not running; %s is left from one that ended",
			    instance->socket);
	else
		finding_add(findings, LEVEL_WARN, "ipvsd is not running: there is no %s", instance->socket);
	mend_start(machine, findings);
}

static void
find_silence(const struct machine *machine, struct findings *findings)
{
	const struct process *process = &machine->instance->process;

	if (process->state == 'T') {
		finding_add(findings, LEVEL_FAIL, "ipvsd (pid %d) was stopped by a signal, and answers nobody",
			    process->pid);
		finding_mend(findings, "kill -CONT %d", process->pid);
		return;
	}
	finding_add(findings, LEVEL_FAIL, "ipvsd (pid %d, state %c) does not answer on %s within a second",
		    process->pid, process->state ? process->state : '?', machine->instance->socket);
	finding_mend(findings, "journalctl -u ipvsd -n 50; systemctl restart ipvsd");
}

static void
find_refusal(const struct machine *machine, struct findings *findings)
{
	const char *group = machine->config ? machine->config->control.group : NULL;
	char word[SHELL_WORD_MAX];

	finding_add(findings, LEVEL_NOTE, "ipvsd runs, and does not answer uid %u: root%s%s may ask", geteuid(),
		    group ? " and the group " : " alone", group ? group : "");
	if (group)
		finding_mend(findings, "sudo usermod -aG %s \"$USER\"   # or: sudo ipvsd doctor",
			     shell_word(group, word));
	else
		finding_mend(findings, "sudo ipvsd doctor");
}

static void
find_answer(const struct machine *machine, struct findings *findings)
{
	const struct instance *instance = machine->instance;

	finding_add(findings, LEVEL_OK, "ipvsd (pid %d) answers on %s in %u ms", instance->process.pid,
		    instance->socket, instance->answer_ms);
}

static void
find_nothing_of_ours(const struct machine *machine, struct findings *findings)
{
	const struct instance *instance = machine->instance;
	char word[SHELL_WORD_MAX];

	if (instance->state == SOCKET_NONE) {
		finding_add(findings, LEVEL_FAIL, "%s is there and no socket", instance->socket);
		finding_mend(findings, "rm %s", shell_word(instance->socket, word));
		return;
	}
	finding_add(findings, LEVEL_FAIL, "what listens on %s is not ipvsd%s%s", instance->socket,
		    instance->err < 0 ? ": " : "", instance->err < 0 ? strerror(-instance->err) : "");
	finding_mend(findings, "ss -xlp | grep -F %s   # end it, or name another control.socket in %s",
		     instance->socket, machine->config_path);
}

static void
find_others(const struct machine *machine, struct findings *findings)
{
	struct process others[OTHERS_MAX];
	int n = instance_others(machine, machine->instance, others, OTHERS_MAX);

	for (int i = 0; i < n; i++) {
		const char *config = instance_config(&others[i]);

		if (strcmp(config, machine->config_path) == 0 && machine->instance->process.pid > 0) {
			finding_add(findings, LEVEL_WARN, "two processes of ipvsd, %d and %d, have %s",
				    machine->instance->process.pid, others[i].pid, config);
			finding_mend(findings, "kill %d", others[i].pid);
		} else {
			finding_add(findings, LEVEL_NOTE, "another ipvsd runs: pid %d with %s", others[i].pid, config);
		}
	}
}

static void
run(const struct machine *machine, struct findings *findings)
{
	const struct instance *instance = machine->instance;

	switch (instance->state) {
	case SOCKET_UNASKED:
		if (instance->process.pid > 0)
			finding_add(findings, LEVEL_OK, "ipvsd runs (pid %d)", instance->process.pid);
		else
			finding_add(findings, LEVEL_NOTE, "no ipvsd with this configuration is among the processes");
		break;
	case SOCKET_ABSENT:
	case SOCKET_STALE:
		find_not_running(machine, findings);
		break;
	case SOCKET_HIDDEN:
		finding_add(findings, LEVEL_NOTE, "%s: %s: whether ipvsd answers is not to be seen", instance->socket,
			    strerror(-instance->err));
		finding_mend(findings, "sudo ipvsd doctor");
		break;
	case SOCKET_SILENT:
		find_silence(machine, findings);
		break;
	case SOCKET_REFUSES:
		find_refusal(machine, findings);
		break;
	case SOCKET_NONE:
	case SOCKET_STRANGE:
		find_nothing_of_ours(machine, findings);
		break;
	case SOCKET_ANSWERS:
		find_answer(machine, findings);
		break;
	}
	find_others(machine, findings);
}

const struct check check_control = {
	.name = "control",
	.run = run,
};
