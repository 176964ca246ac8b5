/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services, and packets to them that are then spoilt.
 */
#ifndef HOSTILE_FRAMES_H
#define HOSTILE_FRAMES_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <string.h>

#include <rte_ip.h>

#include "packet_fixture.h"

#define IP 14 /* where the IP header begins */

static inline struct network *
serving_network(void)
{
	static const struct dest_spec v4 = { .address = "10.0.0.1", .port = 80, .weight = 1, .forward = FORWARD_NAT };
	static const struct dest_spec v6 = { .address = "fd00::1", .port = 80, .weight = 1, .forward = FORWARD_NAT };
	static const struct {
		uint8_t proto, ipv6;
	} services[] = {
		{ IPPROTO_TCP, 0 }, { IPPROTO_UDP, 0 },	 { IPPROTO_TCP, 1 },
		{ IPPROTO_UDP, 1 }, { IPPROTO_SCTP, 0 }, { IPPROTO_SCTP, 1 },
	};
	struct network *network = network_new(1, 64);

	for (uint32_t i = 0; i < RTE_DIM(services); i++)
		director_serve(network->director, i, services[i].proto, services[i].ipv6 ? "2001:db8::1" : "192.0.2.1",
			       80, "rr", i, services[i].ipv6 ? &v6 : &v4, 1);
	return network;
}

static inline struct frame
usual(bool ipv6, uint8_t proto)
{
	return (struct frame){ .src = ipv6 ? "2001:db8:1::7" : "198.51.100.7",
			       .dst = ipv6 ? "2001:db8::1" : "192.0.2.1",
			       .sport = 1000,
			       .dport = 80,
			       .proto = proto,
			       .flags = SYN,
			       .payload = 16 };
}

static inline void
put16(struct rte_mbuf *m, uint16_t offset, uint16_t value)
{
	value = rte_cpu_to_be_16(value);
	memcpy(rte_pktmbuf_mtod_offset(m, void *, offset), &value, 2);
}

static inline void
mend_ipv4_checksum(struct rte_mbuf *m)
{
	struct rte_ipv4_hdr *ip = rte_pktmbuf_mtod_offset(m, void *, IP);

	ip->hdr_checksum = 0;
	ip->hdr_checksum = rte_ipv4_cksum(ip);
}

#endif
