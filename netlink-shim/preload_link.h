/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One netlink socket of the program, as a connection to ipvsd. The hooks (preload_hook_*.c) translate the C library's
 * calls into these. All return what the call of the same shape returns, with errno set.
 */
#ifndef PRELOAD_LINK_H
#define PRELOAD_LINK_H

#include <stdint.h>
#include <sys/socket.h>
#include <sys/types.h>

struct link;

/* socket(AF_NETLINK, type, NETLINK_GENERIC). type may carry SOCK_CLOEXEC and SOCK_NONBLOCK. No ipvsd gives
 * EPROTONOSUPPORT, as a kernel without generic netlink does, or the kernel's socket (preload_absent.h). */
int link_socket(int type);

/* Gives the socket its port id: wanted, or a free one if that is 0. */
int link_bind(int fd, struct link *link, uint32_t wanted);

/* Sends one netlink datagram, on a new connection if the old one is gone. When there is no ipvsd, the datagram counts as
 * sent and the error comes as the answer, because keepalived takes a send that fails for one that worked. */
ssize_t link_send(int fd, struct link *link, const struct msghdr *msg, int flags);

/* Receives one datagram. If ipvsd went away, each request that waits is answered by an NLMSG_ERROR (ENODEV); with none
 * waiting, a receive that would have to wait fails with ECONNRESET, since nothing can come. It never reads as an end of
 * file, on which libnl's callers would spin. */
ssize_t link_receive(int fd, struct link *link, struct msghdr *msg, int flags);

#endif
