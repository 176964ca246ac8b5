/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Gives out numbers below a limit, the longest unused first once all have been used, so that a number comes back as
 * late as can be. At the start, before any was given out otherwise, certain numbers can be claimed (restore).
 */
#ifndef CONTROL_NUMBER_POOL_H
#define CONTROL_NUMBER_POOL_H

#include <stdbool.h>
#include <stdint.h>

struct number_pool {
	uint32_t limit;
	uint32_t high; /* numbers from here on are not in the ring */
	uint32_t *ring; /* of free numbers below high */
	uint32_t ring_size, first, n;
	uint8_t *used; /* bit by number */
	bool claiming;
};

/* -ENOMEM. */
int number_pool_init(struct number_pool *pool, uint32_t limit);
void number_pool_fini(struct number_pool *pool);
/* -ENOSPC when all are used. */
int number_pool_get(struct number_pool *pool, uint32_t *ret);
/* Exactly that one; -EEXIST, -ERANGE. */
int number_pool_claim(struct number_pool *pool, uint32_t number);
/* After the last claim and before the first get: what was not claimed is free. */
void number_pool_claimed(struct number_pool *pool);
void number_pool_put(struct number_pool *pool, uint32_t number);

#endif
