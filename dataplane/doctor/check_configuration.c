/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The configuration, read by ipvsd's own code; and what it names that must be there at a start.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <grp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "doctor/checks.h"
#include "doctor/findings.h"

static void
find_errors(const struct machine *machine, struct findings *findings)
{
	char word[SHELL_WORD_MAX], *copy = strdup(machine->config_errors), *rest = copy, *line;

	shell_word(machine->config_path, word);
	while (rest && (line = strsep(&rest, "\n")) != NULL) {
		if (*line == '\0')
			continue;
		finding_add(findings, LEVEL_FAIL, "%s", line);
		finding_mend(findings, "${EDITOR:-vi} %s && ipvsd -t -c %s", word, word);
	}
	free(copy);
}

/* There is none to be had: why. */
static void
find_reason(const struct machine *machine, struct findings *findings)
{
	char word[SHELL_WORD_MAX];

	switch (machine->config_err) {
	case -ENOENT:
		finding_add(findings, LEVEL_FAIL, "%s is not there", machine->config_path);
		finding_mend(findings, "install -D " IPVSD_EXAMPLES "/ipvsd.conf %s",
			     shell_word(machine->config_path, word));
		return;
	case -EACCES:
		finding_add(findings, LEVEL_NOTE, "%s is not readable by this user; most checks need it",
			    machine->config_path);
		finding_mend(findings, "sudo ipvsd doctor -c %s", shell_word(machine->config_path, word));
		return;
	default:
		find_errors(machine, findings);
	}
}

static void
find_group(const struct machine *machine, struct findings *findings)
{
	const char *group = machine->config->control.group;
	char word[SHELL_WORD_MAX];

	if (!group || !machine->live || getgrnam(group))
		return;
	finding_add(findings, LEVEL_FAIL, "%s: control.group: there is no group \"%s\"", machine->config_path, group);
	finding_mend(findings, "groupadd --system %s", shell_word(group, word));
}

/* ipvsd makes a state folder, but not the folders above it; and none for its socket. */
static void
find_folder(const struct machine *machine, struct findings *findings, const char *key, const char *path)
{
	char folder[PATH_MAX], word[SHELL_WORD_MAX];
	char *slash;

	snprintf(folder, sizeof(folder), "%s", path);
	slash = strrchr(folder, '/');
	if (!slash || slash == folder)
		return;
	*slash = '\0';
	if (machine_access(machine, F_OK, "%s", folder) != -ENOENT)
		return;
	finding_add(findings, LEVEL_FAIL, "%s: %s = \"%s\": the folder %s is not there", machine->config_path, key,
		    path, folder);
	finding_mend(findings, "mkdir -p %s", shell_word(folder, word));
}

static void
run(const struct machine *machine, struct findings *findings)
{
	const struct config *config = machine->config;

	if (!config) {
		find_reason(machine, findings);
		return;
	}
	finding_add(findings, LEVEL_OK, "%s: %u port%s, %u worker%s, %u group%s of local addresses",
		    machine->config_path, config->n_ports, plural(config->n_ports), config->workers.count,
		    plural(config->workers.count), config->n_laddrs, plural(config->n_laddrs));
	find_group(machine, findings);
	find_folder(machine, findings, "control.socket", config->control.socket);
	find_folder(machine, findings, "control.state", config->control.state);
}

const struct check check_configuration = {
	.name = "config",
	.run = run,
};
