/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Small questions and orders about a network interface of the kernel, by name or index: what netdevice(7) offers.
 */
#ifndef PORT_LINK_IOCTL_H
#define PORT_LINK_IOCTL_H

#include <stdbool.h>
#include <stdint.h>

struct rte_ether_addr;

/* All return -errno on failure. */
int link_ifindex(const char *name);
/* NAME has room for IF_NAMESIZE bytes. */
int link_name(int ifindex, char *name);
int link_mtu(const char *name);
int link_set_mtu(const char *name, uint16_t mtu);
/* Does nothing if the interface has that address already. */
int link_set_mac(const char *name, const struct rte_ether_addr *mac);
int link_set_up(const char *name);
/* 1 if it is up and has carrier, else 0. */
int link_is_running(const char *name);

#endif
