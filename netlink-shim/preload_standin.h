/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What stands in for a connection that is lost: a socket that is connected to itself. What the shim has to say in
 * ipvsd's place lies in its queue, so that it is polled, peeked at and read like an answer; and it is silent, not at the
 * end of a file, when there is nothing to say.
 */
#ifndef PRELOAD_STANDIN_H
#define PRELOAD_STANDIN_H

#include <stdbool.h>

#include "preload_pending.h"

/* Returns a descriptor with FD_CLOEXEC, or a negative errno. */
int standin_open(void);

/* Moves what ipvsd had still sent on the connection from to the stand-in to. */
void standin_inherit(int to, int from, struct pending *pending);

/* Queues an NLMSG_ERROR (ENODEV) for each request of pending, and empties it. Returns 0 or a negative errno, with what
 * did not fit still pending. */
int standin_answer(int fd, struct pending *pending, uint32_t portid);

/* Is something in the queue? */
bool standin_has_answers(int fd);

#endif
