/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Broadcast addresses of the host's subnets, from its local table: no server has one, and packets to them are not forwarded.
 */
#define _GNU_SOURCE
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <netlink/route/nexthop.h>
#include <netlink/route/route.h>
#include <stdlib.h>

#include "control/mirror.h"

static struct mirror_broadcast *
first_from(struct hash_node *node, const struct ip_addr *addr)
{
	for (; node; node = hash_index_next(node)) {
		struct mirror_broadcast *found = (struct mirror_broadcast *)node;

		if (ip_addr_equal(&found->addr, addr))
			return found;
	}
	return NULL;
}

static struct mirror_broadcast *
first(const struct kernel_mirror *mirror, const struct ip_addr *addr)
{
	return first_from(hash_index_first(&mirror->broadcasts_by_key, mirror_hash(addr, 0)), addr);
}

/* The same address may be several interfaces'. */
static struct mirror_broadcast *
find(const struct kernel_mirror *mirror, const struct mirror_broadcast *like)
{
	struct mirror_broadcast *found = first(mirror, &like->addr);

	while (found && (found->ifindex != like->ifindex || !ip_addr_equal(&found->source, &like->source)))
		found = first_from(hash_index_next(&found->node), &like->addr);
	return found;
}

static bool
read_broadcast(struct rtnl_route *kernel, struct mirror_broadcast *ret)
{
	const struct nl_addr *source = rtnl_route_get_pref_src(kernel);
	struct rtnl_nexthop *nexthop = rtnl_route_nexthop_n(kernel, 0);

	*ret = (struct mirror_broadcast){ .ifindex = nexthop ? rtnl_route_nh_get_ifindex(nexthop) : 0 };
	if (rtnl_route_get_table(kernel) != RT_TABLE_LOCAL || rtnl_route_get_type(kernel) != RTN_BROADCAST)
		return false;
	if (source)
		(void)mirror_address_from(source, &ret->source);
	return mirror_address_from(rtnl_route_get_dst(kernel), &ret->addr);
}

/* Those of the loopback are the host's, with all of its network. */
static void
tell(struct kernel_mirror *mirror, const struct ip_addr *addr, bool present)
{
	if (addr->ip.bytes[0] != IN_LOOPBACKNET)
		mirror_offer(mirror, addr, 32, FIB_SOURCE_BROADCAST, present ? FIB_BROADCAST : FIB_NONE);
}

static void
remove_broadcast(struct kernel_mirror *mirror, struct mirror_broadcast *gone)
{
	hash_index_remove(&mirror->broadcasts_by_key, &gone->node);
	TAILQ_REMOVE(&mirror->broadcasts, gone, link);
	if (!first(mirror, &gone->addr))
		tell(mirror, &gone->addr, false);
	free(gone);
}

void
mirror_broadcast_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone)
{
	struct mirror_broadcast seen, *found;

	if (!read_broadcast((struct rtnl_route *)object, &seen))
		return;
	found = find(mirror, &seen);
	if (gone) {
		if (found)
			remove_broadcast(mirror, found);
		return;
	}
	if (!found) {
		found = malloc(sizeof(*found));
		if (!found) {
			mirror->resync_due = true;
			return;
		}
		*found = seen;
		hash_index_add(&mirror->broadcasts_by_key, &found->node, mirror_hash(&found->addr, 0));
		TAILQ_INSERT_TAIL(&mirror->broadcasts, found, link);
		tell(mirror, &found->addr, true);
	}
	found->sweep = mirror->sweep;
}

void
mirror_broadcasts_sweep(struct kernel_mirror *mirror)
{
	for (struct mirror_broadcast *broadcast = TAILQ_FIRST(&mirror->broadcasts), *next; broadcast;
	     broadcast = next) {
		next = TAILQ_NEXT(broadcast, link);
		if (broadcast->sweep != mirror->sweep)
			remove_broadcast(mirror, broadcast);
	}
}

bool
kernel_mirror_is_broadcast(const struct kernel_mirror *mirror, const struct ip_addr *addr)
{
	return first(mirror, addr) != NULL;
}
