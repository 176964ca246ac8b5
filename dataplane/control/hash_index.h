/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A growing hash table of nodes that stand inside the objects. The caller compares keys, the table only hashes.
 */
#ifndef CONTROL_HASH_INDEX_H
#define CONTROL_HASH_INDEX_H

#include <stdint.h>

struct hash_node {
	struct hash_node *next;
	uint32_t hash;
};

struct hash_index {
	struct hash_node **buckets;
	uint32_t mask, n;
};

/* -ENOMEM. */
int hash_index_init(struct hash_index *index);
/* The nodes stay the caller's. */
void hash_index_fini(struct hash_index *index);
void hash_index_add(struct hash_index *index, struct hash_node *node, uint32_t hash);
void hash_index_remove(struct hash_index *index, struct hash_node *node);
/* Nodes with that HASH, one after the other; NULL at the end. */
struct hash_node *hash_index_first(const struct hash_index *index, uint32_t hash);
struct hash_node *hash_index_next(const struct hash_node *node);

#endif
