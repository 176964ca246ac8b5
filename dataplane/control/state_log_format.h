/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How state_log.c's file looks. All in host order: the file stays on its host, and the magic tells.
 */
#ifndef CONTROL_STATE_LOG_FORMAT_H
#define CONTROL_STATE_LOG_FORMAT_H

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_hash_crc.h>

#include "control/state_log.h"

#define STATE_NAME "state"
#define STATE_NAME_NEW "state.new"
#define STATE_MAGIC 0x3154535644535649ull /* "IVSDVST1" in memory on a little-endian host */
#define STATE_VERSION 6u
#define STATE_RECORD_MAX (1u << 20) /* payload of one record */

struct state_header {
	uint64_t magic;
	uint32_t version, length;
	char boot_id[STATE_LOG_BOOT_ID];
	uint64_t generation;
	uint32_t reserved, crc;
};
static_assert(sizeof(struct state_header) == 72, "as written");

/* Each is followed by its payload, and padded with zeros to 8 bytes. */
struct state_record {
	uint32_t length; /* of the payload */
	uint16_t type, reserved;
	uint32_t crc; /* of the members before and of the payload */
	uint32_t pad;
};
static_assert(sizeof(struct state_record) == 16, "as written");

enum { STATE_RECORD_BEGIN = 0xb001, STATE_RECORD_COMMIT = 0xc001 };

struct state_begin {
	uint64_t length; /* of the group, from BEGIN to COMMIT */
};
struct state_commit {
	uint64_t sequence;
};

struct state_log {
	int folder, lock, file;
	bool outlive_reboot;
	char boot_id[STATE_LOG_BOOT_ID];
	uint64_t size, sequence, generation;
	uint8_t *buffer;
	size_t used, capacity;
	bool overflow;
};

static inline size_t
state_record_size(uint32_t length)
{
	return sizeof(struct state_record) + (((size_t)length + 7) & ~(size_t)7);
}

static inline uint32_t
state_record_crc(const struct state_record *record, const void *payload)
{
	uint32_t crc = rte_hash_crc(record, offsetof(struct state_record, crc), ~0u);

	return rte_hash_crc(payload, record->length, crc);
}

static inline uint32_t
state_header_crc(const struct state_header *header)
{
	return rte_hash_crc(header, offsetof(struct state_header, crc), ~0u);
}

#endif
