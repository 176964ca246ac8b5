/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The table behind preload_fds.h: one for the process, like the descriptors themselves.
 */
#include <pthread.h>
#include <string.h>
#include <unistd.h>

#include "preload_fds.h"

static struct link links[LINKS_MAX];
static _Atomic uint16_t table[FDS_MAX]; /* index in links, plus one */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pid_t owner; /* whose memory this is; not that of a child of vfork() */

static void
fork_prepare(void)
{
	pthread_mutex_lock(&lock);
}

static void
fork_parent(void)
{
	pthread_mutex_unlock(&lock);
}

static void
fork_child(void)
{
	owner = getpid();
	pthread_mutex_unlock(&lock);
}

__attribute__((constructor)) static void
fds_start(void)
{
	owner = getpid();
	pthread_atfork(fork_prepare, fork_parent, fork_child);
}

struct link *
fds_link(int fd)
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
	struct link *link = fds_link(fd);

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

struct link *
fds_add(int fd, int type)
{
	struct link *link = NULL;
	uint32_t i;

	if (fd < 0 || fd >= FDS_MAX)
		return NULL;
	pthread_mutex_lock(&lock);
	for (i = 0; i < LINKS_MAX && !link; i++) {
		if (links[i].users == 0)
			link = &links[i];
	}
	if (link) {
		memset(link, 0, sizeof(*link));
		link->type = type;
		point(fd, link);
	}
	pthread_mutex_unlock(&lock);
	return link;
}

bool
fds_share(int original, int copy)
{
	struct link *link = fds_link(original);

	if (original == copy)
		return true;
	if (!link) {
		fds_forget(copy);
		return true;
	}
	if (copy < 0 || copy >= FDS_MAX)
		return false;
	pthread_mutex_lock(&lock);
	point(copy, link);
	pthread_mutex_unlock(&lock);
	return true;
}

void
fds_forget(int fd)
{
	if (!fds_link(fd) || (owner != 0 && getpid() != owner))
		return;
	pthread_mutex_lock(&lock);
	drop(fd);
	pthread_mutex_unlock(&lock);
}

void
fds_forget_range(unsigned int first, unsigned int last)
{
	unsigned int fd;

	for (fd = first; fd <= last && fd < FDS_MAX; fd++)
		fds_forget((int)fd);
}

uint32_t
fds_free_portid(void)
{
	uint32_t portid = (uint32_t)getpid();
	uint32_t next = (uint32_t)-4096;
	bool taken = true;
	uint32_t i;

	pthread_mutex_lock(&lock);
	while (taken) {
		taken = false;
		for (i = 0; i < LINKS_MAX && !taken; i++)
			taken = links[i].users > 0 && links[i].portid == portid;
		if (taken)
			portid = next--;
	}
	pthread_mutex_unlock(&lock);
	return portid;
}

int
fds_each(const struct link *link, int (*move)(int fd, void *arg), void *arg)
{
	int err = 0;
	int fd;

	pthread_mutex_lock(&lock);
	for (fd = 0; fd < FDS_MAX && err >= 0; fd++) {
		if (fds_link(fd) == link)
			err = move(fd, arg);
	}
	pthread_mutex_unlock(&lock);
	return err < 0 ? err : 0;
}
