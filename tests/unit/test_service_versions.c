/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * When old versions of services and destinations are freed (lb/service.c, core/rcu.c): not before every worker has
 * passed a turn.
 */
#include <time.h>

#include "found_services.h"

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
			__atomic_store_n(&reader->found, reader->found + 1, __ATOMIC_RELAXED);
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

/* However late it was started, it has begun to read. */
static void
await_reader(const struct reader *reader)
{
	const time_t given_up = time(NULL) + 20;

	while (__atomic_load_n(&reader->found, __ATOMIC_RELAXED) == 0) {
		assert_true(time(NULL) < given_up);
		sched_yield();
	}
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
		await_reader(&readers[i]);
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
		assert_int_equal(readers[i].wrong, 0);
	}
	assert_int_equal(rcu_reclaim(director->rcu), 0);
	director_free(director);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_old_version_is_freed_when_every_worker_has_passed_a_turn),
		cmocka_unit_test(a_worker_that_is_offline_holds_nothing_up),
		cmocka_unit_test(a_replaced_destination_stays_while_its_service_lists_it),
		cmocka_unit_test(readers_find_whole_versions_while_they_are_replaced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
