/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The connection behind a link (preload_fds.h): made, greeted, lost, made again. Threads may share a link; whoever finds
 * the connection dead names the turn at which he saw it, and nothing happens if somebody else has replaced it since.
 */
#ifndef PRELOAD_CONNECTION_H
#define PRELOAD_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

struct link;

/* Says hello on fd, the present connection of link. Returns 0 or a negative errno. */
int connection_greet(int fd, struct link *link);

/* Replaces the dead connection by a new one, provided that no requests but the mine last ones wait for answers: others
 * would wait in vain on it. Returns 0 or a negative errno (-EBUSY: others wait, or somebody else was first). */
int connection_renew(int fd, struct link *link, uint32_t turn, uint32_t mine);

/* Replaces the dead connection by a stand-in, which has what was still to be read, and an error for each request that
 * waits. Returns 0, also if somebody else was first, or a negative errno. */
int connection_lose(int fd, struct link *link, uint32_t turn);

/* Does errno, of a send or receive, mean that the connection is dead? */
bool connection_is_dead(int err);

#endif
