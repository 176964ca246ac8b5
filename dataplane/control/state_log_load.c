/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading a state file: all of it is checked before anything of it is used. See state_log.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "control/state_log_format.h"
#include "core/cleanup.h"

/* Longer than any that is written: 4M destinations take less than 1 GB. */
#define STATE_FILE_MAX (4ull << 30)

static int damaged(struct state_image *image, const char *format, ...) __attribute__((format(printf, 2, 3)));

static int
damaged(struct state_image *image, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(image->fault, sizeof(image->fault), format, args);
	va_end(args);
	return -EBADMSG;
}

static int
read_all(int fd, struct state_image *image)
{
	struct stat status;
	size_t done = 0;

	if (fstat(fd, &status) < 0)
		return -errno;
	if (!S_ISREG(status.st_mode) || (uint64_t)status.st_size > STATE_FILE_MAX)
		return damaged(image, "no regular file, or too long");
	image->length = (size_t)status.st_size;
	image->bytes = malloc(image->length + 1);
	if (!image->bytes)
		return -ENOMEM;
	while (done < image->length) {
		ssize_t n = read(fd, (uint8_t *)image->bytes + done, image->length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			return damaged(image, "it became shorter while it was read");
		done += (size_t)n;
	}
	return 0;
}

static int
check_header(struct state_image *image)
{
	const struct state_header *header = image->bytes;

	if (image->length < sizeof(*header))
		return damaged(image, "cut off at byte %zu, within its header", image->length);
	if (header->magic != STATE_MAGIC)
		return damaged(image, "it doesn't begin like a state file of this kind of host");
	if (header->crc != state_header_crc(header))
		return damaged(image, "wrong checksum of the header");
	if (header->version != STATE_VERSION || header->length != sizeof(*header))
		return damaged(image, "format %u, this version reads %u", header->version, STATE_VERSION);
	memcpy(image->boot_id, header->boot_id, sizeof(image->boot_id));
	image->boot_id[sizeof(image->boot_id) - 1] = '\0';
	image->generation = header->generation;
	return 0;
}

static bool
all_zero(const struct state_image *image, size_t from, size_t to)
{
	const uint8_t *bytes = image->bytes;

	while (from < to)
		if (bytes[from++] != 0)
			return false;
	return true;
}

/* The record at OFFSET if it is whole and its checksum right, else NULL. */
static const struct state_record *
record_at(const struct state_image *image, size_t offset, size_t end)
{
	const struct state_record *record = (const void *)((const uint8_t *)image->bytes + offset);
	size_t size;

	if (end - offset < sizeof(*record) || record->length > STATE_RECORD_MAX)
		return NULL;
	size = state_record_size(record->length);
	if (size > end - offset || record->crc != state_record_crc(record, record + 1))
		return NULL;
	if (record->pad != 0 || !all_zero(image, offset + sizeof(*record) + record->length, offset + size))
		return NULL;
	return record;
}

static const struct state_begin *
begin_at(const struct state_image *image, size_t offset)
{
	const struct state_record *record = record_at(image, offset, image->length);

	if (!record || record->type != STATE_RECORD_BEGIN || record->length != sizeof(struct state_begin))
		return NULL;
	return (const void *)(record + 1);
}

/* Whether the group at OFFSET, the last one, is what a writer left who was killed while he wrote it. */
static bool
is_unfinished(const struct state_image *image, size_t offset)
{
	const size_t begin_size = state_record_size(sizeof(struct state_begin));
	const size_t commit_size = state_record_size(sizeof(struct state_commit));
	const struct state_begin *begin = begin_at(image, offset);
	size_t left = image->length - offset;

	if (left < begin_size + commit_size || !all_zero(image, image->length - commit_size, image->length))
		return false;
	if (begin)
		return begin->length == left;
	return all_zero(image, offset + begin_size, image->length);
}

/* The end of the group at OFFSET, or 0. */
static size_t
check_group(const struct state_image *image, size_t offset)
{
	const struct state_begin *begin = begin_at(image, offset);
	const struct state_record *record = NULL;
	size_t end;

	if (!begin || begin->length > image->length - offset)
		return 0;
	end = offset + (size_t)begin->length;
	for (offset += state_record_size(sizeof(*begin)); offset < end; offset += state_record_size(record->length)) {
		record = record_at(image, offset, end);
		if (!record || record->type == STATE_RECORD_BEGIN)
			return 0;
		if (record->type == STATE_RECORD_COMMIT)
			return offset + state_record_size(record->length) == end ? end : 0;
	}
	return 0;
}

static int
check_groups(struct state_image *image)
{
	size_t offset = sizeof(struct state_header);

	if (offset == image->length)
		return damaged(image, "cut off at byte %zu, after its header", offset);
	while (offset < image->length) {
		size_t end = check_group(image, offset);

		/* the first group came with the file, whole */
		if (end == 0 && (offset == sizeof(struct state_header) || !is_unfinished(image, offset)))
			return damaged(image, "cut off or changed after byte %zu of %zu", offset, image->length);
		if (end == 0) {
			image->skipped = image->length - offset;
			image->length = offset;
			return 0;
		}
		offset = end;
	}
	return 0;
}

int
state_log_load(struct state_log *log, struct state_image *ret)
{
	CLEANUP(fd_close) int fd = openat(log->folder, STATE_NAME, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	int err;

	memset(ret, 0, sizeof(*ret));
	if (fd < 0)
		return -errno;
	err = read_all(fd, ret);
	ret->blank = err == 0 && all_zero(ret, 0, ret->length);
	if (err == 0)
		err = check_header(ret);
	if (err == 0)
		err = check_groups(ret);
	if (err < 0) {
		free(ret->bytes);
		ret->bytes = NULL;
		return err;
	}
	log->generation = ret->generation;
	return 0;
}

int
state_image_each(const struct state_image *image,
		 int (*apply)(void *arg, uint16_t type, const void *payload, uint32_t length), void *arg)
{
	size_t offset = sizeof(struct state_header);

	while (offset < image->length) {
		const struct state_record *record = (const void *)((const uint8_t *)image->bytes + offset);
		int err = 0;

		if (record->type != STATE_RECORD_BEGIN && record->type != STATE_RECORD_COMMIT)
			err = apply(arg, record->type, record + 1, record->length);
		if (err < 0)
			return err;
		offset += state_record_size(record->length);
	}
	return 0;
}
