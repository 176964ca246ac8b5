/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Random numbers of the unit tests: the same in every run unless IPVSD_TEST_SEED names another seed, and the seed is
 * printed so that a failure can be repeated.
 */
#ifndef RANDOM_SOURCE_H
#define RANDOM_SOURCE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

struct random_source {
	uint64_t state;
};

static inline uint64_t
random_u64(struct random_source *source)
{
	uint64_t z = source->state += 0x9e3779b97f4a7c15u;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline uint32_t
random_upto(struct random_source *source, uint32_t below)
{
	return (uint32_t)((random_u64(source) >> 32) * below >> 32);
}

static inline void
random_bytes(struct random_source *source, void *at, size_t length)
{
	uint8_t *bytes = at;

	for (size_t i = 0; i < length; i++)
		bytes[i] = (uint8_t)random_u64(source);
}

static inline struct random_source
random_source_new(uint64_t seed)
{
	const char *asked = getenv("IPVSD_TEST_SEED");

	if (asked)
		seed = strtoull(asked, NULL, 0);
	printf("# seed %#llx (IPVSD_TEST_SEED)\n", (unsigned long long)seed);
	return (struct random_source){ .state = seed };
}

#endif
