/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Local addresses of full-NAT: groups of addresses that the dataplane alone owns, and the choice of a local port whose
 * replies come back to the worker that chose it.
 */
#ifndef LB_LADDR_H
#define LB_LADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct lb;

struct laddr_group_spec {
	char name[32];
	uint8_t port; /* index of the port that answers for them */
	const struct ip_addr *addresses;
	uint32_t n_addresses;
	uint16_t first_port, last_port; /* host order */
	bool active; /* answered for, and used for new connections */
};

/* Control side. Replaces all groups by these, under RCU; the arrays are copied. The addresses must also be in the fib
 * as FIB_LADDR while they are active. */
int laddrs_publish(struct lb *lb, const struct laddr_group_spec *groups, uint32_t n_groups);

#endif
