/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Where a destination's tunnel ends, by the destination's index: what the packet path has to know of it for each packet, in half
 * a line that a connection's number of its destination leads to at once.
 *
 * It is changed in place, by the control thread. The address stays as long as the destination's number is its own, which
 * is as long as there are connections to it; the rest is one word.
 */
#ifndef LB_TUNNEL_END_H
#define LB_TUNNEL_END_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>

#include "core/address.h"

struct dest;

struct tunnel_how {
	uint8_t type; /* IP_VS_CONN_F_TUNNEL_TYPE_* */
	uint8_t adds; /* bytes before the packet within: outer IP header and what stands between the two */
	bool ipv6; /* the outer header */
	bool checksum; /* over the packet within, too */
	rte_be16_t port; /* of GUE */
	uint16_t unused;
};
static_assert(sizeof(struct tunnel_how) == sizeof(uint64_t), "it changes at once");

struct tunnel_end {
	alignas(32) union ip_bits address;
	uint64_t how; /* struct tunnel_how */
	uint32_t dest; /* id, as long as the destination is alive; 0 */
	uint32_t unused;
};
static_assert(sizeof(struct tunnel_end) == 32, "half a line");

/* Bytes of the headers between the two IP headers (path/outer_middle.h). */
#define TUNNEL_GRE_BYTES 4
#define TUNNEL_GRE_SUM_BYTES 4 /* more */
#define TUNNEL_GUE_BYTES 12

static inline struct tunnel_how
tunnel_how(const struct tunnel_end *end)
{
	const uint64_t word = __atomic_load_n(&end->how, __ATOMIC_RELAXED);
	struct tunnel_how how;

	memcpy(&how, &word, sizeof(how));
	return how;
}

/* dest_is_live() of who has connections through the tunnel. */
static inline bool
tunnel_is_live(const struct tunnel_end *end, uint32_t dest)
{
	return __atomic_load_n(&end->dest, __ATOMIC_RELAXED) == dest;
}

/* Control: END is that of DEST from now on. */
void tunnel_end_set(struct tunnel_end *end, const struct dest *dest);
/* DEST, which is not reached by a tunnel, may have connections from when it was: END stays theirs. */
void tunnel_end_keep(struct tunnel_end *end, const struct dest *dest);
/* It is nobody's. */
void tunnel_end_clear(struct tunnel_end *end);

#endif
