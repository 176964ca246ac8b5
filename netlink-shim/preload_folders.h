/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is listed where ipvsd's sysctls are: the folder /proc/sys/net/ipv4/vs itself, and the one above, which has it
 * though the kernel has not. The hooks of the calls are in preload_hook_folder.c.
 */
#ifndef PRELOAD_FOLDERS_H
#define PRELOAD_FOLDERS_H

#include <dirent.h>
#include <stdbool.h>

#define FOLDERS_MAX 64 /* open at once in a process; one more is refused with EMFILE */

struct folder;

/* Whether opendir() of this path is ours to do. */
bool folders_has(const char *path);
/* That opendir(): NULL and errno if it fails. The result is the C library's, so that what has no hook can do no harm with
 * it; its descriptor is of the folder above. */
DIR *folders_open(const char *path);
int folders_close(DIR *dir);

/* What folders_open() returned DIR for, NULL if it is anything else. Takes no lock, as one thread at a time reads DIR. */
struct folder *folders_find(DIR *dir);
/* The next entry, NULL at the end. It is the folder's, until that is closed or read anew. */
struct dirent *folders_next(struct folder *folder);
long folders_tell(const struct folder *folder);
void folders_seek(struct folder *folder, long place);
/* Back to the first entry, of what is there now; as it was if that can't be had. */
void folders_rewind(struct folder *folder);

#endif
