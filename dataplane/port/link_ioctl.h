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
/* IFF_UP and IFF_RUNNING as 1 or 0. */
int link_is_up(const char *name);
int link_is_running(const char *name);

#endif
