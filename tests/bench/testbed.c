/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_eal.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "core/cpu_list.h"
#include "core/rcu.h"
#include "lb/laddr.h"
#include "lb/mark.h"
#include "lb/scheduler.h"
#include "path/path.h"
#include "port/exception.h"
#include "port/handover.h"
#include "port/steering.h"
#include "testbed.h"
#include "workers.h"

#define MBUFS 8191
#define CLIENT_BITS 20
#define CLIENT_PREFIXES 64
#define VPORT 80
#define RPORT 8080
#define OUTSIDE_BITS 6 /* hosts outside, of each service of a gateway; every four of them have a way */
#define OUTSIDE_WAY_BITS 2

static struct rte_mempool *pool;
static uint32_t n_devs;
static const struct rte_ether_addr our_mac = { { 2, 0, 0, 0, 0, 1 } };

/* ---- once a program ---- */

static int
start_device(uint16_t dev)
{
	const struct rte_eth_conf conf = { .rxmode = { .mtu = 1500 } };
	int err = rte_eth_dev_configure(dev, 1, 1, &conf);

	if (err == 0)
		err = rte_eth_rx_queue_setup(dev, 0, 64, SOCKET_ID_ANY, NULL, pool);
	if (err == 0)
		err = rte_eth_tx_queue_setup(dev, 0, 64, SOCKET_ID_ANY, NULL);
	return err == 0 ? rte_eth_dev_start(dev) : err;
}

static int
start_eal(const char *cpus, uint32_t devs, uint16_t last)
{
	char list[64], main_lcore[32];
	char *arguments[] = { "bench",
			      "--in-memory",
			      "--no-pci",
			      "--no-telemetry",
			      "--log-level=error",
			      "--lcores",
			      list,
			      main_lcore,
			      "--iova-mode=va",
			      "--vdev=net_null0,no-rx=1",
			      "--vdev=net_null1,no-rx=1" };

	snprintf(list, sizeof(list), "%s", cpus);
	snprintf(main_lcore, sizeof(main_lcore), "--main-lcore=%u", last);
	if (rte_eal_init((int)(RTE_DIM(arguments) - (TESTBED_DEVS_MAX - devs)), arguments) >= 0)
		return 0;
	fprintf(stderr, "bench: DPDK does not start; it needs root and free huge pages\n");
	return -EIO;
}

int
testbed_start(const char *cpus)
{
	uint16_t numbers[CPU_LIST_MAX];
	int devs = cpu_list_parse(cpus, numbers), err;

	if (devs < 1 || devs > TESTBED_DEVS_MAX) {
		fprintf(stderr, "bench: %s is no list of one or two processors\n", cpus);
		return -EINVAL;
	}
	err = start_eal(cpus, (uint32_t)devs, numbers[devs - 1]);
	if (err < 0)
		return err;
	pool = rte_pktmbuf_pool_create("bench", MBUFS, 256, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!pool) {
		fprintf(stderr, "bench: no huge pages for %d packet buffers\n", MBUFS);
		return -ENOMEM;
	}
	n_devs = (uint32_t)devs;
	for (uint16_t dev = 0; dev < n_devs; dev++) {
		err = start_device(dev);
		if (err < 0) {
			fprintf(stderr, "bench: net_null%u does not start: %s\n", dev, strerror(-err));
			return err;
		}
	}
	return 0;
}

uint32_t
testbed_devs(void)
{
	return n_devs;
}

/* ---- addresses ---- */

static struct ip_addr
address(bool ipv6, uint32_t v4_base, uint16_t v6_group, uint16_t v6_net, uint32_t number)
{
	struct ip_addr addr = { .family = ipv6 ? AF_INET6 : AF_INET };

	if (!ipv6) {
		addr.ip.v4 = rte_cpu_to_be_32(v4_base + number);
		return addr;
	}
	if (v6_group == 0x2001)
		addr.ip.word[0] = RTE_BE32(0x20010db8);
	else
		addr.ip.word[0] = rte_cpu_to_be_32((uint32_t)v6_group << 16 | v6_net);
	if (v6_group == 0x2001)
		addr.ip.word[1] = rte_cpu_to_be_32((uint32_t)v6_net << 16);
	addr.ip.word[3] = rte_cpu_to_be_32(number);
	return addr;
}

static struct ip_addr
client_address(bool ipv6, uint32_t number)
{
	return address(ipv6, 0x0a000000, 0x2001, 0x10, number);
}

struct ip_addr
testbed_service_address(bool ipv6, uint32_t number)
{
	return address(ipv6, 0xcb007000, 0x2001, 1, number + 1);
}

struct ip_addr
testbed_dest_address(bool ipv6, uint32_t number)
{
	return address(ipv6, 0xac100000, 0xfd00, 1, number + 1);
}

static struct ip_addr
local_address(bool ipv6, uint32_t number)
{
	return address(ipv6, 0xc0a8ff00, 0xfd00, 2, number + 1);
}

static struct ip_addr
outside_address(bool ipv6, uint32_t number)
{
	return address(ipv6, 0xc6120000, 0x2001, 2, number);
}

static bool
is_gateway(const struct testbed_spec *spec)
{
	return spec->forward == FORWARD_SNAT;
}

/* The family of the servers. */
static bool
inner_ipv6(const struct testbed_spec *spec)
{
	return spec->ipv6 != spec->crosses;
}

struct ip_addr
testbed_local_address(const struct testbed *testbed, uint32_t number)
{
	return local_address(inner_ipv6(&testbed->spec), number);
}

static uint32_t
outside_hosts(const struct testbed_spec *spec)
{
	return spec->services << OUTSIDE_BITS;
}

/* Of connection I. */
static uint32_t
service_number(const struct testbed_spec *spec, uint32_t i)
{
	return is_gateway(spec) ? i % outside_hosts(spec) >> OUTSIDE_BITS : i % spec->services;
}

static struct ip_addr
called_address(const struct testbed_spec *spec, uint32_t i)
{
	return is_gateway(spec) ? outside_address(spec->ipv6, i % outside_hosts(spec))
				: testbed_service_address(spec->ipv6, i % spec->services);
}

struct flow
testbed_client_flow(const struct testbed *testbed, uint32_t i)
{
	const struct testbed_spec *spec = &testbed->spec;
	const uint32_t client = i & ((1u << CLIENT_BITS) - 1);

	return (struct flow){
		.src = client_address(spec->ipv6, client).ip,
		.dst = called_address(spec, i).ip,
		.sport = rte_cpu_to_be_16((uint16_t)(1024 + (i >> CLIENT_BITS))),
		.dport = RTE_BE16(VPORT),
		.family = spec->ipv6 ? AF_INET6 : AF_INET,
		.proto = spec->proto,
	};
}

bool
testbed_is_one_way(const struct testbed *testbed)
{
	return testbed->spec.forward == FORWARD_DIRECT || testbed->spec.forward == FORWARD_TUNNEL;
}

static uint32_t
number_of(const struct testbed *testbed, const union ip_bits *addr, const struct ip_addr *first)
{
	return inner_ipv6(&testbed->spec) ? rte_be_to_cpu_32(addr->word[3]) - rte_be_to_cpu_32(first->ip.word[3])
					  : rte_be_to_cpu_32(addr->v4) - rte_be_to_cpu_32(first->ip.v4);
}

/* From one of the local addresses, and their ports. */
static bool
is_from_local(const struct testbed *testbed, const struct flow *server)
{
	const struct testbed_spec *spec = &testbed->spec;
	const struct ip_addr first = local_address(inner_ipv6(spec), 0);
	const uint16_t port = rte_be_to_cpu_16(server->sport);

	return number_of(testbed, &server->src, &first) < spec->n_laddrs && port >= spec->first_port &&
	       port <= spec->last_port;
}

/* Which of the local addresses destination K of service NUMBER of a gateway is. */
static uint32_t
gateway_laddr(const struct testbed_spec *spec, uint32_t number, uint32_t k)
{
	return (number * spec->dests + k) % spec->n_laddrs;
}

static bool
is_of_gateway(const struct testbed *testbed, uint32_t i, const struct flow *client, const struct flow *server)
{
	const struct testbed_spec *spec = &testbed->spec;
	const struct ip_addr first = local_address(spec->ipv6, 0);
	const uint32_t laddr = number_of(testbed, &server->src, &first), number = service_number(spec, i);

	if (!is_from_local(testbed, server) || !ip_bits_equal(&client->dst, &server->dst) ||
	    client->dport != server->dport)
		return false;
	for (uint32_t k = 0; k < spec->dests; k++) {
		if (gateway_laddr(spec, number, k) == laddr)
			return true;
	}
	return false;
}

bool
testbed_is_right(const struct testbed *testbed, uint32_t i, const struct flow *client, const struct flow *server)
{
	const struct testbed_spec *spec = &testbed->spec;
	const struct ip_addr first_dest = testbed_dest_address(inner_ipv6(spec), i % spec->services * spec->dests);

	if (is_gateway(spec))
		return is_of_gateway(testbed, i, client, server);
	if (testbed_is_one_way(testbed))
		return ip_bits_equal(&client->src, &server->src) && ip_bits_equal(&client->dst, &server->dst) &&
		       client->sport == server->sport && client->dport == server->dport;
	if (number_of(testbed, &server->dst, &first_dest) >= spec->dests || server->dport != RTE_BE16(RPORT))
		return false;
	if (spec->forward != FORWARD_FULLNAT)
		return ip_bits_equal(&client->src, &server->src) && client->sport == server->sport;
	return is_from_local(testbed, server);
}

/* ---- routes ---- */

static int
make_ways_outside(struct testbed *testbed, const uint32_t *nexthops)
{
	const struct testbed_spec *spec = &testbed->spec;
	const uint8_t length = (spec->ipv6 ? 128 : 32) - OUTSIDE_WAY_BITS;
	int err = 0;

	for (uint32_t i = 0; i < outside_hosts(spec) >> OUTSIDE_WAY_BITS && err == 0; i++) {
		const struct ip_addr prefix = outside_address(spec->ipv6, i << OUTSIDE_WAY_BITS);

		err = fib_set_route(testbed->fib, &prefix, length, nexthops[i % spec->nexthops]);
	}
	return err;
}

static int
make_routes(struct testbed *testbed)
{
	const struct testbed_spec *spec = &testbed->spec;
	const uint8_t host = spec->ipv6 ? 128 : 32, bits = CLIENT_BITS - 6, inner_host = inner_ipv6(spec) ? 128 : 32;
	uint32_t numbers[64];
	int err = 0;

	for (uint32_t i = 0; i < spec->nexthops && err == 0; i++) {
		union nexthop nexthop = { .mac = { { 2, 0, 0, 0, 1, (uint8_t)i } }, .state = NEXTHOP_READY };

		err = fib_nexthop_new(testbed->fib, &numbers[i]);
		if (err == 0)
			fib_nexthop_set(testbed->fib, numbers[i], nexthop);
	}
	for (uint32_t i = 0; i < CLIENT_PREFIXES && err == 0; i++) {
		struct ip_addr prefix = client_address(spec->ipv6, i << bits);

		err = fib_set_route(testbed->fib, &prefix, host - bits, numbers[i % spec->nexthops]);
	}
	if (err == 0 && is_gateway(spec))
		err = make_ways_outside(testbed, numbers);
	for (uint32_t i = 0; i < spec->services * spec->dests && err == 0 && !is_gateway(spec); i++) {
		struct ip_addr server = testbed_dest_address(inner_ipv6(spec), i);

		err = fib_set_route(testbed->fib, &server, inner_host, numbers[i % spec->nexthops]);
	}
	for (uint32_t i = 0; i < spec->n_laddrs && err == 0; i++) {
		struct ip_addr laddr = local_address(inner_ipv6(spec), i);

		err = fib_set_route(testbed->fib, &laddr, inner_host, FIB_LADDR);
	}
	return err;
}

static int
make_own_addresses(struct testbed *testbed)
{
	const struct fib_own own = {
		.has_v4 = true,
		.has_v6 = true,
		.v4 = address(false, 0xc0a8fe01, 0, 0, 0).ip,
		.v6 = address(true, 0, 0xfd00, 3, 1).ip,
	};

	return fib_set_own(testbed->fib, 0, &own);
}

/* ---- services ---- */

static struct service_key
service_key(const struct testbed_spec *spec, uint32_t number)
{
	const uint16_t family = spec->ipv6 ? AF_INET6 : AF_INET;

	if (is_gateway(spec))
		return (struct service_key){ .fwmark = number + 1, .family = family };
	return (struct service_key){
		.addr = testbed_service_address(spec->ipv6, number).ip,
		.port = RTE_BE16(VPORT),
		.family = family,
		.protocol = spec->proto,
	};
}

/* Each service of a gateway has hosts outside of its own, whose mark leads to it. */
static int
make_marks(struct testbed *testbed)
{
	const struct testbed_spec *spec = &testbed->spec;
	struct mark_rule *rules;
	struct marks *marks;
	int err;

	if (!is_gateway(spec))
		return 0;
	rules = calloc(spec->services, sizeof(*rules));
	if (!rules)
		return -ENOMEM;
	for (uint32_t i = 0; i < spec->services; i++)
		rules[i] = (struct mark_rule){
			.mark = i + 1,
			.port = MARK_ANY_PORT,
			.out_port = 0,
			.destination = { outside_address(spec->ipv6, i << OUTSIDE_BITS),
					 (spec->ipv6 ? 128 : 32) - OUTSIDE_BITS },
			.last_source_port = UINT16_MAX,
			.last_port = UINT16_MAX,
		};
	err = marks_create(rules, spec->services, &marks);
	free(rules);
	if (err == 0)
		lb_set_marks(testbed->lb, marks);
	return err;
}

static int
make_service(struct testbed *testbed, uint32_t number)
{
	const struct testbed_spec *spec = &testbed->spec;
	struct service_spec service = {
		.key = service_key(spec, number),
		.index = number,
		.scheduler = scheduler_by_name(spec->scheduler),
	};
	const struct dest **dests = calloc(spec->dests, sizeof(*dests));
	int err = dests ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < spec->dests && err == 0; i++) {
		uint32_t index = number * spec->dests + i;
		struct dest dest = {
			.addr = is_gateway(spec) ? local_address(spec->ipv6, gateway_laddr(spec, number, i))
						 : testbed_dest_address(inner_ipv6(spec), index),
			.port = is_gateway(spec) ? 0 : RTE_BE16(RPORT),
			.forward = spec->forward,
			.tunnel_type = spec->tunnel_type,
			.tunnel_port = RTE_BE16(6080),
			.id = DEST_ID(index, 1),
			.weight = 1,
			.last_weight = 1,
			.service = number,
			.order = spec->dests - i,
		};

		err = dest_publish(testbed->lb, &dest, &dests[i]);
	}
	if (err == 0)
		err = service_publish(testbed->lb, &service, dests, spec->dests);
	free(dests);
	return err;
}

static int
make_laddrs(struct testbed *testbed)
{
	const struct testbed_spec *spec = &testbed->spec;
	struct ip_addr addresses[256];
	const struct laddr_group_spec group = {
		.name = "bench",
		.addresses = addresses,
		.n_addresses = spec->n_laddrs,
		.first_port = spec->first_port,
		.last_port = spec->last_port,
		.active = true,
	};

	for (uint32_t i = 0; i < spec->n_laddrs; i++)
		addresses[i] = local_address(inner_ipv6(spec), i);
	return laddrs_publish(testbed->lb, &group, 1);
}

/* ---- workers ---- */

static int
make_worker(struct testbed *testbed, uint32_t index)
{
	const struct worker_shared shared = {
		.config = &testbed->config,
		.lb = testbed->lb,
		.fib = testbed->fib,
		.ports = &testbed->ports,
		.steering = testbed->steering,
		.exception = testbed->exception,
		.handover = testbed->handover,
		.rcu = testbed->rcu,
		.pool = pool,
		.hugepages = true,
	};
	uint16_t dev = (uint16_t)(index % n_devs);
	int err =
		worker_create(&shared, index, testbed->spec.n_workers, rte_get_main_lcore(), &testbed->workers[index]);

	if (err < 0)
		return err;
	/* Each one as if it had a queue of its own; those that share a device never run at the same time. */
	testbed->workers[index]->rx[0] = (struct worker_queue){ .dev = dev };
	testbed->workers[index]->n_rx = 1;
	testbed->workers[index]->send[0] = (struct send_buffer){ .dev = dev, .own_queue = true };
	worker_start_clock(testbed->workers[index]);
	rcu_online(testbed->rcu, index);
	return 0;
}

static void
make_port(struct testbed *testbed)
{
	struct port *port = &testbed->ports.port[0];

	testbed->ports.n_ports = 1;
	port->mac = our_mac;
	port->mtu = 1500;
	port->up = true;
	port->n_devs = 1;
	port->queues = 1;
	port->numa_node = -1;
}

static int
make_tables(struct testbed *testbed)
{
	const struct testbed_spec *spec = &testbed->spec;
	int err;

	testbed->rcu = rcu_create(spec->n_workers);
	if (!testbed->rcu)
		return -ENOMEM;
	err = fib_create(32768, 32768, 1024, testbed->rcu, &testbed->fib);
	if (err == 0)
		err = lb_create(testbed->config.limits.services, testbed->config.limits.dests, testbed->rcu,
				&testbed->lb);
	if (err == 0)
		err = steering_create(NULL, 128, spec->n_workers, &testbed->steering);
	if (err == 0)
		err = handover_create(spec->n_workers, 1024, &testbed->handover);
	if (err == 0)
		err = exception_create(&testbed->ports, spec->n_workers, pool, 0, NULL, &testbed->exception);
	return err;
}

static struct config_limits
limits_of(const struct testbed_spec *spec)
{
	/* Each worker has its share, and a little more, as a random spread isn't even. */
	uint32_t room = spec->connections + spec->connections / 16 + 1024 * spec->n_workers;

	return (struct config_limits){
		.connections = spec->ipv6 || spec->crosses ? spec->n_workers * 64 : room,
		.connections_ipv6 = spec->ipv6 || spec->crosses ? room : spec->n_workers * 64,
		.services = RTE_MAX(1024u, spec->services),
		.dests = RTE_MAX(16384u, spec->services * spec->dests),
		.templates = 1024,
		.waiting_packets = 64,
		.datagrams = 64,
		.fragments = 64,
	};
}

static int
fill(struct testbed *testbed)
{
	int err = make_tables(testbed);

	for (uint32_t i = 0; i < testbed->spec.n_workers && err == 0; i++)
		err = make_worker(testbed, i);
	if (err < 0)
		return err;
	lb_attach_workers(testbed->lb, testbed->workers, testbed->spec.n_workers);
	err = make_routes(testbed);
	if (err == 0)
		err = make_own_addresses(testbed);
	if (err == 0)
		err = make_marks(testbed);
	for (uint32_t i = 0; i < testbed->spec.services && err == 0; i++)
		err = make_service(testbed, i);
	if (err == 0)
		err = make_laddrs(testbed);
	for (uint32_t i = 0; i < n_devs && err == 0; i++)
		err = replay_create((uint16_t)i, pool, &our_mac, &testbed->replay[i]);
	return err;
}

struct testbed_spec
testbed_usual(uint32_t connections)
{
	return (struct testbed_spec){
		.proto = IPPROTO_TCP,
		.forward = FORWARD_FULLNAT,
		.services = 1,
		.dests = 16,
		.nexthops = 16,
		.scheduler = "rr",
		.connections = connections,
		.n_workers = 1,
	};
}

int
testbed_create(const struct testbed_spec *spec, struct testbed **ret)
{
	struct testbed *testbed = calloc(1, sizeof(*testbed));
	int err;

	if (!testbed)
		return -ENOMEM;
	testbed->spec = *spec;
	if (spec->n_laddrs == 0)
		testbed->spec.n_laddrs = TESTBED_LADDRS;
	if (spec->last_port == 0) {
		testbed->spec.first_port = 1025;
		testbed->spec.last_port = 65535;
	}
	testbed->config.limits = limits_of(spec);
	/* Figures with small pages would be others; without enough huge ones there are none. */
	testbed->config.memory.hugepages = HUGEPAGES_REQUIRED;
	make_port(testbed);
	err = fill(testbed);
	if (err < 0) {
		testbed_destroy(testbed);
		return err;
	}
	*ret = testbed;
	return 0;
}

void
testbed_destroy(struct testbed *testbed)
{
	for (uint32_t i = 0; i < n_devs; i++)
		replay_destroy(testbed->replay[i]);
	for (uint32_t i = 0; i < testbed->spec.n_workers; i++) {
		if (testbed->workers[i])
			rcu_offline(testbed->rcu, i);
	}
	for (uint32_t i = 0; i < testbed->spec.n_workers; i++)
		worker_destroy(testbed->workers[i]);
	exception_destroy(testbed->exception);
	handover_destroy(testbed->handover);
	steering_destroy(testbed->steering);
	lb_destroy(testbed->lb);
	fib_destroy(testbed->fib);
	rcu_destroy(testbed->rcu);
	free(testbed);
}

struct replay *
testbed_replay(const struct testbed *testbed, uint32_t worker)
{
	return testbed->replay[worker % n_devs];
}
