/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which of the process's descriptors are netlink sockets that lead to ipvsd. Links are what dup() shares.
 *
 * A lookup takes no lock, because it stands in the way of every read() and close() of the program. Links come from a
 * pool that is never freed, so a descriptor closed by another thread at the wrong moment leads to a stale link, never to
 * memory that is gone.
 */
#ifndef PRELOAD_FDS_H
#define PRELOAD_FDS_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "preload_pending.h"

#define FDS_MAX 65536 /* a netlink socket beyond is refused with EMFILE */
#define LINKS_MAX 1024 /* of a process */

struct link {
	uint32_t users; /* descriptors; 0: free. Under the table's lock */
	int type; /* SOCK_RAW or SOCK_DGRAM, as the program asked for */
	_Atomic uint32_t portid; /* 0 until bound */
	_Atomic uint32_t turn; /* goes up with each socket that takes the descriptors' place */
	_Atomic uint64_t inode; /* of that socket */
	atomic_bool lost; /* it is a stand-in (preload_standin.h) */
	atomic_bool greeted; /* the hello went out on the present connection */
	uint32_t readers; /* threads between a receive and its note in pending. Under the table's lock */
	struct pending pending; /* under the table's lock */
};

/* The link of fd, or NULL if fd is anything else. A number that was closed and given out again without a hook noticing,
 * as fclose() does it, is anything else. */
struct link *fds_link(int fd);

/* Makes fd a netlink socket. Returns its link, or NULL when a limit is reached. */
struct link *fds_add(int fd, int type);

/* After dup(): copy leads where original does. Returns false when copy is beyond FDS_MAX; the caller then closes it.
 * Nothing happens if original is no netlink socket, except that copy is forgotten. */
bool fds_share(int original, int copy);

/* Before close(). Like fds_share() it does nothing in a child of vfork(), which has its parent's memory, but descriptors
 * of its own. */
void fds_forget(int fd);
void fds_forget_range(unsigned int first, unsigned int last);

/* Gives the link the port id wanted, or for 0 one as the kernel chooses it: the process id, or a number that no process
 * has once another socket has that. Returns 0, -EINVAL if the link has another id, -EADDRINUSE if another link has it. */
int fds_bind(struct link *link, uint32_t wanted);

/* The lock of the table and of what the links say is under it. A fork() respects it. */
void fds_lock(void);
void fds_unlock(void);

/* Puts the socket new, a stand-in or not, in the place of all descriptors of link. The caller holds the lock, and keeps
 * new. Returns 0 or a negative errno. */
int fds_replace(struct link *link, int new, bool lost);

#endif
