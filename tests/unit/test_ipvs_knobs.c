/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The knobs on the control side: the levels of the defences by the room in the connection tables, what of it is published
 * to workers, and whether rates are worked out.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "lb/conn_table.h"
#include "lb/lb.h"

#define CAPACITY 5000u
#define THRESHOLD 1024u /* amemthresh, as it begins */

static struct conn_table tables[TABLES];

static int
setup(void **state)
{
	struct control_fixture *fixture = control_fixture_new();

	memset(tables, 0, sizeof(tables));
	for (int t = 0; t < TABLES; t++) {
		tables[t].capacity = CAPACITY;
		fixture->worker->conns[t] = &tables[t];
	}
	*state = fixture;
	return 0;
}

static int
knob_write(struct control_fixture *fixture, const char *name, const char *text)
{
	return ipvs_knob_write(fixture->model, knob_by_name(name), text, strlen(text));
}

static int32_t
knob_shown(struct control_fixture *fixture, const char *name)
{
	return *knob_values(&fixture->model->knobs, knob_by_name(name));
}

/* So many places are left in the table of IPv6, which is the fullest one; and a second goes by. */
static void
left_places(struct control_fixture *fixture, uint32_t places)
{
	tables[TABLE_IPV6].n_used = CAPACITY - places;
	for (int i = 0; i < 10; i++)
		ipvs_model_tick(fixture->model, 100);
}

static bool
is_on(const struct control_fixture *fixture, const char *name)
{
	const struct defence *defence = &fixture->lb->defence;

	if (strcmp(name, "drop_entry") == 0)
		return defence->drop_entries;
	return strcmp(name, "drop_packet") == 0 ? defence->drop_rate != 0 : defence->secure_tcp != 0;
}

static const char *const defences[] = { "drop_entry", "drop_packet", "secure_tcp" };
#define EACH_DEFENCE(name)                                        \
	const char *const *name = defences;                       \
	(name) < defences + sizeof(defences) / sizeof(*defences); \
	(name)++

static void
a_defence_is_on_by_its_level_and_by_need(void **state)
{
	static const struct {
		const char *written;
		bool need;
		int32_t shown;
		bool on;
	} cases[] = {
		{ "0", false, 0, false }, { "0", true, 0, false }, { "1", false, 1, false }, { "1", true, 2, true },
		{ "2", false, 1, false }, { "2", true, 2, true },  { "3", false, 3, true },  { "3", true, 3, true },
	};
	struct control_fixture *fixture = *state;

	for (EACH_DEFENCE(name))
		for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
			tables[TABLE_IPV6].n_used = cases[i].need ? CAPACITY - THRESHOLD + 1 : CAPACITY - THRESHOLD;
			assert_int_equal(knob_write(fixture, *name, cases[i].written), 0);
			assert_int_equal(knob_shown(fixture, *name), cases[i].shown);
			assert_int_equal(is_on(fixture, *name), cases[i].on);
			assert_int_equal(knob_write(fixture, *name, "0"), 0);
		}
}

static void
a_defence_follows_the_need_each_second(void **state)
{
	struct control_fixture *fixture = *state;

	for (EACH_DEFENCE(name)) {
		left_places(fixture, THRESHOLD);
		assert_int_equal(knob_write(fixture, *name, "1"), 0);
		for (int round = 0; round < 2; round++) {
			left_places(fixture, THRESHOLD - 1);
			assert_int_equal(knob_shown(fixture, *name), 2);
			assert_true(is_on(fixture, *name));
			left_places(fixture, THRESHOLD);
			assert_int_equal(knob_shown(fixture, *name), 1);
			assert_false(is_on(fixture, *name));
		}
		assert_int_equal(knob_write(fixture, *name, "0"), 0);
	}
}

static void
one_defence_leaves_the_others_alone(void **state)
{
	struct control_fixture *fixture = *state;

	left_places(fixture, 0);
	for (EACH_DEFENCE(name)) {
		assert_int_equal(knob_write(fixture, *name, "1"), 0);
		for (EACH_DEFENCE(other))
			assert_int_equal(is_on(fixture, *other), other == name);
		assert_int_equal(knob_write(fixture, *name, "0"), 0);
	}
}

static void
the_less_room_the_more_packets_are_dropped(void **state)
{
	static const struct {
		uint32_t places;
		int32_t rate;
	} cases[] = { { 1023, 1024 }, { 1000, 42 }, { 512, 2 }, { 511, 1 }, { 0, 1 }, { 1024, 0 } };
	struct control_fixture *fixture = *state;

	assert_int_equal(knob_write(fixture, "drop_packet", "1"), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		left_places(fixture, cases[i].places);
		assert_int_equal(fixture->lb->defence.drop_rate, cases[i].rate);
	}
	assert_int_equal(knob_write(fixture, "drop_packet", "3"), 0);
	assert_int_equal(fixture->lb->defence.drop_rate, 10);
	assert_int_equal(knob_write(fixture, "am_droprate", "7"), 0);
	assert_int_equal(fixture->lb->defence.drop_rate, 7);
}

static void
the_threshold_is_a_knob_and_counts_all_workers(void **state)
{
	struct control_fixture *fixture = *state;
	struct worker *workers[2] = { fixture->worker, fixture->worker };

	left_places(fixture, THRESHOLD - 1);
	assert_int_equal(knob_write(fixture, "secure_tcp", "1"), 0);
	assert_true(is_on(fixture, "secure_tcp"));
	assert_int_equal(knob_write(fixture, "amemthresh", "1023"), 0);
	assert_false(is_on(fixture, "secure_tcp"));
	assert_int_equal(knob_write(fixture, "amemthresh", "1025"), 0);
	assert_true(is_on(fixture, "secure_tcp"));
	/* the same room again at a second worker */
	lb_attach_workers(fixture->lb, workers, 2);
	assert_int_equal(knob_write(fixture, "amemthresh", "2046"), 0);
	assert_false(is_on(fixture, "secure_tcp"));
	assert_int_equal(knob_write(fixture, "amemthresh", "2047"), 0);
	assert_true(is_on(fixture, "secure_tcp"));
	lb_attach_workers(fixture->lb, workers, 1);
}

static void
workers_see_a_level_that_moved_of_its_own_accord(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(knob_write(fixture, "drop_entry", "1"), 0);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	assert_int_equal(fixture->lb->knobs->drop_entry, 1);
	left_places(fixture, 0);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	assert_int_equal(fixture->lb->knobs->drop_entry, 2);
}

static void
what_is_refused_changes_nothing(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(knob_write(fixture, "drop_entry", "3"), 0);
	assert_int_equal(knob_write(fixture, "drop_entry", "4"), -EINVAL);
	assert_int_equal(knob_shown(fixture, "drop_entry"), 3);
	assert_true(is_on(fixture, "drop_entry"));
	assert_int_equal(knob_write(fixture, "conntrack", "1"), -EOPNOTSUPP);
	assert_false(fixture->model->knob_is_set[KNOB_conntrack]);
	assert_true(fixture->model->knob_is_set[KNOB_drop_entry]);
}

/* ---- run_estimation ---- */

static struct ipvs_dest *
begin_counting(struct control_fixture *fixture)
{
	uint64_t index = 0;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	return TAILQ_FIRST(&ipvs_service_next(fixture->model, &index)->dests);
}

static uint64_t
rate_after(struct control_fixture *fixture, const struct ipvs_dest *dest, uint32_t ticks)
{
	for (uint32_t i = 0; i < ticks; i++)
		ipvs_model_tick(fixture->model, 100);
	return ipvs_estimator_rates(&dest->estimator).conns;
}

static void
without_estimation_rates_stay_as_they_are(void **state)
{
	struct control_fixture *fixture = *state;
	const struct ipvs_dest *dest = begin_counting(fixture);

	fixture->worker->loads[DEST_INDEX(dest->spec.id)].connections = 2000;
	/* 2000 in two seconds, a quarter of the way from 0 */
	assert_int_equal(rate_after(fixture, dest, 20), 250);
	assert_int_equal(knob_write(fixture, "run_estimation", "0"), 0);
	fixture->worker->loads[DEST_INDEX(dest->spec.id)].connections = 4000;
	assert_int_equal(rate_after(fixture, dest, 60), 250);
	assert_int_equal(knob_write(fixture, "run_estimation", "1"), 0);
	/* and on from there: a quarter of the way from 250 to 1000 */
	assert_in_range(rate_after(fixture, dest, 20), 437, 438);
}

static void
a_round_that_has_begun_is_ended(void **state)
{
	struct control_fixture *fixture = *state;
	const struct ipvs_dest *dest = begin_counting(fixture);

	fixture->worker->loads[DEST_INDEX(dest->spec.id)].connections = 2000;
	assert_int_equal(rate_after(fixture, dest, 10), 0);
	assert_int_equal(knob_write(fixture, "run_estimation", "0"), 0);
	assert_int_equal(rate_after(fixture, dest, 10), 250);
	assert_int_equal(rate_after(fixture, dest, 10), 250);
	/* and none is begun in its middle */
	assert_int_equal(knob_write(fixture, "run_estimation", "1"), 0);
	assert_int_equal(rate_after(fixture, dest, 10), 250);
	assert_in_range(rate_after(fixture, dest, 20), 187, 188);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, control_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_defence_is_on_by_its_level_and_by_need),
		TEST(a_defence_follows_the_need_each_second),
		TEST(one_defence_leaves_the_others_alone),
		TEST(the_less_room_the_more_packets_are_dropped),
		TEST(the_threshold_is_a_knob_and_counts_all_workers),
		TEST(workers_see_a_level_that_moved_of_its_own_accord),
		TEST(what_is_refused_changes_nothing),
		TEST(without_estimation_rates_stay_as_they_are),
		TEST(a_round_that_has_begun_is_ended),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
