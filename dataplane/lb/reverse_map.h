/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * (real server, port, protocol) -> the NAT services that use it. A NAT reply is hashed by the NIC over the server's
 * and the client's addresses and so arrives at any worker; with the service's address this one can compute the owner.
 */
#ifndef LB_REVERSE_MAP_H
#define LB_REVERSE_MAP_H

#include <stdint.h>

#include "core/flow.h"
#include "lb/service.h"

struct lb;

struct reverse_entry {
	struct reverse_entry *next; /* published */
	struct service_key server; /* addr, port, family, protocol of the real server; of any port: 0 and 0 */
	struct service_key service;
	uint32_t
		uses; /* destinations of the service with that address, counted over its versions; 0: all were removed */
	uint32_t removed; /* control only: those that were removed and are remembered */
};

struct reverse_map {
	uint32_t mask;
	struct reverse_entry *buckets[]; /* published */
};

/* Buckets for MAX_DESTS, memory for them taken on first use. */
int reverse_map_create(uint32_t max_dests, struct reverse_map **ret);
void reverse_map_destroy(struct reverse_map *map);

/* Control side: OLD (may be NULL) is about to be replaced by NEW. Only destinations between the first and the last that
 * differ cost time. On error nothing has changed. */
int reverse_map_update(struct lb *lb, const struct service *old, const struct service *new);
void reverse_map_forget(struct lb *lb, const struct service *old);
/* Answers of DEST, which the service of KEY is going to lose, find their owner until it is let go; -ENOMEM. */
int reverse_map_keep(struct lb *lb, const struct service_key *key, const struct dest *dest);
void reverse_map_let_go(struct lb *lb, const struct service_key *key, const struct dest *dest);

/* Worker side. Whether the packet may be an answer of a NAT server that serves a mark or all ports of an address: then
 * nothing tells what the client's flow was, nor who owns it. */
_Bool reverse_map_any_port(const struct lb *lb, const struct flow *reply);
/* For a packet from a server: its flow as the client sent it, for the Nth service that uses the server, or used it;
 * false if there are no more. */
_Bool reverse_map_client_flow(const struct lb *lb, const struct flow *reply, uint32_t n, struct flow *ret);

/* Whether a service uses the server that sent it, which serves no mark and not all ports of an address. */
_Bool reverse_map_has_server(const struct lb *lb, const struct flow *reply);

#endif
