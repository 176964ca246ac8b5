/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reads all that the kernel has: at the start at once, later a slice a turn, so that clients don't wait for it. Meanwhile
 * the messages of changes stay in their socket: they come after what is read, as they are the younger ones.
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
#define PATIENCE_MS 5000
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

/* 1: more of its kind is to come; 0: that was all; -errno. */
static int
take_datagram(struct kernel_mirror *mirror, ssize_t length)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)mirror->buffer;

	for (int left = (int)length; nlmsg_ok(message, left); message = nlmsg_next(message, &left)) {
		mirror->reading.changed |= (message->nlmsg_flags & NLM_F_DUMP_INTR) != 0;
		if (message->nlmsg_type == NLMSG_DONE)
			return 0;
		if (message->nlmsg_type == NLMSG_ERROR) {
			const struct nlmsgerr *error = NLMSG_DATA(message);

			return error->error != 0 ? error->error : -EIO;
		}
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

static int
begin(struct kernel_mirror *mirror)
{
	struct mirror_reading *reading = &mirror->reading;
	int fd = mirror_connect(), strict = 1, err;

	if (fd < 0)
		return fd;
	reading->fd = fd;
	reading->kind = 0;
	reading->changed = false;
	reading->heard_ms = mirror_clock_ms();
	mirror_sweep_begin(mirror);
	listen_to_changes(mirror, false);
	/* A malformed question fails, rather than to be noted in the kernel's log; before Linux 4.20 there is no such word. */
	err = setsockopt(fd, SOL_NETLINK, NETLINK_GET_STRICT_CHK, &strict, sizeof(strict)) != 0 && errno != ENOPROTOOPT
		      ? -errno
		      : ask(reading);
	if (err == 0)
		err = event_loop_add(mirror->parts.loop, fd, EPOLLIN, read_on, mirror);
	if (err < 0)
		mirror_resync_stop(mirror);
	return err;
}

static void
give_up(struct kernel_mirror *mirror, int err)
{
	mirror_settle(mirror);
	mirror->reading.err = err;
	mirror->resync_due = true;
	mirror->resync_ms = mirror->now_ms;
	log_limited(&mirror->resync_limit, LOG_WARNING, "mirror", "the kernel's tables can't be read (%s): tried again",
		    err == -ESTALE ? "they change meanwhile" : strerror(-err));
}

/* A reading that the kernel calls inconsistent may lack objects: nothing is swept, and it begins again. */
static void
end(struct kernel_mirror *mirror, int err)
{
	mirror_resync_stop(mirror);
	if (err == 0) {
		mirror->reading.err = 0;
		mirror_sweep_end(mirror);
		return;
	}
	if (err == -ESTALE && ++mirror->reading.tries < TRIES)
		err = begin(mirror);
	if (err < 0)
		give_up(mirror, err);
}

static void
read_on(void *arg, uint32_t events)
{
	struct kernel_mirror *mirror = arg;
	int err;

	(void)events;
	mirror->now_ms = mirror_clock_ms();
	err = read_slice(mirror);
	if (err != 1)
		end(mirror, err);
}

static void
start(struct kernel_mirror *mirror)
{
	int err;

	mirror->resync_due = false;
	mirror->reading.tries = 0;
	err = begin(mirror);
	if (err < 0)
		give_up(mirror, err);
}

void
mirror_resync_tick(struct kernel_mirror *mirror)
{
	if (mirror_is_reading_all(mirror)) {
		if (mirror_clock_ms() - mirror->reading.heard_ms >= PATIENCE_MS)
			end(mirror, -ETIMEDOUT);
	} else if (mirror->resync_due && mirror->now_ms - mirror->resync_ms >= PAUSE_MS) {
		start(mirror);
	}
}

int
mirror_resync_now(struct kernel_mirror *mirror)
{
	start(mirror);
	while (mirror_is_reading_all(mirror)) {
		struct pollfd answer = { .fd = mirror->reading.fd, .events = POLLIN };

		if (poll(&answer, 1, PATIENCE_MS) == 0)
			end(mirror, -ETIMEDOUT);
		else
			read_on(mirror, 0);
	}
	return mirror->reading.err;
}
