/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See laddr_groups.h. Publication is in laddr_groups_publish.c.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/address_range.h"
#include "control/laddr_groups_private.h"
#include "core/cleanup.h"

static void
group_free(struct laddr_group *group)
{
	free(group->addresses);
	free(group);
}

CLEANUP_FUNCTION(group_free, struct laddr_group *)

static void
free_list(struct laddr_group_list *list)
{
	struct laddr_group *group;

	while ((group = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, group, link);
		group_free(group);
	}
}

int
laddr_groups_create(struct lb *lb, const struct laddr_groups_hooks *hooks, struct laddr_groups **ret)
{
	struct laddr_groups *groups = calloc(1, sizeof(*groups));

	if (!groups)
		return -ENOMEM;
	groups->lb = lb;
	groups->hooks = *hooks;
	TAILQ_INIT(&groups->list);
	if (hash_index_init(&groups->present) < 0) {
		free(groups);
		return -ENOMEM;
	}
	*ret = groups;
	return 0;
}

void
laddr_groups_destroy(struct laddr_groups *groups)
{
	if (!groups)
		return;
	free_list(&groups->list);
	for (uint32_t i = 0; i <= groups->present.mask; i++) {
		struct hash_node *node = groups->present.buckets[i], *next;

		for (; node; node = next) {
			next = node->next;
			free(node); /* the first member of struct present_address */
		}
	}
	hash_index_fini(&groups->present);
	free(groups->announced);
	free(groups);
}

void
laddr_groups_observe(struct laddr_groups *groups, const struct laddr_groups_observer *observer)
{
	groups->observer = observer;
}

const struct laddr_group_list *
laddr_groups_list(const struct laddr_groups *groups)
{
	return &groups->list;
}

static struct laddr_group *
find_group(const struct laddr_groups *groups, const char *name)
{
	struct laddr_group *group;

	TAILQ_FOREACH (group, &groups->list, link)
		if (strcmp(group->name, name) == 0)
			return group;
	return NULL;
}

/* Groups may share an address, so that services can have sets of their own of the same; one port answers for it. */
static bool
has_address(const struct laddr_group *group, const struct ip_addr *addr)
{
	for (uint32_t i = 0; i < group->n_addresses; i++)
		if (ip_addr_equal(&group->addresses[i], addr))
			return true;
	return false;
}

bool
laddr_groups_have(const struct laddr_groups *groups, const struct ip_addr *addr)
{
	const struct laddr_group *group;

	TAILQ_FOREACH (group, &groups->list, link)
		if (has_address(group, addr))
			return true;
	return false;
}

/* A group of another port than GROUP's that has one of its addresses, which gets into *RET. */
static const struct laddr_group *
group_in_the_way(const struct laddr_groups *groups, const struct laddr_group *group, struct ip_addr *ret)
{
	const struct laddr_group *other;

	TAILQ_FOREACH (other, &groups->list, link) {
		if (strcmp(other->name, group->name) == 0 || strcmp(other->port_name, group->port_name) == 0)
			continue;
		for (uint32_t i = 0; i < group->n_addresses; i++) {
			*ret = group->addresses[i];
			if (has_address(other, ret))
				return other;
		}
	}
	return NULL;
}

static int
check_addresses(const struct laddr_group *group)
{
	for (uint32_t i = 0; i < group->n_addresses; i++) {
		if (!address_is_host(&group->addresses[i]))
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++)
			if (ip_addr_equal(&group->addresses[i], &group->addresses[j]))
				return -EINVAL;
	}
	return 0;
}

static int
check_group(const struct laddr_groups *groups, const struct laddr_group *group)
{
	struct ip_addr addr;
	int err;

	if (group->name[0] == '\0' || group->n_addresses == 0 || group->n_addresses > LADDR_GROUP_MAX ||
	    group->first_port == 0 || group->first_port > group->last_port)
		return -EINVAL;
	if (group->with_vip && group->vip.family != AF_INET && group->vip.family != AF_INET6)
		return -EINVAL;
	err = check_addresses(group);
	if (err == 0 && group_in_the_way(groups, group, &addr))
		err = -EADDRINUSE;
	return err;
}

static struct laddr_group *
group_copy(const struct laddr_group *from, uint8_t port)
{
	CLEANUP(group_free) struct laddr_group *group = calloc(1, sizeof(*group));

	if (!group)
		return NULL;
	*group = *from;
	group->port = port;
	group->unconfirmed = false;
	group->addresses = calloc(from->n_addresses, sizeof(*group->addresses));
	if (!group->addresses)
		return NULL;
	memcpy(group->addresses, from->addresses, from->n_addresses * sizeof(*group->addresses));
	return take(group);
}

static int
set_group(struct laddr_groups *groups, const struct laddr_group *from)
{
	struct laddr_group *group, *old;
	int port, err = check_group(groups, from);

	if (err < 0)
		return err;
	old = find_group(groups, from->name);
	if (old && old->configured)
		return -EBUSY;
	port = groups->hooks.port_number(groups->hooks.arg, from->port_name);
	if (port < 0)
		return -ENODEV;
	group = group_copy(from, (uint8_t)port);
	if (!group)
		return -ENOMEM;
	TAILQ_INSERT_TAIL(&groups->list, group, link);
	if (old) {
		TAILQ_REMOVE(&groups->list, old, link);
		group_free(old);
	}
	groups->dirty = true;
	if (groups->observer)
		groups->observer->group(groups->observer->arg, group);
	return 0;
}

int
laddr_groups_set(struct laddr_groups *groups, const struct laddr_group *from)
{
	struct laddr_group group = *from;

	group.configured = false;
	return set_group(groups, &group);
}

/* The addresses stay CONFIG's. */
static struct laddr_group
group_from(const struct config_laddrs *config)
{
	struct laddr_group group = {
		.addresses = config->addresses,
		.n_addresses = config->n_addresses,
		.first_port = config->first_port,
		.last_port = config->last_port,
		.with_vip = config->with_vip,
		.vip = config->vip,
		.configured = true,
	};

	memcpy(group.name, config->name, sizeof(group.name));
	memcpy(group.port_name, config->port, sizeof(group.port_name));
	return group;
}

static void
remove_group(struct laddr_groups *groups, struct laddr_group *group)
{
	if (groups->observer && !group->configured)
		groups->observer->group_removed(groups->observer->arg, group);
	TAILQ_REMOVE(&groups->list, group, link);
	group_free(group);
	groups->dirty = true;
}

int
laddr_groups_remove(struct laddr_groups *groups, const char *name)
{
	struct laddr_group *group = find_group(groups, name);

	if (!group)
		return -ENOENT;
	if (group->configured)
		return -EBUSY;
	remove_group(groups, group);
	return 0;
}

/* GROUP, at CONFIG in the file, can't be beside those that were made before it. */
static void
tell_fault(struct laddr_fault *fault, const struct config_laddrs *config, const struct laddr_groups *made,
	   const struct laddr_group *group, int err)
{
	char text[INET6_ADDRSTRLEN];
	struct ip_addr addr;
	const struct laddr_group *other = err == -EADDRINUSE ? group_in_the_way(made, group, &addr) : NULL;

	fault->line = config->line;
	if (other)
		snprintf(fault->text, sizeof(fault->text),
			 "group \"%s\": group \"%s\" has %s at port \"%s\"; an address can be at one port only",
			 config->name, other->name, inet_ntop(addr.family, &addr.ip, text, sizeof(text)),
			 other->port_name);
	else if (err == -ENODEV)
		snprintf(fault->text, sizeof(fault->text),
			 "group \"%s\": port \"%s\" is none of those that ipvsd was started with; restart ipvsd, or "
			 "name one of them",
			 config->name, config->port);
	else
		snprintf(fault->text, sizeof(fault->text), "group \"%s\": %s", config->name, strerror(-err));
}

/* CLIENTS has ADDR, which one of the configuration's has at another port. */
static void
tell_conflict(struct laddr_fault *fault, const struct config_laddrs *configs, const struct laddr_group *ours,
	      const struct laddr_group *clients, const struct ip_addr *addr)
{
	char text[INET6_ADDRSTRLEN];

	while (strcmp(configs->name, ours->name) != 0)
		configs++;
	fault->line = configs->line;
	snprintf(fault->text, sizeof(fault->text),
		 "group \"%s\": a client's group \"%s\" has %s at port \"%s\"; remove one of them", ours->name,
		 clients->name, inet_ntop(addr->family, &addr->ip, text, sizeof(text)), clients->port_name);
}

/* The groups of the configuration by themselves, checked against each other and against those of clients. */
static int
make_configured(const struct laddr_groups *groups, const struct config_laddrs *configs, uint32_t n,
		struct laddr_groups *made, struct laddr_fault *fault)
{
	const struct laddr_group *group, *other;
	struct ip_addr addr;

	for (uint32_t i = 0; i < n; i++) {
		struct laddr_group one = group_from(&configs[i]);
		int err = set_group(made, &one);

		if (err < 0) {
			tell_fault(fault, &configs[i], made, &one, err);
			return err;
		}
	}
	TAILQ_FOREACH (group, &groups->list, link) {
		if (group->configured || find_group(made, group->name))
			continue;
		other = group_in_the_way(made, group, &addr);
		if (other) {
			tell_conflict(fault, configs, other, group, &addr);
			return -EADDRINUSE;
		}
	}
	return 0;
}

int
laddr_groups_configure(struct laddr_groups *groups, const struct config_laddrs *configs, uint32_t n,
		       struct laddr_fault *ret_fault)
{
	struct laddr_groups made = { .hooks = groups->hooks };
	struct laddr_group *group, *next;
	int err;

	TAILQ_INIT(&made.list);
	err = make_configured(groups, configs, n, &made, ret_fault);
	if (err < 0) {
		free_list(&made.list);
		return err;
	}
	for (group = TAILQ_FIRST(&groups->list); group; group = next) {
		next = TAILQ_NEXT(group, link);
		if (group->configured || find_group(&made, group->name))
			remove_group(groups, group);
	}
	TAILQ_CONCAT(&groups->list, &made.list, link);
	groups->dirty = true;
	return 0;
}

void
laddr_groups_restored(struct laddr_groups *groups)
{
	struct laddr_group *group;

	TAILQ_FOREACH (group, &groups->list, link)
		group->unconfirmed = !group->configured;
}

uint32_t
laddr_groups_sweep(struct laddr_groups *groups)
{
	struct laddr_group *group = TAILQ_FIRST(&groups->list), *next;
	uint32_t n = 0;

	for (; group; group = next) {
		next = TAILQ_NEXT(group, link);
		if (!group->unconfirmed)
			continue;
		remove_group(groups, group);
		n++;
	}
	return n;
}
