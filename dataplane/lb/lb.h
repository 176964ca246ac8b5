/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * All that is published about load balancing, in one struct: shared by the files of this folder, opaque elsewhere.
 */
#ifndef LB_LB_H
#define LB_LB_H

#include <stdint.h>

#include "core/knobs.h"
#include "core/rcu.h"
#include "lb/protocol.h"
#include "lb/service.h"
#include "lb/tunnel_end.h"

struct address_set;
struct laddrs;
struct marks;
struct quic_codings;
struct removed;
struct reverse_map;

/* What the defences do at present (defence.h). */
struct defence {
	int32_t drop_rate; /* one first packet of so many is dropped; 0: none */
	bool drop_entries; /* connections are given up at random */
	uint8_t secure_tcp; /* number of the table of TCP's states: 0 or 1 */
};

struct lb {
	struct service **buckets; /* published; chained through service.hash_next */
	uint32_t bucket_mask;
	struct service **services; /* by index; published */
	uint32_t max_services;
	uint64_t list_versions; /* control only: how many were given out */
	/* How many there are by mark, of FTP's port, of port 0: what to look for besides address and port. */
	uint32_t n_marked, n_ftp, n_any_port;
	uint64_t template_seed[4]; /* of the hash that all workers agree on */
	uint8_t uoa_packets; /* of a UDP connection, that tell the client's address; set before the workers start */

	uint32_t *dest_live; /* by index: the id, or 0 when it was removed */
	struct dest **dests; /* by index; published, stays after a removal until the index is used again */
	struct tunnel_end *tunnel_ends; /* by index, of those with tunnels */
	uint32_t *dest_position; /* by index: place in its service's ready[]; a hint, checked by who uses it */
	uint32_t *dest_rules; /* by index: lb/dest_rule.h */
	bool has_dest_rules; /* one of them was ever other than 0 */
	uint32_t max_dests;
	size_t dest_live_mapped, dests_mapped, tunnel_ends_mapped, dest_position_mapped, dest_rules_mapped;

	const struct dest *bypass; /* of what goes on to where it was sent: of no service, address or port, for ever */
	struct timeouts *timeouts; /* published */
	struct knobs *knobs; /* published: core/knobs.h */
	struct defence defence; /* written by the control thread, member by member */
	bool passive; /* the same: clients' packets are the kernel's (backup_only) */
	struct laddrs *laddrs; /* published */
	struct marks *marks; /* published; NULL: none */
	const struct quic_codings *quic; /* of the configuration; NULL: none */
	struct reverse_map
		*reverse; /* published entry by entry: (server, port, protocol) -> services, for NAT replies */
	struct removed *removed; /* published entry by entry: services of destinations that were removed */
	struct address_set *servers, *addresses; /* of the destinations, of the services */

	struct rcu *rcu;
	struct worker *const *workers;
	uint32_t n_workers;
	uint32_t seed; /* of the service hash */
};

/* dest_alive() for the fast path. */
static inline bool
dest_is_live(const struct lb *lb, uint32_t id)
{
	return __atomic_load_n(&lb->dest_live[DEST_INDEX(id)], __ATOMIC_RELAXED) == id;
}

/* Whether a connection is over, or has lost its service: the next one from the client's port to that server may have its
 * place. */
static inline bool
conn_gives_place(const struct lb *lb, const struct conn *conn)
{
	return protocol_by_number(conn->proto)->over(conn->state) || !dest_is_live(lb, conn->dest);
}

/* Of a destination that is alive, or has connections still. */
static inline const struct tunnel_end *
lb_tunnel_end(const struct lb *lb, uint32_t id)
{
	return &lb->tunnel_ends[DEST_INDEX(id)];
}

/* A backup that balances nothing (backup_only); its servers' answers are translated still, as in the kernel. */
static inline bool
lb_is_passive(const struct lb *lb)
{
	return __atomic_load_n(&lb->passive, __ATOMIC_RELAXED);
}

static inline bool
service_key_equal(const struct service_key *a, const struct service_key *b)
{
	return ip_bits_equal(&a->addr, &b->addr) && a->fwmark == b->fwmark && a->port == b->port &&
	       a->family == b->family && a->protocol == b->protocol;
}

static inline uint32_t
lb_hash(const struct lb *lb, const union ip_bits *addr, rte_be16_t port, uint8_t proto)
{
	uint64_t hash = (addr->half[0] ^ lb->seed) * 0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29) ^ addr->half[1]) * 0xbf58476d1ce4e5b9u;
	hash = (hash ^ (hash >> 31) ^ ((uint32_t)port << 8 | proto)) * 0x94d049bb133111ebu;
	return (uint32_t)(hash >> 32);
}

static inline uint32_t
service_key_hash(const struct lb *lb, const struct service_key *key)
{
	return lb_hash(lb, &key->addr, key->port, key->protocol) + key->fwmark * 0x9e3779b1u;
}

static inline struct service **
service_bucket(const struct lb *lb, const struct service_key *key)
{
	return &lb->buckets[service_key_hash(lb, key) & lb->bucket_mask];
}

#endif
