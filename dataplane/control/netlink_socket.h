/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control socket's file: made such that no client ever meets one that nobody listens on, and no second instance
 * takes it away.
 */
#ifndef CONTROL_NETLINK_SOCKET_H
#define CONTROL_NETLINK_SOCKET_H

/* A listening, non-blocking socket at PATH, mode 0666, in RET, and the descriptor of the lock that says whose it is in
 * RET_LOCK; both are the caller's. -EADDRINUSE and others, logged. */
int netlink_socket_listen(const char *path, int *ret, int *ret_lock);

#endif
