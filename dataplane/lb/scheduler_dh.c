/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Destination hashing (ip_vs_dh.c): the packet's destination address leads to one of 256 slots, which the service's
 * destinations share in turn, whatever their weight. If the one there takes no connections, there is none.
 */
#include <errno.h>
#include <stdlib.h>

#include "lb/address_hash.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define SLOT_BITS 8

struct dh_state {
	const struct dest *slot[1 << SLOT_BITS];
};

static int
dh_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	struct dh_state *state = calloc(1, sizeof(*state));
	uint32_t position = 0;

	(void)old, (void)n_workers;
	if (!state)
		return -ENOMEM;
	for (uint32_t i = 0; svc->n_dests > 0 && i < 1u << SLOT_BITS; i++) {
		state->slot[i] = svc->dests[position];
		position = position + 1 < svc->n_dests ? position + 1 : 0;
	}
	svc->scheduler_state = state;
	return 0;
}

static const struct dest *
dh_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct dh_state *state = svc->scheduler_state;
	uint32_t key = address_key(flow->family, &flow->dst, 0);
	const struct dest *dest = state->slot[hash_upper_bits(key, SLOT_BITS)];

	return dest && scheduler_dest_takes(self, dest) ? dest : NULL;
}

const struct scheduler scheduler_dh = {
	.name = "dh",
	.pick = dh_pick,
	.state_new = dh_state_new,
	.state_free = free,
};
