/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See event_loop.h. One turn: wait for descriptors or the next periodic call, serve the descriptors, then the periodic
 * calls that are due, then the calls at the end. A turn that was held up says so when it goes on: while it stands, there
 * is nobody to say it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "control/event_loop.h"
#include "core/log.h"

#define EVENTS_A_TURN 64
#define HELD_UP_MS 2000u

struct source {
	struct source *next; /* among those removed in this turn */
	int fd;
	bool removed;
	void (*ready)(void *arg, uint32_t events);
	void *arg;
};

struct periodic {
	struct periodic *next;
	uint32_t period_ms;
	uint64_t due_ms;
	void (*tick)(void *arg);
	void *arg;
};

struct after {
	struct after *next;
	void (*done)(void *arg);
	void *arg;
};

struct event_loop {
	int epoll, wake;
	bool stop; /* set from any thread */
	struct source **sources; /* by descriptor */
	uint32_t n_sources;
	struct source *removed;
	struct periodic *periodics;
	struct after *afters, **last_after;
	struct log_limit held_up_limit;
};

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void
woken(void *arg, uint32_t events)
{
	struct event_loop *loop = arg;
	uint64_t count;

	(void)events;
	/* only to make the descriptor quiet; the flag says what to do */
	while (read(loop->wake, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

int
event_loop_create(struct event_loop **ret)
{
	struct event_loop *loop = calloc(1, sizeof(*loop));
	int err;

	if (!loop)
		return -ENOMEM;
	loop->last_after = &loop->afters;
	loop->held_up_limit = (struct log_limit)LOG_LIMIT(5, 60);
	loop->wake = -1;
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll >= 0)
		loop->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	err = loop->wake < 0 ? -errno : event_loop_add(loop, loop->wake, EPOLLIN, woken, loop);
	if (err < 0) {
		event_loop_destroy(loop);
		return err;
	}
	*ret = loop;
	return 0;
}

static void
free_removed(struct event_loop *loop)
{
	struct source *source;

	while ((source = loop->removed) != NULL) {
		loop->removed = source->next;
		free(source);
	}
}

void
event_loop_destroy(struct event_loop *loop)
{
	struct periodic *periodic;
	struct after *after;

	if (!loop)
		return;
	free_removed(loop);
	for (uint32_t i = 0; i < loop->n_sources; i++)
		free(loop->sources[i]);
	free(loop->sources);
	while ((periodic = loop->periodics) != NULL) {
		loop->periodics = periodic->next;
		free(periodic);
	}
	while ((after = loop->afters) != NULL) {
		loop->afters = after->next;
		free(after);
	}
	if (loop->wake >= 0)
		close(loop->wake);
	if (loop->epoll >= 0)
		close(loop->epoll);
	free(loop);
}

static int
make_room(struct event_loop *loop, int fd)
{
	uint32_t n = loop->n_sources ? loop->n_sources : 64;
	struct source **sources;

	if (fd < 0)
		return -EBADF;
	if ((uint32_t)fd < loop->n_sources)
		return 0;
	while (n <= (uint32_t)fd)
		n *= 2;
	sources = realloc(loop->sources, n * sizeof(*sources));
	if (!sources)
		return -ENOMEM;
	memset(sources + loop->n_sources, 0, (n - loop->n_sources) * sizeof(*sources));
	loop->sources = sources;
	loop->n_sources = n;
	return 0;
}

int
event_loop_add(struct event_loop *loop, int fd, uint32_t events, void (*ready)(void *arg, uint32_t events), void *arg)
{
	struct epoll_event event = { .events = events };
	struct source *source;
	int err = make_room(loop, fd);

	if (err < 0)
		return err;
	if (loop->sources[fd])
		return -EEXIST;
	source = calloc(1, sizeof(*source));
	if (!source)
		return -ENOMEM;
	*source = (struct source){ .fd = fd, .ready = ready, .arg = arg };
	event.data.ptr = source;
	if (epoll_ctl(loop->epoll, EPOLL_CTL_ADD, fd, &event) < 0) {
		err = -errno;
		free(source);
		return err;
	}
	loop->sources[fd] = source;
	return 0;
}

int
event_loop_change(struct event_loop *loop, int fd, uint32_t events)
{
	struct epoll_event event = { .events = events };

	if (fd < 0 || (uint32_t)fd >= loop->n_sources || !loop->sources[fd])
		return -ENOENT;
	event.data.ptr = loop->sources[fd];
	return epoll_ctl(loop->epoll, EPOLL_CTL_MOD, fd, &event) < 0 ? -errno : 0;
}

void
event_loop_remove(struct event_loop *loop, int fd)
{
	struct source *source;

	if (fd < 0 || (uint32_t)fd >= loop->n_sources || !loop->sources[fd])
		return;
	source = loop->sources[fd];
	loop->sources[fd] = NULL;
	/* a descriptor that was closed already has left the set by itself */
	(void)epoll_ctl(loop->epoll, EPOLL_CTL_DEL, fd, NULL);
	source->removed = true;
	source->next = loop->removed;
	loop->removed = source;
}

int
event_loop_every(struct event_loop *loop, uint32_t period_ms, void (*tick)(void *arg), void *arg)
{
	struct periodic *periodic = calloc(1, sizeof(*periodic));

	if (!periodic)
		return -ENOMEM;
	*periodic = (struct periodic){
		.next = loop->periodics,
		.period_ms = period_ms,
		.due_ms = now_ms() + period_ms,
		.tick = tick,
		.arg = arg,
	};
	loop->periodics = periodic;
	return 0;
}

int
event_loop_after_turn(struct event_loop *loop, void (*done)(void *arg), void *arg)
{
	struct after *after = calloc(1, sizeof(*after));

	if (!after)
		return -ENOMEM;
	*after = (struct after){ .done = done, .arg = arg };
	*loop->last_after = after;
	loop->last_after = &after->next;
	return 0;
}

/* Milliseconds until the next periodic call, -1 if there is none. */
static int
time_left(const struct event_loop *loop)
{
	uint64_t now = now_ms(), next = UINT64_MAX;

	for (const struct periodic *periodic = loop->periodics; periodic; periodic = periodic->next)
		if (periodic->due_ms < next)
			next = periodic->due_ms;
	if (next == UINT64_MAX)
		return -1;
	return next <= now ? 0 : (int)(next - now);
}

static void
call_periodics(struct event_loop *loop)
{
	uint64_t now = now_ms();

	for (struct periodic *periodic = loop->periodics; periodic; periodic = periodic->next) {
		if (periodic->due_ms > now)
			continue;
		/* keeps the rate, but what was missed by more than a period is not made up for */
		periodic->due_ms += periodic->period_ms;
		if (periodic->due_ms <= now)
			periodic->due_ms = now + periodic->period_ms;
		periodic->tick(periodic->arg);
	}
}

/* DUE_MS: when the turn was to begin at the latest, and did not if it had no CPU. */
static void
note_delay(struct event_loop *loop, uint64_t begun_ms, uint64_t due_ms)
{
	uint64_t end_ms = now_ms(), from_ms = begun_ms < due_ms ? begun_ms : due_ms;

	if (end_ms - from_ms >= HELD_UP_MS)
		log_limited(&loop->held_up_limit, LOG_WARNING, "control",
			    "the control thread was held up for %llu ms, packets were not; look at the disk of "
			    "control.state, and whether CPUs are short",
			    (unsigned long long)(end_ms - from_ms));
}

static int
turn(struct event_loop *loop)
{
	struct epoll_event events[EVENTS_A_TURN];
	int left = time_left(loop);
	uint64_t begun, due = left < 0 ? UINT64_MAX : now_ms() + (uint64_t)left;
	int n = epoll_wait(loop->epoll, events, EVENTS_A_TURN, left);

	if (n < 0 && errno != EINTR)
		return -errno;
	begun = now_ms();
	for (int i = 0; i < n; i++) {
		struct source *source = events[i].data.ptr;

		if (!source->removed)
			source->ready(source->arg, events[i].events);
	}
	call_periodics(loop);
	for (struct after *after = loop->afters; after; after = after->next)
		after->done(after->arg);
	free_removed(loop);
	note_delay(loop, begun, due);
	return 0;
}

int
event_loop_run(struct event_loop *loop)
{
	while (!__atomic_load_n(&loop->stop, __ATOMIC_ACQUIRE)) {
		int err = turn(loop);

		if (err < 0)
			return err;
	}
	__atomic_store_n(&loop->stop, false, __ATOMIC_RELAXED);
	return 0;
}

void
event_loop_stop(struct event_loop *loop)
{
	uint64_t one = 1;

	__atomic_store_n(&loop->stop, true, __ATOMIC_RELEASE);
	/* fails only when the counter is full, and then the loop is awake */
	while (write(loop->wake, &one, sizeof(one)) < 0 && errno == EINTR)
		;
}
