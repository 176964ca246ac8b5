/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control thread's loop: descriptors that come and go within a turn, periodic calls, the end of a turn, and being
 * told to stop from another thread; and that it says when it was held up.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/event_loop.h"
#include "heard_log.h"

struct scene {
	struct event_loop *loop;
	int pipes[2][2];
	int reads[2], ticks, turns;
	int turns_at_read; /* turns that had ended when the first read came */
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_int_equal(event_loop_create(&scene->loop), 0);
	assert_int_equal(pipe(scene->pipes[0]), 0);
	assert_int_equal(pipe(scene->pipes[1]), 0);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	event_loop_destroy(scene->loop);
	for (int i = 0; i < 2; i++) {
		close(scene->pipes[i][0]);
		close(scene->pipes[i][1]);
	}
	free(scene);
	return 0;
}

static void
stop_at_end(void *arg)
{
	struct scene *scene = arg;

	scene->turns++;
	event_loop_stop(scene->loop);
}

static void
take_first(void *arg, uint32_t events)
{
	struct scene *scene = arg;
	char byte;

	assert_true(events & EPOLLIN);
	assert_int_equal(read(scene->pipes[0][0], &byte, 1), 1);
	scene->turns_at_read = scene->turns;
	scene->reads[0]++;
}

static void
the_end_of_the_turn_comes_after_its_descriptors(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, take_first, scene), 0);
	assert_int_equal(event_loop_after_turn(scene->loop, stop_at_end, scene), 0);
	assert_int_equal(write(scene->pipes[0][1], "x", 1), 1);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(scene->reads[0], 1);
	assert_int_equal(scene->turns_at_read, 0);
	assert_int_equal(scene->turns, 1);
}

static void
take_and_remove_both(void *arg, uint32_t events)
{
	struct scene *scene = arg;

	(void)events;
	scene->reads[0]++;
	event_loop_remove(scene->loop, scene->pipes[0][0]);
	event_loop_remove(scene->loop, scene->pipes[1][0]);
}

static void
a_descriptor_removed_within_its_turn_is_not_called(void **state)
{
	struct scene *scene = *state;

	for (int i = 0; i < 2; i++) {
		assert_int_equal(event_loop_add(scene->loop, scene->pipes[i][0], EPOLLIN, take_and_remove_both, scene),
				 0);
		assert_int_equal(write(scene->pipes[i][1], "x", 1), 1);
	}
	assert_int_equal(event_loop_after_turn(scene->loop, stop_at_end, scene), 0);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(scene->reads[0], 1);
	/* and its number can be added again */
	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, take_first, scene), 0);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(scene->reads[0], 2);
}

static void
a_descriptor_is_added_once(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, take_first, scene), 0);
	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, take_first, scene), -EEXIST);
	assert_int_equal(event_loop_change(scene->loop, scene->pipes[1][0], EPOLLIN), -ENOENT);
	assert_int_equal(event_loop_change(scene->loop, scene->pipes[0][0], 0), 0);
	/* nothing is waited for: only the wake-up ends the run */
	assert_int_equal(write(scene->pipes[0][1], "x", 1), 1);
	assert_int_equal(event_loop_after_turn(scene->loop, stop_at_end, scene), 0);
	event_loop_stop(scene->loop);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(scene->reads[0], 0);
}

static void
count_ticks(void *arg)
{
	struct scene *scene = arg;

	if (++scene->ticks == 5)
		event_loop_stop(scene->loop);
}

static void
count_turns(void *arg)
{
	((struct scene *)arg)->turns++;
}

static void
periodic_calls_come_without_descriptors(void **state)
{
	struct scene *scene = *state;

	assert_int_equal(event_loop_every(scene->loop, 3, count_ticks, scene), 0);
	assert_int_equal(event_loop_after_turn(scene->loop, count_turns, scene), 0);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(scene->ticks, 5);
	/* it sleeps in between: a turn a tick, and some that woke a moment early */
	assert_in_range(scene->turns, 5, 15);
}

static void *
stop_from_afar(void *arg)
{
	struct scene *scene = arg;
	char byte;

	/* when the loop runs */
	assert_int_equal(read(scene->pipes[1][0], &byte, 1), 1);
	event_loop_stop(scene->loop);
	return NULL;
}

static void
wake_the_other(void *arg, uint32_t events)
{
	struct scene *scene = arg;

	take_first(arg, events);
	assert_int_equal(write(scene->pipes[1][1], "x", 1), 1);
}

static void
another_thread_stops_it(void **state)
{
	struct scene *scene = *state;
	pthread_t thread;

	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, wake_the_other, scene), 0);
	assert_int_equal(pthread_create(&thread, NULL, stop_from_afar, scene), 0);
	assert_int_equal(write(scene->pipes[0][1], "x", 1), 1);
	assert_int_equal(event_loop_run(scene->loop), 0);
	assert_int_equal(pthread_join(thread, NULL), 0);
}

/* Time that passes without anybody waiting for it. These two are in the C library's place. */
static long leap_s, leap_in_wait_s;

int
epoll_wait(int epoll, struct epoll_event *events, int max, int timeout)
{
	if (leap_in_wait_s > 0)
		timeout = 0;
	leap_s += leap_in_wait_s;
	return (int)syscall(SYS_epoll_pwait, epoll, events, max, timeout, NULL, 0);
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int got = (int)syscall(SYS_clock_gettime, clock, ret);

	ret->tv_sec += leap_s;
	return got;
}

static void
hold_up(void *arg, uint32_t events)
{
	leap_s += 3;
	take_first(arg, events);
}

static uint32_t
count_lines(const char *text)
{
	uint32_t n = 0;

	for (; *text; text++)
		n += *text == '\n';
	return n;
}

static void
who_holds_it_up_for_seconds_is_told_of_afterwards(void **state)
{
	struct scene *scene = *state;
	struct heard heard;

	assert_int_equal(event_loop_add(scene->loop, scene->pipes[0][0], EPOLLIN, hold_up, scene), 0);
	assert_int_equal(event_loop_after_turn(scene->loop, stop_at_end, scene), 0);
	assert_int_equal(write(scene->pipes[0][1], "x", 1), 1);
	heard_begin(&heard);
	assert_int_equal(event_loop_run(scene->loop), 0);
	heard_end(&heard);
	assert_non_null(strstr(heard.text, "warning: control: the control thread was held up for 300"));
	assert_int_equal(count_lines(heard.text), 1);
}

static void
nothing(void *arg)
{
	(void)arg;
}

/* What is logged of a turn that is due after DUE_MS, and begins after five seconds. */
static void
hear_wait(struct scene *scene, uint32_t due_ms, struct heard *ret)
{
	assert_int_equal(event_loop_every(scene->loop, due_ms, nothing, scene), 0);
	assert_int_equal(event_loop_after_turn(scene->loop, stop_at_end, scene), 0);
	heard_begin(ret);
	leap_in_wait_s = 5;
	assert_int_equal(event_loop_run(scene->loop), 0);
	leap_in_wait_s = 0;
	heard_end(ret);
}

static void
a_turn_that_begins_late_was_held_up(void **state)
{
	struct heard heard;

	hear_wait(*state, 1000, &heard);
	assert_non_null(strstr(heard.text, "held up for 400"));
}

static void
a_turn_that_nothing_is_due_in_was_not(void **state)
{
	struct heard heard;

	hear_wait(*state, 10000, &heard);
	assert_string_equal(heard.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(the_end_of_the_turn_comes_after_its_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_removed_within_its_turn_is_not_called, setup, teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_is_added_once, setup, teardown),
		cmocka_unit_test_setup_teardown(periodic_calls_come_without_descriptors, setup, teardown),
		cmocka_unit_test_setup_teardown(another_thread_stops_it, setup, teardown),
		cmocka_unit_test_setup_teardown(who_holds_it_up_for_seconds_is_told_of_afterwards, setup, teardown),
		cmocka_unit_test_setup_teardown(a_turn_that_begins_late_was_held_up, setup, teardown),
		cmocka_unit_test_setup_teardown(a_turn_that_nothing_is_due_in_was_not, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
