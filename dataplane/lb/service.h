/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services and destinations as the workers see them: immutable, replaced whole under RCU. The control side
 * (control/ipvs_model.c) owns the configuration and gives out the numbers; it calls the functions at the bottom.
 */
#ifndef LB_SERVICE_H
#define LB_SERVICE_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/flow.h"

struct defence;
struct knobs;
struct lb;
struct marks;
struct persistence_engine;
struct quic_coding;
struct quic_codings;
struct quic_index;
struct rcu;
struct scheduler;
struct worker;

/* A destination's id: its index in the low bits, a generation above, so that a connection of an earlier destination
 * with the same index is told apart. 0 is never a valid id (generations start at 1). */
#define DEST_INDEX_BITS 22
#define DEST_INDEX(id) ((id) & ((1u << DEST_INDEX_BITS) - 1))
#define DEST_ID(index, generation) ((uint32_t)(generation) << DEST_INDEX_BITS | (index))
#define DEST_OWN 1 /* destinations beyond those of the configuration: lb.bypass */
#define DEST_GENERATIONS (1u << (32 - DEST_INDEX_BITS)) /* generations are 1..this - 1 */

/* IP_VS_CONN_F_* of <linux/ip_vs.h>, and full-NAT and SNAT. */
enum forward_method {
	FORWARD_NAT = 0,
	FORWARD_LOCAL = 1,
	FORWARD_TUNNEL = 2,
	FORWARD_DIRECT = 3,
	FORWARD_BYPASS = 4,
	FORWARD_FULLNAT = 5,
	FORWARD_SNAT = 6, /* the destination is the local address by which packets go out, of a service by mark */
	FORWARD_METHODS = 8,
};

/* Immutable; a change makes a new one with the same id. */
struct dest {
	struct ip_addr addr;
	rte_be16_t port;
	uint8_t forward; /* enum forward_method */
	uint8_t tunnel_type;
	rte_be16_t tunnel_port;
	uint16_t tunnel_flags;
	uint32_t id;
	int32_t weight; /* >= 0; 0 takes no new connections */
	int32_t last_weight; /* the last above 0 since it came to its service, else 0 */
	uint32_t upper, lower; /* thresholds of connections, 0: none */
	uint32_t service; /* index */
	uint32_t order; /* the later it came to its service, the higher; the list falls */
};

#define SERVICE_PORT_FTP RTE_BE16(21)

/* Of a service's connections whose server was removed or has weight 0; as on the wire (enum ipvsd_quiescent). */
enum quiescent { QUIESCENT_KEEP, QUIESCENT_EXPIRE, QUIESCENT_RESET, QUIESCENT_POLICIES };

/* What a service has and Linux has no word for (netlink-shim/wire.h, enum ipvsd_service_attr). All 0: the default. */
struct service_options {
	uint32_t established_timeout_s; /* of a connection in its protocol's established state; 0: as the timeouts */
	uint8_t quiescent; /* enum quiescent */
	uint8_t client_address; /* enum client_address: how the real servers hear of it */
	char laddr_group[32]; /* "": any group on the way to the destination */
	char quic[32]; /* name of the coding of connection IDs (lb/quic.h), "": none */
};

struct service_key {
	union ip_bits addr;
	uint32_t fwmark; /* if not 0, addr, port and protocol are 0 */
	rte_be16_t port;
	uint16_t family;
	uint8_t protocol;
};

struct service {
	struct service_key key;
	uint32_t index;
	uint32_t flags; /* IP_VS_SVC_F_* */
	uint32_t timeout_s; /* persistence */
	uint32_t netmask; /* as the interface has it: be32 mask for IPv4, prefix length for IPv6 */
	const struct scheduler *scheduler; /* NULL: none, no new connections */
	void *scheduler_state; /* built with the service */
	const struct persistence_engine *engine; /* NULL: clients are told apart by their addresses */
	struct service_options options;
	const struct quic_coding *quic; /* how connection IDs name a server; NULL: they are not looked at */
	struct quic_index *quic_index; /* built with the service, where there is a coding */
	uint32_t n_dests; /* in the kernel's order: the newest first */
	const struct dest *const *dests;
	/* Some of its destinations are SNAT's, or the last that it had were: it is for what goes through the director, not for
	 * what is sent to it. */
	bool is_gateway;
	bool is_blank; /* it is a mark's that never had a destination: what it will be for is not known */
	uint8_t tables; /* that its connections are in: bits 1 << TABLE_IPV4, 1 << TABLE_IPV6 */
	uint32_t n_ready; /* those with a weight above 0 */
	const struct dest *const *ready;
	uint64_t version; /* changes with the list and what is in it, and with the scheduler */
	uint64_t since; /* the first version with this scheduler; none of an earlier service of the index is as high */
	struct service *hash_next; /* published */
	/* Control only: versions of its destinations that were replaced since it was published, and which it may still
	 * list: they go with it. */
	struct dest_version *replaced;
};

/* What one worker counts for one destination: one cache line. The service's figures are the sum of its destinations',
 * past ones included. */
struct dest_load {
	_Alignas(64) union {
		struct {
			uint64_t in_packets, out_packets, in_bytes, out_bytes;
		};
		struct {
			uint64_t packets[2], bytes[2]; /* by enum conn_direction */
		};
	};
	uint64_t connections; /* ever */
	int32_t active, inactive, persistent;
	uint32_t no_port_ms; /* when this worker last looked for a local port towards it in vain, 0: it found one */
	uint32_t closed_at; /* the upper threshold that this worker saw reached, 0: none */
};
static_assert(sizeof(struct dest_load) == 64, "one line");

/* Sums what all workers hold for dest INDEX, by plain loads. */
void dest_load_sum(const struct lb *lb, uint32_t index, struct dest_load *ret);

/* ---- Worker side ---- */

/* The service of just this address, port and protocol, or NULL. */
const struct service *service_find(const struct lb *lb, const struct flow *flow);
/* The service for a packet to FLOW's destination, with MARK (0: none), in the kernel's order (ip_vs_service_find()): that
 * of the mark, that of the address and port, that of FTP for ports that its data connections use, that of port 0. */
const struct service *service_for(const struct lb *lb, const struct flow *flow, uint32_t mark);
/* Whether SVC, as service_for() found it, takes connections to FLOW's port: only a persistent one takes others than its
 * own (ip_vs_schedule()). */
bool service_takes(const struct service *svc, const struct flow *flow);
/* The port that a connection of FLOW has at DEST: its own, or where it has none, or must not change it for a client that
 * is to stay at one server whatever the port, the client's. FLOW is of a protocol that services can have. */
rte_be16_t service_dest_port(const struct service *svc, const struct dest *dest, const struct flow *flow);
/* Whether dest ID is there and may be used by connections that have it. */
bool dest_alive(const struct lb *lb, uint32_t id);
/* The destination of ID; NULL if it was removed. */
const struct dest *dest_get(const struct lb *lb, uint32_t id);

/* Whether the address is one of a destination, of a service. */
bool lb_is_server(const struct lb *lb, uint16_t family, const union ip_bits *address);
bool lb_has_address(const struct lb *lb, uint16_t family, const union ip_bits *address);

/* ---- Control side ---- */

struct timeouts_spec {
	uint32_t tcp_s, tcp_fin_s, udp_s; /* as SET_CONFIG; the kernel's defaults are 900, 120, 300 */
};

/* LIMITS: services, dests, to which DEST_OWN come. LOADS are taken from the workers, which are set by lb_attach_workers
 * before anything runs. */
int lb_create(uint32_t max_services, uint32_t max_dests, struct rcu *rcu, struct lb **ret);
void lb_destroy(struct lb *lb);
void lb_attach_workers(struct lb *lb, struct worker *const *workers, uint32_t n_workers);

struct service_spec {
	struct service_key key;
	uint32_t index;
	uint32_t flags, timeout_s, netmask;
	const struct scheduler *scheduler;
	const struct persistence_engine *engine;
	struct service_options options;
	bool is_gateway; /* even if there is no destination of SNAT now */
	bool had_dests; /* ever */
};

/* Makes the destination known under its id (a copy is taken), or replaces what had that id. dest_alive() holds from
 * now on. What is replaced stays until its service is published again, which lists it until then. */
int dest_publish(struct lb *lb, const struct dest *dest, const struct dest **ret);
/* Takes the destination back: packets of its connections are dropped (DROP_DEST_REMOVED) until dest_publish() with the
 * same id. No published service may hold it: publish the service without it before. */
void dest_retract(struct lb *lb, uint32_t id);

/* Makes a new version of the service with these destinations (in the kernel's order, newest first) visible, in place of
 * the one with the same index, if any. The array is copied; the dests are those of dest_publish(). Call once for each
 * drain of the socket, not for each operation. */
int service_publish(struct lb *lb, const struct service_spec *spec, const struct dest *const *dests, uint32_t n_dests);
void service_retract(struct lb *lb, uint32_t index);

/* Publishes MARKS (NULL: none), which are lb's from now on, instead of what was there. */
void lb_set_marks(struct lb *lb, struct marks *marks);
/* Once, before the workers start. CODINGS, which stay the caller's and outlive LB. */
void lb_set_quic(struct lb *lb, const struct quic_codings *codings);

int timeouts_publish(struct lb *lb, const struct timeouts_spec *timeouts);
/* A copy is taken. */
int knobs_publish(struct lb *lb, const struct knobs *knobs);
void defence_publish(struct lb *lb, const struct defence *defence);
void passive_publish(struct lb *lb, bool passive);

/* NULL if there is no scheduler of that name. */
const struct scheduler *scheduler_by_name(const char *name);
const char *scheduler_name(const struct scheduler *scheduler);

#endif
