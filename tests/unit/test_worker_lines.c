/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Workers share no cache line that one of them writes: all memory is compared before and after each turn of each worker,
 * with traffic that takes every way through the packet path, and before and after what the control thread does.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_ring_elem.h>

#include "ip/neighbour_wait.h"
#include "lb/conn_table.h"
#include "lb/laddr.h"
#include "lb/scheduler.h"
#include "chosen_servers.h"
#include "port/handover.h"
#include "workers.h"
#include "written_lines.h"

#define WORKERS 4
#define TEMPLATES 1024
#define ROUNDS 8
#define PER_ROUND 24 /* packets of a worker and port */

enum { NAT, DIRECT, FULLNAT, FULLNAT6, DATAGRAMS, PERSISTENT, SERVICES };

static const struct {
	const char *vip;
	const char *scheduler;
	uint8_t proto, forward;
	uint32_t flags;
} services[SERVICES] = {
	[NAT] = { "192.0.2.1", "wlc", IPPROTO_TCP, FORWARD_NAT },
	[DIRECT] = { "192.0.2.2", "lblcr", IPPROTO_TCP, FORWARD_DIRECT },
	[FULLNAT] = { "192.0.2.3", "rr", IPPROTO_TCP, FORWARD_FULLNAT },
	[FULLNAT6] = { "2001:db8::3", "wlc", IPPROTO_TCP, FORWARD_FULLNAT },
	[DATAGRAMS] = { "192.0.2.4", "wrr", IPPROTO_UDP, FORWARD_FULLNAT },
	[PERSISTENT] = { "192.0.2.5", "rr", IPPROTO_TCP, FORWARD_FULLNAT, IP_VS_SVC_F_PERSISTENT },
};

/* What the next turn of a worker receives, by worker and port. */
static struct queue {
	uint16_t n;
	struct rte_mbuf *packets[BURST];
} queues[WORKERS][2];

struct scene {
	struct network *network;
	struct worker *played[WORKERS]; /* the fixture's, put aside */
	struct lines workers[WORKERS], control;
};

static uint16_t
receive_queued(void *queue, struct rte_mbuf **packets, uint16_t n)
{
	struct queue *from = queue;
	uint16_t taken = from->n < n ? from->n : n;

	memcpy(packets, from->packets, taken * sizeof(*packets));
	from->n = 0;
	return taken;
}

static void
connect_queues(void)
{
	static void *by_worker[2][WORKERS];

	for (int port = 0; port < 2; port++) {
		for (int worker = 0; worker < WORKERS; worker++)
			by_worker[port][worker] = &queues[worker][port];
		rte_eth_fp_ops[port].rx_pkt_burst = receive_queued;
		rte_eth_fp_ops[port].rxq.data = by_worker[port];
	}
}

static void
ignore_chunk(struct rte_mempool *pool, void *arg, struct rte_mempool_memhdr *chunk, unsigned int index)
{
	(void)pool, (void)arg, (void)index;
	lines_ignore(chunk->addr, chunk->len);
}

/* Packets go from hand to hand, and what stands around the workers is the test's. */
static void
ignore_what_is_not_theirs(struct scene *scene)
{
	const struct rte_ring *ring = packet_pool->pool_data;

	rte_mempool_mem_iter(packet_pool, ignore_chunk, NULL);
	lines_ignore(packet_pool->mz->addr, packet_pool->mz->len);
	lines_ignore(ring->memzone->addr, ring->memzone->len);
	lines_ignore(sent, sizeof(sent));
	lines_ignore(queues, sizeof(queues));
	lines_ignore(&scene->network->kernel, sizeof(scene->network->kernel));
}

static void
make_workers(struct scene *scene)
{
	struct director *director = scene->network->director;
	const struct config config = {
		.limits = { .connections = 8192,
			    .connections_ipv6 = 8192,
			    .services = FIXTURE_SERVICES,
			    .dests = FIXTURE_DESTS,
			    .templates = TEMPLATES,
			    .waiting_packets = 64,
			    .datagrams = 64,
			    .fragments = 64 },
	};
	const struct worker_shared shared = {
		.config = &config,
		.lb = director->lb,
		.fib = scene->network->fib,
		.ports = &scene->network->ports,
		.steering = director->steering,
		.exception = &scene->network->kernel,
		.handover = director->workers[0]->handover,
		.rcu = director->rcu,
		.pool = packet_pool,
	};

	for (uint32_t i = 0; i < WORKERS; i++) {
		scene->played[i] = director->workers[i];
		assert_int_equal(worker_create(&shared, i, WORKERS, 0, &director->workers[i]), 0);
		worker_start_clock(director->workers[i]);
		rcu_online(director->rcu, i);
	}
}

static void
publish_service(struct scene *scene, uint32_t index, int32_t weight)
{
	struct dest_spec dests[] = { { .address = "10.0.0.1", .port = 8080, .weight = weight },
				     { .address = "10.0.0.2", .port = 8080, .weight = 2 } };
	struct service_spec spec;

	if (strchr(services[index].vip, ':')) {
		dests[0].address = "fd00::1";
		dests[1].address = "fd00::2";
	}
	if (index == DATAGRAMS)
		dests[1].address = "10.0.0.9"; /* whose MAC address nobody knows */
	for (int i = 0; i < 2; i++)
		dests[i].forward = services[index].forward;
	spec = spec_of(services[index].proto, services[index].vip, 80, services[index].flags);
	spec.index = index;
	spec.scheduler = scheduler_by_name(services[index].scheduler);
	director_serve_as(scene->network->director, &spec, 2 * index, dests, 2);
}

static struct scene *
scene_new(void)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	assert_non_null(scene);
	scene->network = network_new(WORKERS, 64);
	for (uint8_t i = 0; i < 2; i++) {
		struct port *port = &scene->network->ports.port[i];

		port->n_devs = 1;
		port->devs[0] = i;
		port->queues = WORKERS;
	}
	connect_queues();
	make_workers(scene);
	for (uint32_t i = 0; i < SERVICES; i++)
		publish_service(scene, i, 1);
	ignore_what_is_not_theirs(scene);
	return scene;
}

static void
queue_packet(uint32_t worker, uint8_t port, struct rte_mbuf *m)
{
	struct queue *queue = &queues[worker][port];

	if (queue->n == BURST)
		rte_pktmbuf_free(m);
	else
		queue->packets[queue->n++] = m;
}

/* Of a flow that begins every fourth round: one for each service, one for nobody. */
static struct rte_mbuf *
client_packet(uint32_t round, uint32_t worker, uint32_t n)
{
	const uint32_t service = n % (SERVICES + 1);
	const bool ipv6 = service == FULLNAT6;
	char address[32];
	struct frame frame = { .src = address,
			       .dst = service < SERVICES ? services[service].vip : "192.0.2.99",
			       .sport = (uint16_t)(2000 + round / 4 * 1000 + worker * 100 + n),
			       .dport = 80,
			       .proto = service < SERVICES ? services[service].proto : IPPROTO_UDP,
			       .flags = round % 4 == 0 ? SYN : ACK };

	snprintf(address, sizeof(address), ipv6 ? "2001:db8:1::%u" : "198.51.100.%u",
		 n + 1 + (service == PERSISTENT ? 30 * worker : 0));
	return frame_new(&frame, CLIENTS);
}

/* Each packet that a server got is answered, at whichever worker. */
static void
queue_replies(uint32_t worker)
{
	for (uint32_t i = 0; i < sent[SERVERS].n; i++)
		queue_packet((worker + i) % WORKERS, SERVERS, frame_reply(sent[SERVERS].packets[i]));
}

static void
take_turn(void *worker)
{
	worker_turn(worker);
}

static void
run_workers(struct scene *scene)
{
	struct director *director = scene->network->director;

	for (uint32_t round = 0; round < ROUNDS; round++) {
		for (uint32_t i = 0; i < WORKERS; i++) {
			for (uint32_t n = 0; n < PER_ROUND; n++)
				queue_packet(i, CLIENTS, client_packet(round, i, n));
			lines_written_by(take_turn, director->workers[i], &scene->workers[i]);
			queue_replies(i);
			forget_packets(scene->network);
		}
	}
	for (uint32_t i = 0; i < WORKERS; i++)
		lines_written_by(take_turn, director->workers[i], &scene->workers[i]);
}

/* All that the control thread changes while workers run. */
static void
control_all(void *arg)
{
	struct scene *scene = arg;
	struct network *network = scene->network;
	struct lb *lb = network->director->lb;
	const struct timeouts_spec timeouts = { .tcp_s = 800, .tcp_fin_s = 100, .udp_s = 200 };
	const struct ip_addr prefix = address_of("203.0.113.0"), laddrs[] = { address_of("10.0.0.101") };
	const struct laddr_group_spec group = { .name = "g",
						.port = SERVERS,
						.addresses = laddrs,
						.n_addresses = 1,
						.first_port = 1025,
						.last_port = 65535,
						.active = true };
	struct neighbour_request request;
	uint32_t number;

	for (uint32_t i = 0; i < SERVICES; i++)
		publish_service(scene, i, 5);
	service_retract(lb, DIRECT);
	dest_retract(lb, DEST_ID(2 * DIRECT, 1));
	assert_int_equal(timeouts_publish(lb, &timeouts), 0);
	assert_int_equal(laddrs_publish(lb, &group, 1), 0);
	assert_int_equal(fib_nexthop_new(network->fib, &number), 0);
	fib_nexthop_set(network->fib, number, (union nexthop){ .port = 1, .state = NEXTHOP_READY });
	assert_int_equal(fib_set_route(network->fib, &prefix, 24, number), 0);
	assert_int_equal(fib_delete_route(network->fib, &prefix, 24), 0);
	network->ports.port[0].up = false;
	network->ports.port[0].n_macs = 1;
	rcu_reclaim(network->director->rcu);
	for (uint32_t i = 0; i < WORKERS; i++) {
		struct worker *worker = network->director->workers[i];

		while (rte_ring_sc_dequeue_elem(worker->neighbour_requests, &request, sizeof(request)) == 0)
			request.nexthop = 0;
		__atomic_store_n(&worker->stop, true, __ATOMIC_RELAXED);
	}
}

/* Once for all tests. */
static int
play(void **state)
{
	struct scene *scene;

	if (packets_start(state) != 0)
		return -1;
	scene = scene_new();
	run_workers(scene);
	lines_written_by(control_all, scene, &scene->control);
	*state = scene;
	return 0;
}

static int
clear_away(void **state)
{
	struct scene *scene = *state;
	struct director *director = scene->network->director;

	for (uint32_t i = 0; i < WORKERS; i++) {
		rcu_offline(director->rcu, i);
		worker_destroy(director->workers[i]);
		director->workers[i] = scene->played[i];
		lines_free(&scene->workers[i]);
	}
	lines_free(&scene->control);
	network_free(scene->network);
	free(scene);
	return packets_stop(state);
}

static void
no_two_workers_write_to_one_line(void **state)
{
	struct scene *scene = *state;
	size_t shared = 0;

	for (uint32_t i = 0; i < WORKERS; i++) {
		for (uint32_t k = i + 1; k < WORKERS; k++)
			shared += lines_in_both(&scene->workers[i], &scene->workers[k]);
	}
	assert_int_equal(shared, 0);
}

static void
the_control_thread_writes_to_no_line_of_a_worker(void **state)
{
	struct scene *scene = *state;
	size_t shared = 0;

	for (uint32_t i = 0; i < WORKERS; i++)
		shared += lines_in_both(&scene->workers[i], &scene->control);
	assert_int_equal(shared, 0);
	assert_true(lines_have(&scene->control, &scene->network->director->workers[0]->stop));
	assert_true(lines_have(&scene->control, &scene->network->director->lb->dest_live[2 * DIRECT]));
	assert_true(lines_have(&scene->control, &scene->network->fib->generation));
}

/* Its count of a template that it has connections of. */
static const uint32_t *
first_use(const struct worker *worker)
{
	for (uint32_t i = 0; i < TEMPLATES; i++) {
		if (worker->template_uses[i] != 0)
			return &worker->template_uses[i];
	}
	return NULL;
}

/* Or the two above would prove nothing. */
static void
the_traffic_takes_every_way(void **state)
{
	const struct scene *scene = *state;
	uint32_t own_templates = 0;

	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct worker *worker = scene->network->director->workers[i];
		const uint64_t *count = worker->counters.count;
		const struct lines *lines = &scene->workers[i];

		assert_true(count[COUNT_CONN_NEW] > 0 && count[COUNT_GIVEN] > 0 && count[COUNT_TAKEN] > 0);
		assert_true(count[COUNT_FORWARDED] > 0 && count[COUNT_NEIGH_ASKED] > 0);
		assert_true(lines_have(lines, &worker->now_ms));
		assert_true(lines_have(lines, &worker->send[SERVERS].packets));
		assert_true(lines_have(lines, &worker->counters.count[COUNT_RECEIVED]));
		assert_true(lines_have(lines, &worker->conns[TABLE_IPV4]->n_used));
		assert_true(lines_have(lines, &worker->conns[TABLE_IPV6]->n_used));
		assert_true(lines_have(lines, worker->conns[TABLE_IPV4]->conns));
		assert_true(lines_have(lines, &worker->cursors[FULLNAT]));
		assert_true(lines_have(lines, &worker->loads[2 * NAT]));
		assert_true(lines_have(lines, &worker->nexthop_told_ms[scene->network->nexthop_server[0]]));
		assert_true(lines_have(lines, worker->waiting));
		own_templates += lines_have(lines, worker->templates);
		assert_true(lines_have(lines, first_use(worker)));
	}
	/* a hash that is different each time says which */
	assert_true(own_templates > 1);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(no_two_workers_write_to_one_line),
		cmocka_unit_test(the_control_thread_writes_to_no_line_of_a_worker),
		cmocka_unit_test(the_traffic_takes_every_way),
	};

	(void)argc;
	lines_bind_now(argv);
	return cmocka_run_group_tests(tests, play, clear_away);
}
