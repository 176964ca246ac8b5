/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What is for no service and no connection: the kernel's, in two classes, so that a flood to a service's address can't
 * drown VRRP, neighbour discovery, routing protocols and health checks. Only local addresses end here, since the kernel
 * doesn't know them.
 */
#include <netinet/in.h>

#include "lb/lb.h"
#include "path/path.h"

/* Ports whose traffic keeps the director itself alive: BFD, BGP, LDP, RIP; host order. */
static bool
is_routing_port(uint16_t port)
{
	return port == 3784 || port == 3785 || port == 4784 || port == 179 || port == 646 || port == 520 || port == 521;
}

/* From a real server to an address of the director's own: what a health check waits for. */
static bool
is_check_reply(const struct worker *self, const struct packet *packet)
{
	return fib_is_kernels(packet->nexthop) && lb_is_server(self->lb, packet->flow.family, &packet->flow.src) &&
	       !lb_has_address(self->lb, packet->flow.family, &packet->flow.dst);
}

bool
local_is_control(const struct worker *self, const struct packet *packet)
{
	switch (packet->flow.proto) {
	case IPPROTO_IGMP:
	case 89: /* OSPF */
	case 112: /* VRRP */
	case IPPROTO_PIM:
		return true;
	case IPPROTO_ICMPV6: {
		const uint8_t *type = packet_at(packet, packet->l4);

		/* Neighbour discovery and multicast listeners (RFC 4861, 2710, 3810). */
		return packet->end > packet->l4 && !packet->is_fragment &&
		       ((*type >= 130 && *type <= 137) || *type == 143);
	}
	case IPPROTO_TCP:
	case IPPROTO_UDP:
		return packet->has_l4 &&
		       (is_routing_port(rte_be_to_cpu_16(packet->flow.dport)) ||
			is_routing_port(rte_be_to_cpu_16(packet->flow.sport)) || is_check_reply(self, packet));
	case IPPROTO_SCTP:
		return packet->has_l4 && is_check_reply(self, packet);
	default:
		return false;
	}
}

enum verdict
local_packet(struct worker *self, struct packet *packet)
{
	if (!packet->is_ip)
		return packet->ether_type == RTE_ETHER_TYPE_ARP ? VERDICT_KERNEL_CONTROL : VERDICT_KERNEL;
	if (packet->nexthop == FIB_LADDR && packet->to_us)
		return verdict_drop(packet->is_fragment ? DROP_FRAGMENT : DROP_LADDR_NO_CONN);
	return local_is_control(self, packet) ? VERDICT_KERNEL_CONTROL : VERDICT_KERNEL;
}
