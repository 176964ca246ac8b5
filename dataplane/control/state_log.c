/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Writing: see state_log.h. Reading is in state_log_load.c.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "control/state_log_format.h"
#include "core/cleanup.h"
#include "core/log.h"

/* Room for the group's BEGIN, which is filled in last. */
static int
start_buffer(struct state_log *log)
{
	log->used = 0;
	log->overflow = false;
	state_log_put(log, STATE_RECORD_BEGIN, &(struct state_begin){ 0 }, sizeof(struct state_begin));
	return log->overflow ? -ENOMEM : 0;
}

static int
lock_folder(struct state_log *log, const char *folder)
{
	if (mkdir(folder, 0700) < 0 && errno != EEXIST)
		return -errno;
	log->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (log->folder < 0)
		return -errno;
	log->lock = openat(log->folder, "lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (log->lock < 0)
		return -errno;
	return flock(log->lock, LOCK_EX | LOCK_NB) < 0 ? -EBUSY : 0;
}

int
state_log_open(const char *folder, const char *boot_id, bool outlive_reboot, struct state_log **ret)
{
	struct state_log *log = calloc(1, sizeof(*log));
	int err;

	if (!log)
		return -ENOMEM;
	log->file = log->folder = log->lock = -1;
	log->outlive_reboot = outlive_reboot;
	snprintf(log->boot_id, sizeof(log->boot_id), "%s", boot_id);
	err = start_buffer(log);
	if (err == 0)
		err = lock_folder(log, folder);
	if (err < 0) {
		log_error("state", "%s: %s", folder,
			  err == -EBUSY ? "another ipvsd's: give each instance its own control.state" : strerror(-err));
		state_log_close(log);
		return err;
	}
	*ret = log;
	return 0;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
state_log_close(struct state_log *log)
{
	if (!log)
		return;
	close_if_open(log->file);
	close_if_open(log->lock);
	close_if_open(log->folder);
	free(log->buffer);
	free(log);
}

/* SIZE more bytes at the end of the buffer, zeroed, or NULL. */
static uint8_t *
reserve(struct state_log *log, size_t size)
{
	size_t capacity = log->capacity ? log->capacity : 4096;
	uint8_t *buffer, *at;

	while (capacity < log->used + size)
		capacity *= 2;
	if (capacity > log->capacity) {
		buffer = realloc(log->buffer, capacity);
		if (!buffer)
			return NULL;
		log->buffer = buffer;
		log->capacity = capacity;
	}
	at = log->buffer + log->used;
	memset(at, 0, size);
	log->used += size;
	return at;
}

static void
fill_record(uint8_t *at, uint16_t type, const void *payload, uint32_t length)
{
	struct state_record record = { .length = length, .type = type };

	memcpy(at + sizeof(record), payload, length);
	record.crc = state_record_crc(&record, at + sizeof(record));
	memcpy(at, &record, sizeof(record));
}

void
state_log_put(struct state_log *log, uint16_t type, const void *payload, uint32_t length)
{
	uint8_t *at = log->overflow ? NULL : reserve(log, state_record_size(length));

	if (!at) {
		log->overflow = true;
		return;
	}
	fill_record(at, type, payload, length);
}

size_t
state_log_buffered(const struct state_log *log)
{
	return log->overflow ? 1 : log->used - state_record_size(sizeof(struct state_begin));
}

void
state_log_discard(struct state_log *log)
{
	/* the buffer is there already, and does not shrink */
	(void)start_buffer(log);
}

/* Ends the group in the buffer. */
static int
close_group(struct state_log *log)
{
	struct state_begin begin;
	struct state_commit commit = { .sequence = ++log->sequence };

	state_log_put(log, STATE_RECORD_COMMIT, &commit, sizeof(commit));
	if (log->overflow)
		return -ENOMEM;
	begin.length = log->used;
	fill_record(log->buffer, STATE_RECORD_BEGIN, &begin, sizeof(begin));
	return 0;
}

static int
write_all(int fd, const void *bytes, size_t length, uint64_t at)
{
	const uint8_t *from = bytes;

	while (length > 0) {
		ssize_t n = pwrite(fd, from, length, (off_t)at);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		from += n;
		at += (uint64_t)n;
		length -= (size_t)n;
	}
	return 0;
}

static int
write_group(struct state_log *log)
{
	int err = close_group(log);

	if (err < 0)
		return err;
	if (log->file < 0)
		return -EBADF;
	if (ftruncate(log->file, (off_t)(log->size + log->used)) < 0)
		return -errno;
	err = write_all(log->file, log->buffer, log->used, log->size);
	if (err < 0 && ftruncate(log->file, (off_t)log->size) < 0)
		log_error("state", "the state file can't be cut back after a failed write: %s", strerror(errno));
	if (err == 0)
		log->size += log->used;
	return err;
}

int
state_log_append(struct state_log *log)
{
	int err = write_group(log);

	state_log_discard(log);
	return err;
}

/* A slow disk holds up the clients, so it is waited for only if something is read after a power failure. */
static int
sync_if_needed(const struct state_log *log, int fd)
{
	return log->outlive_reboot && fsync(fd) < 0 ? -errno : 0;
}

/* The new file, whole, still under its temporary name. */
static int
write_new(struct state_log *log, int fd)
{
	struct state_header header = {
		.magic = STATE_MAGIC,
		.version = STATE_VERSION,
		.length = sizeof(header),
		.generation = log->generation + 1,
	};
	int err = close_group(log);

	if (err < 0)
		return err;
	memcpy(header.boot_id, log->boot_id, sizeof(header.boot_id));
	header.crc = state_header_crc(&header);
	err = write_all(fd, &header, sizeof(header), 0);
	if (err == 0)
		err = write_all(fd, log->buffer, log->used, sizeof(header));
	return err == 0 ? sync_if_needed(log, fd) : err;
}

static int
replace_file(struct state_log *log)
{
	CLEANUP(fd_close) int fd = openat(log->folder, STATE_NAME_NEW, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = write_new(log, fd);
	if (err == 0 && renameat(log->folder, STATE_NAME_NEW, log->folder, STATE_NAME) < 0)
		err = -errno;
	if (err < 0) {
		(void)unlinkat(log->folder, STATE_NAME_NEW, 0); /* the next attempt overwrites it anyway */
		return err;
	}
	close_if_open(log->file);
	log->file = fd;
	fd = -1;
	log->size = sizeof(struct state_header) + log->used;
	log->generation++;
	return sync_if_needed(log, log->folder);
}

int
state_log_replace(struct state_log *log)
{
	int err = replace_file(log);

	state_log_discard(log);
	return err;
}

uint64_t
state_log_size(const struct state_log *log)
{
	return log->size;
}

int
state_log_set_aside(struct state_log *log)
{
	char name[64];

	snprintf(name, sizeof(name), "%s.damaged-%lld", STATE_NAME, (long long)time(NULL));
	if (renameat(log->folder, STATE_NAME, log->folder, name) < 0)
		return -errno;
	log_warning("state", "the state file was set aside as %s", name);
	return 0;
}
