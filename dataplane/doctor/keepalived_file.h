/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A few words of keepalived.conf; keepalived itself is asked for the rest.
 */
#ifndef DOCTOR_KEEPALIVED_FILE_H
#define DOCTOR_KEEPALIVED_FILE_H

#include <limits.h>
#include <stdbool.h>

struct keepalived_file {
	bool has_services; /* virtual_server */
	bool has_include; /* of another file, which may have anything */
	char socket[PATH_MAX]; /* lvs_control_socket, "": none */
};

/* -errno if the file can't be read. */
int keepalived_file_read(const char *path, struct keepalived_file *ret);

#endif
