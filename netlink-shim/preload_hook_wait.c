/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for waiting. A netlink socket of the kernel's never hangs up, so poll() does not say so of one whose ipvsd went
 * away, but shows the answers that the shim has made up, or goes on waiting. epoll is told of sockets that were replaced
 * (preload_watch.h). select() needs no hook: it does not know of hanging up.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>

#include "preload_connection.h"
#include "preload_fds.h"
#include "preload_real.h"
#include "preload_watch.h"

/* Replaces connections that turned out to be dead. Returns whether there was one. */
static bool
replace_dead(const struct pollfd *fds, nfds_t n)
{
	bool replaced = false;
	nfds_t i;

	for (i = 0; i < n; i++) {
		struct link *link = fds[i].revents & (POLLHUP | POLLERR) ? fds_link(fds[i].fd) : NULL;

		if (link && !link->lost && connection_lose(fds[i].fd, link, link->turn) == 0)
			replaced = true;
	}
	return replaced;
}

static struct timespec
time_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now;
}

/* What is left of wait, which began at start. */
static struct timespec
time_left(const struct timespec *wait, const struct timespec *start)
{
	const struct timespec now = time_now();
	struct timespec left = { .tv_sec = wait->tv_sec - (now.tv_sec - start->tv_sec),
				 .tv_nsec = wait->tv_nsec - (now.tv_nsec - start->tv_nsec) };

	while (left.tv_nsec < 0) {
		left.tv_nsec += 1000000000;
		left.tv_sec--;
	}
	while (left.tv_nsec >= 1000000000) {
		left.tv_nsec -= 1000000000;
		left.tv_sec++;
	}
	return left.tv_sec < 0 ? (struct timespec){ 0 } : left;
}

HOOK int
ppoll(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask)
{
	const struct timespec start = time_now();
	struct timespec left;
	int ready = real()->ppoll(fds, n, timeout, mask);

	while (ready > 0 && replace_dead(fds, n)) {
		if (timeout)
			left = time_left(timeout, &start);
		ready = real()->ppoll(fds, n, timeout ? &left : NULL, mask);
	}
	return ready;
}

HOOK int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
	const struct timespec wait = { .tv_sec = timeout / 1000, .tv_nsec = timeout % 1000 * 1000000L };
	const struct timespec start = time_now();
	struct timespec left;
	int ready = real()->poll(fds, n, timeout);

	while (ready > 0 && replace_dead(fds, n)) {
		left = time_left(&wait, &start);
		ready = real()->ppoll(fds, n, timeout < 0 ? NULL : &left, NULL);
	}
	return ready;
}

HOOK int
epoll_ctl(int epfd, int operation, int fd, struct epoll_event *event)
{
	int result = real()->epoll_ctl(epfd, operation, fd, event);

	if (result == 0 && fds_link(fd))
		watch_note(epfd, operation, fd, event);
	return result;
}
