/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See sockopt_session.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "control_connect.h"
#include "sockopt_session.h"
#include "wire.h"

static int
send_all(int fd, const void *data, size_t size)
{
	ssize_t n;

	do
		n = send(fd, data, size, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -ENODEV : 0;
}

int
session_open(struct session *session, const char *path)
{
	const struct ipvsd_hello hello = control_hello((uint32_t)getpid(), 0);

	*session = (struct session){ .datagram = malloc(IPVSD_MAX_DATAGRAM) };
	if (!session->datagram)
		return -ENOMEM;
	session->fd = control_connect(path, SOCK_CLOEXEC);
	if (session->fd < 0) {
		free(session->datagram);
		return session->fd;
	}
	/* That nobody took it shows in the answer to the first request. */
	(void)send_all(session->fd, &hello, sizeof(hello));
	return 0;
}

void
session_close(struct session *session)
{
	close(session->fd);
	free(session->datagram);
}

/* Returns the size of the next datagram or a negative errno. */
static ssize_t
receive(struct session *session)
{
	ssize_t n;

	do
		n = recv(session->fd, session->datagram, IPVSD_MAX_DATAGRAM, 0);
	while (n < 0 && errno == EINTR);
	return n > 0 ? n : -ENODEV;
}

int
session_ask(struct session *session, struct message *request, answer_take take, void *arg)
{
	struct nlmsghdr *header = (struct nlmsghdr *)request->bytes;
	ssize_t n;
	int state;

	header->nlmsg_seq = ++session->seq;
	state = send_all(session->fd, request->bytes, request->length);
	while (state == 0) {
		n = receive(session);
		state = n < 0 ? (int)n : answers_take(session->datagram, (size_t)n, session->seq, take, arg);
	}
	return state < 0 ? state : 0;
}
