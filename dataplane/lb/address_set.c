/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <stdlib.h>

#include "core/rcu.h"
#include "lb/address_set.h"

#define SET_BUCKETS 65536

struct member {
	struct member *next; /* published */
	struct ip_addr address;
	uint32_t times; /* control only */
};

struct address_set {
	struct rcu *rcu;
	struct member *buckets[SET_BUCKETS];
};

int
address_set_create(struct rcu *rcu, struct address_set **ret)
{
	struct address_set *set = calloc(1, sizeof(*set));

	if (!set)
		return -ENOMEM;
	set->rcu = rcu;
	*ret = set;
	return 0;
}

void
address_set_destroy(struct address_set *set)
{
	for (uint32_t i = 0; set && i < SET_BUCKETS; i++) {
		while (set->buckets[i]) {
			struct member *member = set->buckets[i];

			set->buckets[i] = member->next;
			free(member);
		}
	}
	free(set);
}

static uint32_t
bucket_of(const union ip_bits *address)
{
	uint64_t hash = (address->half[0] ^ (address->half[1] >> 32) ^ (address->half[1] << 32)) * 0x9e3779b97f4a7c15u;

	return (uint32_t)(hash >> 48) % SET_BUCKETS;
}

int
address_set_add(struct address_set *set, const struct ip_addr *address)
{
	struct member **link = &set->buckets[bucket_of(&address->ip)], *member;

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
	struct member **link = &set->buckets[bucket_of(&address->ip)], *member;

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
	const struct member *member = fetch(set->buckets[bucket_of(address)]);

	for (; member; member = fetch(member->next)) {
		if (member->address.family == family && ip_bits_equal(&member->address.ip, address))
			return true;
	}
	return false;
}
