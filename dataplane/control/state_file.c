/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See state_file.h.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "control/state_file.h"
#include "control/state_log.h"
#include "control/state_records.h"
#include "core/cleanup.h"
#include "core/log.h"

/* Appended to until it has this many times what a new file takes, and SLACK. */
#define COMPACT_FACTOR 4
#define COMPACT_SLACK (1u << 20)

struct state_file {
	struct state_log *log;
	struct state_file_config config;
	struct ipvs_model *model;
	struct laddr_groups *groups;
	struct ipvs_observer observer;
	struct laddr_groups_observer groups_observer;
	uint64_t compacted; /* bytes of the file when it was last written anew */
	bool stale; /* what could not be appended is missing */
	struct log_limit limit;
};

int
state_file_open(const struct state_file_config *config, struct state_file **ret)
{
	struct state_file *state = calloc(1, sizeof(*state));
	int err;

	if (!state)
		return -ENOMEM;
	state->config = *config;
	state->limit = (struct log_limit)LOG_LIMIT(3, 60);
	err = state_log_open(config->folder, config->boot_id, config->restore_after_reboot, &state->log);
	if (err < 0) {
		free(state);
		return err;
	}
	*ret = state;
	return 0;
}

void
state_file_close(struct state_file *state)
{
	if (!state)
		return;
	if (state->model)
		state->model->observer = NULL;
	if (state->groups)
		laddr_groups_observe(state->groups, NULL);
	state_log_close(state->log);
	free(state);
}

static int
apply_to_model(void *arg, uint16_t type, const void *payload, uint32_t length)
{
	return state_apply_model(arg, type, payload, length);
}

static int
apply_to_groups(void *arg, uint16_t type, const void *payload, uint32_t length)
{
	return state_apply_laddrs(arg, type, payload, length);
}

static int
set_aside(struct state_file *state, const char *why)
{
	int err;

	log_error("state", "%s/state is not used: %s", state->config.folder, why);
	err = state_log_set_aside(state->log);
	if (err < 0) {
		log_error("state", "%s/state can't be set aside: %s", state->config.folder, strerror(-err));
		return err;
	}
	return -EBADMSG;
}

static int
apply_image(struct state_file *state, const struct state_image *image, struct ipvs_model *model,
	    struct laddr_groups *groups)
{
	int err = state_image_each(image, apply_to_model, model);

	if (err == 0)
		err = state_image_each(image, apply_to_groups, groups);
	if (err == -ENOMEM)
		return err;
	if (err == -ERANGE)
		return set_aside(state, "it has more services or destinations than ipvsd.conf allows (limits)");
	if (err < 0)
		return set_aside(state, "its records contradict each other, or name what this version doesn't know");
	ipvs_model_restored(model);
	laddr_groups_restored(groups);
	log_info("state", "restored %u services with %u destinations, until a client confirms or removes them",
		 model->n_services, model->n_dests);
	return 0;
}

static bool
is_of_another_boot(const struct state_file *state, const struct state_image *image)
{
	return strcmp(image->boot_id, state->config.boot_id) != 0 && !state->config.restore_after_reboot;
}

int
state_file_restore(struct state_file *state, struct ipvs_model *model, struct laddr_groups *groups)
{
	CLEANUP(free) void *bytes = NULL;
	struct state_image image;
	int err = state_log_load(state->log, &image);

	bytes = image.bytes;
	if (err == -ENOENT)
		return 0;
	/* What a power failure left is nothing to complain about if it would not be restored anyway. */
	if (err == -EBADMSG && image.blank && !state->config.restore_after_reboot) {
		log_info("state", "nothing restored: %s/state is empty, as a power failure leaves it",
			 state->config.folder);
		return 0;
	}
	if (err == -EBADMSG && (image.boot_id[0] == '\0' || !is_of_another_boot(state, &image)))
		return set_aside(state, image.fault);
	if (err < 0 && err != -EBADMSG) {
		log_error("state", "%s/state can't be read: %s", state->config.folder, strerror(-err));
		return err;
	}
	if (is_of_another_boot(state, &image)) {
		log_info("state", "nothing restored: the host was started again since "
				  "(control.restore_after_reboot would restore)");
		return 0;
	}
	if (image.skipped > 0)
		log_warning("state",
			    "the last change was not written to its end, nor acknowledged: left out (%zu bytes)",
			    image.skipped);
	return apply_image(state, &image, model, groups);
}

/* ---- What the model tells ---- */

static void
put_service(void *arg, const struct ipvs_service *service)
{
	state_put_service(((struct state_file *)arg)->log, service);
}

static void
put_number(struct state_file *state, enum state_record_type type, uint32_t number)
{
	struct state_number record = { .number = number };

	state_log_put(state->log, type, &record, sizeof(record));
}

static void
put_service_removed(void *arg, const struct ipvs_service *service)
{
	put_number(arg, STATE_SERVICE_REMOVED, service->index);
}

static void
put_dest(void *arg, const struct ipvs_dest *dest)
{
	state_put_dest(((struct state_file *)arg)->log, dest);
}

static void
put_dest_removed(void *arg, const struct ipvs_dest *dest)
{
	put_number(arg, STATE_DEST_REMOVED, dest->spec.id);
}

static void
put_timeouts(void *arg, const struct timeouts_spec *timeouts)
{
	state_put_timeouts(((struct state_file *)arg)->log, timeouts);
}

static void
put_daemon(void *arg, enum ipvs_daemon_state daemon_state, const struct ipvs_daemon *daemon)
{
	state_put_daemon(((struct state_file *)arg)->log, daemon_state, daemon);
}

static void
put_knob(void *arg, const struct knob *knob)
{
	const struct state_file *state = arg;

	state_put_knob(state->log, state->model, knob);
}

static void
put_group(void *arg, const struct laddr_group *group)
{
	if (!group->configured)
		state_put_laddrs(((struct state_file *)arg)->log, group);
}

static void
put_group_removed(void *arg, const struct laddr_group *group)
{
	struct state_name record;

	memcpy(record.name, group->name, sizeof(record.name));
	state_log_put(((struct state_file *)arg)->log, STATE_LADDRS_REMOVED, &record, sizeof(record));
}

/* ---- Writing ---- */

static int
write_anew(struct state_file *state)
{
	int err;

	state_log_discard(state->log);
	err = state_put_everything(state->log, state->model, state->groups);
	if (err == 0)
		err = state_log_replace(state->log);
	if (err < 0) {
		state->stale = true;
		log_limited(&state->limit, LOG_ERR, "state", "%s can't be written, a restart would lose changes: %s",
			    state->config.folder, strerror(-err));
		return err;
	}
	state->stale = false;
	state->compacted = state_log_size(state->log);
	return 0;
}

int
state_file_observe(struct state_file *state, struct ipvs_model *model, struct laddr_groups *groups)
{
	state->model = model;
	state->groups = groups;
	state->observer = (struct ipvs_observer){
		.arg = state,
		.service = put_service,
		.service_removed = put_service_removed,
		.dest = put_dest,
		.dest_removed = put_dest_removed,
		.timeouts = put_timeouts,
		.daemon = put_daemon,
		.knob = put_knob,
	};
	state->groups_observer = (struct laddr_groups_observer){
		.arg = state,
		.group = put_group,
		.group_removed = put_group_removed,
	};
	model->observer = &state->observer;
	laddr_groups_observe(groups, &state->groups_observer);
	return write_anew(state);
}

void
state_file_commit(struct state_file *state)
{
	int err;

	if (state_log_buffered(state->log) == 0)
		return;
	if (state->stale) {
		/* state_file_tick() writes it anew */
		state_log_discard(state->log);
		return;
	}
	err = state_log_append(state->log);
	if (err < 0)
		log_limited(&state->limit, LOG_ERR, "state", "%s can't be written: %s", state->config.folder,
			    strerror(-err));
	/* the error of a new file, if that can't be written either, is logged and tried again there */
	if (err < 0 || state_log_size(state->log) > state->compacted * COMPACT_FACTOR + COMPACT_SLACK)
		(void)write_anew(state);
}

void
state_file_tick(struct state_file *state)
{
	if (state->stale)
		(void)write_anew(state);
}
