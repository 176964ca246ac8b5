/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the kernel answers about addresses, routes and neighbours of the network namespace that we are in.
 */
#ifndef DOCTOR_KERNEL_NETWORK_H
#define DOCTOR_KERNEL_NETWORK_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct kernel_network;

/* Reads addresses, interfaces and neighbours. -errno. */
int kernel_network_read(struct kernel_network **ret);
void kernel_network_free(struct kernel_network *network);

bool kernel_network_has_address(const struct kernel_network *network, const struct ip_addr *addr);

struct kernel_route {
	bool local; /* the machine itself */
	int ifindex;
	char interface[IF_NAMESIZE];
	struct ip_addr next; /* the gateway, or the address itself */
};

/* By which way packets to ADDR would go. -ENETUNREACH: by none. */
int kernel_network_route(struct kernel_network *network, const struct ip_addr *addr, struct kernel_route *ret);
/* Was the neighbour asked for, in vain? */
bool kernel_network_is_silent(const struct kernel_network *network, int ifindex, const struct ip_addr *addr);

#endif
