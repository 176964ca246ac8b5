/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reaching ipvsd: path, connection and hello. What the client library (client.c) and the preload shim
 * (preload_link.c) have in common.
 */
#ifndef CONTROL_CONNECT_H
#define CONTROL_CONNECT_H

#include <stdint.h>

#include "wire.h"

/* path if not NULL, else what the environment says, else the default. */
const char *control_path(const char *path);

/* Connects to the control socket. flags: SOCK_CLOEXEC or 0. Returns a blocking descriptor or a negative errno. */
int control_connect(const char *path, int flags);

/* The hello datagram of the calling process. Sending it is the caller's, for the shim must not do so by its own hooks. */
struct ipvsd_hello control_hello(uint32_t portid, uint32_t flags);

#endif
