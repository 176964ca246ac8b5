/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The Internet checksum (RFC 1071) and its incremental update (RFC 1624) with differences computed beforehand. Sums
 * are taken over 16-bit words as they lie in memory, so a sum is in network order on every machine.
 */
#ifndef CORE_CHECKSUM_H
#define CORE_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* The sum of both halves with the carry added back in: added to its turned self, the lower half's carry runs into the
 * upper one, which is the result. */
static inline uint16_t
checksum_fold32(uint32_t sum)
{
	return (uint16_t)((sum + (sum << 16 | sum >> 16)) >> 16);
}

static inline uint16_t
checksum_fold(uint64_t sum)
{
	return checksum_fold32((uint32_t)((sum + (sum << 32 | sum >> 32)) >> 32));
}

/* Adds LENGTH bytes (even) to a sum that is not folded yet. */
static inline uint64_t
checksum_add(uint64_t sum, const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint16_t word;

	for (size_t i = 0; i + 2 <= length; i += 2) {
		memcpy(&word, bytes + i, 2);
		sum += word;
	}
	return sum;
}

/* The difference that replacing OLD by NEW (LENGTH bytes each, even) makes; differences may be added up unfolded. */
static inline uint64_t
checksum_difference(const void *old, const void *new, size_t length)
{
	const uint8_t *from = old, *to = new;
	uint64_t sum = 0;
	uint16_t word;

	for (size_t i = 0; i + 2 <= length; i += 2) {
		memcpy(&word, from + i, 2);
		sum += (uint16_t)~word;
		memcpy(&word, to + i, 2);
		sum += word;
	}
	return sum;
}

/* CHECKSUM after a change by DELTA (RFC 1624, equation 3). */
static inline uint16_t
checksum_update(uint16_t checksum, uint32_t delta)
{
	return (uint16_t)~checksum_fold32((uint16_t)~checksum + delta);
}

#endif
