/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connection behind a netlink socket: see preload_link.h.
 *
 * Threads may share a socket. If two of them find it dead at once, both connect again and the later one wins, which
 * costs the other's request an error answer.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <linux/netlink.h>

#include "control_connect.h"
#include "preload_fds.h"
#include "preload_link.h"
#include "preload_real.h"

static void
complain_once(const char *path, int err)
{
	static atomic_flag said = ATOMIC_FLAG_INIT;

	if (!atomic_flag_test_and_set(&said))
		fprintf(stderr, "ipvsd: nobody answers on %s: %s; start ipvsd, or name its socket in $IPVSD_SOCKET\n",
			path, strerror(-err));
}

int
link_socket(int type)
{
	const char *path = control_path(NULL);
	int fd = control_connect(path, type & SOCK_CLOEXEC);

	if (fd < 0) {
		complain_once(path, fd);
		errno = EPROTONOSUPPORT;
		return -1;
	}
	if (!fds_add(fd, type & ~(SOCK_CLOEXEC | SOCK_NONBLOCK))) {
		real()->close(fd);
		errno = EMFILE;
		return -1;
	}
	if (type & SOCK_NONBLOCK)
		real()->fcntl(fd, F_SETFL, O_NONBLOCK);
	return fd;
}

/* Returns 0 or a negative errno. */
static int
greet(int fd, struct link *link)
{
	struct ipvsd_hello hello;
	ssize_t n;

	if (link->portid == 0)
		link->portid = fds_free_portid();
	hello = control_hello(link->portid, 0);
	do
		n = real()->send(fd, &hello, sizeof(hello), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	link->greeted = n >= 0;
	return n < 0 ? -errno : 0;
}

int
link_bind(int fd, struct link *link, uint32_t wanted)
{
	if (link->portid != 0 && wanted != 0 && wanted != link->portid) {
		errno = EINVAL;
		return -1;
	}
	if (link->portid == 0 && wanted != 0)
		link->portid = wanted;
	/* A connection that is lost already says so at the first request. */
	if (!link->greeted)
		(void)greet(fd, link);
	return 0;
}

/* Puts the connection from, a pointer to its descriptor, in the place of fd. */
static int
replace(int fd, void *from)
{
	int flags = real()->fcntl(fd, F_GETFD);

	return real()->dup3(*(int *)from, fd, flags >= 0 && (flags & FD_CLOEXEC) ? O_CLOEXEC : 0) < 0 ? -errno : 0;
}

/* What the program set on its descriptor and the new connection must have too. */
static void
copy_settings(int old, int new)
{
	static const int options[] = { SO_RCVTIMEO, SO_SNDTIMEO };
	struct timeval time;
	socklen_t length;
	unsigned int i;

	for (i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		length = sizeof(time);
		if (real()->getsockopt(old, SOL_SOCKET, options[i], &time, &length) == 0)
			real()->setsockopt(new, SOL_SOCKET, options[i], &time, length);
	}
	real()->fcntl(new, F_SETFL, real()->fcntl(old, F_GETFL));
}

/* Returns 0 or a negative errno. */
static int
reconnect(int fd, struct link *link)
{
	int new = control_connect(control_path(NULL), SOCK_CLOEXEC);
	int err;

	if (new < 0)
		return new;
	err = greet(new, link);
	if (err == 0) {
		copy_settings(fd, new);
		err = fds_each(link, replace, &new);
	}
	real()->close(new);
	return err;
}

/* Copies up to size bytes from the message's start. Returns how many there were. */
static size_t
peek(const struct msghdr *msg, void *to, size_t size)
{
	size_t done = 0;
	size_t i, n;

	for (i = 0; i < msg->msg_iovlen && done < size; i++) {
		n = msg->msg_iov[i].iov_len < size - done ? msg->msg_iov[i].iov_len : size - done;
		memcpy((char *)to + done, msg->msg_iov[i].iov_base, n);
		done += n;
	}
	return done;
}

static size_t
total(const struct msghdr *msg)
{
	size_t sum = 0;
	size_t i;

	for (i = 0; i < msg->msg_iovlen; i++)
		sum += msg->msg_iov[i].iov_len;
	return sum;
}

static bool
is_lost(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN;
}

ssize_t
link_send(int fd, struct link *link, const struct msghdr *msg, int flags)
{
	const struct msghdr plain = { .msg_iov = msg->msg_iov, .msg_iovlen = msg->msg_iovlen };
	struct nlmsghdr header;
	ssize_t n;

	if (peek(msg, &header, sizeof(header)) == sizeof(header)) {
		link->last_seq = header.nlmsg_seq;
		link->pending = true;
	}
	if (!link->greeted)
		(void)greet(fd, link);
	n = real()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
	if (n >= 0 || !is_lost(errno))
		return n;
	if (reconnect(fd, link) < 0)
		return (ssize_t)total(msg);
	n = real()->sendmsg(fd, &plain, flags | MSG_NOSIGNAL);
	return n < 0 && is_lost(errno) ? (ssize_t)total(msg) : n;
}

/* Scatters the made-up answer over the message's buffers, with the flags that a real one would have. */
static ssize_t
answer_lost(struct link *link, struct msghdr *msg, int flags)
{
	struct {
		struct nlmsghdr header;
		struct nlmsgerr error;
	} answer = {
		.header = { .nlmsg_len = sizeof(answer),
			    .nlmsg_type = NLMSG_ERROR,
			    .nlmsg_flags = NLM_F_CAPPED,
			    .nlmsg_seq = link->last_seq,
			    .nlmsg_pid = link->portid },
		.error = { .error = -ENODEV,
			   .msg = { .nlmsg_len = sizeof(struct nlmsghdr),
				    .nlmsg_seq = link->last_seq,
				    .nlmsg_pid = link->portid } },
	};
	size_t done = 0;
	size_t i, n;

	for (i = 0; i < msg->msg_iovlen && done < sizeof(answer); i++) {
		n = msg->msg_iov[i].iov_len < sizeof(answer) - done ? msg->msg_iov[i].iov_len : sizeof(answer) - done;
		memcpy(msg->msg_iov[i].iov_base, (const char *)&answer + done, n);
		done += n;
	}
	if (!(flags & MSG_PEEK))
		link->pending = false;
	msg->msg_controllen = 0;
	msg->msg_flags = done < sizeof(answer) ? MSG_TRUNC : 0;
	return flags & MSG_TRUNC ? (ssize_t)sizeof(answer) : (ssize_t)done;
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

ssize_t
link_receive(int fd, struct link *link, struct msghdr *msg, int flags)
{
	const struct sockaddr_nl from = { .nl_family = AF_NETLINK };
	struct msghdr plain = *msg;
	ssize_t n;

	plain.msg_name = NULL;
	plain.msg_namelen = 0;
	n = real()->recvmsg(fd, &plain, flags);
	if (n < 0 && !is_lost(errno))
		return n;
	if (n < 0 || (n == 0 && total(msg) > 0)) {
		if (!link->pending) {
			errno = ECONNRESET;
			return -1;
		}
		n = answer_lost(link, &plain, flags);
	} else if (plain.msg_controllen > 0) {
		rewrite_credentials(&plain);
	}
	if (msg->msg_name)
		memcpy(msg->msg_name, &from, msg->msg_namelen < sizeof(from) ? msg->msg_namelen : sizeof(from));
	msg->msg_namelen = sizeof(from);
	msg->msg_controllen = plain.msg_controllen;
	msg->msg_flags = plain.msg_flags;
	return n;
}
