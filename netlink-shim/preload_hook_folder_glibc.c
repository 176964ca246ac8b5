/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for reading folders, under names that only glibc has. On the machines that ipvsd runs on, those with 64 are the
 * same functions as those without (preload_hook_folder.c).
 */
#undef _FORTIFY_SOURCE
#include <dirent.h>

#include "preload_real.h"

#ifdef __GLIBC__

_Static_assert(sizeof(struct dirent64) == sizeof(struct dirent), "entries of folders are of one kind");

HOOK struct dirent64 *
readdir64(DIR *dir)
{
	return (struct dirent64 *)(void *)readdir(dir);
}

/* readdir_r() and readdir64_r() are deprecated for callers; there are some, all the same. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
HOOK int
readdir64_r(DIR *dir, struct dirent64 *entry, struct dirent64 **ret)
{
	return readdir_r(dir, (struct dirent *)(void *)entry, (struct dirent **)(void *)ret);
}
#pragma GCC diagnostic pop

typedef int filter_function(const struct dirent *);
typedef int compare_function(const struct dirent **, const struct dirent **);

HOOK int
scandir64(const char *path, struct dirent64 ***ret, int (*filter)(const struct dirent64 *),
	  int (*compare)(const struct dirent64 **, const struct dirent64 **))
{
	return scandir(path, (struct dirent ***)(void *)ret, (filter_function *)(void *)filter,
		       (compare_function *)(void *)compare);
}

#endif
