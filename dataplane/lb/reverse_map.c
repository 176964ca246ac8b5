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
is_portless(const struct service *svc)
{
	const struct protocol *protocol = protocol_by_number(svc->key.protocol);

	return protocol && protocol->portless;
}

/* Answers to clients of a mark, of port 0 or of FTP come from any port, or to any. */
static bool
is_any_port(const struct service *svc)
{
	return svc->key.fwmark != 0 || (svc->key.port == 0 && !is_portless(svc)) ||
	       (svc->key.port == SERVICE_PORT_FTP && (svc->flags & IP_VS_SVC_F_PERSISTENT) != 0);
}

/* Where its answers come from. */
static struct service_key
server_of(const struct service *svc, const struct dest *dest)
{
	struct service_key server = { .addr = dest->addr.ip, .family = dest->addr.family };

	if (is_any_port(svc))
		return server;
	server.port = dest->port != 0 && !is_portless(svc) ? dest->port : svc->key.port;
	server.protocol = svc->key.protocol;
	return server;
}

/* The link to the entry of that server and service, or to the end of the chain. */
static struct reverse_entry **
find(struct lb *lb, const struct service_key *server, const struct service *svc)
{
	struct reverse_entry **link = bucket_of(lb, &server->addr, server->port, server->protocol);

	while (*link && !(same_server(*link, &server->addr, server->port, server->family, server->protocol) &&
			  same_service(&(*link)->service, &svc->key)))
		link = &(*link)->next;
	return link;
}

static int
use(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct service_key server = server_of(svc, dest);
	struct reverse_entry *entry = *find(lb, &server, svc), **first;

	if (entry) {
		entry->uses++;
		return 0;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	first = bucket_of(lb, &server.addr, server.port, server.protocol);
	entry->server = server;
	entry->service = svc->key;
	entry->uses = 1;
	entry->next = *first;
	publish(*first, entry);
	return 0;
}

static void
unuse(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct service_key server = server_of(svc, dest);
	struct reverse_entry **link = find(lb, &server, svc), *entry = *link;

	if (entry && --entry->uses == 0) {
		publish(*link, entry->next);
		rcu_defer(lb->rcu, free, entry);
	}
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
	    old->key.fwmark == new->key.fwmark &&is_any_port(old) == is_any_port(new))
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
