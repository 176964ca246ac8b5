/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the workers want of the neighbour table, and what is asked of the kernel for it: never twice while a question is
 * open, and after a failure only when its back-off is over.
 */
#define _GNU_SOURCE
#include <linux/neighbour.h>
#include <string.h>

#include <rte_ring_elem.h>

#include "control/mirror.h"
#include "core/worker.h"

#define ANSWER_MS 5000 /* the kernel tries for three seconds */
#define SERVE_MAX 256

static bool
is_ready(const struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour)
{
	return fib_nexthop(mirror->parts.fib, neighbour->number).state == NEXTHOP_READY;
}

static bool
may_ask(const struct kernel_mirror *mirror, const struct mirror_neighbour *neighbour)
{
	if (neighbour->asked && mirror->now_ms - neighbour->asked_ms < ANSWER_MS)
		return false;
	if (neighbour->state & (NUD_INCOMPLETE | NUD_PROBE | NUD_DELAY))
		return false;
	return neighbour->back_off_ms == 0 || mirror->now_ms - neighbour->failed_ms >= neighbour->back_off_ms;
}

void
mirror_request_ask(struct kernel_mirror *mirror, struct mirror_neighbour *neighbour)
{
	if (!may_ask(mirror, neighbour) || !mirror->ask)
		return;
	if (mirror->ask(mirror, neighbour, neighbour->n_routes > 0) < 0)
		return;
	neighbour->asked = true;
	neighbour->asked_ms = mirror->now_ms;
}

void
mirror_request_take(struct kernel_mirror *mirror, const struct neighbour_request *request)
{
	const struct fib *fib = mirror->parts.fib;
	struct mirror_neighbour *neighbour;
	struct ip_addr addr = { .family = request->family };

	if (request->nexthop >= fib->n_nexthops)
		return;
	if (fib_is_onlink(fib, request->nexthop)) {
		/* It was another next hop when it was in use. */
		if (request->family == 0)
			return;
		memcpy(addr.ip.bytes, request->address, sizeof(request->address));
		neighbour = mirror_neighbour_get(mirror, &addr, fib_nexthop(fib, request->nexthop).port);
	} else {
		neighbour = mirror->neighbour_of_number[request->nexthop];
	}
	if (!neighbour)
		return;
	/* In use, and about to be forgotten by a kernel that sees no packet to it. */
	if (!is_ready(mirror, neighbour) || neighbour->state == NUD_STALE)
		mirror_request_ask(mirror, neighbour);
}

void
mirror_requests_serve(struct kernel_mirror *mirror)
{
	for (uint32_t i = 0; i < mirror->parts.n_workers; i++) {
		struct rte_ring *ring = mirror->parts.workers[i]->neighbour_requests;
		struct neighbour_request request;

		for (uint32_t n = 0; n < SERVE_MAX; n++) {
			if (rte_ring_sc_dequeue_elem(ring, &request, sizeof(request)) != 0)
				break;
			mirror_request_take(mirror, &request);
		}
	}
}

void
mirror_requests_tick(struct kernel_mirror *mirror)
{
	for (struct mirror_neighbour *neighbour = TAILQ_FIRST(&mirror->neighbours), *next; neighbour;
	     neighbour = next) {
		next = TAILQ_NEXT(neighbour, link);
		if (neighbour->asked && mirror->now_ms - neighbour->asked_ms >= ANSWER_MS)
			neighbour->asked = false;
		if (neighbour->n_routes > 0 && !is_ready(mirror, neighbour))
			mirror_request_ask(mirror, neighbour);
		mirror_neighbour_drop_unused(mirror, neighbour);
	}
}
