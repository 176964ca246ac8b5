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

/* What a route offers. */
struct way {
	uint32_t number;
	struct mirror_neighbour *gateway; /* which number is of, or NULL */
	struct mirror_narrow *narrow; /* the same, with one user more */
};

/* By GATEWAY, or on-link if it is NULL; NUMBER is what there is without an MTU of the route's own. */
static struct way
way_by(struct kernel_mirror *mirror, const struct mirror_route *route, const struct port *port,
       struct mirror_neighbour *gateway, uint32_t number)
{
	struct way way = { .number = number, .gateway = gateway };

	if (route->mtu != 0 && route->mtu < port->mtu)
		way.narrow = mirror_narrow_hold(mirror, gateway, port->index, route->mtu);
	if (way.narrow)
		way.number = way.narrow->number;
	return way;
}

/* The first next hop that can be used; those over interfaces that are not ours go to the kernel. */
static struct way
unicast_way(struct kernel_mirror *mirror, const struct mirror_route *route)
{
	bool is_elsewhere = false;

	for (uint32_t i = 0; i < route->n_nexthops; i++) {
		const struct mirror_nexthop *nexthop = &route->nexthops[i];
		const struct mirror_link *link = mirror_link_find(mirror, nexthop->ifindex);
		struct mirror_neighbour *gateway;

		if (!link) {
			is_elsewhere = true;
			continue;
		}
		if (nexthop->dead || !link->up)
			continue;
		if (nexthop->gateway.family == 0)
			return way_by(mirror, route, link->port, NULL, (uint32_t)FIB_ONLINK + link->port->index);
		gateway = mirror_neighbour_get(mirror, &nexthop->gateway, link->port->index);
		if (!gateway)
			return (struct way){ .number = FIB_NONE };
		return way_by(mirror, route, link->port, gateway, gateway->number);
	}
	return (struct way){ .number = is_elsewhere ? FIB_ELSEWHERE : FIB_NONE };
}

static struct way
way_of(struct kernel_mirror *mirror, const struct mirror_route *route)
{
	switch (route->type) {
	case RTN_UNICAST:
		/* Multipath: the first one that works. */
		return unicast_way(mirror, route);
	case RTN_LOCAL:
		return (struct way){ .number = FIB_LOCAL };
	default:
		return (struct way){ .number = FIB_BLACKHOLE };
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

/* Nothing leads there any more. */
static void
give_up(struct kernel_mirror *mirror, const struct way *way)
{
	mirror_narrow_release(mirror, way->narrow);
	if (way->gateway)
		mirror_neighbour_release(mirror, way->gateway);
}

static void
set_number(struct kernel_mirror *mirror, struct mirror_route *route)
{
	const struct way before = { .gateway = route->gateway, .narrow = route->narrow };
	const struct way way = way_of(mirror, route);

	if (way.gateway)
		mirror_neighbour_hold(mirror, way.gateway);
	route->gateway = way.gateway;
	route->narrow = way.narrow;
	if (way.number != route->number) {
		route->number = way.number;
		show_best(mirror, &route->prefix, route->length);
	}
	give_up(mirror, &before);
}

static void
remove_route(struct kernel_mirror *mirror, struct mirror_route *gone)
{
	hash_index_remove(&mirror->routes_by_key, &gone->node);
	TAILQ_REMOVE(&mirror->routes, gone, link);
	show_best(mirror, &gone->prefix, gone->length);
	give_up(mirror, &(struct way){ .gateway = gone->gateway, .narrow = gone->narrow });
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

/* 0: it has none, or one above all ports'. "mtu lock" is the same, as nothing is learned of a path that could change it.
 * IPv6 has no less than its smallest one, of which no sender could be told. */
static uint16_t
mtu_of(struct rtnl_route *kernel, uint16_t family)
{
	const uint32_t least = family == AF_INET ? IPV4_MIN_MTU : IPV6_MIN_MTU;
	uint32_t mtu;

	if (rtnl_route_get_metric(kernel, RTAX_MTU, &mtu) < 0 || mtu == 0 || mtu > UINT16_MAX)
		return 0;
	return (uint16_t)RTE_MAX(mtu, least);
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
	ret->mtu = mtu_of(kernel, ret->prefix.family);
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
	if (is_second && seen.n_nexthops == found->n_nexthops && seen.mtu == found->mtu &&
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
	found->mtu = seen.mtu;
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
