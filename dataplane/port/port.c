/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The ports of the configuration, opened and closed, and which worker has which of their queues. What happens to a port
 * while it runs is in port_state.c.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_mbuf.h>

#include "core/log.h"
#include "port/eal.h"
#include "port/kernel_if.h"
#include "port/link_ioctl.h"
#include "port/packet_pool.h"
#include "port/port.h"
#include "port/port_device.h"
#include "port/steering.h"

#define RETA_DEFAULT 128
/* Of a frame besides the IP packet: Ethernet header and one VLAN tag. */
#define FRAME_OVERHEAD (RTE_ETHER_HDR_LEN + 4)

/* All queues of a port in a row, device by device: queue number I of them is worker I's, and so on around. A port of
 * single-queue devices spreads like one device with as many queues. */
static uint32_t
n_queues(const struct port *port)
{
	return (uint32_t)port->n_devs * port->queues;
}

/* All devices of a port answer to the first one's MAC address. */
static int
adopt_mac(struct port *port, const struct config_port *config, uint16_t dev)
{
	struct rte_ether_addr mac;
	int err = rte_eth_macaddr_get(dev, &mac);

	if (err == 0 && port->n_devs == 0)
		port->mac = mac;
	if (err == 0 && !rte_is_same_ether_addr(&mac, &port->mac))
		err = rte_eth_dev_default_mac_addr_set(dev, &port->mac);
	if (err < 0)
		log_error("port", "%s (line %u): %s can't have the MAC address of the port's first device: %s",
			  port->name, config->line, config->devices[port->n_devs], strerror(-err));
	return err;
}

static int
host_ifindex(uint16_t dev)
{
	struct rte_eth_dev_info info;

	return rte_eth_dev_info_get(dev, &info) == 0 ? (int)info.if_index : 0;
}

static int
open_devices(struct ports *ports, struct port *port, const struct config_port *config, const struct packet_pools *pools)
{
	for (uint32_t i = 0; i < config->n_devices; i++) {
		uint32_t first = n_queues(port) % pools->n_workers;
		uint16_t dev, queues;
		int err = port_device_open(config->devices[i], config, pools, first, &dev, &queues);

		if (err < 0)
			return err;
		err = adopt_mac(port, config, dev);
		if (err < 0) {
			port_device_close(dev);
			return err;
		}
		if (port->n_devs == 0) {
			port->queues = queues;
			port->numa_node = rte_eth_dev_socket_id(dev);
			port->host_ifindex = host_ifindex(dev);
		}
		port->queues = RTE_MIN(port->queues, queues);
		port->devs[port->n_devs++] = dev;
		ports->port_of_dev[dev] = port->index;
	}
	return 0;
}

/* What the configuration says; else what the interface below has, which drivers don't tell; else the driver's word. */
static int
find_mtu(struct port *port, const struct config_port *config, const struct rte_mempool *pool)
{
	uint32_t most = rte_pktmbuf_data_room_size((struct rte_mempool *)(uintptr_t)pool) - RTE_PKTMBUF_HEADROOM -
			FRAME_OVERHEAD;
	char host[IF_NAMESIZE];
	uint16_t mtu = (uint16_t)config->mtu;
	int err = 0;

	if (mtu == 0 && port->host_ifindex != 0 && link_name(port->host_ifindex, host) == 0) {
		err = link_mtu(host);
		mtu = err > 0 ? (uint16_t)RTE_MIN(err, UINT16_MAX) : 0;
	}
	if (mtu == 0)
		err = rte_eth_dev_get_mtu(port->devs[0], &mtu);
	if (err < 0) {
		log_error("port", "%s: MTU unknown: %s", port->name, strerror(-err));
		return err;
	}
	if (mtu > most) {
		log_error("port", "%s (line %u): MTU %u is more than a packet buffer holds; set mtu to %u or less",
			  port->name, config->line, mtu, most);
		return -EMSGSIZE;
	}
	port->mtu = mtu;
	port->mtu_max = (uint16_t)most;
	return 0;
}

uint32_t
port_report_nodes(const struct port *port, const int *nodes, uint32_t n_workers)
{
	uint32_t n = 0, first = 0;

	for (uint32_t i = n_workers; i > 0 && port->numa_node >= 0; i--) {
		if (nodes[i - 1] < 0 || nodes[i - 1] == port->numa_node)
			continue;
		first = i - 1;
		n++;
	}
	if (n > 0)
		log_warning(
			"port",
			"%s is on NUMA node %d, %u of %u workers are not (worker %u is on node %d): slower; give the "
			"workers cpus of that node",
			port->name, port->numa_node, n, n_workers, first, nodes[first]);
	return n;
}

static void
say_port(const struct port *port, const struct config_port *config, uint32_t n_workers)
{
	char mac[RTE_ETHER_ADDR_FMT_SIZE];
	int nodes[WORKERS_MAX];

	rte_ether_format_addr(mac, sizeof(mac), &port->mac);
	log_info("port", "%s: %s%s, %u device%s with %u queue%s each, MAC %s, MTU %u", port->name, config->devices[0],
		 port->n_devs > 1 ? " and more" : "", port->n_devs, port->n_devs > 1 ? "s" : "", port->queues,
		 port->queues > 1 ? "s" : "", mac, port->mtu);
	for (uint32_t i = 0; i < n_workers; i++)
		nodes[i] = eal_worker_node(i);
	(void)port_report_nodes(port, nodes, n_workers);
}

static int
open_port(struct ports *ports, const struct config_port *config, const struct packet_pools *pools)
{
	struct port *port = &ports->port[ports->n_ports];
	struct rte_mempool *pool = packet_pool_of(pools, 0);
	int err;

	snprintf(port->name, sizeof(port->name), "%s", config->name);
	port->index = (uint8_t)ports->n_ports++;
	port->config_line = config->line;
	err = open_devices(ports, port, config, pools);
	if (err == 0)
		err = find_mtu(port, config, pool);
	if (err == 0)
		err = kernel_if_open(config, port, pool);
	if (err < 0)
		return err;
	port->admin = true;
	port_poll_link(port);
	say_port(port, config, pools->n_workers);
	return 0;
}

int
ports_open(const struct config *config, const struct packet_pools *pools, struct ports **ret)
{
	struct ports *ports = calloc(1, sizeof(*ports));

	if (!ports)
		return -ENOMEM;
	if (config->n_ports > PORTS_MAX) {
		log_error("port", "%u ports are too many: at most %u", config->n_ports, PORTS_MAX);
		free(ports);
		return -E2BIG;
	}
	for (uint32_t i = 0; i < config->n_ports; i++) {
		int err = open_port(ports, &config->ports[i], pools);

		if (err < 0) {
			ports_close(ports);
			return err;
		}
	}
	*ret = ports;
	return 0;
}

void
ports_close(struct ports *ports)
{
	if (!ports)
		return;
	for (uint32_t i = 0; i < ports->n_ports; i++) {
		struct port *port = &ports->port[i];

		kernel_if_close(port);
		for (uint32_t j = 0; j < port->n_devs; j++)
			port_device_close(port->devs[j]);
	}
	free(ports);
}

struct port *
port_by_name(struct ports *ports, const char *name)
{
	for (uint32_t i = 0; i < ports->n_ports; i++) {
		if (strcmp(ports->port[i].name, name) == 0)
			return &ports->port[i];
	}
	return NULL;
}

struct port *
port_by_ifindex(struct ports *ports, int ifindex)
{
	for (uint32_t i = 0; i < ports->n_ports && ifindex != 0; i++) {
		if (ports->port[i].kernel_ifindex == ifindex)
			return &ports->port[i];
	}
	return NULL;
}

static struct port_queue
queue_at(const struct port *port, uint32_t i)
{
	return (struct port_queue){ .dev = port->devs[i / port->queues],
				    .queue = (uint16_t)(i % port->queues),
				    .port = port->index };
}

uint32_t
port_rx_queues(const struct ports *ports, uint32_t worker, uint32_t n_workers, struct port_queue *ret, uint32_t max)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < ports->n_ports; i++) {
		const struct port *port = &ports->port[i];

		for (uint32_t queue = worker; queue < n_queues(port); queue += n_workers) {
			if (n < max)
				ret[n] = queue_at(port, queue);
			n++;
		}
	}
	return n;
}

bool
port_tx_queue(const struct ports *ports, uint32_t port, uint32_t worker, uint32_t n_workers, struct port_queue *ret,
	      uint32_t *ret_worker)
{
	const struct port *found = &ports->port[port];
	uint32_t n = RTE_MIN(n_queues(found), n_workers);

	*ret_worker = worker % n;
	if (worker >= n)
		return false;
	*ret = queue_at(found, worker);
	return true;
}

uint16_t
ports_reta_size(const struct ports *ports, uint32_t n_workers)
{
	uint32_t least = 0;

	for (uint32_t i = 0; i < ports->n_ports; i++) {
		const struct port *port = &ports->port[i];

		for (uint32_t j = 0; j < port->n_devs; j++) {
			uint32_t size = port_device_reta_size(port->devs[j], port->queues);

			if (size >= n_workers && size <= STEERING_RETA_MAX && (size & (size - 1)) == 0)
				least = least == 0 ? size : RTE_MIN(least, size);
		}
	}
	if (least == 0)
		least = RTE_MAX(RETA_DEFAULT, rte_align32pow2(n_workers));
	return (uint16_t)least;
}

void
ports_set_steering(struct ports *ports, const struct steering *steering)
{
	for (uint32_t i = 0; i < ports->n_ports && steering->n_workers > 1; i++) {
		const struct port *port = &ports->port[i];
		int err = n_queues(port) < steering->n_workers ? -ENOTSUP : 0;

		for (uint32_t j = 0; j < port->n_devs && err == 0; j++)
			err = port_device_steer(port->devs[j], port->queues, steering);
		if (err == 0)
			log_info("port", "%s: the NIC spreads packets to their owners", port->name);
		else
			log_info("port",
				 "%s: the NIC's spreading is not ours to set (%s): packets are handed over by ring",
				 port->name, strerror(-err));
	}
}
