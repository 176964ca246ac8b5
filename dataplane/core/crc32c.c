/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See crc32c.h. A sum is a polynomial over GF(2) of degree below 32, its highest bit being the coefficient of x^0, modulo
 * Castagnoli's polynomial. To go on by a byte is to multiply by x^8.
 */
#include "core/crc32c.h"

#define POLYNOMIAL 0x82f63b78u

/* A number times x, and so on. */
#define TIMES_X(n) ((n) >> 1 ^ (POLYNOMIAL & (0u - ((n)&1u))))
#define TIMES_X2(n) TIMES_X(TIMES_X((uint32_t)(n)))
#define ENTRY(n) TIMES_X2(TIMES_X2(TIMES_X2(TIMES_X2(n))))
#define ENTRIES4(n) ENTRY(n), ENTRY((n) + 1), ENTRY((n) + 2), ENTRY((n) + 3)
#define ENTRIES16(n) ENTRIES4(n), ENTRIES4((n) + 4), ENTRIES4((n) + 8), ENTRIES4((n) + 12)
#define ENTRIES64(n) ENTRIES16(n), ENTRIES16((n) + 16), ENTRIES16((n) + 32), ENTRIES16((n) + 48)

static const uint32_t bytes_times_x8[256] = { ENTRIES64(0), ENTRIES64(64), ENTRIES64(128), ENTRIES64(192) };

/* clang-format off */
/* [k][n] is x to the power of 8 * n * 16^k: what n * 16^k bytes that follow multiply by. */
static const uint32_t powers[4][16] = {
	{ 0x80000000, 0x00800000, 0x00008000, 0x00000080, 0x82f63b78, 0xfbc3faf9, 0x8b277743, 0x52a0c93f,
	  0x6ea2d55c, 0x1c08b7d6, 0xf56e0ef4, 0x34019664, 0xa66805eb, 0x7a1f6b24, 0xe75d06aa, 0xc94ec098 },
	{ 0x80000000, 0x18b8ea18, 0x510ac59a, 0xb2dea967, 0xb82be955, 0x36c41f1c, 0x19b29a35, 0xc9e90b9e,
	  0xb8fdb1e7, 0xe55ef1f3, 0x1fe0b5c3, 0xe0553f1e, 0x18e4a304, 0x2b830011, 0x56993a31, 0x0246e2e6 },
	{ 0x80000000, 0x88e56f72, 0x74c360a4, 0x631bb273, 0xe4172b16, 0x71892b1b, 0x835305c9, 0x196b1eae,
	  0x0d65762a, 0xafc81338, 0xb5a50ab7, 0xf373c3ac, 0x5f60970f, 0xd46d3063, 0x3a5275ea, 0x02331c01 },
	{ 0x80000000, 0x35d73a62, 0x28461564, 0x43eefc9f, 0xbf455269, 0x5edcdeb9, 0x65059450, 0x4e6f41a4,
	  0xe2ea32dc, 0xf5b95b32, 0x695a4c87, 0xf204502c, 0x9a4f01b6, 0x941a0916, 0x4303cb97, 0x4c3d3d65 },
};
/* clang-format on */

static uint32_t
multiply(uint32_t a, uint32_t b)
{
	uint32_t product = 0;

	for (int i = 0; i < 32; i++) {
		product ^= b & (0u - (a >> 31));
		a <<= 1;
		b = TIMES_X(b);
	}
	return product;
}

uint32_t
crc32c(const void *data, size_t length)
{
	const uint8_t *bytes = data;
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < length; i++)
		sum = sum >> 8 ^ bytes_times_x8[(sum ^ bytes[i]) & 0xff];
	return ~sum;
}

uint32_t
crc32c_change(uint32_t difference, uint32_t from)
{
	for (int k = 0; k < 4; k++) {
		uint32_t n = from >> (4 * k) & 15;

		if (n != 0)
			difference = multiply(difference, powers[k][n]);
	}
	return difference;
}
