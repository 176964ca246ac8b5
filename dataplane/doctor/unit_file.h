/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A service of systemd, read from its unit file and drop-ins: what it would be started with.
 */
#ifndef DOCTOR_UNIT_FILE_H
#define DOCTOR_UNIT_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "doctor/process.h"

struct unit {
	/* Those of [Service] in their order, drop-ins last. */
	struct unit_setting {
		char *key, *value;
	} * settings;
	size_t n;
};

/* NAME: "keepalived.service". -ENOENT if there is none, or it is masked; -ENOMEM. For unit_free() in any case. */
int unit_read(const struct machine *machine, const char *name, struct unit *ret);
void unit_free(struct unit *unit);

/* The command line of ExecStart=, with variables in their places, as that of a process with pid 0. -ENOENT: it has none. */
int unit_command(const struct machine *machine, const struct unit *unit, struct process *ret);
/* Does ExecStart= have TEXT in it, variables as they are written? */
bool unit_command_has(const struct unit *unit, const char *text);

/* The next word of *REST, without its quotes. False at the end. */
#define UNIT_VALUE_MAX 1024
bool unit_next_word(const char **rest, char word[UNIT_VALUE_MAX]);

/* A variable of the service's environment. FILE: the environment file that it is from, "" if it is from the unit. */
bool unit_variable(const struct machine *machine, const struct unit *unit, const char *name, char value[UNIT_VALUE_MAX],
		   char file[PATH_MAX]);

#endif
