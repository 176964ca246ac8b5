/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A director on one arm, made of the daemon's own parts, whose workers the bench drives turn by turn:
 *
 *   10.0.0.0/12, 2001:db8:10::/108       clients, who are inside a gateway, in 64 prefixes, each behind a next hop
 *   203.0.112.0/20, 2001:db8:1::/112     services, port 80
 *   172.16.0.0/16, fd00:1::/112          real servers, port 8080, each behind a next hop
 *   192.168.255.0/24, fd00:2::/112       local addresses of full-NAT and SNAT
 *   198.18.0.0/16, 2001:db8:2::/112      hosts outside a gateway, port 80, every four behind a next hop
 *   192.168.254.1, fd00:3::1             the director, as the source of tunnels
 */
#ifndef BENCH_TESTBED_H
#define BENCH_TESTBED_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/worker.h"
#include "ip/fib.h"
#include "lb/lb.h"
#include "port/port.h"
#include "replay.h"

#define TESTBED_DEVS_MAX 2
#define TESTBED_LADDRS 32

struct testbed_spec {
	bool ipv6; /* the clients and services, and, unless it CROSSES, the servers */
	bool crosses; /* the servers are of the other family */
	uint8_t proto; /* IPPROTO_TCP, IPPROTO_UDP */
	uint8_t forward; /* enum forward_method */
	uint8_t tunnel_type; /* IP_VS_CONN_F_TUNNEL_TYPE_* */
	uint32_t services, dests; /* dests: of each service */
	uint32_t nexthops;
	const char *scheduler;
	uint32_t connections; /* of all workers */
	uint32_t n_workers;
	uint32_t n_laddrs; /* 0: TESTBED_LADDRS */
	uint16_t first_port, last_port; /* of the local addresses; 0: 1025 to 65535 */
};

struct testbed {
	struct testbed_spec spec;
	struct config config;
	struct rcu *rcu;
	struct lb *lb;
	struct fib *fib;
	struct ports ports;
	struct steering *steering;
	struct handover *handover;
	struct exception *exception;
	struct worker *workers[WORKERS_MAX];
	struct replay *replay[TESTBED_DEVS_MAX]; /* worker I has number I % the number of devices */
};

/* Once a program: the EAL on CPUS (a list of one or two, the last is the calling thread's), with a device for each; says
 * on stderr what is missing. -errno. */
int testbed_start(const char *cpus);
uint32_t testbed_devs(void);

/* What most rows are about: one service of 16 servers, full-NAT, TCP over IPv4, one worker. */
struct testbed_spec testbed_usual(uint32_t connections);

int testbed_create(const struct testbed_spec *spec, struct testbed **ret);
void testbed_destroy(struct testbed *testbed);

/* The first packet of connection I: client to service I % services, or to a host outside. */
struct flow testbed_client_flow(const struct testbed *testbed, uint32_t i);
struct ip_addr testbed_local_address(const struct testbed *testbed, uint32_t number);
struct ip_addr testbed_service_address(bool ipv6, uint32_t number);
/* Of all services: number K of service I is I * dests + K. */
struct ip_addr testbed_dest_address(bool ipv6, uint32_t number);
/* Whether the director may send packet CLIENT of connection I as SERVER: to a server of its service, and for full-NAT from
 * one of the local addresses and their ports; through a gateway from those of its service alone. */
bool testbed_is_right(const struct testbed *testbed, uint32_t i, const struct flow *client, const struct flow *server);
/* Whether the real servers answer by themselves. */
bool testbed_is_one_way(const struct testbed *testbed);
struct replay *testbed_replay(const struct testbed *testbed, uint32_t worker);

#endif
