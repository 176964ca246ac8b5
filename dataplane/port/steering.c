/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The hash of steering.h and its tables. The Toeplitz hash is linear: the hash of a tuple is the XOR of what each of its
 * bits contributes, so what a local port contributes can be computed apart from the rest.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include <rte_thash.h>

#include "core/log.h"
#include "port/steering.h"

/* 32-bit words that are hashed: two addresses, and both ports in one word. */
#define WORDS_V4 3
#define WORDS_V6 9

/* What PORT alone contributes where the destination port stands, in the last of WORDS words. */
static uint32_t
port_hash(const struct steering *steering, uint32_t words, uint16_t port)
{
	uint32_t tuple[WORDS_V6] = { 0 };

	tuple[words - 1] = port;
	return rte_softrss_be(tuple, words, steering->key_cpu);
}

/* Rank over GF(2) of the map from the 16 bits of a port to a slot. */
static uint32_t
port_rank(const struct steering *steering, uint32_t words)
{
	uint32_t by_top_bit[16] = { 0 }, rank = 0;

	for (uint32_t i = 0; i < 16; i++) {
		uint32_t row = port_hash(steering, words, (uint16_t)(1u << i)) & (steering->reta_size - 1u);

		while (row != 0) {
			uint32_t top = 31u - (uint32_t)__builtin_clz(row);

			if (by_top_bit[top] == 0) {
				by_top_bit[top] = row;
				rank++;
				break;
			}
			row ^= by_top_bit[top];
		}
	}
	return rank;
}

static bool
is_full_rank(const struct steering *steering)
{
	uint32_t bits = (uint32_t)__builtin_ctz(steering->reta_size);

	return port_rank(steering, WORDS_V4) == bits && port_rank(steering, WORDS_V6) == bits;
}

/* A counting sort of all ports by their slot. */
static void
sort_ports(const struct steering *steering, uint32_t words, struct steering_ports *ret)
{
	uint32_t mask = steering->reta_size - 1u, next[STEERING_RETA_MAX];

	memset(ret->first, 0, sizeof(ret->first));
	for (uint32_t port = 0; port < 65536; port++)
		ret->first[(port_hash(steering, words, (uint16_t)port) & mask) + 1]++;
	for (uint32_t slot = 0; slot <= mask; slot++) {
		ret->first[slot + 1] += ret->first[slot];
		next[slot] = ret->first[slot];
	}
	for (uint32_t port = 0; port < 65536; port++)
		ret->ports[next[port_hash(steering, words, (uint16_t)port) & mask]++] = (uint16_t)port;
}

static void
set_key(struct steering *steering, const uint8_t *key)
{
	memcpy(steering->key, key, STEERING_KEY_LENGTH);
	for (uint32_t i = 0; i < STEERING_KEY_LENGTH; i += 4) {
		uint32_t word =
			(uint32_t)key[i] << 24 | (uint32_t)key[i + 1] << 16 | (uint32_t)key[i + 2] << 8 | key[i + 3];

		memcpy(&steering->key_cpu[i], &word, 4);
	}
}

/* One key in some hundred is not of full rank (decisions.md 3): the next one is. */
static int
set_random_key(struct steering *steering)
{
	uint8_t key[STEERING_KEY_LENGTH];

	do {
		if (getrandom(key, sizeof(key), 0) != sizeof(key))
			return -EIO;
		set_key(steering, key);
	} while (!is_full_rank(steering));
	return 0;
}

static int
choose_key(struct steering *steering, const uint8_t *key)
{
	if (!key)
		return set_random_key(steering);
	set_key(steering, key);
	if (is_full_rank(steering))
		return 0;
	log_warning("steering", "with this RSS key some slots of the table can't be reached: taking another key; where "
				"the NIC keeps it, packets are handed over between workers");
	return set_random_key(steering);
}

int
steering_create(const uint8_t *key, uint16_t reta_size, uint32_t n_workers, struct steering **ret)
{
	struct steering *steering;
	int err;

	if (reta_size == 0 || reta_size > STEERING_RETA_MAX || (reta_size & (reta_size - 1)) != 0)
		return -EINVAL;
	if (n_workers == 0 || n_workers > reta_size || n_workers > UINT8_MAX)
		return -EINVAL;
	steering = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*steering), 64));
	if (!steering)
		return -ENOMEM;
	steering->reta_size = reta_size;
	steering->n_workers = n_workers;
	for (uint32_t slot = 0; slot < reta_size; slot++)
		steering->reta[slot] = (uint8_t)(slot % n_workers);
	err = choose_key(steering, key);
	if (err < 0) {
		free(steering);
		return err;
	}
	sort_ports(steering, WORDS_V4, &steering->ipv4);
	sort_ports(steering, WORDS_V6, &steering->ipv6);
	*ret = steering;
	return 0;
}

void
steering_destroy(struct steering *steering)
{
	free(steering);
}

uint32_t
steering_hash(const struct steering *steering, const struct flow *flow)
{
	uint32_t ports = (uint32_t)rte_be_to_cpu_16(flow->sport) << 16 | rte_be_to_cpu_16(flow->dport);
	uint32_t tuple[WORDS_V6];

	if (flow->family == AF_INET) {
		tuple[0] = rte_be_to_cpu_32(flow->src.v4);
		tuple[1] = rte_be_to_cpu_32(flow->dst.v4);
		tuple[2] = ports;
		return rte_softrss_be(tuple, WORDS_V4, steering->key_cpu);
	}
	for (uint32_t i = 0; i < 4; i++) {
		tuple[i] = rte_be_to_cpu_32(flow->src.word[i]);
		tuple[4 + i] = rte_be_to_cpu_32(flow->dst.word[i]);
	}
	tuple[8] = ports;
	return rte_softrss_be(tuple, WORDS_V6, steering->key_cpu);
}
