/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A program with netlink sockets, for the unit tests of the preload shim. The shim is linked into the program instead of
 * preloaded: its hooks stand before the C library's functions just the same. The test plays ipvsd (control_peer.h); its
 * own AF_UNIX sockets pass through the hooks untouched.
 */
#ifndef NETLINK_PROGRAM_H
#define NETLINK_PROGRAM_H

#include "control_peer.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>

#include "preload_fds.h"

static inline int
netlink_socket(const struct control_peer *peer, int type)
{
	int fd;

	setenv(IPVSD_SOCKET_ENV, peer->path, 1);
	fd = socket(AF_NETLINK, type, NETLINK_GENERIC);
	assert_true(fd >= 0);
	return fd;
}

static inline void
send_request(int fd, uint32_t seq)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	const struct nlmsghdr request = { .nlmsg_len = sizeof(request),
					  .nlmsg_type = IPVSD_FAMILY_IPVS,
					  .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
					  .nlmsg_seq = seq };

	assert_int_equal(sendto(fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel, sizeof(kernel)),
			 sizeof(request));
}

struct answer {
	struct nlmsghdr header;
	struct nlmsgerr error;
};

static inline struct answer
receive_answer(int fd, int flags)
{
	struct sockaddr_nl from = { .nl_pid = 77 };
	socklen_t length = sizeof(from);
	struct answer answer;

	assert_int_equal(recvfrom(fd, &answer, sizeof(answer), flags, (struct sockaddr *)&from, &length),
			 sizeof(answer));
	assert_int_equal(length, 12);
	assert_int_equal(from.nl_family, AF_NETLINK);
	assert_int_equal(from.nl_pid, 0);
	return answer;
}

static inline int
socket_option(int fd, int level, int option)
{
	socklen_t length = sizeof(int);
	int value = -1;

	assert_int_equal(getsockopt(fd, level, option, &value, &length), 0);
	return value;
}

/* Connects a socket by a first request, which is answered. Returns the socket; *peer is ipvsd's end. */
static inline int
connected_socket(struct control_peer *control, int type, int *peer)
{
	int fd = netlink_socket(control, type);
	struct ipvsd_hello hello;
	struct nlmsghdr request;

	send_request(fd, 1);
	*peer = peer_accept(control, &hello);
	request = peer_request(*peer);
	peer_answer(*peer, &request, 0);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 1);
	return fd;
}

#endif
