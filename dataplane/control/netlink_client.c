/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_client.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include "control/netlink_client.h"
#include "core/log.h"
#include "netlink-shim/wire.h"

/* Datagrams of one client in one turn: batches of a pushing client are published together, others get their turn. */
#define READS_A_TURN 64

static bool
is_hello(const void *bytes, size_t length)
{
	uint32_t magic;

	if (length < sizeof(magic))
		return false;
	memcpy(&magic, bytes, sizeof(magic));
	return magic == IPVSD_HELLO_MAGIC;
}

/* A later version's hello may be longer; what is known of it stays where it is. */
static int
take_hello(struct netlink_client *client, const void *bytes, size_t length)
{
	struct ipvsd_hello hello;

	if (length < sizeof(hello))
		return -EINVAL;
	memcpy(&hello, bytes, sizeof(hello));
	if (hello.version < IPVSD_HELLO_VERSION || hello.length < sizeof(hello) || hello.length > length)
		return -EINVAL;
	client->session.portid = hello.portid;
	client->session.pid = hello.pid;
	client->session.portid_known = true;
	client->session.extended = (hello.flags & IPVSD_HELLO_EXT) != 0;
	return 0;
}

static void
take_datagram(struct netlink_client *client, const void *bytes, size_t length, bool cut)
{
	bool first = !client->greeted;

	client->greeted = true;
	if (first && is_hello(bytes, length)) {
		if (take_hello(client, bytes, length) < 0) {
			log_warning("control", "a client of user %u greeted with a malformed hello: closed",
				    client->uid);
			client->closing = true;
		}
		return;
	}
	if (cut)
		genl_session_too_long(&client->session, bytes, length);
	else
		genl_session_input(&client->session, bytes, length);
}

/* 1: a datagram was taken, 0: none is there now, or the connection is at its end. */
static int
read_datagram(struct netlink_client *client, void *buffer)
{
	struct iovec iov = { .iov_base = buffer, .iov_len = CLIENT_DATAGRAM_MAX };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t length = recvmsg(client->fd, &msg, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (length > 0) {
		take_datagram(client, buffer, (size_t)length, (msg.msg_flags & MSG_TRUNC) != 0);
		return 1;
	}
	if (length < 0 && errno == EINTR)
		return 1;
	if (length == 0 || errno != EAGAIN)
		client->closing = true;
	return 0;
}

static void
close_if_broken(struct netlink_client *client)
{
	if (!client->session.broken)
		return;
	log_error("control", "out of memory for the answer to a client of user %u: closed", client->uid);
	client->closing = true;
}

void
netlink_client_read(struct netlink_client *client, void *buffer)
{
	for (int i = 0; i < READS_A_TURN && !client->closing; i++) {
		if (genl_session_busy(&client->session) || client->session.out_bytes >= GENL_OUT_LIMIT)
			return;
		if (read_datagram(client, buffer) == 0)
			return;
		close_if_broken(client);
	}
}

/* A client that closed its end, or half of it, may still have sent requests that are to be carried out. */
static void
stop_answering(struct netlink_client *client)
{
	struct datagram *datagram;

	client->deaf = true;
	genl_session_stop_dump(&client->session);
	while ((datagram = genl_session_pop(&client->session)) != NULL)
		free(datagram);
}

void
netlink_client_hang_up(struct netlink_client *client)
{
	stop_answering(client);
}

/* Whether the socket took all that was queued. */
static bool
send_queued(struct netlink_client *client)
{
	struct datagram *datagram;

	while ((datagram = client->session.out) != NULL) {
		ssize_t sent = send(client->fd, datagram->bytes, datagram->length, MSG_DONTWAIT | MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0 && (errno == EAGAIN || errno == ENOBUFS))
			return false;
		if (sent < 0) {
			stop_answering(client);
			return true;
		}
		free(genl_session_pop(&client->session));
	}
	return true;
}

bool
netlink_client_flush(struct netlink_client *client)
{
	if (client->deaf)
		stop_answering(client);
	if (!send_queued(client) || !genl_session_busy(&client->session) ||
	    genl_session_wait_ns(&client->session, dump_pace_now_ns()) > 0)
		return false;
	/* one more portion a turn: a client with a long dump doesn't keep the others waiting */
	genl_session_resume(&client->session);
	close_if_broken(client);
	return true;
}

uint32_t
netlink_client_events(const struct netlink_client *client)
{
	bool busy = genl_session_busy(&client->session);
	uint32_t events = 0;

	/* work that waits goes on as soon as the socket has room, and when it is time for it */
	if (client->session.out || (busy && genl_session_wait_ns(&client->session, dump_pace_now_ns()) == 0))
		events |= EPOLLOUT;
	if (!busy && client->session.out_bytes < GENL_OUT_LIMIT)
		events |= EPOLLIN;
	return events;
}
