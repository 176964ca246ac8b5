/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which groups of local addresses are active, and what follows from it: see laddr_groups.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>

#include "control/laddr_groups_private.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "lb/laddr.h"

static uint32_t
address_hash(const struct ip_addr *addr)
{
	return rte_jhash_32b(addr->ip.word, 4, addr->family);
}

static struct present_address *
find_present(const struct laddr_groups *groups, const struct ip_addr *addr)
{
	struct hash_node *node = hash_index_first(&groups->present, address_hash(addr));

	for (; node; node = hash_index_next(node)) {
		struct present_address *found = (void *)((char *)node - offsetof(struct present_address, node));

		if (ip_addr_equal(&found->addr, addr))
			return found;
	}
	return NULL;
}

bool
laddr_group_active(const struct laddr_groups *groups, const struct laddr_group *group)
{
	return !group->with_vip || find_present(groups, &group->vip);
}

/* Groups that ADDR brings up or takes down. */
static void
activity_changed(struct laddr_groups *groups, const struct ip_addr *addr, bool present)
{
	const struct laddr_group *group;

	TAILQ_FOREACH (group, &groups->list, link) {
		if (!group->with_vip || !ip_addr_equal(&group->vip, addr))
			continue;
		log_info("laddr", "group %s is %s: its VIP %s", group->name, present ? "active" : "inactive",
			 present ? "arrived" : "left");
		groups->dirty = true;
	}
}

static void
address_left(struct laddr_groups *groups, struct present_address *found)
{
	struct ip_addr addr = found->addr;

	if (--found->n > 0)
		return;
	hash_index_remove(&groups->present, &found->node);
	free(found);
	activity_changed(groups, &addr, false);
}

void
laddr_groups_address_changed(struct laddr_groups *groups, const struct ip_addr *addr, bool present)
{
	struct present_address *found = find_present(groups, addr);

	if (!present) {
		if (found)
			address_left(groups, found);
		return;
	}
	if (found) {
		found->n++;
		return;
	}
	found = calloc(1, sizeof(*found));
	if (!found) {
		log_error("laddr", "out of memory: groups that follow an address may stay inactive");
		return;
	}
	found->addr = *addr;
	found->n = 1;
	hash_index_add(&groups->present, &found->node, address_hash(addr));
	activity_changed(groups, addr, true);
}

static int
address_order(const void *a, const void *b)
{
	const struct announced_address *left = a, *right = b;
	int order = memcmp(&left->addr.ip, &right->addr.ip, sizeof(left->addr.ip));

	return order != 0 ? order : left->addr.family - right->addr.family;
}

static int
announced_order(const void *a, const void *b)
{
	const struct announced_address *left = a, *right = b;
	int order = address_order(left, right);

	return order != 0 ? order : left->port - right->port;
}

/* Leaves one of each, of N that are sorted. Returns how many. */
static uint32_t
without_repeats(struct announced_address *sorted, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++)
		if (kept == 0 || announced_order(&sorted[kept - 1], &sorted[i]) != 0)
			sorted[kept++] = sorted[i];
	return kept;
}

/* The addresses of active groups, sorted, each once; the caller frees them. */
static int
wanted_addresses(const struct laddr_groups *groups, struct announced_address **ret, uint32_t *ret_n)
{
	const struct laddr_group *group;
	struct announced_address *wanted;
	uint32_t n = 0;

	TAILQ_FOREACH (group, &groups->list, link)
		n += laddr_group_active(groups, group) ? group->n_addresses : 0;
	wanted = calloc(n + 1u, sizeof(*wanted));
	if (!wanted)
		return -ENOMEM;
	n = 0;
	TAILQ_FOREACH (group, &groups->list, link) {
		if (!laddr_group_active(groups, group))
			continue;
		for (uint32_t i = 0; i < group->n_addresses; i++) {
			wanted[n].addr = group->addresses[i];
			wanted[n++].port = group->port;
		}
	}
	qsort(wanted, n, sizeof(*wanted), announced_order);
	*ret = wanted;
	*ret_n = without_repeats(wanted, n);
	return 0;
}

/* Tells of what is in A and not in B, in the eyes of ORDER. */
static void
tell_difference(const struct laddr_groups *groups, const struct announced_address *a, uint32_t n_a,
		const struct announced_address *b, uint32_t n_b, int (*order)(const void *, const void *), bool active)
{
	uint32_t j = 0;

	for (uint32_t i = 0; i < n_a; i++) {
		while (j < n_b && order(&b[j], &a[i]) < 0)
			j++;
		if (j == n_b || order(&b[j], &a[i]) != 0)
			groups->hooks.activated(groups->hooks.arg, &a[i].addr, a[i].port, active);
	}
}

static int
publish_groups(const struct laddr_groups *groups)
{
	CLEANUP(free) void *memory = NULL;
	struct laddr_group_spec *specs;
	const struct laddr_group *group;
	uint32_t n = 0;

	TAILQ_FOREACH (group, &groups->list, link)
		n++;
	memory = calloc(n + 1u, sizeof(*specs));
	specs = memory;
	if (!specs)
		return -ENOMEM;
	n = 0;
	TAILQ_FOREACH (group, &groups->list, link) {
		specs[n] = (struct laddr_group_spec){
			.port = group->port,
			.addresses = group->addresses,
			.n_addresses = group->n_addresses,
			.first_port = group->first_port,
			.last_port = group->last_port,
			.active = laddr_group_active(groups, group),
		};
		memcpy(specs[n].name, group->name, sizeof(specs[n].name));
		n++;
	}
	return laddrs_publish(groups->lb, specs, n);
}

int
laddr_groups_publish(struct laddr_groups *groups)
{
	struct announced_address *wanted;
	uint32_t n;
	int err;

	if (!groups->dirty)
		return 0;
	err = wanted_addresses(groups, &wanted, &n);
	if (err < 0)
		return err;
	/* replies must be routed to the dataplane before an address is used, and as long as it is */
	tell_difference(groups, wanted, n, groups->announced, groups->n_announced, announced_order, true);
	err = publish_groups(groups);
	if (err < 0) {
		free(wanted);
		return err;
	}
	/* one that has gone to another port is there still */
	tell_difference(groups, groups->announced, groups->n_announced, wanted, n, address_order, false);
	free(groups->announced);
	groups->announced = wanted;
	groups->n_announced = n;
	groups->dirty = false;
	return 0;
}
