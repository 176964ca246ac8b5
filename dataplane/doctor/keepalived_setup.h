/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The keepalived of this machine, as it runs, or as its service would start it: which program, with which file, and where
 * it looks for ipvsd.
 */
#ifndef DOCTOR_KEEPALIVED_SETUP_H
#define DOCTOR_KEEPALIVED_SETUP_H

#include "doctor/keepalived_file.h"
#include "doctor/process.h"
#include "doctor/unit_file.h"

#define KEEPALIVED_FILE "/etc/keepalived/keepalived.conf"
#define KEEPALIVED_PROCESSES_MAX 32
#define KEEPALIVED_SOCKET_OPTION "lvs-control-socket"

struct keepalived {
	struct process processes[KEEPALIVED_PROCESSES_MAX]; /* a parent, its children for VRRP, checkers and BFD */
	int n; /* 0: it does not run */
	const struct process *parent; /* NULL: it does not run */
	struct unit unit; /* empty: there is none */
	struct process unit_command; /* what it starts */
	char program[PATH_MAX]; /* from our root; "": nowhere */
	bool is_stock; /* the program is the distribution's */
	const char *file; /* as it was named, from the machine's root */
	struct keepalived_file contents;
	int err; /* why there are none: -errno */
	const char *option; /* --lvs-control-socket; NULL: not given */
};

/* For keepalived_free(). */
void keepalived_find(const struct machine *machine, struct keepalived *ret);
void keepalived_free(struct keepalived *keepalived);

/* The socket that it connects to; NULL: it speaks to the kernel. The file goes before the option. */
const char *keepalived_socket(const struct keepalived *keepalived);

/* Adds the command that has it connect to SOCKET; words if that has to be quoted. */
void mend_keepalived_socket(const struct machine *machine, struct findings *findings,
			    const struct keepalived *keepalived, const char *socket);

#endif
