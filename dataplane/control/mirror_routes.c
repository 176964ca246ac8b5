/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Routes of the main table, both families. Of several for one prefix the lowest metric is used and the others are kept,
 * to come back when it goes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>
#include <string.h>

#include "control/mirror.h"

static uint32_t
key_hash(const struct ip_addr *prefix, uint8_t length)
{
	return mirror_hash(prefix, length);
}

static struct mirror_route *
next_of_prefix(struct hash_node *node, const struct ip_addr *prefix, uint8_t length)
{
	for (; node; node = hash_index_next(node)) {
		struct mirror_route *route = (struct mirror_route *)node;

		if (route->length == length && ip_addr_equal(&route->prefix, prefix))
			return route;
	}
	return NULL;
}

#define FOREACH_OF_PREFIX(route, mirror, prefix, length)                                                          \
	for (route = next_of_prefix(hash_index_first(&(mirror)->routes_by_key, key_hash(prefix, length)), prefix, \
				    length);                                                                      \
	     route; route = next_of_prefix(hash_index_next(&route->node), prefix, length))

static struct mirror_route *
find_route(const struct kernel_mirror *mirror, const struct mirror_route *like)
{
	struct mirror_route *route;

	FOREACH_OF_PREFIX(route, mirror, &like->prefix, like->length)
	{
		if (route->metric == like->metric && route->tos == like->tos)
			return route;
	}
	return NULL;
}

/* The first next hop that can be used; those over interfaces that are not ours go to the kernel. */
static uint32_t
unicast_number(struct kernel_mirror *mirror, const struct mirror_route *route, struct mirror_neighbour **ret_gateway)
{
	bool is_elsewhere = false;

	for (uint32_t i = 0; i < route->n_nexthops; i++) {
		const struct mirror_nexthop *nexthop = &route->nexthops[i];
		const struct mirror_link *link = mirror_link_find(mirror, nexthop->ifindex);

		if (!link) {
			is_elsewhere = true;
			continue;
		}
		if (nexthop->dead || !link->up)
			continue;
		if (nexthop->gateway.family == 0)
			return FIB_ONLINK + link->port->index;
		*ret_gateway = mirror_neighbour_get(mirror, &nexthop->gateway, link->port->index);
		return *ret_gateway ? (*ret_gateway)->number : FIB_NONE;
	}
	return is_elsewhere ? FIB_ELSEWHERE : FIB_NONE;
}

static uint32_t
number_of(struct kernel_mirror *mirror, const struct mirror_route *route, struct mirror_neighbour **ret_gateway)
{
	*ret_gateway = NULL;
	switch (route->type) {
	case RTN_UNICAST:
		/* Multipath: the first one that works. */
		return unicast_number(mirror, route, ret_gateway);
	case RTN_LOCAL:
		return FIB_LOCAL;
	default:
		return FIB_BLACKHOLE;
	}
}

/* Only routes without TOS are used; the kernel would use the others for packets with that TOS alone. */
static void
show_best(struct kernel_mirror *mirror, const struct ip_addr *prefix, uint8_t length)
{
	const struct mirror_route *best = NULL;
	struct mirror_route *route;

	FOREACH_OF_PREFIX(route, mirror, prefix, length)
	{
		if (route->tos == 0 && route->number != FIB_NONE && (!best || route->metric < best->metric))
			best = route;
	}
	mirror_offer(mirror, prefix, length, FIB_SOURCE_ROUTE, best ? best->number : FIB_NONE);
	mirror->recheck_neighbours = true;
}

static void
set_number(struct kernel_mirror *mirror, struct mirror_route *route)
{
	struct mirror_neighbour *before = route->gateway, *gateway;
	uint32_t number = number_of(mirror, route, &gateway);

	if (gateway)
		mirror_neighbour_hold(mirror, gateway);
	route->gateway = gateway;
	if (number != route->number) {
		route->number = number;
		show_best(mirror, &route->prefix, route->length);
	}
	if (before)
		mirror_neighbour_release(mirror, before);
}

static void
remove_route(struct kernel_mirror *mirror, struct mirror_route *gone)
{
	hash_index_remove(&mirror->routes_by_key, &gone->node);
	TAILQ_REMOVE(&mirror->routes, gone, link);
	show_best(mirror, &gone->prefix, gone->length);
	if (gone->gateway)
		mirror_neighbour_release(mirror, gone->gateway);
	free(gone);
}

static void
add_nexthop(struct rtnl_nexthop *kernel, void *arg)
{
	struct mirror_route *route = arg;
	struct mirror_nexthop *nexthop = &route->nexthops[route->n_nexthops];
	const struct nl_addr *gateway = rtnl_route_nh_get_gateway(kernel);

	if (route->n_nexthops == MIRROR_NEXTHOPS_MAX)
		return;
	*nexthop = (struct mirror_nexthop){
		.ifindex = rtnl_route_nh_get_ifindex(kernel),
		.dead = (rtnl_route_nh_get_flags(kernel) & RTNH_F_DEAD) != 0,
	};
	/* An IPv4 route may go over an IPv6 gateway (RFC 5549). */
	if (!gateway)
		gateway = rtnl_route_nh_get_via(kernel);
	if (gateway && !mirror_address_from(gateway, &nexthop->gateway))
		return;
	route->n_nexthops++;
}

static bool
is_kept_type(uint8_t type)
{
	return type == RTN_UNICAST || type == RTN_LOCAL || type == RTN_BLACKHOLE || type == RTN_UNREACHABLE ||
	       type == RTN_PROHIBIT;
}

/* Link-local and multicast destinations are never forwarded; of IPv6 each interface has a route of its own for them. */
static bool
is_link_scope(const struct ip_addr *prefix)
{
	return prefix->family == AF_INET6 &&
	       (prefix->ip.bytes[0] == 0xff || (prefix->ip.bytes[0] == 0xfe && (prefix->ip.bytes[1] & 0xc0) == 0x80));
}

static bool
read_route(struct rtnl_route *kernel, struct mirror_route *ret)
{
	const struct nl_addr *dst = rtnl_route_get_dst(kernel), *source = rtnl_route_get_pref_src(kernel);

	*ret = (struct mirror_route){
		.tos = rtnl_route_get_tos(kernel),
		.type = rtnl_route_get_type(kernel),
		.metric = rtnl_route_get_priority(kernel),
	};
	if (rtnl_route_get_table(kernel) != RT_TABLE_MAIN || (rtnl_route_get_flags(kernel) & RTM_F_CLONED) != 0)
		return false;
	if (!is_kept_type(ret->type))
		return false;
	if (dst && !mirror_address_from(dst, &ret->prefix))
		return false;
	ret->prefix.family = rtnl_route_get_family(kernel);
	ret->length = dst ? (uint8_t)nl_addr_get_prefixlen(dst) : 0;
	if (ret->length > (ret->prefix.family == AF_INET ? 32 : 128) || is_link_scope(&ret->prefix))
		return false;
	if (source)
		(void)mirror_address_from(source, &ret->source);
	rtnl_route_foreach_nexthop(kernel, add_nexthop, ret);
	return true;
}

static bool
same_nexthop(const struct mirror_nexthop *a, const struct mirror_nexthop *b)
{
	return a->ifindex == b->ifindex && ip_addr_equal(&a->gateway, &b->gateway);
}

/* Takes those of GONE out of ROUTE; the kernel reports a member of an IPv6 multipath route alone. Returns how many it
 * found. */
static uint32_t
remove_nexthops(struct mirror_route *route, const struct mirror_route *gone)
{
	uint32_t found = 0;

	for (uint32_t i = 0; i < gone->n_nexthops; i++) {
		for (uint32_t j = 0; j < route->n_nexthops; j++) {
			if (!same_nexthop(&route->nexthops[j], &gone->nexthops[i]))
				continue;
			memmove(&route->nexthops[j], &route->nexthops[j + 1],
				(route->n_nexthops - j - 1) * sizeof(route->nexthops[0]));
			route->n_nexthops--;
			found++;
			break;
		}
	}
	return found;
}

static void
take_gone(struct kernel_mirror *mirror, struct mirror_route *found, const struct mirror_route *gone)
{
	bool had_nexthops = found->n_nexthops > 0;

	if (had_nexthops && remove_nexthops(found, gone) == 0) {
		/* The one that was not kept is gone. */
		found->shadowed = false;
		return;
	}
	if (found->shadowed)
		mirror->resync_due = true;
	if (found->n_nexthops == 0)
		remove_route(mirror, found);
	else
		set_number(mirror, found);
}

static void
add_route(struct kernel_mirror *mirror, const struct mirror_route *seen)
{
	struct mirror_route *added = malloc(sizeof(*added));

	if (!added) {
		mirror->resync_due = true;
		return;
	}
	*added = *seen;
	hash_index_add(&mirror->routes_by_key, &added->node, key_hash(&added->prefix, added->length));
	TAILQ_INSERT_TAIL(&mirror->routes, added, link);
	set_number(mirror, added);
}

void
mirror_route_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone, uint16_t flags)
{
	struct mirror_route seen, *found;
	bool is_second;

	if (!read_route((struct rtnl_route *)object, &seen))
		return;
	seen.sweep = mirror->sweep;
	found = find_route(mirror, &seen);
	if (gone) {
		if (found)
			take_gone(mirror, found, &seen);
		return;
	}
	if (!found) {
		add_route(mirror, &seen);
		return;
	}
	/* IPv6 sends all next hops again when one is appended; IPv4 has the new route behind the old one. In a dump the
	 * first of a key is the one in use. */
	is_second = seen.prefix.family == AF_INET && (flags & NLM_F_APPEND) != 0;
	if ((flags & NLM_F_MULTI) != 0)
		is_second = found->sweep == mirror->sweep;
	found->sweep = mirror->sweep;
	if (is_second && seen.n_nexthops == found->n_nexthops &&
	    (seen.n_nexthops == 0 || same_nexthop(&seen.nexthops[0], &found->nexthops[0])))
		return;
	if (is_second) {
		found->shadowed = true;
		return;
	}
	/* Put before the old one, which is still there. */
	if (seen.prefix.family == AF_INET && (flags & (NLM_F_MULTI | NLM_F_REPLACE)) == 0)
		found->shadowed = true;
	found->type = seen.type;
	found->source = seen.source;
	found->n_nexthops = seen.n_nexthops;
	memcpy(found->nexthops, seen.nexthops, sizeof(found->nexthops));
	set_number(mirror, found);
}

void
mirror_routes_recheck(struct kernel_mirror *mirror)
{
	struct mirror_route *route;

	TAILQ_FOREACH (route, &mirror->routes, link)
		set_number(mirror, route);
}

void
mirror_routes_sweep(struct kernel_mirror *mirror)
{
	for (struct mirror_route *route = TAILQ_FIRST(&mirror->routes), *next; route; route = next) {
		next = TAILQ_NEXT(route, link);
		if (route->sweep != mirror->sweep)
			remove_route(mirror, route);
	}
}

bool
mirror_routes_use_source(const struct kernel_mirror *mirror, const struct ip_addr *addr)
{
	const struct mirror_route *route;

	TAILQ_FOREACH (route, &mirror->routes, link) {
		if (ip_addr_equal(&route->source, addr))
			return true;
	}
	return false;
}
