/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See service_manager.h. A stalled thread is said in the log once, by name, before the watchdog strikes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/service_manager.h"
#include "core/cleanup.h"
#include "core/log.h"

/* Looks in one period of the watchdog: a late one does no harm. */
#define LOOKS 4
#define STATUS_MAX 256
/* A service manager that hangs must not hold up the control thread for longer. */
#define SEND_MS 200

struct service_manager {
	int fd; /* connected; -1: nobody listens */
	uint64_t watchdog_ms; /* 0: not expected of us */
	char status[STATUS_MAX];
	const struct counters *const *counters;
	uint32_t n_counters, n_workers;
	uint64_t *turns; /* of each, when all had last moved on */
	uint32_t looks; /* in vain, since then */
};

/* NAME: a path, or @ and a name of the abstract namespace. */
static int
manager_address(const char *name, struct sockaddr_un *ret, socklen_t *ret_length)
{
	size_t length = strlen(name);

	if ((name[0] != '/' && name[0] != '@') || length < 2 || length >= sizeof(ret->sun_path))
		return -EINVAL;
	*ret = (struct sockaddr_un){ .sun_family = AF_UNIX };
	memcpy(ret->sun_path, name, length);
	if (name[0] == '@')
		ret->sun_path[0] = '\0';
	*ret_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
	return 0;
}

static int
manager_connect(const char *name, int *ret)
{
	const struct timeval patience = { .tv_usec = SEND_MS * 1000 };
	CLEANUP(fd_close) int fd = -1;
	struct sockaddr_un address;
	socklen_t length;
	int err = manager_address(name, &address, &length);

	if (err == 0) {
		fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience)) < 0 ||
		    connect(fd, (const struct sockaddr *)&address, length) < 0)
			err = -errno;
	}
	if (err < 0) {
		log_error("service", "NOTIFY_SOCKET is \"%s\": %s; run ipvsd without it, or by systemd", name,
			  strerror(-err));
		return err;
	}
	*ret = fd;
	fd = -1;
	return 0;
}

/* As sd_watchdog_enabled(3): the variables may be another process's. */
static uint64_t
watchdog_of_environment(void)
{
	const char *microseconds = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");

	if (!microseconds || (pid && strtol(pid, NULL, 10) != (long)getpid()))
		return 0;
	return strtoull(microseconds, NULL, 10) / 1000;
}

int
service_manager_create(struct service_manager **ret)
{
	struct service_manager *manager = calloc(1, sizeof(*manager));
	const char *name = getenv("NOTIFY_SOCKET");
	int err = 0;

	if (!manager)
		return -ENOMEM;
	manager->fd = -1;
	if (name && *name != '\0')
		err = manager_connect(name, &manager->fd);
	if (err < 0) {
		service_manager_destroy(manager);
		return err;
	}
	if (manager->fd >= 0)
		manager->watchdog_ms = watchdog_of_environment();
	*ret = manager;
	return 0;
}

void
service_manager_destroy(struct service_manager *manager)
{
	if (!manager)
		return;
	if (manager->fd >= 0)
		close(manager->fd);
	free(manager->turns);
	free(manager);
}

void
service_manager_say(struct service_manager *manager, const char *state)
{
	if (manager->fd < 0)
		return;
	if (send(manager->fd, state, strlen(state), MSG_NOSIGNAL) < 0)
		log_warning("service", "systemd was not told \"%.40s\": %s", state, strerror(errno));
}

void
service_manager_status(struct service_manager *manager, const char *text)
{
	char state[STATUS_MAX + sizeof("STATUS=")];

	if (strcmp(manager->status, text) == 0)
		return;
	snprintf(manager->status, sizeof(manager->status), "%s", text);
	snprintf(state, sizeof(state), "STATUS=%s", manager->status);
	service_manager_say(manager, state);
}

static uint64_t
turn_of(const struct service_manager *manager, uint32_t thread)
{
	return __atomic_load_n(&manager->counters[thread]->turn, __ATOMIC_RELAXED);
}

static void
report_stall(const struct service_manager *manager, uint32_t thread)
{
	char name[32] = "the I/O thread";

	if (thread < manager->n_workers)
		snprintf(name, sizeof(name), "worker %u", thread);
	log_error("service", "%s has stopped turning; unless it goes on, systemd restarts ipvsd in %llu ms", name,
		  (unsigned long long)(manager->watchdog_ms / LOOKS * (LOOKS - 2)));
}

static void
look(void *arg)
{
	struct service_manager *manager = arg;

	for (uint32_t i = 0; i < manager->n_counters; i++) {
		if (turn_of(manager, i) != manager->turns[i])
			continue;
		/* Not at the first look: a busy machine may not have run it yet. */
		if (++manager->looks == 2)
			report_stall(manager, i);
		return;
	}
	for (uint32_t i = 0; i < manager->n_counters; i++)
		manager->turns[i] = turn_of(manager, i);
	manager->looks = 0;
	service_manager_say(manager, "WATCHDOG=1");
}

int
service_manager_watch(struct service_manager *manager, struct event_loop *loop, const struct counters *const *counters,
		      uint32_t n_counters, uint32_t n_workers)
{
	if (manager->watchdog_ms < LOOKS)
		return 0;
	manager->turns = calloc(n_counters, sizeof(*manager->turns));
	if (!manager->turns)
		return -ENOMEM;
	manager->counters = counters;
	manager->n_counters = n_counters;
	manager->n_workers = n_workers;
	return event_loop_every(loop, (uint32_t)(manager->watchdog_ms / LOOKS), look, manager);
}
