/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See pci_claim.h. Two ways to know: a lock on a file, which another ipvsd has whatever its rights are; and open device
 * nodes, for other programs, as far as /proc shows them to us. The nodes themselves are left alone: the kernel takes a card
 * from the bus when one of uio_pci_generic is closed, whoever closes it.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "port/pci_claim.h"
#include "port/pci_driver.h"

/* ---- the lock ---- */

/* Who it is stands in the file: of a process with more rights than ours /proc shows nothing. */
static void
write_holder(int fd)
{
	char text[64];
	int length = snprintf(text, sizeof(text), "%d %.31s\n", (int)getpid(), program_invocation_short_name);

	if (ftruncate(fd, 0) != 0 || pwrite(fd, text, (size_t)length, 0) != length)
		(void)ftruncate(fd, 0);
}

static void
read_holder(int fd, struct pci_holder *ret)
{
	char text[64];
	ssize_t length = pread(fd, text, sizeof(text) - 1, 0);
	int pid;

	text[length > 0 ? length : 0] = '\0';
	if (sscanf(text, "%d %31[^\n]", &pid, ret->name) == 2)
		ret->pid = pid;
}

static int
lock(const char *folder, const char *name, struct pci_holder *ret_holder)
{
	CLEANUP(fd_close) int fd = -1;
	char path[PATH_MAX];
	int locked;

	if (mkdir(folder, 0755) != 0 && errno != EEXIST)
		return -errno;
	snprintf(path, sizeof(path), "%s/%s.lock", folder, name);
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0)
		return -errno;
	if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
		if (errno != EWOULDBLOCK)
			return -errno;
		read_holder(fd, ret_holder);
		return -EBUSY;
	}
	write_holder(fd);
	locked = fd;
	fd = -1;
	return locked;
}

/* ---- open nodes ---- */

/* "/dev/vfio/12", "/dev/uio0": of a device at most one. */
struct node {
	char path[PATH_MAX], unsafe_path[PATH_MAX]; /* the second one without an IOMMU */
};

static bool
find_node(const char *sys, const char *name, struct node *ret)
{
	char path[PATH_MAX], group[PATH_MAX];
	struct dirent *entry;
	ssize_t length;
	DIR *uios;

	*ret = (struct node){ .path = "" };
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/iommu_group", sys, name);
	length = readlink(path, group, sizeof(group) - 1);
	if (length > 0) {
		group[length] = '\0';
		snprintf(ret->path, sizeof(ret->path), "/dev/vfio/%.64s", basename(group));
		snprintf(ret->unsafe_path, sizeof(ret->unsafe_path), "/dev/vfio/noiommu-%.64s", basename(group));
	}
	snprintf(path, sizeof(path), "%s/bus/pci/devices/%s/uio", sys, name);
	uios = opendir(path);
	if (!uios)
		return ret->path[0] != '\0';
	while ((entry = readdir(uios)) != NULL) {
		if (entry->d_name[0] != '.')
			snprintf(ret->path, sizeof(ret->path), "/dev/%s", entry->d_name);
	}
	closedir(uios);
	return ret->path[0] != '\0';
}

static bool
has_open(const char *proc, const char *pid, const struct node *node)
{
	char path[PATH_MAX], target[PATH_MAX];
	struct dirent *entry;
	bool found = false;
	DIR *fds;

	snprintf(path, sizeof(path), "%s/%s/fd", proc, pid);
	fds = opendir(path);
	if (!fds)
		return false;
	while (!found && (entry = readdir(fds)) != NULL) {
		ssize_t length = readlinkat(dirfd(fds), entry->d_name, target, sizeof(target) - 1);

		if (length <= 0)
			continue;
		target[length] = '\0';
		found = strcmp(target, node->path) == 0 || strcmp(target, node->unsafe_path) == 0;
	}
	closedir(fds);
	return found;
}

static void
read_name(const char *proc, const char *pid, char ret[32])
{
	CLEANUP(fd_close) int fd = -1;
	char path[PATH_MAX];
	ssize_t length;

	snprintf(path, sizeof(path), "%s/%s/comm", proc, pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	length = fd < 0 ? 0 : read(fd, ret, 31);
	ret[length > 0 ? length : 0] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
}

static bool
is_opened(const struct pci_places *places, const char *name, struct pci_holder *ret)
{
	struct dirent *entry;
	bool found = false;
	struct node node;
	DIR *processes;

	if (!find_node(places->sys, name, &node))
		return false;
	processes = opendir(places->proc);
	if (!processes)
		return false;
	while (!found && (entry = readdir(processes)) != NULL) {
		pid_t pid = (pid_t)atoi(entry->d_name);

		if (!isdigit((unsigned char)entry->d_name[0]) || pid == getpid() ||
		    !has_open(places->proc, entry->d_name, &node))
			continue;
		ret->pid = pid;
		read_name(places->proc, entry->d_name, ret->name);
		found = true;
	}
	closedir(processes);
	return found;
}

int
pci_claim(const struct pci_places *places, const char *name, struct pci_holder *ret_holder)
{
	CLEANUP(fd_close) int fd = -1;
	int claimed;

	*ret_holder = (struct pci_holder){ .pid = 0 };
	if (!pci_driver_is_for_dpdk(places->sys, name))
		return -ENODEV;
	fd = lock(places->locks, name, ret_holder);
	if (fd == -EBUSY || is_opened(places, name, ret_holder))
		return -EBUSY;
	claimed = fd;
	fd = -1;
	return claimed;
}
