/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See keepalived_setup.h.
 */
#define _GNU_SOURCE
#include <string.h>
#include <unistd.h>

#include "doctor/findings.h"
#include "doctor/keepalived_setup.h"
#include "doctor/program_file.h"

#define UNIT "keepalived.service"
/* What our unit has in its environment for the option. */
#define UNIT_VARIABLE "IPVSD_SOCKET"

static void
find_processes(const struct machine *machine, struct keepalived *ret)
{
	int n = processes_called(machine, "keepalived", ret->processes, KEEPALIVED_PROCESSES_MAX);

	/* Of another network namespace it would be another ipvsd's. */
	for (int i = 0; i < n; i++) {
		if (process_in_our_network(machine, ret->processes[i].pid))
			ret->processes[ret->n++] = ret->processes[i];
	}
	if (ret->n == 0)
		return;
	ret->parent = &ret->processes[0]; /* the lowest pid, unless they have been used up once */
	for (int i = 0; i < ret->n; i++) {
		bool is_child = false;

		for (int j = 0; j < ret->n; j++)
			is_child |= ret->processes[i].parent == ret->processes[j].pid;
		if (!is_child)
			ret->parent = &ret->processes[i];
	}
}

/* Its own program, if that is on disk still; else what the service starts, or what a shell would find. */
static void
find_program(const struct machine *machine, struct keepalived *ret)
{
	char target[NAME_MAX + 1], running[PATH_MAX];

	if (ret->parent) {
		machine_path(machine, running, "/proc/%d/exe", ret->parent->pid);
		ret->is_stock = program_has_text(running, KEEPALIVED_WORD) == 0;
	}
	if (ret->parent && machine_link(machine, target, "/proc/%d/exe", ret->parent->pid) == 0 &&
	    !strstr(target, " (deleted)")) {
		strcpy(ret->program, running);
		return;
	}
	machine_path(machine, ret->program, "%s", ret->unit_command.words);
	if (ret->unit_command.words[0] != '/' || access(ret->program, X_OK) != 0) {
		if (!machine_program(machine, "keepalived", ret->program))
			ret->program[0] = '\0';
	}
	if (!ret->parent)
		ret->is_stock = program_has_text(ret->program, KEEPALIVED_WORD) == 0;
}

void
keepalived_find(const struct machine *machine, struct keepalived *ret)
{
	const struct process *command;
	const char *file;

	*ret = (struct keepalived){ .n = 0 };
	find_processes(machine, ret);
	/* Without one there is no command, either. */
	if (unit_read(machine, UNIT, &ret->unit) == 0)
		(void)unit_command(machine, &ret->unit, &ret->unit_command);
	find_program(machine, ret);
	command = ret->parent ? ret->parent : &ret->unit_command;
	file = process_option(command, 'f', "use-file");
	ret->file = file && file[0] == '/' ? file : KEEPALIVED_FILE;
	ret->option = process_option(command, '\0', KEEPALIVED_SOCKET_OPTION);
	if (ret->option && ret->option[0] != '/')
		ret->option = NULL;
	ret->err = keepalived_file_read(machine, ret->file, &ret->contents);
}

void
keepalived_free(struct keepalived *keepalived)
{
	unit_free(&keepalived->unit);
	keepalived_file_free(&keepalived->contents);
}

const char *
keepalived_socket(const struct keepalived *keepalived)
{
	return keepalived->contents.socket[0] != '\0' ? keepalived->contents.socket : keepalived->option;
}

/* The shell, sed, printf, systemd and keepalived take it as it is. */
static bool
is_plain_path(const char *path)
{
	return path[strspn(path, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789/._-")] == '\0';
}

/* A command would have to quote for several of them at once. */
static void
mend_in_words(struct findings *findings, const char *setting, const char *file, const char *socket)
{
	char in[SHELL_WORD_MAX], to[SHELL_WORD_MAX];

	finding_mend(findings, "have keepalived connect to %s (%s in %s), or choose a plainer control.socket",
		     shell_word(socket, to), setting, shell_word(file, in));
}

/* The option is the service's, or somebody started it by hand. */
static void
mend_option(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived,
	    const char *socket)
{
	const char *units = process_option(&keepalived->unit_command, '\0', KEEPALIVED_SOCKET_OPTION);
	char value[UNIT_VALUE_MAX], file[PATH_MAX], word[SHELL_WORD_MAX];

	if (units && strcmp(units, socket) == 0)
		finding_mend(findings, "systemctl restart keepalived");
	else if (!is_plain_path(socket))
		mend_in_words(findings, "--" KEEPALIVED_SOCKET_OPTION, UNIT, socket);
	else if (!unit_command_has(&keepalived->unit, "=${" UNIT_VARIABLE "}") ||
		 !unit_variable(machine, &keepalived->unit, UNIT_VARIABLE, value, file) || !units ||
		 strcmp(units, value) != 0)
		finding_mend(findings,
			     "systemctl edit --full keepalived   # ExecStart with --" KEEPALIVED_SOCKET_OPTION "=%s, "
			     "then systemctl restart keepalived",
			     socket);
	else if (file[0] != '\0')
		finding_mend(findings,
			     "sed -i 's|^" UNIT_VARIABLE "=.*|" UNIT_VARIABLE
			     "=%s|' %s && systemctl restart keepalived",
			     socket, shell_word(file, word));
	else
		finding_mend(findings,
			     "mkdir -p /etc/systemd/system/" UNIT ".d && printf '[Service]\\nEnvironment=" UNIT_VARIABLE
			     "=%s\\n' > /etc/systemd/system/" UNIT ".d/socket.conf && systemctl daemon-reload && "
			     "systemctl restart keepalived",
			     socket);
}

void
mend_keepalived_socket(const struct machine *machine, struct findings *findings, const struct keepalived *keepalived,
		       const char *socket)
{
	bool in_file = keepalived->contents.socket[0] != '\0';
	const char *file = in_file ? keepalived->contents.socket_file : keepalived->file;
	char word[SHELL_WORD_MAX];

	if (!in_file && keepalived->option)
		mend_option(machine, findings, keepalived, socket);
	else if (!is_plain_path(socket))
		mend_in_words(findings, "lvs_control_socket", file, socket);
	else if (in_file)
		finding_mend(findings,
			     "sed -i 's|lvs_control_socket .*|lvs_control_socket %s|' %s && systemctl restart "
			     "keepalived",
			     socket, shell_word(file, word));
	else
		finding_mend(findings,
			     "printf 'global_defs {\\n\\tlvs_control_socket %s\\n}\\n' >> %s && systemctl restart "
			     "keepalived",
			     socket, shell_word(file, word));
}
