/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for calls that take a path, under names that only glibc has. On the machines that ipvsd runs on, those with 64
 * are the same functions as those without (preload_hook_path.c).
 */
#undef _FORTIFY_SOURCE
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "preload_real.h"

#ifdef __GLIBC__

#include "preload_files.h"

char *__realpath_chk(const char *path, char *resolved, size_t size);
int __open_2(const char *path, int flags);
int __open64_2(const char *path, int flags);
int __openat_2(int folder, const char *path, int flags);
int __openat64_2(int folder, const char *path, int flags);

#define MODE_ARGUMENT(flags, mode)                                         \
	do {                                                               \
		va_list list_;                                             \
		va_start(list_, flags);                                    \
		if ((flags & O_CREAT) || (flags & O_TMPFILE) == O_TMPFILE) \
			mode = va_arg(list_, mode_t);                      \
		va_end(list_);                                             \
	} while (0)

HOOK int
open64(const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return open(path, flags, mode);
}

HOOK int
__open_2(const char *path, int flags)
{
	return open(path, flags, 0);
}

HOOK int
__open64_2(const char *path, int flags)
{
	return open(path, flags, 0);
}

HOOK int
openat64(int folder, const char *path, int flags, ...)
{
	mode_t mode = 0;

	MODE_ARGUMENT(flags, mode);
	return openat(folder, path, flags, mode);
}

HOOK int
__openat_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags, 0);
}

HOOK int
__openat64_2(int folder, const char *path, int flags)
{
	return openat(folder, path, flags, 0);
}

HOOK FILE *
fopen64(const char *path, const char *mode)
{
	return fopen(path, mode);
}

/* All that is ours is shorter than any buffer that realpath() allows. */
HOOK char *
__realpath_chk(const char *path, char *resolved, size_t size)
{
	(void)size;
	return realpath(path, resolved);
}

HOOK int
stat64(const char *path, struct stat64 *ret)
{
	return stat(path, (struct stat *)(void *)ret);
}

HOOK int
lstat64(const char *path, struct stat64 *ret)
{
	return lstat(path, (struct stat *)(void *)ret);
}

HOOK int
fstatat64(int folder, const char *path, struct stat64 *ret, int flags)
{
	return fstatat(folder, path, (struct stat *)(void *)ret, flags);
}

HOOK int
statx(int folder, const char *path, int flags, unsigned int mask, struct statx *ret)
{
	struct stat st;

	if (!files_name(path) && !files_is_folder(path))
		return real()->statx(folder, path, flags, mask, ret);
	if (stat(path, &st) < 0)
		return -1;
	memset(ret, 0, sizeof(*ret));
	ret->stx_mask = STATX_BASIC_STATS;
	ret->stx_mode = (uint16_t)st.st_mode;
	ret->stx_nlink = 1;
	ret->stx_blksize = (uint32_t)st.st_blksize;
	ret->stx_mtime.tv_sec = st.st_mtim.tv_sec;
	ret->stx_atime = ret->stx_ctime = ret->stx_mtime;
	return 0;
}

#endif
