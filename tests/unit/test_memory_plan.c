/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the memory plan says against what is taken: DPDK's heap before and after. Machines with other pages and nodes
 * than this one are given as numbers, or as a folder that looks like /sys.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <rte_malloc.h>

#include "core/pages.h"
#include "core/rcu.h"
#include "eal_fixture.h"
#include "ip/fib.h"
#include "lb/conn_table.h"
#include "memory_plan.h"
#include "port/packet_pool.h"

#define MB ((size_t)1 << 20)

static size_t
heap_used(void)
{
	struct rte_malloc_socket_stats heap;

	assert_int_equal(rte_malloc_get_socket_stats(0, &heap), 0);
	return heap.heap_allocsz_bytes;
}

/* Never too little, and at most 2 % and 256 KB too much. */
static void
assert_foretold(size_t said, size_t taken)
{
	assert_in_range(said, taken, taken + taken / 50 + 256 * 1024);
}

static void
forwarding_tables_take_what_was_said(void **state)
{
	static const uint32_t sizes[][3] = {
		{ 64, 64, 64 }, { 1 << 14, 1 << 14, 1 << 14 }, { 100000, 7000, 3000 }, { 1 << 17, 1 << 15, 1 << 10 }
	};

	(void)state;
	for (size_t i = 0; i < RTE_DIM(sizes); i++) {
		const uint32_t *size = sizes[i];
		struct rcu *rcu = rcu_create(1);
		size_t before = heap_used();
		struct fib *fib;

		assert_int_equal(fib_create(size[0], size[1], size[2], rcu, &fib), 0);
		assert_foretold(fib_heap_bytes(size[0], size[1], size[2]), heap_used() - before);
		fib_destroy(fib);
		rcu_destroy(rcu);
	}
}

static void
packet_buffers_take_what_was_said(void **state)
{
	static const uint32_t mbufs[] = { 2048, 8192, 10000, 65536 };
	static const uint32_t mtu[] = { 0, 1500, 2000, 9000 };
	struct config_port port = { .mtu = 0 };
	struct config config = { .ports = &port, .n_ports = 1 };

	(void)state;
	for (size_t i = 0; i < RTE_DIM(mbufs); i++) {
		size_t before = heap_used();
		struct packet_pools *pools;

		port.mtu = mtu[i];
		config.limits.mbufs = mtu[i] > 4000 ? mbufs[i] / 4 : mbufs[i];
		assert_int_equal(packet_pools_create(&config, (int[]){ -1 }, 1, &pools), 0);
		assert_foretold(packet_pool_bytes(&config, config.limits.mbufs, PAGE), heap_used() - before);
		packet_pools_destroy(pools);
	}
}

/* The numbers of a configuration with these limits and one port. */
static struct config
config_of(uint32_t workers, uint32_t connections, enum config_hugepages hugepages)
{
	static struct config_port port = { .n_devices = 1, .rx_descriptors = 1024, .tx_descriptors = 1024 };

	return (struct config){
		.workers = { .count = workers },
		.ports = &port,
		.n_ports = 1,
		.limits = { .connections = connections,
			    .connections_ipv6 = 1 << 18,
			    .routes = 1 << 14,
			    .routes_ipv6 = 1 << 14,
			    .neighbours = 1 << 14,
			    .mbufs = 1 << 15 },
		.memory = { .hugepages = hugepages },
	};
}

static void
every_worker_has_whole_pages_for_its_share_of_the_connections(void **state)
{
	struct config one = config_of(1, 10 << 20, HUGEPAGES_AUTO), three = config_of(3, 10 << 20, HUGEPAGES_AUTO);
	struct memory_need need;
	uint32_t share = (10u << 20) / 3 + 1;

	(void)state;
	memory_need_of(&one, NULL, &need);
	assert_int_equal(need.connections, (conn_table_bytes(false, 10 << 20, 1 << 18) + HUGEPAGE - 1) / HUGEPAGE);
	assert_int_equal(need.connections_ipv6, (conn_table_bytes(true, 1 << 18, 0) + HUGEPAGE - 1) / HUGEPAGE);
	one.limits.connections_ipv6 = 10 << 20;
	memory_need_of(&one, NULL, &need);
	assert_int_equal(need.connections, (conn_table_bytes(false, 10 << 20, 10 << 20) + HUGEPAGE - 1) / HUGEPAGE);
	one.limits.connections = 1 << 10;
	memory_need_of(&one, NULL, &need);
	assert_int_equal(need.connections, (conn_table_bytes(false, 1 << 10, 10 << 20) + HUGEPAGE - 1) / HUGEPAGE);
	assert_true(need.connections > 10);
	memory_need_of(&three, NULL, &need);
	assert_int_equal(need.connections,
			 3 * ((conn_table_bytes(false, share, ((1 << 18) + 2) / 3) + HUGEPAGE - 1) / HUGEPAGE));
}

static size_t
pages_for(const struct config *config, uint32_t mbufs)
{
	return (packet_pool_bytes(config, mbufs, HUGEPAGE) + HUGEPAGE - 1) / HUGEPAGE;
}

/* Needs that are easily added up: DPDK's heap has 100 pages, the connections have 900. */
static const struct memory_need need = {
	.packets = 40, .packets_4k = 65, .routes = 50, .devices = 10, .connections = 860, .connections_ipv6 = 40
};

static struct memory_plan
plan_on(enum config_hugepages hugepages, const struct numa_pages *pages, int node)
{
	struct config config = config_of(1, 10 << 20, hugepages);
	struct memory_plan plan;

	memory_plan_on(&config, &need, pages, node, &plan);
	return plan;
}

static void
assert_text(enum config_hugepages hugepages, const struct memory_plan *plan, const char *expected)
{
	struct config config = config_of(1, 10 << 20, hugepages);
	char text[MEMORY_PLAN_TEXT];

	memory_plan_text(&config, plan, text, sizeof(text));
	assert_string_equal(text, expected);
}

static void
with_enough_pages_all_lies_in_them(void **state)
{
	struct numa_pages pages = { .n_nodes = 1, .node = { { .free_2m = 1000 } }, .total_2m = 1200 };
	struct memory_plan plan = plan_on(HUGEPAGES_REQUIRED, &pages, 0);

	(void)state;
	assert_int_equal(plan.needed_2m, 1000);
	assert_true(plan.eal.hugepages);
	assert_true(plan.tables);
	assert_int_equal(plan.eal.heap, 200 * MB);
	assert_int_equal(plan.eal.node, -1);
	assert_int_equal(plan.total_2m, 1200);
	assert_text(
		HUGEPAGES_AUTO, &plan,
		"1000 huge pages of 2 MB are needed (limits.connections 10M: 860, limits.connections_ipv6 256K: 40, "
		"packet buffers: 40, routes: 50, devices: 10), 1000 are free");
}

static void
one_page_too_few_leaves_the_connections_in_small_ones(void **state)
{
	struct numa_pages pages = { .n_nodes = 1, .node = { { .free_2m = 999 } }, .total_2m = 1200 };
	struct memory_plan plan = plan_on(HUGEPAGES_AUTO, &pages, 0);

	(void)state;
	assert_true(plan.eal.hugepages);
	assert_false(plan.tables);
	assert_int_equal(plan.eal.heap, 200 * MB);
	assert_int_equal(plan.total_2m, 1201);
	assert_text(
		HUGEPAGES_AUTO, &plan,
		"1000 huge pages of 2 MB are needed (limits.connections 10M: 860, limits.connections_ipv6 256K: 40, "
		"packet buffers: 40, routes: 50, devices: 10), 999 are free: write 1201 to /proc/sys/vm/nr_hugepages, "
		"or "
		"lower limits.connections");
}

static void
pages_that_are_promised_to_others_are_not_free(void **state)
{
	struct numa_pages pages = {
		.n_nodes = 1, .node = { { .free_2m = 1050 } }, .total_2m = 1050, .reserved_2m = 100
	};
	struct memory_plan plan = plan_on(HUGEPAGES_AUTO, &pages, 0);

	(void)state;
	assert_int_equal(plan.free_2m, 950);
	assert_false(plan.tables);
	assert_int_equal(plan.total_2m, 1100);
	pages.reserved_2m = 1000;
	plan = plan_on(HUGEPAGES_AUTO, &pages, 0);
	assert_false(plan.eal.hugepages);
}

static void
without_pages_for_its_heap_dpdk_has_small_ones(void **state)
{
	struct numa_pages pages = { .n_nodes = 1, .node = { { .free_2m = 99 } }, .total_2m = 99 };
	struct memory_plan plan = plan_on(HUGEPAGES_AUTO, &pages, 0);

	(void)state;
	assert_false(plan.eal.hugepages);
	assert_false(plan.tables);
	assert_int_equal(plan.eal.heap, 250 * MB);
}

static void
with_huge_pages_off_none_are_used(void **state)
{
	struct numa_pages pages = { .n_nodes = 1, .node = { { .free_2m = 5000 } }, .total_2m = 5000 };
	struct memory_plan plan = plan_on(HUGEPAGES_OFF, &pages, 0);

	(void)state;
	assert_false(plan.eal.hugepages);
	assert_false(plan.tables);
	assert_int_equal(plan.eal.heap, 250 * MB);
	assert_text(
		HUGEPAGES_OFF, &plan,
		"2050 MB in pages of 4 KB are needed (limits.connections 10M: 1720, limits.connections_ipv6 256K: 80, "
		"packet buffers: 130, routes: 100, devices: 20)");
}

/* It takes them first if its heap fills one, and when the small ones don't do. */
static void
dpdk_takes_pages_of_1_gb_as_it_does(void **state)
{
	struct numa_pages pages = { .n_nodes = 1, .node = { { .free_2m = 900, .free_1g = 1 } }, .total_2m = 900 };
	struct memory_plan plan = plan_on(HUGEPAGES_AUTO, &pages, 0);

	(void)state;
	/* 100 of the small ones are free, so it takes those. */
	assert_int_equal(plan.heap_1g, 0);
	assert_int_equal(plan.needed_2m, 1000);
	assert_false(plan.tables);
	pages.node[0].free_2m = 90;
	plan = plan_on(HUGEPAGES_AUTO, &pages, 0);
	assert_int_equal(plan.heap_1g, 1);
	assert_int_equal(plan.needed_2m, 900);
	assert_true(plan.eal.hugepages);
	assert_false(plan.tables);
	assert_text(
		HUGEPAGES_AUTO, &plan,
		"900 huge pages of 2 MB are needed (limits.connections 10M: 860, limits.connections_ipv6 256K: 40, all "
		"else in 1 of 1 GB), 90 are free: write 1710 to /proc/sys/vm/nr_hugepages, or lower "
		"limits.connections");
}

static void
on_two_nodes_the_heap_lies_where_the_control_thread_is(void **state)
{
	struct numa_pages pages = { .n_nodes = 2, .node = { { .free_2m = 50 }, { .free_2m = 960 } }, .total_2m = 1010 };
	struct memory_plan plan = plan_on(HUGEPAGES_AUTO, &pages, 1);

	(void)state;
	/* The devices' share once more, for those of the other node. */
	assert_int_equal(plan.needed_2m, 1010);
	assert_int_equal(plan.needed_on[0], 10);
	assert_int_equal(plan.needed_on[1], 1000);
	assert_true(plan.tables);
	assert_int_equal(plan.eal.node, 1);
	/* Anywhere: where there is room. */
	plan = plan_on(HUGEPAGES_AUTO, &pages, -1);
	assert_int_equal(plan.eal.node, 1);
	assert_true(plan.tables);
	plan = plan_on(HUGEPAGES_AUTO, &pages, 0);
	assert_false(plan.eal.hugepages);
	assert_int_equal(plan.eal.node, -1);
	assert_text(
		HUGEPAGES_AUTO, &plan,
		"1010 huge pages of 2 MB are needed (limits.connections 10M: 860, limits.connections_ipv6 256K: 40, "
		"packet buffers: 40, routes: 50, devices: 10), 1010 are free, but 50 too few on NUMA node 0: write "
		"more "
		"to /sys/devices/system/node/node0/hugepages/hugepages-2048kB/nr_hugepages, or choose other "
		"control_cpus");
}

static void
packet_buffers_are_needed_where_their_workers_are(void **state)
{
	static const int nodes[] = { 1, 0, 1, -1 };
	struct config config = config_of(4, 1 << 20, HUGEPAGES_AUTO);
	struct memory_need all, split;

	(void)state;
	memory_need_of(&config, NULL, &all);
	memory_need_of(&config, nodes, &split);
	assert_int_equal(split.packets_on[0], pages_for(&config, config.limits.mbufs / 4));
	assert_int_equal(split.packets_on[1], pages_for(&config, config.limits.mbufs / 2));
	assert_int_equal(split.packets, 2 * split.packets_on[0] + split.packets_on[1]);
	assert_in_range(split.packets, all.packets, all.packets + 3 * 2);
	assert_int_equal(split.packets_4k, all.packets_4k);
	assert_int_equal(split.devices, all.devices);
}

static void
connections_are_needed_where_their_workers_are(void **state)
{
	static const int nodes[] = { 1, 0, 1, -1 };
	struct numa_pages pages = { .n_nodes = 2, .node = { { .free_2m = 5000 }, { .free_2m = 5000 } } };
	struct config config = config_of(4, 1 << 20, HUGEPAGES_AUTO);
	struct memory_need split;
	struct memory_plan plan;
	size_t of_worker;

	(void)state;
	memory_need_of(&config, nodes, &split);
	of_worker = (split.connections + split.connections_ipv6) / 4;
	assert_int_equal(split.connections_on[0], of_worker);
	assert_int_equal(split.connections_on[1], 2 * of_worker);
	memory_plan_on(&config, &split, &pages, 0, &plan);
	/* The worker on no node in particular counts where the heap is. */
	assert_int_equal(plan.needed_on[1], 2 * of_worker + split.packets_on[1] + split.devices);
	assert_int_equal(plan.needed_on[0] + plan.needed_on[1], plan.needed_2m);
}

static void
the_heap_has_room_for_the_packets_of_its_own_node(void **state)
{
	struct numa_pages pages = { .n_nodes = 2,
				    .node = { { .free_2m = 500 }, { .free_2m = 510 } },
				    .total_2m = 1010 };
	struct config config = config_of(1, 10 << 20, HUGEPAGES_AUTO);
	struct memory_need spread = need;
	struct memory_plan plan;

	(void)state;
	spread.packets_on[0] = 10;
	spread.packets_on[1] = 25; /* and 5 anywhere: with the heap */
	memory_plan_on(&config, &spread, &pages, 0, &plan);
	assert_int_equal(plan.eal.heap, 75 * HUGEPAGE);
	assert_int_equal(plan.needed_2m, 1010);
	assert_int_equal(plan.needed_on[0], 975);
	assert_int_equal(plan.needed_on[1], 35);
	assert_true(plan.tables);
	memory_plan_on(&config, &spread, &pages, 1, &plan);
	assert_int_equal(plan.eal.heap, 90 * HUGEPAGE);
	assert_int_equal(plan.needed_2m, 1010);
	/* Without huge pages there is one pool. */
	pages.node[1].free_2m = 80;
	memory_plan_on(&config, &spread, &pages, 1, &plan);
	assert_false(plan.eal.hugepages);
	assert_int_equal(plan.eal.heap, 125 * HUGEPAGE);
}

static void
what_each_node_needs_is_all_that_is_needed(void **state)
{
	static const int nodes[] = { 1, 0, 1, -1 };
	struct numa_pages pages = { .n_nodes = 2,
				    .node = { { .free_2m = 5000 }, { .free_2m = 5000 } },
				    .total_2m = 10000 };
	struct config config = config_of(4, 1 << 20, HUGEPAGES_AUTO);
	struct memory_need split;
	struct memory_plan plan;
	size_t connections;

	(void)state;
	memory_need_of(&config, nodes, &split);
	connections = split.connections + split.connections_ipv6;
	assert_int_equal(split.connections_on[0], connections / 4);
	assert_int_equal(split.connections_on[1], connections / 2);
	memory_plan_on(&config, &split, &pages, 0, &plan);
	assert_int_equal(plan.needed_on[1], split.packets_on[1] + split.devices + connections / 2);
	assert_int_equal(plan.needed_on[0] + plan.needed_on[1], plan.needed_2m);
	memory_plan_on(&config, &split, &pages, 1, &plan);
	assert_int_equal(plan.needed_on[0], split.packets_on[0] + split.devices + connections / 4);
	assert_int_equal(plan.needed_on[0] + plan.needed_on[1], plan.needed_2m);
}

/* A file of one line in a folder that looks like /sys, with the folders above it. */
static void
put(const char *sys, const char *path, const char *line)
{
	char whole[256];
	FILE *out;

	assert_true(snprintf(whole, sizeof(whole), "%s/%s", sys, path) < (int)sizeof(whole));
	for (char *slash = strchr(whole + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		(void)mkdir(whole, 0700);
		*slash = '/';
	}
	out = fopen(whole, "w");
	assert_non_null(out);
	fputs(line, out);
	assert_int_equal(fclose(out), 0);
}

static void
remove_tree(const char *path)
{
	char command[256];

	snprintf(command, sizeof(command), "rm -r '%s'", path);
	assert_int_equal(system(command), 0);
}

static void
pages_and_cpus_of_nodes_are_read(void **state)
{
	char sys[] = "/tmp/memory-plan-XXXXXX";
	const uint16_t cpus[] = { 3, 5, 7 };
	struct numa_pages pages;

	(void)state;
	assert_non_null(mkdtemp(sys));
	put(sys, "kernel/mm/hugepages/hugepages-2048kB/nr_hugepages", "70\n");
	put(sys, "kernel/mm/hugepages/hugepages-2048kB/resv_hugepages", "5\n");
	put(sys, "kernel/mm/hugepages/hugepages-2048kB/free_hugepages", "60\n");
	numa_pages_read(sys, &pages);
	assert_int_equal(pages.n_nodes, 1);
	assert_int_equal(pages.node[0].free_2m, 60);
	assert_int_equal(pages.node[0].free_1g, 0);
	assert_int_equal(numa_node_of_cpus(sys, cpus, 3), -1);
	put(sys, "devices/system/node/node0/hugepages/hugepages-2048kB/free_hugepages", "40\n");
	put(sys, "devices/system/node/node2/hugepages/hugepages-2048kB/free_hugepages", "20\n");
	put(sys, "devices/system/node/node2/hugepages/hugepages-1048576kB/free_hugepages", "3\n");
	put(sys, "devices/system/cpu/cpu3/node2/x", "");
	put(sys, "devices/system/cpu/cpu5/node2/x", "");
	put(sys, "devices/system/cpu/cpu7/node0/x", "");
	numa_pages_read(sys, &pages);
	assert_int_equal(pages.n_nodes, 3);
	assert_int_equal(pages.node[0].free_2m, 40);
	assert_int_equal(pages.node[1].free_2m, 0);
	assert_int_equal(pages.node[2].free_2m, 20);
	assert_int_equal(pages.node[2].free_1g, 3);
	assert_int_equal(pages.total_2m, 70);
	assert_int_equal(numa_pages_free_2m(&pages), 55);
	assert_int_equal(numa_node_of_cpus(sys, cpus, 2), 2);
	assert_int_equal(numa_node_of_cpus(sys, cpus + 2, 1), 0);
	assert_int_equal(numa_node_of_cpus(sys, cpus, 3), -1);
	assert_int_equal(numa_node_of_cpus(sys, cpus, 0), -1);
	remove_tree(sys);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(forwarding_tables_take_what_was_said),
		cmocka_unit_test(packet_buffers_take_what_was_said),
		cmocka_unit_test(every_worker_has_whole_pages_for_its_share_of_the_connections),
		cmocka_unit_test(with_enough_pages_all_lies_in_them),
		cmocka_unit_test(one_page_too_few_leaves_the_connections_in_small_ones),
		cmocka_unit_test(pages_that_are_promised_to_others_are_not_free),
		cmocka_unit_test(without_pages_for_its_heap_dpdk_has_small_ones),
		cmocka_unit_test(with_huge_pages_off_none_are_used),
		cmocka_unit_test(dpdk_takes_pages_of_1_gb_as_it_does),
		cmocka_unit_test(on_two_nodes_the_heap_lies_where_the_control_thread_is),
		cmocka_unit_test(packet_buffers_are_needed_where_their_workers_are),
		cmocka_unit_test(connections_are_needed_where_their_workers_are),
		cmocka_unit_test(the_heap_has_room_for_the_packets_of_its_own_node),
		cmocka_unit_test(what_each_node_needs_is_all_that_is_needed),
		cmocka_unit_test(pages_and_cpus_of_nodes_are_read),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
