/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A netlink socket's calls: see preload_link.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include <linux/netlink.h>

#include "control_connect.h"
#include "preload_absent.h"
#include "preload_connection.h"
#include "preload_fds.h"
#include "preload_link.h"
#include "preload_real.h"
#include "preload_standin.h"

static int
fail(int err)
{
	errno = -err;
	return -1;
}

int
link_socket(int type)
{
	const char *path = control_path(NULL);
	int fd = control_connect(path, type & SOCK_CLOEXEC);

	if (fd < 0 && absent_is_kernels(path, fd))
		return real()->socket(AF_NETLINK, type, NETLINK_GENERIC);
	if (fd < 0)
		return fail(-EPROTONOSUPPORT);
	if (!fds_add(fd, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))) {
		real()->close(fd);
		return fail(-EMFILE);
	}
	if (type & SOCK_NONBLOCK)
		real()->fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

static void
greet_once(int fd, struct link *link)
{
	/* A connection that is lost already says so at the first request. */
	if (!link->greeted && !link->lost)
		link->greeted = connection_greet(fd, link) == 0;
}

int
link_bind(int fd, struct link *link, uint32_t wanted)
{
	int err = fds_bind(link, wanted);

	if (err < 0)
		return fail(err);
	greet_once(fd, link);
	return 0;
}

#define PIECES_MAX 1024 /* UIO_MAXIOV of the kernel */

/* Has the message more buffers than the kernel takes, or, where that can be said, fewer than none? */
static bool
is_endless(const struct msghdr *msg)
{
	return (size_t)msg->msg_iovlen > PIECES_MAX;
}

static size_t
total(const struct msghdr *msg)
{
	size_t sum = 0;
	size_t i;

	for (i = 0; i < (size_t)msg->msg_iovlen; i++)
		sum += msg->msg_iov[i].iov_len;
	return sum;
}

/* The socket that requests were noted for, and how many. */
struct sending {
	uint32_t turn, n;
};

/* Notes the datagram's requests. Returns 1; or 0 if they are as good as sent, because there is no ipvsd and the stand-in
 * has the answers; or a negative errno. */
static int
note(int fd, struct link *link, const struct msghdr *msg, struct sending *ret)
{
	int err = 1;

	fds_lock();
	ret->turn = link->turn;
	ret->n = pending_send(&link->pending, msg, total(msg));
	if (link->lost)
		err = standin_answer(fd, &link->pending, link->portid);
	if (err < 0)
		pending_unsend(&link->pending, msg, total(msg));
	fds_unlock();
	return err;
}

static void
take_back(struct link *link, const struct msghdr *msg, const struct sending *sending)
{
	fds_lock();
	if (link->turn == sending->turn)
		pending_unsend(&link->pending, msg, total(msg));
	fds_unlock();
}

/* The connection turned out to be dead. Whoever else replaces it answers the noted requests. */
static ssize_t
send_again(int fd, struct link *link, const struct msghdr *msg, int flags, const struct sending *sending)
{
	uint32_t turn = sending->turn;
	ssize_t n;
	int err;

	if (connection_renew(fd, link, turn, sending->n) == 0) {
		turn++;
		n = real()->sendmsg(fd, msg, flags | MSG_NOSIGNAL);
		if (n >= 0)
			return n;
	}
	err = connection_lose(fd, link, turn);
	return err < 0 ? fail(err) : (ssize_t)total(msg);
}

ssize_t
link_send(int fd, struct link *link, const struct msghdr *msg, int flags)
{
	/* Without address and credentials, which netlink has, but this connection does not. */
	const struct msghdr plain = { .msg_iov = msg->msg_iov, .msg_iovlen = msg->msg_iovlen };
	struct sending sending;
	ssize_t n;
	int err;

	if (is_endless(msg))
		return fail(-EMSGSIZE);
	if (total(msg) == 0)
		return fail(-ENODATA);
	if (link->lost)
		(void)connection_renew(fd, link, link->turn, 0);
	greet_once(fd, link);
	err = note(fd, link, &plain, &sending);
	if (err <= 0)
		return err < 0 ? fail(err) : (ssize_t)total(msg);
	n = real()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
	if (n >= 0)
		return n;
	err = errno;
	if (connection_is_dead(err))
		return send_again(fd, link, &plain, flags, &sending);
	take_back(link, &plain, &sending);
	return fail(-err);
}

/* The kernel's netlink messages come from process 0, and so do ours. */
static void
rewrite_credentials(struct msghdr *msg)
{
	const struct ucred kernel = { 0 };
	struct cmsghdr *cmsg;

	for (cmsg = CMSG_FIRSTHDR(msg); cmsg; cmsg = CMSG_NXTHDR(msg, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET && cmsg->cmsg_type == SCM_CREDENTIALS &&
		    cmsg->cmsg_len >= CMSG_LEN(sizeof(kernel)))
			memcpy(CMSG_DATA(cmsg), &kernel, sizeof(kernel));
	}
}

/* Is 0, returned for this receive, the end of the connection? ipvsd sends no empty datagrams, but a program may have no
 * room. */
static bool
is_end(const struct msghdr *msg, int flags)
{
	return total(msg) > 0 || (flags & MSG_TRUNC);
}

static bool
would_wait(int fd, int flags)
{
	return !(flags & MSG_DONTWAIT) && !(real()->fcntl(fd, F_GETFL) & O_NONBLOCK);
}

/* The socket that is read from. */
struct reading {
	uint32_t turn;
	bool lost;
};

/* Receives, and notes what was answered. */
static ssize_t
receive(int fd, struct link *link, struct msghdr *msg, int flags, struct reading *ret)
{
	ssize_t n;
	int err;

	fds_lock();
	link->readers++;
	*ret = (struct reading){ .turn = link->turn, .lost = link->lost };
	fds_unlock();
	n = real()->recvmsg(fd, msg, ret->lost ? flags | MSG_DONTWAIT : flags);
	err = errno;
	fds_lock();
	link->readers--;
	if (n > 0 && !(flags & MSG_PEEK))
		pending_received(&link->pending, msg, (size_t)n);
	fds_unlock();
	errno = err;
	return n;
}

/* One try. Returns -EAGAIN if the connection has been replaced: there is something else to try. */
static ssize_t
try_receive(int fd, struct link *link, struct msghdr *msg, int flags)
{
	struct reading reading;
	ssize_t n = receive(fd, link, msg, flags, &reading);
	int err;

	if (n > 0 || (n == 0 && !is_end(msg, flags)))
		return n;
	if (n == 0 || connection_is_dead(errno)) {
		err = connection_lose(fd, link, reading.turn);
		return err < 0 ? fail(err) : -EAGAIN;
	}
	if (!reading.lost || errno != EAGAIN || !would_wait(fd, flags))
		return -1;
	return link->turn == reading.turn ? fail(-ECONNRESET) : -EAGAIN;
}

ssize_t
link_receive(int fd, struct link *link, struct msghdr *msg, int flags)
{
	const struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct msghdr plain;
	ssize_t n;

	if (is_endless(msg))
		return fail(-EMSGSIZE);
	do {
		plain = *msg;
		plain.msg_name = NULL;
		plain.msg_namelen = 0;
		n = try_receive(fd, link, &plain, flags);
	} while (n == -EAGAIN);
	if (n < 0)
		return -1;
	if (plain.msg_controllen > 0)
		rewrite_credentials(&plain);
	if (msg->msg_name) {
		memcpy(msg->msg_name, &from, msg->msg_namelen < sizeof(from) ? msg->msg_namelen : sizeof(from));
		msg->msg_namelen = sizeof(from);
	}
	msg->msg_controllen = plain.msg_controllen;
	msg->msg_flags = plain.msg_flags;
	return n;
}
