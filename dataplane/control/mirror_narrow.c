/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Next hops with an MTU of their own, less than their port's, because routes say so: a number for each neighbour and MTU,
 * and one for what is on-link at a port.
 */
#define _GNU_SOURCE
#include <stdlib.h>

#include "control/mirror.h"

static struct mirror_narrow_list *
list_of(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	return neighbour ? &neighbour->narrow : &mirror->narrow_onlink;
}

static struct mirror_narrow *
find(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint8_t port, uint16_t mtu)
{
	struct mirror_narrow *narrow;

	LIST_FOREACH (narrow, list_of(mirror, neighbour), link) {
		if (narrow->port == port && narrow->mtu == mtu)
			return narrow;
	}
	return NULL;
}

static void
show(struct kernel_mirror *mirror, const struct mirror_narrow *narrow, union nexthop nexthop)
{
	if (nexthop.state == NEXTHOP_READY)
		nexthop.state = NEXTHOP_NARROW;
	fib_nexthop_set(mirror->parts.fib, narrow->number, nexthop);
}

#define RETRY_MS 10000u /* numbers that were given back are free again when all workers have passed */

static struct mirror_narrow *
make(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint8_t port, uint16_t mtu)
{
	struct mirror_narrow *narrow = calloc(1, sizeof(*narrow));
	struct fib *fib = mirror->parts.fib;

	if (!narrow || fib_nexthop_new_narrow(fib, mtu, &narrow->number) < 0) {
		mirror->narrow_retry_ms = mirror->now_ms + RETRY_MS;
		log_limited(&mirror->narrow_limit, LOG_ERR, "mirror",
			    "too many neighbours: the MTU of further routes is not heeded; raise limits.neighbours");
		free(narrow);
		return NULL;
	}
	narrow->neighbour = neighbour;
	narrow->port = port;
	narrow->mtu = mtu;
	show(mirror, narrow, fib_nexthop(fib, neighbour ? neighbour->number : (uint32_t)FIB_ONLINK + port));
	mirror->neighbour_of_number[narrow->number] = neighbour;
	LIST_INSERT_HEAD(list_of(mirror, neighbour), narrow, link);
	return narrow;
}

struct mirror_narrow *
mirror_narrow_hold(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour, uint8_t port, uint16_t mtu)
{
	struct mirror_narrow *narrow = find(mirror, neighbour, port, mtu);

	if (!narrow)
		narrow = make(mirror, neighbour, port, mtu);
	if (narrow)
		narrow->n_users++;
	return narrow;
}

void
mirror_narrow_release(struct kernel_mirror *mirror, struct mirror_narrow *narrow)
{
	if (!narrow || --narrow->n_users > 0)
		return;
	mirror->neighbour_of_number[narrow->number] = NULL;
	fib_nexthop_free(mirror->parts.fib, narrow->number);
	LIST_REMOVE(narrow, link);
	free(narrow);
}

void
mirror_narrow_tick(struct kernel_mirror *mirror)
{
	if (mirror->narrow_retry_ms == 0 || mirror->now_ms < mirror->narrow_retry_ms)
		return;
	mirror->narrow_retry_ms = 0;
	mirror_routes_recheck(mirror);
	mirror_neighbours_recheck(mirror);
}

void
mirror_narrow_follow(struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour, union nexthop nexthop)
{
	const struct mirror_narrow *narrow;

	LIST_FOREACH (narrow, &neighbour->narrow, link)
		show(mirror, narrow, nexthop);
}

void
mirror_narrow_free(struct mirror_narrow_list *list)
{
	while (!LIST_EMPTY(list)) {
		struct mirror_narrow *first = LIST_FIRST(list);

		LIST_REMOVE(first, link);
		free(first);
	}
}
