/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CRC32c, the checksum of SCTP (RFC 9260, appendix A), without tables of the machine's instructions. It is linear: the
 * sum of a message that changes in one word changes by what that word's difference contributes, whatever the rest is. So
 * nobody reads the rest, and a sum that was wrong stays wrong.
 */
#ifndef CORE_CRC32C_H
#define CORE_CRC32C_H

#include <stddef.h>
#include <stdint.h>

/* The sum over LENGTH bytes; as a little-endian number it is what stands in a packet. Some three cycles a byte. */
uint32_t crc32c(const void *data, size_t length);

/* What is to be XORed to a sum when four bytes of the message change: DIFFERENCE is the XOR of old and new, read as a
 * little-endian number, FROM the number of bytes from there to the end, those four included, at most 65535. */
uint32_t crc32c_change(uint32_t difference, uint32_t from);

#endif
