/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Microsoft's RSS hash, written down from its definition ("RSS Hashing Types", "Verifying the RSS Hash Calculation"), to
 * hold port/steering.c against.
 */
#ifndef TOEPLITZ_H
#define TOEPLITZ_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "core/flow.h"

/* The key of the published examples; the bytes beyond 40 are used by none of our lengths. */
static const uint8_t microsoft_key[52] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca,
	0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b,
	0xbe, 0xac, 0x01, 0xfa, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88, 0x99, 0xaa, 0xbb, 0xcc,
};

/* For every set bit of the input, the 32 bits of the key that begin at its place. */
static inline uint32_t
toeplitz(const uint8_t *key, const uint8_t *input, size_t length)
{
	uint32_t hash = 0;

	for (size_t bit = 0; bit < length * 8; bit++) {
		uint32_t window = 0;

		if (!(input[bit / 8] & (0x80 >> bit % 8)))
			continue;
		for (size_t i = bit; i < bit + 32; i++)
			window = window << 1 | (key[i / 8] >> (7 - i % 8) & 1);
		hash ^= window;
	}
	return hash;
}

/* Addresses and ports in the order of the packet. */
static inline uint32_t
hash_of(const uint8_t *key, const struct flow *flow)
{
	size_t length = flow->family == AF_INET ? 4 : 16;
	uint8_t input[36];

	memcpy(input, &flow->src, length);
	memcpy(input + length, &flow->dst, length);
	memcpy(input + 2 * length, &flow->sport, 2);
	memcpy(input + 2 * length + 2, &flow->dport, 2);
	return toeplitz(key, input, 2 * length + 4);
}

#endif
