/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The client side of ipvsd's control socket, for programs that speak netlink by libnl-3: attach a socket from
 * nl_socket_alloc(), then use nl_send_auto(), nl_recvmsgs(), genl_ctrl_resolve() and the rest as with the kernel.
 * wire.h says what travels underneath.
 */
#ifndef LIBIPVSD_H
#define LIBIPVSD_H

#include <stdint.h>

#include <netlink/socket.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The path of the control socket: path if not NULL, else $IPVSD_SOCKET (ignored in set-user-id programs), else
 * IPVSD_DEFAULT_SOCKET. The result is path itself, or belongs to the environment, or is constant. */
const char *ipvsd_socket_path(const char *path);

/* Connects sk, which must come from nl_socket_alloc() and not from nl_connect(), to ipvsd and says hello.
 *
 * path: as for ipvsd_socket_path(). flags: enum ipvsd_hello_flags. From now on sk's send and receive hooks (nl_cb) lead
 * to the control socket, and the peer port of sk is the library's. Returns 0 or a negative errno of the connect
 * (-ENOENT, -ECONNREFUSED: no ipvsd; -ENAMETOOLONG; -EBUSY: sk is connected or was attached before).
 *
 * When ipvsd goes away, this and every later send and receive of sk returns -NLE_NODEV: detach and free it, and attach
 * a new one. No call waits for an ipvsd that is not there, and none returns 0 for it. */
int ipvsd_attach(struct nl_sock *sk, const char *path, uint32_t flags);

/* The descriptor, for poll() and socket options, or -1. It stays the library's. */
int ipvsd_fd(const struct nl_sock *sk);

/* Closes the connection. Call it before nl_socket_free(), which knows nothing of it. Safe on a socket that is not
 * attached. */
void ipvsd_detach(struct nl_sock *sk);

#ifdef __cplusplus
}
#endif

#endif
