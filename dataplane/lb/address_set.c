/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/compat.h"
#include "core/rcu.h"
#include "lb/address_set.h"

#define BUCKETS_MIN 1024u

int
address_set_create(uint32_t max, struct rcu *rcu, struct address_set **ret)
{
	uint32_t buckets = rte_align32pow2(RTE_MAX(max, BUCKETS_MIN));
	struct address_set *set = calloc(1, sizeof(*set) + buckets * sizeof(set->buckets[0]));

	if (!set)
		return -ENOMEM;
	set->rcu = rcu;
	set->n_buckets = buckets;
	set->shift = 64 - (uint32_t)__builtin_ctz(buckets);
	*ret = set;
	return 0;
}

void
address_set_destroy(struct address_set *set)
{
	for (uint32_t i = 0; set && i < set->n_buckets; i++) {
		while (set->buckets[i]) {
			struct address_set_member *member = set->buckets[i];

			set->buckets[i] = member->next;
			free(member);
		}
	}
	free(set);
}

/* Without a seed: the addresses are the operator's, nobody else can aim at a bucket. */
static uint32_t
bucket_of(const struct address_set *set, const union ip_bits *address)
{
	uint64_t hash = address->half[0] * 0x9e3779b97f4a7c15u;

	hash = (hash ^ (hash >> 29) ^ address->half[1]) * 0xbf58476d1ce4e5b9u;
	return (uint32_t)(hash >> set->shift);
}

int
address_set_add(struct address_set *set, const struct ip_addr *address)
{
	struct address_set_member **link = &set->buckets[bucket_of(set, &address->ip)], *member;

	for (member = *link; member; member = member->next) {
		if (ip_addr_equal(&member->address, address)) {
			member->times++;
			return 0;
		}
	}
	member = calloc(1, sizeof(*member));
	if (!member)
		return -ENOMEM;
	member->address = *address;
	member->times = 1;
	member->next = *link;
	publish(*link, member);
	return 0;
}

void
address_set_remove(struct address_set *set, const struct ip_addr *address)
{
	struct address_set_member **link = &set->buckets[bucket_of(set, &address->ip)], *member;

	for (; (member = *link); link = &member->next) {
		if (!ip_addr_equal(&member->address, address))
			continue;
		if (--member->times == 0) {
			publish(*link, member->next);
			rcu_defer(set->rcu, free, member);
		}
		return;
	}
}

bool
address_set_has(const struct address_set *set, uint16_t family, const union ip_bits *address)
{
	const struct address_set_member *member = fetch(set->buckets[bucket_of(set, address)]);

	for (; member; member = fetch(member->next)) {
		if (member->address.family == family && ip_bits_equal(&member->address.ip, address))
			return true;
	}
	return false;
}
