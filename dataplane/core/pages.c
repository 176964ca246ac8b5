/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/memfd.h>
#include <linux/mempolicy.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "core/pages.h"

#define HUGEPAGE ((size_t)2 << 20)
#define PAGE ((size_t)4096)

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

static void *
map_huge(const char *name, size_t size, int numa_node)
{
	CLEANUP(fd_close) int fd = memfd_create(name, MFD_HUGETLB | MFD_HUGE_2MB | MFD_CLOEXEC);
	void *memory;

	if (fd < 0 || ftruncate(fd, (off_t)size) != 0)
		return NULL;
	memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (memory == MAP_FAILED)
		return NULL;
	prefer_node(memory, size, numa_node);
	return memory;
}

void *
pages_map(const char *name, size_t *size, int numa_node, bool hugepages)
{
	size_t huge_size = (*size + HUGEPAGE - 1) & ~(HUGEPAGE - 1);
	void *memory;

	if (hugepages) {
		memory = map_huge(name, huge_size, numa_node);
		if (memory) {
			*size = huge_size;
			return memory;
		}
		log_warning("memory", "%s: no %zu free 2 MB pages, taking 4 KB pages (slower); raise vm.nr_hugepages",
			    name, huge_size / HUGEPAGE);
	}
	*size = (*size + PAGE - 1) & ~(PAGE - 1);
	memory = mmap(NULL, *size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
	if (memory == MAP_FAILED)
		return NULL;
	prefer_node(memory, *size, numa_node);
	return memory;
}

void
pages_unmap(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

size_t
pages_free_huge(void)
{
	FILE *file = fopen("/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "re");
	size_t pages = 0;

	if (!file)
		return 0;
	if (fscanf(file, "%zu", &pages) != 1)
		pages = 0;
	fclose(file);
	return pages;
}
