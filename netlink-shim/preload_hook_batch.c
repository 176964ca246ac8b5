/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for sending and receiving several datagrams in one call.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <sys/socket.h>

#include "preload_fds.h"
#include "preload_link.h"
#include "preload_real.h"

#define BATCH_MAX 1024 /* UIO_MAXIOV, where the kernel stops, too */

HOOK int
sendmmsg(int fd, struct mmsghdr *msgs, unsigned int n, mmsg_flags flags)
{
	struct link *link = fds_link(fd);
	unsigned int done = 0;
	ssize_t size = 0;

	if (!link)
		return real()->sendmmsg(fd, msgs, n, flags);
	while (size >= 0 && done < n && done < BATCH_MAX) {
		size = link_send(fd, link, &msgs[done].msg_hdr, (int)flags);
		if (size >= 0)
			msgs[done++].msg_len = (unsigned int)size;
	}
	return done > 0 || size >= 0 ? (int)done : -1;
}

/* Has the time come? As in the kernel, it is looked at after each datagram, and a call that waits goes on waiting. */
static bool
is_over(const struct timespec *deadline)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec > deadline->tv_sec || (now.tv_sec == deadline->tv_sec && now.tv_nsec >= deadline->tv_nsec);
}

static struct timespec
deadline_of(const struct timespec *timeout)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	now.tv_sec += timeout->tv_sec;
	now.tv_nsec += timeout->tv_nsec;
	if (now.tv_nsec >= 1000000000) {
		now.tv_nsec -= 1000000000;
		now.tv_sec++;
	}
	return now;
}

HOOK int
recvmmsg(int fd, struct mmsghdr *msgs, unsigned int n, mmsg_flags flags, struct timespec *timeout)
{
	const struct timespec deadline = timeout ? deadline_of(timeout) : (struct timespec){ 0 };
	struct link *link = fds_link(fd);
	int each = (int)flags & ~MSG_WAITFORONE;
	unsigned int done = 0;
	ssize_t size = 0;

	if (!link)
		return real()->recvmmsg(fd, msgs, n, flags, timeout);
	while (done < n && done < BATCH_MAX && !(done > 0 && timeout && is_over(&deadline))) {
		size = link_receive(fd, link, &msgs[done].msg_hdr, each);
		if (size < 0)
			break;
		msgs[done++].msg_len = (unsigned int)size;
		if ((int)flags & MSG_WAITFORONE)
			each |= MSG_DONTWAIT;
	}
	return done > 0 || size >= 0 ? (int)done : -1;
}
