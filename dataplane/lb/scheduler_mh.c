/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Maglev hashing (ip_vs_mh.c; Eisenbud and others, NSDI 2016, section 3.4): the client's address, with the flag mh-port
 * also its port, leads to one of 4093 slots, the size of the kernels of all distributions (CONFIG_IP_VS_MH_TAB_INDEX
 * 12). A destination keeps its slots while its weight is 0. If the one there takes no connections, there is none; with
 * the flag mh-fallback the slots are probed for one that does.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "core/cleanup.h"
#include "lb/address_hash.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define SLOTS 4093u /* prime */
#define TURN_BITS 6 /* of the longest turn: half of the table's index */
#define SLOT_KEY 2654435761u
#define SKIP_KEY 2654446892u
#define NOBODY UINT16_MAX

/* mh-fallback and mh-port of ipvsadm; the kernel's header names them for sh only. */
#define FALLBACK IP_VS_SVC_F_SCHED1
#define PORT IP_VS_SVC_F_SCHED2

struct mh_state {
	const struct dest *const *dests; /* those that share in the slots are of these */
	uint16_t slot[SLOTS]; /* position there */
};

/* A destination that shares in the slots: the order in which it wants them, and how many at a time. */
struct sharer {
	uint16_t position;
	uint32_t next, skip;
	uint32_t turn;
};

/* How many slots at a time: weights without their common divisor, and without the low bits of what is too long. */
struct scale {
	uint32_t divisor, shift;
};

static struct scale
scale_of(const struct dest *const *dests, uint32_t n)
{
	struct scale scale = { .divisor = 0 };
	uint32_t top = 0;

	for (uint32_t i = 0; i < n; i++) {
		uint32_t weight = (uint32_t)dests[i]->last_weight;

		scale.divisor = common_divisor(scale.divisor, weight);
		top = weight > top ? weight : top;
	}
	if (scale.divisor == 0)
		return scale;
	while (top / scale.divisor >> scale.shift >= 1u << TURN_BITS)
		scale.shift++;
	return scale;
}

static struct sharer
sharer_of(const struct dest *dest, uint32_t position, uint16_t family, struct scale scale)
{
	uint32_t key = address_key(family, &dest->addr.ip, dest->port);
	uint32_t turn = (uint32_t)dest->last_weight / scale.divisor >> scale.shift;

	return (struct sharer){
		.position = (uint16_t)position,
		.next = sip_hash_13(key, SLOT_KEY) % SLOTS,
		.skip = sip_hash_13(key, SKIP_KEY) % (SLOTS - 1) + 1,
		.turn = turn > 0 ? turn : 1,
	};
}

static void
take_slot(struct mh_state *state, struct sharer *sharer)
{
	while (state->slot[sharer->next] != NOBODY) {
		sharer->next += sharer->skip;
		if (sharer->next >= SLOTS)
			sharer->next -= SLOTS;
	}
	state->slot[sharer->next] = sharer->position;
}

static void
share_out(struct mh_state *state, struct sharer *sharers, uint32_t n)
{
	uint32_t taken = 0;

	for (uint32_t i = 0; n > 0; i = i + 1 < n ? i + 1 : 0) {
		for (uint32_t turn = 0; turn < sharers[i].turn; turn++) {
			take_slot(state, &sharers[i]);
			if (++taken == SLOTS)
				return;
		}
	}
}

/* Beyond one for each slot the kernel leaves its table as it is: the newest, at the head of the list, get none. */
static int
mh_state_new(struct service *svc, const struct service *old, uint32_t n_workers)
{
	uint32_t n_dests = svc->n_dests < SLOTS ? svc->n_dests : SLOTS, n = 0;
	const struct dest *const *dests = svc->dests + (svc->n_dests - n_dests);
	CLEANUP(free) void *memory = calloc(n_dests + 1, sizeof(struct sharer));
	struct mh_state *state = malloc(sizeof(*state));
	struct scale scale = scale_of(dests, n_dests);
	struct sharer *sharers = memory;

	(void)old, (void)n_workers;
	if (!sharers || !state) {
		free(state);
		return -ENOMEM;
	}
	state->dests = dests;
	memset(state->slot, 0xff, sizeof(state->slot));
	for (uint32_t i = 0; i < n_dests; i++) {
		if (dests[i]->last_weight > 0)
			sharers[n++] = sharer_of(dests[i], i, svc->key.family, scale);
	}
	share_out(state, sharers, n);
	svc->scheduler_state = state;
	return 0;
}

/* The kernel probes from the slot where it looked first, each time with a number to add to the key. */
static const struct dest *
fall_back(struct worker *self, const struct service *svc, uint32_t key, uint32_t first)
{
	const struct mh_state *state = svc->scheduler_state;

	if (!scheduler_any_open(self, svc))
		return NULL;
	for (uint32_t i = 0, added = first; i < SLOTS; i++) {
		const struct dest *dest = state->dests[state->slot[sip_hash_13(key + added, SLOT_KEY) % SLOTS]];

		if (scheduler_dest_takes(self, dest))
			return dest;
		added = added + 1 < SLOTS ? added + 1 : 0;
	}
	return NULL;
}

static const struct dest *
mh_pick(struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct mh_state *state = svc->scheduler_state;
	rte_be16_t port = svc->flags & PORT ? flow->sport : 0;
	uint32_t key = address_key(flow->family, &flow->src, port);
	uint32_t slot = sip_hash_13(key, SLOT_KEY) % SLOTS;
	const struct dest *dest;

	if (state->slot[slot] == NOBODY)
		return NULL;
	dest = state->dests[state->slot[slot]];
	if (scheduler_dest_takes(self, dest))
		return dest;
	return svc->flags & FALLBACK ? fall_back(self, svc, key, slot) : NULL;
}

const struct scheduler scheduler_mh = {
	.name = "mh",
	.pick = mh_pick,
	.state_new = mh_state_new,
	.state_free = free,
	.max_dests = SLOTS,
};
