/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The inside of the kernel mirror: its objects, and the calls between mirror_*.c. Each object carries the number of the
 * last sweep that saw it; a full resync raises the number, reads everything, and forgets what it did not see.
 */
#ifndef CONTROL_MIRROR_H
#define CONTROL_MIRROR_H

#include <linux/netlink.h>
#include <sys/queue.h>

#include <rte_ether.h>

#include "control/hash_index.h"
#include "control/kernel_mirror.h"
#include "core/log.h"
#include "ip/fib_sources.h"
#include "port/port.h"

struct nl_addr;
struct nl_object;

#define MIRROR_NEXTHOPS_MAX 16

/* A port's kernel interface, or a macvlan upon one (VRRP's virtual MAC). */
struct mirror_link {
	TAILQ_ENTRY(mirror_link) link;
	int ifindex;
	struct port *port;
	bool is_child, up;
	uint16_t mtu; /* of the port, when routes were last looked at for it */
	struct rte_ether_addr mac;
	uint32_t sweep;
};

/* An address of any interface of the host. */
struct mirror_address {
	struct hash_node node; /* by address */
	TAILQ_ENTRY(mirror_address) link;
	struct ip_addr addr;
	int ifindex;
	uint8_t length;
	uint32_t sweep;
};

/* A broadcast address of one of the host's interfaces. */
struct mirror_broadcast {
	struct hash_node node; /* by address */
	TAILQ_ENTRY(mirror_broadcast) link;
	struct ip_addr addr, source; /* the interface's address that it comes from */
	int ifindex;
	uint32_t sweep;
};

struct mirror_nexthop {
	int ifindex;
	bool dead;
	struct ip_addr gateway; /* family 0: on-link */
};

/* A route of the main table. */
struct mirror_route {
	struct hash_node node; /* by prefix */
	TAILQ_ENTRY(mirror_route) link;
	struct ip_addr prefix;
	uint8_t length, tos, type;
	uint32_t metric; /* the lowest is used */
	bool shadowed; /* the kernel has a second one with the same key, which was not kept */
	uint32_t n_nexthops;
	struct mirror_nexthop nexthops[MIRROR_NEXTHOPS_MAX];
	struct ip_addr source;
	uint16_t mtu; /* 0: the port's */
	uint32_t number; /* what it offers to the fib */
	struct mirror_neighbour *gateway; /* which number is of, or NULL */
	struct mirror_narrow *narrow; /* the same */
	uint32_t sweep;
};

/* A next hop of routes whose MTU is less than their port's. */
struct mirror_narrow {
	LIST_ENTRY(mirror_narrow) link; /* of the same neighbour, or of those that are on-link */
	struct mirror_neighbour *neighbour; /* NULL: on-link */
	uint8_t port;
	uint16_t mtu;
	uint32_t number;
	uint32_t n_users;
};

LIST_HEAD(mirror_narrow_list, mirror_narrow);

/* A neighbour that the kernel knows, that a worker asked for, or that routes use as gateway. */
struct mirror_neighbour {
	struct hash_node node; /* by address and port */
	TAILQ_ENTRY(mirror_neighbour) link;
	struct ip_addr addr;
	uint8_t port;
	uint32_t number; /* next hop number */
	uint32_t n_routes; /* that go over it */
	int ifindex; /* of the kernel's entry, 0 without one */
	uint16_t state; /* NUD_*, of the kernel's entry */
	uint32_t shown; /* what its host route is offered with, FIB_NONE: it isn't */
	struct mirror_narrow *shown_narrow; /* which that is of, or NULL */
	struct mirror_narrow_list narrow; /* next hops by it */
	bool asked; /* and not heard of since */
	uint64_t asked_ms, failed_ms;
	uint32_t back_off_ms; /* after a failure */
	uint32_t sweep;
};

/* How the kernel is asked for NEIGHBOUR; MANAGED: to keep it resolved by itself. -errno. */
typedef int mirror_ask(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour, bool managed);

/* A reading of all that the kernel has: mirror_resync.c. */
struct mirror_reading {
	int fd; /* -1: none is under way */
	uint32_t kind; /* of objects, that are read now */
	uint32_t tries; /* that found the tables changing, one after the other */
	bool changed; /* while they were read */
	uint64_t begun_ms, heard_ms;
	int err; /* of the last one */
};

struct kernel_mirror {
	struct kernel_mirror_parts parts;
	TAILQ_HEAD(, mirror_link) links;
	TAILQ_HEAD(, mirror_address) addresses;
	TAILQ_HEAD(, mirror_broadcast) broadcasts;
	TAILQ_HEAD(, mirror_route) routes;
	TAILQ_HEAD(, mirror_neighbour) neighbours;
	struct hash_index addresses_by_key, broadcasts_by_key, routes_by_key, neighbours_by_key;
	struct mirror_neighbour **neighbour_of_number;
	struct mirror_narrow_list narrow_onlink;
	uint32_t sweep;
	bool resync_due; /* all is to be read again */
	bool recheck_neighbours; /* routes have changed */
	bool addresses_changed;
	uint64_t now_ms;
	mirror_ask *ask;
	struct log_limit full_limit, narrow_limit;
	uint64_t narrow_retry_ms; /* when routes that got no number for their MTU ask again; 0: none did not */

	/* mirror_socket.c */
	int fd;
	uint32_t sequence;
	bool has_managed; /* the kernel knows NTF_EXT_MANAGED */
	uint8_t *buffer;
	struct mirror_reading reading;
	uint64_t resync_ms; /* when the last one ended */
	struct log_limit ask_limit, resync_limit;
};

/* ---- kernel_mirror.c: without a socket, for tests too ---- */

int mirror_create(const struct kernel_mirror_parts *parts, struct kernel_mirror **ret);
void mirror_destroy(struct kernel_mirror *mirror);
/* One message of the kernel. */
void mirror_take(struct kernel_mirror *mirror, struct nlmsghdr *message);
/* What is in between is a complete dump. */
void mirror_sweep_begin(struct kernel_mirror *mirror);
void mirror_sweep_end(struct kernel_mirror *mirror);
/* After a batch of messages: what follows from them. */
void mirror_settle(struct kernel_mirror *mirror);
/* ADDR of libnl as ours; false if it is neither IPv4 nor IPv6. */
bool mirror_address_from(const struct nl_addr *addr, struct ip_addr *ret);
uint32_t mirror_hash(const struct ip_addr *addr, uint32_t seed);
/* As fib_offer, with a line in the log if it fails. */
void mirror_offer(struct kernel_mirror *mirror, const struct ip_addr *prefix, uint8_t length, enum fib_source source,
		  uint32_t number);

/* ---- mirror_links.c ---- */

void mirror_link_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone);
void mirror_links_sweep(struct kernel_mirror *mirror);
/* NULL: not an interface of ours. */
struct mirror_link *mirror_link_find(const struct kernel_mirror *mirror, int ifindex);

/* ---- mirror_addresses.c ---- */

void mirror_address_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone);
void mirror_addresses_begin(struct kernel_mirror *mirror);
void mirror_addresses_sweep(struct kernel_mirror *mirror);

/* ---- mirror_broadcasts.c ---- */

/* Of routes it takes those that say so. */
void mirror_broadcast_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone);
void mirror_broadcasts_sweep(struct kernel_mirror *mirror);

/* ---- mirror_own.c ---- */

/* Tells the workers what the host's address on each port is. */
void mirror_own_publish(struct kernel_mirror *mirror);

/* ---- mirror_routes.c ---- */

void mirror_route_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone, uint16_t flags);
void mirror_routes_sweep(struct kernel_mirror *mirror);
/* Interfaces have come, gone or changed their state: which next hops can be used is asked anew. */
void mirror_routes_recheck(struct kernel_mirror *mirror);
/* The kernel removes IPv4 routes with this source address without a word. */
bool mirror_routes_use_source(const struct kernel_mirror *mirror, const struct ip_addr *addr);

/* ---- mirror_neighbours.c ---- */

void mirror_neighbour_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone);
void mirror_neighbours_sweep(struct kernel_mirror *mirror);
/* Found or made. NULL: there is no number or no memory left. */
struct mirror_neighbour *mirror_neighbour_get(struct kernel_mirror *mirror, const struct ip_addr *addr, uint8_t port);
/* A route goes over it from now on, or no longer. */
void mirror_neighbour_hold(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour);
void mirror_neighbour_release(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour);
/* Removes those that nobody knows or uses. */
void mirror_neighbour_drop_unused(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour);
/* Which of them are reached directly, after routes changed. */
void mirror_neighbours_recheck(struct kernel_mirror *mirror);

/* ---- mirror_narrow.c ---- */

/* The next hop by NEIGHBOUR, or with NULL the one of what is on-link at PORT, for packets of MTU bytes; it has one user
 * more. NULL: there is no number or no memory left, and the port's MTU has to do. */
struct mirror_narrow *mirror_narrow_hold(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint8_t port,
					 uint16_t mtu);
/* Without users it goes. NARROW may be NULL. */
void mirror_narrow_release(struct kernel_mirror *mirror, struct mirror_narrow *narrow);
/* Now and then: routes that got no number ask again. */
void mirror_narrow_tick(struct kernel_mirror *mirror);
/* NEIGHBOUR's next hop is NEXTHOP now, and so are the narrow ones by it. */
void mirror_narrow_follow(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour,
			  union nexthop nexthop);
void mirror_narrow_free(struct mirror_narrow_list *list);

/* ---- mirror_requests.c ---- */

struct neighbour_request;

/* What a worker wants. */
void mirror_request_take(struct kernel_mirror *mirror, const struct neighbour_request *request);
/* Empties the workers' rings. */
void mirror_requests_serve(struct kernel_mirror *mirror);
/* Once a second: gateways that are not resolved, entries that nobody wants any more. */
void mirror_requests_tick(struct kernel_mirror *mirror);
/* Asks the kernel for NEIGHBOUR unless that was done and is not decided, or failed a short time ago. */
void mirror_request_ask(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour);

/* ---- mirror_socket.c ---- */

int mirror_socket_open(struct kernel_mirror *mirror);
void mirror_socket_close(struct kernel_mirror *mirror);
/* A socket of rtnetlink that does not block, or -errno. */
int mirror_connect(void);
/* A datagram of the kernel's into the buffer: its length, or -errno; -EAGAIN without one. Other processes may send, too,
 * and are not listened to. */
ssize_t mirror_receive(struct kernel_mirror *mirror, int fd);
/* The messages in the mirror's buffer, LENGTH bytes. */
void mirror_take_changes(struct kernel_mirror *mirror, ssize_t length);
/* The socket of changes has lost some. */
void mirror_note_overflow(struct kernel_mirror *mirror);
uint64_t mirror_clock_ms(void);

/* ---- mirror_resync.c ---- */

/* Reads everything, while the caller waits. -errno. */
int mirror_resync_now(struct kernel_mirror *mirror);
/* Begins to read everything if that is due, and gives up on a kernel that doesn't answer, or not in time. */
void mirror_resync_tick(struct kernel_mirror *mirror);
bool mirror_is_reading_all(const struct kernel_mirror *mirror);
void mirror_resync_stop(struct kernel_mirror *mirror);

#endif
