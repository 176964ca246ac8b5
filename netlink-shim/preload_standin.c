/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_standin.h.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <linux/netlink.h>

#include "preload_real.h"
#include "preload_standin.h"
#include "wire.h"

/* An address of a family only makes the kernel choose a name. Being connected to itself, the socket takes nothing from
 * anybody else who should guess it. */
static int
connect_to_itself(int fd)
{
	struct sockaddr_un name = { .sun_family = AF_UNIX };
	socklen_t length = sizeof(name);

	if (real()->bind(fd, (const struct sockaddr *)&name, sizeof(sa_family_t)) < 0 ||
	    real()->getsockname(fd, (struct sockaddr *)&name, &length) < 0 ||
	    real()->connect(fd, (const struct sockaddr *)&name, length) < 0)
		return -errno;
	return 0;
}

int
standin_open(void)
{
	int fd = real()->socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int err;

	if (fd < 0)
		return -errno;
	err = connect_to_itself(fd);
	if (err < 0) {
		real()->close(fd);
		return err;
	}
	return fd;
}

void
standin_inherit(int to, int from, struct pending *pending)
{
	struct iovec iov = { .iov_base = malloc(IPVSD_MAX_DATAGRAM), .iov_len = IPVSD_MAX_DATAGRAM };
	const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t n;

	if (!iov.iov_base)
		return;
	/* The first call may say ECONNRESET, and the next have data. */
	do {
		n = real()->recv(from, iov.iov_base, iov.iov_len, MSG_DONTWAIT);
		if (n > 0 && real()->send(to, iov.iov_base, (size_t)n, MSG_DONTWAIT) < 0)
			break;
		if (n > 0)
			pending_received(pending, &msg, (size_t)n);
	} while (n > 0 || (n < 0 && errno == ECONNRESET));
	free(iov.iov_base);
}

static int
answer(int fd, uint32_t seq, uint32_t portid)
{
	const struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} datagram = {
		.header = { .nlmsg_len = sizeof(datagram),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_flags = NLM_F_CAPPED,
			    .nlmsg_seq = seq,
			    .nlmsg_pid = portid },
		.error = { .error = -ENODEV,
			   .msg = { .nlmsg_len = sizeof(struct nlmsghdr), .nlmsg_seq = seq, .nlmsg_pid = portid } },
	};

	return real()->send(fd, &datagram, sizeof(datagram), MSG_DONTWAIT) < 0 ? -errno : 0;
}

int
standin_answer(int fd, struct pending *pending, uint32_t portid)
{
	while (pending->n > 0) {
		int err = answer(fd, pending->requests[0].seq, portid);

		if (err < 0)
			return err;
		pending_drop(pending, 1);
	}
	return 0;
}

bool
standin_has_answers(int fd)
{
	char byte;

	return real()->recv(fd, &byte, sizeof(byte), MSG_PEEK | MSG_DONTWAIT) >= 0;
}
