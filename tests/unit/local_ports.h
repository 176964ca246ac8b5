/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A full-NAT service with local addresses, and the owner of a reply by a Toeplitz hash that is written down bit by bit (toeplitz.h).
 */
#ifndef LOCAL_PORTS_H
#define LOCAL_PORTS_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "director_fixture.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "random_source.h"
#include "toeplitz.h"

#define PORT 3 /* towards the servers */

static inline uint32_t
owner_by_hand(const struct director *director, const struct flow *flow)
{
	const struct steering *steering = director->steering;

	if (director->n_workers == 1)
		return 0;
	return steering->reta[hash_of(steering->key, flow) % steering->reta_size];
}

struct setting {
	struct director *director;
	const struct service *svc;
	uint32_t next_client;
};

static inline void
publish_laddrs(struct director *director, const char *const *texts, uint32_t n, uint16_t first, uint16_t last)
{
	struct ip_addr addresses[8];
	struct laddr_group_spec group = {
		.name = "g",
		.port = PORT,
		.addresses = addresses,
		.n_addresses = n,
		.first_port = first,
		.last_port = last,
		.active = true,
	};

	for (uint32_t i = 0; i < n; i++)
		addresses[i] = address_of(texts[i]);
	assert_int_equal(laddrs_publish(director->lb, &group, 1), 0);
}

/* A full-NAT service with one server and one local address, all of one family. */
static inline struct setting
setting_new(uint32_t n_workers, bool ipv6, uint16_t first, uint16_t last)
{
	const struct dest_spec server = {
		.address = ipv6 ? "fd00::1" : "10.0.0.1",
		.port = 8080,
		.weight = 1,
		.forward = FORWARD_FULLNAT,
	};
	const char *laddr = ipv6 ? "fd00::100" : "10.0.0.100";
	struct setting here = { .director = director_new(n_workers, 70000) };

	here.svc = director_serve(here.director, 0, IPPROTO_TCP, ipv6 ? "2001:db8::1" : "192.0.2.1", 80, "rr", 0,
				  &server, 1);
	publish_laddrs(here.director, &laddr, 1, first, last);
	return here;
}

static inline void
setting_free(struct setting *here)
{
	director_free(here->director);
}

static inline struct flow
client_flow(struct setting *here)
{
	struct flow flow = here->svc->key.family == AF_INET6
				   ? flow_of(IPPROTO_TCP, "2001:db8:1::", 1000, "2001:db8::1", 80)
				   : flow_of(IPPROTO_TCP, "198.51.0.0", 1000, "192.0.2.1", 80);

	here->next_client++;
	flow.src.word[here->svc->key.family == AF_INET6 ? 3 : 0] += rte_cpu_to_be_32(here->next_client & 0xffff);
	flow.sport = rte_cpu_to_be_16((uint16_t)(1000 + (here->next_client >> 16)));
	return flow;
}

/* A new connection of WORKER, in ESTABLISHED. 0, or the negative drop reason. */
static inline int
open_conn(struct setting *here, uint32_t worker, struct conn **ret)
{
	struct worker *self = here->director->workers[worker];
	struct flow flow = client_flow(here), reply;
	uint32_t recycle = CONN_NONE;
	struct forward_request request = { .self = self,
					   .svc = here->svc,
					   .dest = here->svc->dests[0],
					   .flow = &flow,
					   .server_port = here->svc->dests[0]->port,
					   .port = PORT };
	int err = forward_fullnat.bind(&request, &reply);

	if (err < 0)
		return err;
	assert_int_equal(conn_begin(self, here->svc, here->svc->dests[0], &forward_fullnat, &flow, ret), 0);
	err = conn_complete(self, *ret, &flow, &reply, recycle);
	if (err == -DROP_CONN_COLLISION) {
		err = forward_fullnat.bind_again(&request, &reply, &recycle);
		if (err == 0)
			err = conn_complete(self, *ret, &flow, &reply, recycle);
	}
	if (err < 0) {
		conn_close(self, *ret, flow.family);
		return err;
	}
	assert_int_equal(owner_by_hand(here->director, &reply), worker);
	assert_true(ip_bits_equal(&reply.src, &here->svc->dests[0]->addr.ip));
	assert_int_equal(reply.sport, here->svc->dests[0]->port);
	conn_set_state(self, *ret, TCP_ESTABLISHED_);
	return 0;
}

static inline uint16_t
local_port(const struct setting *here, const struct conn *conn)
{
	return rte_be_to_cpu_16(here->svc->key.family == AF_INET6 ? conn->key6[CONN_OUT].dport
								  : conn->key4[CONN_OUT].dport);
}

/* How many ports of the range bring replies of the one server to WORKER. */
static inline uint32_t
ports_of(const struct setting *here, uint32_t worker, uint16_t first, uint16_t last)
{
	struct flow reply = here->svc->key.family == AF_INET6 ? flow_of(IPPROTO_TCP, "fd00::1", 8080, "fd00::100", 0)
							      : flow_of(IPPROTO_TCP, "10.0.0.1", 8080, "10.0.0.100", 0);
	uint32_t n = 0;

	for (uint32_t port = first; port <= last; port++) {
		reply.dport = rte_cpu_to_be_16((uint16_t)port);
		n += owner_by_hand(here->director, &reply) == worker;
	}
	return n;
}

#endif
