/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The server's end of the control socket, for the unit tests of the client library and of the shim: a listening socket
 * in a temporary folder, and what a test needs to play ipvsd by hand. A SEQPACKET client may connect and send before
 * anybody accepts, so no test needs a thread for one round trip.
 */
#ifndef CONTROL_PEER_H
#define CONTROL_PEER_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <setjmp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>
#include <linux/netlink.h>

#include "wire.h"

struct control_peer {
	char folder[64];
	char path[96];
	int listener;
};

static inline void
peer_listen(struct control_peer *peer)
{
	struct sockaddr_un addr = { .sun_family = AF_UNIX };

	snprintf(addr.sun_path, sizeof(addr.sun_path), "%s", peer->path);
	peer->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(peer->listener >= 0);
	assert_int_equal(bind(peer->listener, (const struct sockaddr *)&addr, sizeof(addr)), 0);
	assert_int_equal(listen(peer->listener, 8), 0);
}

static inline void
peer_stop(struct control_peer *peer)
{
	close(peer->listener);
	unlink(peer->path);
}

static inline int
peer_setup(void **state)
{
	static struct control_peer peer;

	strcpy(peer.folder, "/tmp/ipvsd-test-XXXXXX");
	if (!mkdtemp(peer.folder))
		return -1;
	snprintf(peer.path, sizeof(peer.path), "%s/ipvs.sock", peer.folder);
	peer_listen(&peer);
	*state = &peer;
	return 0;
}

static inline int
peer_teardown(void **state)
{
	struct control_peer *peer = *state;

	peer_stop(peer);
	return rmdir(peer->folder);
}

/* Accepts the next client and reads its hello. */
static inline int
peer_accept(struct control_peer *peer, struct ipvsd_hello *ret_hello)
{
	int fd = accept(peer->listener, NULL, NULL);

	assert_true(fd >= 0);
	assert_int_equal(recv(fd, ret_hello, sizeof(*ret_hello), 0), sizeof(*ret_hello));
	return fd;
}

/* Reads one request; returns its header. */
static inline struct nlmsghdr
peer_request(int fd)
{
	unsigned char data[4096];
	struct nlmsghdr header;

	assert_true(recv(fd, data, sizeof(data), 0) >= (ssize_t)sizeof(header));
	memcpy(&header, data, sizeof(header));
	return header;
}

/* Answers a request with error 0 (an ACK) or a negative errno. */
static inline void
peer_answer(int fd, const struct nlmsghdr *request, int error)
{
	const struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {
		.header = { .nlmsg_len = sizeof(answer),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_flags = NLM_F_CAPPED,
			    .nlmsg_seq = request->nlmsg_seq,
			    .nlmsg_pid = request->nlmsg_pid },
		.error = { .error = error, .msg = *request },
	};

	assert_int_equal(send(fd, &answer, sizeof(answer), MSG_NOSIGNAL), sizeof(answer));
}

#endif
