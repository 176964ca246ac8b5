/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Groups of local addresses: published whole, and found by the port that they are for, or by an address.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/rcu.h"
#include "lb/laddr_groups_index.h"
#include "lb/lb.h"

/* Which groups have an address: in its order, and in that of the groups. */
struct laddr_holder {
	struct ip_addr address;
	uint32_t group;
};

struct laddrs {
	uint32_t n_groups, n_addresses;
	struct ip_addr *addresses;
	struct laddr_holder *holders; /* n_addresses of them */
	struct laddr_group groups[];
};

void
laddrs_free(struct laddrs *laddrs)
{
	if (laddrs) {
		free(laddrs->addresses);
		free(laddrs->holders);
	}
	free(laddrs);
}

static void
laddrs_free_deferred(void *object)
{
	laddrs_free(object);
}

static uint32_t
copy_family(struct laddrs *laddrs, const struct laddr_group_spec *spec, uint16_t family)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < spec->n_addresses; i++) {
		if (spec->addresses[i].family == family) {
			laddrs->addresses[laddrs->n_addresses++] = spec->addresses[i];
			n++;
		}
	}
	return n;
}

static int
address_order(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family != b->family ? a->family - b->family : memcmp(&a->ip, &b->ip, sizeof(a->ip));
}

static int
holder_order(const void *a, const void *b)
{
	const struct laddr_holder *left = a, *right = b;
	int order = address_order(&left->address, &right->address);

	return order != 0 ? order : (left->group > right->group) - (left->group < right->group);
}

static void
list_holders(struct laddrs *laddrs)
{
	for (uint32_t i = 0; i < laddrs->n_groups; i++) {
		const struct laddr_group *group = &laddrs->groups[i];

		for (uint32_t n = group->first; n < group->first + group->n_v4 + group->n_v6; n++)
			laddrs->holders[n] = (struct laddr_holder){ .address = laddrs->addresses[n], .group = i };
	}
	qsort(laddrs->holders, laddrs->n_addresses, sizeof(*laddrs->holders), holder_order);
}

/* With room for all that GROUPS have. */
static struct laddrs *
laddrs_new(const struct laddr_group_spec *groups, uint32_t n_groups)
{
	struct laddrs *laddrs = calloc(1, sizeof(*laddrs) + n_groups * sizeof(laddrs->groups[0]));
	uint32_t total = 0;

	if (!laddrs)
		return NULL;
	for (uint32_t i = 0; i < n_groups; i++)
		total += groups[i].n_addresses;
	laddrs->addresses = calloc(total + 1, sizeof(*laddrs->addresses));
	laddrs->holders = calloc(total + 1, sizeof(*laddrs->holders));
	if (!laddrs->addresses || !laddrs->holders) {
		laddrs_free(laddrs);
		return NULL;
	}
	return laddrs;
}

int
laddrs_publish(struct lb *lb, const struct laddr_group_spec *groups, uint32_t n_groups)
{
	struct laddrs *laddrs = laddrs_new(groups, n_groups), *old = lb->laddrs;

	if (!laddrs)
		return -ENOMEM;
	for (uint32_t i = 0; i < n_groups; i++) {
		struct laddr_group *group = &laddrs->groups[laddrs->n_groups++];

		memcpy(group->name, groups[i].name, sizeof(group->name));
		group->port = groups[i].port;
		group->active = groups[i].active;
		group->first_port = groups[i].first_port;
		group->last_port = groups[i].last_port;
		group->first = laddrs->n_addresses;
		group->n_v4 = copy_family(laddrs, &groups[i], AF_INET);
		group->n_v6 = copy_family(laddrs, &groups[i], AF_INET6);
	}
	list_holders(laddrs);
	publish(lb->laddrs, laddrs);
	if (old)
		rcu_defer(lb->rcu, laddrs_free_deferred, old);
	return 0;
}

/* Whether connections of the service over PORT may have addresses of the group. */
static bool
group_serves(const struct laddr_group *group, const struct service *svc, uint8_t port)
{
	return group->active && group->port == port &&
	       (svc->options.laddr_group[0] == '\0' || strcmp(svc->options.laddr_group, group->name) == 0);
}

static uint32_t
group_share(const struct laddr_group *group, const struct service *svc, uint8_t port, uint16_t family)
{
	if (!group_serves(group, svc, port))
		return 0;
	return family == AF_INET ? group->n_v4 : group->n_v6;
}

const struct laddr_group *
laddrs_group_with(const struct laddrs *laddrs, const struct service *svc, uint8_t port, const struct ip_addr *address)
{
	uint32_t first = 0, n = laddrs ? laddrs->n_addresses : 0;

	while (n > 0) {
		uint32_t half = n / 2;

		if (address_order(&laddrs->holders[first + half].address, address) < 0) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	for (; laddrs && first < laddrs->n_addresses; first++) {
		const struct laddr_holder *holder = &laddrs->holders[first];

		if (address_order(&holder->address, address) != 0)
			break;
		if (group_serves(&laddrs->groups[holder->group], svc, port))
			return &laddrs->groups[holder->group];
	}
	return NULL;
}

uint32_t
laddrs_count(const struct laddrs *laddrs, const struct service *svc, uint8_t port, uint16_t family)
{
	uint32_t n = 0;

	for (uint32_t i = 0; laddrs && i < laddrs->n_groups; i++)
		n += group_share(&laddrs->groups[i], svc, port, family);
	return n;
}

const struct ip_addr *
laddrs_nth(const struct laddrs *laddrs, const struct service *svc, uint8_t port, uint16_t family, uint32_t n,
	   const struct laddr_group **ret_group)
{
	const struct laddr_group *group = laddrs->groups;

	for (uint32_t share; n >= (share = group_share(group, svc, port, family)); group++)
		n -= share;
	*ret_group = group;
	return &laddrs->addresses[group->first + (family == AF_INET ? 0 : group->n_v4) + n];
}
