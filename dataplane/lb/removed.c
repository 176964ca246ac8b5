/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A chained hash of the keys of services, counted by destinations, changed by the control thread under RCU. Where the
 * answers of NAT servers belong stays in lb/reverse_map.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "core/compat.h"
#include "lb/lb.h"
#include "lb/removed.h"
#include "lb/reverse_map.h"

#define BUCKETS_MIN 1024u

int
removed_create(uint32_t max, struct removed **ret)
{
	uint32_t buckets = rte_align32pow2(RTE_MAX(max, BUCKETS_MIN));
	struct removed *removed = calloc(1, sizeof(*removed) + buckets * sizeof(removed->buckets[0]));

	if (!removed)
		return -ENOMEM;
	removed->mask = buckets - 1;
	*ret = removed;
	return 0;
}

void
removed_destroy(struct removed *removed)
{
	for (uint32_t i = 0; removed && i <= removed->mask; i++) {
		while (removed->buckets[i]) {
			struct removed_entry *entry = removed->buckets[i];

			removed->buckets[i] = entry->next;
			free(entry);
		}
	}
	free(removed);
}

static struct removed_entry **
bucket_of(const struct lb *lb, const struct service_key *key)
{
	return &lb->removed->buckets[service_key_hash(lb, key) & lb->removed->mask];
}

/* The link to the entry of KEY, or to the end of the chain. */
static struct removed_entry **
find(const struct lb *lb, const struct service_key *key)
{
	struct removed_entry **link = bucket_of(lb, key);

	while (*link && !service_key_equal(&(*link)->key, key))
		link = &(*link)->next;
	return link;
}

static int
count_key(struct lb *lb, const struct service_key *key)
{
	struct removed_entry *entry = *find(lb, key), **first = bucket_of(lb, key);

	if (entry) {
		entry->n++;
		return 0;
	}
	entry = calloc(1, sizeof(*entry));
	if (!entry)
		return -ENOMEM;
	entry->key = *key;
	entry->n = 1;
	entry->next = *first;
	publish(*first, entry);
	return 0;
}

static void
uncount_key(struct lb *lb, const struct service_key *key)
{
	struct removed_entry **link = find(lb, key), *entry = *link;

	if (entry && --entry->n == 0) {
		publish(*link, entry->next);
		rcu_defer(lb->rcu, free, entry);
	}
}

/* The workers see a key before its count, and lose it after. */
static void
count(struct removed *removed, bool marked, int by)
{
	if (marked)
		__atomic_store_n(&removed->n_marked, removed->n_marked + (uint32_t)by, __ATOMIC_RELEASE);
	__atomic_store_n(&removed->n, removed->n + (uint32_t)by, __ATOMIC_RELEASE);
}

int
removed_add(struct lb *lb, const struct service_key *key, const struct dest *dest)
{
	int err = reverse_map_keep(lb, key, dest);

	if (err < 0)
		return err;
	err = count_key(lb, key);
	if (err < 0) {
		reverse_map_let_go(lb, key, dest);
		return err;
	}
	count(lb->removed, key->fwmark != 0, 1);
	return 0;
}

void
removed_forget(struct lb *lb, const struct service_key *key, const struct dest *dest)
{
	count(lb->removed, key->fwmark != 0, -1);
	uncount_key(lb, key);
	reverse_map_let_go(lb, key, dest);
}

void
removed_mark_moves(struct lb *lb, int by)
{
	count(lb->removed, true, by);
}

static bool
has(const struct lb *lb, const struct service_key *key)
{
	const struct removed_entry *entry = fetch(*bucket_of(lb, key));

	while (entry && !service_key_equal(&entry->key, key))
		entry = fetch(entry->next);
	return entry != NULL;
}

bool
removed_may_have(const struct lb *lb, const struct flow *flow)
{
	/* As service_for() looks for them. */
	const rte_be16_t ports[] = { flow->dport, SERVICE_PORT_FTP, 0 };
	struct service_key key = { .addr = flow->dst, .family = flow->family, .protocol = flow->proto };

	if (fetch(lb->removed->n) == 0)
		return false;
	if (fetch(lb->removed->n_marked) > 0)
		return true;
	for (uint32_t i = 0; i < RTE_DIM(ports); i++) {
		key.port = ports[i];
		if (has(lb, &key))
			return true;
	}
	return false;
}
