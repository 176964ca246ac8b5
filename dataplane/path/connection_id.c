/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The first packet from a QUIC client's address, which may be that of a connection as old as you like: the client has
 * moved. Where its connection ID names a server (lb/quic.h), the packet goes there, past scheduler and persistence.
 */
#include <netinet/in.h>

#include <rte_udp.h>

#include "lb/quic.h"
#include "lb/service.h"
#include "path/path.h"

void
connection_id_choose(struct packet *packet)
{
	const uint32_t at = packet->l4 + sizeof(struct rte_udp_hdr);
	const uint32_t end = RTE_MIN((uint32_t)packet->end, (uint32_t)rte_pktmbuf_data_len(packet->m));

	if (packet->flow.proto != IPPROTO_UDP || end <= at)
		return;
	packet->dest = quic_pick(packet->svc, packet_at(packet, (uint16_t)at), end - at);
	packet->by_cid = packet->dest != NULL;
}
