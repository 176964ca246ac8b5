/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A worker's random numbers: Marsaglia's xorshift, for spreading things, not for secrets.
 */
#ifndef CORE_RANDOM_H
#define CORE_RANDOM_H

#include <stdint.h>

#include "core/worker.h"

static inline uint32_t
random_next(struct worker *self)
{
	self->random ^= self->random << 13;
	self->random ^= self->random >> 17;
	self->random ^= self->random << 5;
	return self->random;
}

/* A number below N, without a division. */
static inline uint64_t
random_below(struct worker *self, uint64_t n)
{
	return (uint64_t)((unsigned __int128)random_next(self) * n >> 32);
}

#endif
