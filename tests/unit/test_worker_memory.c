/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A worker's memory is asked for on the NUMA node of its CPU: read back from the kernel, which keeps the wish with the
 * mapping. On a machine of one node too, where nothing else can be seen of it.
 */
#define _GNU_SOURCE
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <linux/mempolicy.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <rte_eal.h>
#include <rte_mbuf.h>

#include "core/rcu.h"
#include "ip/fib.h"
#include "lb/conn_table.h"
#include "lb/service.h"
#include "port/eal.h"
#include "port/exception.h"
#include "port/handover.h"
#include "port/steering.h"
#include "workers.h"
#include "written_lines.h"

#define WORKERS 2

static struct {
	struct rcu *rcu;
	struct lb *lb;
	struct fib *fib;
	struct steering *steering;
	struct handover *handover;
	struct exception *exception;
	struct rte_mempool *pool;
	struct ports ports;
	struct worker *workers[WORKERS];
} here;

static int
first_cpu(void)
{
	cpu_set_t set;
	int cpu = 0;

	if (sched_getaffinity(0, sizeof(set), &set) != 0)
		return -1;
	while (cpu < CPU_SETSIZE - 1 && !CPU_ISSET(cpu, &set))
		cpu++;
	return cpu;
}

/* Both workers on one CPU, so that they have a node. */
static int
eal_begin(void)
{
	char prefix[64], lcores[64];
	char *arguments[] = { "test",		"--no-huge", "--no-pci", "--no-telemetry", "--log-level=error",
			      "--iova-mode=va", "-m",	     "256",	 lcores,	   prefix };
	int cpu = first_cpu();

	if (geteuid() != 0 && setenv("XDG_RUNTIME_DIR", "/tmp", 0) != 0)
		return -1;
	snprintf(prefix, sizeof(prefix), "--file-prefix=unit-%d", (int)getpid());
	snprintf(lcores, sizeof(lcores), "--lcores=0@%d,1@%d,2@%d", cpu, cpu, cpu);
	return rte_eal_init(RTE_DIM(arguments), arguments) < 0 ? -1 : 0;
}

static int
begin(void **state)
{
	const struct config config = { .limits = { .connections = 1024,
						   .connections_ipv6 = 1 << 16,
						   .services = 64,
						   .dests = 64,
						   .templates = 1024,
						   .waiting_packets = 64,
						   .datagrams = 64,
						   .fragments = 64 } };
	struct worker_shared shared = { .config = &config, .ports = &here.ports };

	(void)state;
	if (eal_begin() < 0)
		return -1;
	here.rcu = rcu_create(WORKERS);
	here.pool = rte_pktmbuf_pool_create("packets", 63, 0, 0, RTE_MBUF_DEFAULT_BUF_SIZE, SOCKET_ID_ANY);
	if (!here.rcu || !here.pool || fib_create(64, 64, 64, here.rcu, &here.fib) < 0 ||
	    lb_create(64, 64, here.rcu, &here.lb) < 0 || steering_create(NULL, 128, WORKERS, &here.steering) < 0 ||
	    handover_create(WORKERS, 64, &here.handover) < 0 ||
	    exception_create(&here.ports, WORKERS, here.pool, 0, NULL, &here.exception) < 0)
		return -1;
	shared.rcu = here.rcu;
	shared.fib = here.fib;
	shared.lb = here.lb;
	shared.steering = here.steering;
	shared.handover = here.handover;
	shared.exception = here.exception;
	for (uint32_t i = 0; i < WORKERS; i++) {
		if (worker_create(&shared, i, WORKERS, eal_worker_lcore(i), &here.workers[i]) < 0)
			return -1;
	}
	return 0;
}

static int
end(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++)
		worker_destroy(here.workers[i]);
	exception_destroy(here.exception);
	handover_destroy(here.handover);
	steering_destroy(here.steering);
	lb_destroy(here.lb);
	fib_destroy(here.fib);
	rcu_destroy(here.rcu);
	rte_mempool_free(here.pool);
	return rte_eal_cleanup();
}

/* The node that the mapping at AT was asked for, -1 if it was for none. */
static int
wanted_node(const void *at)
{
	unsigned long nodes[16] = { 0 };
	int mode = 0;

	assert_int_equal(syscall(SYS_get_mempolicy, &mode, nodes, sizeof(nodes) * 8, at, MPOL_F_ADDR), 0);
	if (mode != MPOL_PREFERRED)
		return -1;
	for (int node = 0; node < (int)sizeof(nodes) * 8; node++) {
		if (nodes[node / 64] >> node % 64 & 1)
			return node;
	}
	return -1;
}

/* Kernels without NUMA have no nodes, and some containers may not ask. */
static void
skip_where_nodes_are_not_told(void)
{
	if (eal_worker_node(0) >= 0 && syscall(SYS_get_mempolicy, NULL, NULL, 0, NULL, 0) == 0)
		return;
	print_message("# the kernel doesn't say which NUMA node memory is wanted on\n");
	skip();
}

static void
a_pinned_worker_has_the_node_of_its_cpu(void **state)
{
	(void)state;
	skip_where_nodes_are_not_told();
	for (uint32_t i = 0; i < WORKERS; i++) {
		assert_true(eal_worker_node(i) >= 0);
		assert_int_equal(here.workers[i]->numa_node, eal_worker_node(i));
	}
}

static void
all_that_a_worker_owns_is_wanted_on_its_node(void **state)
{
	(void)state;
	skip_where_nodes_are_not_told();
	for (uint32_t i = 0; i < WORKERS; i++) {
		const struct worker *worker = here.workers[i];
		const void *owned[] = {
			worker,
			&worker->counters,
			worker->conns[TABLE_IPV4],
			worker->conns[TABLE_IPV4]->conns,
			worker->conns[TABLE_IPV4]->buckets,
			worker->conns[TABLE_IPV6],
			worker->conns[TABLE_IPV6]->cold,
			worker->conns[TABLE_IPV6]->overflow,
			worker->loads,
			worker->cursors,
			worker->nexthop_told_ms,
			worker->waiting,
			worker->neighbour_requests,
		};

		for (size_t k = 0; k < RTE_DIM(owned); k++)
			assert_int_equal(wanted_node(owned[k]), worker->numa_node);
	}
}

static void
give(void *m)
{
	handover_give(here.handover, HANDOVER_OWNER, 0, 1, m);
	handover_give(here.handover, HANDOVER_SEND, 1, 0, m);
	exception_send(here.exception, 0, EXCEPTION_CONTROL, m);
	exception_send(here.exception, 1, EXCEPTION_OTHER, m);
}

static void
take(void *m)
{
	struct rte_mbuf **packet = m;

	handover_take(here.handover, HANDOVER_OWNER, 0, 1, packet, 1);
	handover_take(here.handover, HANDOVER_SEND, 1, 0, packet, 1);
}

/* Head, tail and slot of each ring are written, and nothing besides. */
/* Those of connections between the families, of which there may be as many as IPv6 has. */
static void
a_table_of_ipv4_has_room_for_the_keys_of_the_others(void **state)
{
	const uint32_t share = 1024 / WORKERS, foreign = (1 << 16) / WORKERS;

	(void)state;
	for (uint32_t i = 0; i < WORKERS; i++)
		assert_true(here.workers[i]->conns[TABLE_IPV4]->mapped >= conn_table_bytes(false, share, foreign));
}

static void
rings_are_wanted_on_the_workers_node(void **state)
{
	struct rte_mbuf *m = rte_pktmbuf_alloc(here.pool), *taken;
	struct lines lines = { .n = 0 };

	(void)state;
	skip_where_nodes_are_not_told();
	lines_written_by(give, m, &lines);
	assert_in_range(lines.n, 8, 12);
	lines_written_by(take, &taken, &lines);
	assert_in_range(lines.n, 10, 16);
	for (size_t i = 0; i < lines.n; i++)
		assert_int_equal(wanted_node((const void *)lines.at[i]), here.workers[0]->numa_node);
	lines_free(&lines);
	rte_mbuf_refcnt_set(m, 2); /* it stands in two rings still */
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pinned_worker_has_the_node_of_its_cpu),
		cmocka_unit_test(all_that_a_worker_owns_is_wanted_on_its_node),
		cmocka_unit_test(a_table_of_ipv4_has_room_for_the_keys_of_the_others),
		cmocka_unit_test(rings_are_wanted_on_the_workers_node),
	};

	(void)argc;
	lines_bind_now(argv);
	return cmocka_run_group_tests(tests, begin, end);
}
