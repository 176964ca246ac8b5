/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * (real server, port, protocol) -> the NAT services that use it. A NAT reply is hashed by the NIC over the server's
 * and the client's addresses and so arrives at any worker; with the service's address this one can compute the owner.
 */
#ifndef LB_REVERSE_MAP_H
#define LB_REVERSE_MAP_H

#include <stdint.h>

#include "core/flow.h"

struct lb;
struct service;
struct reverse_map;

int reverse_map_create(struct reverse_map **ret);
void reverse_map_destroy(struct reverse_map *map);

/* Control side: OLD (may be NULL) is about to be replaced by NEW. On error nothing has changed. */
int reverse_map_update(struct lb *lb, const struct service *old, const struct service *new);
void reverse_map_forget(struct lb *lb, const struct service *old);

/* Worker side. For a packet from a server: its flow as the client sent it, for the Nth service that uses the server;
 * false if there are no more. */
_Bool reverse_map_client_flow(const struct lb *lb, const struct flow *reply, uint32_t n, struct flow *ret);

#endif
