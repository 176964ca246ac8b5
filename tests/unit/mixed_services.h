/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services of every forwarding method, protocol and pair of families, with packets that clients and servers send. To be
 * included by one file of a program.
 */
#ifndef MIXED_SERVICES_H
#define MIXED_SERVICES_H

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include <linux/ip_vs.h>

#include "lb/client_address.h"
#include "lb/mark.h"
#include "packet_fixture.h"
#include "random_source.h"

#define DESTS 3 /* of each service */
#define MARK_SNAT 7
#define MARK_BYPASS 8

/* Service I is at the VIP number I, or by mark: those of SNAT and BYPASS. */
struct mixed_service {
	uint8_t method;
	uint8_t proto; /* 0: any */
	uint8_t client6, server6;
};

#define BOTH(method, proto)         \
	{ method, proto, 0, 0 },    \
	{                           \
		method, proto, 1, 1 \
	}
#define ECHO(method)                         \
	{ method, IPPROTO_ICMP, 0, 0 },      \
	{                                    \
		method, IPPROTO_ICMPV6, 1, 1 \
	}
#define CROSSING(method, proto)     \
	{ method, proto, 0, 1 },    \
	{                           \
		method, proto, 1, 0 \
	}
#define TRANSPORTS(method) BOTH(method, IPPROTO_TCP), BOTH(method, IPPROTO_UDP), BOTH(method, IPPROTO_SCTP)

static const struct mixed_service services[] = {
	TRANSPORTS(FORWARD_NAT),
	ECHO(FORWARD_NAT),
	TRANSPORTS(FORWARD_DIRECT),
	ECHO(FORWARD_DIRECT),
	TRANSPORTS(FORWARD_FULLNAT),
	ECHO(FORWARD_FULLNAT),
	CROSSING(FORWARD_FULLNAT, IPPROTO_TCP),
	CROSSING(FORWARD_FULLNAT, IPPROTO_UDP),
	TRANSPORTS(FORWARD_TUNNEL),
	ECHO(FORWARD_TUNNEL),
	CROSSING(FORWARD_TUNNEL, IPPROTO_TCP),
	CROSSING(FORWARD_TUNNEL, IPPROTO_UDP),
	CROSSING(FORWARD_TUNNEL, IPPROTO_SCTP),
	TRANSPORTS(FORWARD_LOCAL),
	BOTH(FORWARD_SNAT, 0),
	BOTH(FORWARD_BYPASS, 0),
};

#define SERVICES RTE_DIM(services)

static const char *const servers[2][DESTS] = { { "10.0.0.1", "10.0.0.2", "10.0.0.9" },
					       { "fd00::1", "fd00::2", "fd00::9" } };
static const char *const clients[2] = { "198.51.100.7", "2001:db8:1::7" };
static const char *const laddrs[2] = { "10.0.0.100", "fd00::100" };
static const char *const outside[2] = { "203.0.113.80", "2001:db8:7::80" };
static const char *const origin[2] = { "198.18.0.80", "2001:db8:8::80" };

static bool
is_marked(const struct mixed_service *service)
{
	return service->method == FORWARD_SNAT || service->method == FORWARD_BYPASS;
}

/* Where clients of service I send to. */
static const char *
vip_of(uint32_t i)
{
	static char vip[INET6_ADDRSTRLEN];

	if (services[i].method == FORWARD_SNAT)
		return outside[services[i].client6];
	if (services[i].method == FORWARD_BYPASS)
		return origin[services[i].client6];
	snprintf(vip, sizeof(vip), services[i].client6 ? "2001:db8::%x" : "192.0.2.%u", i + 1);
	return vip;
}

static struct mark_rule
rule_of(uint32_t mark, uint8_t proto, const char *destination, uint8_t length)
{
	return (struct mark_rule){
		.mark = mark,
		.proto = proto,
		.port = CLIENTS,
		.out_port = SERVERS,
		.destination = { .address = address_of(destination), .length = length },
		.last_port = UINT16_MAX,
		.last_source_port = UINT16_MAX,
	};
}

static void
set_marks(struct network *network)
{
	const struct mark_rule rules[] = {
		rule_of(MARK_SNAT, 0, "203.0.113.0", 24),  rule_of(MARK_SNAT, IPPROTO_ICMP, "203.0.113.0", 24),
		rule_of(MARK_SNAT, 0, "2001:db8:7::", 64), rule_of(MARK_SNAT, IPPROTO_ICMPV6, "2001:db8:7::", 64),
		rule_of(MARK_BYPASS, 0, "198.18.0.0", 24), rule_of(MARK_BYPASS, 0, "2001:db8:8::", 64),
	};
	struct marks *marks;

	assert_int_equal(marks_create(rules, RTE_DIM(rules), &marks), 0);
	lb_set_marks(network->director->lb, marks);
	set_route(network, "203.0.113.0", 24, network->nexthop_server[1]);
	set_route(network, "2001:db8:7::", 64, network->nexthop_server[1]);
	set_route(network, "198.18.0.0", 24, network->nexthop_server[0]);
	set_route(network, "2001:db8:8::", 64, network->nexthop_server[0]);
}

/* Destination K of service I. Those of a tunnel are of one kind each. */
static struct dest_spec
dest_of(struct random_source *random, uint32_t i, uint32_t k, int32_t weight)
{
	static const uint8_t kinds[DESTS] = { IP_VS_CONN_F_TUNNEL_TYPE_IPIP, IP_VS_CONN_F_TUNNEL_TYPE_GRE,
					      IP_VS_CONN_F_TUNNEL_TYPE_GUE };
	static const uint16_t flags[DESTS][3] = { { 0 },
						  { 0, IP_VS_TUNNEL_ENCAP_FLAG_CSUM, 0 },
						  { IP_VS_TUNNEL_ENCAP_FLAG_NOCSUM, IP_VS_TUNNEL_ENCAP_FLAG_CSUM,
						    IP_VS_TUNNEL_ENCAP_FLAG_REMCSUM } };
	const struct mixed_service *service = &services[i];
	const bool is_translated = service->method == FORWARD_NAT || service->method == FORWARD_FULLNAT;
	struct dest_spec dest = { .address = servers[service->server6][k],
				  .port = is_translated ? 8080 : 80,
				  .weight = weight,
				  .forward = service->method,
				  .upper = k == 1 ? 40 : 0 };

	if (service->proto == IPPROTO_ICMP || service->proto == IPPROTO_ICMPV6 || is_marked(service))
		dest.port = 0;
	if (service->method == FORWARD_SNAT)
		dest.address = laddrs[service->client6];
	if (service->method == FORWARD_TUNNEL) {
		dest.tunnel_type = kinds[k];
		dest.tunnel_flags = flags[k][random_upto(random, 3)];
		dest.tunnel_port = 6080;
	}
	return dest;
}

/* Flags and options that suit it, none of them for half of the versions. */
static struct service_spec
spec_of(struct random_source *random, uint32_t i)
{
	static const char *const schedulers[] = { "rr", "wrr", "wlc", "sh" };
	const struct mixed_service *service = &services[i];
	const bool has_ports = service->proto != IPPROTO_ICMP && service->proto != IPPROTO_ICMPV6;
	struct service_spec spec = { .index = i,
				     .timeout_s = 300,
				     .netmask = service->client6 ? 128 : UINT32_MAX,
				     .scheduler = scheduler_by_name(schedulers[i % RTE_DIM(schedulers)]),
				     .had_dests = true,
				     .is_gateway = service->method == FORWARD_SNAT };

	spec.key.family = service->client6 ? AF_INET6 : AF_INET;
	if (is_marked(service)) {
		spec.key.fwmark = service->method == FORWARD_SNAT ? MARK_SNAT : MARK_BYPASS;
	} else {
		spec.key.addr = address_of(vip_of(i)).ip;
		spec.key.port = rte_cpu_to_be_16(has_ports ? 80 : 0);
		spec.key.protocol = service->proto;
	}
	if (random_upto(random, 2))
		return spec;
	spec.options.quiescent = (uint8_t)random_upto(random, QUIESCENT_POLICIES);
	if (random_upto(random, 4) == 0)
		spec.flags = IP_VS_SVC_F_PERSISTENT;
	else if (random_upto(random, 4) == 0 && service->proto == IPPROTO_UDP)
		spec.flags = IP_VS_SVC_F_ONEPACKET;
	spec.options.client_address = (uint8_t)random_upto(random, CLIENT_ADDRESSES);
	if (is_marked(service) || !client_address_suits(spec.options.client_address, service->proto))
		spec.options.client_address = CLIENT_ADDRESS_NONE;
	return spec;
}

/* A version of service I with N_DESTS of its destinations; the others are taken back. */
static void
publish_service(struct network *network, struct random_source *random, uint32_t i, uint32_t n_dests, int32_t weight)
{
	const struct service_spec spec = spec_of(random, i);
	struct dest_spec dests[DESTS];

	if (services[i].method == FORWARD_SNAT && n_dests > 1)
		n_dests = 1;
	for (uint32_t k = 0; k < DESTS; k++)
		dests[k] = dest_of(random, i, k, weight);
	director_serve_as(network->director, &spec, DESTS * i, dests, n_dests);
	for (uint32_t k = n_dests; k < DESTS; k++)
		dest_retract(network->director->lb, DEST_ID(DESTS * i + k, 1));
}

static uint8_t
some_proto(struct random_source *random, const struct mixed_service *service)
{
	static const uint8_t any[] = { IPPROTO_TCP, IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_ICMP };
	uint8_t proto = service->proto ? service->proto : any[random_upto(random, sizeof(any))];

	return proto == IPPROTO_ICMP && service->client6 ? IPPROTO_ICMPV6 : proto;
}

/* Addresses and ports of what a client of service I sends. */
static void
from_client(struct random_source *random, uint32_t i, struct frame *frame)
{
	frame->src = clients[services[i].client6];
	frame->dst = vip_of(i);
	frame->sport = (uint16_t)(1000 + random_upto(random, 30));
	frame->dport = 80;
}

/* Of what a server may send to one. */
static void
from_server(struct random_source *random, uint32_t i, struct frame *frame)
{
	const struct mixed_service *service = &services[i];
	const bool to_laddr = service->method == FORWARD_FULLNAT || service->method == FORWARD_SNAT;

	frame->src = is_marked(service) ? vip_of(i) : servers[service->server6][random_upto(random, DESTS)];
	frame->sport = is_marked(service) ? 80 : 8080;
	frame->dst = to_laddr ? laddrs[service->server6] : clients[service->server6];
	frame->dport = (uint16_t)(to_laddr ? 1025 + random_upto(random, 600) : 1000 + random_upto(random, 30));
}

/* A sound packet that PORT receives. */
static struct rte_mbuf *
sound_packet(struct random_source *random, uint8_t port)
{
	static const uint8_t flags[] = { SYN, SYN, ACK, ACK, ACK, FIN | ACK, RST, SYN | ACK, 0, 0xff };
	uint32_t i = random_upto(random, SERVICES);
	struct frame frame = { .proto = some_proto(random, &services[i]),
			       .flags = flags[random_upto(random, sizeof(flags))],
			       .payload = (uint16_t)random_upto(random, random_upto(random, 8) ? 200 : 1430),
			       .seq = (uint32_t)random_u64(random),
			       .ack = (uint32_t)random_u64(random) };

	if (port == CLIENTS)
		from_client(random, i, &frame);
	else
		from_server(random, i, &frame);
	return frame_new(&frame, port);
}

#endif
