/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The records of the state file: the objects of the model as flat bytes. In host order, but addresses and ports.
 * A change of any of these is a new STATE_VERSION (state_log_format.h).
 */
#ifndef CONTROL_STATE_RECORDS_H
#define CONTROL_STATE_RECORDS_H

#include <assert.h>

#include "control/ipvs_model.h"
#include "control/laddr_groups.h"
#include "control/state_log.h"

enum state_record_type {
	STATE_SERVICE = 1,
	STATE_SERVICE_REMOVED,
	STATE_DEST,
	STATE_DEST_REMOVED,
	STATE_TIMEOUTS,
	STATE_DAEMON,
	STATE_LADDRS,
	STATE_LADDRS_REMOVED,
	STATE_GENERATION, /* of a destination's number that is free */
	STATE_KNOB, /* that was set by a client */
};

/* The ranges of the service's family. */
struct state_match {
	uint8_t is_set, protocol, has_source, has_destination, pad[4];
	uint8_t source[2][16], destination[2][16];
	char port[CONFIG_NAME_MAX], out_port[CONFIG_NAME_MAX];
};
static_assert(sizeof(struct state_match) == 136, "as written");

struct state_service {
	uint32_t index;
	uint16_t family, protocol;
	uint8_t addr[16];
	uint32_t fwmark;
	rte_be16_t port;
	uint16_t pad;
	uint32_t flags, timeout_s, netmask;
	char scheduler[16], engine[16]; /* of persistence; "": none */
	uint32_t established_timeout_s;
	uint8_t quiescent, client_address, is_gateway, pad_options;
	char laddr_group[CONFIG_NAME_MAX], quic[CONFIG_NAME_MAX];
	struct state_match match;
};
static_assert(sizeof(struct state_service) == 284, "as written");

struct state_dest {
	uint32_t id, service;
	uint8_t addr[16];
	uint16_t family;
	rte_be16_t port;
	uint8_t forward, tunnel_type;
	rte_be16_t tunnel_port;
	uint16_t tunnel_flags, pad;
	int32_t weight;
	uint32_t upper, lower;
};
static_assert(sizeof(struct state_dest) == 48, "as written");

struct state_number {
	uint32_t number;
};

struct state_timeouts {
	uint32_t tcp_s, tcp_fin_s, udp_s;
};

struct state_knob {
	char name[32];
	int32_t values[KNOB_NUMBERS_MAX];
};
static_assert(sizeof(struct state_knob) == 40, "as written");

struct state_daemon {
	uint32_t state, running, sync_id;
	char interface[16];
	uint16_t max_length, port, group_family;
	uint8_t ttl, pad;
	uint8_t group[16];
};
static_assert(sizeof(struct state_daemon) == 52, "as written");

struct state_address {
	uint16_t family, pad;
	uint8_t addr[16];
};

struct state_laddrs {
	char name[CONFIG_NAME_MAX], port[CONFIG_NAME_MAX];
	uint16_t first_port, last_port;
	uint32_t with_vip, n_addresses;
	struct state_address vip;
	struct state_address addresses[];
};
static_assert(sizeof(struct state_laddrs) == 96, "as written");

struct state_name {
	char name[CONFIG_NAME_MAX];
};

void state_put_service(struct state_log *log, const struct ipvs_service *service);
void state_put_dest(struct state_log *log, const struct ipvs_dest *dest);
void state_put_timeouts(struct state_log *log, const struct timeouts_spec *timeouts);
void state_put_daemon(struct state_log *log, enum ipvs_daemon_state state, const struct ipvs_daemon *daemon);
void state_put_knob(struct state_log *log, const struct ipvs_model *model, const struct knob *knob);
void state_put_laddrs(struct state_log *log, const struct laddr_group *group);
/* All that there is, services in the order in which they were made, which decides between their matches. -ENOMEM. */
int state_put_everything(struct state_log *log, const struct ipvs_model *model, const struct laddr_groups *groups);

/* Applies a record to a model that is being restored; records about local addresses are passed over. */
int state_apply_model(struct ipvs_model *model, uint16_t type, const void *payload, uint32_t length);
/* The same for groups, passing over all else. A group whose port is gone is left out, with a line in the log. */
int state_apply_laddrs(struct laddr_groups *groups, uint16_t type, const void *payload, uint32_t length);

#endif
