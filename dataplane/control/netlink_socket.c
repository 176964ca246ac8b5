/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_socket.h. The lock file outlives the process, on purpose: removing it would open a race.
 */
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

static int
claim(const char *path, int *ret_lock)
{
	struct sockaddr_un address;
	int err = make_address(path, &address);

	if (err == 0)
		err = lock_path(path, ret_lock);
	return err < 0 ? err : check_free(path, &address);
}

int
netlink_socket_check(const char *path)
{
	CLEANUP(fd_close) int lock = -1;

	return claim(path, &lock);
}

/* Everybody may connect and be told EPERM (netlink_access.h), unless MODE keeps them out. */
static int
bind_and_listen(int fd, const struct sockaddr_un *address, mode_t mode, gid_t group)
{
	if (bind(fd, (const struct sockaddr *)address, sizeof(*address)) < 0 ||
	    chown(address->sun_path, (uid_t)-1, group) < 0 || chmod(address->sun_path, mode) < 0 ||
	    listen(fd, SOMAXCONN) < 0)
		return -errno;
	return 0;
}

int
netlink_socket_listen(const char *path, mode_t mode, gid_t group, int *ret, int *ret_lock)
{
	struct sockaddr_un made = { .sun_family = AF_UNIX };
	CLEANUP(fd_close) int fd = -1;
	CLEANUP(fd_close) int lock = -1;
	int err = claim(path, &lock);

	if (err < 0)
		return err;
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
	*ret_lock = lock;
	fd = lock = -1;
	return 0;
}
