/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What schedulers have to share and to respect: thresholds (ip_vs_bind_dest and ip_vs_unbind_dest of the kernel), other
 * workers, and lists that change.
 */
#include "scheduled_list.h"

/* The kernel's rule (ip_vs_bind_dest, ip_vs_unbind_dest): closed when the count reaches UPPER, open again when it comes
 * below LOWER, or below three quarters of UPPER without one. */
static void
check_hysteresis(const char *scheduler, uint32_t upper, uint32_t lower, int32_t opens_at)
{
	struct list *list = list_new(1, scheduler, (const int32_t[]){ 1 }, 1);

	list->specs[0].upper = upper;
	list->specs[0].lower = lower;
	publish_list(list, scheduler);
	for (uint32_t i = 0; i < upper; i++) {
		assert_int_equal(pick(list, 0), 0);
		add_load(list, 0, 0, i % 2, 1 - i % 2);
	}
	for (int32_t total = (int32_t)upper; total > opens_at; total--) {
		assert_int_equal(pick(list, 0), -1);
		load_of(list, 0, 0)->active = total - 1;
		load_of(list, 0, 0)->inactive = 0;
		scheduler_load_changed(list->director->workers[0], DEST_ID(0, 1));
	}
	assert_int_equal(pick(list, 0), 0);
	list_free(list);
}

static void
a_destination_at_its_upper_threshold_is_closed_until_the_lower(void **state)
{
	static const char *const names[] = { "rr",   "wrr", "lc", "wlc", "sed",	  "nq",	    "fo",
					     "twos", "sh",  "dh", "mh",	 "lblcr", "conhash" };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		check_hysteresis(names[i], 20, 5, 4);
		check_hysteresis(names[i], 20, 0, 14);
		check_hysteresis(names[i], 1, 0, 0);
	}
}

static void
a_raised_threshold_opens_at_once(void **state)
{
	struct list *list = list_new(1, "rr", (const int32_t[]){ 1 }, 1);

	(void)state;
	list->specs[0].upper = 10;
	list->specs[0].lower = 2;
	publish_list(list, "rr");
	add_load(list, 0, 0, 10, 0);
	assert_int_equal(pick(list, 0), -1);
	list->specs[0].upper = 11;
	publish_list(list, "rr");
	assert_int_equal(pick(list, 0), 0);
	add_load(list, 0, 0, 1, 0);
	assert_int_equal(pick(list, 0), -1);
	list_free(list);
}

static void
a_threshold_counts_as_reached_between_two_picks(void **state)
{
	struct list *list = list_new(1, "rr", (const int32_t[]){ 1 }, 1);

	(void)state;
	list->specs[0].upper = 10;
	publish_list(list, "rr");
	assert_int_equal(pick(list, 0), 0);
	add_load(list, 0, 0, 0, 10);
	add_load(list, 0, 0, 0, -1);
	assert_int_equal(pick(list, 0), -1);
	add_load(list, 0, 0, 0, -2);
	assert_int_equal(pick(list, 0), 0);
	list_free(list);
}

static void
closed_destinations_leave_their_share_to_the_others(void **state)
{
	static const char *const names[] = { "rr", "wrr", "lc", "wlc", "sed", "nq", "twos" };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct list *list = list_new(1, names[i], (const int32_t[]){ 9, 2, 1 }, 3);
		uint32_t picked[3] = { 0 };

		list->specs[0].upper = 5;
		publish_list(list, names[i]);
		for (int round = 0; round < 300; round++) {
			int place = pick(list, 0);

			assert_true(place >= 0);
			picked[place]++;
			add_load(list, 0, (uint32_t)place, 1, 0);
		}
		assert_int_equal(picked[0], 5);
		assert_int_equal(picked[1] + picked[2], 295);
		assert_true(picked[1] > 0 && picked[2] > 0);
		list_free(list);
	}
}

static void
thresholds_count_the_connections_of_all_workers(void **state)
{
	struct list *list = list_new(3, "rr", (const int32_t[]){ 1 }, 1);

	(void)state;
	list->specs[0].upper = 9;
	publish_list(list, "rr");
	for (uint32_t worker = 0; worker < 3; worker++) {
		assert_int_equal(pick(list, worker), 0);
		add_load(list, worker, 0, 3, 0);
	}
	for (uint32_t worker = 0; worker < 3; worker++)
		assert_int_equal(pick(list, worker), -1);
	list_free(list);
}

/* As in the kernel (ip_vs_dest_totalconns): a client that is remembered is no connection. */
static void
persistence_does_not_count_towards_a_threshold(void **state)
{
	struct list *list = list_new(1, "rr", (const int32_t[]){ 1 }, 1);

	(void)state;
	list->specs[0].upper = 2;
	publish_list(list, "rr");
	list->director->workers[0]->loads[0].persistent = 5;
	assert_int_equal(pick(list, 0), 0);
	add_load(list, 0, 0, 1, 1);
	assert_int_equal(pick(list, 0), -1);
	list_free(list);
}

static void
connections_count_at_open_and_close(void **state)
{
	struct list *list = list_new(1, "wlc", (const int32_t[]){ 1, 1 }, 2);
	struct worker *self = list->director->workers[0];
	struct conn *conns[2];

	(void)state;
	for (uint16_t i = 0; i < 2; i++) {
		struct flow flow = flow_of(IPPROTO_TCP, "198.51.100.1", 1000 + i, "192.0.2.1", 80);
		struct flow reply = flow_of(IPPROTO_TCP, "10.0.0.1", 80, "198.51.100.1", 1000 + i);

		assert_int_equal(pick(list, 0), i);
		assert_int_equal(conn_open(self, list->svc, list->svc->dests[i], &forward_nat, &flow, &reply, CONN_NONE,
					   &conns[i]),
				 0);
	}
	assert_int_equal(pick(list, 0), 0);
	conn_set_state(self, conns[0], TCP_ESTABLISHED_);
	assert_int_equal(pick(list, 0), 1);
	conn_close(self, conns[1], AF_INET);
	conn_close(self, conns[0], AF_INET);
	assert_int_equal(pick(list, 0), 0);
	list_free(list);
}

/* Every worker makes as many picks as a full turn takes; then each destination has its share exactly. */
static void
check_even(const char *scheduler, uint32_t n_workers, const int32_t *weights, uint32_t n)
{
	struct list *list = list_new(n_workers, scheduler, weights, n);
	uint32_t picked[32] = { 0 }, turn = 0;

	for (uint32_t i = 0; i < n; i++)
		turn += strcmp(scheduler, "rr") == 0 ? 1 : (uint32_t)weights[i];
	for (uint32_t i = 0; i < turn * 3; i++) {
		for (uint32_t worker = 0; worker < n_workers; worker++)
			picked[pick(list, worker)]++;
	}
	for (uint32_t i = 0; i < n; i++)
		assert_int_equal(picked[i], 3 * n_workers * (strcmp(scheduler, "rr") == 0 ? 1 : (uint32_t)weights[i]));
	list_free(list);
}

static void
several_workers_give_each_destination_its_share(void **state)
{
	static const int32_t weights[] = { 3, 1, 4, 1, 5, 9, 2 };

	(void)state;
	for (uint32_t n_workers = 1; n_workers <= 8; n_workers++) {
		check_even("rr", n_workers, weights, 7);
		check_even("wrr", n_workers, weights, 7);
	}
}

static void
workers_start_at_different_places(void **state)
{
	static const char *const names[] = { "rr", "wrr", "lc", "wlc", "sed", "nq" };
	static const int32_t weights[16] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct list *list = list_new(4, names[i], weights, 16);
		uint32_t seen = 0;

		for (uint32_t worker = 0; worker < 4; worker++)
			seen |= 1u << pick(list, worker);
		assert_int_equal(__builtin_popcount(seen), 4);
		list_free(list);
	}
}

static void
workers_fill_the_same_server_with_fo_and_ovf(void **state)
{
	struct list *list = list_new(3, "ovf", (const int32_t[]){ 5, 8, 8, 1 }, 4);

	(void)state;
	for (uint32_t i = 0; i < 9; i++) {
		assert_int_equal(pick(list, i % 3), 1);
		add_load(list, i % 3, 1, 1, 0);
	}
	/* more than its weight now: the next one, and back when one has ended */
	for (uint32_t worker = 0; worker < 3; worker++)
		assert_int_equal(pick(list, worker), 2);
	add_load(list, 2, 1, -1, 1);
	assert_int_equal(pick(list, 2), 1);
	publish_list(list, "fo");
	for (uint32_t worker = 0; worker < 3; worker++)
		assert_int_equal(pick(list, worker), 1);
	list_free(list);
}

static void
wlc_keeps_the_connections_of_several_workers_level(void **state)
{
	static const int32_t weights[7] = { 2, 2, 2, 2, 2, 2, 2 };
	struct list *list = list_new(4, "wlc", weights, 7);
	struct dest_load sum;

	(void)state;
	for (uint32_t i = 1; i <= 700; i++) {
		int place = pick(list, i % 4);

		add_load(list, i % 4, (uint32_t)place, 0, 1);
		for (uint32_t k = 0; k < 7; k++) {
			dest_load_sum(list->director->lb, k, &sum);
			assert_in_range(sum.inactive, i / 7, (i + 6) / 7);
		}
	}
	list_free(list);
}

static void
after_a_change_of_the_list_rr_still_takes_each_once_a_turn(void **state)
{
	struct random_source random = random_source_new(5);
	struct list *list = list_new(1, "rr", (const int32_t[]){ 1 }, 1);

	(void)state;
	for (int round = 0; round < 500; round++) {
		uint32_t picked[50] = { 0 };

		list->n = 1 + random_upto(&random, 50);
		for (uint32_t i = 0; i < list->n; i++)
			list->specs[i].weight = (int32_t)random_upto(&random, 2);
		publish_list(list, "rr");
		for (uint32_t i = 0; i < list->svc->n_ready; i++)
			picked[pick(list, 0)]++;
		for (uint32_t i = 0; i < list->n; i++)
			assert_int_equal(picked[i], list->specs[i].weight);
		for (uint32_t i = random_upto(&random, 50); i > 0; i--)
			pick(list, 0);
	}
	list_free(list);
}

static void
after_a_change_of_the_list_wrr_still_follows_the_weights(void **state)
{
	struct random_source random = random_source_new(6);
	struct list *list = list_new(1, "wrr", (const int32_t[]){ 1 }, 1);

	(void)state;
	for (int round = 0; round < 500; round++) {
		uint32_t picked[20] = { 0 }, turn = 0;

		list->n = 1 + random_upto(&random, 20);
		for (uint32_t i = 0; i < list->n; i++) {
			list->specs[i].weight = (int32_t)random_upto(&random, 30);
			turn += (uint32_t)list->specs[i].weight;
		}
		publish_list(list, "wrr");
		for (uint32_t i = 0; i < turn; i++)
			picked[pick(list, 0)]++;
		for (uint32_t i = 0; i < list->n; i++)
			assert_int_equal(picked[i], list->specs[i].weight);
		for (uint32_t i = random_upto(&random, turn + 1); i > 0; i--)
			pick(list, 0);
	}
	list_free(list);
}

static void
after_a_change_of_the_list_wlc_still_picks_the_least(void **state)
{
	struct random_source random = random_source_new(7);
	struct list *list = list_new(1, "wlc", (const int32_t[]){ 1 }, 1);

	(void)state;
	for (int round = 0; round < 300; round++) {
		list->n = 1 + random_upto(&random, 50);
		for (uint32_t i = 0; i < list->n; i++)
			list->specs[i].weight = (int32_t)random_upto(&random, 4);
		publish_list(list, "wlc");
		for (int i = 0; i < 30; i++) {
			int place = pick(list, 0);

			assert_int_equal(place, plain_wlc_pick(list));
			if (place >= 0)
				add_load(list, 0, (uint32_t)place, 1, 0);
		}
	}
	list_free(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_destination_at_its_upper_threshold_is_closed_until_the_lower),
		cmocka_unit_test(a_raised_threshold_opens_at_once),
		cmocka_unit_test(workers_fill_the_same_server_with_fo_and_ovf),
		cmocka_unit_test(a_threshold_counts_as_reached_between_two_picks),
		cmocka_unit_test(closed_destinations_leave_their_share_to_the_others),
		cmocka_unit_test(thresholds_count_the_connections_of_all_workers),
		cmocka_unit_test(persistence_does_not_count_towards_a_threshold),
		cmocka_unit_test(connections_count_at_open_and_close),
		cmocka_unit_test(several_workers_give_each_destination_its_share),
		cmocka_unit_test(workers_start_at_different_places),
		cmocka_unit_test(wlc_keeps_the_connections_of_several_workers_level),
		cmocka_unit_test(after_a_change_of_the_list_rr_still_takes_each_once_a_turn),
		cmocka_unit_test(after_a_change_of_the_list_wrr_still_follows_the_weights),
		cmocka_unit_test(after_a_change_of_the_list_wlc_still_picks_the_least),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
