/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See instance.h. The first look at the socket does not wait: connect(2) to one whose queue is full would.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <time.h>

#include <rte_common.h>

#include "control/config_file.h"
#include "core/cleanup.h"
#include "doctor/instance.h"
#include "doctor/service_list.h"
#include "netlink-shim/wire.h"

#define PATIENCE_MS 1000
#define OTHERS_MAX 16

static enum socket_state
connect_state(int err)
{
	switch (err) {
	case -ENOENT:
	case -ENOTDIR:
		return SOCKET_ABSENT;
	case -ECONNREFUSED:
		return SOCKET_STALE;
	case -EAGAIN:
		return SOCKET_SILENT;
	case -EPROTOTYPE:
		return SOCKET_STRANGE;
	default:
		return SOCKET_HIDDEN;
	}
}

/* Who called listen(2): ipvsd, unless it handed its socket on. */
static pid_t
listener(int fd)
{
	struct ucred peer = { .pid = 0 };
	socklen_t length = sizeof(peer);

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &length) == 0 ? peer.pid : 0;
}

static enum socket_state
look(const char *path, int *ret_err, pid_t *ret_pid)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	CLEANUP(fd_close) int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat status;

	*ret_pid = 0;
	*ret_err = -ENAMETOOLONG;
	if (strlen(path) >= sizeof(address.sun_path))
		return SOCKET_HIDDEN;
	strcpy(address.sun_path, path);
	*ret_err = stat(path, &status) < 0 ? -errno : 0;
	if (*ret_err < 0)
		return connect_state(*ret_err);
	if (!S_ISSOCK(status.st_mode))
		return SOCKET_NONE;
	*ret_err = fd < 0 || connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0 ? -errno : 0;
	if (*ret_err < 0)
		return connect_state(*ret_err);
	*ret_pid = listener(fd);
	return SOCKET_ANSWERS;
}

static enum socket_state
answer_state(int err)
{
	switch (err) {
	case 0:
		return SOCKET_ANSWERS;
	case -EPERM:
		return SOCKET_REFUSES;
	case -ETIMEDOUT:
		return SOCKET_SILENT;
	default:
		return SOCKET_STRANGE;
	}
}

static unsigned int
ms_since(const struct timespec *start)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (unsigned int)((now.tv_sec - start->tv_sec) * 1000 + (now.tv_nsec - start->tv_nsec) / 1000000);
}

static void
ask(struct instance *ret, struct service_list *services)
{
	struct timespec start;

	clock_gettime(CLOCK_MONOTONIC, &start);
	ret->err = service_list_ask(ret->socket, PATIENCE_MS, services);
	ret->answer_ms = ms_since(&start);
	ret->state = answer_state(ret->err);
}

const char *
instance_config(const struct process *process)
{
	const char *path = process_option(process, 'c', "config");

	return path ? path : CONFIG_DEFAULT_FILE;
}

static bool
has_another_task(const struct process *process)
{
	static const char *const words[] = { "doctor", "reload", "-t", "--test", "-n", "--needs" };

	for (size_t i = 0; i < RTE_DIM(words); i++) {
		if (process_has_word(process, words[i]))
			return true;
	}
	return false;
}

/* Those that run for good: not one that only says something about a configuration. */
static int
daemons(const struct machine *machine, struct process *ret, int max)
{
	int n = processes_called(machine, "ipvsd", ret, max), kept = 0;

	for (int i = 0; i < n; i++) {
		if (has_another_task(&ret[i]))
			continue;
		if (kept != i)
			ret[kept] = ret[i];
		kept++;
	}
	return kept;
}

/* Where the socket does not tell: by the configuration that it was started with. */
static void
find_process(const struct machine *machine, struct instance *ret)
{
	struct process found[OTHERS_MAX];
	int n = daemons(machine, found, OTHERS_MAX);

	for (int i = 0; i < n; i++) {
		if (strcmp(instance_config(&found[i]), machine->config_path) == 0) {
			ret->process = found[i];
			return;
		}
	}
}

void
instance_find(const struct machine *machine, struct instance *ret, struct service_list *services)
{
	pid_t pid = 0;

	*ret = (struct instance){ .socket = machine->config ? machine->config->control.socket : IPVSD_DEFAULT_SOCKET };
	*services = (struct service_list){ .n_services = 0 };
	if (machine->live) {
		ret->state = look(ret->socket, &ret->err, &pid);
		if (ret->state == SOCKET_ANSWERS)
			ask(ret, services);
	}
	if (pid <= 0 || process_read(machine, pid, &ret->process) < 0) {
		ret->process = (struct process){ .pid = 0 };
		find_process(machine, ret);
	}
}

int
instance_others(const struct machine *machine, const struct instance *instance, struct process *ret, int max)
{
	int n = daemons(machine, ret, max), kept = 0;

	for (int i = 0; i < n; i++) {
		if (ret[i].pid == instance->process.pid)
			continue;
		if (kept != i)
			ret[kept] = ret[i];
		kept++;
	}
	return kept;
}
