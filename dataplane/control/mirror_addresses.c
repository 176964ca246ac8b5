/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Addresses of the host: whatever interface they are on, packets to them are the kernel's (it takes them on any
 * interface too). Services are looked for first, so a VIP with a service stays ours.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <netinet/in.h>
#include <netlink/route/addr.h>
#include <stdlib.h>

#include "control/mirror.h"

static uint8_t
host_length(const struct ip_addr *addr)
{
	return addr->family == AF_INET ? 32 : 128;
}

static bool
is_loopback(const struct ip_addr *addr)
{
	if (addr->family == AF_INET)
		return addr->ip.bytes[0] == IN_LOOPBACKNET;
	return IN6_IS_ADDR_LOOPBACK((const struct in6_addr *)(const void *)addr->ip.bytes);
}

static struct mirror_address *
find_any(const struct kernel_mirror *mirror, const struct ip_addr *addr)
{
	uint32_t hash = mirror_hash(addr, 0);

	for (struct hash_node *node = hash_index_first(&mirror->addresses_by_key, hash); node;
	     node = hash_index_next(node)) {
		struct mirror_address *found = (struct mirror_address *)node;

		if (ip_addr_equal(&found->addr, addr))
			return found;
	}
	return NULL;
}

static struct mirror_address *
find(const struct kernel_mirror *mirror, const struct ip_addr *addr, uint8_t length, int ifindex)
{
	uint32_t hash = mirror_hash(addr, 0);

	for (struct hash_node *node = hash_index_first(&mirror->addresses_by_key, hash); node;
	     node = hash_index_next(node)) {
		struct mirror_address *found = (struct mirror_address *)node;

		if (ip_addr_equal(&found->addr, addr) && found->length == length && found->ifindex == ifindex)
			return found;
	}
	return NULL;
}

static void
tell(struct kernel_mirror *mirror, const struct ip_addr *addr, bool present)
{
	mirror_offer(mirror, addr, host_length(addr), FIB_SOURCE_ADDRESS, present ? FIB_LOCAL : FIB_NONE);
	if (mirror->parts.address_changed)
		mirror->parts.address_changed(mirror->parts.arg, addr, present);
}

static struct mirror_address *
add_address(struct kernel_mirror *mirror, const struct ip_addr *addr, uint8_t length, int ifindex)
{
	bool is_first = !find_any(mirror, addr);
	struct mirror_address *added = calloc(1, sizeof(*added));

	if (!added) {
		mirror->resync_due = true;
		return NULL;
	}
	*added = (struct mirror_address){ .addr = *addr, .length = length, .ifindex = ifindex };
	hash_index_add(&mirror->addresses_by_key, &added->node, mirror_hash(addr, 0));
	TAILQ_INSERT_TAIL(&mirror->addresses, added, link);
	mirror->addresses_changed = true;
	if (is_first)
		tell(mirror, addr, true);
	return added;
}

static void
remove_address(struct kernel_mirror *mirror, struct mirror_address *gone)
{
	hash_index_remove(&mirror->addresses_by_key, &gone->node);
	TAILQ_REMOVE(&mirror->addresses, gone, link);
	mirror->addresses_changed = true;
	if (!find_any(mirror, &gone->addr)) {
		tell(mirror, &gone->addr, false);
		if (mirror_routes_use_source(mirror, &gone->addr))
			mirror->resync_due = true;
	}
	free(gone);
}

/* No address of an interface that somebody could take away, and no route leads there but the host's own. */
void
mirror_addresses_begin(struct kernel_mirror *mirror)
{
	const struct ip_addr loopback4 = { .family = AF_INET, .ip = { .bytes = { IN_LOOPBACKNET } } };
	const struct ip_addr loopback6 = { .family = AF_INET6, .ip = { .bytes = { [15] = 1 } } };

	mirror_offer(mirror, &loopback4, 8, FIB_SOURCE_ADDRESS, FIB_LOCAL);
	mirror_offer(mirror, &loopback6, 128, FIB_SOURCE_ADDRESS, FIB_LOCAL);
}

void
mirror_address_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone)
{
	struct rtnl_addr *kernel = (struct rtnl_addr *)object;
	int ifindex = rtnl_addr_get_ifindex(kernel);
	uint8_t length = (uint8_t)rtnl_addr_get_prefixlen(kernel);
	struct mirror_address *found;
	struct ip_addr addr;

	if (!mirror_address_from(rtnl_addr_get_local(kernel), &addr) || is_loopback(&addr))
		return;
	found = find(mirror, &addr, length, ifindex);
	if (gone) {
		if (found)
			remove_address(mirror, found);
		return;
	}
	if (!found)
		found = add_address(mirror, &addr, length, ifindex);
	if (found)
		found->sweep = mirror->sweep;
}

void
mirror_addresses_sweep(struct kernel_mirror *mirror)
{
	for (struct mirror_address *address = TAILQ_FIRST(&mirror->addresses), *next; address; address = next) {
		next = TAILQ_NEXT(address, link);
		if (address->sweep != mirror->sweep)
			remove_address(mirror, address);
	}
}
