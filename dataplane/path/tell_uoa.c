/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UOA: the client's port and address in front of the first UDP datagrams of a connection, for a module at the real server
 * (DPVS, kmod/uoa): as an option of the IPv4 header, or in a header of IP protocol 248 between those of IP and of UDP.
 * A datagram that has no room for it follows an empty one that has.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>
#include <rte_udp.h>

#include "core/checksum.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/resize.h"
#include "path/tell.h"

#define UOA_KIND 31 /* an IP option of class control that is not copied into fragments */
#define OPP_HEADER 4
#define IPV4_HEADER_MAX 60

enum { OPP_VERSION_IPV4 = 1 << 4, OPP_VERSION_IPV6 = 2 << 4 };

/* The sum was right (path/classify.c). */
static void
renew_ipv4_checksum(struct rte_ipv4_hdr *ip)
{
	ip->hdr_checksum = 0;
	ip->hdr_checksum = (uint16_t)~checksum_fold(checksum_add(0, ip, (size_t)(ip->version_ihl & 15) * 4));
}

static bool
add_ip_option(const struct telling *telling, struct packet *packet)
{
	const uint16_t at = packet->l3 + sizeof(struct rte_ipv4_hdr);
	uint8_t option[TELL_OPTION_MAX], length;
	struct rte_ipv4_hdr *ip;

	if (telling->table != TABLE_IPV4)
		return false;
	length = tell_write_option(telling, UOA_KIND, option);
	if (packet->l4 - packet->l3 + length > IPV4_HEADER_MAX || packet->end - packet->l3 + length > telling->room ||
	    !packet_enlarge_ipv4(packet, at, length))
		return false;
	ip = packet_at(packet, packet->l3);
	memcpy(ip + 1, option, length);
	renew_ipv4_checksum(ip);
	return true;
}

static bool
add_protocol_header(const struct telling *telling, struct packet *packet)
{
	const bool ipv4 = telling->table == TABLE_IPV4;
	uint8_t header[OPP_HEADER + TELL_OPTION_MAX] = { 0, IPPROTO_UDP };
	const uint8_t option = tell_write_option(telling, UOA_KIND, header + OPP_HEADER), length = OPP_HEADER + option;

	/* Behind extension headers: which of them names the protocol is not at hand. */
	if ((!ipv4 && packet->l4 - packet->l3 != sizeof(struct rte_ipv6_hdr)) ||
	    packet->end - packet->l3 + length > telling->room || !packet_enlarge(packet, packet->l4, length))
		return false;
	header[0] = option == TELL_OPTION_MAX ? OPP_VERSION_IPV6 : OPP_VERSION_IPV4;
	header[3] = length;
	memcpy(packet_at(packet, packet->l4), header, length);
	packet->l4 += length;
	if (ipv4) {
		struct rte_ipv4_hdr *ip = packet_at(packet, packet->l3);

		ip->next_proto_id = TELL_OPP_PROTOCOL;
		renew_ipv4_checksum(ip);
	} else {
		((struct rte_ipv6_hdr *)packet_at(packet, packet->l3))->proto = TELL_OPP_PROTOCOL;
	}
	return true;
}

/* An empty datagram that tells what the next one has no room for. */
static bool
send_apart(const struct telling *telling, bool (*add)(const struct telling *telling, struct packet *packet))
{
	struct packet packet;
	struct rte_udp_hdr *udp;

	if (!tell_make(telling, sizeof(*udp), &packet))
		return false;
	udp = packet_at(&packet, packet.l4);
	udp->dgram_len = rte_cpu_to_be_16(sizeof(*udp));
	tell_sum(telling, &packet);
	if (!add(telling, &packet)) {
		drop(telling->self, packet.m, DROP_TOO_BIG);
		return false;
	}
	forward_send(telling->self, &packet, telling->conn, CONN_IN);
	return true;
}

static enum verdict
tell(const struct telling *telling, bool (*add)(const struct telling *telling, struct packet *packet))
{
	struct conn_told *told = &telling->cold->told;

	if (told->tries >= telling->self->lb->uoa_packets) {
		conn_told(telling->self, telling->conn, telling->table);
		return VERDICT_NEXT;
	}
	told->tries++;
	if (!add(telling, telling->packet) && !send_apart(telling, add))
		telling->self->counters.count[COUNT_CLIENT_NO_ROOM]++;
	if (told->tries >= telling->self->lb->uoa_packets)
		conn_told(telling->self, telling->conn, telling->table);
	return VERDICT_NEXT;
}

static enum verdict
ipo_client(const struct telling *telling)
{
	/* IPv6 has no such option, and packets that change their family get it no more than they keep others. */
	if (telling->table != TABLE_IPV4) {
		telling->self->counters.count[COUNT_CLIENT_NO_ROOM]++;
		conn_told(telling->self, telling->conn, telling->table);
		return VERDICT_NEXT;
	}
	return tell(telling, add_ip_option);
}

static enum verdict
opp_client(const struct telling *telling)
{
	return tell(telling, add_protocol_header);
}

const struct teller tell_uoa_opp = {
	.name = "UOA, own protocol",
	.client = opp_client,
};

const struct teller tell_uoa_ipo = {
	.name = "UOA, IPv4 option",
	.client = ipo_client,
};
