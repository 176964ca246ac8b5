/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ARP for local addresses of full-NAT, which the kernel doesn't know (RFC 826). All other ARP is the kernel's.
 */
#include <rte_arp.h>

#include "path/path.h"
#include "port/port.h"

enum verdict
arp_packet(struct worker *self, struct packet *packet)
{
	const struct port *port = &self->ports->port[packet->port];
	struct rte_ether_hdr *ether = packet_at(packet, 0);
	struct rte_arp_hdr *arp = packet_at(packet, packet->l3);
	rte_be32_t target;

	if (packet->ether_type != RTE_ETHER_TYPE_ARP || rte_pktmbuf_data_len(packet->m) < packet->l3 + sizeof(*arp) ||
	    arp->arp_hardware != RTE_BE16(RTE_ARP_HRD_ETHER) || arp->arp_protocol != RTE_BE16(RTE_ETHER_TYPE_IPV4) ||
	    arp->arp_hlen != sizeof(struct rte_ether_addr) || arp->arp_plen != sizeof(target) ||
	    arp->arp_opcode != RTE_BE16(RTE_ARP_OP_REQUEST))
		return VERDICT_NEXT;
	target = arp->arp_data.arp_tip;
	if (fib_lookup4(self->fib, target) != FIB_LADDR)
		return VERDICT_NEXT;
	arp->arp_opcode = RTE_BE16(RTE_ARP_OP_REPLY);
	arp->arp_data.arp_tip = arp->arp_data.arp_sip;
	arp->arp_data.arp_tha = arp->arp_data.arp_sha;
	arp->arp_data.arp_sip = target;
	arp->arp_data.arp_sha = port->mac;
	ether->dst_addr = arp->arp_data.arp_tha;
	ether->src_addr = port->mac;
	transmit(self, packet->m, packet->port);
	return VERDICT_DONE;
}
