/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * AES with a key of 128 bits (FIPS 197), a block at a time, for connection IDs of QUIC: on the packet path, where a
 * library may not allocate. Its time depends on the data: not for what strangers may measure by the nanosecond.
 */
#ifndef CORE_AES128_H
#define CORE_AES128_H

#include <stdint.h>

#define AES128_BLOCK 16
#define AES128_ROUNDS 10

struct aes128 {
	uint8_t round_keys[AES128_ROUNDS + 1][AES128_BLOCK];
};

void aes128_set_key(struct aes128 *aes, const uint8_t key[AES128_BLOCK]);
/* IN and OUT may be the same. */
void aes128_encrypt(const struct aes128 *aes, const uint8_t in[AES128_BLOCK], uint8_t out[AES128_BLOCK]);
void aes128_decrypt(const struct aes128 *aes, const uint8_t in[AES128_BLOCK], uint8_t out[AES128_BLOCK]);

#endif
