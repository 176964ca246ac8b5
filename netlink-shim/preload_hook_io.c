/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for sending and receiving. All forms come down to link_send() and link_receive() (preload_link.c). Several
 * datagrams at once: preload_hook_batch.c.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include "preload_fds.h"
#include "preload_files.h"
#include "preload_link.h"
#include "preload_real.h"

static ssize_t
send_bytes(int fd, struct link *link, const void *data, size_t size, int flags)
{
	struct iovec iov = { .iov_base = (void *)data, .iov_len = size };
	const struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return link_send(fd, link, &msg, flags);
}

static ssize_t
receive_bytes(int fd, struct link *link, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	struct iovec iov = { .iov_base = data, .iov_len = size };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_name = from };
	ssize_t n;

	if (from && length)
		msg.msg_namelen = *length;
	n = link_receive(fd, link, &msg, flags);
	if (n >= 0 && from && length)
		*length = msg.msg_namelen;
	return n;
}

HOOK ssize_t
sendmsg(int fd, const struct msghdr *msg, int flags)
{
	struct link *link = fds_link(fd);

	return link ? link_send(fd, link, msg, flags) : real()->sendmsg(fd, msg, flags);
}

HOOK ssize_t
sendto(int fd, const void *data, size_t size, int flags, const struct sockaddr *to, socklen_t length)
{
	struct link *link = fds_link(fd);

	return link ? send_bytes(fd, link, data, size, flags) : real()->sendto(fd, data, size, flags, to, length);
}

HOOK ssize_t
send(int fd, const void *data, size_t size, int flags)
{
	struct link *link = fds_link(fd);

	return link ? send_bytes(fd, link, data, size, flags) : real()->send(fd, data, size, flags);
}

HOOK ssize_t
write(int fd, const void *data, size_t size)
{
	struct link *link = fds_link(fd);
	ssize_t n = link ? send_bytes(fd, link, data, size, 0) : real()->write(fd, data, size);

	return n < 0 && errno == EPERM && !link ? files_write(fd, data, size) : n;
}

HOOK ssize_t
writev(int fd, const struct iovec *iov, int n)
{
	struct link *link = fds_link(fd);
	const struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };

	ssize_t written = link && n >= 0 ? link_send(fd, link, &msg, 0) : real()->writev(fd, iov, n);

	return written < 0 && errno == EPERM && !link ? files_writev(fd, iov, n) : written;
}

HOOK ssize_t
recvmsg(int fd, struct msghdr *msg, int flags)
{
	struct link *link = fds_link(fd);

	return link ? link_receive(fd, link, msg, flags) : real()->recvmsg(fd, msg, flags);
}

HOOK ssize_t
recvfrom(int fd, void *data, size_t size, int flags, struct sockaddr *from, socklen_t *length)
{
	struct link *link = fds_link(fd);

	return link ? receive_bytes(fd, link, data, size, flags, from, length)
		    : real()->recvfrom(fd, data, size, flags, from, length);
}

HOOK ssize_t
recv(int fd, void *data, size_t size, int flags)
{
	struct link *link = fds_link(fd);

	return link ? receive_bytes(fd, link, data, size, flags, NULL, NULL) : real()->recv(fd, data, size, flags);
}

HOOK ssize_t
read(int fd, void *data, size_t size)
{
	struct link *link = fds_link(fd);

	return link ? receive_bytes(fd, link, data, size, 0, NULL, NULL) : real()->read(fd, data, size);
}

HOOK ssize_t
readv(int fd, const struct iovec *iov, int n)
{
	struct link *link = fds_link(fd);
	struct msghdr msg = { .msg_iov = (struct iovec *)iov, .msg_iovlen = (size_t)n };

	return link && n >= 0 ? link_receive(fd, link, &msg, 0) : real()->readv(fd, iov, n);
}
