/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_socket.h. The lock file outlives the process, on purpose: removing it would open a race.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/netlink_socket.h"
#include "core/cleanup.h"
#include "core/log.h"

#define SUFFIX_NEW ".new"

static int
lock_path(const char *path, int *ret)
{
	CLEANUP(fd_close) int fd = -1;
	char name[PATH_MAX];

	snprintf(name, sizeof(name), "%s.lock", path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		int err = -errno;

		log_error("control", "%s: %s; its folder must be there and be writable", name, strerror(-err));
		return err;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		log_error("control", "%s is another ipvsd's: give each instance its own control.socket", path);
		return -EADDRINUSE;
	}
	*ret = fd;
	fd = -1;
	return 0;
}

/* We hold the lock: what is at PATH is a rest, unless a stranger listens. */
static int
check_free(const char *path, const struct sockaddr_un *address)
{
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;

	if (fd < 0)
		return -errno;
	if (lstat(path, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (!S_ISSOCK(status.st_mode)) {
		log_error("control", "%s is there and no socket: remove it, or name another control.socket", path);
		return -EEXIST;
	}
	if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 || errno == EAGAIN ||
	    errno == EPROTOTYPE) {
		log_error("control", "somebody else listens on %s: end it, or name another control.socket", path);
		return -EADDRINUSE;
	}
	return 0;
}

/* PATH as an address; there must be room for what is appended to it. */
static int
make_address(const char *path, struct sockaddr_un *ret)
{
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	if (strlen(path) + sizeof(SUFFIX_NEW) > sizeof(ret->sun_path)) {
		log_error("control", "control.socket is longer than %zu bytes",
			  sizeof(ret->sun_path) - sizeof(SUFFIX_NEW));
		return -ENAMETOOLONG;
	}
	strcpy(ret->sun_path, path);
	return 0;
}

int
netlink_socket_claim(const char *path, int *ret_lock)
{
	CLEANUP(fd_close) int lock = -1;
	struct sockaddr_un address;
	int err = make_address(path, &address);

	if (err == 0)
		err = lock_path(path, &lock);
	if (err == 0)
		err = check_free(path, &address);
	if (err < 0)
		return err;
	*ret_lock = lock;
	lock = -1;
	return 0;
}

/* By descriptor: a link that somebody put there meanwhile is not followed. Everybody may connect and be told EPERM
 * (netlink_access.h), unless MODE keeps them out. */
static int
set_access(const char *path, mode_t mode, gid_t group)
{
	CLEANUP(fd_close) int fd = open(path, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	struct stat status;
	char name[32];

	if (fd < 0 || fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISSOCK(status.st_mode)) {
		log_error("control", "%s was replaced: have its folder writable by root alone", path);
		return -EEXIST;
	}
	snprintf(name, sizeof(name), "/proc/self/fd/%d", fd);
	if (fchownat(fd, "", (uid_t)-1, group, AT_EMPTY_PATH) < 0 || chmod(name, mode) < 0)
		return -errno;
	return 0;
}

static int
bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode, gid_t group)
{
	int err = bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ? -errno : 0;

	if (err == 0)
		err = set_access(address->sun_path, mode, group);
	if (err == 0 && listen(fd, SOMAXCONN) < 0)
		err = -errno;
	return err;
}

int
netlink_socket_listen(const char *path, mode_t mode, gid_t group, int *ret)
{
	struct sockaddr_un made = { .sun_family = AF_UNIX };
	CLEANUP(fd_close) int fd = -1;
	int err;

	snprintf(made.sun_path, sizeof(made.sun_path), "%s" SUFFIX_NEW, path);
	(void)unlink(made.sun_path); /* of a start that was cut short; bind() says if it is still there */
	fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	err = fd < 0 ? -errno : bind_and_listen(fd, &made, mode, group);
	if (err == 0 && rename(made.sun_path, path) < 0)
		err = -errno;
	if (err < 0) {
		log_error("control", "%s: %s", path, strerror(-err));
		(void)unlink(made.sun_path);
		return err;
	}
	*ret = fd;
	fd = -1;
	return 0;
}
