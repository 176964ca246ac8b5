/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who owns a packet: the hash against Microsoft's published values and against an implementation bit by bit
 * (toeplitz.h), and the lists of local ports.
 */
#include <arpa/inet.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "heard_log.h"
#include "port/steering.h"
#include "toeplitz.h"

/* "Verifying the RSS Hash Calculation", Microsoft. */
static const struct vector {
	const char *dst, *src;
	uint16_t dport, sport;
	uint32_t hash;
} vectors[] = {
	{ "161.142.100.80", "66.9.149.187", 1766, 2794, 0x51ccc178 },
	{ "65.69.140.83", "199.92.111.2", 4739, 14230, 0xc626b0ea },
	{ "12.22.207.184", "24.19.198.95", 38024, 12898, 0x5c2b394a },
	{ "209.142.163.6", "38.27.205.30", 2217, 48228, 0xafc7327f },
	{ "202.188.127.2", "153.39.163.191", 1303, 44251, 0x10e828a2 },
	{ "3ffe:2501:200:3::1", "3ffe:2501:200:1fff::7", 1766, 2794, 0x40207d3d },
	{ "ff02::1", "3ffe:501:8::260:97ff:fe40:efab", 4739, 14230, 0xdde51bbf },
	{ "fe80::200:f8ff:fe21:67cf", "3ffe:1900:4545:3:200:f8ff:fe21:67cf", 38024, 44251, 0x02d1feef },
};

static struct flow
flow_of(const struct vector *vector)
{
	struct flow flow = { .sport = htons(vector->sport), .dport = htons(vector->dport), .proto = 6 };

	flow.family = strchr(vector->src, ':') ? AF_INET6 : AF_INET;
	assert_int_equal(inet_pton(flow.family, vector->src, flow.src.bytes), 1);
	assert_int_equal(inet_pton(flow.family, vector->dst, flow.dst.bytes), 1);
	return flow;
}

static void
fill_random(void *to, size_t length)
{
	uint8_t *bytes = to;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)(rand() >> 7);
}

static struct flow
random_flow(uint16_t family)
{
	struct flow flow = { .family = family, .proto = 17 };

	fill_random(&flow.src, family == AF_INET ? 4 : 16);
	fill_random(&flow.dst, family == AF_INET ? 4 : 16);
	fill_random(&flow.sport, 2);
	fill_random(&flow.dport, 2);
	return flow;
}

static struct steering *
make(const uint8_t *key, uint16_t reta_size, uint32_t n_workers)
{
	struct steering *steering = NULL;

	assert_int_equal(steering_create(key, reta_size, n_workers, &steering), 0);
	return steering;
}

static void
hash_is_microsofts(void **state)
{
	struct steering *steering = make(microsoft_key, 128, 1);

	(void)state;
	for (size_t i = 0; i < sizeof(vectors) / sizeof(vectors[0]); i++) {
		struct flow flow = flow_of(&vectors[i]);

		assert_int_equal(hash_of(microsoft_key, &flow), vectors[i].hash);
		assert_int_equal(steering_hash(steering, &flow), vectors[i].hash);
	}
	steering_destroy(steering);
}

static void
hash_is_toeplitz_for_any_key(void **state)
{
	(void)state;
	for (int round = 0; round < 8; round++) {
		struct steering *steering = make(NULL, 512, 4);

		for (int i = 0; i < 500; i++) {
			struct flow flow = random_flow(i % 2 ? AF_INET : AF_INET6);

			assert_int_equal(steering_hash(steering, &flow), hash_of(steering->key, &flow));
		}
		steering_destroy(steering);
	}
}

/* Every port once, sorted, in the list that its own hash says. */
static void
check_lists(const struct steering *steering, uint16_t family)
{
	const struct steering_ports *lists = steering_ports(steering, family);
	uint32_t mask = steering->reta_size - 1u;

	assert_int_equal(lists->first[0], 0);
	assert_int_equal(lists->first[steering->reta_size], 65536);
	for (uint32_t slot = 0; slot <= mask; slot++) {
		assert_int_equal(lists->first[slot + 1] - lists->first[slot], 65536 / steering->reta_size);
		for (uint32_t i = lists->first[slot]; i < lists->first[slot + 1]; i++) {
			struct flow alone = { .family = family, .dport = htons(lists->ports[i]) };

			assert_int_equal(hash_of(steering->key, &alone) & mask, slot);
			if (i > lists->first[slot])
				assert_true(lists->ports[i] > lists->ports[i - 1]);
		}
	}
}

static void
each_slot_has_its_share_of_ports(void **state)
{
	(void)state;
	for (uint16_t size = 2; size <= STEERING_RETA_MAX; size *= 4) {
		struct steering *steering = make(NULL, size, 2);

		check_lists(steering, AF_INET);
		check_lists(steering, AF_INET6);
		steering_destroy(steering);
	}
}

/* What full-NAT lives on: a port picked from the right list brings the reply to the slot that was wanted. */
static void
a_reply_lands_where_its_port_was_picked_for(void **state)
{
	(void)state;
	for (int round = 0; round < 10; round++) {
		struct steering *steering = make(NULL, round % 2 ? 128 : 512, 3);
		uint32_t mask = steering->reta_size - 1u;

		for (int i = 0; i < 200; i++) {
			struct flow reply = random_flow(i % 2 ? AF_INET : AF_INET6);
			const struct steering_ports *lists = steering_ports(steering, reply.family);
			uint32_t wanted = (uint32_t)rand() & mask, list, n;

			reply.dport = 0;
			list = (steering_hash(steering, &reply) ^ wanted) & mask;
			n = lists->first[list + 1] - lists->first[list];
			assert_true(n > 0);
			reply.dport = htons(lists->ports[lists->first[list] + (uint32_t)rand() % n]);
			assert_int_equal(hash_of(steering->key, &reply) & mask, wanted);
			assert_int_equal(owner_of(steering, &reply), wanted % 3);
		}
		steering_destroy(steering);
	}
}

/* As make(), and whether it warned of the key. */
static struct steering *
make_heard(const uint8_t *key, bool *ret_warned)
{
	struct steering *steering;
	struct heard heard;

	heard_begin(&heard);
	steering = make(key, 128, 2);
	heard_end(&heard);
	*ret_warned = strstr(heard.text, "warning: steering: with this RSS key") != NULL;
	return steering;
}

/* The lists of workers that no local port leads to would be empty. */
static void
a_key_that_cannot_reach_every_slot_is_not_taken(void **state)
{
	/* Each bit of a port contributes the same; nothing; in IPv4 alone what it should. */
	uint8_t keys[3][STEERING_KEY_LENGTH] = { { 0 } };

	(void)state;
	memset(keys[0], 0xff, sizeof(keys[0]));
	memcpy(keys[1], microsoft_key, 8);
	memcpy(keys[2], microsoft_key, 16);
	for (size_t i = 0; i < 3; i++) {
		bool warned;
		struct steering *steering = make_heard(keys[i], &warned);

		assert_true(warned);
		assert_memory_not_equal(steering->key, keys[i], sizeof(keys[i]));
		check_lists(steering, AF_INET);
		check_lists(steering, AF_INET6);
		steering_destroy(steering);
	}
}

static void
a_key_of_full_rank_is_taken_without_a_word(void **state)
{
	bool warned;
	struct steering *steering = make_heard(microsoft_key, &warned);

	(void)state;
	assert_false(warned);
	assert_memory_equal(steering->key, microsoft_key, sizeof(microsoft_key));
	steering_destroy(steering);
}

static void
the_same_key_makes_the_same_tables(void **state)
{
	struct steering *a = make(microsoft_key, 128, 2), *b = make(microsoft_key, 128, 2);

	(void)state;
	assert_memory_equal(a->ipv4.ports, b->ipv4.ports, sizeof(a->ipv4.ports));
	assert_memory_equal(a->ipv6.ports, b->ipv6.ports, sizeof(a->ipv6.ports));
	assert_memory_equal(a->reta, b->reta, 128);
	steering_destroy(a);
	steering_destroy(b);
}

static void
sizes_out_of_bounds_are_refused(void **state)
{
	struct steering *steering;

	(void)state;
	assert_int_equal(steering_create(NULL, 100, 1, &steering), -22);
	assert_int_equal(steering_create(NULL, 0, 1, &steering), -22);
	assert_int_equal(steering_create(NULL, 1024, 1, &steering), -22);
	assert_int_equal(steering_create(NULL, 128, 0, &steering), -22);
	assert_int_equal(steering_create(NULL, 8, 9, &steering), -22);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hash_is_microsofts),
		cmocka_unit_test(hash_is_toeplitz_for_any_key),
		cmocka_unit_test(each_slot_has_its_share_of_ports),
		cmocka_unit_test(a_reply_lands_where_its_port_was_picked_for),
		cmocka_unit_test(a_key_that_cannot_reach_every_slot_is_not_taken),
		cmocka_unit_test(a_key_of_full_rank_is_taken_without_a_word),
		cmocka_unit_test(the_same_key_makes_the_same_tables),
		cmocka_unit_test(sizes_out_of_bounds_are_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
