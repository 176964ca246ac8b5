/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_connection.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "control_connect.h"
#include "preload_connection.h"
#include "preload_fds.h"
#include "preload_real.h"
#include "preload_standin.h"

bool
connection_is_dead(int err)
{
	return err == EPIPE || err == ECONNRESET || err == ENOTCONN;
}

int
connection_greet(int fd, struct link *link)
{
	struct ipvsd_hello hello;
	ssize_t n;

	if (link->portid == 0)
		(void)fds_bind(link, 0); /* another thread's is as good */
	hello = control_hello(link->portid, 0);
	do
		n = real()->send(fd, &hello, sizeof(hello), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

static void
copy_option(int from, int to, int option, socklen_t size)
{
	union {
		struct timeval time;
		int number;
	} value;
	socklen_t length = size;

	if (real()->getsockopt(from, SOL_SOCKET, option, &value, &length) < 0)
		return;
	if (option == SO_SNDBUF || option == SO_RCVBUF)
		value.number /= 2; /* the kernel shows twice what was asked for */
	real()->setsockopt(to, SOL_SOCKET, option, &value, length);
}

/* What the program set on its socket, and the one in its place must have too. */
static void
copy_settings(int from, int to)
{
	copy_option(from, to, SO_RCVTIMEO, sizeof(struct timeval));
	copy_option(from, to, SO_SNDTIMEO, sizeof(struct timeval));
	copy_option(from, to, SO_RCVBUF, sizeof(int));
	copy_option(from, to, SO_SNDBUF, sizeof(int));
	copy_option(from, to, SO_PASSCRED, sizeof(int));
	real()->fcntl(to, F_SETFL, real()->fcntl(from, F_GETFL));
}

int
connection_renew(int fd, struct link *link, uint32_t turn, uint32_t mine)
{
	int new = control_connect(control_path(NULL), SOCK_CLOEXEC);
	int err;

	if (new < 0)
		return new;
	err = connection_greet(new, link);
	if (err == 0) {
		fds_lock();
		if (link->turn != turn || link->pending.n != mine || (link->lost && standin_has_answers(fd))) {
			err = -EBUSY;
		} else {
			copy_settings(fd, new);
			err = fds_replace(link, new, false);
		}
		fds_unlock();
	}
	real()->close(new);
	return err;
}

/* Waits, with the lock, until nobody has an answer in his hands that is not noted yet: its request would be answered
 * twice. On a dead connection nobody is kept long; a thread that was cancelled there is not waited for. */
static void
wait_for_readers(const struct link *link)
{
	int tries = 10000;

	while (link->readers > 0 && tries-- > 0) {
		fds_unlock();
		sched_yield();
		fds_lock();
	}
}

int
connection_lose(int fd, struct link *link, uint32_t turn)
{
	int new = standin_open();
	int err = 0;

	if (new < 0)
		return new;
	fds_lock();
	wait_for_readers(link);
	if (link->turn == turn && !link->lost) {
		copy_settings(fd, new);
		standin_inherit(new, fd, &link->pending);
		err = standin_answer(new, &link->pending, link->portid);
		if (err == 0)
			err = fds_replace(link, new, true);
	}
	fds_unlock();
	real()->close(new);
	return err;
}
