/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One netlink socket of the program, as a connection to ipvsd: made, lost, made again. The hooks (preload_hook_*.c)
 * translate the C library's calls into these. All return what the call of the same shape returns, with errno set.
 */
#ifndef PRELOAD_LINK_H
#define PRELOAD_LINK_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct link;

/* socket(AF_NETLINK, type, NETLINK_GENERIC). type may carry SOCK_CLOEXEC and SOCK_NONBLOCK. No ipvsd gives
 * EPROTONOSUPPORT, as a kernel without generic netlink does, and a line on stderr, once in a process. */
int link_socket(int type);

/* Gives the socket its port id: wanted, or a free one if that is 0. EINVAL if it has another already. */
int link_bind(int fd, struct link *link, uint32_t wanted);

/* Sends one netlink datagram, on a new connection if the old one is gone. When there is no ipvsd, the datagram counts as
 * sent and the error comes as the answer, because keepalived takes a send that fails for one that worked. */
ssize_t link_send(int fd, struct link *link, const struct msghdr *msg, int flags);

/* Receives one datagram. A lost connection reads as an NLMSG_ERROR (ENODEV) that answers the last request; with no
 * request waiting it is ECONNRESET. It never reads as an end of file, on which libnl's callers would spin. */
ssize_t link_receive(int fd, struct link *link, struct msghdr *msg, int flags);

#endif
