/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The mirror's socket, which hears all changes and asks for neighbours. When the kernel had to drop messages (ENOBUFS)
 * everything is read again (mirror_resync.c).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include <netlink/attr.h>
#include <netlink/msg.h>

#include "control/event_loop.h"
#include "control/mirror.h"

#define BUFFER (256u << 10)
#define RECEIVE_BUFFER (128 << 20) /* taken only when needed: some 30,000 changes */
#define BATCH 256 /* datagrams a turn */
#define REQUESTS_MS 1
#define TICK_MS 1000

static const uint32_t groups[] = { RTNLGRP_LINK,	RTNLGRP_NEIGH,	    RTNLGRP_IPV4_IFADDR,
				   RTNLGRP_IPV6_IFADDR, RTNLGRP_IPV4_ROUTE, RTNLGRP_IPV6_ROUTE };

uint64_t
mirror_clock_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

ssize_t
mirror_receive(struct kernel_mirror *mirror, int fd)
{
	struct sockaddr_nl from = { 0 };
	struct iovec data = { .iov_base = mirror->buffer, .iov_len = BUFFER };
	struct msghdr header = { .msg_name = &from, .msg_namelen = sizeof(from), .msg_iov = &data, .msg_iovlen = 1 };
	ssize_t length;

	do
		length = recvmsg(fd, &header, 0);
	while ((length < 0 && errno == EINTR) || (length >= 0 && from.nl_pid != 0));
	if (length < 0)
		return -errno;
	return header.msg_flags & MSG_TRUNC ? -ENOBUFS : length;
}

static void
take_error(struct kernel_mirror *mirror, const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	if (message->nlmsg_len < NLMSG_LENGTH(sizeof(*error)) || error->error == 0)
		return;
	if (error->error == -ENOBUFS)
		log_limited(
			&mirror->ask_limit, LOG_WARNING, "mirror",
			"the kernel's neighbour table is full: raise net.ipv4.neigh.default.gc_thresh3 and net.ipv6's");
	else
		log_limited(&mirror->ask_limit, LOG_WARNING, "mirror", "the kernel does not resolve a neighbour: %s",
			    strerror(-error->error));
}

void
mirror_take_changes(struct kernel_mirror *mirror, ssize_t length)
{
	int left = (int)length;

	for (struct nlmsghdr *message = (struct nlmsghdr *)(void *)mirror->buffer; nlmsg_ok(message, left);
	     message = nlmsg_next(message, &left)) {
		if (message->nlmsg_type == NLMSG_ERROR)
			take_error(mirror, message);
		else
			mirror_take(mirror, message);
	}
}

int
mirror_connect(void)
{
	struct sockaddr_nl local = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE);
	int err;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&local, sizeof(local)) == 0)
		return fd;
	err = -errno;
	close(fd);
	return err;
}

void
mirror_note_overflow(struct kernel_mirror *mirror)
{
	log_limited(&mirror->resync_limit, LOG_INFO, "mirror",
		    "the kernel had more changes than we could take: reading everything");
	mirror->resync_due = true;
}

/* While changes are not taken. The error would wake the loop until somebody has it. */
static void
take_overflow(struct kernel_mirror *mirror)
{
	int error;
	socklen_t length = sizeof(error);

	(void)getsockopt(mirror->fd, SOL_SOCKET, SO_ERROR, &error, &length);
	mirror_note_overflow(mirror);
}

static void
on_readable(void *arg, uint32_t events)
{
	struct kernel_mirror *mirror = arg;

	if (mirror_is_reading_all(mirror)) {
		if ((events & EPOLLERR) != 0)
			take_overflow(mirror);
		return;
	}
	mirror->now_ms = mirror_clock_ms();
	for (int i = 0; i < BATCH; i++) {
		ssize_t length = mirror_receive(mirror, mirror->fd);

		if (length == -ENOBUFS) {
			mirror_note_overflow(mirror);
			continue;
		}
		if (length < 0)
			break;
		mirror_take_changes(mirror, length);
	}
	mirror_settle(mirror);
	mirror_resync_tick(mirror);
}

static void
on_request_tick(void *arg)
{
	struct kernel_mirror *mirror = arg;

	mirror->now_ms = mirror_clock_ms();
	mirror_requests_serve(mirror);
	mirror_resync_tick(mirror);
}

static void
on_tick(void *arg)
{
	struct kernel_mirror *mirror = arg;

	mirror->now_ms = mirror_clock_ms();
	mirror_requests_tick(mirror);
	mirror_narrow_tick(mirror);
}

/* The kernel sends its request over the kernel interface as if it had a packet to send itself (NTF_USE). */
static int
ask_kernel(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour, bool managed)
{
	struct ndmsg head = {
		.ndm_family = (uint8_t)neighbour->addr.family,
		.ndm_ifindex = mirror->parts.ports->port[neighbour->port].kernel_ifindex,
		.ndm_flags = NTF_USE,
	};
	size_t length = neighbour->addr.family == AF_INET ? 4 : 16;
	struct nl_msg *msg = nlmsg_alloc();
	struct nlmsghdr *header;
	int err = -ENOMEM;

	if (!msg)
		return err;
	header = nlmsg_put(msg, 0, ++mirror->sequence, RTM_NEWNEIGH, 0, NLM_F_REQUEST | NLM_F_CREATE | NLM_F_REPLACE);
	if (!header || nlmsg_append(msg, &head, sizeof(head), NLMSG_ALIGNTO) < 0 ||
	    nla_put(msg, NDA_DST, (int)length, neighbour->addr.ip.bytes) < 0)
		goto out;
	if (managed && mirror->has_managed && nla_put_u32(msg, NDA_FLAGS_EXT, NTF_EXT_MANAGED) < 0)
		goto out;
	header = nlmsg_hdr(msg);
	err = send(mirror->fd, header, header->nlmsg_len, MSG_DONTWAIT) < 0 ? -errno : 0;
	if (err < 0)
		log_limited(&mirror->ask_limit, LOG_WARNING, "mirror", "asking for a neighbour: %s", strerror(-err));
out:
	nlmsg_free(msg);
	return err;
}

/* Older kernels pass the attribute over in silence. */
static bool
kernel_has_managed(void)
{
	struct utsname name;
	unsigned int major, minor;

	if (uname(&name) != 0 || sscanf(name.release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 5 || (major == 5 && minor >= 16);
}

static int
subscribe(int fd)
{
	int size = RECEIVE_BUFFER;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0 &&
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)) != 0)
		return -errno;
	for (size_t i = 0; i < RTE_DIM(groups); i++) {
		if (setsockopt(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, &groups[i], sizeof(groups[i])) != 0)
			return -errno;
	}
	return 0;
}

int
mirror_socket_open(struct kernel_mirror *mirror)
{
	struct event_loop *loop = mirror->parts.loop;
	int err = 0;

	mirror->ask_limit = (struct log_limit)LOG_LIMIT(5, 60);
	mirror->resync_limit = (struct log_limit)LOG_LIMIT(5, 60);
	mirror->has_managed = kernel_has_managed();
	mirror->ask = ask_kernel;
	mirror->now_ms = mirror_clock_ms();
	mirror->buffer = malloc(BUFFER);
	mirror->fd = mirror_connect();
	if (!mirror->buffer)
		err = -ENOMEM;
	else if (mirror->fd < 0)
		err = mirror->fd;
	/* Subscribed first: what changes while all is read comes after it. */
	if (err == 0)
		err = subscribe(mirror->fd);
	if (err == 0)
		err = mirror_resync_now(mirror);
	if (err == 0)
		err = event_loop_add(loop, mirror->fd, EPOLLIN, on_readable, mirror);
	if (err == 0)
		err = event_loop_every(loop, REQUESTS_MS, on_request_tick, mirror);
	if (err == 0)
		err = event_loop_every(loop, TICK_MS, on_tick, mirror);
	if (err < 0)
		log_error("mirror", "the kernel's network state can't be followed over rtnetlink: %s", strerror(-err));
	return err;
}

void
mirror_socket_close(struct kernel_mirror *mirror)
{
	mirror_resync_stop(mirror);
	if (mirror->fd >= 0) {
		event_loop_remove(mirror->parts.loop, mirror->fd);
		close(mirror->fd);
	}
	free(mirror->buffer);
}
