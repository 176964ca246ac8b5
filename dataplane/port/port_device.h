/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One DPDK device of a port: attached, configured and started.
 */
#ifndef PORT_PORT_DEVICE_H
#define PORT_PORT_DEVICE_H

#include <stdint.h>

#include "core/config.h"

struct packet_pools;
struct steering;

/* DEVICE is an entry of CONFIG->devices. Attaches it (PCI devices were found by eal_start), gives it *RET_QUEUES queue
 * pairs and starts it. The first of them is worker FIRST's, and so on around: each has its worker's pool. -errno with a
 * line in the log. */
int port_device_open(const char *device, const struct config_port *config, const struct packet_pools *pools,
		     uint32_t first, uint16_t *ret_dev, uint16_t *ret_queues);
void port_device_close(uint16_t dev);

/* Slots of its RSS table, 0 if it has none or only one queue. */
uint16_t port_device_reta_size(uint16_t dev, uint16_t queues);
/* Key, table and hashed fields as STEERING has them; -ENOTSUP if the device can't. */
int port_device_steer(uint16_t dev, uint16_t queues, const struct steering *steering);

#endif
