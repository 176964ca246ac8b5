/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One client of the control socket: its connection, its hello, and its genl_session. Made by netlink_server.c.
 *
 * A client that doesn't read its answers isn't read from: what it is owed is bounded by GENL_OUT_LIMIT and what one
 * request adds to it, and nobody else notices.
 */
#ifndef CONTROL_NETLINK_CLIENT_H
#define CONTROL_NETLINK_CLIENT_H

#include <stdbool.h>
#include <sys/queue.h>
#include <sys/types.h>

#include "control/event_loop.h"
#include "control/genl_dispatch.h"

/* Room for what a client sends at once: netlink attributes go up to 64 KB. */
#define CLIENT_DATAGRAM_MAX (128u << 10)

struct netlink_server;

struct netlink_client {
	TAILQ_ENTRY(netlink_client) link;
	struct netlink_server *server;
	int fd;
	uid_t uid;
	uint32_t events; /* as registered with the loop */
	bool greeted; /* the first datagram was seen, a hello or not */
	bool deaf; /* takes no more answers */
	bool closing; /* to be freed at the end of the turn */
	struct genl_session session;
};

/* Reads what came, up to a bounded number of datagrams, and queues the answers. BUFFER has CLIENT_DATAGRAM_MAX bytes,
 * aligned as a message. */
void netlink_client_read(struct netlink_client *client, void *buffer);
/* Sends what is queued, and goes on with what waits for room. Whether there was something to go on with. */
bool netlink_client_flush(struct netlink_client *client);
/* Its end is closed: answers have no reader any more. */
void netlink_client_hang_up(struct netlink_client *client);
/* The events it waits for now. */
uint32_t netlink_client_events(const struct netlink_client *client);

#endif
