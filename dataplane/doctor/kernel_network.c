/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See kernel_network.h and rtnetlink(7).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <netlink/cache.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/neighbour.h>

#include "doctor/kernel_network.h"

struct kernel_network {
	struct nl_sock *sk;
	struct nl_cache *links, *neighbours;
	struct ip_addr *addresses; /* in order */
	size_t n_addresses;
};

static size_t
length_of(const struct ip_addr *addr)
{
	return addr->family == AF_INET ? 4 : 16;
}

static int
compare(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct ip_addr));
}

/* There may be as many as services: for bsearch(3). */
static int
read_addresses(struct kernel_network *network)
{
	struct nl_cache *cache;
	size_t room;

	if (rtnl_addr_alloc_cache(network->sk, &cache) < 0)
		return -EIO;
	room = (size_t)nl_cache_nitems(cache);
	network->addresses = calloc(room + 1, sizeof(*network->addresses));
	for (struct nl_object *found = nl_cache_get_first(cache); found && network->addresses;
	     found = nl_cache_get_next(found)) {
		struct nl_addr *local = rtnl_addr_get_local((struct rtnl_addr *)found);
		struct ip_addr *addr = &network->addresses[network->n_addresses];

		if (!local || nl_addr_get_len(local) > sizeof(addr->ip) || network->n_addresses == room)
			continue;
		addr->family = (uint16_t)nl_addr_get_family(local);
		memcpy(&addr->ip, nl_addr_get_binary_addr(local), nl_addr_get_len(local));
		network->n_addresses++;
	}
	nl_cache_free(cache);
	if (!network->addresses)
		return -ENOMEM;
	qsort(network->addresses, network->n_addresses, sizeof(*network->addresses), compare);
	return 0;
}

int
kernel_network_read(struct kernel_network **ret)
{
	struct kernel_network *network = calloc(1, sizeof(*network));

	if (!network)
		return -ENOMEM;
	network->sk = nl_socket_alloc();
	if (network->sk)
		nl_socket_disable_auto_ack(network->sk);
	if (!network->sk || nl_connect(network->sk, NETLINK_ROUTE) < 0 || read_addresses(network) < 0 ||
	    rtnl_link_alloc_cache(network->sk, AF_UNSPEC, &network->links) < 0 ||
	    rtnl_neigh_alloc_cache(network->sk, &network->neighbours) < 0) {
		kernel_network_free(network);
		return -EIO;
	}
	*ret = network;
	return 0;
}

void
kernel_network_free(struct kernel_network *network)
{
	if (!network)
		return;
	nl_cache_free(network->neighbours);
	free(network->addresses);
	nl_cache_free(network->links);
	nl_socket_free(network->sk);
	free(network);
}

static bool
is_same(const struct nl_addr *found, const struct ip_addr *addr)
{
	return found && nl_addr_get_family(found) == addr->family && nl_addr_get_len(found) == length_of(addr) &&
	       memcmp(nl_addr_get_binary_addr(found), &addr->ip, length_of(addr)) == 0;
}

bool
kernel_network_has_address(const struct kernel_network *network, const struct ip_addr *addr)
{
	struct ip_addr key;

	/* What lies between the members counts, too. */
	memset(&key, 0, sizeof(key));
	key.family = addr->family;
	key.ip = addr->ip;
	return bsearch(&key, network->addresses, network->n_addresses, sizeof(key), compare) != NULL;
}

bool
kernel_network_is_silent(const struct kernel_network *network, int ifindex, const struct ip_addr *addr)
{
	for (struct nl_object *found = nl_cache_get_first(network->neighbours); found;
	     found = nl_cache_get_next(found)) {
		struct rtnl_neigh *neighbour = (struct rtnl_neigh *)found;

		if (rtnl_neigh_get_ifindex(neighbour) == ifindex && is_same(rtnl_neigh_get_dst(neighbour), addr))
			return (rtnl_neigh_get_state(neighbour) & NUD_FAILED) != 0;
	}
	return false;
}

static void
read_next(struct nlattr **attrs, const struct ip_addr *addr, struct kernel_route *ret)
{
	ret->next = *addr;
	if (attrs[RTA_GATEWAY] && (size_t)nla_len(attrs[RTA_GATEWAY]) >= length_of(addr)) {
		memcpy(&ret->next.ip, nla_data(attrs[RTA_GATEWAY]), length_of(addr));
	} else if (attrs[RTA_VIA] && (size_t)nla_len(attrs[RTA_VIA]) >= sizeof(struct rtvia) + 16) {
		const struct rtvia *via = nla_data(attrs[RTA_VIA]);

		ret->next = (struct ip_addr){ .family = via->rtvia_family };
		memcpy(&ret->next.ip, via->rtvia_addr, length_of(&ret->next));
	}
}

struct route_answer {
	const struct ip_addr *addr;
	struct kernel_route *ret;
	bool found;
};

static int
take_route(struct nl_msg *msg, void *arg)
{
	struct nlattr *attrs[RTA_MAX + 1];
	struct route_answer *answer = arg;
	const struct rtmsg *route = nlmsg_data(nlmsg_hdr(msg));

	if (nlmsg_hdr(msg)->nlmsg_type != RTM_NEWROUTE ||
	    nlmsg_parse(nlmsg_hdr(msg), sizeof(*route), attrs, RTA_MAX, NULL) < 0 || !attrs[RTA_OIF])
		return NL_SKIP;
	answer->found = true;
	answer->ret->local = route->rtm_type == RTN_LOCAL;
	answer->ret->ifindex = (int)nla_get_u32(attrs[RTA_OIF]);
	read_next(attrs, answer->addr, answer->ret);
	return NL_OK;
}

int
kernel_network_route(struct kernel_network *network, const struct ip_addr *addr, struct kernel_route *ret)
{
	const struct rtmsg request = { .rtm_family = (unsigned char)addr->family,
				       .rtm_dst_len = (unsigned char)(8 * length_of(addr)) };
	struct route_answer answer = { .addr = addr, .ret = ret };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_GETROUTE, NLM_F_REQUEST);
	int err = -1;

	*ret = (struct kernel_route){ .ifindex = 0 };
	if (!msg)
		return -ENOMEM;
	nl_socket_modify_cb(network->sk, NL_CB_VALID, NL_CB_CUSTOM, take_route, &answer);
	if (nlmsg_append(msg, (void *)&request, sizeof(request), NLMSG_ALIGNTO) == 0 &&
	    nla_put(msg, RTA_DST, (int)length_of(addr), &addr->ip) == 0)
		err = nl_send_auto(network->sk, msg);
	nlmsg_free(msg);
	/* A way that there is not, or that ends in a black hole, is answered by an error. */
	if (err >= 0)
		err = nl_recvmsgs_default(network->sk);
	if (err >= 0 && answer.found) {
		if (!rtnl_link_i2name(network->links, ret->ifindex, ret->interface, sizeof(ret->interface)))
			snprintf(ret->interface, sizeof(ret->interface), "%d", ret->ifindex);
		return 0;
	}
	return -ENETUNREACH;
}
