/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The published groups of local addresses, as the choice of a local port (laddr.c) looks at them.
 */
#ifndef LB_LADDR_GROUPS_INDEX_H
#define LB_LADDR_GROUPS_INDEX_H

#include "lb/laddr.h"

struct laddr_group {
	char name[32];
	uint8_t port;
	bool active;
	uint16_t first_port, last_port;
	uint32_t first, n_v4, n_v6; /* in laddrs.addresses: n_v4 of IPv4, then n_v6 of IPv6 */
};

/* Worker side. The first group that has ADDRESS for connections of SVC over PORT, or NULL. LADDRS may be NULL. */
const struct laddr_group *laddrs_group_with(const struct laddrs *laddrs, const struct service *svc, uint8_t port,
					    const struct ip_addr *address);
/* How many addresses of FAMILY there are for connections of SVC over PORT, and the Nth of them, with its group. */
uint32_t laddrs_count(const struct laddrs *laddrs, const struct service *svc, uint8_t port, uint16_t family);
const struct ip_addr *laddrs_nth(const struct laddrs *laddrs, const struct service *svc, uint8_t port, uint16_t family,
				 uint32_t n, const struct laddr_group **ret_group);

#endif
