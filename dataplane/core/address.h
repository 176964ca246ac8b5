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

/* IPv4 ends of connections between the families are held as IPv4-mapped IPv6 addresses (RFC 4291, 2.5.5.2). Their first
 * 12 bytes add nothing to a one's complement sum, so that the transport's checksum is the same in both families. IP6
 * need not be aligned. */
static inline bool
ip6_is_mapped(const void *ip6)
{
	uint64_t first;
	uint32_t second;

	memcpy(&first, ip6, sizeof(first));
	memcpy(&second, (const uint8_t *)ip6 + 8, sizeof(second));
	return first == 0 && second == RTE_BE32(0xffff);
}

static inline union ip_bits
ip4_mapped(rte_be32_t v4)
{
	return (union ip_bits){ .word = { 0, 0, RTE_BE32(0xffff), v4 } };
}

/* In the family that the address has on the wire: a mapped one is of IPv4. */
static inline struct ip_addr
ip_addr_plain(uint16_t family, const union ip_bits *ip)
{
	if (family == AF_INET6 && ip6_is_mapped(ip))
		return (struct ip_addr){ .family = AF_INET, .ip = { .word = { ip->word[3] } } };
	return (struct ip_addr){ .family = family, .ip = *ip };
}

#endif
