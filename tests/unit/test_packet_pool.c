/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packet buffers by NUMA node, and ports whose workers are elsewhere. The nodes are given as numbers. Without huge pages
 * DPDK has memory on node 0 alone, on every machine: others are nodes without room here.
 */
#include "heard_log.h"

#include <string.h>

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#include "eal_fixture.h"
#include "port/packet_pool.h"
#include "port/port.h"
#include "port/port_device.h"

static const struct config config = { .limits = { .mbufs = 8192 } };

static struct packet_pools *
pools_heard(const int *nodes, uint32_t n_workers, struct heard *heard)
{
	struct packet_pools *pools = NULL;
	int err;

	heard_begin(heard);
	err = packet_pools_create(&config, nodes, n_workers, &pools);
	heard_end(heard);
	assert_int_equal(err, 0);
	return pools;
}

static struct packet_pools *
pools_for(const int *nodes, uint32_t n_workers)
{
	struct heard heard;

	return pools_heard(nodes, n_workers, &heard);
}

static void
each_node_has_its_workers_share(void **state)
{
	static const int nodes[] = { 0, 1, 1, -1, 0, 1, 0, 1 };

	(void)state;
	assert_int_equal(packet_pool_share(8192, nodes, 8, 0), 3072);
	assert_int_equal(packet_pool_share(8192, nodes, 8, 1), 4096);
	assert_int_equal(packet_pool_share(8192, nodes, 8, -1), 1024);
	assert_int_equal(packet_pool_share(8192, nodes, 8, 2), 0);
	assert_int_equal(packet_pool_share(8191, nodes, 8, 1), 4096); /* rounded up */
	assert_int_equal(packet_pool_share(2048, nodes, 8, -1), 512); /* two caches at least */
	assert_int_equal(packet_pool_share(UINT32_MAX, nodes, 1, 0), UINT32_MAX);
}

static void
workers_of_a_node_share_a_pool(void **state)
{
	static const int nodes[] = { 0, 1, 0, -1, 1 };
	struct packet_pools *pools = pools_for(nodes, 5);

	(void)state;
	assert_int_equal(pools->n_pools, 3);
	assert_ptr_equal(packet_pool_of(pools, 2), packet_pool_of(pools, 0));
	assert_ptr_equal(packet_pool_of(pools, 4), packet_pool_of(pools, 1));
	assert_ptr_not_equal(packet_pool_of(pools, 1), packet_pool_of(pools, 0));
	assert_ptr_not_equal(packet_pool_of(pools, 3), packet_pool_of(pools, 0));
	assert_int_equal(packet_pool_of(pools, 0)->socket_id, 0);
	assert_int_equal(packet_pool_of(pools, 3)->socket_id, SOCKET_ID_ANY);
	assert_int_equal(packet_pool_of(pools, 0)->size, 3277);
	assert_int_equal(packet_pool_of(pools, 3)->size, 1639);
	packet_pools_destroy(pools);
}

static void
on_one_node_there_is_one_pool(void **state)
{
	struct heard heard;
	struct packet_pools *pools = pools_heard((int[]){ 0, 0, 0 }, 3, &heard);

	(void)state;
	assert_string_equal(heard.text, "");
	assert_int_equal(pools->n_pools, 1);
	assert_int_equal(packet_pool_of(pools, 2)->size, 8192);
	packet_pools_destroy(pools);
}

static void
a_node_without_room_has_its_buffers_elsewhere(void **state)
{
	struct heard heard;
	struct packet_pools *pools = pools_heard((int[]){ 0, 1 }, 2, &heard);

	(void)state;
	assert_non_null(strstr(heard.text, "warning: memory: no room for 4096 packet buffers on NUMA node 1: they are "
					   "elsewhere"));
	assert_int_equal(pools->n_pools, 2);
	assert_int_equal(packet_pool_of(pools, 1)->socket_id, SOCKET_ID_ANY);
	packet_pools_destroy(pools);
}

static void
without_memory_the_pools_are_refused(void **state)
{
	struct config much = { .limits = { .mbufs = 1 << 22 } };
	struct packet_pools *pools = NULL;
	struct heard heard;

	(void)state;
	heard_begin(&heard);
	assert_int_equal(packet_pools_create(&much, (int[]){ -1 }, 1, &pools), -ENOMEM);
	heard_end(&heard);
	assert_non_null(strstr(heard.text, "error: memory: no room for 4194304 packet buffers; lower limits.mbufs"));
	assert_null(pools);
}

/* The second device of a port goes on where the first ended: its first queue is worker 2's. */
static void
a_queue_takes_its_buffers_from_the_pool_of_its_worker(void **state)
{
	static const int nodes[] = { 0, 1, -1 };
	struct packet_pools *pools = pools_for(nodes, 3);
	struct config_port port = { .queues = 4, .rx_descriptors = 64, .tx_descriptors = 64 };
	const uint32_t firsts[] = { 0, 2 };

	(void)state;
	for (int i = 0; i < 2; i++) {
		uint16_t dev, queues;

		assert_int_equal(port_device_open(i ? "net_null1,size=64" : "net_null0,size=64", &port, pools,
						  firsts[i], &dev, &queues),
				 0);
		assert_int_equal(queues, 4);
		for (uint16_t queue = 0; queue < queues; queue++) {
			struct rte_mbuf *m;

			assert_int_equal(rte_eth_rx_burst(dev, queue, &m, 1), 1);
			assert_ptr_equal(m->pool, packet_pool_of(pools, (firsts[i] + queue) % 3));
			rte_pktmbuf_free(m);
		}
		port_device_close(dev);
	}
	packet_pools_destroy(pools);
}

static void
a_port_on_another_node_than_its_workers_is_reported(void **state)
{
	static const int nodes[] = { 1, 0, -1, 2, 1 };
	struct port port = { .name = "lan", .numa_node = 1 };
	struct heard heard;

	(void)state;
	heard_begin(&heard);
	assert_int_equal(port_report_nodes(&port, nodes, 5), 2);
	heard_end(&heard);
	assert_non_null(strstr(heard.text,
			       "warning: port: lan is on NUMA node 1, 2 of 5 workers are not (worker 1 is on "
			       "node 0): slower; give the workers cpus of that node"));
}

static void
where_no_node_differs_nothing_is_said(void **state)
{
	static const int same[] = { 1, 1, -1 }, others[] = { 0, 1, 2 };
	struct port on_one = { .name = "lan", .numa_node = 1 }, on_none = { .name = "lan", .numa_node = SOCKET_ID_ANY };
	struct heard heard;

	(void)state;
	heard_begin(&heard);
	assert_int_equal(port_report_nodes(&on_one, same, 3), 0);
	assert_int_equal(port_report_nodes(&on_none, others, 3), 0);
	heard_end(&heard);
	assert_string_equal(heard.text, "");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(each_node_has_its_workers_share),
		cmocka_unit_test(workers_of_a_node_share_a_pool),
		cmocka_unit_test(on_one_node_there_is_one_pool),
		cmocka_unit_test(a_node_without_room_has_its_buffers_elsewhere),
		cmocka_unit_test(without_memory_the_pools_are_refused),
		cmocka_unit_test(a_queue_takes_its_buffers_from_the_pool_of_its_worker),
		cmocka_unit_test(a_port_on_another_node_than_its_workers_is_reported),
		cmocka_unit_test(where_no_node_differs_nothing_is_said),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
