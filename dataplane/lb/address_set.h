/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Whether an address is one of a real server or of a service: a counted set that workers read.
 */
#ifndef LB_ADDRESS_SET_H
#define LB_ADDRESS_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct rcu;

struct address_set_member {
	struct address_set_member *next; /* published */
	struct ip_addr address;
	uint32_t times; /* control only */
};

struct address_set {
	struct rcu *rcu;
	uint32_t shift; /* 64 less the bits of a bucket's number */
	uint32_t n_buckets;
	struct address_set_member *buckets[]; /* published */
};

/* Buckets for MAX addresses, memory for them taken on first use. */
int address_set_create(uint32_t max, struct rcu *rcu, struct address_set **ret);
void address_set_destroy(struct address_set *set);

/* Control side. An address is in the set as often as it was added; -ENOMEM. */
int address_set_add(struct address_set *set, const struct ip_addr *address);
void address_set_remove(struct address_set *set, const struct ip_addr *address);

bool address_set_has(const struct address_set *set, uint16_t family, const union ip_bits *address);

#endif
