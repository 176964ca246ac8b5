/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control socket's file: made such that no client ever meets one that nobody listens on, and no second instance
 * takes it away.
 */
#ifndef CONTROL_NETLINK_SOCKET_H
#define CONTROL_NETLINK_SOCKET_H

#include <sys/types.h>

/* Whether netlink_socket_listen() would find PATH another's. -EADDRINUSE and others, logged. */
int netlink_socket_check(const char *path);
/* A listening, non-blocking socket at PATH, with MODE and of GROUP (-1: as it comes), in RET, and the descriptor of the lock that says whose it is in
 * RET_LOCK; both are the caller's. -EADDRINUSE and others, logged. */
int netlink_socket_listen(const char *path, mode_t mode, gid_t group, int *ret, int *ret_lock);

#endif
