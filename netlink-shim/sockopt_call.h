/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What setting and getting have in common: the program's memory, and who may.
 */
#ifndef SOCKOPT_CALL_H
#define SOCKOPT_CALL_H

#include <stddef.h>

#include "sockopt_session.h"

/* Copies between the program's memory and ours. Returns 0, or -EFAULT where the program has no such memory. */
int call_read(void *to, const void *program, size_t size);
int call_write(void *program, const void *from, size_t size);

/* Opens a session for one option. Returns 0, SOCKOPT_KERNELS or a negative errno as of sockopt_set(). */
int call_begin(struct session *session);

/* The result of an option that is refused for err, a negative errno, before ipvsd is asked: -EPERM to who may not use
 * IPVS at all, since the kernel looks at that first. */
int call_refuse(struct session *session, int err);

#endif
