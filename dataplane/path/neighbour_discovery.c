/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPv6 neighbour solicitations for local addresses of full-NAT (RFC 4861, 7.2). All other ND is the kernel's.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "core/checksum.h"
#include "path/path.h"
#include "port/port.h"

enum { SOLICITATION = 135, ADVERTISEMENT = 136, OPTION_TARGET = 2 };
enum { FLAG_SOLICITED = 0x40, FLAG_OVERRIDE = 0x20 };

/* Solicitation and advertisement have the same shape. */
struct neighbour_message {
	uint8_t type, code;
	uint16_t checksum;
	uint8_t flags, reserved[3];
	uint8_t target[16];
	uint8_t option, option_length; /* in units of 8 bytes */
	struct rte_ether_addr mac;
};

static uint16_t
icmp6_checksum(const struct rte_ipv6_hdr *ip, const void *message, uint16_t length)
{
	uint64_t sum = checksum_add(0, &ip->src_addr, 32);

	sum += rte_cpu_to_be_16(length) + RTE_BE16(IPPROTO_ICMPV6);
	return (uint16_t)~checksum_fold(checksum_add(sum, message, length));
}

/* Makes the advertisement in the solicitation's buffer, which may have to grow by the option. */
static bool
answer(struct packet *packet, const struct port *port)
{
	struct rte_ether_hdr *ether = packet_at(packet, 0);
	struct rte_ipv6_hdr *ip = packet_at(packet, packet->l3);
	struct neighbour_message *message = packet_at(packet, packet->l4);
	const uint16_t size = packet->l4 + sizeof(*message);
	static const uint8_t unspecified[16];
	bool solicited = memcmp(&ip->src_addr, unspecified, 16) != 0;

	if (rte_pktmbuf_data_len(packet->m) < size &&
	    !rte_pktmbuf_append(packet->m, size - rte_pktmbuf_data_len(packet->m)))
		return false;
	if (rte_pktmbuf_data_len(packet->m) > size)
		rte_pktmbuf_trim(packet->m, rte_pktmbuf_data_len(packet->m) - size);
	if (solicited) {
		memcpy(&ip->dst_addr, &ip->src_addr, 16);
		ether->dst_addr = ether->src_addr;
	} else {
		/* From an unspecified source (duplicate address detection): to all nodes. */
		static const uint8_t all_nodes[16] = { 0xff, 0x02, [15] = 1 };

		memcpy(&ip->dst_addr, all_nodes, 16);
		ether->dst_addr = (struct rte_ether_addr){ { 0x33, 0x33, 0, 0, 0, 1 } };
	}
	ether->src_addr = port->mac;
	memcpy(&ip->src_addr, message->target, 16);
	ip->payload_len = rte_cpu_to_be_16(sizeof(*message));
	ip->hop_limits = 255;
	message->type = ADVERTISEMENT;
	message->code = 0;
	message->checksum = 0;
	message->flags = solicited ? FLAG_SOLICITED | FLAG_OVERRIDE : FLAG_OVERRIDE;
	memset(message->reserved, 0, sizeof(message->reserved));
	message->option = OPTION_TARGET;
	message->option_length = 1;
	message->mac = port->mac;
	message->checksum = icmp6_checksum(ip, message, sizeof(*message));
	return true;
}

enum verdict
neighbour_discovery_packet(struct worker *self, struct packet *packet)
{
	const struct neighbour_message *message = packet_at(packet, packet->l4);
	const uint16_t fixed = offsetof(struct neighbour_message, option);
	union ip_bits target;

	/* The hop limit proves that it comes from this link; a header chain is none of ours. */
	if (!packet->is_ip || packet->flow.family != AF_INET6 || packet->flow.proto != IPPROTO_ICMPV6 ||
	    packet->is_fragment || packet->ttl != 255 || packet->l4 != packet->l3 + sizeof(struct rte_ipv6_hdr) ||
	    packet->end - packet->l4 < fixed || message->type != SOLICITATION || message->code != 0)
		return VERDICT_NEXT;
	memcpy(target.bytes, message->target, 16);
	if (fib_lookup6(self->fib, &target) != FIB_LADDR)
		return VERDICT_NEXT;
	if (icmp6_checksum(packet_at(packet, packet->l3), message, packet->end - packet->l4) != 0)
		return verdict_drop(DROP_L4_CHECKSUM);
	if (!answer(packet, &self->ports->port[packet->port]))
		return verdict_drop(DROP_NO_MBUF);
	transmit(self, packet->m, packet->port);
	return VERDICT_DONE;
}
