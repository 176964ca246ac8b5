/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The forwarding table that workers read: address -> next hop number -> next hop word. One table, changed in place by
 * the control thread (control/kernel_mirror.c) from what the kernel has; there are no snapshots of it (decisions.md 10).
 *
 * A next hop number is stable while its neighbour exists; connections keep it, and look it up again when the
 * generation has moved on.
 */
#ifndef IP_FIB_H
#define IP_FIB_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>
#include <rte_ether.h>
#include <rte_lpm.h>
#include <rte_lpm6.h>

#include "core/address.h"
#include "core/compat.h"
#include "core/rcu.h"

/* What every way takes at least. */
#define IPV4_MIN_MTU 68u /* RFC 791 */
#define IPV6_MIN_MTU 1280u /* RFC 8200, 5 */

struct fib_sources;
struct rcu;

enum nexthop_state {
	NEXTHOP_NONE, /* no route */
	NEXTHOP_READY, /* MAC address known: send */
	NEXTHOP_NARROW, /* the same, for packets of fib_mtu() at most */
	NEXTHOP_INCOMPLETE, /* neighbour known by address only: wait, ask the control thread */
	NEXTHOP_ONLINK, /* the destination is its own neighbour, and not known yet: wait, ask */
	NEXTHOP_LOCAL, /* an address of a kernel interface, or behind one that is not ours: to the kernel */
	NEXTHOP_LADDR, /* a local address of full-NAT: answered by the dataplane alone */
	NEXTHOP_BLACKHOLE,
};

/* Written and read whole, so that a change needs no lock: bytes 0-5 MAC address, 6 port, 7 enum nexthop_state. */
union nexthop {
	uint64_t word;
	struct {
		struct rte_ether_addr mac;
		uint8_t port;
		uint8_t state;
	};
};

/* Whether packets leave by a port there, at once or when the neighbour is known. */
static inline bool
nexthop_has_port(union nexthop nexthop)
{
	return nexthop.state == NEXTHOP_READY || nexthop.state == NEXTHOP_NARROW ||
	       nexthop.state == NEXTHOP_INCOMPLETE || nexthop.state == NEXTHOP_ONLINK;
}

/* Whether its neighbour is known. */
static inline bool
nexthop_is_known(union nexthop nexthop)
{
	return nexthop.state == NEXTHOP_READY || nexthop.state == NEXTHOP_NARROW;
}

/* Numbers with a fixed meaning. */
enum {
	FIB_NONE = 0,
	FIB_LOCAL = 1,
	FIB_LADDR = 2,
	FIB_BLACKHOLE = 3,
	FIB_ELSEWHERE = 4, /* the kernel has a way there over an interface that is not ours */
	FIB_BROADCAST = 5, /* to all hosts of a network that the host is in, which nobody forwards */
	FIB_ONLINK = 16 /* + port */,
	FIB_FIRST_FREE = 16 + 64
};

/* Whether packets there are the kernel's, its own or for it to forward. */
static inline bool
fib_is_kernels(uint32_t number)
{
	return number == FIB_LOCAL || number == FIB_ELSEWHERE || number == FIB_BROADCAST;
}

/* Addresses of the host by which it is the source of packets sent on a port. */
struct fib_own {
	bool has_v4, has_v6;
	union ip_bits v4, v6;
};

struct fib {
	struct rte_lpm *v4;
	struct rte_lpm6 *v6;
	uint64_t *nexthops; /* union nexthop, by number */
	uint16_t *mtus; /* of routes, by number; 0: the port's. Set before a number is shown to the workers. */
	uint32_t n_nexthops;
	/* Moves on with each change of a route or of a next hop's number (not of a neighbour's MAC address or state). */
	uint32_t generation;
	struct fib_sources *sources; /* control only: ip/fib_sources.h */
	struct fib_own *own[FIB_FIRST_FREE - FIB_ONLINK]; /* by port; published, NULL: none */
};

static inline union nexthop
fib_nexthop(const struct fib *fib, uint32_t number)
{
	return (union nexthop){ .word = __atomic_load_n(&fib->nexthops[number], __ATOMIC_RELAXED) };
}

/* What the routes that use NUMBER say of the MTU, 0 if they don't. That of a next hop which is READY need not be asked. */
static inline uint16_t
fib_mtu(const struct fib *fib, uint32_t number)
{
	return __atomic_load_n(&fib->mtus[number], __ATOMIC_RELAXED);
}

/* The next hop number towards DST, FIB_NONE without a route. */
static inline uint32_t
fib_lookup4(const struct fib *fib, rte_be32_t dst)
{
	uint32_t number;

	return rte_lpm_lookup(fib->v4, rte_be_to_cpu_32(dst), &number) == 0 ? number : FIB_NONE;
}

static inline uint32_t
fib_lookup6(const struct fib *fib, const union ip_bits *dst)
{
	uint32_t number;

	return rte_lpm6_lookup(fib->v6, COMPAT_IPV6(dst->bytes), &number) == 0 ? number : FIB_NONE;
}

static inline uint32_t
fib_lookup(const struct fib *fib, uint16_t family, const union ip_bits *dst)
{
	return family == AF_INET ? fib_lookup4(fib, dst->v4) : fib_lookup6(fib, dst);
}

/* The host's address on PORT, NULL if it has none of FAMILY anywhere. */
static inline const union ip_bits *
fib_own(const struct fib *fib, uint8_t port, uint16_t family)
{
	const struct fib_own *own = fetch(fib->own[port]);

	if (!own || !(family == AF_INET ? own->has_v4 : own->has_v6))
		return NULL;
	return family == AF_INET ? &own->v4 : &own->v6;
}

/* Control side (ip/fib.c). Sizes: limits.routes, limits.routes_ipv6, limits.neighbours. RCU quarantines freed parts of
 * the tables, and must outlive the table. */
int fib_create(uint32_t routes, uint32_t routes_ipv6, uint32_t neighbours, struct rcu *rcu, struct fib **ret);
void fib_destroy(struct fib *fib);
/* Bytes of DPDK's heap that fib_create() will take; may be asked before the EAL starts. */
size_t fib_heap_bytes(uint32_t routes, uint32_t routes_ipv6, uint32_t neighbours);

/* For fib_sources.c, which the other parts of the control side use. Adds or changes PREFIX/LENGTH, from /0 on; -ENOSPC if the table is full. */
int fib_set_route(struct fib *fib, const struct ip_addr *prefix, uint8_t length, uint32_t nexthop);
/* -ENOENT if it isn't there. */
int fib_delete_route(struct fib *fib, const struct ip_addr *prefix, uint8_t length);

/* Takes a free number, -ENOSPC if there is none; given back, it is used again only when no worker can hold it. */
int fib_nexthop_new(struct fib *fib, uint32_t *ret_number);
/* The same for packets of MTU bytes at most. */
int fib_nexthop_new_narrow(struct fib *fib, uint16_t mtu, uint32_t *ret_number);
void fib_nexthop_free(struct fib *fib, uint32_t number);
void fib_nexthop_set(struct fib *fib, uint32_t number, union nexthop nexthop);

/* PORT's packets that the director makes have these sources from now on. -ENOMEM: they keep what they had. */
int fib_set_own(struct fib *fib, uint8_t port, const struct fib_own *own);

#endif
