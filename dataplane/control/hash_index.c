/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See hash_index.h.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/hash_index.h"

#define BUCKETS_FIRST 1024u

int
hash_index_init(struct hash_index *index)
{
	index->buckets = calloc(BUCKETS_FIRST, sizeof(*index->buckets));
	index->mask = BUCKETS_FIRST - 1;
	index->n = 0;
	return index->buckets ? 0 : -ENOMEM;
}

void
hash_index_fini(struct hash_index *index)
{
	free(index->buckets);
	index->buckets = NULL;
}

static void
link_node(struct hash_node **buckets, uint32_t mask, struct hash_node *node)
{
	node->next = buckets[node->hash & mask];
	buckets[node->hash & mask] = node;
}

/* Without memory for more buckets the chains grow longer, which is slower but right. */
static void
grow(struct hash_index *index)
{
	uint32_t mask = index->mask * 2 + 1;
	struct hash_node **buckets = calloc((size_t)mask + 1, sizeof(*buckets));

	if (!buckets)
		return;
	for (uint32_t i = 0; i <= index->mask; i++) {
		struct hash_node *node = index->buckets[i], *next;

		for (; node; node = next) {
			next = node->next;
			link_node(buckets, mask, node);
		}
	}
	free(index->buckets);
	index->buckets = buckets;
	index->mask = mask;
}

void
hash_index_add(struct hash_index *index, struct hash_node *node, uint32_t hash)
{
	node->hash = hash;
	link_node(index->buckets, index->mask, node);
	if (++index->n > index->mask)
		grow(index);
}

void
hash_index_remove(struct hash_index *index, struct hash_node *node)
{
	struct hash_node **at = &index->buckets[node->hash & index->mask];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	index->n--;
}

struct hash_node *
hash_index_first(const struct hash_index *index, uint32_t hash)
{
	struct hash_node *node = index->buckets[hash & index->mask];

	while (node && node->hash != hash)
		node = node->next;
	return node;
}

struct hash_node *
hash_index_next(const struct hash_node *node)
{
	uint32_t hash = node->hash;

	do
		node = node->next;
	while (node && node->hash != hash);
	return (struct hash_node *)(uintptr_t)node;
}
