/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for copies of descriptors and for close, so that preload_fds.c knows which descriptors lead to ipvsd. Those of
 * several descriptors at once: preload_hook_glibc.c.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <unistd.h>

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

/* The third argument is an int or a pointer; either arrives whole in a pointer's place, as the C library itself does. */
HOOK int
fcntl(int fd, int command, ...)
{
	void *argument;
	va_list list;
	int result;

	va_start(list, command);
	argument = va_arg(list, void *);
	va_end(list);
	result = real()->fcntl(fd, command, argument);
	return command == F_DUPFD || command == F_DUPFD_CLOEXEC ? copied(fd, result) : result;
}
