/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Interfaces: admin state and MTU of the ports' own ones, and macvlans upon them, whose MAC address the port takes too.
 */
#define _GNU_SOURCE
#include <linux/if.h>
#include <netlink/route/link.h>
#include <stdlib.h>
#include <string.h>

#include "control/mirror.h"

struct mirror_link *
mirror_link_find(const struct kernel_mirror *mirror, int ifindex)
{
	struct mirror_link *found;

	TAILQ_FOREACH (found, &mirror->links, link) {
		if (found->ifindex == ifindex)
			return found;
	}
	return NULL;
}

static void
remove_link(struct kernel_mirror *mirror, struct mirror_link *gone)
{
	if (gone->is_child) {
		port_remove_mac(gone->port, &gone->mac);
	} else {
		log_error("mirror", "%s: the kernel interface %s was removed; restart ipvsd to make it anew",
			  gone->port->name, gone->port->kernel_name);
		port_set_admin(gone->port, false);
	}
	TAILQ_REMOVE(&mirror->links, gone, link);
	free(gone);
	mirror_routes_recheck(mirror);
}

/* Not listed yet: NULL if it is none of ours. */
static struct mirror_link *
add_link(struct kernel_mirror *mirror, struct rtnl_link *kernel)
{
	int ifindex = rtnl_link_get_ifindex(kernel);
	struct port *port = port_by_ifindex(mirror->parts.ports, ifindex);
	const char *kind = rtnl_link_get_type(kernel);
	struct mirror_link *added;
	bool is_child = false;

	if (!port && kind && strcmp(kind, "macvlan") == 0) {
		port = port_by_ifindex(mirror->parts.ports, rtnl_link_get_link(kernel));
		is_child = true;
	}
	if (!port)
		return NULL;
	added = calloc(1, sizeof(*added));
	if (!added) {
		mirror->resync_due = true;
		return NULL;
	}
	*added = (struct mirror_link){ .ifindex = ifindex, .port = port, .is_child = is_child };
	TAILQ_INSERT_TAIL(&mirror->links, added, link);
	return added;
}

static void
follow_mac(struct mirror_link *link, struct rtnl_link *kernel)
{
	const struct nl_addr *addr = rtnl_link_get_addr(kernel);
	struct rte_ether_addr mac;
	int err;

	if (!link->is_child || !addr || nl_addr_get_len(addr) != RTE_ETHER_ADDR_LEN)
		return;
	memcpy(&mac, nl_addr_get_binary_addr(addr), sizeof(mac));
	if (rte_is_same_ether_addr(&mac, &link->mac))
		return;
	port_remove_mac(link->port, &link->mac);
	link->mac = mac;
	err = port_add_mac(link->port, &mac);
	if (err < 0)
		log_warning("mirror", "%s: the MAC address of %s is one too many for the port: %s", link->port->name,
			    rtnl_link_get_name(kernel), strerror(-err));
}

static void
follow(struct kernel_mirror *mirror, struct mirror_link *link, struct rtnl_link *kernel, bool is_new)
{
	bool up = (rtnl_link_get_flags(kernel) & IFF_UP) != 0;
	unsigned int mtu = rtnl_link_get_mtu(kernel);

	link->sweep = mirror->sweep;
	follow_mac(link, kernel);
	if (!link->is_child) {
		port_set_admin(link->port, up);
		if (mtu > 0 && mtu <= UINT16_MAX)
			port_set_mtu(link->port, (uint16_t)mtu);
	}
	/* The kernel drops the IPv4 routes of an interface that goes down without a message for each. */
	if (link->up && !up)
		mirror->resync_due = true;
	if (link->up != up || link->mtu != link->port->mtu || is_new) {
		link->up = up;
		link->mtu = link->port->mtu;
		mirror_routes_recheck(mirror);
	}
}

void
mirror_link_take(struct kernel_mirror *mirror, struct nl_object *object, bool gone)
{
	struct rtnl_link *kernel = (struct rtnl_link *)object;
	struct mirror_link *link = mirror_link_find(mirror, rtnl_link_get_ifindex(kernel));
	bool is_new = !link;

	/* Of a bridge and its members: about the membership, not the interface. */
	if (rtnl_link_get_family(kernel) != AF_UNSPEC)
		return;
	if (gone) {
		if (link)
			remove_link(mirror, link);
		return;
	}
	if (is_new)
		link = add_link(mirror, kernel);
	if (link)
		follow(mirror, link, kernel, is_new);
}

void
mirror_links_sweep(struct kernel_mirror *mirror)
{
	for (struct mirror_link *link = TAILQ_FIRST(&mirror->links), *next; link; link = next) {
		next = TAILQ_NEXT(link, link);
		if (link->sweep != mirror->sweep)
			remove_link(mirror, link);
	}
}
