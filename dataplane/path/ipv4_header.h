/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A new IPv4 header (RFC 791) without options. It is put together, and its checksum taken, in registers: summing up what
 * has just been stored in other pieces would wait for the stores.
 */
#ifndef PATH_IPV4_HEADER_H
#define PATH_IPV4_HEADER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ip.h>

#include "core/checksum.h"

/* Members are as wide as they are used (outer_header.h says why). */
struct ipv4_header {
	uint64_t src; /* rte_be32_t */
	rte_be32_t dst;
	uint32_t length; /* of the packet, in host order */
	uint64_t id; /* rte_be16_t */
	uint32_t class, ttl, proto;
	bool dont_fragment;
};

#define IPV4_HEADER_FIRST 0x45u /* version, length */

static inline void
ipv4_header_write(void *at, const struct ipv4_header *header)
{
	const rte_be16_t fragment = header->dont_fragment ? RTE_BE16(RTE_IPV4_HDR_DF_FLAG) : 0;
	const uint64_t first = IPV4_HEADER_FIRST | header->class << 8 |
			       (uint32_t)rte_cpu_to_be_16((uint16_t)header->length) << 16 | header->id << 32 |
			       (uint64_t)fragment << 48;
	uint64_t second = header->src << 32 | header->ttl | header->proto << 8;
	uint64_t sum = first + second;

	sum += (sum < first) + (uint64_t)header->dst;
	sum += sum < header->dst;
	second |= (uint64_t)(uint16_t)~checksum_fold(sum) << 16;
	memcpy(at, &first, sizeof(first));
	memcpy((uint8_t *)at + 8, &second, sizeof(second));
	memcpy((uint8_t *)at + 16, &header->dst, sizeof(header->dst));
}

#endif
