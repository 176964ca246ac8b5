/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See program_run.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "core/cleanup.h"
#include "doctor/program_run.h"

static int64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* In a process group of its own, so that what it starts ends with it; with nothing to read, in the C locale. */
static int
start(const char *const *argv, int out, pid_t *ret)
{
	static const char *const environment[] = { "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C", NULL };
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int err;

	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
	posix_spawn_file_actions_adddup2(&actions, out, STDERR_FILENO);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	err = posix_spawn(ret, argv[0], &actions, &attributes, (char *const *)argv, (char *const *)environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return -err;
}

/* Until it closes its end. What doesn't fit is read, too: the program must not wait for us. */
static int
listen_to(int in, int64_t deadline, char *text, size_t size)
{
	size_t n = 0;

	for (;;) {
		int64_t left = deadline - now_ms();
		struct pollfd waiting = { .fd = in, .events = POLLIN };
		char rest[512];
		ssize_t got;

		if (left <= 0)
			return -ETIMEDOUT;
		if (poll(&waiting, 1, (int)left) <= 0)
			continue;
		got = n < size - 1 ? read(in, &text[n], size - 1 - n) : read(in, rest, sizeof(rest));
		if (got < 0 && errno != EINTR && errno != EAGAIN)
			return -errno;
		if (got == 0)
			return 0;
		if (got > 0 && n < size - 1)
			n += (size_t)got;
		text[n] = '\0';
	}
}

/* It may have closed its output, and be there still. */
static int
await_end(pid_t pid, int64_t deadline, int *ret_status)
{
	const struct timespec moment = { .tv_nsec = 2000000 };

	while (waitpid(pid, ret_status, WNOHANG) == 0) {
		if (now_ms() >= deadline)
			return -ETIMEDOUT;
		nanosleep(&moment, NULL);
	}
	return 0;
}

int
program_run(const char *const *argv, unsigned int ms, char *text, size_t size)
{
	CLEANUP(fd_close) int in = -1;
	CLEANUP(fd_close) int out = -1;
	int64_t deadline = now_ms() + ms;
	int ends[2], status = 0, err;
	pid_t pid;

	text[0] = '\0';
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	in = ends[0];
	out = ends[1];
	err = start(argv, out, &pid);
	if (err < 0)
		return err;
	close(out);
	out = -1;
	err = listen_to(in, deadline, text, size);
	if (err == 0)
		err = await_end(pid, deadline, &status);
	if (err < 0) {
		kill(-pid, SIGKILL);
		waitpid(pid, NULL, 0);
		return err;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -EINTR;
}
