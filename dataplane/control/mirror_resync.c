/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads all that the kernel has: at the start at once, later a slice a turn, so that clients don't wait for it. What the
 * socket of changes holds when a reading begins is older than what will be read, and taken before; a socket that has
 * overflowed takes nothing until it is empty, either. Changes that come during the reading stay in the socket, and are
 * taken after it: those that it has seen already are repeated, in their order, so that the last word is the kernel's.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <unistd.h>

#include <netlink/msg.h>

#include "control/event_loop.h"
#include "control/mirror.h"

#define PAUSE_MS 100
#define SILENCE_MS 5000
#define LONGEST_MS 600000 /* as many routes as limits.routes allows take a part of it */
#define SLICE_MS 10
#define TRIES 5

/* In the order in which they need each other. */
static const uint16_t kinds[] = { RTM_GETLINK, RTM_GETADDR, RTM_GETNEIGH, RTM_GETROUTE };

bool
mirror_is_reading_all(const struct kernel_mirror *mirror)
{
	return mirror->reading.fd >= 0;
}

/* What follows the header of a question, in bytes: the kernel notes in its log what it finds behind it. */
static uint32_t
question_size(uint16_t kind)
{
	switch (kind) {
	case RTM_GETLINK:
		return sizeof(struct ifinfomsg);
	case RTM_GETADDR:
		return sizeof(struct ifaddrmsg);
	case RTM_GETROUTE:
		return sizeof(struct rtmsg);
	default:
		return sizeof(struct ndmsg);
	}
}

static int
ask(const struct mirror_reading *reading)
{
	struct {
		struct nlmsghdr header;
		union {
			struct ifinfomsg link;
			struct ifaddrmsg addr;
			struct rtmsg route;
			struct ndmsg neighbour;
		};
	} request = { .header = { .nlmsg_len = NLMSG_LENGTH(question_size(kinds[reading->kind])),
				  .nlmsg_type = kinds[reading->kind],
				  .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP } };

	return send(reading->fd, &request, request.header.nlmsg_len, 0) < 0 ? -errno : 0;
}

static int
error_of(const struct nlmsghdr *message)
{
	const struct nlmsgerr *error = NLMSG_DATA(message);

	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(error->error)) && error->error < 0 ? error->error : -EIO;
}

/* Of a dump that broke off, which ends like any other: netlink_dump_done() in net/netlink/af_netlink.c. 0: it is whole. */
static int
error_at_end(const struct nlmsghdr *message)
{
	const int *error = NLMSG_DATA(message);

	return message->nlmsg_len >= NLMSG_LENGTH(sizeof(*error)) && *error < 0 ? *error : 0;
}

/* 1: more of its kind is to come; 0: that was all; -errno. */
static int
take_datagram(struct kernel_mirror *mirror, ssize_t length)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)mirror->buffer;

	for (int left = (int)length; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
		mirror->reading.changed |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE)
			return error_at_end(message);
		if (message->nlmsg_type == NLMSG_ERROR)
			return error_of(message);
		mirror_take(mirror, message);
	}
	return 1;
}

/* 1: more is to come; 0: that was all; -ESTALE: it changed meanwhile, and objects may be missing; -errno. */
static int
read_slice(struct kernel_mirror *mirror)
{
	struct mirror_reading *reading = &mirror->reading;
	const uint64_t end_ms = mirror_clock_ms() + SLICE_MS;

	do {
		ssize_t length = mirror_receive(mirror, reading->fd);
		int more;

		if (length < 0)
			return length == -EAGAIN ? 1 : (int)length;
		reading->heard_ms = mirror_clock_ms();
		more = take_datagram(mirror, length);
		if (more == 0 && ++reading->kind == RTE_DIM(kinds))
			return reading->changed ? -ESTALE : 0;
		if (more == 0)
			more = ask(reading);
		if (more < 0)
			return more;
	} while (mirror_clock_ms() < end_ms);
	return 1;
}

static void read_on(void *arg, uint32_t events);

/* Whether the messages of changes are to be heard. */
static void
listen_to_changes(struct kernel_mirror *mirror, bool listen)
{
	/* not in the loop yet at the start */
	(void)event_loop_change(mirror->parts.loop, mirror->fd, listen ? EPOLLIN : 0);
}

void
mirror_resync_stop(struct kernel_mirror *mirror)
{
	if (!mirror_is_reading_all(mirror))
		return;
	event_loop_remove(mirror->parts.loop, mirror->reading.fd);
	close(mirror->reading.fd);
	mirror->reading.fd = -1;
	listen_to_changes(mirror, true);
}

/* Until the socket is empty, as before that it takes nothing after an overflow. The reading may fail, so nothing is thrown
 * away. */
static int
take_older_changes(struct kernel_mirror *mirror)
{
	ssize_t length;

	for (;;) {
		length = mirror_receive(mirror, mirror->fd);
		if (length == -ENOBUFS)
			mirror_note_overflow(mirror);
		else if (length < 0)
			return length == -EAGAIN ? 0 : (int)length;
		else
			mirror_take_changes(mirror, length);
	}
}

static int
begin(struct kernel_mirror *mirror)
{
	struct mirror_reading *reading = &mirror->reading;
	int strict = 1, err = take_older_changes(mirror), fd;

	if (err < 0)
		return err;
	mirror->resync_due = false;
	fd = mirror_connect();
	if (fd < 0)
		return fd;
	reading->fd = fd;
	reading->kind = 0;
	reading->changed = false;
	reading->begun_ms = reading->heard_ms = mirror_clock_ms();
	mirror_sweep_begin(mirror);
	listen_to_changes(mirror, false);
	/* A malformed question is an error in the answer, rather than a line in the kernel's log; before Linux 4.20 there
	 * is no such word. */
	err = setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict)) != 0 && errno != ENOPROTOOPT
		      ? -errno
		      : ask(reading);
	if (err == 0)
		err = event_loop_add(mirror->parts.loop, fd, EPOLLIN, read_on, mirror);
	if (err < 0)
		mirror_resync_stop(mirror);
	return err;
}

/* A reading that failed, or that the kernel calls inconsistent, may lack objects: nothing is swept, and after a pause, in
 * which changes are taken, it begins again. */
static void
end(struct kernel_mirror *mirror, int err)
{
	struct mirror_reading *reading = &mirror->reading;

	mirror_resync_stop(mirror);
	mirror->resync_ms = mirror->now_ms;
	reading->err = err;
	if (err == 0) {
		reading->tries = 0;
		mirror_sweep_end(mirror);
		return;
	}
	mirror_settle(mirror);
	mirror->resync_due = true;
	if (err == -ESTALE && ++reading->tries < TRIES)
		return;
	reading->tries = 0;
	log_limited(&mirror->resync_limit, LOG_WARNING, "mirror", "the kernel's tables can't be read (%s): tried again",
		    err == -ESTALE ? "they change meanwhile" : strerror(-err));
}

static bool
takes_too_long(const struct mirror_reading *reading)
{
	const uint64_t now_ms = mirror_clock_ms();

	return now_ms - reading->heard_ms >= SILENCE_MS || now_ms - reading->begun_ms >= LONGEST_MS;
}

static void
read_on(void *arg, uint32_t events)
{
	struct kernel_mirror *mirror = arg;
	int err;

	(void)events;
	mirror->now_ms = mirror_clock_ms();
	err = read_slice(mirror);
	if (err == 1 && takes_too_long(&mirror->reading))
		err = -ETIMEDOUT;
	if (err != 1)
		end(mirror, err);
}

static void
start(struct kernel_mirror *mirror)
{
	int err = begin(mirror);

	if (err < 0)
		end(mirror, err);
}

void
mirror_resync_tick(struct kernel_mirror *mirror)
{
	if (mirror_is_reading_all(mirror)) {
		if (takes_too_long(&mirror->reading))
			end(mirror, -ETIMEDOUT);
	} else if (mirror->resync_due && mirror->now_ms - mirror->resync_ms >= PAUSE_MS) {
		start(mirror);
	}
}

int
mirror_resync_now(struct kernel_mirror *mirror)
{
	for (;;) {
		start(mirror);
		while (mirror_is_reading_all(mirror)) {
			struct pollfd answer = { .fd = mirror->reading.fd, .events = POLLIN };

			(void)poll(&answer, 1, SILENCE_MS);
			read_on(mirror, 0);
		}
		if (mirror->reading.tries == 0)
			return mirror->reading.err;
		(void)poll(NULL, 0, PAUSE_MS);
	}
}
