/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hash functions by which the kernel's schedulers find a server for an address, so that hosts of both kinds find
 * the same one. No secret is in them.
 */
#ifndef LB_ADDRESS_HASH_H
#define LB_ADDRESS_HASH_H

#include <stdint.h>
#include <sys/socket.h>

#include "core/address.h"

/* An address in one word, as it stands in memory: of IPv6 all four words. */
static inline rte_be32_t
address_fold(uint16_t family, const union ip_bits *address)
{
	if (family == AF_INET)
		return address->v4;
	return address->word[0] ^ address->word[1] ^ address->word[2] ^ address->word[3];
}

/* What sh and mh hash: the folded address plus the port (0: addresses alone), both as numbers. */
static inline uint32_t
address_key(uint16_t family, const union ip_bits *address, rte_be16_t port)
{
	return rte_be_to_cpu_32(address_fold(family, address)) + rte_be_to_cpu_16(port);
}

/* hash_32() of <linux/hash.h>: the upper BITS of a product with the golden ratio. */
static inline uint32_t
hash_upper_bits(uint32_t value, unsigned int bits)
{
	return value * 0x61c88647u >> (32 - bits);
}

static inline uint64_t
rotate_left(uint64_t value, unsigned int bits)
{
	return value << bits | value >> (64 - bits);
}

static inline void
sip_round(uint64_t v[4])
{
	v[0] += v[1];
	v[2] += v[3];
	v[1] = rotate_left(v[1], 13) ^ v[0];
	v[3] = rotate_left(v[3], 16) ^ v[2];
	v[0] = rotate_left(v[0], 32) + v[3];
	v[2] += v[1];
	v[3] = rotate_left(v[3], 21) ^ v[0];
	v[1] = rotate_left(v[1], 17) ^ v[2];
	v[2] = rotate_left(v[2], 32);
}

/* SipHash-1-3 (Aumasson, Bernstein) of the four bytes of VALUE, least significant first, with both halves of the key
 * being KEY; its lower half. That is hsiphash() of the kernel on 64-bit machines. */
static inline uint32_t
sip_hash_13(uint32_t value, uint64_t key)
{
	uint64_t last = (uint64_t)sizeof(value) << 56 | value;
	uint64_t v[4] = {
		key ^ 0x736f6d6570736575u,
		key ^ 0x646f72616e646f6du,
		key ^ 0x6c7967656e657261u,
		key ^ 0x7465646279746573u,
	};

	v[3] ^= last;
	sip_round(v);
	v[0] ^= last;
	v[2] ^= 0xff;
	for (int i = 0; i < 3; i++)
		sip_round(v);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

#endif
