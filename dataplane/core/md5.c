/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "core/md5.h"

#define BLOCK 64

/* Section 3.4 of the RFC: the integer part of 2^32 times abs(sin(i + 1)). */
static const uint32_t sines[BLOCK] = {
	0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
	0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
	0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
	0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
	0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
	0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
	0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
	0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
};

/* By round; each is used in turn. */
static const uint8_t rotations[4][4] = { { 7, 12, 17, 22 }, { 5, 9, 14, 20 }, { 4, 11, 16, 23 }, { 6, 10, 15, 21 } };

static uint32_t
mixed(uint32_t round, uint32_t b, uint32_t c, uint32_t d)
{
	switch (round) {
	case 0:
		return (b & c) | (~b & d);
	case 1:
		return (d & b) | (~d & c);
	case 2:
		return b ^ c ^ d;
	default:
		return c ^ (b | ~d);
	}
}

/* Which word of the block a step takes. */
static uint32_t
word_of(uint32_t round, uint32_t step)
{
	static const uint8_t first[4] = { 0, 1, 5, 0 }, stride[4] = { 1, 5, 3, 7 };

	return (first[round] + stride[round] * step) % 16;
}

void
md5_short(const char *text, uint32_t length, uint32_t ret[4])
{
	const uint32_t start[4] = { 0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476 };
	uint32_t words[BLOCK / 4] = { 0 }, a = start[0], b = start[1], c = start[2], d = start[3];
	uint8_t *bytes = (uint8_t *)words;

	memcpy(bytes, text, length);
	bytes[length] = 0x80;
	words[14] = length * 8;
	for (uint32_t step = 0; step < BLOCK; step++) {
		uint32_t round = step / 16, rotation = rotations[round][step % 4];
		uint32_t sum = a + mixed(round, b, c, d) + words[word_of(round, step)] + sines[step];

		a = d;
		d = c;
		c = b;
		b += sum << rotation | sum >> (32 - rotation);
	}
	ret[0] = start[0] + a;
	ret[1] = start[1] + b;
	ret[2] = start[2] + c;
	ret[3] = start[3] + d;
}
