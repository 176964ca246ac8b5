/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See control.h. The end of a turn is here, in its order: publish, write to the state file, answer (decisions.md 9).
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "control/control.h"
#include "control/genl_controller.h"
#include "control/ipvs_family.h"
#include "control/ipvsx_family.h"
#include "control/netlink_server.h"
#include "control/state_file.h"
#include "core/cleanup.h"
#include "core/log.h"

#define TICK_MS 100u /* what ipvs_model_tick() expects */
#define STATE_TICK_MS 1000u

struct control {
	struct control_parts parts;
	struct genl genl;
	struct ipvs_model *model;
	struct laddr_groups *groups;
	struct ipvsx ipvsx;
	struct state_file *state;
	struct netlink_server *server;
	char boot_id[40];
	struct log_limit limit;
};

static int
read_boot_id(char *ret, size_t size)
{
	CLEANUP(fd_close) int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, ret, size - 1);

	if (n < 0)
		return -errno;
	ret[n] = '\0';
	ret[strcspn(ret, "\n")] = '\0';
	return 0;
}

static bool
is_laddr(void *arg, const struct ip_addr *addr)
{
	return laddr_groups_have(arg, addr);
}

static int
create_model(struct control *control)
{
	const struct config_limits *limits = &control->parts.config->limits;
	struct ipvs_limits model_limits = {
		.services = limits->services,
		.dests = limits->dests,
		.connections = limits->connections,
	};

	int err = ipvs_model_create(control->parts.lb, &model_limits, &control->model);

	if (err < 0)
		return err;
	ipvs_knobs_begin(control->model, &control->parts.config->knobs);
	control->model->masquerade_is_fullnat = control->parts.config->control.masquerade_is_fullnat;
	control->model->is_broadcast = control->parts.is_broadcast;
	control->model->is_broadcast_arg = control->parts.is_broadcast_arg;
	control->model->is_laddr = is_laddr;
	control->model->is_laddr_arg = control->groups;
	control->model->port_number = control->parts.laddrs.port_number;
	control->model->port_number_arg = control->parts.laddrs.arg;
	control->model->config_marks = control->parts.config->marks;
	control->model->n_config_marks = control->parts.config->n_marks;
	control->model->marks_dirty = true;
	return 0;
}

static int
configure_laddrs(struct control *control)
{
	const struct config *config = control->parts.config;
	struct laddr_fault fault;
	int err = laddr_groups_configure(control->groups, config->laddrs, config->n_laddrs, &fault);

	if (err < 0)
		log_error("control", "%s:%u: %s", control->parts.file, fault.line, fault.text);
	return err;
}

static int
create_parts(struct control *control)
{
	const struct config_control *config = &control->parts.config->control;
	struct state_file_config state = {
		.folder = config->state,
		.boot_id = control->boot_id,
		.restore_after_reboot = config->restore_after_reboot,
	};
	int err = read_boot_id(control->boot_id, sizeof(control->boot_id));

	if (err < 0) {
		log_error("control", "/proc/sys/kernel/random/boot_id: %s; /proc must be mounted", strerror(-err));
		return err;
	}
	err = laddr_groups_create(control->parts.lb, &control->parts.laddrs, &control->groups);
	if (err == 0)
		err = configure_laddrs(control);
	if (err == 0)
		err = create_model(control);
	return err < 0 ? err : state_file_open(&state, &control->state);
}

static struct netlink_server_config
server_config(const struct config *config)
{
	return (struct netlink_server_config){
		.path = config->control.socket,
		.mode = config->control.socket_mode,
		.group = config->control.group,
		.clients_per_uid = config->control.clients_per_uid,
	};
}

int
control_claim(const struct config *config, int *ret_lock)
{
	const struct netlink_server_config server = server_config(config);

	return netlink_server_claim(&server, ret_lock);
}

int
control_create(const struct control_parts *parts, struct control **ret)
{
	struct control *control = calloc(1, sizeof(*control));
	int err;

	if (!control)
		return -ENOMEM;
	control->parts = *parts;
	control->limit = (struct log_limit)LOG_LIMIT(3, 60);
	err = create_parts(control);
	if (err < 0) {
		control_destroy(control);
		return err;
	}
	*ret = control;
	return 0;
}

int
control_restore(struct control *control)
{
	int err = state_file_restore(control->state, control->model, control->groups);

	if (err == -EBADMSG) {
		/* a part of it may be in the model: begin again */
		ipvs_model_destroy(control->model);
		control->model = NULL;
		laddr_groups_restored(control->groups);
		laddr_groups_sweep(control->groups);
		err = create_model(control);
	}
	if (err < 0)
		return err;
	return state_file_observe(control->state, control->model, control->groups);
}

int
control_publish(struct control *control)
{
	int model_err = ipvs_model_publish(control->model), groups_err = laddr_groups_publish(control->groups);

	return model_err < 0 ? model_err : groups_err;
}

static void
after_turn(void *arg)
{
	struct control *control = arg;
	int err;

	if (!control->server)
		return;
	err = control_publish(control);
	if (err < 0)
		log_limited(&control->limit, LOG_ERR, "control",
			    "changes did not reach the workers, and are tried again: %s", strerror(-err));
	state_file_commit(control->state);
	netlink_server_flush(control->server, err);
}

static void
model_tick(void *arg)
{
	struct control *control = arg;
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	if (control->model)
		ipvs_model_tick(control->model, (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000);
}

static void
state_tick(void *arg)
{
	struct control *control = arg;

	if (control->state)
		state_file_tick(control->state);
}

static int
register_families(struct control *control)
{
	int err;

	control->ipvsx = (struct ipvsx){
		.model = control->model,
		.groups = control->groups,
		.counters = { .sets = control->parts.counters,
			      .n_sets = control->parts.n_counters,
			      .n_workers = control->parts.n_workers },
		.reload = control->parts.reload,
		.reload_arg = control->parts.reload_arg,
	};
	err = genl_family_register(&control->genl, &genl_controller, &control->genl);
	if (err == 0)
		err = genl_family_register(&control->genl, &ipvs_family, control->model);
	if (err == 0)
		err = genl_family_register(&control->genl, &ipvsx_family, &control->ipvsx);
	return err;
}

int
control_start(struct control *control)
{
	const struct netlink_server_config server = server_config(control->parts.config);
	int err = register_families(control);

	if (err == 0)
		err = event_loop_every(control->parts.loop, TICK_MS, model_tick, control);
	if (err == 0)
		err = event_loop_every(control->parts.loop, STATE_TICK_MS, state_tick, control);
	if (err == 0)
		err = event_loop_after_turn(control->parts.loop, after_turn, control);
	if (err == 0)
		err = netlink_server_create(&server, control->parts.loop, &control->genl, &control->server);
	if (err == 0)
		log_info("control", "listening on %s", server.path);
	return err;
}

int
control_reload(struct control *control, const struct config *config, FILE *messages)
{
	struct laddr_fault fault;
	int err = laddr_groups_configure(control->groups, config->laddrs, config->n_laddrs, &fault);

	if (err < 0)
		fprintf(messages, "%s:%u: %s\n", control->parts.file, fault.line, fault.text);
	else
		ipvs_knobs_reload(control->model, &config->knobs);
	return err;
}

void
control_destroy(struct control *control)
{
	if (!control)
		return;
	netlink_server_destroy(control->server);
	state_file_close(control->state);
	ipvs_model_destroy(control->model);
	laddr_groups_destroy(control->groups);
	free(control);
}

struct laddr_groups *
control_laddrs(struct control *control)
{
	return control->groups;
}

uint32_t
control_n_services(const struct control *control)
{
	return control->model->n_services;
}
