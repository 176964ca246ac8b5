/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control socket: AF_UNIX SOCK_SEQPACKET, one netlink datagram a datagram. Accepts clients and says who may do
 * what; netlink_client.c talks to each, genl_dispatch.c answers.
 */
#ifndef CONTROL_NETLINK_SERVER_H
#define CONTROL_NETLINK_SERVER_H

#include <stdint.h>
#include <sys/types.h>

#include "control/event_loop.h"
#include "control/genl_dispatch.h"

struct netlink_server;

struct netlink_server_config {
	const char *path;
	mode_t mode; /* of the socket's file */
	const char *group; /* NULL: root alone */
	uint32_t clients_per_uid;
};

/* Makes the socket's path ours for as long as *RET_LOCK, a descriptor of PATH.lock, is open, which the caller closes
 * after the server. A socket file that an ended process left is taken over, one that somebody listens on is not
 * (-EADDRINUSE). Errors, as of a folder or group that isn't there, are logged with their remedy. */
int netlink_server_claim(const struct netlink_server_config *config, int *ret_lock);
/* Listens at a path that is claimed. GENL must outlive the server. Errors are logged. */
int netlink_server_create(const struct netlink_server_config *config, struct event_loop *loop, struct genl *genl,
			  struct netlink_server **ret);
/* Closes all clients and removes the socket file. */
void netlink_server_destroy(struct netlink_server *server);
/* At the end of a turn, after publication, which ended with ERR: answers go out. */
void netlink_server_flush(struct netlink_server *server, int err);
uint32_t netlink_server_clients(const struct netlink_server *server);

#endif
