/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Objects into records: see state_records.h. The way back is in state_apply.c.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/state_records.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "lb/persistence.h"

static void
put_range(const struct ip_addr *range, uint8_t *ret_has, uint8_t ret[2][16])
{
	*ret_has = range[0].family != 0;
	for (int i = 0; i < 2; i++)
		memcpy(ret[i], range[i].ip.bytes, sizeof(ret[i]));
}

static void
put_match(const struct ipvs_match *match, struct state_match *ret)
{
	ret->is_set = match->is_set;
	ret->protocol = match->protocol;
	put_range(match->source, &ret->has_source, ret->source);
	put_range(match->destination, &ret->has_destination, ret->destination);
	memcpy(ret->port, match->port, sizeof(ret->port));
	memcpy(ret->out_port, match->out_port, sizeof(ret->out_port));
}

void
state_put_service(struct state_log *log, const struct ipvs_service *service)
{
	struct state_service record = {
		.index = service->index,
		.family = service->key.family,
		.protocol = service->key.protocol,
		.fwmark = service->key.fwmark,
		.port = service->key.port,
		.flags = service->flags,
		.timeout_s = service->timeout_s,
		.netmask = service->netmask,
		.established_timeout_s = service->options.established_timeout_s,
		.quiescent = service->options.quiescent,
		.client_address = service->options.client_address,
		.is_gateway = service->is_gateway,
	};
	const char *scheduler = service->scheduler ? scheduler_name(service->scheduler) : "none";

	memcpy(record.addr, service->key.addr.bytes, sizeof(record.addr));
	memcpy(record.laddr_group, service->options.laddr_group, sizeof(record.laddr_group));
	memcpy(record.quic, service->options.quic, sizeof(record.quic));
	put_match(&service->match, &record.match);
	snprintf(record.scheduler, sizeof(record.scheduler), "%s", scheduler);
	snprintf(record.engine, sizeof(record.engine), "%s", service->engine ? service->engine->name : "");
	state_log_put(log, STATE_SERVICE, &record, sizeof(record));
}

void
state_put_dest(struct state_log *log, const struct ipvs_dest *dest)
{
	struct state_dest record = {
		.id = dest->spec.id,
		.service = dest->spec.service,
		.family = dest->spec.addr.family,
		.port = dest->spec.port,
		.forward = dest->spec.forward,
		.tunnel_type = dest->spec.tunnel_type,
		.tunnel_port = dest->spec.tunnel_port,
		.tunnel_flags = dest->spec.tunnel_flags,
		.weight = dest->spec.weight,
		.upper = dest->spec.upper,
		.lower = dest->spec.lower,
	};

	memcpy(record.addr, dest->spec.addr.ip.bytes, sizeof(record.addr));
	state_log_put(log, STATE_DEST, &record, sizeof(record));
}

void
state_put_timeouts(struct state_log *log, const struct timeouts_spec *timeouts)
{
	struct state_timeouts record = {
		.tcp_s = timeouts->tcp_s,
		.tcp_fin_s = timeouts->tcp_fin_s,
		.udp_s = timeouts->udp_s,
	};

	state_log_put(log, STATE_TIMEOUTS, &record, sizeof(record));
}

void
state_put_daemon(struct state_log *log, enum ipvs_daemon_state state, const struct ipvs_daemon *daemon)
{
	struct state_daemon record = {
		.state = state,
		.running = daemon->running,
		.sync_id = daemon->sync_id,
		.max_length = daemon->max_length,
		.port = daemon->port,
		.group_family = daemon->group.family,
		.ttl = daemon->ttl,
	};

	memcpy(record.interface, daemon->interface, sizeof(record.interface));
	memcpy(record.group, daemon->group.ip.bytes, sizeof(record.group));
	state_log_put(log, STATE_DAEMON, &record, sizeof(record));
}

void
state_put_knob(struct state_log *log, const struct ipvs_model *model, const struct knob *knob)
{
	struct knobs knobs = model->knobs;
	struct state_knob record = { .name = "" };

	snprintf(record.name, sizeof(record.name), "%s", knob->name);
	memcpy(record.values, knob_values(&knobs, knob), knob->n * sizeof(record.values[0]));
	state_log_put(log, STATE_KNOB, &record, sizeof(record));
}

static void
fill_address(struct state_address *to, const struct ip_addr *from)
{
	to->family = from->family;
	memcpy(to->addr, from->ip.bytes, sizeof(to->addr));
}

void
state_put_laddrs(struct state_log *log, const struct laddr_group *group)
{
	size_t length = sizeof(struct state_laddrs) + group->n_addresses * sizeof(struct state_address);
	CLEANUP(free) void *memory = calloc(1, length);
	struct state_laddrs *record = memory;

	if (!record) {
		log_error("state", "out of memory: group %s of local addresses is not saved", group->name);
		return;
	}
	memcpy(record->name, group->name, sizeof(record->name));
	memcpy(record->port, group->port_name, sizeof(record->port));
	record->first_port = group->first_port;
	record->last_port = group->last_port;
	record->with_vip = group->with_vip;
	record->n_addresses = group->n_addresses;
	fill_address(&record->vip, &group->vip);
	for (uint32_t i = 0; i < group->n_addresses; i++)
		fill_address(&record->addresses[i], &group->addresses[i]);
	state_log_put(log, STATE_LADDRS, record, (uint32_t)length);
}

/* So that a number isn't used again with the generation of a destination that is gone. */
static void
put_generations(struct state_log *log, const struct ipvs_model *model)
{
	for (uint32_t index = 0; index < model->dests_high; index++) {
		const struct ipvs_dest *dest = model->dests[index];
		struct state_number record = { .number = DEST_ID(index, model->generations[index]) };

		if (model->generations[index] > 0 && (!dest || !dest->service))
			state_log_put(log, STATE_GENERATION, &record, sizeof(record));
	}
}

/* A weight of 0 leaves a mark of the weight before: what was logged change by change is told again that way. */
static void
put_dest_with_history(struct state_log *log, const struct ipvs_dest *dest)
{
	struct ipvs_dest before = *dest;

	if (dest->spec.weight != dest->spec.last_weight) {
		before.spec.weight = dest->spec.last_weight;
		state_put_dest(log, &before);
	}
	state_put_dest(log, dest);
}

static int
put_services(struct state_log *log, const struct ipvs_model *model)
{
	CLEANUP(free) void *memory = ipvs_services_by_age(model);
	struct ipvs_service **services = memory;

	if (!services)
		return -ENOMEM;
	for (uint32_t i = 0; i < model->n_services; i++) {
		const struct ipvs_dest *dest;

		state_put_service(log, services[i]);
		/* each is put before those that are there already when it is read */
		TAILQ_FOREACH_REVERSE (dest, &services[i]->dests, ipvs_dest_list, link)
			put_dest_with_history(log, dest);
	}
	return 0;
}

int
state_put_everything(struct state_log *log, const struct ipvs_model *model, const struct laddr_groups *groups)
{
	const struct laddr_group *group;
	int err;

	state_put_timeouts(log, &model->timeouts);
	for (int state = 0; state < DAEMON_STATES; state++)
		if (model->daemons[state].running)
			state_put_daemon(log, (enum ipvs_daemon_state)state, &model->daemons[state]);
	for (int i = 0; i < KNOB_COUNT; i++)
		if (model->knob_is_set[i])
			state_put_knob(log, model, &knob_table[i]);
	put_generations(log, model);
	err = put_services(log, model);
	TAILQ_FOREACH (group, laddr_groups_list(groups), link)
		if (!group->configured)
			state_put_laddrs(log, group);
	return err;
}
