/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Who owns a packet (decisions.md 1-3): RETA[Toeplitz(flow)], computed here in software and, where the NIC can, by the
 * NIC with the same key and table. Local ports of full-NAT are sorted by what they contribute to the hash, so that a
 * port can be picked whose replies come back to the worker that picks it.
 */
#ifndef PORT_STEERING_H
#define PORT_STEERING_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"

#define STEERING_KEY_LENGTH 52
#define STEERING_RETA_MAX 512

/* Local ports sorted by their slot: the ports p with (Toeplitz of p alone in the destination port's place) & (reta_size -
 * 1) == s are ports[first[s]] up to ports[first[s + 1]], ascending, in host order. */
struct steering_ports {
	uint32_t first[STEERING_RETA_MAX + 1];
	uint16_t ports[65536];
};

struct steering {
	uint8_t key[STEERING_KEY_LENGTH];
	uint8_t key_cpu[STEERING_KEY_LENGTH]; /* as rte_softrss_be wants it */
	uint16_t reta_size; /* a power of two */
	uint8_t reta[STEERING_RETA_MAX]; /* slot -> worker */
	uint32_t n_workers;
	/* The ports stand at another place of the hashed bytes in IPv6, and meet other bits of the key. */
	struct steering_ports ipv4, ipv6;
};

/* KEY has STEERING_KEY_LENGTH bytes, NULL for a random one. RETA_SIZE is a power of two up to STEERING_RETA_MAX and not
 * under N_WORKERS; the table is filled round robin. With a key that is not of full rank no choice of a local port would
 * bring some replies to some workers: a random one takes its place, with a warning, and a NIC that keeps the first one is
 * a NIC like any that can't be steered: packets go to their owner by ring. -EINVAL, -ENOMEM, -EIO without randomness. */
int steering_create(const uint8_t *key, uint16_t reta_size, uint32_t n_workers, struct steering **ret);
void steering_destroy(struct steering *steering);

/* The hash that a NIC computes over addresses and ports of FLOW (Microsoft's RSS, TCP and UDP). */
uint32_t steering_hash(const struct steering *steering, const struct flow *flow);

static inline uint32_t
owner_of(const struct steering *steering, const struct flow *flow)
{
	return steering->n_workers == 1 ? 0 : steering->reta[steering_hash(steering, flow) & (steering->reta_size - 1)];
}

static inline const struct steering_ports *
steering_ports(const struct steering *steering, uint16_t family)
{
	return family == AF_INET ? &steering->ipv4 : &steering->ipv6;
}

/* For a reply flow whose dport is still open (0): the slot that local port P would give is
 * (steering_hash(reply with dport 0) ^ slot contribution of P) & (reta_size - 1). */

#endif
