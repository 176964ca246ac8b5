/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What survives a restart of ipvsd: services, destinations with their numbers, timeouts, synchronisation daemons, and
 * groups of local addresses that came over the control interface. Counts don't. state_log.h keeps the bytes.
 *
 * It observes the model and the groups, and writes what they tell at the end of each turn.
 */
#ifndef CONTROL_STATE_FILE_H
#define CONTROL_STATE_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "control/ipvs_model.h"
#include "control/laddr_groups.h"

struct state_file;

struct state_file_config {
	const char *folder;
	const char *boot_id; /* of the running kernel */
	bool restore_after_reboot;
};

/* Opens and locks the folder; errors are logged. */
int state_file_open(const struct state_file_config *config, struct state_file **ret);
void state_file_close(struct state_file *state);

/* Fills MODEL and GROUPS, which are new, from the file if there is one that counts, and marks what came from it as
 * unconfirmed. -EBADMSG: the file was damaged, has been set aside, and MODEL may hold a part of it: begin again with a
 * new one. 0 also if there is nothing to restore. */
int state_file_restore(struct state_file *state, struct ipvs_model *model, struct laddr_groups *groups);
/* From now on changes of both are written. Writes the file anew. */
int state_file_observe(struct state_file *state, struct ipvs_model *model, struct laddr_groups *groups);
/* At the end of a turn. A failure is logged, and made good by a new file as soon as one can be written. */
void state_file_commit(struct state_file *state);
/* Every second or so: tries again what failed. */
void state_file_tick(struct state_file *state);

#endif
