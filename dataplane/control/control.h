/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control side as one object, for modules.c: model, local addresses, control socket, state file. Everything here
 * runs on the control thread, in the event loop.
 *
 * In order: control_claim, control_create, laddr_groups_address_changed by the mirror's first dump as it likes, control_restore,
 * control_publish if the workers are to start with what was restored, control_start; and control_destroy after the
 * workers have stopped.
 */
#ifndef CONTROL_CONTROL_H
#define CONTROL_CONTROL_H

#include <stdio.h>

#include "control/event_loop.h"
#include "control/laddr_groups.h"
#include "core/config.h"
#include "core/counters.h"

struct control;
struct lb;

struct control_parts {
	const char *file; /* of the configuration, for messages */
	const struct config *config;
	struct lb *lb;
	struct event_loop *loop;
	/* By number: the workers', then those of other threads (the I/O thread's); the array is the caller's and stays. */
	const struct counters *const *counters;
	uint32_t n_counters, n_workers;
	struct laddr_groups_hooks laddrs;
	/* As in struct ipvs_model. */
	bool (*is_broadcast)(void *arg, const struct ip_addr *addr);
	void *is_broadcast_arg;
	/* As in struct ipvsx. */
	int (*reload)(void *arg, const char *file, char **ret_messages);
	void *reload_arg;
};

/* Before a port is touched: the control socket is ours for as long as *RET_LOCK is open, which the caller closes last. It
 * may be another's, or its group may not be there. Errors are logged, with their remedy. */
int control_claim(const struct config *config, int *ret_lock);
/* Opens and locks the state folder, makes the groups of local addresses of the config. Errors are logged, with their
 * remedy. */
int control_create(const struct control_parts *parts, struct control **ret);
/* From the state file; one that is damaged is reported and set aside, which is no error. */
int control_restore(struct control *control);
/* Makes everything so far visible to the workers. */
int control_publish(struct control *control);
/* Listens: clients are served from now on, in the loop. Registers with event_loop_after_turn. */
int control_start(struct control *control);
void control_destroy(struct control *control);

/* Takes local_addresses and the settings of vs from CONFIG, which stays the caller's; what clients have set stays.
 * -errno, with a line to MESSAGES: nothing has changed. Made visible to the workers at the end of the turn. */
int control_reload(struct control *control, const struct config *config, FILE *messages);

/* For the mirror: laddr_groups_address_changed(). */
struct laddr_groups *control_laddrs(struct control *control);
uint32_t control_n_services(const struct control *control);

#endif
