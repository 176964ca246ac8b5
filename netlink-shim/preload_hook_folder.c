/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Hooks for reading folders: those that list ipvsd's sysctls (preload_folders.h) are ours, all others the C library's.
 * Names that only glibc has: preload_hook_folder_glibc.c.
 */
#undef _FORTIFY_SOURCE
#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "preload_folders.h"
#include "preload_real.h"

HOOK DIR *
opendir(const char *path)
{
	return folders_has(path) ? folders_open(path) : real()->opendir(path);
}

HOOK int
closedir(DIR *dir)
{
	return folders_find(dir) ? folders_close(dir) : real()->closedir(dir);
}

HOOK struct dirent *
readdir(DIR *dir)
{
	struct folder *folder = folders_find(dir);

	return folder ? folders_next(folder) : real()->readdir(dir);
}

HOOK int
readdir_r(DIR *dir, struct dirent *entry, struct dirent **ret)
{
	struct folder *folder = folders_find(dir);
	const struct dirent *next;

	if (!folder)
		return real()->readdir_r(dir, entry, ret);
	next = folders_next(folder);
	if (next)
		memcpy(entry, next, sizeof(*entry));
	*ret = next ? entry : NULL;
	return 0;
}

HOOK void
rewinddir(DIR *dir)
{
	struct folder *folder = folders_find(dir);

	if (folder)
		folders_rewind(folder);
	else
		real()->rewinddir(dir);
}

HOOK long
telldir(DIR *dir)
{
	const struct folder *folder = folders_find(dir);

	return folder ? folders_tell(folder) : real()->telldir(dir);
}

HOOK void
seekdir(DIR *dir, long place)
{
	struct folder *folder = folders_find(dir);

	if (folder)
		folders_seek(folder, place);
	else
		real()->seekdir(dir, place);
}

/* ---- scandir(), whose own opendir() is the C library's ---- */

struct scan {
	struct dirent **entries;
	size_t n, room;
};

/* A copy of ENTRY behind those that don't come after it. */
static int
insert(struct scan *scan, const struct dirent *entry, int (*compare)(const struct dirent **, const struct dirent **))
{
	size_t at = scan->n;
	struct dirent *copy;

	if (scan->n == scan->room) {
		size_t room = scan->room > 0 ? 2 * scan->room : 32;
		struct dirent **entries = reallocarray(scan->entries, room, sizeof(struct dirent *));

		if (!entries)
			return -ENOMEM;
		scan->entries = entries;
		scan->room = room;
	}
	copy = malloc(sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	memcpy(copy, entry, sizeof(*copy));
	for (; compare && at > 0; at--) {
		const struct dirent *before = scan->entries[at - 1], *here = copy;

		if (compare(&before, &here) <= 0)
			break;
		scan->entries[at] = scan->entries[at - 1];
	}
	scan->entries[at] = copy;
	scan->n++;
	return 0;
}

HOOK int
scandir(const char *path, struct dirent ***ret, int (*filter)(const struct dirent *),
	int (*compare)(const struct dirent **, const struct dirent **))
{
	struct scan scan = { .n = 0 };
	const struct dirent *entry;
	int err = 0;
	DIR *dir;

	if (!folders_has(path))
		return real()->scandir(path, ret, filter, compare);
	dir = folders_open(path);
	if (!dir)
		return -1;
	while (err == 0 && (entry = folders_next(folders_find(dir))) != NULL)
		if (!filter || filter(entry))
			err = insert(&scan, entry, compare);
	folders_close(dir);
	if (err == 0) {
		*ret = scan.entries;
		return (int)scan.n;
	}
	while (scan.n > 0)
		free(scan.entries[--scan.n]);
	free(scan.entries);
	errno = -err;
	return -1;
}
