/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The files of /proc that ipvsd has (IPVSX GET_FILE, wire.h), for the preload shim and for ipvsd-proc. Each call is a
 * connection of its own. Without libnl, which must not come into every program that the shim is loaded into.
 */
#ifndef CONTROL_FILE_H
#define CONTROL_FILE_H

#include <stddef.h>
#include <stdint.h>

/* SOCKET: as control_path() takes it. NAME: below /proc, "net/ip_vs". All return 0 or a negative errno: -ENOENT,
 * -ECONNREFUSED and so on if there is no ipvsd, -ENOENT if it has no such file, -EPERM, -EIO if it goes away meanwhile. */

/* The text, given to TAKE in pieces; a negative value of TAKE ends it and is returned. */
int control_file_read(const char *socket, const char *name, int (*take)(void *arg, const void *text, size_t length),
		      void *arg);
/* Permission bits. */
int control_file_mode(const char *socket, const char *name, uint32_t *ret);
/* What write(2) of TEXT does; at most IPVSX_FILE_TEXT_MAX bytes (-EINVAL beyond). */
int control_file_write(const char *socket, const char *name, const void *text, size_t length);
/* All names. */
int control_file_list(const char *socket, int (*take)(void *arg, const char *name), void *arg);

#endif
