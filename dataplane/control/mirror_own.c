/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which address the host has on each port, for packets that workers make: as the kernel does without a preferred source
 * (inet_select_addr()), the first one of the port's interface, else of any other. One that stands for itself alone (/32,
 * /128: a virtual address that may move) comes after those that tell of a network.
 */
#include <netinet/in.h>
#include <string.h>

#include "control/mirror.h"

enum { RANK_NONE, RANK_ELSEWHERE, RANK_HOST, RANK_NETWORK };

static int
rank_of(const struct mirror_address *address, const struct port *port)
{
	if (address->addr.family == AF_INET6 &&
	    IN6_IS_ADDR_LINKLOCAL((const struct in6_addr *)(const void *)address->addr.ip.bytes))
		return RANK_NONE;
	if (address->ifindex != port->kernel_ifindex)
		return RANK_ELSEWHERE;
	return address->length == (address->addr.family == AF_INET ? 32 : 128) ? RANK_HOST : RANK_NETWORK;
}

static bool
find_best(const struct kernel_mirror *mirror, const struct port *port, uint16_t family, union ip_bits *ret)
{
	const struct mirror_address *address;
	int best = RANK_NONE;

	TAILQ_FOREACH (address, &mirror->addresses, link) {
		int rank = address->addr.family == family ? rank_of(address, port) : RANK_NONE;

		if (rank > best) {
			best = rank;
			*ret = address->addr.ip;
		}
	}
	return best != RANK_NONE;
}

void
mirror_own_publish(struct kernel_mirror *mirror)
{
	for (uint32_t i = 0; i < mirror->parts.ports->n_ports; i++) {
		struct fib_own own;

		memset(&own, 0, sizeof(own));
		own.has_v4 = find_best(mirror, &mirror->parts.ports->port[i], AF_INET, &own.v4);
		own.has_v6 = find_best(mirror, &mirror->parts.ports->port[i], AF_INET6, &own.v6);
		if (fib_set_own(mirror->parts.fib, (uint8_t)i, &own) < 0)
			mirror->resync_due = true;
	}
}
