/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The mirror without its socket: takes messages apart by kind, and keeps the order of what follows from them.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <netlink/addr.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/object.h>
#include <stdlib.h>
#include <string.h>

#include <rte_jhash.h>

#include "control/mirror.h"

uint32_t
mirror_hash(const struct ip_addr *addr, uint32_t seed)
{
	return rte_jhash(&addr->ip, sizeof(addr->ip), seed ^ addr->family);
}

bool
mirror_address_from(const struct nl_addr *addr, struct ip_addr *ret)
{
	int family = addr ? nl_addr_get_family(addr) : AF_UNSPEC;
	unsigned int length = addr ? nl_addr_get_len(addr) : 0;

	*ret = (struct ip_addr){ .family = (uint16_t)family };
	if ((family != AF_INET && family != AF_INET6) || length > (family == AF_INET ? 4u : 16u))
		return false;
	/* The default route's destination has a family and no bytes. */
	if (length > 0)
		memcpy(ret->ip.bytes, nl_addr_get_binary_addr(addr), length);
	return true;
}

void
mirror_offer(struct kernel_mirror *mirror, const struct ip_addr *prefix, uint8_t length, enum fib_source source,
	     uint32_t number)
{
	int err = fib_offer(mirror->parts.fib, prefix, length, source, number);

	if (err == -ENOSPC)
		log_limited(&mirror->full_limit, LOG_ERR, "mirror",
			    "the forwarding table is full, packets will go astray: raise limits.%s",
			    prefix->family == AF_INET ? "routes" : "routes_ipv6");
	else if (err < 0)
		log_limited(&mirror->full_limit, LOG_ERR, "mirror", "the forwarding table: %s", strerror(-err));
}

struct taking {
	struct kernel_mirror *mirror;
	uint16_t flags;
};

static void
take_object(struct nl_object *object, void *arg)
{
	const struct taking *taking = arg;
	struct kernel_mirror *mirror = taking->mirror;
	int type = nl_object_get_msgtype(object);

	switch (type) {
	case RTM_NEWLINK:
	case RTM_DELLINK:
		mirror_link_take(mirror, object, type == RTM_DELLINK);
		break;
	case RTM_NEWADDR:
	case RTM_DELADDR:
		mirror_address_take(mirror, object, type == RTM_DELADDR);
		break;
	case RTM_NEWROUTE:
	case RTM_DELROUTE:
		mirror_route_take(mirror, object, type == RTM_DELROUTE, taking->flags);
		mirror_broadcast_take(mirror, object, type == RTM_DELROUTE);
		break;
	case RTM_NEWNEIGH:
	case RTM_DELNEIGH:
		mirror_neighbour_take(mirror, object, type == RTM_DELNEIGH);
		break;
	default:
		break;
	}
}

void
mirror_take(struct kernel_mirror *mirror, struct nlmsghdr *message)
{
	struct taking taking = { .mirror = mirror, .flags = message->nlmsg_flags };
	struct nl_msg *msg;
	int err;

	if (message->nlmsg_type < RTM_BASE)
		return;
	msg = nlmsg_convert(message);
	if (!msg) {
		mirror->resync_due = true;
		return;
	}
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	err = nl_msg_parse(msg, take_object, &taking);
	/* Kinds of routes and links that libnl has no word for are none of ours. */
	if (err < 0)
		log_debug("mirror", "message of type %u not understood: %s", message->nlmsg_type, nl_geterror(err));
	nlmsg_free(msg);
}

void
mirror_settle(struct kernel_mirror *mirror)
{
	if (mirror->recheck_neighbours)
		mirror_neighbours_recheck(mirror);
	mirror->recheck_neighbours = false;
	if (mirror->addresses_changed)
		mirror_own_publish(mirror);
	mirror->addresses_changed = false;
}

void
mirror_sweep_begin(struct kernel_mirror *mirror)
{
	mirror->sweep++;
}

void
mirror_sweep_end(struct kernel_mirror *mirror)
{
	mirror_links_sweep(mirror);
	mirror_routes_sweep(mirror);
	mirror_neighbours_sweep(mirror);
	mirror_addresses_sweep(mirror);
	mirror_broadcasts_sweep(mirror);
	mirror_settle(mirror);
}

int
mirror_create(const struct kernel_mirror_parts *parts, struct kernel_mirror **ret)
{
	struct kernel_mirror *mirror = calloc(1, sizeof(*mirror));
	int err;

	if (!mirror)
		return -ENOMEM;
	mirror->parts = *parts;
	mirror->fd = mirror->reading.fd = -1;
	mirror->full_limit = (struct log_limit)LOG_LIMIT(5, 60);
	mirror->narrow_limit = (struct log_limit)LOG_LIMIT(5, 60);
	TAILQ_INIT(&mirror->links);
	TAILQ_INIT(&mirror->addresses);
	TAILQ_INIT(&mirror->broadcasts);
	TAILQ_INIT(&mirror->routes);
	TAILQ_INIT(&mirror->neighbours);
	err = hash_index_init(&mirror->addresses_by_key);
	if (err == 0)
		err = hash_index_init(&mirror->broadcasts_by_key);
	if (err == 0)
		err = hash_index_init(&mirror->routes_by_key);
	if (err == 0)
		err = hash_index_init(&mirror->neighbours_by_key);
	mirror->neighbour_of_number = calloc(parts->fib->n_nexthops, sizeof(*mirror->neighbour_of_number));
	if (err == 0 && !mirror->neighbour_of_number)
		err = -ENOMEM;
	if (err < 0) {
		mirror_destroy(mirror);
		return err;
	}
	mirror_addresses_begin(mirror);
	*ret = mirror;
	return 0;
}

#define FREE_ALL(head, type)                            \
	while (!TAILQ_EMPTY(head)) {                    \
		struct type *first = TAILQ_FIRST(head); \
                                                        \
		TAILQ_REMOVE(head, first, link);        \
		free(first);                            \
	}

void
mirror_destroy(struct kernel_mirror *mirror)
{
	struct mirror_neighbour *neighbour;

	TAILQ_FOREACH (neighbour, &mirror->neighbours, link)
		mirror_narrow_free(&neighbour->narrow);
	mirror_narrow_free(&mirror->narrow_onlink);
	FREE_ALL(&mirror->links, mirror_link);
	FREE_ALL(&mirror->addresses, mirror_address);
	FREE_ALL(&mirror->broadcasts, mirror_broadcast);
	FREE_ALL(&mirror->routes, mirror_route);
	FREE_ALL(&mirror->neighbours, mirror_neighbour);
	hash_index_fini(&mirror->addresses_by_key);
	hash_index_fini(&mirror->broadcasts_by_key);
	hash_index_fini(&mirror->routes_by_key);
	hash_index_fini(&mirror->neighbours_by_key);
	free(mirror->neighbour_of_number);
	free(mirror);
}

int
kernel_mirror_create(const struct kernel_mirror_parts *parts, struct kernel_mirror **ret)
{
	struct kernel_mirror *mirror;
	int err = mirror_create(parts, &mirror);

	if (err < 0) {
		log_error("mirror", "no memory for %u next hops; lower limits.neighbours", parts->fib->n_nexthops);
		return err;
	}
	err = mirror_socket_open(mirror);
	if (err < 0) {
		kernel_mirror_destroy(mirror);
		return err;
	}
	*ret = mirror;
	return 0;
}

void
kernel_mirror_destroy(struct kernel_mirror *mirror)
{
	if (!mirror)
		return;
	mirror_socket_close(mirror);
	mirror_destroy(mirror);
}
