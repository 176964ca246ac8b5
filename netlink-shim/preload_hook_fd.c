/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for copies of descriptors and for close, so that preload_fds.c knows which descriptors lead to ipvsd.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <unistd.h>

#include <linux/close_range.h>

#include "preload_fds.h"
#include "preload_real.h"

/* Takes note of copy, the result of a dup() of any kind. */
static int
copied(int original, int copy)
{
	if (copy < 0 || fds_share(original, copy))
		return copy;
	real()->close(copy);
	errno = EMFILE;
	return -1;
}

HOOK int
close(int fd)
{
	fds_forget(fd);
	return real()->close(fd);
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

HOOK int
dup(int fd)
{
	return copied(fd, real()->dup(fd));
}

HOOK int
dup2(int fd, int copy)
{
	return copied(fd, real()->dup2(fd, copy));
}

HOOK int
dup3(int fd, int copy, int flags)
{
	return copied(fd, real()->dup3(fd, copy, flags));
}

static int
do_fcntl(int fd, int command, void *argument)
{
	int result = real()->fcntl(fd, command, argument);

	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}

/* The third argument is an int or a pointer; either arrives whole in a pointer's place, as the C library itself does. */
HOOK int
fcntl(int fd, int command, ...)
{
	void *argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return do_fcntl(fd, command, argument);
}

HOOK int
fcntl64(int fd, int command, ...)
{
	void *argument;
	va_list list;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	return do_fcntl(fd, command, argument);
}
