/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Source hashing (ip_vs_sh.c): the client's address, with the flag sh-port also its port, leads to one of 256 slots. The
 * service's destinations share them in turn, each as many at a time as its weight, one without weight too. If the one
 * there takes no connections, there is none; with the flag sh-fallback the slots are gone through for one that does.
 */
#include <errno.h>
#include <stdlib.h>

#include <linux/ip_vs.h>

#include "lb/address_hash.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define SLOT_BITS 8
#define SLOT_MASK ((1u << SLOT_BITS) - 1)

struct sh_state {
	const struct dest *slot[1 << SLOT_BITS];
};

static int
sh_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	struct sh_state *state = calloc(1, sizeof(*state));
	uint32_t position = 0;
	int32_t given = 0;

	(void)old, (void)n_workers;
	if (!state)
		return -ENOMEM;
	for (uint32_t i = 0; svc->n_dests > 0 && i <= SLOT_MASK; i++) {
		state->slot[i] = svc->dests[position];
		if (++given < svc->dests[position]->weight)
			continue;
		given = 0;
		position = position + 1 < svc->n_dests ? position + 1 : 0;
	}
	svc->scheduler_state = state;
	return 0;
}

/* The kernel begins where it looked first, and counts from there once more. */
static const struct dest *
fall_back(struct worker *self, const struct service *svc, const struct sh_state *state, uint32_t first)
{
	if (!scheduler_any_open(self, svc))
		return NULL;
	for (uint32_t i = 0; i <= SLOT_MASK; i++) {
		const struct dest *dest = state->slot[(2 * first + i) & SLOT_MASK];

		if (scheduler_dest_takes(self, dest))
			return dest;
	}
	return NULL;
}

static const struct dest *
sh_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct sh_state *state = svc->scheduler_state;
	rte_be16_t port = svc->flags & IP_VS_SVC_F_SCHED_SH_PORT ? flow->sport : 0;
	uint32_t slot = hash_upper_bits(address_key(flow->family, &flow->src, port), SLOT_BITS);
	const struct dest *dest = state->slot[slot];

	if (!dest || scheduler_dest_takes(self, dest))
		return dest;
	return svc->flags & IP_VS_SVC_F_SCHED_SH_FALLBACK ? fall_back(self, svc, state, slot) : NULL;
}

const struct scheduler scheduler_sh = {
	.name = "sh",
	.pick = sh_pick,
	.state_new = sh_state_new,
	.state_free = free,
};
