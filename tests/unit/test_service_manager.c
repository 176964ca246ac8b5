/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the service manager hears, over a socket of ours in the place of systemd's, with threads that turn or don't.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/service_manager.h"

#define PERIOD_US "40000" /* four looks, 10 ms apart */

struct scene {
	char path[64];
	int listener;
	struct event_loop *loop;
	struct service_manager *manager;
	struct counters threads[2];
	const struct counters *counters[2];
	int ticks, watchdogs;
};

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(scene->path, sizeof(scene->path), "/tmp/ipvsd-notify-%d", (int)getpid());
	strcpy(address.sun_path, scene->path);
	unlink(scene->path);
	scene->listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(scene->listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(event_loop_create(&scene->loop), 0);
	scene->counters[0] = &scene->threads[0];
	scene->counters[1] = &scene->threads[1];
	setenv("NOTIFY_SOCKET", scene->path, 1);
	unsetenv("WATCHDOG_USEC");
	unsetenv("WATCHDOG_PID");
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	service_manager_destroy(scene->manager);
	event_loop_destroy(scene->loop);
	close(scene->listener);
	unlink(scene->path);
	free(scene);
	return 0;
}

/* "" if nothing came. */
static const char *
heard(const struct scene *scene)
{
	static char text[512];
	ssize_t length = recv(scene->listener, text, sizeof(text) - 1, 0);

	text[length < 0 ? 0 : length] = '\0';
	return text;
}

static void
open_manager(struct scene *scene)
{
	assert_int_equal(service_manager_create(&scene->manager), 0);
}

/* Its queue is short: it is emptied at each tick. */
static void
tick(struct scene *scene)
{
	for (const char *text = heard(scene); *text; text = heard(scene)) {
		assert_string_equal(text, "WATCHDOG=1");
		scene->watchdogs++;
	}
	if (++scene->ticks == 100)
		event_loop_stop(scene->loop);
}

static void
both_turn(void *arg)
{
	struct scene *scene = arg;

	scene->threads[0].turn++;
	scene->threads[1].turn++;
	tick(scene);
}

static void
one_turns(void *arg)
{
	struct scene *scene = arg;

	scene->threads[0].turn++;
	tick(scene);
}

/* Runs the loop for 100 ms and more; how often WATCHDOG=1 was said. */
static int
watchdogs(struct scene *scene, void (*turn)(void *arg))
{
	assert_int_equal(event_loop_every(scene->loop, 1, turn, scene), 0);
	assert_int_equal(service_manager_watch(scene->manager, scene->loop, scene->counters, 2, 1), 0);
	assert_int_equal(event_loop_run(scene->loop), 0);
	return scene->watchdogs;
}

static void
what_is_said_arrives_as_one_datagram(void **state)
{
	struct scene *scene = *state;

	open_manager(scene);
	service_manager_say(scene->manager, "READY=1");
	assert_string_equal(heard(scene), "READY=1");
	assert_string_equal(heard(scene), "");
}

/* How many datagrams wait for who does not read. */
static int
queue_length(void)
{
	FILE *file = fopen("/proc/sys/net/unix/max_dgram_qlen", "re");
	int length = 0;

	assert_non_null(file);
	assert_int_equal(fscanf(file, "%d", &length), 1);
	fclose(file);
	return length;
}

static void
one_who_does_not_read_holds_up_nobody(void **state)
{
	struct scene *scene = *state;
	int more = queue_length() + 3;

	open_manager(scene);
	for (int i = 0; i < more; i++)
		service_manager_say(scene->manager, "READY=1");
	assert_string_equal(heard(scene), "READY=1");
}

static void
a_status_is_said_once(void **state)
{
	struct scene *scene = *state;

	open_manager(scene);
	service_manager_status(scene->manager, "1 port");
	service_manager_status(scene->manager, "1 port");
	service_manager_status(scene->manager, "2 ports");
	assert_string_equal(heard(scene), "STATUS=1 port");
	assert_string_equal(heard(scene), "STATUS=2 ports");
	assert_string_equal(heard(scene), "");
}

static void
without_a_socket_nothing_is_said_and_nothing_watched(void **state)
{
	struct scene *scene = *state;

	unsetenv("NOTIFY_SOCKET");
	setenv("WATCHDOG_USEC", PERIOD_US, 1);
	open_manager(scene);
	service_manager_say(scene->manager, "READY=1");
	assert_int_equal(watchdogs(scene, both_turn), 0);
}

static void
sockets_that_can_not_be_are_refused(void **state)
{
	static const char *const names[] = { "relative", "/", "@", "vsock:2:1234" };
	struct scene *scene = *state;
	char longest[sizeof(((struct sockaddr_un *)NULL)->sun_path) + 1];

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		setenv("NOTIFY_SOCKET", names[i], 1);
		assert_int_equal(service_manager_create(&scene->manager), -EINVAL);
	}
	memset(longest, '/', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	setenv("NOTIFY_SOCKET", longest, 1);
	assert_int_equal(service_manager_create(&scene->manager), -EINVAL);
	setenv("NOTIFY_SOCKET", "/nonexistent/socket", 1);
	assert_int_equal(service_manager_create(&scene->manager), -ENOENT);
	assert_null(scene->manager);
}

static void
the_abstract_namespace_is_heard(void **state)
{
	struct scene *scene = *state;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	char name[32];
	int length = snprintf(name, sizeof(name), "@ipvsd-notify-%d", (int)getpid());

	memcpy(address.sun_path + 1, name + 1, (size_t)length - 1);
	close(scene->listener);
	scene->listener = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0);
	assert_int_equal(bind(scene->listener, (struct sockaddr *)&address,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + (size_t)length)),
			 0);
	setenv("NOTIFY_SOCKET", name, 1);
	open_manager(scene);
	service_manager_say(scene->manager, "READY=1");
	assert_string_equal(heard(scene), "READY=1");
}

static void
while_all_threads_turn_the_watchdog_is_fed(void **state)
{
	struct scene *scene = *state;

	setenv("WATCHDOG_USEC", PERIOD_US, 1);
	open_manager(scene);
	assert_true(watchdogs(scene, both_turn) > 1);
}

static void
a_thread_that_stands_still_stops_that(void **state)
{
	struct scene *scene = *state;

	setenv("WATCHDOG_USEC", PERIOD_US, 1);
	open_manager(scene);
	assert_int_equal(watchdogs(scene, one_turns), 0);
}

static void
another_process_s_watchdog_is_not_ours(void **state)
{
	struct scene *scene = *state;

	setenv("WATCHDOG_USEC", PERIOD_US, 1);
	setenv("WATCHDOG_PID", "1", 1);
	open_manager(scene);
	assert_int_equal(watchdogs(scene, both_turn), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_is_said_arrives_as_one_datagram),
		TEST(one_who_does_not_read_holds_up_nobody),
		TEST(a_status_is_said_once),
		TEST(without_a_socket_nothing_is_said_and_nothing_watched),
		TEST(sockets_that_can_not_be_are_refused),
		TEST(the_abstract_namespace_is_heard),
		TEST(while_all_threads_turn_the_watchdog_is_fed),
		TEST(a_thread_that_stands_still_stops_that),
		TEST(another_process_s_watchdog_is_not_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
