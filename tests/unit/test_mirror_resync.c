/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Reading all that the kernel has, from a kernel that takes its time, doesn't answer, or changes meanwhile. It is at the
 * other end of socket pairs.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/netlink.h>
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
end_dump(void)
{
	const struct nlmsghdr done = { .nlmsg_len = sizeof(done),
				       .nlmsg_type = NLMSG_DONE,
				       .nlmsg_flags = NLM_F_MULTI | kernel.flags };

	assert_int_equal(write(kernel.dump, &done, sizeof(done)), sizeof(done));
}

ssize_t
send(int fd, const void *data, size_t length, int flags)
{
	if (!kernel.is_faked)
		return syscall(SYS_sendto, fd, data, length, flags, NULL, 0);
	kernel.n_asked++;
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
	test.mirror->resync_due = true;
	test.mirror->resync_ms = 0;
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
the_loop_goes_on_while_the_kernel_takes_its_time(void **state)
{
	const struct nlmsghdr change = { .nlmsg_len = sizeof(change), .nlmsg_type = NLMSG_NOOP };

	(void)state;
	assert_int_equal(open_mirror(), 0);
	assert_int_equal(kernel.n_asked, KINDS);
	become_due();
	kernel.silent = true;
	mirror_resync_tick(test.mirror);
	assert_int_equal(write(kernel.changes, &change, sizeof(change)), sizeof(change));
	assert_int_equal(event_loop_every(test.loop, 1, answer_after_a_while, NULL), 0);
	assert_int_equal(event_loop_run(test.loop), 0);
	assert_int_equal(kernel.n_asked, 2 * KINDS);
	assert_int_equal(test.mirror->reading.err, 0);
	assert_false(test.mirror->resync_due);
	/* It is younger than what is read, and comes after it. */
	assert_true(test.had_waited);
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

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(the_loop_goes_on_while_the_kernel_takes_its_time),
		TEST(a_kernel_that_does_not_answer_is_asked_again),
		TEST(tables_that_change_meanwhile_are_read_again_a_few_times),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
