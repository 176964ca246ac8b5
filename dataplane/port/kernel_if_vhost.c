/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel interface over vhost-net: a virtio-user device of DPDK at one end, a persistent tap at the other, and a
 * kernel thread between them, so that the I/O thread makes no system call a frame.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/if_tun.h>
#include <linux/rtnetlink.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_dev.h>
#include <rte_ethdev.h>

#include "core/log.h"
#include "port/kernel_if.h"
#include "port/port.h"

#define TAP_FLAGS (IFF_TAP | IFF_NO_PI | IFF_VNET_HDR)
#define DESCRIPTORS 1024

struct vhost {
	struct kernel_if kernel;
	char name[16]; /* of the tap */
	char dev_name[32];
	uint16_t dev;
};

static struct vhost *
vhost_of(struct kernel_if *kernel)
{
	return (struct vhost *)kernel;
}

/* The tap outlives a crash or not: said while nothing else is attached to it. */
static int
keep_tap(const char *name, bool keep)
{
	int fd = tap_attach(name, TAP_FLAGS), err;

	if (fd < 0)
		return fd;
	err = tap_set_persistent(fd, keep);
	close(fd);
	return err;
}

static int
set_up_device(struct vhost *vhost, struct rte_mempool *pool)
{
	struct rte_eth_conf conf = { 0 };
	uint16_t rx = DESCRIPTORS, tx = DESCRIPTORS;
	int err = rte_eth_dev_configure(vhost->dev, 1, 1, &conf);

	if (err == 0)
		err = rte_eth_dev_adjust_nb_rx_tx_desc(vhost->dev, &rx, &tx);
	if (err == 0)
		err = rte_eth_rx_queue_setup(vhost->dev, 0, rx, (unsigned int)SOCKET_ID_ANY, NULL, pool);
	if (err == 0)
		err = rte_eth_tx_queue_setup(vhost->dev, 0, tx, (unsigned int)SOCKET_ID_ANY, NULL);
	if (err == 0)
		err = rte_eth_dev_start(vhost->dev);
	return err;
}

static int
add_device(struct vhost *vhost, const struct port *port, struct rte_mempool *pool)
{
	char arguments[160], mac[RTE_ETHER_ADDR_FMT_SIZE];
	int err;

	rte_ether_format_addr(mac, sizeof(mac), &port->mac);
	snprintf(vhost->dev_name, sizeof(vhost->dev_name), "net_virtio_user%u", port->index);
	snprintf(arguments, sizeof(arguments), "path=/dev/vhost-net,iface=%s,mac=%s,queues=1,queue_size=%u",
		 vhost->name, mac, DESCRIPTORS);
	err = rte_eal_hotplug_add("vdev", vhost->dev_name, arguments);
	if (err < 0)
		return err;
	err = rte_eth_dev_get_port_by_name(vhost->dev_name, &vhost->dev);
	if (err == 0)
		err = set_up_device(vhost, pool);
	if (err < 0)
		(void)rte_eal_hotplug_remove("vdev", vhost->dev_name);
	return err;
}

static int
vhost_open(const char *name, const struct port *port, struct rte_mempool *pool, struct kernel_if **ret)
{
	struct vhost *vhost = calloc(1, sizeof(*vhost));
	int err;

	if (!vhost)
		return -ENOMEM;
	strncpy(vhost->name, name, sizeof(vhost->name) - 1);
	err = keep_tap(name, true);
	if (err == 0) {
		err = add_device(vhost, port, pool);
		if (err < 0)
			(void)keep_tap(name, false);
	}
	if (err < 0) {
		free(vhost);
		return err;
	}
	vhost->kernel.wait_fd = -1;
	*ret = &vhost->kernel;
	return 0;
}

static void
vhost_close(struct kernel_if *kernel, bool keep)
{
	struct vhost *vhost = vhost_of(kernel);
	int err;

	(void)rte_eth_dev_stop(vhost->dev);
	err = rte_eal_hotplug_remove("vdev", vhost->dev_name);
	if (err == 0 && !keep)
		err = keep_tap(vhost->name, false);
	if (err < 0)
		log_warning("port", "%s is left behind: %s", vhost->name, strerror(-err));
	free(vhost);
}

static uint32_t
vhost_read(struct kernel_if *kernel, struct rte_mempool *pool, struct rte_mbuf **ret, uint32_t max, uint32_t *lost)
{
	/* What finds no buffer waits in the kernel's queue. */
	(void)pool;
	(void)lost;
	return rte_eth_rx_burst(vhost_of(kernel)->dev, 0, ret, (uint16_t)max);
}

static uint32_t
vhost_write(struct kernel_if *kernel, struct rte_mbuf **packets, uint32_t n)
{
	return rte_eth_tx_burst(vhost_of(kernel)->dev, 0, packets, (uint16_t)n);
}

/* The tap's descriptor is the driver's: over rtnetlink it goes without. */
static int
vhost_set_carrier(struct kernel_if *kernel, bool on)
{
	struct ifinfomsg link = { .ifi_index = kernel->ifindex };
	struct nl_msg *msg = nlmsg_alloc_simple(RTM_NEWLINK, 0);
	struct nl_sock *sock = nl_socket_alloc();
	int err = msg && sock ? 0 : -ENOMEM;

	if (err == 0 &&
	    (nlmsg_append(msg, &link, sizeof(link), NLMSG_ALIGNTO) < 0 || nla_put_u8(msg, IFLA_CARRIER, on) < 0))
		err = -ENOMEM;
	if (err == 0 && nl_connect(sock, NETLINK_ROUTE) < 0)
		err = -ECONNREFUSED;
	if (err == 0) {
		/* Takes the message over. */
		err = nl_send_sync(sock, msg) < 0 ? -EIO : 0;
		msg = NULL;
	}
	nlmsg_free(msg);
	nl_socket_free(sock);
	return err;
}

const struct kernel_if_ops kernel_if_vhost = {
	.name = "vhost",
	.open = vhost_open,
	.close = vhost_close,
	.read = vhost_read,
	.write = vhost_write,
	.set_carrier = vhost_set_carrier,
};
