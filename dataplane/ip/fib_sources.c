/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A tree (tsearch(3)) of the prefixes that somebody offers a next hop for.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "ip/fib_sources.h"

struct offered_prefix {
	struct ip_addr prefix;
	uint8_t length;
	uint32_t offers[FIB_SOURCES];
	uint32_t shown; /* by the fib */
};

struct fib_sources {
	void *tree;
	uint32_t n_of_length[2][129]; /* prefixes with a route, by family */
};

struct fib_sources *
fib_sources_create(void)
{
	return calloc(1, sizeof(struct fib_sources));
}

void
fib_sources_destroy(struct fib_sources *sources)
{
	if (!sources)
		return;
	tdestroy(sources->tree, free);
	free(sources);
}

static int
compare(const void *a, const void *b)
{
	const struct offered_prefix *left = a, *right = b;
	int difference = left->prefix.family - right->prefix.family;

	if (difference == 0)
		difference = left->length - right->length;
	return difference != 0 ? difference : memcmp(&left->prefix.ip, &right->prefix.ip, sizeof(left->prefix.ip));
}

/* PREFIX without the bits behind LENGTH. */
static struct offered_prefix
key_of(const struct ip_addr *prefix, uint8_t length)
{
	struct offered_prefix key = { .prefix = { .family = prefix->family }, .length = length };

	memcpy(key.prefix.ip.bytes, prefix->ip.bytes, length / 8);
	if (length % 8 != 0)
		key.prefix.ip.bytes[length / 8] = prefix->ip.bytes[length / 8] & (uint8_t)(0xff00 >> (length % 8));
	return key;
}

static struct offered_prefix *
find(const struct fib_sources *sources, const struct offered_prefix *key)
{
	struct offered_prefix **node = tfind(key, &sources->tree, compare);

	return node ? *node : NULL;
}

static struct offered_prefix *
find_or_add(struct fib_sources *sources, const struct offered_prefix *key)
{
	struct offered_prefix *found = find(sources, key);

	if (found)
		return found;
	found = malloc(sizeof(*found));
	if (!found)
		return NULL;
	*found = *key;
	if (!tsearch(found, &sources->tree, compare)) {
		free(found);
		return NULL;
	}
	return found;
}

static uint32_t
winner(const struct fib *fib, const struct offered_prefix *prefix)
{
	uint32_t route = prefix->offers[FIB_SOURCE_ROUTE], neighbour = prefix->offers[FIB_SOURCE_NEIGHBOUR];

	if (prefix->offers[FIB_SOURCE_ADDRESS] != FIB_NONE)
		return prefix->offers[FIB_SOURCE_ADDRESS];
	if (prefix->offers[FIB_SOURCE_LADDR] != FIB_NONE)
		return prefix->offers[FIB_SOURCE_LADDR];
	if (prefix->offers[FIB_SOURCE_BROADCAST] != FIB_NONE)
		return prefix->offers[FIB_SOURCE_BROADCAST];
	if (route == FIB_NONE || (fib_is_onlink(fib, route) && neighbour != FIB_NONE))
		return neighbour;
	return route;
}

static int
show(struct fib *fib, struct offered_prefix *prefix)
{
	uint32_t number = winner(fib, prefix);
	int err;

	if (number == prefix->shown)
		return 0;
	if (number == FIB_NONE)
		err = fib_delete_route(fib, &prefix->prefix, prefix->length);
	else
		err = fib_set_route(fib, &prefix->prefix, prefix->length, number);
	if (err == 0)
		prefix->shown = number;
	return err;
}

int
fib_offer(struct fib *fib, const struct ip_addr *prefix, uint8_t length, enum fib_source source, uint32_t number)
{
	struct fib_sources *sources = fib->sources;
	struct offered_prefix key, *found;
	int err;

	if (!(prefix->family == AF_INET && length <= 32) && !(prefix->family == AF_INET6 && length <= 128))
		return -EINVAL;
	key = key_of(prefix, length);
	found = number == FIB_NONE ? find(sources, &key) : find_or_add(sources, &key);
	if (!found)
		return number == FIB_NONE ? 0 : -ENOMEM;
	if (source == FIB_SOURCE_ROUTE) {
		uint32_t *n = &sources->n_of_length[prefix->family == AF_INET6][length];

		*n += (number != FIB_NONE) - (found->offers[source] != FIB_NONE);
	}
	found->offers[source] = number;
	err = show(fib, found);
	if (winner(fib, found) == FIB_NONE && found->shown == FIB_NONE) {
		tdelete(found, &sources->tree, compare);
		free(found);
	}
	return err;
}

uint32_t
fib_route_to(const struct fib *fib, const struct ip_addr *addr)
{
	const struct fib_sources *sources = fib->sources;

	for (int length = addr->family == AF_INET ? 32 : 128; length >= 0; length--) {
		const struct offered_prefix *found;
		struct offered_prefix key;

		if (sources->n_of_length[addr->family == AF_INET6][length] == 0)
			continue;
		key = key_of(addr, (uint8_t)length);
		found = find(sources, &key);
		if (found && found->offers[FIB_SOURCE_ROUTE] != FIB_NONE)
			return found->offers[FIB_SOURCE_ROUTE];
	}
	return FIB_NONE;
}
