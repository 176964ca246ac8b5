/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A few words of keepalived.conf, and of what it includes; keepalived itself is asked for the rest.
 */
#ifndef DOCTOR_KEEPALIVED_FILE_H
#define DOCTOR_KEEPALIVED_FILE_H

#include <limits.h>
#include <stdbool.h>

#include "doctor/machine.h"

struct keepalived_file {
	bool has_services; /* virtual_server */
	bool is_partial; /* something that it includes was not to be read */
	char socket[PATH_MAX]; /* lvs_control_socket, "": none */
	char socket_file[PATH_MAX]; /* that has it */
};

/* PATH is from the machine's root. -errno if the file can't be read; -ENOMEM. */
int keepalived_file_read(const struct machine *machine, const char *path, struct keepalived_file *ret);

#endif
