/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of a worker that wait for a next hop's MAC address. Worker-owned and bounded; the control thread is asked once
 * for each address (worker->neighbour_requests), resolves it through the kernel and writes the answer to the fib.
 */
#ifndef IP_NEIGHBOUR_WAIT_H
#define IP_NEIGHBOUR_WAIT_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "core/address.h"
#include "core/counters.h"
#include "ip/fib.h"

struct worker;
struct neighbour_wait;

/* Room for MAX_PACKETS, on NUMA_NODE (-1: any). -ENOMEM, -EIO without randomness, -EINVAL for none. */
int neighbour_wait_create(uint32_t max_packets, int numa_node, struct neighbour_wait **ret);
/* Frees the packets too. */
void neighbour_wait_destroy(struct neighbour_wait *waiting);

/* M is to go to DST as soon as the fib has a known next hop for it; NUMBER is what the fib says now. False: there is no
 * room, or DST has its share of it; M is still the caller's. */
bool neighbour_wait_add(struct worker *self, struct rte_mbuf *m, uint16_t family, const union ip_bits *dst,
			uint32_t number);
/* Once a turn: hands what can go to SEND, in the order of arrival for each address, and drops what waited for 3 s,
 * after LOST has seen it. Both may add packets. */
void neighbour_wait_poll(struct worker *self,
			 void (*send)(struct worker *self, struct rte_mbuf *m, uint32_t number, union nexthop nexthop),
			 void (*lost)(struct worker *self, struct rte_mbuf *m, enum drop_reason reason));

#endif
