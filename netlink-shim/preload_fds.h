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

#define FDS_MAX 65536 /* a netlink socket beyond is refused with EMFILE */
#define LINKS_MAX 1024 /* of a process */

struct link {
	uint32_t users; /* descriptors; 0: free. Under the table's lock */
	int type; /* SOCK_RAW or SOCK_DGRAM, as the program asked for */
	_Atomic uint32_t portid; /* 0 until bound */
	_Atomic uint32_t last_seq; /* of the last message sent */
	atomic_bool pending; /* sent since the last error that we made up */
	atomic_bool greeted; /* the hello went out on the present connection */
};

/* The link of fd, or NULL if fd is anything else. */
struct link *fds_link(int fd);

/* Makes fd a netlink socket. Returns its link, or NULL when a limit is reached. */
struct link *fds_add(int fd, int type);

/* After dup(): copy leads where original does. Returns false when copy is beyond FDS_MAX; the caller then closes it.
 * Nothing happens if original is no netlink socket, except that copy is forgotten. */
bool fds_share(int original, int copy);

/* Before close(). Does nothing in a child of vfork(), which has its parent's memory, but descriptors of its own. */
void fds_forget(int fd);
void fds_forget_range(unsigned int first, unsigned int last);

/* A port id for a socket that is bound to 0, chosen as the kernel does: the process id, or a number that no process has
 * once another socket has that. */
uint32_t fds_free_portid(void);

/* Calls move(fd, arg) for each descriptor of link, with the table locked: none is closed or added meanwhile. Stops at
 * the first that returns a negative value, and returns it, else 0. */
int fds_each(const struct link *link, int (*move)(int fd, void *arg), void *arg);

#endif
