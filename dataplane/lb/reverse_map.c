/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A chained hash of immutable entries, changed by the control thread under RCU. Nothing is entered with one worker.
 */
#include <errno.h>
#include <stdlib.h>

#include "lb/lb.h"
#include "lb/reverse_map.h"

struct entry {
	struct entry *next; /* published */
	struct service_key server; /* addr, port, family, protocol of the real server */
	struct service_key service;
	uint32_t uses; /* control only: destinations of the service with that address, counted over its versions */
};

#define REVERSE_BUCKETS 65536

struct reverse_map {
	struct entry *buckets[REVERSE_BUCKETS];
};

int
reverse_map_create(struct reverse_map **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return *ret ? 0 : -ENOMEM;
}

void
reverse_map_destroy(struct reverse_map *map)
{
	if (!map)
		return;
	for (uint32_t i = 0; i < REVERSE_BUCKETS; i++) {
		while (map->buckets[i]) {
			struct entry *entry = map->buckets[i];

			map->buckets[i] = entry->next;
			free(entry);
		}
	}
	free(map);
}

static struct entry **
bucket_of(const struct lb *lb, const union ip_bits *addr, rte_be16_t port, uint8_t proto)
{
	return &lb->reverse->buckets[lb_hash(lb, addr, port, proto) % REVERSE_BUCKETS];
}

static bool
same_server(const struct entry *entry, const union ip_bits *addr, rte_be16_t port, uint16_t family, uint8_t proto)
{
	return entry->server.port == port && entry->server.family == family && entry->server.protocol == proto &&
	       ip_bits_equal(&entry->server.addr, addr);
}

static bool
same_service(const struct service_key *a, const struct service_key *b)
{
	return a->port == b->port && ip_bits_equal(&a->addr, &b->addr);
}

static int
use(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct entry **link = bucket_of(lb, &dest->addr.ip, dest->port, svc->key.protocol), *entry;

	for (entry = *link; entry; entry = entry->next) {
		if (same_server(entry, &dest->addr.ip, dest->port, dest->addr.family, svc->key.protocol) &&
		    same_service(&entry->service, &svc->key)) {
			entry->uses++;
			return 0;
		}
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->server = (struct service_key){
		.addr = dest->addr.ip,
		.port = dest->port,
		.family = dest->addr.family,
		.protocol = svc->key.protocol,
	};
	entry->service = svc->key;
	entry->uses = 1;
	entry->next = *link;
	publish(*link, entry);
	return 0;
}

static void
unuse(struct lb *lb, const struct service *svc, const struct dest *dest)
{
	struct entry **link = bucket_of(lb, &dest->addr.ip, dest->port, svc->key.protocol), *entry;

	for (; (entry = *link); link = &entry->next) {
		if (!same_server(entry, &dest->addr.ip, dest->port, dest->addr.family, svc->key.protocol) ||
		    !same_service(&entry->service, &svc->key))
			continue;
		if (--entry->uses == 0) {
			publish(*link, entry->next);
			rcu_defer(lb->rcu, free, entry);
		}
		return;
	}
}

static bool
counts(const struct lb *lb, const struct service *svc, uint32_t i)
{
	return lb->n_workers > 1 && svc->dests[i]->forward == FORWARD_NAT && svc->key.fwmark == 0;
}

int
reverse_map_update(struct lb *lb, const struct service *old, const struct service *new)
{
	for (uint32_t i = 0; i < new->n_dests; i++) {
		if (counts(lb, new, i) && use(lb, new, new->dests[i]) < 0) {
			while (i-- > 0) {
				if (counts(lb, new, i))
					unuse(lb, new, new->dests[i]);
			}
			return -ENOMEM;
		}
	}
	if (old)
		reverse_map_forget(lb, old);
	return 0;
}

void
reverse_map_forget(struct lb *lb, const struct service *old)
{
	for (uint32_t i = 0; i < old->n_dests; i++) {
		if (counts(lb, old, i))
			unuse(lb, old, old->dests[i]);
	}
}

bool
reverse_map_client_flow(const struct lb *lb, const struct flow *reply, uint32_t n, struct flow *ret)
{
	const struct entry *entry = fetch(*bucket_of(lb, &reply->src, reply->sport, reply->proto));

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
