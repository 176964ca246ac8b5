/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See number_pool.h. The ring's memory is taken at once but touched on use, so that a large limit costs address space
 * only.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/number_pool.h"

int
number_pool_init(struct number_pool *pool, uint32_t limit)
{
	*pool = (struct number_pool){ .limit = limit, .ring_size = limit ? limit : 1 };
	pool->ring = calloc(pool->ring_size, sizeof(*pool->ring));
	pool->used = calloc(pool->ring_size / 8 + 1, 1);
	if (pool->ring && pool->used)
		return 0;
	number_pool_fini(pool);
	return -ENOMEM;
}

void
number_pool_fini(struct number_pool *pool)
{
	free(pool->ring);
	free(pool->used);
	pool->ring = NULL;
	pool->used = NULL;
}

static bool
is_used(const struct number_pool *pool, uint32_t number)
{
	return pool->used[number / 8] >> (number % 8) & 1;
}

static void
push(struct number_pool *pool, uint32_t number)
{
	pool->ring[(pool->first + pool->n) % pool->ring_size] = number;
	pool->n++;
}

static uint32_t
shift(struct number_pool *pool)
{
	uint32_t number = pool->ring[pool->first];

	pool->first = (pool->first + 1) % pool->ring_size;
	pool->n--;
	return number;
}

int
number_pool_get(struct number_pool *pool, uint32_t *ret)
{
	if (pool->n > 0)
		*ret = shift(pool);
	else if (pool->high < pool->limit)
		*ret = pool->high++;
	else
		return -ENOSPC;
	pool->used[*ret / 8] |= (uint8_t)(1u << (*ret % 8));
	return 0;
}

int
number_pool_claim(struct number_pool *pool, uint32_t number)
{
	if (number >= pool->limit)
		return -ERANGE;
	if (is_used(pool, number))
		return -EEXIST;
	pool->claiming = true;
	if (pool->high <= number)
		pool->high = number + 1;
	pool->used[number / 8] |= (uint8_t)(1u << (number % 8));
	return 0;
}

void
number_pool_claimed(struct number_pool *pool)
{
	if (!pool->claiming)
		return;
	pool->claiming = false;
	for (uint32_t number = 0; number < pool->high; number++)
		if (!is_used(pool, number))
			push(pool, number);
}

void
number_pool_put(struct number_pool *pool, uint32_t number)
{
	pool->used[number / 8] &= (uint8_t) ~(1u << (number % 8));
	if (!pool->claiming)
		push(pool, number);
}
