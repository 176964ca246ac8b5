/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_folders.h. All entries are fetched when a folder is opened.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "control_file.h"
#include "preload_files.h"
#include "preload_folders.h"
#include "preload_real.h"

#define ABOVE "/proc/sys/net/ipv4"
#define OURS "vs"
#define PREFIX "sys/net/ipv4/" OURS "/"

struct folder {
	bool is_above;
	DIR *dir; /* of the folder above */
	struct dirent *entries;
	size_t n, room, at;
};

/* A slot is taken when it is TAKEN, and found when it has a DIR. */
static struct {
	_Atomic(DIR *) dir;
	struct folder folder;
} slots[FOLDERS_MAX];
static char taken;
#define TAKEN ((DIR *)(void *)&taken)

static bool
is_above(const char *path)
{
	size_t length = strlen(ABOVE);

	return strncmp(path, ABOVE, length) == 0 && path[length + strspn(path + length, "/")] == '\0';
}

bool
folders_has(const char *path)
{
	return files_is_folder(path) || (is_above(path) && !files_are_kernels());
}

/* ---- Entries ---- */

/* Programs take inode 0 for an entry that was removed. */
static int
add(struct folder *folder, const char *name, unsigned char type, ino_t inode)
{
	size_t length = strlen(name);
	struct dirent *entry;

	if (length == 0 || length >= sizeof(entry->d_name))
		return -EIO;
	if (folder->n == folder->room) {
		size_t room = folder->room > 0 ? 2 * folder->room : 32;
		struct dirent *entries = reallocarray(folder->entries, room, sizeof(*entries));

		if (!entries)
			return -ENOMEM;
		folder->entries = entries;
		folder->room = room;
	}
	entry = &folder->entries[folder->n++];
	memset(entry, 0, sizeof(*entry));
	entry->d_ino = inode > 0 ? inode : folder->n;
	entry->d_off = (off_t)folder->n;
	entry->d_reclen = sizeof(*entry);
	entry->d_type = type;
	memcpy(entry->d_name, name, length + 1);
	return 0;
}

/* Of the names of all files, those of the sysctls. */
static int
take_name(void *arg, const char *name)
{
	const size_t length = strlen(PREFIX);

	if (strncmp(name, PREFIX, length) != 0 || strchr(name + length, '/'))
		return 0;
	return add(arg, name + length, DT_REG, 0);
}

static int
fill_ours(struct folder *folder)
{
	int err = add(folder, ".", DT_DIR, 0);

	if (err == 0)
		err = add(folder, "..", DT_DIR, 0);
	return err < 0 ? err : control_file_list(NULL, take_name, folder);
}

/* Who can't ask ipvsd sees what the kernel has, and that is no error of this folder. */
static int
fill_above(struct folder *folder)
{
	struct folder ours = { .n = 0 };
	const struct dirent *entry;
	bool has_ours = false;
	int err = 0;

	real()->rewinddir(folder->dir);
	while (err == 0 && (errno = 0, entry = real()->readdir(folder->dir)) != NULL) {
		has_ours = has_ours || strcmp(entry->d_name, OURS) == 0;
		err = add(folder, entry->d_name, entry->d_type, entry->d_ino);
	}
	if (err == 0 && errno != 0)
		err = -errno;
	if (err == 0 && !has_ours && control_file_list(NULL, take_name, &ours) == 0 && ours.n > 0)
		err = add(folder, OURS, DT_DIR, 0);
	free(ours.entries);
	return err;
}

static int
fill(struct folder *folder)
{
	return folder->is_above ? fill_above(folder) : fill_ours(folder);
}

/* ---- Open folders ---- */

static struct folder *
take_slot(size_t *ret)
{
	for (size_t i = 0; i < FOLDERS_MAX; i++) {
		DIR *none = NULL;

		if (atomic_compare_exchange_strong(&slots[i].dir, &none, TAKEN)) {
			*ret = i;
			return &slots[i].folder;
		}
	}
	return NULL;
}

static void
leave_slot(size_t slot)
{
	free(slots[slot].folder.entries);
	slots[slot].folder = (struct folder){ .n = 0 };
	atomic_store(&slots[slot].dir, NULL);
}

DIR *
folders_open(const char *path)
{
	struct folder *folder;
	size_t slot;
	int err;

	folder = take_slot(&slot);
	if (!folder) {
		errno = EMFILE;
		return NULL;
	}
	folder->is_above = is_above(path);
	folder->dir = real()->opendir(ABOVE);
	err = folder->dir ? fill(folder) : -errno;
	if (err == 0) {
		atomic_store(&slots[slot].dir, folder->dir);
		return folder->dir;
	}
	if (folder->dir)
		real()->closedir(folder->dir);
	leave_slot(slot);
	files_fail(err);
	return NULL;
}

struct folder *
folders_find(DIR *dir)
{
	for (size_t i = 0; dir && i < FOLDERS_MAX; i++)
		if (atomic_load_explicit(&slots[i].dir, memory_order_acquire) == dir)
			return &slots[i].folder;
	return NULL;
}

int
folders_close(DIR *dir)
{
	for (size_t i = 0; i < FOLDERS_MAX; i++)
		if (atomic_load(&slots[i].dir) == dir)
			leave_slot(i);
	return real()->closedir(dir);
}

struct dirent *
folders_next(struct folder *folder)
{
	return folder->at < folder->n ? &folder->entries[folder->at++] : NULL;
}

long
folders_tell(const struct folder *folder)
{
	return (long)folder->at;
}

void
folders_seek(struct folder *folder, long place)
{
	if (place >= 0 && (size_t)place <= folder->n)
		folder->at = (size_t)place;
}

void
folders_rewind(struct folder *folder)
{
	struct folder now = { .is_above = folder->is_above, .dir = folder->dir };
	int was = errno;

	if (fill(&now) == 0) {
		free(folder->entries);
		*folder = now;
	} else {
		free(now.entries);
	}
	folder->at = 0;
	errno = was;
}
