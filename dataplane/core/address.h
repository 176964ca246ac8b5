/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An IPv4 or IPv6 address, in network order. IPv4 stands in the first four bytes, the rest is zero, as on the wire of
 * the IPVS interface (ATTR_ADDR).
 */
#ifndef CORE_ADDRESS_H
#define CORE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include <rte_byteorder.h>

union ip_bits {
	uint8_t bytes[16];
	rte_be32_t v4;
	rte_be32_t word[4];
	uint64_t half[2];
};

struct ip_addr {
	uint16_t family; /* AF_INET or AF_INET6, 0 if unset */
	union ip_bits ip;
};

static inline bool
ip_bits_equal(const union ip_bits *a, const union ip_bits *b)
{
	return a->half[0] == b->half[0] && a->half[1] == b->half[1];
}

static inline bool
ip_addr_equal(const struct ip_addr *a, const struct ip_addr *b)
{
	return a->family == b->family && ip_bits_equal(&a->ip, &b->ip);
}

#endif
