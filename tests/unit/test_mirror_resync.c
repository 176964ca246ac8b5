/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading all that the kernel has, from a kernel that takes its time, doesn't answer, or changes meanwhile. It is at the
 * other end of socket pairs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/event_loop.h"
#include "control/mirror.h"
#include "core/log.h"
#include "core/rcu.h"
#include "eal_fixture.h"

#define KINDS 4
#define PATIENT_TICKS 50

static struct {
	struct rcu *rcu;
	struct fib *fib;
	struct ports ports;
	struct event_loop *loop;
	struct kernel_mirror *mirror;
	uint32_t ticks;
	bool had_waited; /* a change, at the tick before the answer */
} test;

static struct {
	int changes, dump; /* its ends: of the first socket, of the last one that a dump was asked for on */
	int ends[64];
	uint32_t n_ends, n_asked;
	bool is_faked, silent;
	uint16_t flags; /* of what it answers */
	uint16_t kind; /* that it was asked for */
	uint8_t route; /* the second byte of the only one's destination; 0: there is none */
	int error; /* at the end of its answer */
	long leap_s; /* of its clock */
} kernel;

/* ---- In the C library's place ---- */

int
socket(int family, int type, int protocol)
{
	int pair[2];

	if (family != AF_NETLINK)
		return (int)syscall(SYS_socket, family, type, protocol);
	assert_true(kernel.n_ends < sizeof(kernel.ends) / sizeof(*kernel.ends));
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), 0);
	if (kernel.n_ends == 0)
		kernel.changes = pair[1];
	kernel.dump = pair[1];
	kernel.ends[kernel.n_ends++] = pair[1];
	return pair[0];
}

int
bind(int fd, const struct sockaddr *address, socklen_t length)
{
	return kernel.is_faked ? 0 : (int)syscall(SYS_bind, fd, address, length);
}

int
setsockopt(int fd, int level, int name, const void *value, socklen_t length)
{
	return kernel.is_faked ? 0 : (int)syscall(SYS_setsockopt, fd, level, name, value, length);
}

static void
write_route(int fd, uint16_t type, uint16_t flags, uint8_t second)
{
	const struct {
		struct nlmsghdr header;
		struct rtmsg route;
		struct rtattr dst_head;
		uint8_t dst[4];
	} message = {
		.header = { .nlmsg_len = sizeof(message), .nlmsg_type = type, .nlmsg_flags = flags },
		.route = { .rtm_family = AF_INET,
			   .rtm_dst_len = 16,
			   .rtm_table = RT_TABLE_MAIN,
			   .rtm_type = RTN_BLACKHOLE },
		.dst_head = { .rta_len = RTA_LENGTH(4), .rta_type = RTA_DST },
		.dst = { 10, second },
	};

	assert_int_equal(write(fd, &message, sizeof(message)), sizeof(message));
}

static void
end_dump(void)
{
	const struct {
		struct nlmsghdr header;
		int error;
	} done = {
		.header = { .nlmsg_len = sizeof(done),
			    .nlmsg_type = NLMSG_DONE,
			    .nlmsg_flags = NLM_F_MULTI | kernel.flags },
		.error = kernel.error,
	};

	if (kernel.kind == RTM_GETROUTE && kernel.route != 0)
		write_route(kernel.dump, RTM_NEWROUTE, NLM_F_MULTI, kernel.route);
	assert_int_equal(write(kernel.dump, &done, sizeof(done)), sizeof(done));
}

ssize_t
send(int fd, const void *data, size_t length, int flags)
{
	if (!kernel.is_faked)
		return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
	kernel.n_asked++;
	kernel.kind = ((const struct nlmsghdr *)data)->nlmsg_type;
	if (!kernel.silent)
		end_dump();
	return (ssize_t)length;
}

int
clock_gettime(clockid_t clock, struct timespec *ret)
{
	int got = (int)syscall(SYS_clock_gettime, clock, ret);

	ret->tv_sec += kernel.leap_s;
	return got;
}

/* ---- The tests ---- */

static int
open_mirror(void)
{
	struct kernel_mirror_parts parts = { .loop = test.loop, .fib = test.fib, .ports = &test.ports };

	return kernel_mirror_create(&parts, &test.mirror);
}

static int
setup(void **state)
{
	(void)state;
	memset(&test, 0, sizeof(test));
	memset(&kernel, 0, sizeof(kernel));
	kernel.is_faked = true;
	log_open(LOG_CRIT, false);
	alarm(60); /* one who waits for the kernel waits for ever here */
	test.rcu = rcu_create(1);
	if (!test.rcu || fib_create(1024, 1024, 64, test.rcu, &test.fib) < 0 || event_loop_create(&test.loop) < 0)
		return -1;
	test.ports.n_ports = 1;
	return 0;
}

static int
teardown(void **state)
{
	(void)state;
	kernel_mirror_destroy(test.mirror);
	event_loop_destroy(test.loop);
	fib_destroy(test.fib);
	rcu_destroy(test.rcu);
	for (uint32_t i = 0; i < kernel.n_ends; i++)
		close(kernel.ends[i]);
	kernel.is_faked = false;
	alarm(0);
	return 0;
}

static void
become_due(void)
{
	kernel.leap_s++; /* the pause */
	test.mirror->now_ms = mirror_clock_ms();
	test.mirror->resync_due = true;
}

static void
change(uint16_t type, uint8_t second)
{
	write_route(kernel.changes, type, 0, second);
}

static bool
has_route(uint8_t second)
{
	const struct mirror_route *route;

	TAILQ_FOREACH (route, &test.mirror->routes, link) {
		if (route->prefix.ip.bytes[1] == second)
			return true;
	}
	return false;
}

static bool
a_change_waits(void)
{
	char byte;

	return recv(test.mirror->fd, &byte, 1, MSG_PEEK) == 1;
}

static void
answer_after_a_while(void *arg)
{
	(void)arg;
	if (++test.ticks < PATIENT_TICKS)
		return;
	if (kernel.silent) {
		assert_true(mirror_is_reading_all(test.mirror));
		test.had_waited = a_change_waits();
		kernel.silent = false;
		end_dump();
	}
	if (!mirror_is_reading_all(test.mirror) && !a_change_waits())
		event_loop_stop(test.loop);
}

static void
run_with(void (*tick)(void *arg))
{
	assert_int_equal(event_loop_every(test.loop, 1, tick, NULL), 0);
	assert_int_equal(event_loop_run(test.loop), 0);
}

static void
stop_when_read(void *arg)
{
	(void)arg;
	if (!mirror_is_reading_all(test.mirror))
		event_loop_stop(test.loop);
}

static void
stop_when_heard(void *arg)
{
	(void)arg;
	if (!a_change_waits())
		event_loop_stop(test.loop);
}

static void
the_loop_goes_on_while_the_kernel_takes_its_time(void **state)
{
	(void)state;
	kernel.route = 1;
	assert_int_equal(open_mirror(), 0);
	assert_int_equal(kernel.n_asked, KINDS);
	assert_true(has_route(1));
	become_due();
	kernel.silent = true;
	mirror_resync_tick(test.mirror);
	change(RTM_DELROUTE, 1);
	change(RTM_NEWROUTE, 2);
	run_with(answer_after_a_while);
	assert_int_equal(kernel.n_asked, 2 * KINDS);
	assert_int_equal(test.mirror->reading.err, 0);
	assert_false(test.mirror->resync_due);
	/* They are younger than what is read, and come after it. */
	assert_true(test.had_waited);
	assert_false(has_route(1));
	assert_true(has_route(2));
}

/* A socket that overflowed has such, and takes no others before they are out. */
static void
changes_older_than_the_reading_are_not_repeated(void **state)
{
	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.silent = true;
	change(RTM_NEWROUTE, 1);
	change(RTM_NEWROUTE, 2);
	mirror_resync_tick(test.mirror);
	assert_false(a_change_waits());
	kernel.silent = false;
	end_dump();
	run_with(stop_when_read);
	assert_int_equal(test.mirror->reading.err, 0);
	assert_true(TAILQ_EMPTY(&test.mirror->routes));
}

static void
between_two_readings_is_a_pause(void **state)
{
	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	mirror_resync_tick(test.mirror);
	run_with(stop_when_read);
	assert_int_equal(kernel.n_asked, 2 * KINDS);
	test.mirror->resync_due = true;
	mirror_resync_tick(test.mirror);
	assert_false(mirror_is_reading_all(test.mirror));
	test.mirror->now_ms += 100;
	mirror_resync_tick(test.mirror);
	assert_true(mirror_is_reading_all(test.mirror));
}

/* The kernel puts it into what ends a dump that is whole, too. */
static void
a_dump_that_broke_off_sweeps_nothing(void **state)
{
	(void)state;
	kernel.route = 1;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.route = 0;
	kernel.error = -EMSGSIZE;
	mirror_resync_tick(test.mirror);
	run_with(stop_when_read);
	assert_int_equal(test.mirror->reading.err, -EMSGSIZE);
	assert_true(test.mirror->resync_due);
	assert_true(has_route(1));
}

static void
what_was_heard_before_a_reading_that_fails_is_kept(void **state)
{
	(void)state;
	kernel.route = 1;
	assert_int_equal(open_mirror(), 0);
	become_due();
	change(RTM_DELROUTE, 1);
	kernel.error = -EMSGSIZE;
	mirror_resync_tick(test.mirror);
	run_with(stop_when_read);
	assert_int_equal(test.mirror->reading.err, -EMSGSIZE);
	assert_false(has_route(1));
}

static void
say_little(void *arg)
{
	const struct nlmsghdr nothing = { .nlmsg_len = sizeof(nothing), .nlmsg_type = NLMSG_NOOP };

	(void)arg;
	if (test.mirror->reading.err != 0 || ++test.ticks == 1000) {
		event_loop_stop(test.loop);
		return;
	}
	kernel.leap_s += 4;
	assert_int_equal(write(kernel.dump, &nothing, sizeof(nothing)), sizeof(nothing));
}

static void
a_kernel_that_never_comes_to_the_end_is_given_up(void **state)
{
	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.silent = true;
	mirror_resync_tick(test.mirror);
	run_with(say_little);
	assert_int_equal(test.mirror->reading.err, -ETIMEDOUT);
	assert_true(test.mirror->resync_due);
}

static void
stop_at_second_tick(void *arg)
{
	(void)arg;
	if (++test.ticks == 2)
		event_loop_stop(test.loop);
}

static void
an_overflow_while_all_is_read_does_not_keep_the_loop_awake(void **state)
{
	const struct sockaddr nobody = { .sa_family = AF_UNSPEC };
	struct pollfd changes;

	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.silent = true;
	mirror_resync_tick(test.mirror);
	changes = (struct pollfd){ .fd = test.mirror->fd };
	/* An end that leaves something unread makes an error of the other. */
	assert_int_equal(write(test.mirror->fd, "", 1), 1);
	assert_int_equal(connect(kernel.changes, &nobody, sizeof(nobody)), 0);
	assert_int_equal(poll(&changes, 1, 0), 1);
	assert_int_equal(changes.revents & POLLERR, POLLERR);
	run_with(stop_at_second_tick);
	assert_true(mirror_is_reading_all(test.mirror));
	assert_int_equal(poll(&changes, 1, 0) == 1 ? changes.revents & POLLERR : 0, 0);
	assert_true(test.mirror->resync_due);
}

static void
a_kernel_that_does_not_answer_is_asked_again(void **state)
{
	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.silent = true;
	mirror_resync_tick(test.mirror);
	kernel.leap_s += 4;
	mirror_resync_tick(test.mirror);
	assert_true(mirror_is_reading_all(test.mirror));
	kernel.leap_s += 2;
	mirror_resync_tick(test.mirror);
	assert_false(mirror_is_reading_all(test.mirror));
	assert_int_equal(test.mirror->reading.err, -ETIMEDOUT);
	assert_true(test.mirror->resync_due);
	kernel.silent = false;
	test.mirror->now_ms += 1000;
	mirror_resync_tick(test.mirror);
	assert_true(mirror_is_reading_all(test.mirror));
}

static void
tables_that_change_meanwhile_are_read_again_a_few_times(void **state)
{
	(void)state;
	kernel.flags = NLM_F_DUMP_INTR;
	assert_int_equal(open_mirror(), -ESTALE);
	assert_int_equal(kernel.n_asked, 5 * KINDS);
	test.mirror = NULL;
}

static void
changes_are_taken_between_the_tries(void **state)
{
	(void)state;
	assert_int_equal(open_mirror(), 0);
	become_due();
	kernel.flags = NLM_F_DUMP_INTR;
	mirror_resync_tick(test.mirror);
	run_with(stop_when_read);
	assert_int_equal(test.mirror->reading.err, -ESTALE);
	assert_int_equal(kernel.n_asked, 2 * KINDS);
	assert_true(test.mirror->resync_due);
	mirror_resync_tick(test.mirror);
	assert_false(mirror_is_reading_all(test.mirror));
	test.mirror->resync_due = false; /* however long the change takes */
	change(RTM_NEWROUTE, 1);
	run_with(stop_when_heard);
	assert_true(has_route(1));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_goes_on_while_the_kernel_takes_its_time),
		TEST(changes_older_than_the_reading_are_not_repeated),
		TEST(between_two_readings_is_a_pause),
		TEST(a_dump_that_broke_off_sweeps_nothing),
		TEST(what_was_heard_before_a_reading_that_fails_is_kept),
		TEST(a_kernel_that_never_comes_to_the_end_is_given_up),
		TEST(an_overflow_while_all_is_read_does_not_keep_the_loop_awake),
		TEST(a_kernel_that_does_not_answer_is_asked_again),
		TEST(tables_that_change_meanwhile_are_read_again_a_few_times),
		TEST(changes_are_taken_between_the_tries),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
