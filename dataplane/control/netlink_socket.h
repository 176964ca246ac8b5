/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control socket's file: made such that no client ever meets one that nobody listens on, and no second instance
 * takes it away.
 */
#ifndef CONTROL_NETLINK_SOCKET_H
#define CONTROL_NETLINK_SOCKET_H

#include <sys/types.h>

/* Whether PATH is, or becomes, another's: if not, it is ours for as long as *RET_LOCK, a descriptor of PATH.lock, is open.
 * -EADDRINUSE and others, logged. */
int netlink_socket_claim(const char *path, int *ret_lock);
/* A listening, non-blocking socket at PATH, which is claimed, with MODE and of GROUP (-1: as it comes), in *RET, which is
 * the caller's. What is at PATH is replaced. -errno, logged. */
int netlink_socket_listen(const char *path, mode_t mode, gid_t group, int *ret);

#endif
