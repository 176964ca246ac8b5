/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "core/pages.h"

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

static void
prefer_node(void *memory, size_t size, int numa_node)
{
	unsigned long nodes[2] = { 0 };

	if (numa_node < 0 || numa_node >= 128)
		return;
	nodes[numa_node / 64] = 1UL << (numa_node % 64);
	if (syscall(SYS_mbind, memory, size, MPOL_PREFERRED, nodes, 129UL, 0) != 0)
		log_debug("memory", "mbind to node %d: %s", numa_node, strerror(errno));
}

/* Takes the pages now. mmap() has only reserved them: where a cgroup's limit or a cpuset keeps them from us, the first
 * use would be a SIGBUS. Neither call raises it; the second one, for older kernels, doesn't know the node. */
static int
take_pages(int fd, void *memory, size_t size)
{
	if (madvise(memory, size, MADV_POPULATE_WRITE) == 0)
		return 0;
	if (errno != EINVAL)
		return -errno;
	return fallocate(fd, 0, 0, (off_t)size) == 0 ? 0 : -errno;
}

static void *
map_huge(const char *name, size_t size, int numa_node)
{
	CLEANUP(fd_close) int fd = memfd_create(name, MFD_HUGETLB | MFD_HUGE_2MB | MFD_CLOEXEC);
	void *memory;
	int err;

	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return NULL;
	prefer_node(memory, size, numa_node);
	err = take_pages(fd, memory, size);
	if (err < 0) {
		log_debug("memory", "%s: %zu pages of 2 MB: %s", name, size / HUGEPAGE, strerror(-err));
		munmap(memory, size);
		return NULL;
	}
	return memory;
}

static void *
map_small(size_t size, int numa_node)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	if (memory == MAP_FAILED)
		return NULL;
	prefer_node(memory, size, numa_node);
	return memory;
}

void *
pages_map(const char *name, size_t *size, int numa_node, bool hugepages)
{
	size_t page = hugepages ? HUGEPAGE : PAGE, rounded = (*size + page - 1) & ~(page - 1);
	void *memory = hugepages ? map_huge(name, rounded, numa_node) : map_small(rounded, numa_node);

	if (memory)
		*size = rounded;
	return memory;
}

void
pages_unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}
