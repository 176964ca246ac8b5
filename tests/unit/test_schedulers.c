/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Schedulers (lb/scheduler*.c): exact sequences for one worker, against plain walks over the list as the kernel does
 * them (ip_vs_rr.c, ip_vs_wrr.c, ip_vs_wlc.c).
 */
#include "scheduled_list.h"

static void
rr_takes_all_in_turn_and_starts_over(void **state)
{
	struct list *list = list_new(1, "rr", (const int32_t[]){ 1, 5, 1 }, 3);

	(void)state;
	for (int i = 0; i < 12; i++)
		assert_int_equal(pick(list, 0), i % 3);
	list_free(list);
}

static void
equal_weights_take_turns_without_those_of_zero(void **state)
{
	static const char *const names[] = { "rr", "wrr", "lc", "wlc", "sed", "nq" };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct list *list = list_new(1, names[i], (const int32_t[]){ 0, 1, 0, 1, 0 }, 5);

		for (int round = 0; round < 10; round++) {
			int place = pick(list, 0);

			assert_int_equal(place, round % 2 == 0 ? 1 : 3);
			add_load(list, 0, (uint32_t)place, 1, 0);
		}
		list_free(list);
	}
}

static void
a_service_without_weights_above_zero_has_nobody_to_pick(void **state)
{
	static const char *const names[] = { "rr",   "wrr", "lc", "wlc", "sed",	 "nq",	  "fo",	    "ovf",
					     "twos", "sh",  "dh", "mh",	 "lblc", "lblcr", "conhash" };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(names); i++) {
		struct list *list = list_new(1, names[i], (const int32_t[]){ 0, 0 }, 2);

		assert_int_equal(pick(list, 0), -1);
		list->n = 0;
		publish_list(list, names[i]);
		assert_int_equal(pick(list, 0), -1);
		list_free(list);
	}
}

/* Weighted round robin as ip_vs_wrr.c describes it: passes over the list with a falling limit. */
struct plain_wrr {
	int32_t weights[MANY];
	uint32_t n, next;
	int32_t limit, step, top;
};

static void
plain_wrr_start(struct plain_wrr *wrr)
{
	wrr->step = 0;
	wrr->top = 0;
	for (uint32_t i = 0; i < wrr->n; i++) {
		int32_t a = wrr->weights[i], b = wrr->step;

		while (a > 0 && b > 0) {
			int32_t rest = b % a;

			b = a;
			a = rest;
		}
		wrr->step = a > b ? a : b;
		wrr->top = wrr->weights[i] > wrr->top ? wrr->weights[i] : wrr->top;
	}
	wrr->next = 0;
	wrr->top -= wrr->step - 1;
	/* Where it stands when destinations were added one by one (ip_vs_wrr_dest_changed). */
	wrr->limit = 1;
}

static int
plain_wrr_pick(struct plain_wrr *wrr)
{
	for (;;) {
		for (; wrr->next < wrr->n; wrr->next++) {
			if (wrr->weights[wrr->next] >= wrr->limit)
				return (int)wrr->next++;
		}
		wrr->next = 0;
		wrr->limit -= wrr->step;
		if (wrr->limit <= 0)
			wrr->limit = wrr->top;
	}
}

static void
compare_wrr(struct random_source *random, uint32_t n, int32_t most, int32_t factor, uint32_t picks)
{
	struct plain_wrr *plain = calloc(1, sizeof(*plain));
	struct list *list;

	plain->n = n;
	for (uint32_t i = 0; i < n; i++)
		plain->weights[i] = (int32_t)random_upto(random, (uint32_t)most + 1) * factor;
	plain->weights[random_upto(random, n)] = most * factor;
	plain_wrr_start(plain);
	list = list_new(1, "wrr", plain->weights, n);
	for (uint32_t i = 0; i < picks; i++)
		assert_int_equal(pick(list, 0), plain_wrr_pick(plain));
	list_free(list);
	free(plain);
}

static void
wrr_gives_the_kernels_sequence_for_random_weights(void **state)
{
	struct random_source random = random_source_new(1);

	(void)state;
	for (int round = 0; round < 200; round++)
		compare_wrr(&random, 1 + random_upto(&random, 40), 1 + (int32_t)random_upto(&random, 100),
			    1 + (int32_t)random_upto(&random, 5), 2000);
	compare_wrr(&random, 3, 65535, 1, 100000);
}

static void
wrr_gives_the_kernels_sequence_for_ten_thousand(void **state)
{
	struct random_source random = random_source_new(2);

	(void)state;
	compare_wrr(&random, MANY, 20, 1, 300000);
}

static void
compare_wlc(struct random_source *random, uint32_t n, uint32_t rounds)
{
	int32_t *weights = calloc(n, sizeof(*weights));
	struct list *list;

	for (uint32_t i = 0; i < n; i++)
		weights[i] = (int32_t)random_upto(random, 10);
	list = list_new(1, "wlc", weights, n);
	for (uint32_t i = 0; i < n; i++) {
		load_of(list, 0, i)->active = (int32_t)random_upto(random, 20);
		load_of(list, 0, i)->inactive = (int32_t)random_upto(random, 200);
	}
	for (uint32_t i = 0; i < rounds; i++) {
		uint32_t place = random_upto(random, n);
		int picked = pick(list, 0);

		assert_int_equal(picked, plain_wlc_pick(list));
		if (picked >= 0)
			add_load(list, 0, (uint32_t)picked, (int32_t)random_upto(random, 2), 1);
		/* Some connections end or change their state elsewhere. */
		add_load(list, 0, place, -(int32_t)random_upto(random, (uint32_t)load_of(list, 0, place)->active + 1),
			 (int32_t)random_upto(random, 3));
	}
	list_free(list);
	free(weights);
}

static void
wlc_picks_what_a_walk_over_the_list_finds(void **state)
{
	struct random_source random = random_source_new(3);

	(void)state;
	for (int round = 0; round < 100; round++)
		compare_wlc(&random, 1 + random_upto(&random, 70), 1000);
}

static void
wlc_picks_what_a_walk_over_ten_thousand_finds(void **state)
{
	struct random_source random = random_source_new(4);

	(void)state;
	compare_wlc(&random, MANY, 3000);
}

static void
rr_takes_each_of_ten_thousand_once(void **state)
{
	int32_t *weights = calloc(MANY, sizeof(*weights));
	struct list *list;

	(void)state;
	for (int i = 0; i < MANY; i++)
		weights[i] = i % 3;
	list = list_new(1, "rr", weights, MANY);
	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < MANY; i++) {
			if (weights[i] > 0)
				assert_int_equal(pick(list, 0), i);
		}
	}
	list_free(list);
	free(weights);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rr_takes_all_in_turn_and_starts_over),
		cmocka_unit_test(equal_weights_take_turns_without_those_of_zero),
		cmocka_unit_test(a_service_without_weights_above_zero_has_nobody_to_pick),
		cmocka_unit_test(wrr_gives_the_kernels_sequence_for_random_weights),
		cmocka_unit_test(wrr_gives_the_kernels_sequence_for_ten_thousand),
		cmocka_unit_test(wlc_picks_what_a_walk_over_the_list_finds),
		cmocka_unit_test(wlc_picks_what_a_walk_over_ten_thousand_finds),
		cmocka_unit_test(rr_takes_each_of_ten_thousand_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
