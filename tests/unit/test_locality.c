/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What lblc and lblcr remember (lb/locality.c): for how long, of how many addresses, and through which changes. Their
 * choice is compared with the kernel's in test_kernel_picks.c.
 */
#include "lb/locality.h"
#include "scheduled_list.h"

#define HOUR_MS (3600u * 1000)

/* A service by firewall mark, whose packets go to any address. */
static void
publish_mark(struct list *list, const char *scheduler)
{
	const struct service_spec spec = {
		.key = { .fwmark = 1, .family = AF_INET },
		.scheduler = scheduler_by_name(scheduler),
	};
	const struct dest **dests = calloc(list->n + 1, sizeof(*dests));

	assert_non_null(dests);
	for (uint32_t i = 0; i < list->n; i++)
		dests[i] = director_dest(list->director, 0, i, &list->specs[i]);
	assert_int_equal(service_publish(list->director->lb, &spec, dests, list->n), 0);
	list->svc = list->director->lb->services[0];
	free(dests);
}

static struct list *
mark_new(uint32_t n_workers, const char *scheduler, uint32_t n)
{
	int32_t weights[64];
	struct list *list;

	for (uint32_t i = 0; i < n; i++)
		weights[i] = 1;
	list = list_new(n_workers, "rr", weights, n);
	service_retract(list->director->lb, 0);
	publish_mark(list, scheduler);
	return list;
}

/* Picks for a packet to address NUMBER, and counts an inactive connection, so that the least loaded is another one. */
static int
visit(struct list *list, uint32_t worker, uint32_t number)
{
	const struct flow flow = { .dst.v4 = rte_cpu_to_be_32(0x0b000000 + number), .family = AF_INET };
	int place = pick_for(list, worker, &flow);

	if (place >= 0)
		add_load(list, worker, (uint32_t)place, 0, 1);
	return place;
}

static const char *const kinds[] = { "lblc", "lblcr" };

static void
an_address_stays_with_its_server(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct list *list = mark_new(1, kinds[kind], 10);
		int home[100];

		for (uint32_t i = 0; i < 100; i++)
			home[i] = visit(list, 0, i);
		/* wlc gave each its share */
		for (uint32_t i = 0; i < 10; i++)
			assert_int_equal(load_of(list, 0, i)->inactive, 10);
		for (uint32_t i = 0; i < 1000; i++)
			assert_int_equal(visit(list, 0, i * 7 % 100), home[i * 7 % 100]);
		list_free(list);
	}
}

static void
what_is_remembered_outlives_a_change_of_the_list(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct list *list = mark_new(1, kinds[kind], 10);
		int home[100];

		for (uint32_t i = 0; i < 100; i++)
			home[i] = visit(list, 0, i);
		list->n = 12;
		list->specs[10].weight = list->specs[11].weight = 1;
		list->specs[3].weight = 0;
		publish_mark(list, kinds[kind]);
		rcu_reclaim(list->director->rcu);
		for (uint32_t i = 0; i < 100; i++) {
			int place = visit(list, 0, i);

			if (home[i] == 3)
				assert_int_not_equal(place, 3);
			else
				assert_int_equal(place, home[i]);
		}
		list_free(list);
	}
}

static void
a_removed_server_loses_its_addresses(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct list *list = mark_new(1, kinds[kind], 4);

		for (uint32_t i = 0; i < 40; i++)
			visit(list, 0, i);
		list->n = 3;
		publish_mark(list, kinds[kind]);
		dest_retract(list->director->lb, DEST_ID(3, 1));
		for (uint32_t i = 0; i < 40; i++)
			assert_in_range(visit(list, 0, i), 0, 2);
		list_free(list);
	}
}

static void
an_address_is_forgotten_after_a_day_without_use(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct list *list = mark_new(1, kinds[kind], 2);
		struct worker *self = list->director->workers[0];
		int home = visit(list, 0, 1);

		for (int day = 0; day < 3; day++) {
			self->now_ms += 23 * HOUR_MS;
			assert_int_equal(visit(list, 0, 1), home);
		}
		self->now_ms += 25 * HOUR_MS;
		assert_int_equal(visit(list, 0, 1), 1 - home);
		list_free(list);
	}
}

/* Twice as many as there is room for: those of late are remembered, and nothing breaks. */
static void
the_oldest_addresses_make_room(void **state)
{
	struct list *list = mark_new(1, "lblc", 16);
	struct worker *self = list->director->workers[0];
	uint32_t n = 2 * LOCALITY_ADDRESSES, kept = 0;
	int *home = calloc(n, sizeof(*home));

	(void)state;
	assert_non_null(home);
	for (uint32_t i = 0; i < n; i++) {
		self->now_ms++;
		home[i] = visit(list, 0, i);
	}
	for (uint32_t i = n - 1000; i < n; i++)
		kept += visit(list, 0, i) == home[i];
	assert_int_equal(kept, 1000);
	/* of the first, at most those who meet the same server by chance */
	for (uint32_t i = kept = 0; i < 1000; i++)
		kept += visit(list, 0, i) == home[i];
	assert_in_range(kept, 0, 300);
	free(home);
	list_free(list);
}

static void
a_strained_server_hands_its_address_on(void **state)
{
	struct list *list = list_new(1, "lblc", (const int32_t[]){ 4, 4 }, 2);

	(void)state;
	assert_int_equal(pick(list, 0), 0);
	add_load(list, 0, 0, 4, 0);
	assert_int_equal(pick(list, 0), 0);
	/* more than its weight, but the other one has half of its own */
	add_load(list, 0, 0, 1, 0);
	add_load(list, 0, 1, 2, 0);
	assert_int_equal(pick(list, 0), 0);
	add_load(list, 0, 1, -1, 0);
	assert_int_equal(pick(list, 0), 1);
	/* and stays there */
	add_load(list, 0, 0, -5, 0);
	assert_int_equal(pick(list, 0), 1);
	list_free(list);
}

/* lblcr's set grows under strain, is used evenly, and loses one server a day. */
static void
a_set_grows_and_shrinks(void **state)
{
	struct list *list = list_new(1, "lblcr", (const int32_t[]){ 2, 2, 2 }, 3);
	struct worker *self = list->director->workers[0];
	const struct locality_entry *entry;
	uint32_t picked[3] = { 0 };

	(void)state;
	for (uint32_t i = 0; i < 9; i++)
		add_load(list, 0, (uint32_t)pick(list, 0), 1, 0);
	entry = locality_find(self, list->svc, &(union ip_bits){ .bytes = { 0 } });
	assert_non_null(entry);
	assert_int_equal(entry->n, 3);
	for (uint32_t i = 0; i < 3; i++)
		assert_int_equal(load_of(list, 0, i)->active, 3);
	for (uint32_t i = 0; i < 3; i++)
		load_of(list, 0, i)->active = 0;
	add_load(list, 0, 2, 1, 0);
	for (int day = 0; day < 4; day++) {
		self->now_ms += 23 * HOUR_MS;
		picked[pick(list, 0)]++;
	}
	assert_int_equal(entry->n, 1);
	assert_int_equal(picked[2], 0);
	list_free(list);
}

static void
a_full_set_lets_its_most_loaded_server_go(void **state)
{
	struct list *list = mark_new(1, "lblcr", 60);
	uint32_t max = locality_set_max(list->svc);

	(void)state;
	/* one address, whose servers are all strained in turn */
	for (uint32_t i = 0; i < 60; i++) {
		const struct flow flow = { .family = AF_INET };
		int place = pick_for(list, 0, &flow);
		const struct locality_entry *entry =
			locality_find(list->director->workers[0], list->svc, &(union ip_bits){ .bytes = { 0 } });

		assert_int_equal(place, i);
		assert_int_equal(entry->n, i < max ? i + 1 : max);
		assert_int_equal(entry->servers[0], DEST_ID(i, 1));
		add_load(list, 0, i, i == 5 ? 9 : 2, 0);
		if (i == max)
			for (uint32_t k = 0; k < max; k++)
				assert_int_not_equal(entry->servers[k], DEST_ID(5, 1));
	}
	list_free(list);
}

static void
each_worker_remembers_for_itself(void **state)
{
	(void)state;
	for (int kind = 0; kind < 2; kind++) {
		struct list *list = mark_new(4, kinds[kind], 8);
		uint32_t seen = 0;
		int home[4];

		for (uint32_t worker = 0; worker < 4; worker++) {
			home[worker] = visit(list, worker, 1);
			seen |= 1u << home[worker];
		}
		assert_int_equal(__builtin_popcount(seen), 4);
		for (uint32_t i = 0; i < 100; i++)
			assert_int_equal(visit(list, i % 4, 1), home[i % 4]);
		list_free(list);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(an_address_stays_with_its_server),
		cmocka_unit_test(what_is_remembered_outlives_a_change_of_the_list),
		cmocka_unit_test(a_removed_server_loses_its_addresses),
		cmocka_unit_test(an_address_is_forgotten_after_a_day_without_use),
		cmocka_unit_test(the_oldest_addresses_make_room),
		cmocka_unit_test(a_strained_server_hands_its_address_on),
		cmocka_unit_test(a_set_grows_and_shrinks),
		cmocka_unit_test(a_full_set_lets_its_most_loaded_server_go),
		cmocka_unit_test(each_worker_remembers_for_itself),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
