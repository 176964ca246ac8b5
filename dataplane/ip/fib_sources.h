/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Several parts of the control side have a say in what the forwarding table shows for a prefix: addresses of the kernel
 * interfaces, local addresses, broadcast addresses, routes, neighbours. Each offers a next hop; the table shows the one that the kernel would
 * use. Control only.
 */
#ifndef IP_FIB_SOURCES_H
#define IP_FIB_SOURCES_H

#include <stdint.h>

#include "core/address.h"
#include "ip/fib.h"

/* The first one that offers something wins; but a route that says only that the prefix is on-link comes after the
 * neighbour of that address. */
enum fib_source {
	FIB_SOURCE_ADDRESS,
	FIB_SOURCE_LADDR,
	FIB_SOURCE_BROADCAST,
	FIB_SOURCE_ROUTE,
	FIB_SOURCE_NEIGHBOUR,
	FIB_SOURCES,
};

struct fib_sources;

/* For fib.c. */
struct fib_sources *fib_sources_create(void);
void fib_sources_destroy(struct fib_sources *sources);

/* SOURCE offers NUMBER for PREFIX/LENGTH, FIB_NONE: nothing any more. -ENOSPC: the table is full and shows what it had;
 * the offer stands. -ENOMEM, -EINVAL. */
int fib_offer(struct fib *fib, const struct ip_addr *prefix, uint8_t length, enum fib_source source, uint32_t number);

/* The next hop of the longest route that covers ADDR, whatever else there is. FIB_NONE: there is none. */
uint32_t fib_route_to(const struct fib *fib, const struct ip_addr *addr);

static inline bool
fib_is_onlink(const struct fib *fib, uint32_t number)
{
	return fib_nexthop(fib, number).state == NEXTHOP_ONLINK;
}

#endif
