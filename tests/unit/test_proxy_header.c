/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Headers of the PROXY protocol and the addresses in them (ip/proxy_header.c, ip/address_text.c), against the
 * specification's examples and the C library.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "director_fixture.h"
#include "ip/address_text.h"
#include "ip/proxy_header.h"
#include "random_source.h"

static const uint8_t signature[12] = { 0x0d, 0x0a, 0x0d, 0x0a, 0, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a };

static void
assert_line(const struct flow *flow, const char *line)
{
	uint8_t written[PROXY_HEADER_MAX];
	uint16_t length = proxy_header_write(1, flow, written);

	assert_int_equal(length, strlen(line));
	assert_memory_equal(written, line, length);
	assert_int_equal(proxy_header_length(1, flow), length);
}

static void
version_1_is_a_line(void **state)
{
	struct flow v4 = flow_of(IPPROTO_TCP, "255.255.255.255", 65535, "0.0.0.0", 0);
	struct flow v6 = flow_of(IPPROTO_TCP, "2001:db8::1", 56324, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 443);
	const struct flow unknown = { .family = 0 };

	(void)state;
	assert_line(&v4, "PROXY TCP4 255.255.255.255 0.0.0.0 65535 0\r\n");
	assert_line(&v6, "PROXY TCP6 2001:db8::1 ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff 56324 443\r\n");
	assert_line(&unknown, "PROXY UNKNOWN\r\n");
}

static void
version_2_is_binary(void **state)
{
	struct flow v4 = flow_of(IPPROTO_TCP, "198.51.100.7", 0x1234, "192.0.2.1", 80);
	struct flow v6 = flow_of(IPPROTO_UDP, "2001:db8::7", 0x1234, "2001:db8::1", 80);
	const struct flow unknown = { .family = 0 };
	static const uint8_t rest4[16] = { 0x21, 0x11, 0, 12, 198, 51, 100, 7, 192, 0, 2, 1, 0x12, 0x34, 0, 80 };
	uint8_t written[PROXY_HEADER_MAX];

	(void)state;
	assert_int_equal(proxy_header_write(2, &v4, written), 28);
	assert_memory_equal(written, signature, 12);
	assert_memory_equal(written + 12, rest4, 16);
	assert_int_equal(proxy_header_write(2, &v6, written), 52);
	assert_memory_equal(written + 12, ((uint8_t[]){ 0x21, 0x22, 0, 36 }), 4);
	assert_memory_equal(written + 16, &v6.src, 16);
	assert_memory_equal(written + 32, &v6.dst, 16);
	assert_memory_equal(written + 48, ((uint8_t[]){ 0x12, 0x34, 0, 80 }), 4);
	assert_int_equal(proxy_header_write(2, &unknown, written), 16);
	assert_memory_equal(written + 12, ((uint8_t[]){ 0x20, 0, 0, 0 }), 4);
	assert_int_equal(proxy_header_length(2, &v4), 28);
	assert_int_equal(proxy_header_length(2, &v6), 52);
	assert_int_equal(proxy_header_length(2, &unknown), 16);
}

static void
what_is_written_is_read(void **state)
{
	const struct flow flows[] = {
		flow_of(IPPROTO_TCP, "198.51.100.7", 1, "192.0.2.1", 65535),
		flow_of(IPPROTO_TCP, "2001:db8::7", 0, "::", 80),
		flow_of(IPPROTO_TCP, "::ffff:1.2.3.4", 99, "fe80::1:0:0:1", 100),
	};

	(void)state;
	for (uint32_t i = 0; i < 2 * sizeof(flows) / sizeof(flows[0]); i++) {
		uint8_t written[PROXY_HEADER_MAX + 9];
		uint16_t length = proxy_header_write((uint8_t)(i % 2 + 1), &flows[i / 2], written);
		struct proxy_header header;

		memset(written + length, 'x', 9);
		assert_int_equal(proxy_header_read(written, length + 9u, &header), 0);
		assert_int_equal(header.version, i % 2 + 1);
		assert_int_equal(header.length, length);
		assert_memory_equal(&header.flow, &flows[i / 2], sizeof(header.flow));
		/* Not whole. */
		for (uint32_t part = 0; part < length; part++) {
			uint8_t *tight = malloc(part + 1);

			memcpy(tight + 1, written, part);
			assert_int_equal(proxy_header_read(tight + 1, part, &header), -EINVAL);
			free(tight);
		}
	}
}

static int
read_text(const char *text, struct proxy_header *ret)
{
	return proxy_header_read((const uint8_t *)text, (uint32_t)strlen(text), ret);
}

static void
broken_lines_are_none(void **state)
{
	static const char *const broken[] = {
		"PROXY\r\n",
		"PROXY \r\n",
		"PROXY TCP4\r\n",
		"PROXY TCP5 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 \r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2 3\r\n",
		"PROXY TCP4  1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 65536\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 01 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 -1 2\r\n",
		"PROXY TCP4 1.2.3 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.4.5 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.256 1.2.3.4 1 2\r\n",
		"PROXY TCP4 1.2.3.04 1.2.3.4 1 2\r\n",
		"PROXY TCP4 ::1 ::1 1 2\r\n",
		"PROXY TCP6 1.2.3.4 1.2.3.4 1 2\r\n",
		"PROXY TCP6 ::1 ::1::2 1 2\r\n",
		"PROXY TCP6 ::1 12345:: 1 2\r\n",
		"PROXY TCP4 1.2.3.4 1.2.3.4 1 2\n",
		"proxy TCP4 1.2.3.4 1.2.3.4 1 2\r\n",
		("PROXY UNKNOWN aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n"),
		"GET / HTTP/1.1\r\n\r\n",
	};
	struct proxy_header header;

	(void)state;
	for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++)
		assert_int_equal(read_text(broken[i], &header), -EINVAL);
	assert_int_equal(read_text("PROXY UNKNOWN\r\nmore", &header), 0);
	assert_int_equal(header.length, 15);
	assert_int_equal(header.flow.family, 0);
	assert_int_equal(read_text("PROXY UNKNOWN whatever stands here\r\n", &header), 0);
	assert_int_equal(header.flow.family, 0);
}

static void
version_2_names_nobody_or_more_than_addresses(void **state)
{
	uint8_t data[600] = { 0 };
	struct proxy_header header;

	(void)state;
	memcpy(data, signature, 12);
	data[12] = 0x20; /* LOCAL */
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), 0);
	assert_int_equal(header.length, 16);
	assert_int_equal(header.flow.family, 0);
	data[12] = 0x21;
	data[13] = 0x31; /* of a Unix socket */
	data[15] = 216;
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), 0);
	assert_int_equal(header.length, 232);
	assert_int_equal(header.flow.family, 0);
	data[13] = 0x11;
	data[15] = 11; /* shorter than the addresses */
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), -EINVAL);
	data[15] = 12 + 7; /* further data */
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), 0);
	assert_int_equal(header.length, 35);
	assert_int_equal(header.flow.family, AF_INET);
	data[12] = 0x22; /* no such command */
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), -EINVAL);
	data[12] = 0x11; /* no such version */
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), -EINVAL);
	data[12] = 0x21;
	data[14] = 2; /* longer than is read */
	data[15] = 9;
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), -EINVAL);
	data[15] = 8;
	assert_int_equal(proxy_header_read(data, sizeof(data), &header), 0);
	assert_int_equal(proxy_header_read(data, PROXY_HEADER_READ_MAX - 1, &header), -EINVAL);
}

/* Zeros are frequent, so that all their runs are met. */
static void
addresses_are_as_the_library_has_them(void **state)
{
	struct random_source random = random_source_new(42);

	(void)state;
	for (int i = 0; i < 200000; i++) {
		union ip_bits address = { .half = { 0 } }, read;
		char wanted[INET6_ADDRSTRLEN], text[ADDRESS_TEXT_MAX + 1];
		size_t length;

		for (int group = 0; group < 8; group++) {
			uint64_t value = random_u64(&random);

			if (value & 1)
				continue;
			address.bytes[2 * group] = (uint8_t)(value >> 8);
			address.bytes[2 * group + 1] = (uint8_t)(value >> (value & 2 ? 24 : 16));
			if (value & 4)
				address.bytes[2 * group] = 0;
		}
		address.bytes[0] |= 0x20; /* the library writes some others with dots */
		inet_ntop(AF_INET6, &address, wanted, sizeof(wanted));
		length = address_write(AF_INET6, &address, text);
		text[length] = '\0';
		assert_string_equal(text, wanted);
		assert_true(address_read(AF_INET6, text, length, &read));
		assert_memory_equal(&read, &address, 16);
		inet_ntop(AF_INET, &address, wanted, sizeof(wanted));
		length = address_write(AF_INET, &address, text);
		text[length] = '\0';
		assert_string_equal(text, wanted);
		assert_true(address_read(AF_INET, text, length, &read));
		assert_memory_equal(&read, &address, 4);
	}
}

/* Whatever is an address to one is to the other. */
static void
broken_addresses_are_as_the_library_has_them(void **state)
{
	static const char letters[] = "0123456789abcdef:::::::.....:g";
	struct random_source random = random_source_new(43);

	(void)state;
	for (int i = 0; i < 1000000; i++) {
		char text[48], seed[] = "2001:db8::1:0:1.2.3.4";
		union ip_bits read, wanted = { .half = { 0 } };
		size_t length = sizeof(seed) - 1;

		memcpy(text, seed, sizeof(seed));
		for (uint64_t n = random_u64(&random) % 6; n > 0; n--) {
			size_t at = random_u64(&random) % length;

			if (random_u64(&random) % 3 == 0 && length > 1)
				memmove(text + at, text + at + 1, length-- - at);
			else
				text[at] = letters[random_u64(&random) % (sizeof(letters) - 1)];
		}
		assert_int_equal(address_read(AF_INET6, text, length, &read), inet_pton(AF_INET6, text, &wanted) == 1);
		if (inet_pton(AF_INET6, text, &wanted) == 1)
			assert_memory_equal(&read, &wanted, 16);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(version_1_is_a_line),
		cmocka_unit_test(version_2_is_binary),
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(broken_lines_are_none),
		cmocka_unit_test(version_2_names_nobody_or_more_than_addresses),
		cmocka_unit_test(addresses_are_as_the_library_has_them),
		cmocka_unit_test(broken_addresses_are_as_the_library_has_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
