/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_dev.h>
#include <rte_errno.h>
#include <rte_ethdev.h>

#include "core/cleanup.h"
#include "core/log.h"
#include "port/eal.h"
#include "port/packet_pool.h"
#include "port/pci_driver.h"
#include "port/port_device.h"

#define RSS_FIELDS (RTE_ETH_RSS_IP | RTE_ETH_RSS_TCP | RTE_ETH_RSS_UDP)

static int
attach_pci(const char *name, const struct config_port *config, uint16_t *ret_dev)
{
	char why[PCI_DRIVER_TEXT];

	if (rte_eth_dev_get_port_by_name(name, ret_dev) == 0)
		return 0;
	pci_driver_explain("/sys", name, pci_driver_uio_allowed(), why, sizeof(why));
	log_error("port", "%s (line %u): %s: %s", config->name, config->line, name, why);
	return -ENODEV;
}

/* The interface that a device of af_packet or af_xdp stands on, if it isn't there: drivers say something else then. */
static bool
interface_is_absent(const char *name, const char *arguments, char ret[IF_NAMESIZE])
{
	const char *iface = arguments ? strstr(arguments, "iface=") : NULL;

	if (strncmp(name, "net_af_", 7) != 0 || !iface)
		return false;
	iface += strlen("iface=");
	snprintf(ret, IF_NAMESIZE, "%.*s", (int)strcspn(iface, ","), iface);
	return if_nametoindex(ret) == 0;
}

/* DEVICE is "NAME,key=value,...". */
static int
attach_vdev(const char *device, const struct config_port *config, uint16_t *ret_dev)
{
	CLEANUP(free) void *copy = strdup(device);
	char *name = copy, *arguments, interface[IF_NAMESIZE];
	int err;

	if (!copy)
		return -ENOMEM;
	arguments = strchr(name, ',');
	if (arguments)
		*arguments++ = '\0';
	if (rte_eth_dev_get_port_by_name(name, ret_dev) == 0) {
		log_error("port", "%s (line %u): the device name %s is used twice; give this one another number",
			  config->name, config->line, name);
		return -EEXIST;
	}
	if (interface_is_absent(name, arguments, interface)) {
		log_error(
			"port",
			"%s (line %u): there is no interface %s for the device %s; ip link shows those that there are",
			config->name, config->line, interface, name);
		return -ENODEV;
	}
	err = rte_eal_hotplug_add("vdev", name, arguments ? arguments : "");
	if (err == 0 && rte_eth_dev_get_port_by_name(name, ret_dev) != 0)
		err = -ENODEV;
	if (err < 0)
		log_error("port",
			  "%s (line %u): the device %s can't be opened: %s; check the driver's name and the interface",
			  config->name, config->line, device, strerror(-err));
	return err;
}

static int
attach(const char *device, const struct config_port *config, uint16_t *ret_dev)
{
	char pci[EAL_PCI_NAME_MAX];

	return eal_is_pci(device, pci) ? attach_pci(pci, config, ret_dev) : attach_vdev(device, config, ret_dev);
}

static int
choose_queues(const struct config_port *config, const char *device, const struct rte_eth_dev_info *info,
	      uint32_t n_workers, uint16_t *ret)
{
	uint32_t most = RTE_MIN(info->max_rx_queues, info->max_tx_queues);
	uint32_t wanted = config->queues > 0 ? config->queues : n_workers;

	if (config->queues > most) {
		log_error("port", "%s (line %u): %u queues are more than %s has: at most %u", config->name,
			  config->line, config->queues, device, most);
		return -E2BIG;
	}
	*ret = (uint16_t)RTE_MIN(wanted, most);
	return *ret > 0 ? 0 : -ENODEV;
}

static int
configure(uint16_t dev, const struct config_port *config, const struct rte_eth_dev_info *info, uint16_t queues,
	  const struct packet_pools *pools, uint32_t first)
{
	struct rte_eth_conf conf = { 0 };
	uint16_t rx = (uint16_t)config->rx_descriptors, tx = (uint16_t)config->tx_descriptors;
	int node = rte_eth_dev_socket_id(dev), err;

	conf.rxmode.offloads = RTE_ETH_RX_OFFLOAD_CHECKSUM & info->rx_offload_capa;
	if (config->mtu > 0)
		conf.rxmode.mtu = config->mtu;
	if (queues > 1 && (info->flow_type_rss_offloads & RSS_FIELDS) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = RSS_FIELDS & info->flow_type_rss_offloads;
	}
	err = rte_eth_dev_configure(dev, queues, queues, &conf);
	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(dev, &rx, &tx);
	for (uint16_t queue = 0; queue < queues && err == 0; queue++) {
		struct rte_mempool *pool = packet_pool_of(pools, (first + queue) % pools->n_workers);

		err = rte_eth_rx_queue_setup(dev, queue, rx, (unsigned int)node, NULL, pool);
		if (err == 0)
			err = rte_eth_tx_queue_setup(dev, queue, tx, (unsigned int)node, NULL);
	}
	return err;
}

/* Multicast must arrive (VRRP, ND): where a device can't be asked for all of it, it is asked for everything. */
static int
open_filters(uint16_t dev, const struct config_port *config)
{
	int err = rte_eth_allmulticast_enable(dev);

	if (err == 0 && !config->promiscuous)
		return 0;
	err = rte_eth_promiscuous_enable(dev);
	return err == -ENOTSUP && !config->promiscuous ? 0 : err;
}

static int
set_up(uint16_t dev, const char *device, const struct config_port *config, const struct packet_pools *pools,
       uint32_t first, uint16_t *ret_queues)
{
	struct rte_eth_dev_info info;
	const char *step = "asking for its limits";
	int err = rte_eth_dev_info_get(dev, &info);

	if (err == 0) {
		err = choose_queues(config, device, &info, pools->n_workers, ret_queues);
		if (err < 0)
			return err;
		step = "setting up its queues";
		err = configure(dev, config, &info, *ret_queues, pools, first);
	}
	if (err == 0 && config->mtu > 0) {
		step = "setting its MTU";
		err = rte_eth_dev_set_mtu(dev, (uint16_t)config->mtu);
	}
	if (err == 0) {
		step = "starting it";
		err = rte_eth_dev_start(dev);
	}
	if (err == 0) {
		step = "making it take multicast";
		err = open_filters(dev, config);
	}
	if (err < 0)
		log_error("port", "%s (line %u): device %s: %s failed: %s", config->name, config->line, device, step,
			  strerror(-err));
	return err;
}

int
port_device_open(const char *device, const struct config_port *config, const struct packet_pools *pools, uint32_t first,
		 uint16_t *ret_dev, uint16_t *ret_queues)
{
	int err = attach(device, config, ret_dev);

	if (err < 0)
		return err;
	err = set_up(*ret_dev, device, config, pools, first, ret_queues);
	if (err < 0)
		port_device_close(*ret_dev);
	return err;
}

void
port_device_close(uint16_t dev)
{
	struct rte_eth_dev_info info;
	int err = rte_eth_dev_info_get(dev, &info);

	/* A device that never started is stopped all the same: some drivers say so, and it does no harm. */
	(void)rte_eth_dev_stop(dev);
	if (err == 0)
		err = rte_eth_dev_close(dev);
	if (err == 0)
		err = rte_dev_remove(info.device);
	if (err < 0)
		log_warning("port", "device %u was not closed: %s", dev, strerror(-err));
}
