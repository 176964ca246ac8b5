/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_ring_elem.h>

#include "ip/neighbour_wait.h"
#include "lb/laddr.h"
#include "packet_fixture.h"
#include "port/handover.h"

#define POOL_SIZE 4095
#define TURNS_MAX 1000 /* until no packet is on its way from worker to worker */

const uint8_t router_mac[6] = { 2, 0, 0, 0, 1, 1 };
const uint8_t server_mac[2][6] = { { 2, 0, 0, 0, 2, 1 }, { 2, 0, 0, 0, 2, 2 } };
const uint8_t port_mac[2][6] = { { 2, 0, 0, 0, 0, 1 }, { 2, 0, 0, 0, 0, 2 } };
struct caught sent[2];
uint16_t send_limit;
struct rte_mempool *packet_pool;

/* Of the test that runs; left over if it failed. */
static struct network *current;

static void
catch_packet(struct caught *caught, struct rte_mbuf *m)
{
	assert_true(caught->n < CAUGHT_MAX);
	caught->packets[caught->n++] = m;
}

static uint16_t
catch_sent(struct caught *caught, struct rte_mbuf **packets, uint16_t n)
{
	n = n < send_limit ? n : send_limit;
	for (uint16_t i = 0; i < n; i++)
		catch_packet(caught, packets[i]);
	return n;
}

static uint16_t
catch_sent_0(void *queue, struct rte_mbuf **packets, uint16_t n)
{
	(void)queue;
	return catch_sent(&sent[0], packets, n);
}

static uint16_t
catch_sent_1(void *queue, struct rte_mbuf **packets, uint16_t n)
{
	(void)queue;
	return catch_sent(&sent[1], packets, n);
}

bool
exception_send(struct exception *exception, uint32_t worker, enum exception_class class, struct rte_mbuf *m)
{
	(void)worker;
	if (exception->full)
		return false;
	catch_packet(&exception->got[class], m);
	return true;
}

uint32_t
exception_receive(struct exception *exception, uint32_t worker, struct rte_mbuf **ret, uint32_t max)
{
	(void)exception, (void)worker, (void)ret, (void)max;
	return 0;
}

int
packets_start(void **state)
{
	char prefix[64];
	char *argv[] = { "test",	   "--no-huge",		"-m",	      "256",  "--no-pci",
			 "--no-telemetry", "--log-level=error", "--lcores=0", prefix, NULL };

	(void)state;
	snprintf(prefix, sizeof(prefix), "--file-prefix=ipvsd-test-%d", (int)getpid());
	if (rte_eal_init(9, argv) < 0)
		return -1;
	packet_pool = rte_pktmbuf_pool_create("packets", POOL_SIZE, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	rte_eth_fp_ops[0].tx_pkt_burst = catch_sent_0;
	rte_eth_fp_ops[1].tx_pkt_burst = catch_sent_1;
	return packet_pool ? 0 : -1;
}

int
packets_stop(void **state)
{
	(void)state;
	rte_mempool_free(packet_pool);
	return rte_eal_cleanup();
}

void
set_route(struct network *network, const char *prefix, uint8_t length, uint32_t nexthop)
{
	struct ip_addr address = address_of(prefix);

	assert_int_equal(fib_set_route(network->fib, &address, length, nexthop), 0);
}

/* MTU: 0 for the port's. */
static uint32_t
nexthop_new(struct network *network, uint8_t port, const uint8_t *mac, uint16_t mtu)
{
	union nexthop nexthop = { .port = port, .state = mtu == 0 ? NEXTHOP_READY : NEXTHOP_NARROW };
	uint32_t number;

	memcpy(&nexthop.mac, mac, 6);
	assert_int_equal(fib_nexthop_new_narrow(network->fib, mtu, &number), 0);
	fib_nexthop_set(network->fib, number, nexthop);
	return number;
}

static void
route_clients(struct network *network, uint32_t router)
{
	set_route(network, "198.51.100.0", 24, router);
	set_route(network, "2001:db8:1::", 64, router);
}

static void
route_servers(struct network *network, const uint32_t server[2])
{
	set_route(network, "10.0.0.1", 32, server[0]);
	set_route(network, "10.0.0.2", 32, server[1]);
	set_route(network, "fd00::1", 128, server[0]);
	set_route(network, "fd00::2", 128, server[1]);
}

void
narrow_way(struct network *network, uint8_t port, uint16_t mtu, bool by_route)
{
	if (!by_route) {
		network->ports.port[port].mtu = mtu;
	} else if (port == CLIENTS) {
		route_clients(network, nexthop_new(network, CLIENTS, router_mac, mtu));
	} else {
		const uint32_t server[2] = { nexthop_new(network, SERVERS, server_mac[0], mtu),
					     nexthop_new(network, SERVERS, server_mac[1], mtu) };

		route_servers(network, server);
	}
}

void
widen_routes(struct network *network)
{
	route_clients(network, network->nexthop_router);
	route_servers(network, network->nexthop_server);
}

static void
make_routes(struct network *network)
{
	assert_int_equal(fib_create(1024, 1024, 64, network->director->rcu, &network->fib), 0);
	network->nexthop_router = nexthop_new(network, CLIENTS, router_mac, 0);
	network->nexthop_server[0] = nexthop_new(network, SERVERS, server_mac[0], 0);
	network->nexthop_server[1] = nexthop_new(network, SERVERS, server_mac[1], 0);
	set_route(network, "10.0.0.0", 24, FIB_ONLINK + SERVERS);
	set_route(network, "fd00::", 64, FIB_ONLINK + SERVERS);
	widen_routes(network);
	set_route(network, "192.0.2.0", 24, FIB_LOCAL);
	set_route(network, "2001:db8::", 64, FIB_LOCAL);
	set_route(network, "10.0.0.100", 32, FIB_LADDR);
	set_route(network, "fd00::100", 128, FIB_LADDR);
}

static void
join(struct network *network, struct worker *self, struct handover *handover)
{
	char name[32];

	self->fib = network->fib;
	self->ports = &network->ports;
	self->pool = packet_pool;
	self->exception = &network->kernel;
	self->handover = handover;
	snprintf(name, sizeof(name), "requests-%u", self->index);
	self->neighbour_requests = rte_ring_create_elem(name, sizeof(struct neighbour_request), 1024, SOCKET_ID_ANY, 0);
	assert_non_null(self->neighbour_requests);
	assert_int_equal(neighbour_wait_create(64, -1, &self->waiting), 0);
	assert_int_equal(
		fragment_table_create(FIXTURE_DATAGRAMS, FIXTURE_FRAGMENTS, -1, fragment_drop, self, &self->fragments),
		0);
	for (uint16_t port = 0; port < 2; port++) {
		self->send[port].dev = port;
		self->send[port].own_queue = true;
	}
}

static void
forget(struct caught *caught)
{
	rte_pktmbuf_free_bulk(caught->packets, caught->n);
	caught->n = 0;
}

void
forget_packets(struct network *network)
{
	for (int i = 0; i < 2; i++) {
		forget(&sent[i]);
		forget(&network->kernel.got[i]);
	}
}

/* As network_free, without looking. */
static void
network_discard(struct network *network)
{
	forget_packets(network);
	for (uint32_t i = 0; i < network->director->n_workers; i++) {
		rte_ring_free(network->director->workers[i]->neighbour_requests);
		neighbour_wait_destroy(network->director->workers[i]->waiting);
		fragment_table_destroy(network->director->workers[i]->fragments);
	}
	handover_destroy(network->director->workers[0]->handover);
	fib_destroy(network->fib);
	director_free(network->director);
	free(network);
	current = NULL;
}

struct network *
network_new(uint32_t n_workers, uint32_t connections)
{
	const struct ip_addr laddrs[] = { address_of("10.0.0.100"), address_of("fd00::100") };
	const struct laddr_group_spec group = { .name = "g",
						.port = SERVERS,
						.addresses = laddrs,
						.n_addresses = 2,
						.first_port = 1025,
						.last_port = 65535,
						.active = true };
	struct network *network;
	struct handover *handover;

	if (current)
		network_discard(current);
	network = calloc(1, sizeof(*network));
	assert_non_null(network);
	network->buffers_before = rte_mempool_in_use_count(packet_pool);
	network->director = director_new(n_workers, connections);
	network->ports.n_ports = 2;
	for (uint8_t i = 0; i < 2; i++) {
		struct port *port = &network->ports.port[i];

		memcpy(&port->mac, port_mac[i], 6);
		port->mtu = 1500;
		port->index = i;
		port->up = true;
	}
	make_routes(network);
	assert_int_equal(laddrs_publish(network->director->lb, &group, 1), 0);
	assert_int_equal(handover_create(n_workers, 256, &handover), 0);
	for (uint32_t i = 0; i < n_workers; i++)
		join(network, network->director->workers[i], handover);
	send_limit = UINT16_MAX;
	current = network;
	return network;
}

void
network_free(struct network *network)
{
	uint32_t before = network->buffers_before;

	assert_accounts_close(network);
	network_discard(network);
	assert_int_equal(rte_mempool_in_use_count(packet_pool), before);
}

static void
ring_to_ring(struct network *network)
{
	struct rte_mbuf *packets[BURST];
	bool again = true;
	uint32_t n;

	for (uint32_t turn = 0; again; turn++) {
		assert_true(turn < TURNS_MAX);
		again = false;
		for (uint32_t to = 0; to < network->director->n_workers; to++) {
			struct worker *self = network->director->workers[to];

			for (uint32_t from = 0; from < network->director->n_workers; from++) {
				if (from == to)
					continue;
				n = handover_take(self->handover, HANDOVER_OWNER, from, to, packets, BURST);
				self->counters.count[COUNT_TAKEN] += n;
				path_burst(self, 0, true, packets, n);
				again = again || n > 0;
			}
		}
	}
	for (uint32_t i = 0; i < network->director->n_workers; i++)
		transmit_flush(network->director->workers[i]);
}

void
receive_burst(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf **packets, uint32_t n)
{
	struct worker *self = network->director->workers[worker];

	self->counters.count[COUNT_RECEIVED] += n;
	path_burst(self, port, false, packets, n);
	ring_to_ring(network);
}

void
receive(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf *m)
{
	receive_burst(network, worker, port, &m, 1);
}

void
receive_slowly(struct network *network, uint32_t worker, uint8_t port, struct rte_mbuf *m)
{
	struct openings openings = { .n = 0 };

	network->director->workers[worker]->counters.count[COUNT_RECEIVED]++;
	path_slow(network->director->workers[worker], &openings, m, port, false);
	openings_finish(network->director->workers[worker], &openings);
	ring_to_ring(network);
}

uint64_t
counted(const struct network *network, enum counter counter)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < network->director->n_workers; i++)
		sum += network->director->workers[i]->counters.count[counter];
	return sum;
}

uint64_t
dropped(const struct network *network, enum drop_reason reason)
{
	uint64_t sum = 0;

	for (uint32_t i = 0; i < network->director->n_workers; i++)
		sum += network->director->workers[i]->counters.drop[reason];
	return sum;
}

/* decisions.md 24, for each worker. */
void
assert_accounts_close(const struct network *network)
{
	for (uint32_t i = 0; i < network->director->n_workers; i++) {
		const struct counters *counters = &network->director->workers[i]->counters;
		const uint64_t *count = counters->count;
		uint64_t out = count[COUNT_FORWARDED] + count[COUNT_TO_KERNEL] + count[COUNT_GIVEN] +
			       count[COUNT_MERGED] + count[COUNT_HELD];

		for (int reason = 0; reason < DROP_MAX; reason++)
			out += counters->drop[reason];
		assert_int_equal(count[COUNT_RECEIVED] + count[COUNT_GENERATED] + count[COUNT_FROM_KERNEL] +
					 count[COUNT_TAKEN] + count[COUNT_SPLIT],
				 out);
	}
}

struct rte_mbuf *
sent_one(uint8_t port)
{
	assert_int_equal(sent[port].n, 1);
	sent[port].n = 0;
	return sent[port].packets[0];
}

void
assert_sent(uint8_t port, const struct frame *expected)
{
	struct rte_mbuf *wanted = frame_new(expected, port), *m = sent_one(port);

	assert_int_equal(m->pkt_len, wanted->pkt_len);
	assert_memory_equal(rte_pktmbuf_mtod(m, void *), rte_pktmbuf_mtod(wanted, void *), wanted->pkt_len);
	rte_pktmbuf_free(m);
	rte_pktmbuf_free(wanted);
}

void
assert_nothing_sent(void)
{
	assert_int_equal(sent[CLIENTS].n, 0);
	assert_int_equal(sent[SERVERS].n, 0);
}

void
assert_dropped(struct network *network, enum drop_reason reason)
{
	for (int i = 0; i < DROP_MAX; i++) {
		uint64_t now = dropped(network, (enum drop_reason)i);

		if (now - network->drops_seen[i] != (i == (int)reason))
			fail_msg("%s: %lu, looking for %s", drop_texts[i].name, now - network->drops_seen[i],
				 drop_texts[reason].name);
		network->drops_seen[i] = now;
	}
	assert_nothing_sent();
	assert_int_equal(network->kernel.got[EXCEPTION_CONTROL].n + network->kernel.got[EXCEPTION_OTHER].n, 0);
	assert_accounts_close(network);
}

void
assert_to_kernel(struct network *network, enum exception_class class)
{
	for (int i = 0; i < EXCEPTION_CLASSES; i++)
		assert_int_equal(network->kernel.got[i].n, i == (int)class);
	assert_nothing_sent();
	assert_accounts_close(network);
	forget(&network->kernel.got[class]);
}
