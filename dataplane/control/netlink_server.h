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

/* Whether netlink_server_create() would find the socket another's now, or its folder or group not there; says it as that
 * would. */
int netlink_server_check(const struct netlink_server_config *config);
/* Listens; a socket file that an ended process left is replaced, one that somebody listens on is not (-EADDRINUSE).
 * PATH.lock is kept locked. GENL must outlive the server. Errors are logged with their remedy. */
int netlink_server_create(const struct netlink_server_config *config, struct event_loop *loop, struct genl *genl,
			  struct netlink_server **ret);
/* Closes all clients and removes the socket file. */
void netlink_server_destroy(struct netlink_server *server);
/* At the end of a turn, after publication, which ended with ERR: answers go out. */
void netlink_server_flush(struct netlink_server *server, int err);
uint32_t netlink_server_clients(const struct netlink_server *server);

#endif
