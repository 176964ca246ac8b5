/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Owned locals of the control side that free themselves when they leave their scope; giving one away is visible.
 */
#ifndef CORE_CLEANUP_H
#define CORE_CLEANUP_H

#include <stdlib.h>
#include <unistd.h>

/* CLEANUP(service_free) struct service *svc = NULL; needs CLEANUP_FUNCTION(service_free, struct service *). */
#define CLEANUP(fn) __attribute__((cleanup(fn##_cleanup)))

#define CLEANUP_FUNCTION(fn, type)                                           \
	static inline __attribute__((unused)) void fn##_cleanup(type *owned) \
	{                                                                    \
		if (*owned)                                                  \
			fn(*owned);                                          \
	}

/* The value of an owned local, which no longer owns it. */
#define take(owned)                             \
	({                                      \
		typeof(owned) taken_ = (owned); \
		(owned) = NULL;                 \
		taken_;                         \
	})

CLEANUP_FUNCTION(free, void *)

/* For descriptors: CLEANUP(fd_close) int fd = -1; */
static inline void
fd_close_cleanup(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

#endif
