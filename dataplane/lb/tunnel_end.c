/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See tunnel_end.h.
 */
#include <netinet/in.h>

#include <linux/ip_vs.h>

#include <rte_ip.h>

#include "lb/service.h"
#include "lb/tunnel_end.h"

static size_t
middle_length(const struct dest *dest)
{
	switch (dest->tunnel_type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return TUNNEL_GUE_BYTES;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return TUNNEL_GRE_BYTES +
		       (dest->tunnel_flags & IP_VS_TUNNEL_ENCAP_FLAG_CSUM ? TUNNEL_GRE_SUM_BYTES : 0);
	default:
		return 0;
	}
}

/* Who asks for GUE's remote checksum offload gets both, the outer one and that of the packet within. */
static uint16_t
checksum_flags(const struct dest *dest)
{
	switch (dest->tunnel_type) {
	case IP_VS_CONN_F_TUNNEL_TYPE_GUE:
		return IP_VS_TUNNEL_ENCAP_FLAG_CSUM | IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM;
	case IP_VS_CONN_F_TUNNEL_TYPE_GRE:
		return IP_VS_TUNNEL_ENCAP_FLAG_CSUM;
	default:
		return 0;
	}
}

void
tunnel_end_set(struct tunnel_end *end, const struct dest *dest)
{
	const bool ipv6 = dest->addr.family == AF_INET6;
	const struct tunnel_how how = {
		.type = dest->tunnel_type,
		.adds = (uint8_t)(middle_length(dest) +
				  (ipv6 ? sizeof(struct rte_ipv6_hdr) : sizeof(struct rte_ipv4_hdr))),
		.ipv6 = ipv6,
		.checksum = (dest->tunnel_flags & checksum_flags(dest)) != 0,
		.port = dest->tunnel_port,
	};
	uint64_t word;

	memcpy(&word, &how, sizeof(word));
	if (memcmp(&end->address, &dest->addr.ip, sizeof(end->address)) != 0)
		end->address = dest->addr.ip;
	__atomic_store_n(&end->how, word, __ATOMIC_RELAXED);
	__atomic_store_n(&end->dest, dest->id, __ATOMIC_RELEASE);
}

void
tunnel_end_keep(struct tunnel_end *end, const struct dest *dest)
{
	if (end->how != 0 && memcmp(&end->address, &dest->addr.ip, sizeof(end->address)) == 0)
		__atomic_store_n(&end->dest, dest->id, __ATOMIC_RELEASE);
}

void
tunnel_end_clear(struct tunnel_end *end)
{
	if (end->dest != 0) /* memory that nobody needs is not touched */
		__atomic_store_n(&end->dest, 0, __ATOMIC_RELEASE);
}
