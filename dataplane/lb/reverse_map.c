/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A chained hash of immutable entries, changed by the control thread under RCU.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/ip_vs.h>

#include "core/compat.h"
#include "lb/lb.h"
#include "lb/reverse_map.h"

#define BUCKETS_MIN 1024u

int
reverse_map_create(uint32_t max_dests, struct reverse_map **ret)
{
	uint32_t buckets = rte_align32pow2(RTE_MAX(max_dests, BUCKETS_MIN));
	struct reverse_map *map = calloc(1, sizeof(*map) + buckets * sizeof(map->buckets[0]));

	if (!map)
		return -ENOMEM;
	map->mask = buckets - 1;
	*ret = map;
	return 0;
}

void
reverse_map_destroy(struct reverse_map *map)
{
	if (!map)
		return;
	for (uint32_t i = 0; i <= map->mask; i++) {
		while (map->buckets[i]) {
			struct reverse_entry *entry = map->buckets[i];

			map->buckets[i] = entry->next;
			free(entry);
		}
	}
	free(map);
}

static struct reverse_entry **
bucket_of(const struct lb *lb, const union ip_bits *addr, rte_be16_t port, uint8_t proto)
{
	return &lb->reverse->buckets[lb_hash(lb, addr, port, proto) & lb->reverse->mask];
}

static bool
same_server(const struct reverse_entry *entry, const union ip_bits *addr, rte_be16_t port, uint16_t family,
	    uint8_t proto)
{
	return entry->server.port == port && entry->server.family == family && entry->server.protocol == proto &&
	       ip_bits_equal(&entry->server.addr, addr);
}

static bool
same_service(const struct service_key *a, const struct service_key *b)
{
	return a->port == b->port && ip_bits_equal(&a->addr, &b->addr);
}

/* Where ports are none, port 0 is no sign of all of them. */
static bool
is_portless(const struct service_key *key)
{
	const struct protocol *protocol = protocol_by_number(key->protocol);

	return protocol && protocol->portless;
}

/* Answers to clients of a mark, of port 0 or of FTP come from any port, or to any. */
static bool
is_any_port(const struct service_key *key, uint32_t flags)
{
	return key->fwmark != 0 || (key->port == 0 && !is_portless(key)) ||
	       (key->port == SERVICE_PORT_FTP && (flags & IP_VS_SVC_F_PERSISTENT) != 0);
}

/* Where its answers come from. */
static struct service_key
server_of(const struct service_key *key, uint32_t flags, const struct dest *dest)
{
	struct service_key server = { .addr = dest->addr.ip, .family = dest->addr.family };

	if (is_any_port(key, flags))
		return server;
	server.port = dest->port != 0 && !is_portless(key) ? dest->port : key->port;
	server.protocol = key->protocol;
	return server;
}

/* The link to the entry of that server and service, or to the end of the chain. */
static struct reverse_entry **
find(struct lb *lb, const struct service_key *server, const struct service_key *service)
{
	struct reverse_entry **link = bucket_of(lb, &server->addr, server->port, server->protocol);

	while (*link && !(same_server(*link, &server->addr, server->port, server->family, server->protocol) &&
			  same_service(&(*link)->service, service)))
		link = &(*link)->next;
	return link;
}

/* The entry, made if there is none. NULL: there is no memory. */
static struct reverse_entry *
enter(struct lb *lb, const struct service_key *service, uint32_t flags, const struct dest *dest)
{
	struct service_key server = server_of(service, flags, dest);
	struct reverse_entry *entry = *find(lb, &server, service), **first;

	if (entry)
		return entry;
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return NULL;
	first = bucket_of(lb, &server.addr, server.port, server.protocol);
	entry->server = server;
	entry->service = *service;
	entry->next = *first;
	publish(*first, entry);
	return entry;
}

/* LINK is to an entry. */
static void
leave_if_unused(struct lb *lb, struct reverse_entry **link)
{
	struct reverse_entry *entry = *link;

	if (entry->uses > 0 || entry->removed > 0)
		return;
	publish(*link, entry->next);
	rcu_defer(lb->rcu, free, entry);
}

static int
use(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct reverse_entry *entry = enter(lb, &svc->key, svc->flags, dest);

	if (!entry)
		return -ENOMEM;
	__atomic_store_n(&entry->uses, entry->uses + 1, __ATOMIC_RELAXED);
	return 0;
}

static void
unuse(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct service_key server = server_of(&svc->key, svc->flags, dest);
	struct reverse_entry **link = find(lb, &server, &svc->key);

	if (!*link)
		return;
	__atomic_store_n(&(*link)->uses, (*link)->uses - 1, __ATOMIC_RELAXED);
	leave_if_unused(lb, link);
}

/* Of what is removed, FTP's answers come from any port: those of services that aren't persistent find their owner, too. */
#define FLAGS_REMOVED IP_VS_SVC_F_PERSISTENT

int
reverse_map_keep(struct lb *lb, const struct service_key *key, const struct dest *dest)
{
	struct reverse_entry *entry;

	if (dest->forward != FORWARD_NAT)
		return 0;
	entry = enter(lb, key, FLAGS_REMOVED, dest);
	if (!entry)
		return -ENOMEM;
	entry->removed++;
	return 0;
}

void
reverse_map_let_go(struct lb *lb, const struct service_key *key, const struct dest *dest)
{
	struct service_key server = server_of(key, FLAGS_REMOVED, dest);
	struct reverse_entry **link;

	if (dest->forward != FORWARD_NAT)
		return;
	link = find(lb, &server, key);
	if (!*link)
		return;
	(*link)->removed--;
	leave_if_unused(lb, link);
}

static bool
counts(const struct service *svc, uint32_t i)
{
	return svc->dests[i]->forward == FORWARD_NAT;
}

/* Destinations FIRST up to, but not including, END of a service. */
struct part {
	uint32_t first, end;
};

/* What two versions don't have in common: neither the destinations at the front, nor those at the back. A destination
 * that did not change is the same object, and as the newest comes first, an addition leaves the rest in its place. */
static void
compare(const struct service *old, const struct service *new, struct part *ret_old, struct part *ret_new)
{
	uint32_t front = 0, back = 0, shorter = RTE_MIN(old->n_dests, new->n_dests);

	while (front < shorter && old->dests[front] == new->dests[front])
		front++;
	while (back < shorter - front && old->dests[old->n_dests - 1 - back] == new->dests[new->n_dests - 1 - back])
		back++;
	*ret_old = (struct part){ front, old->n_dests - back };
	*ret_new = (struct part){ front, new->n_dests - back };
}

static void
unuse_part(struct lb *lb, const struct service *svc, struct part part)
{
	for (uint32_t i = part.first; i < part.end; i++) {
		if (counts(svc, i))
			unuse(lb, svc, svc->dests[i]);
	}
}

/* On error none is used. */
static int
use_part(struct lb *lb, const struct service *svc, struct part part)
{
	for (uint32_t i = part.first; i < part.end; i++) {
		if (counts(svc, i) && use(lb, svc, svc->dests[i]) < 0) {
			unuse_part(lb, svc, (struct part){ part.first, i });
			return -ENOMEM;
		}
	}
	return 0;
}

int
reverse_map_update(struct lb *lb, const struct service *old, const struct service *new)
{
	struct part before = { 0, old ? old->n_dests : 0 }, now = { 0, new->n_dests };
	int err;

	if (old && same_service(&old->key, &new->key) && old->key.family == new->key.family &&
	    old->key.protocol == new->key.protocol &&
	    old->key.fwmark == new->key.fwmark &&is_any_port(&old->key, old->flags) ==
		    is_any_port(&new->key, new->flags))
		compare(old, new, &before, &now);
	err = use_part(lb, new, now);
	if (err == 0 && old)
		unuse_part(lb, old, before);
	return err;
}

void
reverse_map_forget(struct lb *lb, const struct service *old)
{
	unuse_part(lb, old, (struct part){ 0, old->n_dests });
}

bool
reverse_map_client_flow(const struct lb *lb, const struct flow *reply, uint32_t n, struct flow *ret)
{
	const struct reverse_entry *entry = fetch(*bucket_of(lb, &reply->src, reply->sport, reply->proto));

	for (; entry; entry = fetch(entry->next)) {
		if (!same_server(entry, &reply->src, reply->sport, reply->family, reply->proto) || n-- > 0)
			continue;
		*ret = (struct flow){
			.src = reply->dst,
			.dst = entry->service.addr,
			.sport = reply->dport,
			.dport = entry->service.port,
			.family = entry->service.family,
			.proto = reply->proto,
		};
		return true;
	}
	return false;
}

bool
reverse_map_any_port(const struct lb *lb, const struct flow *reply)
{
	const struct reverse_entry *entry = fetch(*bucket_of(lb, &reply->src, 0, 0));

	while (entry && !same_server(entry, &reply->src, 0, reply->family, 0))
		entry = fetch(entry->next);
	return entry != NULL;
}

bool
reverse_map_has_server(const struct lb *lb, const struct flow *reply)
{
	const struct reverse_entry *entry = fetch(*bucket_of(lb, &reply->src, reply->sport, reply->proto));

	while (entry && !(same_server(entry, &reply->src, reply->sport, reply->family, reply->proto) &&
			  __atomic_load_n(&entry->uses, __ATOMIC_RELAXED) > 0))
		entry = fetch(entry->next);
	return entry != NULL;
}
