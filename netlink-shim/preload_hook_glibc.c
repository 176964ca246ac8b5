/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for names that only glibc has: what _FORTIFY_SOURCE makes of a call when the compiler knows the buffer's size,
 * but not the request's; the second names of functions with large offsets; and functions of glibc's own.
 */
#undef _FORTIFY_SOURCE
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdarg.h>
#include <unistd.h>

#include "preload_fds.h"
#include "preload_real.h"

#ifdef __GLIBC__

#include <linux/close_range.h>

/* What glibc calls when a program would overrun its buffer. */
void __chk_fail(void) __attribute__((noreturn));

/* No header has these: the compiler makes the calls of its own accord. */
ssize_t __recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *from,
		       socklen_t *length);
ssize_t __recv_chk(int fd, void *data, size_t size, size_t room, int flags);
ssize_t __read_chk(int fd, void *data, size_t size, size_t room);
int __poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room);
int __ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room);

HOOK ssize_t
__recvfrom_chk(int fd, void *data, size_t size, size_t room, int flags, struct sockaddr *from, socklen_t *length)
{
	if (size > room)
		__chk_fail();
	return recvfrom(fd, data, size, flags, from, length);
}

HOOK ssize_t
__recv_chk(int fd, void *data, size_t size, size_t room, int flags)
{
	if (size > room)
		__chk_fail();
	return recv(fd, data, size, flags);
}

HOOK ssize_t
__read_chk(int fd, void *data, size_t size, size_t room)
{
	if (size > room)
		__chk_fail();
	return read(fd, data, size);
}

HOOK int
__poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t room)
{
	if (n > room / sizeof(*fds))
		__chk_fail();
	return poll(fds, n, timeout);
}

HOOK int
__ppoll_chk(struct pollfd *fds, nfds_t n, const struct timespec *timeout, const sigset_t *mask, size_t room)
{
	if (n > room / sizeof(*fds))
		__chk_fail();
	return ppoll(fds, n, timeout, mask);
}

HOOK int
fcntl64(int fd, int command, ...)
{
	void *argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return fcntl(fd, command, argument);
}

HOOK int
close_range(unsigned int first, unsigned int last, int flags)
{
	if (!(flags & CLOSE_RANGE_CLOEXEC))
		fds_forget_range(first, last);
	return real()->close_range(first, last, flags);
}

HOOK void
closefrom(int first)
{
	fds_forget_range(first < 0 ? 0 : (unsigned int)first, UINT_MAX);
	real()->closefrom(first);
}

#endif
