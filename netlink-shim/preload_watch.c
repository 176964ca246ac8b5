/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The list behind preload_watch.h.
 */
#include <stdatomic.h>
#include <stdint.h>

#include "preload_fds.h"
#include "preload_real.h"
#include "preload_watch.h"

struct watch {
	int epfd, fd;
	struct epoll_event event;
};

/* Under the lock of preload_fds.h; only the count is looked at without. */
static struct watch watches[WATCHES_MAX];
static _Atomic uint32_t n_watches;

static void
take_out(uint32_t i)
{
	watches[i] = watches[--n_watches];
}

void
watch_note(int epfd, int operation, int fd, const struct epoll_event *event)
{
	uint32_t i = 0;

	fds_lock();
	while (i < n_watches && (watches[i].epfd != epfd || watches[i].fd != fd))
		i++;
	if (operation == EPOLL_CTL_DEL) {
		if (i < n_watches)
			take_out(i);
	} else if (i < WATCHES_MAX) {
		watches[i] = (struct watch){ .epfd = epfd, .fd = fd, .event = *event };
		if (i == n_watches)
			n_watches++;
	}
	fds_unlock();
}

bool
watch_any(void)
{
	return n_watches > 0;
}

void
watch_forget(int fd)
{
	uint32_t i = 0;

	fds_lock();
	while (i < n_watches) {
		if (watches[i].epfd == fd || watches[i].fd == fd)
			take_out(i);
		else
			i++;
	}
	fds_unlock();
}

/* An error means that the instance is gone, behind the shim's back. */
void
watch_again(int fd)
{
	uint32_t i = 0;

	while (i < n_watches) {
		if (watches[i].fd == fd && real()->epoll_ctl(watches[i].epfd, EPOLL_CTL_ADD, fd, &watches[i].event) < 0)
			take_out(i);
		else
			i++;
	}
}
