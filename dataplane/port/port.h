/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Ports: where packets come from and go to. A port is a list of DPDK devices that share one MAC address (one for a
 * NIC; several single-queue af_xdp devices make one port too), and its kernel interface.
 *
 * Set up by the control thread before the workers start; afterwards workers read the members marked so.
 */
#ifndef PORT_PORT_H
#define PORT_PORT_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_ethdev.h>
#include <rte_ether.h>

#include "core/config.h"

#define PORTS_MAX 64
#define PORT_MACS_MAX 16

struct kernel_if;
struct packet_pools;
struct steering;

struct port {
	/* Read by workers; written by the control thread with plain stores (a late reader is a packet early or late). */
	struct rte_ether_addr mac;
	uint16_t mtu; /* bytes of the IP packet */
	uint8_t index;
	bool up; /* carrier and admin state, of the device and of the kernel interface */
	uint8_t n_macs;
	struct rte_ether_addr macs[PORT_MACS_MAX]; /* further addresses to accept: VRRP's virtual MACs */

	/* Control only. */
	char name[CONFIG_NAME_MAX];
	uint16_t devs[CONFIG_DEVICES_MAX]; /* ethdev ids */
	uint16_t n_devs;
	uint16_t queues; /* queue pairs of each device */
	int numa_node;
	uint16_t mtu_max; /* what a packet buffer holds */
	int host_ifindex; /* kernel interface that the first device stands on (af_xdp, af_packet), 0: none */
	bool carrier, admin; /* what `up` is made of */
	bool kernel_told; /* that the carrier is as `carrier` says */
	uint32_t config_line;
	int kernel_ifindex; /* 0 until the kernel interface exists */
	char kernel_name[16];
	bool kernel_keep;
	struct kernel_if *kernel;
};

/* The MAC address as workers compare and write it: the lower six bytes of a word; the rest is of other members. */
#define PORT_MAC_BITS UINT64_C(0xffffffffffff)
static_assert(RTE_BYTE_ORDER == RTE_LITTLE_ENDIAN, "the first bytes in memory are the lower ones");
static_assert(offsetof(struct port, mac) == 0, "a word may be loaded from there");

static inline uint64_t
port_mac_word(const struct port *port)
{
	uint64_t word;

	memcpy(&word, port, sizeof(word));
	return word;
}

struct ports {
	struct port port[PORTS_MAX];
	uint32_t n_ports;
	uint8_t port_of_dev[RTE_MAX_ETHPORTS]; /* index of the port that an ethdev belongs to */
};

/* A queue of a device, as a worker polls it. */
struct port_queue {
	uint16_t dev, queue;
	uint8_t port;
};

/* Probes, configures and starts every device of the configuration, with as many queues as it can use for the workers of
 * POOLS, each with its worker's pool; says in the log what each port got. Errors are logged with the port's name and the
 * line of the configuration. */
int ports_open(const struct config *config, const struct packet_pools *pools, struct ports **ret);
/* Slots that the hash tables of the NICs have in common, a default where there are none: for steering_create(). */
uint16_t ports_reta_size(const struct ports *ports, uint32_t n_workers);
/* Gives the NICs that have RSS key and table of STEERING; says in the log where packets are handed over instead. */
void ports_set_steering(struct ports *ports, const struct steering *steering);
/* Says in the log if workers run on another NUMA node than PORT, whose packets then cross from one to the other; how many
 * they are. NODES: of each worker, -1 for one on none in particular. */
uint32_t port_report_nodes(const struct port *port, const int *nodes, uint32_t n_workers);
/* Stops and frees all; the workers and the I/O thread have ended. */
void ports_close(struct ports *ports);

struct port *port_by_name(struct ports *ports, const char *name);
struct port *port_by_ifindex(struct ports *ports, int ifindex);

/* The receive queues that WORKER polls: writes at most MAX, returns how many there are. */
uint32_t port_rx_queues(const struct ports *ports, uint32_t worker, uint32_t n_workers, struct port_queue *ret,
			uint32_t max);
/* The send queue of WORKER on PORT. False: it has none, the packets go to worker *RET_WORKER by ring. */
bool port_tx_queue(const struct ports *ports, uint32_t port, uint32_t worker, uint32_t n_workers,
		   struct port_queue *ret, uint32_t *ret_worker);

/* Applies to device and kernel interface both; called when either side changed. On failure both keep what they had. */
int port_set_mtu(struct port *port, uint16_t mtu);
/* Reads the devices' carrier, passes it on to the kernel interface, updates `up`. Polled by the control thread, every
 * 100 ms or so. */
void port_poll_link(struct port *port);
/* The kernel interface's admin state changed (from the mirror). */
void port_set_admin(struct port *port, bool up);
/* A further unicast address to accept (VRRP's virtual MAC), and no longer. -ENOSPC: PORT_MACS_MAX are in use. */
int port_add_mac(struct port *port, const struct rte_ether_addr *mac);
void port_remove_mac(struct port *port, const struct rte_ether_addr *mac);

#endif
