/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Publishing services and destinations (lb/service.c, lb/reverse_map.c, lb/address_set.c, core/rcu.c): what workers find,
 * and when old versions are freed.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_rcu_qsbr.h>

#include "director_fixture.h"
#include "lb/address_set.h"
#include "lb/reverse_map.h"
#include "lb/scheduler.h"
#include "random_source.h"

static const struct dest_spec two_servers[] = {
	{ .address = "10.0.0.1", .port = 80, .weight = 1 },
	{ .address = "10.0.0.2", .port = 80, .weight = 1 },
};

static const struct service *
find(const struct director *director, uint8_t proto, const char *address, uint16_t port)
{
	struct flow flow = flow_of(proto, strchr(address, ':') ? "2001:db8::9" : "198.51.100.9", 999, address, port);

	return service_find(director->lb, &flow);
}

static void
a_service_is_found_by_its_address_port_and_protocol_alone(void **state)
{
	struct director *director = director_new(1, 16);
	const struct service *tcp, *udp, *v6;

	(void)state;
	tcp = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	udp = director_serve(director, 1, IPPROTO_UDP, "192.0.2.1", 80, "rr", 2, two_servers, 2);
	v6 = director_serve(director, 2, IPPROTO_TCP, "2001:db8::1", 80, "rr", 4, two_servers, 0);
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80), tcp);
	assert_ptr_equal(find(director, IPPROTO_UDP, "192.0.2.1", 80), udp);
	assert_ptr_equal(find(director, IPPROTO_TCP, "2001:db8::1", 80), v6);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.1", 81));
	assert_null(find(director, IPPROTO_TCP, "192.0.2.2", 80));
	assert_null(find(director, 132, "192.0.2.1", 80));
	/* The same bytes as an address of the other family. */
	assert_null(find(director, IPPROTO_TCP, "c000:201::", 80));
	director_free(director);
}

static void
a_service_lists_its_destinations_and_those_with_weight(void **state)
{
	struct director *director = director_new(1, 16);
	const struct dest_spec specs[] = {
		{ .address = "10.0.0.1", .port = 80, .weight = 0 },
		{ .address = "10.0.0.2", .port = 80, .weight = 7 },
	};
	const struct service *svc = director_serve(director, 3, IPPROTO_TCP, "192.0.2.1", 80, "wrr", 5, specs, 2);

	(void)state;
	assert_int_equal(svc->index, 3);
	assert_int_equal(svc->n_dests, 2);
	assert_int_equal(svc->n_ready, 1);
	assert_int_equal(DEST_INDEX(svc->dests[0]->id), 5);
	assert_int_equal(svc->ready[0]->weight, 7);
	assert_string_equal(scheduler_name(svc->scheduler), "wrr");
	assert_null(scheduler_by_name("none such"));
	director_free(director);
}

static void
a_new_version_takes_the_place_of_the_old_one(void **state)
{
	struct director *director = director_new(1, 16);
	const struct service *old, *new;

	(void)state;
	old = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	new = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "wlc", 0, two_servers, 1);
	assert_ptr_not_equal(old, new);
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80), new);
	assert_int_equal(new->n_dests, 1);
	new = director_serve(director, 0, IPPROTO_TCP, "192.0.2.2", 80, "wlc", 0, two_servers, 1);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.1", 80));
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.2", 80), new);
	service_retract(director->lb, 0);
	service_retract(director->lb, 0);
	assert_null(find(director, IPPROTO_TCP, "192.0.2.2", 80));
	director_free(director);
}

static void
numbers_beyond_the_limits_are_refused(void **state)
{
	struct director *director = director_new(1, 16);
	struct service_spec spec = { .key = { .family = AF_INET }, .index = FIXTURE_SERVICES };
	struct dest dest = { .id = DEST_ID(FIXTURE_DESTS, 1) };
	const struct dest *published;

	(void)state;
	assert_int_equal(service_publish(director->lb, &spec, NULL, 0), -ENOSPC);
	service_retract(director->lb, FIXTURE_SERVICES);
	assert_int_equal(dest_publish(director->lb, &dest, &published), -ENOSPC);
	director_free(director);
}

/* Services of numbers 0..n move between 200 addresses; ten thousand changes, all in four chains. */
static void
chains_of_services_stay_whole_under_random_changes(void **state)
{
	struct random_source random = random_source_new(31);
	struct director *director = director_new(1, 16);
	uint32_t of_index[FIXTURE_SERVICES] = { 0 }, of_address[200] = { 0 };
	char address[32];

	(void)state;
	director->lb->bucket_mask = 3;
	for (int round = 0; round < 10000; round++) {
		uint32_t index = random_upto(&random, FIXTURE_SERVICES), at = random_upto(&random, 200);

		if (of_index[index] != 0 && random_upto(&random, 3) == 0) {
			of_address[of_index[index] - 1] = 0;
			of_index[index] = 0;
			service_retract(director->lb, index);
		} else if (of_address[at] == 0 || of_address[at] == index + 1) {
			if (of_index[index] != 0)
				of_address[of_index[index] - 1] = 0;
			snprintf(address, sizeof(address), "192.0.2.%u", at);
			director_serve(director, index, IPPROTO_TCP, address, 80, "rr", 0, two_servers, 2);
			of_index[index] = at + 1;
			of_address[at] = index + 1;
		}
		rcu_reclaim(director->rcu);
		for (uint32_t i = round % 10; i < 200; i += 10) {
			const struct service *svc;
			struct ip_addr addr;

			snprintf(address, sizeof(address), "192.0.2.%u", i);
			addr = address_of(address);
			svc = find(director, IPPROTO_TCP, address, 80);
			assert_int_equal(svc ? svc->index + 1 : 0, of_address[i]);
			assert_int_equal(lb_has_address(director->lb, AF_INET, &addr.ip), of_address[i] != 0);
		}
	}
	director_free(director);
}

static void
a_destination_lives_under_its_own_generation_until_it_is_taken_back(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct dest dest = { .addr = address_of("10.0.0.1"), .port = RTE_BE16(80), .id = DEST_ID(9, 1), .weight = 5 };
	const struct dest *published;

	(void)state;
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_null(dest_get(lb, DEST_ID(9, 1)));
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_true(dest_alive(lb, DEST_ID(9, 1)));
	assert_false(dest_alive(lb, DEST_ID(9, 2)));
	assert_ptr_equal(dest_get(lb, DEST_ID(9, 1)), published);
	assert_int_equal(published->weight, 5);
	dest_retract(lb, DEST_ID(9, 2));
	assert_true(dest_alive(lb, DEST_ID(9, 1)));
	dest_retract(lb, DEST_ID(9, 1));
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_null(dest_get(lb, DEST_ID(9, 1)));
	dest_retract(lb, DEST_ID(9, 1));
	director_free(director);
}

static void
a_destination_that_comes_back_revives_its_connections(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct dest dest = { .addr = address_of("10.0.0.1"), .id = DEST_ID(9, 1), .weight = 5 };
	const struct dest *published;

	(void)state;
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	dest_retract(lb, dest.id);
	dest.weight = 6;
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_true(dest_alive(lb, dest.id));
	assert_int_equal(dest_get(lb, dest.id)->weight, 6);
	/* Another destination with the same index is another one. */
	dest_retract(lb, dest.id);
	dest.id = DEST_ID(9, DEST_GENERATIONS - 1);
	assert_int_equal(dest_publish(lb, &dest, &published), 0);
	assert_false(dest_alive(lb, DEST_ID(9, 1)));
	assert_true(dest_alive(lb, dest.id));
	assert_int_equal(DEST_INDEX(dest.id), 9);
	director_free(director);
}

static void
an_address_is_a_servers_as_long_as_a_destination_has_it(void **state)
{
	struct director *director = director_new(1, 16);
	struct lb *lb = director->lb;
	struct ip_addr address = address_of("10.0.0.1"), other = address_of("a00:1::");
	struct dest one = { .addr = address, .id = DEST_ID(1, 1) }, two = { .addr = address, .id = DEST_ID(2, 1) };
	const struct dest *published;

	(void)state;
	assert_false(lb_is_server(lb, AF_INET, &address.ip));
	assert_int_equal(dest_publish(lb, &one, &published), 0);
	assert_int_equal(dest_publish(lb, &one, &published), 0);
	assert_int_equal(dest_publish(lb, &two, &published), 0);
	assert_true(lb_is_server(lb, AF_INET, &address.ip));
	assert_false(lb_is_server(lb, AF_INET6, &other.ip));
	dest_retract(lb, one.id);
	assert_true(lb_is_server(lb, AF_INET, &address.ip));
	dest_retract(lb, two.id);
	assert_false(lb_is_server(lb, AF_INET, &address.ip));
	director_free(director);
}

static void
turn(const struct director *director, uint32_t worker)
{
	rte_rcu_qsbr_quiescent(rcu_qsbr(director->rcu), worker);
}

static void
an_old_version_is_freed_when_every_worker_has_passed_a_turn(void **state)
{
	struct director *director = director_new(3, 16);
	uint32_t before;

	(void)state;
	rcu_online(director->rcu, 0);
	rcu_online(director->rcu, 1);
	director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "wlc", 0, two_servers, 2);
	turn(director, 0);
	turn(director, 1);
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	service_retract(director->lb, 0);
	before = rcu_reclaim(director->rcu);
	assert_true(before > 0);
	turn(director, 0);
	assert_int_equal(rcu_reclaim(director->rcu), before);
	turn(director, 0);
	assert_int_equal(rcu_reclaim(director->rcu), before);
	turn(director, 1);
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	director_free(director);
}

static void
a_worker_that_is_offline_holds_nothing_up(void **state)
{
	struct director *director = director_new(2, 16);

	(void)state;
	rcu_online(director->rcu, 0);
	rcu_online(director->rcu, 1);
	rcu_offline(director->rcu, 1);
	director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	service_retract(director->lb, 0);
	assert_true(rcu_reclaim(director->rcu) > 0);
	turn(director, 0);
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	director_free(director);
}

/* A worker that enters a turn after the destination was replaced, but before its service was, finds the old one in the
 * service's list. */
static void
a_replaced_destination_stays_while_its_service_lists_it(void **state)
{
	struct director *director = director_new(1, 16);
	struct dest changed, copy;
	const struct dest *listed, *published;
	const struct service *svc;

	(void)state;
	rcu_online(director->rcu, 0);
	svc = director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 80, "rr", 0, two_servers, 2);
	listed = svc->dests[0];
	memcpy(&copy, listed, sizeof(copy));
	changed = copy;
	changed.weight = 9;
	assert_int_equal(dest_publish(director->lb, &changed, &published), 0);
	turn(director, 0);
	rcu_reclaim(director->rcu);
	turn(director, 0);
	rcu_reclaim(director->rcu);
	assert_ptr_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80)->dests[0], listed);
	assert_memory_equal(listed, &copy, sizeof(copy));
	assert_int_equal(dest_get(director->lb, changed.id)->weight, 9);
	assert_int_equal(
		service_publish(director->lb, &(struct service_spec){ .key = svc->key, .index = 0 }, &published, 1), 0);
	assert_int_equal(find(director, IPPROTO_TCP, "192.0.2.1", 80)->dests[0]->weight, 9);
	turn(director, 0);
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	director_free(director);
}

struct reader {
	pthread_t thread;
	struct director *director;
	uint32_t worker;
	bool *stop;
	uint64_t found, wrong;
};

/* As a worker: finds the service, picks, looks at every destination. All of a version have the weight it was made with,
 * which stands in its netmask too. */
static void *
read_services(void *arg)
{
	struct reader *reader = arg;
	struct worker *self = reader->director->workers[reader->worker];
	struct flow flow = flow_of(IPPROTO_TCP, "198.51.100.9", 999, "192.0.2.1", 80);

	rcu_online(reader->director->rcu, reader->worker);
	while (!__atomic_load_n(reader->stop, __ATOMIC_RELAXED)) {
		const struct service *svc = service_find(self->lb, &flow);

		for (uint32_t i = 0; svc && i < svc->n_dests; i++)
			reader->wrong +=
				svc->dests[i]->weight != (int32_t)svc->netmask || svc->dests[i]->upper != svc->netmask;
		if (svc && svc->n_dests > 0) {
			const struct dest *dest = svc->scheduler->pick(self, svc, &flow);

			reader->wrong += !dest || dest->upper != svc->netmask;
			scheduler_load_changed(self, dest->id);
			reader->found++;
		}
		rte_rcu_qsbr_quiescent(rcu_qsbr(reader->director->rcu), reader->worker);
	}
	rcu_offline(reader->director->rcu, reader->worker);
	return NULL;
}

static void
publish_version(struct director *director, uint32_t version, uint32_t n_dests)
{
	static const char *const schedulers[] = { "rr", "wrr", "wlc" };
	const struct ip_addr vip = address_of("192.0.2.1");
	const struct service_spec spec = {
		.key = { .addr = vip.ip, .port = RTE_BE16(80), .family = AF_INET, .protocol = IPPROTO_TCP },
		.netmask = version,
		.scheduler = scheduler_by_name(schedulers[version % 3]),
	};
	const struct dest *dests[8];

	for (uint32_t i = 0; i < n_dests; i++) {
		struct dest dest = {
			.addr = vip, .id = DEST_ID(i, 1), .weight = (int32_t)version, .upper = version, .forward = 0
		};

		assert_int_equal(dest_publish(director->lb, &dest, &dests[i]), 0);
	}
	assert_int_equal(service_publish(director->lb, &spec, dests, n_dests), 0);
	for (uint32_t i = n_dests; i < 8; i++)
		dest_retract(director->lb, DEST_ID(i, 1));
}

static void
readers_find_whole_versions_while_they_are_replaced(void **state)
{
	struct random_source random = random_source_new(32);
	struct director *director = director_new(2, 16);
	struct reader readers[2];
	bool stop = false;

	(void)state;
	publish_version(director, 1, 8);
	for (uint32_t i = 0; i < 2; i++) {
		readers[i] = (struct reader){ .director = director, .worker = i, .stop = &stop };
		assert_int_equal(pthread_create(&readers[i].thread, NULL, read_services, &readers[i]), 0);
	}
	for (uint32_t version = 1; version < 20000; version++) {
		if (version % 100 == 0)
			service_retract(director->lb, 0);
		publish_version(director, version, 1 + random_upto(&random, 8));
		rcu_reclaim(director->rcu);
	}
	__atomic_store_n(&stop, true, __ATOMIC_RELAXED);
	for (uint32_t i = 0; i < 2; i++) {
		pthread_join(readers[i].thread, NULL);
		assert_true(readers[i].found > 0);
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	director_free(director);
}

static uint32_t
candidates(const struct director *director, struct flow *ret, uint32_t max)
{
	struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 80, "198.51.100.9", 999);
	uint32_t n = 0;

	while (n < max && reverse_map_client_flow(director->lb, &reply, n, &ret[n]))
		n++;
	return n;
}

static void
the_services_of_a_nat_server_are_known_by_its_address_and_port(void **state)
{
	struct director *director = director_new(2, 16);
	struct dest_spec full_nat = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_FULLNAT };
	struct flow expected = flow_of(IPPROTO_TCP, "198.51.100.9", 999, "192.0.2.1", 8080), found[4];

	(void)state;
	director_serve(director, 0, IPPROTO_TCP, "192.0.2.1", 8080, "rr", 0, two_servers, 2);
	director_serve(director, 1, IPPROTO_UDP, "192.0.2.1", 8080, "rr", 2, two_servers, 2);
	director_serve(director, 2, IPPROTO_TCP, "192.0.2.3", 8080, "rr", 4, &full_nat, 1);
	assert_int_equal(candidates(director, found, 4), 1);
	assert_memory_equal(&found[0], &expected, sizeof(expected));
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 2);
	assert_int_equal(candidates(director, found, 4), 2);
	/* A new version that has it still, one that hasn't, one that has it again. */
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 1);
	assert_int_equal(candidates(director, found, 4), 2);
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 0);
	assert_int_equal(candidates(director, found, 4), 1);
	director_serve(director, 3, IPPROTO_TCP, "192.0.2.2", 81, "rr", 6, two_servers, 1);
	assert_int_equal(candidates(director, found, 4), 2);
	service_retract(director->lb, 3);
	service_retract(director->lb, 0);
	assert_int_equal(candidates(director, found, 4), 0);
	director_free(director);
}

static void
what_workers_count_is_summed(void **state)
{
	struct director *director = director_new(3, 16);
	struct dest_load sum;

	(void)state;
	for (int32_t i = 0; i < 3; i++)
		director->workers[i]->loads[4] = (struct dest_load){ .in_packets = 1,
								     .out_packets = 2,
								     .in_bytes = 3,
								     .out_bytes = 4,
								     .connections = 5,
								     .active = 6 + i,
								     .inactive = 7,
								     .persistent = 8 };
	dest_load_sum(director->lb, 4, &sum);
	assert_int_equal(sum.in_packets, 3);
	assert_int_equal(sum.out_packets, 6);
	assert_int_equal(sum.in_bytes, 9);
	assert_int_equal(sum.out_bytes, 12);
	assert_int_equal(sum.connections, 15);
	assert_int_equal(sum.active, 21);
	assert_int_equal(sum.inactive, 21);
	assert_int_equal(sum.persistent, 24);
	director_free(director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_service_is_found_by_its_address_port_and_protocol_alone),
		cmocka_unit_test(a_service_lists_its_destinations_and_those_with_weight),
		cmocka_unit_test(a_new_version_takes_the_place_of_the_old_one),
		cmocka_unit_test(numbers_beyond_the_limits_are_refused),
		cmocka_unit_test(chains_of_services_stay_whole_under_random_changes),
		cmocka_unit_test(a_destination_lives_under_its_own_generation_until_it_is_taken_back),
		cmocka_unit_test(a_destination_that_comes_back_revives_its_connections),
		cmocka_unit_test(an_address_is_a_servers_as_long_as_a_destination_has_it),
		cmocka_unit_test(an_old_version_is_freed_when_every_worker_has_passed_a_turn),
		cmocka_unit_test(a_worker_that_is_offline_holds_nothing_up),
		cmocka_unit_test(a_replaced_destination_stays_while_its_service_lists_it),
		cmocka_unit_test(readers_find_whole_versions_while_they_are_replaced),
		cmocka_unit_test(the_services_of_a_nat_server_are_known_by_its_address_and_port),
		cmocka_unit_test(what_workers_count_is_summed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
