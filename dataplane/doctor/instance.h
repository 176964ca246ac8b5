/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ipvsd of a configuration: whether somebody listens on its control socket, and which process that is.
 */
#ifndef DOCTOR_INSTANCE_H
#define DOCTOR_INSTANCE_H

#include "doctor/process.h"

struct service_list;

struct instance {
	const char *socket; /* the path in the configuration */
	enum socket_state {
		SOCKET_UNASKED, /* it is not this machine */
		SOCKET_ABSENT,
		SOCKET_NONE, /* something else has its name */
		SOCKET_STALE, /* nobody listens */
		SOCKET_HIDDEN, /* its folder, or what is there, is not for us to see or use */
		SOCKET_SILENT, /* somebody listens and does not answer */
		SOCKET_REFUSES, /* it answers, but not to this user */
		SOCKET_STRANGE, /* what it answers is not ipvsd's */
		SOCKET_ANSWERS,
	} state;
	int err; /* why, where a system call says so: -errno */
	unsigned int answer_ms; /* how long it took to list all */
	struct process process; /* pid 0: not known, or there is none */
};

/* SERVICES: what it has, if it answers; for service_list_free(). */
void instance_find(const struct machine *machine, struct instance *ret, struct service_list *services);
/* Other processes called ipvsd that are at work; at most MAX. */
int instance_others(const struct machine *machine, const struct instance *instance, struct process *ret, int max);
/* The path of the configuration that a process of ipvsd was started with. */
const char *instance_config(const struct process *process);

#endif
