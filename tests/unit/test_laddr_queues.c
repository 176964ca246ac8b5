/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A NIC with as many queues as there are workers, and replies of full-NAT: whatever the number of queues, the size of
 * the NIC's table and its key, each reply comes to the queue of the worker that chose its local port. The NIC's part is
 * played by a Toeplitz hash that is written down bit by bit, and a table that is filled round robin.
 */
#include "local_ports.h"

#define CHOICES 24 /* of each worker, for each key and table */
#define RANDOM_KEYS 3

static const uint32_t queue_counts[] = { 2, 3, 4, 8, 16, 32, 64 };
static const uint16_t table_sizes[] = { 64, 128, 256, 512 };

/* Gives the director's workers another key and table. False: the key isn't of full rank, another one was taken. */
static bool
steer(struct director *director, const uint8_t *key, uint16_t size)
{
	steering_destroy(director->steering);
	assert_int_equal(steering_create(key, size, director->n_workers, &director->steering), 0);
	for (uint32_t i = 0; i < director->n_workers; i++)
		director->workers[i]->steering = director->steering;
	return memcmp(director->steering->key, key, STEERING_KEY_LENGTH) == 0;
}

/* What a NIC does with a packet: the queue of the slot that the hash says, in a table filled round robin. */
static uint32_t
queue_of(const uint8_t *key, uint32_t table_size, uint32_t n_queues, const struct flow *flow)
{
	return hash_of(key, flow) % table_size % n_queues;
}

/* A server somewhere, as the source of a reply. */
static struct flow
random_server(struct random_source *random, uint16_t family)
{
	struct flow reply = { .family = family, .proto = IPPROTO_TCP };

	random_bytes(random, &reply.src, family == AF_INET ? 4 : 16);
	random_bytes(random, &reply.sport, 2);
	return reply;
}

/* Returns how many replies were looked at. */
static uint32_t
all_replies_come_back(struct setting *here, struct random_source *random, const uint8_t *key, uint16_t size)
{
	const uint32_t n_queues = here->director->n_workers;
	uint32_t seen = 0;

	for (uint32_t worker = 0; worker < n_queues; worker++) {
		for (uint32_t i = 0; i < CHOICES; i++) {
			struct flow reply = random_server(random, here->svc->key.family);
			struct worker *self = here->director->workers[worker];
			uint32_t recycle;

			assert_int_equal(laddr_choose(self, here->svc, PORT, NULL, &reply, &recycle), 0);
			assert_int_equal(queue_of(key, size, n_queues, &reply), worker);
			assert_int_equal(owner_of(here->director->steering, &reply), worker);
			seen++;
		}
	}
	return seen;
}

static void
with_keys_and_tables(uint32_t n_queues, bool ipv6)
{
	static const char *const laddrs[2][3] = { { "10.0.0.100", "10.0.0.101", "172.16.3.7" },
						  { "fd00::100", "fd00::101", "2001:db8:77::7:1" } };
	struct random_source random = random_source_new(31 + n_queues);
	struct setting here = setting_new(n_queues, ipv6, 1, 1);
	uint32_t keys, seen = 0;

	publish_laddrs(here.director, laddrs[ipv6], 3, 1025, 65535);
	for (uint32_t i = 0; i < sizeof(table_sizes) / sizeof(table_sizes[0]); i++) {
		assert_true(steer(here.director, microsoft_key, table_sizes[i]));
		seen += all_replies_come_back(&here, &random, microsoft_key, table_sizes[i]);
		for (keys = 0; keys < RANDOM_KEYS;) {
			uint8_t key[STEERING_KEY_LENGTH];

			random_bytes(&random, key, sizeof(key));
			if (!steer(here.director, key, table_sizes[i]))
				continue;
			seen += all_replies_come_back(&here, &random, key, table_sizes[i]);
			keys++;
		}
	}
	assert_int_equal(seen, n_queues * CHOICES * (1 + RANDOM_KEYS) * sizeof(table_sizes) / sizeof(table_sizes[0]));
	setting_free(&here);
}

static void
all_replies_come_to_the_queue_of_their_worker(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < sizeof(queue_counts) / sizeof(queue_counts[0]); i++) {
		with_keys_and_tables(queue_counts[i], false);
		with_keys_and_tables(queue_counts[i], true);
	}
}

/* Until every port that leads to a worker is used, each choice is checked in open_conn(). */
static void
so_they_do_until_the_last_port_is_used(void **state)
{
	struct random_source random = random_source_new(32);
	uint8_t key[STEERING_KEY_LENGTH];

	(void)state;
	for (uint32_t i = 0; i < sizeof(queue_counts) / sizeof(queue_counts[0]); i++) {
		struct setting here = setting_new(queue_counts[i], i % 2, 30000, 31999);
		uint32_t total = 0;
		struct conn *conn;

		do
			random_bytes(&random, key, sizeof(key));
		while (!steer(here.director, key, table_sizes[i % 4]));
		for (uint32_t worker = 0; worker < queue_counts[i]; worker++) {
			uint32_t n = ports_of(&here, worker, 30000, 31999);

			for (uint32_t opened = 0; opened < n; opened++)
				assert_int_equal(open_conn(&here, worker, &conn), 0);
			assert_int_equal(open_conn(&here, worker, &conn), -DROP_NO_LOCAL_PORT);
			total += n;
		}
		assert_int_equal(total, 2000);
		setting_free(&here);
	}
}

/* A NIC's table may have more slots than the one that local ports were sorted for (port/port_rss.c repeats it). */
static void
a_larger_table_that_repeats_ours_agrees(void **state)
{
	struct random_source random = random_source_new(33);
	struct setting here = setting_new(5, false, 1025, 65535);

	(void)state;
	assert_true(steer(here.director, microsoft_key, 128));
	for (uint32_t i = 0; i < 1000; i++) {
		struct flow reply = random_server(&random, AF_INET);
		uint32_t worker = i % 5, recycle;

		assert_int_equal(laddr_choose(here.director->workers[worker], here.svc, PORT, NULL, &reply, &recycle),
				 0);
		assert_int_equal(hash_of(microsoft_key, &reply) % 512 % 128 % 5, worker);
	}
	setting_free(&here);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_replies_come_to_the_queue_of_their_worker),
		cmocka_unit_test(so_they_do_until_the_last_port_is_used),
		cmocka_unit_test(a_larger_table_that_repeats_ours_agrees),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
