/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Records into objects: see state_records.h. A record that doesn't fit is an error of the whole file.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "control/state_records.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "lb/client_address.h"
#include "lb/lb.h"
#include "lb/quic.h"

static bool
is_family(uint16_t family)
{
	return family == AF_INET || family == AF_INET6;
}

static int
get_range(uint8_t has, const uint8_t bytes[2][16], uint16_t family, struct ip_addr *ret)
{
	for (int i = 0; i < 2 && has; i++) {
		ret[i].family = family;
		memcpy(ret[i].ip.bytes, bytes[i], family == AF_INET ? 4 : 16);
	}
	return memcmp(&ret[0].ip, &ret[1].ip, sizeof(ret->ip)) <= 0 ? 0 : -EBADMSG;
}

static int
get_match(const struct state_match *record, uint16_t family, struct ipvs_match *ret)
{
	if (!record->is_set)
		return 0;
	if (record->port[sizeof(record->port) - 1] != '\0' || record->out_port[sizeof(record->out_port) - 1] != '\0' ||
	    get_range(record->has_source, record->source, family, ret->source) < 0 ||
	    get_range(record->has_destination, record->destination, family, ret->destination) < 0)
		return -EBADMSG;
	ret->is_set = true;
	ret->protocol = record->protocol;
	memcpy(ret->port, record->port, sizeof(record->port));
	memcpy(ret->out_port, record->out_port, sizeof(record->out_port));
	return 0;
}

static int
apply_service(struct ipvs_model *model, const struct state_service *record)
{
	struct ipvs_service_setup setup = {
		.scheduler = record->scheduler,
		.persistence_engine = record->engine,
		.flags = record->flags,
		.timeout_s = record->timeout_s,
		.netmask = record->netmask,
		.options = {
			.established_timeout_s = record->established_timeout_s,
			.quiescent = record->quiescent,
			.client_address = record->client_address,
		},
	};
	struct ipvs_key key;
	struct ipvs_service *service;
	int err;

	if (!is_family(record->family) || record->scheduler[sizeof(record->scheduler) - 1] != '\0' ||
	    record->engine[sizeof(record->engine) - 1] != '\0' ||
	    record->laddr_group[sizeof(record->laddr_group) - 1] != '\0' ||
	    record->quic[sizeof(record->quic) - 1] != '\0' ||
	    !client_address_suits((enum client_address)record->client_address,
				  record->fwmark != 0 ? 0 : record->protocol))
		return -EBADMSG;
	memset(&setup.match, 0, sizeof(setup.match));
	if (get_match(&record->match, record->family, &setup.match) < 0 || (setup.match.is_set && record->fwmark == 0))
		return -EBADMSG;
	memcpy(setup.options.laddr_group, record->laddr_group, sizeof(record->laddr_group));
	memcpy(setup.options.quic, record->quic, sizeof(record->quic));
	if (record->quic[0] != '\0' && !quic_coding_by_name(model->lb->quic, record->quic))
		log_warning("state",
			    "a service has the QUIC coding \"%s\", which the configuration lacks: its connection IDs "
			    "are not looked at",
			    record->quic);
	memset(&key, 0, sizeof(key));
	memcpy(key.addr.bytes, record->addr, sizeof(record->addr));
	key.fwmark = record->fwmark;
	key.port = record->port;
	key.family = record->family;
	key.protocol = record->protocol;
	service = record->index < model->services_high ? model->services[record->index] : NULL;
	if (service)
		err = ipvs_key_equal(&service->key, &key) ? ipvs_service_edit(model, service, &setup) : -EBADMSG;
	else
		err = ipvs_service_add_at(model, record->index, &key, &setup, &service);
	if (err == 0)
		service->is_gateway = record->is_gateway != 0 && key.fwmark != 0;
	return err;
}

static int
remove_service(struct ipvs_model *model, const struct state_number *record)
{
	if (record->number >= model->services_high || !model->services[record->number])
		return -EBADMSG;
	ipvs_service_drop(model, model->services[record->number]);
	return 0;
}

static int
apply_dest(struct ipvs_model *model, const struct state_dest *record)
{
	struct dest spec = {
		.addr.family = record->family,
		.port = record->port,
		.forward = record->forward & (FORWARD_METHODS - 1),
		.tunnel_type = record->tunnel_type,
		.tunnel_port = record->tunnel_port,
		.tunnel_flags = record->tunnel_flags,
		.weight = record->weight,
		.upper = record->upper,
		.lower = record->lower,
	};
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	if (!is_family(record->family) || record->service >= model->services_high)
		return -EBADMSG;
	service = model->services[record->service];
	if (!service)
		return -EBADMSG;
	memcpy(spec.addr.ip.bytes, record->addr, sizeof(record->addr));
	dest = ipvs_dest_find(model, service, &spec.addr, spec.port);
	if (dest)
		return dest->spec.id == record->id ? ipvs_dest_edit(model, service, &spec) : -EBADMSG;
	return ipvs_dest_add_at(model, service, &spec, record->id, &dest);
}

static int
remove_dest(struct ipvs_model *model, const struct state_number *record)
{
	uint32_t index = DEST_INDEX(record->number);

	if (index >= model->dests_high || !model->dests[index] || model->dests[index]->spec.id != record->number)
		return -EBADMSG;
	ipvs_dest_drop(model, model->dests[index]);
	return 0;
}

static int
apply_generation(struct ipvs_model *model, const struct state_number *record)
{
	uint32_t index = DEST_INDEX(record->number);

	/* beyond the limit, if that became smaller, the number won't be used */
	if (index < model->limits.dests)
		model->generations[index] = (uint16_t)(record->number >> DEST_INDEX_BITS);
	return 0;
}

static int
apply_timeouts(struct ipvs_model *model, const struct state_timeouts *record)
{
	struct timeouts_spec timeouts = {
		.tcp_s = record->tcp_s,
		.tcp_fin_s = record->tcp_fin_s,
		.udp_s = record->udp_s,
	};

	return ipvs_timeouts_set(model, &timeouts);
}

static int
apply_daemon(struct ipvs_model *model, const struct state_daemon *record)
{
	struct ipvs_daemon *daemon;

	if (record->state >= DAEMON_STATES || !is_family(record->group_family) ||
	    record->interface[sizeof(record->interface) - 1] != '\0')
		return -EBADMSG;
	daemon = &model->daemons[record->state];
	*daemon = (struct ipvs_daemon){
		.running = record->running != 0,
		.sync_id = record->sync_id,
		.max_length = record->max_length,
		.port = record->port,
		.ttl = record->ttl,
		.group.family = record->group_family,
	};
	memcpy(daemon->interface, record->interface, sizeof(daemon->interface));
	memcpy(daemon->group.ip.bytes, record->group, sizeof(record->group));
	return 0;
}

/* One that this version doesn't have, or doesn't let be so, is left as ipvsd.conf has it. */
static int
apply_knob(struct ipvs_model *model, const struct state_knob *record)
{
	char name[sizeof(record->name) + 1] = "", text[32];
	const struct knob *knob;
	int err = -ENOENT;

	memcpy(name, record->name, sizeof(record->name));
	knob = knob_by_name(name);
	if (knob) {
		snprintf(text, sizeof(text), "%d %d", record->values[0], record->values[1]);
		err = ipvs_knob_write(model, knob, text, strlen(text));
	}
	if (err < 0)
		log_warning("state", "net.ipv4.vs.%s is left as ipvsd.conf has it: %s", name, strerror(-err));
	return 0;
}

int
state_apply_model(struct ipvs_model *model, uint16_t type, const void *payload, uint32_t length)
{
	static const uint32_t lengths[] = {
		[STATE_SERVICE] = sizeof(struct state_service),
		[STATE_SERVICE_REMOVED] = sizeof(struct state_number),
		[STATE_DEST] = sizeof(struct state_dest),
		[STATE_DEST_REMOVED] = sizeof(struct state_number),
		[STATE_TIMEOUTS] = sizeof(struct state_timeouts),
		[STATE_DAEMON] = sizeof(struct state_daemon),
		[STATE_LADDRS] = 0,
		[STATE_LADDRS_REMOVED] = 0,
		[STATE_GENERATION] = sizeof(struct state_number),
		[STATE_KNOB] = sizeof(struct state_knob),
	};

	if (type == 0 || type >= sizeof(lengths) / sizeof(lengths[0]) || (lengths[type] && length != lengths[type]))
		return -EBADMSG;
	switch ((enum state_record_type)type) {
	case STATE_SERVICE:
		return apply_service(model, payload);
	case STATE_SERVICE_REMOVED:
		return remove_service(model, payload);
	case STATE_DEST:
		return apply_dest(model, payload);
	case STATE_DEST_REMOVED:
		return remove_dest(model, payload);
	case STATE_TIMEOUTS:
		return apply_timeouts(model, payload);
	case STATE_DAEMON:
		return apply_daemon(model, payload);
	case STATE_GENERATION:
		return apply_generation(model, payload);
	case STATE_KNOB:
		return apply_knob(model, payload);
	case STATE_LADDRS:
	case STATE_LADDRS_REMOVED:
		break;
	}
	return 0;
}

static void
take_address(struct ip_addr *to, const struct state_address *from)
{
	memset(to, 0, sizeof(*to));
	to->family = from->family;
	memcpy(to->ip.bytes, from->addr, sizeof(from->addr));
}

static int
apply_group(struct laddr_groups *groups, const struct state_laddrs *record, uint32_t length)
{
	CLEANUP(free) void *memory = NULL;
	struct laddr_group group = { 0 };
	int err;

	if (length < sizeof(*record) || record->n_addresses > LADDR_GROUP_MAX ||
	    length != sizeof(*record) + record->n_addresses * sizeof(record->addresses[0]) ||
	    record->name[sizeof(record->name) - 1] != '\0' || record->port[sizeof(record->port) - 1] != '\0')
		return -EBADMSG;
	memory = calloc(record->n_addresses + 1u, sizeof(*group.addresses));
	if (!memory)
		return -ENOMEM;
	group.addresses = memory;
	group.n_addresses = record->n_addresses;
	memcpy(group.name, record->name, sizeof(group.name));
	memcpy(group.port_name, record->port, sizeof(group.port_name));
	group.first_port = record->first_port;
	group.last_port = record->last_port;
	group.with_vip = record->with_vip != 0;
	take_address(&group.vip, &record->vip);
	for (uint32_t i = 0; i < group.n_addresses; i++)
		take_address(&group.addresses[i], &record->addresses[i]);
	err = laddr_groups_set(groups, &group);
	if (err == -ENOMEM)
		return err;
	if (err < 0)
		log_warning("state", "group %s of local addresses does not fit ipvsd.conf any more and is left out: %s",
			    group.name, strerror(-err));
	return 0;
}

int
state_apply_laddrs(struct laddr_groups *groups, uint16_t type, const void *payload, uint32_t length)
{
	const struct state_name *record = payload;
	int err;

	if (type == STATE_LADDRS)
		return apply_group(groups, payload, length);
	if (type != STATE_LADDRS_REMOVED)
		return 0;
	if (length != sizeof(*record) || record->name[sizeof(record->name) - 1] != '\0')
		return -EBADMSG;
	err = laddr_groups_remove(groups, record->name);
	/* it may have been left out */
	return err == -ENOENT || err == -EBUSY ? 0 : err;
}
