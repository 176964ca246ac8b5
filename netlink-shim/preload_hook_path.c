/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for the calls that take a path: those of /proc that ipvsd has (preload_files.h) lead there, all others to the C
 * library. Names that only glibc has: preload_hook_path_glibc.c.
 */
#undef _FORTIFY_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "preload_fds.h"
#include "preload_files.h"
#include "preload_real.h"

/* The new descriptor is none that led to ipvsd: it may have been closed behind our back. */
static int
opened(int fd)
{
	if (fd >= 0)
		fds_forget(fd);
	return fd;
}

static int
do_open(const char *path, int flags, mode_t mode)
{
	const char *name = files_name(path);

	return opened(name ? files_open(name, flags) : real()->open(path, flags, mode));
}

static int
do_openat(int folder, const char *path, int flags, mode_t mode)
{
	const char *name = files_name(path);

	return opened(name ? files_open(name, flags) : real()->openat(folder, path, flags, mode));
}

static bool
has_mode(int flags)
{
	return (flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE;
}

#define MODE_ARGUMENT(flags, mode)                    \
	do {                                          \
		va_list list_;                        \
		va_start(list_, flags);               \
		if (has_mode(flags))                  \
			mode = va_arg(list_, mode_t); \
		va_end(list_);                        \
	} while (0)

HOOK int
open(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return do_open(path, flags, mode);
}

HOOK int
openat(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return do_openat(folder, path, flags, mode);
}

/* The C library's own fopen() would not come by here with its open(). */
static FILE *
do_fopen(const char *path, const char *mode)
{
	const char *name = files_name(path);
	int fd, flags;
	FILE *stream;

	if (!name)
		return real()->fopen(path, mode);
	flags = strchr(mode, '+') ? O_RDWR : *mode == 'r' ? O_RDONLY : O_WRONLY;
	fd = opened(files_open(name, strchr(mode, 'e') ? flags | O_CLOEXEC : flags));
	if (fd < 0)
		return NULL;
	stream = flags & (O_RDWR | O_WRONLY) ? files_stream(fd, mode) : fdopen(fd, mode);
	if (!stream)
		real()->close(fd);
	return stream;
}

HOOK FILE *
fopen(const char *path, const char *mode)
{
	return do_fopen(path, mode);
}

/* Whether PATH is ours; then *RET is what stat() and the like return, with errno, and *RET_MODE the file's. */
static bool
is_ours(const char *path, int *ret, uint32_t *ret_mode)
{
	const char *name = files_name(path);

	if (files_is_folder(path)) {
		*ret = 0;
		*ret_mode = S_IFDIR | 0555;
		return true;
	}
	if (!name)
		return false;
	*ret_mode = 0;
	*ret = files_mode(name, ret_mode);
	*ret_mode |= S_IFREG;
	return true;
}

static int
fill_stat(int err, uint32_t mode, struct stat *ret)
{
	if (err < 0)
		return err;
	memset(ret, 0, sizeof(*ret));
	ret->st_mode = mode;
	ret->st_nlink = 1;
	ret->st_blksize = 1024;
	clock_gettime(CLOCK_REALTIME, &ret->st_mtim);
	ret->st_atim = ret->st_ctim = ret->st_mtim;
	return 0;
}

HOOK int
stat(const char *path, struct stat *ret)
{
	uint32_t mode;
	int err;

	return is_ours(path, &err, &mode) ? fill_stat(err, mode, ret) : real()->stat(path, ret);
}

HOOK int
lstat(const char *path, struct stat *ret)
{
	uint32_t mode;
	int err;

	return is_ours(path, &err, &mode) ? fill_stat(err, mode, ret) : real()->lstat(path, ret);
}

HOOK int
fstatat(int folder, const char *path, struct stat *ret, int flags)
{
	uint32_t mode;
	int err;

	return is_ours(path, &err, &mode) ? fill_stat(err, mode, ret) : real()->fstatat(folder, path, ret, flags);
}

/* Root may write what nobody may, and the kernel's files say so to root, too. */
static int
may(int err, uint32_t mode, int wanted)
{
	uint32_t bits = geteuid() == 0 ? mode >> 6 : mode;

	if (err < 0)
		return err;
	if (((uint32_t)wanted & ~bits & 7) == 0)
		return 0;
	errno = EACCES;
	return -1;
}

HOOK int
access(const char *path, int wanted)
{
	uint32_t mode;
	int err;

	return is_ours(path, &err, &mode) ? may(err, mode, wanted) : real()->access(path, wanted);
}

HOOK int
faccessat(int folder, const char *path, int wanted, int flags)
{
	uint32_t mode;
	int err;

	return is_ours(path, &err, &mode) ? may(err, mode, wanted) : real()->faccessat(folder, path, wanted, flags);
}

/* What is ours has no links in its path. RESOLVED has room for PATH_MAX bytes. */
HOOK char *
realpath(const char *path, char *resolved)
{
	uint32_t mode;
	int err;

	if (!path || !is_ours(path, &err, &mode))
		return real()->realpath(path, resolved);
	if (err < 0)
		return NULL;
	if (strlen(path) >= PATH_MAX) {
		errno = ENAMETOOLONG;
		return NULL;
	}
	if (!resolved)
		return strdup(path);
	memcpy(resolved, path, strlen(path) + 1);
	return resolved;
}
