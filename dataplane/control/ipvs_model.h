/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The configuration as the control thread has it: services, destinations, timeouts, synchronisation daemons. Control-
 * only; what workers see of it is made at the end of each turn by ipvs_model_publish() through lb/service.h.
 *
 * The commands (ipvs_service.c, ipvs_dest.c, ipvs_config.c, ipvs_daemon.c) and the state file change it through the
 * functions here, which follow net/netfilter/ipvs/ip_vs_ctl.c: the checks, their order and their errors.
 */
#ifndef CONTROL_IPVS_MODEL_H
#define CONTROL_IPVS_MODEL_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "control/hash_index.h"
#include "control/ipvs_match.h"
#include "control/ipvs_stats.h"
#include "control/ipvs_totals.h"
#include "control/number_pool.h"
#include "core/knobs.h"
#include "lb/service.h"

/* As long as a removed destination is remembered after its last connection (IP_VS_DEST_TRASH_PERIOD). */
#define TRASH_PERIOD_MS 120000u

/* A service's identity as the interface has it; the protocol is wider than a packet's. */
struct ipvs_key {
	union ip_bits addr;
	uint32_t fwmark; /* if not 0, addr and port are 0 */
	rte_be16_t port;
	uint16_t family;
	uint16_t protocol;
};

TAILQ_HEAD(ipvs_dest_list, ipvs_dest);

struct ipvs_service {
	struct hash_node node;
	struct ipvs_key key;
	uint32_t index;
	uint64_t serial; /* no other service ever had it */
	uint32_t flags; /* IP_VS_SVC_F_*, with HASHED */
	uint32_t timeout_s, netmask;
	const struct scheduler *scheduler; /* NULL: "none" */
	const struct persistence_engine *engine; /* NULL: none */
	struct service_options options;
	struct ipvs_match match; /* of a mark's */
	bool moved; /* it matched something else when it had destinations already: lb/removed.h */
	bool told_no_port; /* the log has it that a port of its match isn't there */
	struct ipvs_dest_list dests; /* the newest first */
	uint32_t n_dests;
	uint32_t n_joined; /* destinations, ever */
	bool is_gateway; /* it has destinations of SNAT, or has none and the last that it had were */
	struct ipvs_stats past; /* of destinations that left */
	struct ipvs_stats zero; /* subtracted from what is shown */
	bool unconfirmed; /* restored, or in doubt since its pusher began anew, and not named by a client since */
	uint32_t pusher; /* pid of the client that pushes it; 0: none */
	bool dirty, published, removed;
	TAILQ_ENTRY(ipvs_service) dirty_link;
};

struct ipvs_dest {
	struct hash_node node;
	struct dest spec; /* with id; as last published or about to be */
	struct ipvs_key service_key; /* finds it in the trash */
	struct ipvs_service *service; /* NULL in the trash */
	uint64_t service_serial; /* of the service it is in, or was in last */
	TAILQ_ENTRY(ipvs_dest) link; /* in the service or in the trash */
	TAILQ_ENTRY(ipvs_dest) dirty_link;
	const struct dest *published;
	struct ipvs_stats joined; /* the workers' counts when it came to its service */
	struct ipvs_stats zero; /* the workers' counts that are shown as 0 */
	struct ipvs_estimator estimator;
	uint64_t idle_since_ms; /* in the trash */
	uint32_t pusher;
	bool unconfirmed, dirty;
	/* By the workers, as one that was removed (lb/removed.h), with the method it had: 1 + that. 0: it isn't. */
	uint8_t remembered;
};

/* Where a dump of destinations stands; the model moves it on when the destination goes away. */
struct ipvs_cursor {
	struct ipvs_dest *next;
	LIST_ENTRY(ipvs_cursor) link;
};

enum ipvs_daemon_state { DAEMON_MASTER, DAEMON_BACKUP, DAEMON_STATES };

struct ipvs_daemon {
	bool running;
	char interface[IFNAMSIZ];
	uint32_t sync_id;
	uint16_t max_length;
	uint16_t port; /* host order */
	uint8_t ttl;
	struct ip_addr group;
};

struct ipvs_model;

/* Told of every change, in order; the state file is one. */
struct ipvs_observer {
	void *arg;
	void (*service)(void *arg, const struct ipvs_service *service);
	void (*service_removed)(void *arg, const struct ipvs_service *service);
	void (*dest)(void *arg, const struct ipvs_dest *dest);
	void (*dest_removed)(void *arg, const struct ipvs_dest *dest);
	void (*timeouts)(void *arg, const struct timeouts_spec *timeouts);
	void (*daemon)(void *arg, enum ipvs_daemon_state state, const struct ipvs_daemon *daemon);
	void (*knob)(void *arg, const struct knob *knob);
};

struct ipvs_limits {
	uint32_t services, dests;
	uint32_t connections; /* what GET_INFO tells */
};

struct ipvs_model {
	struct lb *lb;
	struct ipvs_limits limits;
	bool masquerade_is_fullnat; /* from clients that do not know full-NAT; set before any comes */
	/* Whether an address is the broadcast address of one of the host's subnets; NULL: none is. */
	bool (*is_broadcast)(void *arg, const struct ip_addr *addr);
	void *is_broadcast_arg;
	/* Whether an address is one of a group of local addresses; NULL: none is. */
	bool (*is_laddr)(void *arg, const struct ip_addr *addr);
	void *is_laddr_arg;
	/* The number of the port of that name, or negative; NULL: there is none. */
	int (*port_number)(void *arg, const char *name);
	void *port_number_arg;
	const struct config_mark *config_marks; /* the configuration's, which stays */
	uint32_t n_config_marks;
	bool marks_dirty;
	bool has_marks; /* rules were published before, if perhaps none */
	struct ipvs_service **services; /* by index */
	uint32_t services_high; /* above every index in use */
	struct ipvs_dest **dests; /* by index, those in the trash too */
	uint16_t *generations; /* by dest index: the last one given out */
	struct hash_index service_index, dest_index, trash_index;
	struct number_pool service_numbers, dest_numbers;
	uint32_t n_services, n_dests, n_mixed; /* mixed: family differs from the service's */
	uint32_t dests_high; /* above every index in use */
	uint64_t next_serial;
	TAILQ_HEAD(, ipvs_service) dirty_services;
	TAILQ_HEAD(, ipvs_dest) dirty_dests;
	TAILQ_HEAD(ipvs_trash, ipvs_dest) trash; /* the longest there first */
	LIST_HEAD(, ipvs_cursor) cursors;
	struct timeouts_spec timeouts;
	bool timeouts_dirty;
	struct ipvs_daemon daemons[DAEMON_STATES];
	struct knobs knobs;
	bool knob_is_set[KNOB_COUNT]; /* by a client, not by the configuration alone */
	bool knobs_dirty;
	const struct ipvs_observer *observer;
	uint64_t now_ms; /* set by ipvs_model_tick() */
	uint32_t slice; /* of the destinations, to be estimated next */
	bool estimating; /* in this round */
	struct ipvs_totals totals;
};

int ipvs_model_create(struct lb *lb, const struct ipvs_limits *limits, struct ipvs_model **ret);
void ipvs_model_destroy(struct ipvs_model *model);

/* ---- Services ---- */

/* What NEW_SERVICE and SET_SERVICE give besides the key. */
struct ipvs_service_setup {
	const char *scheduler; /* "none": no scheduling */
	const char *persistence_engine; /* NULL or "": none */
	uint32_t flags, timeout_s, netmask;
	struct service_options options;
	struct ipvs_match match;
};

struct ipvs_service *ipvs_service_find(const struct ipvs_model *model, const struct ipvs_key *key);
int ipvs_service_add(struct ipvs_model *model, const struct ipvs_key *key, const struct ipvs_service_setup *setup,
		     struct ipvs_service **ret);
/* The same under a certain INDEX, for restore. */
int ipvs_service_add_at(struct ipvs_model *model, uint32_t index, const struct ipvs_key *key,
			const struct ipvs_service_setup *setup, struct ipvs_service **ret);
int ipvs_service_edit(struct ipvs_model *model, struct ipvs_service *service, const struct ipvs_service_setup *setup);
void ipvs_service_remove(struct ipvs_model *model, struct ipvs_service *service);
void ipvs_service_zero(struct ipvs_model *model, struct ipvs_service *service);
/* What is shown: counts since the last zero, and rates. Returns how many of its destinations have counted packets since the
 * last sample. */
uint32_t ipvs_service_stats(const struct ipvs_model *model, const struct ipvs_service *service,
			    struct ipvs_stats *ret_counts, struct ipvs_rates *ret_rates);
/* NULL, or the first one with an index of at least *INDEX, which is moved behind it. */
struct ipvs_service *ipvs_service_next(const struct ipvs_model *model, uint64_t *index);
/* All n_services, the one made first first; for free(). NULL without memory. */
struct ipvs_service **ipvs_services_by_age(const struct ipvs_model *model);
void ipvs_flush(struct ipvs_model *model);
void ipvs_zero_all(struct ipvs_model *model);

/* ---- Destinations: ADDR, PORT and the settings of SPEC; id and service are filled in ---- */

struct ipvs_dest *ipvs_dest_find(const struct ipvs_model *model, const struct ipvs_service *service,
				 const struct ip_addr *addr, rte_be16_t port);
int ipvs_dest_add(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec,
		  struct ipvs_dest **ret);
/* The same under a certain ID, for restore. */
int ipvs_dest_add_at(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec, uint32_t id,
		     struct ipvs_dest **ret);
int ipvs_dest_edit(struct ipvs_model *model, struct ipvs_service *service, const struct dest *spec);
int ipvs_dest_remove(struct ipvs_model *model, struct ipvs_service *service, const struct ip_addr *addr,
		     rte_be16_t port);
/* The removed destination that an add would revive, or NULL. */
struct ipvs_dest *ipvs_dest_in_trash(const struct ipvs_model *model, const struct ipvs_service *service,
				     const struct ip_addr *addr, rte_be16_t port);
void ipvs_cursor_open(struct ipvs_model *model, const struct ipvs_service *service, struct ipvs_cursor *cursor);
void ipvs_cursor_close(struct ipvs_cursor *cursor);

/* ---- The rest ---- */

/* 0 leaves a value as it is; -EINVAL. */
int ipvs_timeouts_set(struct ipvs_model *model, const struct timeouts_spec *timeouts);
int ipvs_daemon_start(struct ipvs_model *model, uint32_t wire_state, struct ipvs_daemon *daemon);
int ipvs_daemon_stop(struct ipvs_model *model, uint32_t wire_state);

/* The knobs begin with these: the kernel's first values, if nothing is said. */
void ipvs_knobs_begin(struct ipvs_model *model, const struct knobs *knobs);
/* The same while it runs: those that a client has set stay. */
void ipvs_knobs_reload(struct ipvs_model *model, const struct knobs *knobs);
/* As a client writes to such a file: knob_parse(). */
int ipvs_knob_write(struct ipvs_model *model, const struct knob *knob, const char *text, size_t length);

/* Makes all changes visible to the workers. On an error (-ENOMEM) what failed stays to be done. */
int ipvs_model_publish(struct ipvs_model *model);
/* Every 100 ms: rates, each twentieth of the destinations in turn, and the trash. */
void ipvs_model_tick(struct ipvs_model *model, uint64_t now_ms);
/* For a restore, before anything was published: gone without a trace, the numbers can be claimed again. */
void ipvs_service_drop(struct ipvs_model *model, struct ipvs_service *service);
void ipvs_dest_drop(struct ipvs_model *model, struct ipvs_dest *dest);
/* After a restore: marks all as unconfirmed, the numbers that were not claimed are free. */
void ipvs_model_restored(struct ipvs_model *model);
/* The client with this PID (not 0) begins to push all that it wants: what it pushed before is in doubt. */
void ipvs_model_doubt(struct ipvs_model *model, uint32_t pid);
/* Removes what is still unconfirmed and restored or pushed by that client (0: by none). Returns how many services and
 * destinations. */
uint32_t ipvs_model_sweep(struct ipvs_model *model, uint32_t pid);

/* ---- Between the files of the model ---- */

uint32_t ipvs_key_hash(const struct ipvs_key *key);
bool ipvs_key_equal(const struct ipvs_key *a, const struct ipvs_key *b);
int ipvs_knobs_publish(struct ipvs_model *model);
int ipvs_marks_publish(struct ipvs_model *model);
/* Each second: whether drop_entry, drop_packet and secure_tcp are needed. */
void ipvs_defence_update(struct ipvs_model *model);
/* To be published at the end of the turn. */
void ipvs_service_touch(struct ipvs_model *model, struct ipvs_service *service);
void ipvs_dest_touch(struct ipvs_model *model, struct ipvs_dest *dest);
/* The workers have it among their services again, or it has no connections any more. */
void ipvs_dest_forget(struct ipvs_model *model, struct ipvs_dest *dest);
/* Out of its service, into the trash. */
void ipvs_dest_detach(struct ipvs_model *model, struct ipvs_dest *dest);
/* What the workers have counted at the dest's index, ever. */
void ipvs_dest_counts(const struct ipvs_model *model, const struct ipvs_dest *dest, struct ipvs_stats *ret);
void ipvs_dest_zero(struct ipvs_model *model, struct ipvs_dest *dest);
/* Frees what has been idle in the trash for PERIOD_MS. Returns how many. */
uint32_t ipvs_trash_collect(struct ipvs_model *model, uint64_t period_ms);
void ipvs_trash_free(struct ipvs_model *model, struct ipvs_dest *dest);

#endif
