/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table behind preload_fds.h: one for the process, like the descriptors themselves.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "preload_fds.h"
#include "preload_real.h"
#include "preload_watch.h"

static struct link links[LINKS_MAX];
static _Atomic uint16_t table[FDS_MAX]; /* index in links, plus one */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner; /* whose memory this is; not that of a child of vfork() */

void
fds_lock(void)
{
	pthread_mutex_lock(&lock);
}

void
fds_unlock(void)
{
	pthread_mutex_unlock(&lock);
}

/* The other threads, and what they were about to do, are the parent's. */
static void
fork_child(void)
{
	uint32_t i;

	owner = getpid();
	for (i = 0; i < LINKS_MAX; i++)
		links[i].readers = 0;
	fds_unlock();
}

__attribute__((constructor)) static void
fds_start(void)
{
	owner = getpid();
	pthread_atfork(fds_lock, fds_unlock, fork_child);
}

/* Are the process's descriptors those that the table is about? */
static bool
is_ours(void)
{
	return owner == 0 || getpid() == owner;
}

/* What names a socket, 0 for anything else. */
static uint64_t
inode_of(int fd)
{
	int saved = errno;
	struct stat st;
	uint64_t inode = fstat(fd, &st) == 0 && S_ISSOCK(st.st_mode) ? st.st_ino : 0;

	errno = saved;
	return inode;
}

static struct link *
entry(int fd)
{
	uint16_t index;

	if (fd < 0 || fd >= FDS_MAX)
		return NULL;
	index = atomic_load_explicit(&table[fd], memory_order_acquire);
	return index ? &links[index - 1] : NULL;
}

/* The caller holds the lock. */
static void
drop(int fd)
{
	struct link *link = entry(fd);

	atomic_store_explicit(&table[fd], 0, memory_order_release);
	if (link)
		link->users--;
}

/* The caller holds the lock. */
static void
point(int fd, struct link *link)
{
	drop(fd);
	link->users++;
	atomic_store_explicit(&table[fd], (uint16_t)(link - links + 1), memory_order_release);
}

/* The table and the descriptor disagree, or seemed to while another thread replaced the socket. */
static struct link *
look_again(int fd)
{
	struct link *link;

	fds_lock();
	link = entry(fd);
	if (link && inode_of(fd) != link->inode) {
		if (is_ours())
			drop(fd);
		link = NULL;
	}
	fds_unlock();
	return link;
}

struct link *
fds_link(int fd)
{
	struct link *link = entry(fd);

	if (link && inode_of(fd) != link->inode)
		return look_again(fd);
	return link;
}

struct link *
fds_add(int fd, int type)
{
	struct link *link = NULL;
	uint32_t i;

	if (fd < 0 || fd >= FDS_MAX)
		return NULL;
	fds_lock();
	for (i = 0; i < LINKS_MAX && !link; i++) {
		if (links[i].users == 0)
			link = &links[i];
	}
	if (link) {
		memset(link, 0, sizeof(*link));
		link->type = type;
		link->inode = inode_of(fd);
		point(fd, link);
	}
	fds_unlock();
	return link;
}

bool
fds_share(int original, int copy)
{
	struct link *link;

	if (original == copy || !is_ours())
		return true;
	link = fds_link(original);
	if (!link) {
		fds_forget(copy);
		return true;
	}
	if (copy < 0 || copy >= FDS_MAX)
		return false;
	watch_forget(copy);
	fds_lock();
	point(copy, link);
	fds_unlock();
	return true;
}

void
fds_forget(int fd)
{
	const bool linked = entry(fd) != NULL;

	if ((!linked && !watch_any()) || !is_ours())
		return;
	watch_forget(fd);
	if (!linked)
		return;
	fds_lock();
	drop(fd);
	fds_unlock();
}

void
fds_forget_range(unsigned int first, unsigned int last)
{
	unsigned int fd;

	for (fd = first; fd <= last && fd < FDS_MAX; fd++)
		fds_forget((int)fd);
}

/* The caller holds the lock. */
static bool
is_taken(const struct link *self, uint32_t portid)
{
	bool taken = false;
	uint32_t i;

	for (i = 0; i < LINKS_MAX && !taken; i++)
		taken = &links[i] != self && links[i].users > 0 && links[i].portid == portid;
	return taken;
}

int
fds_bind(struct link *link, uint32_t wanted)
{
	uint32_t portid = wanted ? wanted : (uint32_t)getpid();
	uint32_t next = (uint32_t)-4096;
	int err = 0;

	fds_lock();
	while (!wanted && is_taken(link, portid))
		portid = next--;
	if (link->portid != 0)
		err = link->portid == wanted ? 0 : -EINVAL;
	else if (is_taken(link, portid))
		err = -EADDRINUSE;
	else
		link->portid = portid;
	fds_unlock();
	return err;
}

/* Puts a socket in the place of fd. The caller holds the lock. */
static int
replace(int fd, int new)
{
	int flags = real()->fcntl(fd, F_GETFD);

	if (real()->dup3(new, fd, flags >= 0 && (flags & FD_CLOEXEC) ? O_CLOEXEC : 0) < 0)
		return -errno;
	watch_again(fd);
	return 0;
}

int
fds_replace(struct link *link, int new, bool lost)
{
	int err = 0;
	int fd;

	link->inode = inode_of(new);
	link->lost = lost;
	link->greeted = !lost;
	link->turn++;
	for (fd = 0; fd < FDS_MAX && err == 0; fd++) {
		if (entry(fd) == link)
			err = replace(fd, new);
	}
	return err;
}
