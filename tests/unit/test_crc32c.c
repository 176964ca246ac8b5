/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CRC32c: known sums, and a change of four bytes against the sum over all of them, bit by bit.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdlib.h>
#include <string.h>

#include "core/crc32c.h"
#include "random_source.h"

#define LENGTH_MAX 65535

static uint32_t
bit_by_bit(const uint8_t *data, size_t length)
{
	uint32_t sum = UINT32_MAX;

	for (size_t i = 0; i < length; i++) {
		for (int bit = 0; bit < 8; bit++) {
			uint32_t out = (sum ^ (uint32_t)(data[i] >> bit)) & 1;

			sum = sum >> 1 ^ (out ? 0x82f63b78 : 0);
		}
	}
	return ~sum;
}

static void
known_messages_have_their_sums(void **state)
{
	/* RFC 3720, B.4, and the usual check of a CRC. */
	uint8_t data[32];

	(void)state;
	assert_int_equal(crc32c("123456789", 9), 0xe3069283);
	memset(data, 0, sizeof(data));
	assert_int_equal(crc32c(data, sizeof(data)), 0x8a9136aa);
	memset(data, 0xff, sizeof(data));
	assert_int_equal(crc32c(data, sizeof(data)), 0x62a8ab43);
	for (uint8_t i = 0; i < sizeof(data); i++)
		data[i] = i;
	assert_int_equal(crc32c(data, sizeof(data)), 0x46dd794e);
	assert_int_equal(crc32c(data, 0), 0);
}

static void
sums_are_those_that_are_worked_out_bit_by_bit(void **state)
{
	struct random_source random = random_source_new(32);
	uint8_t data[600];

	(void)state;
	for (size_t i = 0; i < sizeof(data); i++)
		data[i] = (uint8_t)random_u64(&random);
	for (size_t length = 0; length <= sizeof(data); length++)
		assert_int_equal(crc32c(data, length), bit_by_bit(data, length));
}

static void
check_change(uint8_t *data, size_t length, size_t at, uint32_t difference)
{
	uint32_t before = crc32c(data, length);

	for (int i = 0; i < 4; i++)
		data[at + i] ^= (uint8_t)(difference >> 8 * i);
	assert_int_equal(crc32c(data, length), before ^ crc32c_change(difference, (uint32_t)(length - at)));
}

static void
a_change_of_four_bytes_changes_the_sum_as_told(void **state)
{
	struct random_source random = random_source_new(33);
	uint8_t *data = calloc(1, LENGTH_MAX);

	(void)state;
	assert_non_null(data);
	for (size_t i = 0; i < LENGTH_MAX; i++)
		data[i] = (uint8_t)random_u64(&random);
	for (size_t length = 4; length < 3000; length++)
		check_change(data, length, 0, (uint32_t)random_u64(&random));
	for (size_t at = 0; at < 100; at++)
		check_change(data, 104, at, (uint32_t)random_u64(&random));
	for (int i = 0; i < 200; i++)
		check_change(data, 4 + random_upto(&random, LENGTH_MAX - 3), 0, (uint32_t)random_u64(&random));
	check_change(data, LENGTH_MAX, 0, 1);
	for (int bit = 0; bit < 32; bit++)
		check_change(data, 1452, 0, 1u << bit);
	assert_int_equal(crc32c_change(0, 1452), 0);
	free(data);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(known_messages_have_their_sums),
		cmocka_unit_test(sums_are_those_that_are_worked_out_bit_by_bit),
		cmocka_unit_test(a_change_of_four_bytes_changes_the_sum_as_told),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
