/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What epoll instances of the program wait for on netlink sockets that lead to ipvsd. epoll forgets a descriptor whose
 * socket is replaced (preload_fds.h), so somebody has to remind it.
 */
#ifndef PRELOAD_WATCH_H
#define PRELOAD_WATCH_H

#include <stdbool.h>
#include <sys/epoll.h>

#define WATCHES_MAX 256 /* of a process; beyond, a reminder is not given */

/* After epoll_ctl(epfd, operation, fd, event) that succeeded for such a socket. */
void watch_note(int epfd, int operation, int fd, const struct epoll_event *event);

/* Is anything noted? */
bool watch_any(void);

/* Before close(fd), whichever of the two it is. */
void watch_forget(int fd);

/* Registers fd again with each instance that waits for it. The caller holds the lock of preload_fds.h. */
void watch_again(int fd);

#endif
