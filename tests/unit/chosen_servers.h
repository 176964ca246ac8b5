/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services with flags, marks and any port, and which server their clients' packets go to.
 */
#ifndef CHOSEN_SERVERS_H
#define CHOSEN_SERVERS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <linux/ip_vs.h>
#include <rte_ip.h>
#include <rte_udp.h>

#include "lb/conn_table.h"
#include "packet_fixture.h"

#define TIMEOUT_S 300

static const struct dest_spec two_servers[] = {
	{ .address = "10.0.0.1", .port = 8080, .weight = 1 },
	{ .address = "10.0.0.2", .port = 8080, .weight = 1 },
};
static const struct dest_spec two_servers6[] = {
	{ .address = "fd00::1", .port = 8080, .weight = 1 },
	{ .address = "fd00::2", .port = 8080, .weight = 1 },
};

/* A service number 0 at VIP (NULL: by mark), persistent by single clients if FLAGS say so. */
static inline struct service_spec
spec_of(uint8_t proto, const char *vip, uint16_t vport, uint32_t flags)
{
	struct ip_addr address = address_of(vip);

	return (struct service_spec){
		.key = { .addr = address.ip,
			 .port = rte_cpu_to_be_16(vport),
			 .family = address.family,
			 .protocol = proto },
		.flags = flags,
		.timeout_s = TIMEOUT_S,
		.netmask = address.family == AF_INET ? UINT32_MAX : 128,
	};
}

static inline struct service_spec
spec_of_mark(uint32_t mark, uint16_t family, uint32_t flags)
{
	return (struct service_spec){
		.key = { .fwmark = mark, .family = family },
		.flags = flags,
		.timeout_s = TIMEOUT_S,
		.netmask = family == AF_INET ? UINT32_MAX : 128,
	};
}

/* Where a packet went. */
struct chosen {
	uint8_t last; /* byte of the server's address, 0: nowhere */
	uint16_t port; /* host order */
};

/* Whose packet it is, if one was sent to the servers. */
static inline struct chosen
chosen_server(void)
{
	struct chosen chosen = { .last = 0 };
	const struct rte_ether_hdr *ether;
	struct rte_mbuf *m;

	if (sent[SERVERS].n == 0)
		return chosen;
	m = sent_one(SERVERS);
	ether = rte_pktmbuf_mtod(m, const struct rte_ether_hdr *);
	if (ether->ether_type == RTE_BE16(RTE_ETHER_TYPE_IPV4)) {
		const struct rte_ipv4_hdr *ip = (const void *)(ether + 1);

		chosen.last = (uint8_t)(rte_be_to_cpu_32(ip->dst_addr) & 255);
		chosen.port = rte_be_to_cpu_16(((const struct rte_udp_hdr *)(const void *)(ip + 1))->dst_port);
	} else {
		const uint8_t *ip = (const void *)(ether + 1);

		chosen.last = ip[39];
		chosen.port = (uint16_t)(ip[42] << 8 | ip[43]);
	}
	rte_pktmbuf_free(m);
	return chosen;
}

/* The same for the SYN (or the first datagram) of a new connection, which arrives at WORKER. */
static inline struct chosen
connects(struct network *network, uint32_t worker, const char *client, uint16_t sport, const char *vip, uint16_t dport,
	 uint8_t proto)
{
	const struct frame frame = {
		.src = client, .dst = vip, .sport = sport, .dport = dport, .proto = proto, .flags = SYN
	};

	receive(network, worker, CLIENTS, frame_new(&frame, CLIENTS));
	return chosen_server();
}

#endif
