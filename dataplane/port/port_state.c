/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What changes on a port while it runs: carrier, admin state, MTU and further MAC addresses. All by the control thread.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <net/if.h>
#include <string.h>

#include <rte_ethdev.h>

#include "core/log.h"
#include "port/kernel_if.h"
#include "port/link_ioctl.h"
#include "port/port.h"

/* Drivers over an interface of the kernel say "up" whatever it does: that interface is asked itself. */
static bool
has_carrier(const struct port *port)
{
	char host[IF_NAMESIZE];

	if (port->host_ifindex != 0)
		return link_name(port->host_ifindex, host) == 0 && link_is_running(host) == 1;
	for (uint32_t i = 0; i < port->n_devs; i++) {
		struct rte_eth_link link;

		if (rte_eth_link_get_nowait(port->devs[i], &link) != 0 || link.link_status != RTE_ETH_LINK_UP)
			return false;
	}
	return true;
}

static void
update(struct port *port)
{
	bool up = port->carrier && port->admin;

	if (port->up == up)
		return;
	__atomic_store_n(&port->up, up, __ATOMIC_RELAXED);
	log_line(up ? LOG_INFO : LOG_WARNING, "port", "%s is %s", port->name,
		 up		 ? "up"
		 : port->carrier ? "down: its kernel interface was set down"
				 : "down: no carrier");
}

/* The interface that the device stands on got another MTU. */
static void
follow_host_mtu(struct port *port)
{
	char host[IF_NAMESIZE];
	int mtu;

	if (port->host_ifindex == 0 || link_name(port->host_ifindex, host) != 0)
		return;
	mtu = link_mtu(host);
	if (mtu > 0 && mtu <= UINT16_MAX && mtu != port->mtu)
		(void)port_set_mtu(port, (uint16_t)mtu);
}

void
port_poll_link(struct port *port)
{
	bool carrier = has_carrier(port);
	int err;

	follow_host_mtu(port);

	if (carrier != port->carrier)
		port->kernel_told = false;
	port->carrier = carrier;
	update(port);
	if (port->kernel_told)
		return;
	err = port->kernel->ops->set_carrier(port->kernel, carrier);
	if (err < 0)
		log_warning("port", "%s: the carrier could not be passed on to %s: %s", port->name, port->kernel_name,
			    strerror(-err));
	port->kernel_told = true;
}

void
port_set_admin(struct port *port, bool up)
{
	port->admin = up;
	update(port);
}

int
port_set_mtu(struct port *port, uint16_t mtu)
{
	int err = 0;

	if (mtu == port->mtu)
		return 0;
	if (mtu > port->mtu_max)
		err = -EMSGSIZE;
	for (uint32_t i = 0; i < port->n_devs && err == 0; i++)
		err = rte_eth_dev_set_mtu(port->devs[i], mtu);
	if (err < 0) {
		log_warning("port",
			    "%s: the device doesn't take an MTU of %u while it runs (%s): it stays %u; set mtu in the "
			    "configuration",
			    port->name, mtu, strerror(-err), port->mtu);
		for (uint32_t i = 0; i < port->n_devs; i++)
			(void)rte_eth_dev_set_mtu(port->devs[i], port->mtu);
		(void)link_set_mtu(port->kernel_name, port->mtu);
		return err;
	}
	err = link_set_mtu(port->kernel_name, mtu);
	if (err < 0)
		log_warning("port", "%s: MTU %u of %s: %s", port->name, mtu, port->kernel_name, strerror(-err));
	__atomic_store_n(&port->mtu, mtu, __ATOMIC_RELAXED);
	log_info("port", "%s: MTU %u", port->name, mtu);
	return err;
}

static int
find_mac(const struct port *port, const struct rte_ether_addr *mac)
{
	for (int i = 0; i < port->n_macs; i++) {
		if (rte_is_same_ether_addr(&port->macs[i], mac))
			return i;
	}
	return -ENOENT;
}

int
port_add_mac(struct port *port, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr copy = *mac;
	int err = 0;

	if (rte_is_same_ether_addr(mac, &port->mac) || find_mac(port, mac) >= 0)
		return 0;
	if (port->n_macs == PORT_MACS_MAX)
		return -ENOSPC;
	port->macs[port->n_macs] = *mac;
	__atomic_store_n(&port->n_macs, port->n_macs + 1, __ATOMIC_RELEASE);
	for (uint32_t i = 0; i < port->n_devs && err == 0; i++)
		err = rte_eth_dev_mac_addr_add(port->devs[i], &copy, 0);
	for (uint32_t i = 0; i < port->n_devs && err < 0; i++) {
		err = rte_eth_promiscuous_enable(port->devs[i]);
		if (err < 0) {
			log_warning("port", "%s: the device takes no further MAC address and can't be promiscuous: %s",
				    port->name, strerror(-err));
			return err;
		}
		err = i + 1u < port->n_devs ? -ENOTSUP : 0;
	}
	return 0;
}

void
port_remove_mac(struct port *port, const struct rte_ether_addr *mac)
{
	struct rte_ether_addr copy = *mac;
	int at = find_mac(port, mac);

	if (at < 0)
		return;
	port->macs[at] = port->macs[port->n_macs - 1];
	__atomic_store_n(&port->n_macs, port->n_macs - 1, __ATOMIC_RELEASE);
	/* Where the address was never added the device is promiscuous, and stays so. */
	for (uint32_t i = 0; i < port->n_devs; i++)
		(void)rte_eth_dev_mac_addr_remove(port->devs[i], &copy);
}
