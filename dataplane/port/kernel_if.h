/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel interface of a port: an Ethernet interface with the port's MAC address, over which the kernel sees what is
 * not load-balanced. Two kinds, behind one table of functions: vhost (virtio-user over /dev/vhost-net) and tap.
 *
 * It is made persistent, so that addresses and routes outlive a crash, and taken away by a clean end if not configured
 * otherwise.
 */
#ifndef PORT_KERNEL_IF_H
#define PORT_KERNEL_IF_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "core/config.h"

struct port;
struct kernel_if;

struct kernel_if_ops {
	const char *name;
	/* Makes the interface NAME or takes over the persistent one of that name. POOL: of a receive queue. */
	int (*open)(const char *name, const struct port *port, struct rte_mempool *pool, struct kernel_if **ret);
	/* KEEP: the interface stays in the kernel. */
	void (*close)(struct kernel_if *kernel, bool keep);
	/* For the I/O thread. Frames from the kernel, at most MAX; adds to *LOST what POOL had no buffer for. */
	uint32_t (*read)(struct kernel_if *kernel, struct rte_mempool *pool, struct rte_mbuf **ret, uint32_t max,
			 uint32_t *lost);
	/* Frames to the kernel: returns how many it took, which are not the caller's any more. */
	uint32_t (*write)(struct kernel_if *kernel, struct rte_mbuf **packets, uint32_t n);
	/* For the control thread. */
	int (*set_carrier)(struct kernel_if *kernel, bool on);
};

struct kernel_if {
	const struct kernel_if_ops *ops;
	char name[16];
	int ifindex;
	int wait_fd; /* readable when there is something to read; -1: to be polled */
};

extern const struct kernel_if_ops kernel_if_tap;
extern const struct kernel_if_ops kernel_if_vhost;

/* Opens the kind that CONFIG asks for (vhost where it is to be had, with AUTO), gives it PORT's MAC address and MTU and
 * sets it up; fills in the members of PORT that name it. -errno with a line in the log. */
int kernel_if_open(const struct config_port *config, struct port *port, struct rte_mempool *pool);
/* Removes the interface from the kernel, unless the configuration says that it stays. */
void kernel_if_close(struct port *port);

/* For both kinds. A tap interface that outlives the process (ON) or goes with its last descriptor. FD is attached to it. */
int tap_set_persistent(int fd, bool on);
/* Opens /dev/net/tun and attaches to NAME, made if there is none. A descriptor or -errno. */
int tap_attach(const char *name, int flags);

#endif
