/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Neighbours: each has a next hop number, and a host route to it if it is reached directly. What changes most, the MAC
 * address and the state, changes only the next hop's word.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/neighbour.h>
#include <netinet/in.h>
#include <netlink/route/neighbour.h>
#include <stdlib.h>
#include <string.h>

#include "control/mirror.h"

#define READY_STATES (NUD_REACHABLE | NUD_STALE | NUD_DELAY | NUD_PROBE | NUD_PERMANENT | NUD_NOARP)
#define BACK_OFF_MIN_MS 1000
#define BACK_OFF_MAX_MS 30000

static uint8_t
host_length(const struct ip_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static bool
is_link_local(const struct ip_addr *addr)
{
	return addr->family == AF_INET6 && addr->ip.bytes[0] == 0xfe && (addr->ip.bytes[1] & 0xc0) == 0x80;
}

static bool
is_multicast(const struct ip_addr *addr)
{
	return addr->family == AF_INET ? (addr->ip.bytes[0] & 0xf0) == 0xe0 : addr->ip.bytes[0] == 0xff;
}

static struct mirror_neighbour *
find(const struct kernel_mirror *mirror, const struct ip_addr *addr, uint8_t port)
{
	for (struct hash_node *node = hash_index_first(&mirror->neighbours_by_key, mirror_hash(addr, port)); node;
	     node = hash_index_next(node)) {
		struct mirror_neighbour *found = (struct mirror_neighbour *)node;

		if (found->port == port && ip_addr_equal(&found->addr, addr))
			return found;
	}
	return NULL;
}

static void
offer(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint32_t number)
{
	if (number == neighbour->shown)
		return;
	neighbour->shown = number;
	mirror_offer(mirror, &neighbour->addr, host_length(&neighbour->addr), FIB_SOURCE_NEIGHBOUR, number);
}

/* A host route is right where the routes say that the address is on-link at this port; it has their MTU. */
static void
show(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	const struct fib *fib = mirror->parts.fib;
	const uint32_t route = fib_route_to(fib, &neighbour->addr);
	const bool wanted = !is_link_local(&neighbour->addr) && fib_is_onlink(fib, route) &&
			    fib_nexthop(fib, route).port == neighbour->port;
	const uint16_t mtu = wanted ? fib_mtu(fib, route) : 0;
	struct mirror_narrow *before = neighbour->shown_narrow, *narrow = NULL;

	if (mtu != 0)
		narrow = mirror_narrow_hold(mirror, neighbour, neighbour->port, mtu);
	neighbour->shown_narrow = narrow;
	offer(mirror, neighbour, !wanted ? FIB_NONE : narrow ? narrow->number : neighbour->number);
	mirror_narrow_release(mirror, before);
}

struct mirror_neighbour *
mirror_neighbour_get(struct kernel_mirror *mirror, const struct ip_addr *addr, uint8_t port)
{
	struct mirror_neighbour *neighbour = find(mirror, addr, port);
	int err;

	if (neighbour)
		return neighbour;
	neighbour = calloc(1, sizeof(*neighbour));
	if (!neighbour)
		return NULL;
	err = fib_nexthop_new(mirror->parts.fib, &neighbour->number);
	if (err < 0) {
		log_limited(&mirror->full_limit, LOG_ERR, "mirror",
			    "too many neighbours: packets to further ones are dropped; raise limits.neighbours");
		free(neighbour);
		return NULL;
	}
	neighbour->addr = *addr;
	neighbour->port = port;
	neighbour->sweep = mirror->sweep;
	fib_nexthop_set(mirror->parts.fib, neighbour->number,
			(union nexthop){ .port = port, .state = NEXTHOP_INCOMPLETE });
	mirror->neighbour_of_number[neighbour->number] = neighbour;
	hash_index_add(&mirror->neighbours_by_key, &neighbour->node, mirror_hash(addr, port));
	TAILQ_INSERT_TAIL(&mirror->neighbours, neighbour, link);
	show(mirror, neighbour);
	return neighbour;
}

static void
remove_neighbour(struct kernel_mirror *mirror, struct mirror_neighbour *gone)
{
	offer(mirror, gone, FIB_NONE);
	mirror_narrow_release(mirror, gone->shown_narrow);
	mirror->neighbour_of_number[gone->number] = NULL;
	fib_nexthop_free(mirror->parts.fib, gone->number);
	hash_index_remove(&mirror->neighbours_by_key, &gone->node);
	TAILQ_REMOVE(&mirror->neighbours, gone, link);
	free(gone);
}

void
mirror_neighbour_drop_unused(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	if (neighbour->ifindex == 0 && neighbour->n_routes == 0 && !neighbour->asked)
		remove_neighbour(mirror, neighbour);
}

void
mirror_neighbour_hold(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	if (neighbour->n_routes++ > 0)
		return;
	/* Even if it is resolved: the kernel is to keep it so. */
	if (mirror->ask && mirror->ask(mirror, neighbour, true) == 0) {
		neighbour->asked = true;
		neighbour->asked_ms = mirror->now_ms;
	}
}

void
mirror_neighbour_release(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	if (--neighbour->n_routes > 0)
		return;
	/* Not managed any more. */
	if (mirror->ask && neighbour->ifindex != 0)
		(void)mirror->ask(mirror, neighbour, false);
	mirror_neighbour_drop_unused(mirror, neighbour);
}

static void
set_state(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint16_t state, const struct nl_addr *mac)
{
	union nexthop nexthop = { .port = neighbour->port, .state = NEXTHOP_INCOMPLETE };

	if ((state & READY_STATES) != 0 && mac && nl_addr_get_len(mac) == RTE_ETHER_ADDR_LEN) {
		memcpy(&nexthop.mac, nl_addr_get_binary_addr(mac), sizeof(nexthop.mac));
		nexthop.state = NEXTHOP_READY;
		neighbour->back_off_ms = 0;
	}
	if (nexthop.state == NEXTHOP_READY || (state & NUD_FAILED) != 0)
		neighbour->asked = false;
	if ((state & NUD_FAILED) != 0 && (neighbour->state & NUD_FAILED) == 0) {
		neighbour->back_off_ms =
			RTE_MIN(RTE_MAX(BACK_OFF_MIN_MS, neighbour->back_off_ms * 2), (uint32_t)BACK_OFF_MAX_MS);
		neighbour->failed_ms = mirror->now_ms;
	}
	neighbour->state = state;
	fib_nexthop_set(mirror->parts.fib, neighbour->number, nexthop);
	mirror_narrow_follow(mirror, neighbour, nexthop);
}

static void
kernel_forgot(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	neighbour->ifindex = 0;
	set_state(mirror, neighbour, NUD_NONE, NULL);
	mirror_neighbour_drop_unused(mirror, neighbour);
}

void
mirror_neighbour_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone)
{
	struct rtnl_neigh *kernel = (struct rtnl_neigh *)object;
	int ifindex = rtnl_neigh_get_ifindex(kernel);
	const struct mirror_link *link = mirror_link_find(mirror, ifindex);
	int state = rtnl_neigh_get_state(kernel);
	struct mirror_neighbour *neighbour;
	struct ip_addr addr;

	if (!link || !mirror_address_from(rtnl_neigh_get_dst(kernel), &addr) || is_multicast(&addr))
		return;
	/* Without a state it is a proxy entry. */
	if (rtnl_neigh_get_flags(kernel) & NTF_PROXY || (state < 0 && !gone))
		return;
	neighbour = find(mirror, &addr, link->port->index);
	if (gone) {
		if (neighbour && neighbour->ifindex == ifindex)
			kernel_forgot(mirror, neighbour);
		return;
	}
	/* The same neighbour seen from a macvlan of the port: the entry that knows more counts. */
	if (neighbour && neighbour->ifindex != 0 && neighbour->ifindex != ifindex && (state & READY_STATES) == 0)
		return;
	if (!neighbour)
		neighbour = mirror_neighbour_get(mirror, &addr, link->port->index);
	if (!neighbour)
		return;
	neighbour->ifindex = ifindex;
	neighbour->sweep = mirror->sweep;
	set_state(mirror, neighbour, (uint16_t)state, rtnl_neigh_get_lladdr(kernel));
}

void
mirror_neighbours_sweep(struct kernel_mirror *mirror)
{
	for (struct mirror_neighbour *neighbour = TAILQ_FIRST(&mirror->neighbours), *next; neighbour;
	     neighbour = next) {
		next = TAILQ_NEXT(neighbour, link);
		if (neighbour->sweep != mirror->sweep && neighbour->ifindex != 0)
			kernel_forgot(mirror, neighbour);
	}
}

void
mirror_neighbours_recheck(struct kernel_mirror *mirror)
{
	struct mirror_neighbour *neighbour;

	TAILQ_FOREACH (neighbour, &mirror->neighbours, link)
		show(mirror, neighbour);
}
