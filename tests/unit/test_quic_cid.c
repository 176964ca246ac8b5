/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connection IDs of QUIC against the draft's own examples (draft-ietf-quic-load-balancers-21, appendix B), AES against
 * FIPS 197, and bytes from strangers.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "lb/quic_cid.h"

/* Bytes of hexadecimal digits. */
static uint32_t
bytes_of(const char *hex, uint8_t *ret)
{
	uint32_t n = (uint32_t)strlen(hex) / 2;

	for (uint32_t i = 0; i < n; i++) {
		unsigned int byte;

		assert_int_equal(sscanf(hex + 2 * i, "%2x", &byte), 1);
		ret[i] = (uint8_t)byte;
	}
	return n;
}

static void
aes_is_that_of_the_standard(void **state)
{
	uint8_t key[16], clear[16], sealed[16], out[16];
	struct aes128 aes;

	(void)state;
	bytes_of("000102030405060708090a0b0c0d0e0f", key);
	bytes_of("00112233445566778899aabbccddeeff", clear);
	bytes_of("69c4e0d86a7b0430d8cdb78070b4c55a", sealed);
	aes128_set_key(&aes, key);
	aes128_encrypt(&aes, clear, out);
	assert_memory_equal(out, sealed, 16);
	aes128_decrypt(&aes, out, out);
	assert_memory_equal(out, clear, 16);
	/* The last round key of its appendix A.1. */
	bytes_of("2b7e151628aed2a6abf7158809cf4f3c", key);
	bytes_of("d014f9a8c9ee2589e13f0cc8b6630ca6", out);
	aes128_set_key(&aes, key);
	assert_memory_equal(aes.round_keys[10], out, 16);
}

static const struct example {
	const char *server_id, *cid;
	uint8_t nonce_length, codepoint;
	bool encrypted;
} examples[] = {
	{ "c4605e", "07c4605e4504cc4f", 4, 0, false },
	{ "ed793a", "0720b1d07b359d3c", 4, 0, true },
	{ "ed793a51d49b8f5fab65", "2fcc381bc74cb4fbad2823a3d1f8fed2", 5, 1, true },
	{ "ed793a51d49b8f5f", "504dd2d05a7b0de9b2b9907afb5ecf8cc3", 8, 2, true },
	{ "ed793a51d49b8f5fab", "125779c9cc86beb3a3a4a3ca96fce4bfe0cdbc", 9, 0, true },
};

static void
servers_are_those_of_the_drafts_examples(void **state)
{
	uint8_t key[16], cid[QUIC_CID_MAX], wanted[QUIC_SERVER_ID_MAX], id[QUIC_SERVER_ID_MAX];

	(void)state;
	bytes_of("8f95f09245765f80256934e50c66207f", key);
	for (size_t i = 0; i < sizeof(examples) / sizeof(examples[0]); i++) {
		const struct example *example = &examples[i];
		struct quic_lb_coding coding = {
			.nonce_length = example->nonce_length,
			.encrypted = example->encrypted,
		};
		struct quic_header header = { .cid = cid, .room = bytes_of(example->cid, cid) };

		coding.server_id_length = (uint8_t)bytes_of(example->server_id, wanted);
		aes128_set_key(&coding.aes, key);
		assert_int_equal(quic_lb_codepoint(&header), example->codepoint);
		assert_true(quic_lb_server_id(&coding, &header, id));
		assert_memory_equal(id, wanted, coding.server_id_length);
		header.room--;
		assert_false(quic_lb_server_id(&coding, &header, id));
	}
}

/* The draft's worked example, 5.4.2.4. */
static void
an_odd_number_of_octets_is_halved(void **state)
{
	uint8_t key[16], cid[QUIC_CID_MAX], wanted[3], id[QUIC_SERVER_ID_MAX];
	struct quic_lb_coding coding = { .server_id_length = 3, .nonce_length = 4, .encrypted = true };
	struct quic_header header = { .cid = cid };

	(void)state;
	bytes_of("fdf726a9893ec05c0632d3956680baf0", key);
	aes128_set_key(&coding.aes, key);
	header.room = bytes_of("0767947d29be054a", cid);
	bytes_of("31441a", wanted);
	assert_true(quic_lb_server_id(&coding, &header, id));
	assert_memory_equal(id, wanted, 3);
}

/* 192.168.111.222 port 8029 of the example in DPVS's documentation: two bytes of the address, and the port. */
static void
dpvs_ids_have_the_end_of_the_address(void **state)
{
	uint8_t cid[QUIC_CID_MAX];
	struct quic_dpvs_server server;
	struct quic_header header = { .cid = cid };

	(void)state;
	header.room = bytes_of("aa36fde1f5dabcdef012", cid);
	assert_true(quic_dpvs_read(&header, &server));
	assert_int_equal(server.length, 2);
	assert_int_equal(server.address[0], 111);
	assert_int_equal(server.address[1], 222);
	assert_int_equal(rte_be_to_cpu_16(server.port), 8029);
	header.room = bytes_of("aa06fd12345678", cid);
	assert_true(quic_dpvs_read(&header, &server));
	assert_int_equal(server.length, 1);
	assert_int_equal(server.address[0], 0x6f);
	assert_int_equal(server.port, 0);
	header.room--;
	assert_false(quic_dpvs_read(&header, &server));
	/* eight bytes and a port don't fit into what is there */
	header.room = bytes_of("aaf0123456789abcdef01234567890", cid) - 1;
	assert_false(quic_dpvs_read(&header, &server));
	header.room++;
	assert_true(quic_dpvs_read(&header, &server));
}

static void
headers_are_told_apart(void **state)
{
	uint8_t packet[64];
	struct quic_header header;
	uint32_t length;

	(void)state;
	length = bytes_of("40aabbccdd", packet);
	assert_true(quic_header_read(packet, length, &header));
	assert_ptr_equal(header.cid, packet + 1);
	assert_int_equal(header.room, 4);
	assert_false(header.may_be_random);
	/* Initial, 0-RTT, Handshake of version 1 */
	length = bytes_of("c00000000108aabbccddeeff001122", packet);
	for (uint8_t type = 0; type < 4; type++) {
		packet[0] = (uint8_t)(0xc0 | type << 4);
		assert_true(quic_header_read(packet, length, &header));
		assert_ptr_equal(header.cid, packet + 6);
		assert_int_equal(header.room, 8);
		assert_int_equal(header.may_be_random, type < 2);
	}
	length = bytes_of("c06b3343cf08aabbccddeeff0011", packet);
	for (uint8_t type = 0; type < 4; type++) {
		packet[0] = (uint8_t)(0xc0 | type << 4);
		assert_true(quic_header_read(packet, length, &header));
		assert_int_equal(header.may_be_random, type == 1 || type == 2);
	}
	/* An ID that is longer than the packet, or than IDs are; a version cut short; nothing. */
	assert_false(quic_header_read(packet, length - 1, &header));
	packet[5] = QUIC_CID_MAX + 1;
	assert_false(quic_header_read(packet, sizeof(packet), &header));
	for (length = 0; length < 6; length++)
		assert_false(quic_header_read(packet, length, &header));
}

/* Under AddressSanitizer: nothing is read behind the end of a packet, whatever it says. */
static void
random_bytes_are_read_within_bounds(void **state)
{
	uint64_t random = 88172645463325252u;
	uint32_t found = 0;

	(void)state;
	for (uint32_t round = 0; round < 200000; round++) {
		struct quic_lb_coding coding;
		struct quic_dpvs_server server;
		struct quic_header header;
		uint8_t *packet, id[QUIC_SERVER_ID_MAX];
		uint32_t length;

		random ^= random << 13;
		random ^= random >> 7;
		random ^= random << 17;
		length = random % 32;
		packet = malloc(length + 1);
		assert_non_null(packet);
		for (uint32_t i = 0; i < length; i++)
			packet[i] = (uint8_t)(random >> (i % 8 * 8)) ^ (uint8_t)(i * 41);
		if (length > 5 && (random & 256))
			packet[5] %= QUIC_CID_MAX + 1;
		packet = realloc(packet, length > 0 ? length : 1);
		coding = (struct quic_lb_coding){
			.server_id_length = (uint8_t)(random >> 10) % QUIC_SERVER_ID_MAX,
			.nonce_length = QUIC_NONCE_MIN,
			.encrypted = random >> 20 & 1,
		};
		if (quic_header_read(packet, length, &header)) {
			found += quic_lb_server_id(&coding, &header, id);
			found += quic_dpvs_read(&header, &server);
		}
		free(packet);
	}
	assert_true(found > 1000);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(aes_is_that_of_the_standard),
		cmocka_unit_test(servers_are_those_of_the_drafts_examples),
		cmocka_unit_test(an_odd_number_of_octets_is_halved),
		cmocka_unit_test(dpvs_ids_have_the_end_of_the_address),
		cmocka_unit_test(headers_are_told_apart),
		cmocka_unit_test(random_bytes_are_read_within_bounds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
