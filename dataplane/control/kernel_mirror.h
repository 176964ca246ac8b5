/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the kernel knows about the network, over rtnetlink: addresses, routes, neighbours and state of the kernel
 * interfaces go to the forwarding table and the ports. The kernel is only read, except that it is asked to resolve
 * neighbours and to keep those in use fresh.
 *
 * mirror_*.c each hold one kind of object; mirror.h is what they share.
 */
#ifndef CONTROL_KERNEL_MIRROR_H
#define CONTROL_KERNEL_MIRROR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct event_loop;
struct fib;
struct kernel_mirror;
struct ports;
struct worker;

struct kernel_mirror_parts {
	struct event_loop *loop;
	struct fib *fib;
	struct ports *ports;
	struct worker **workers; /* their neighbour requests are served */
	uint32_t n_workers;
	/* An address of the host came or went. Called for what is there at the start too, before the create call returns. */
	void (*address_changed)(void *arg, const struct ip_addr *addr, bool present);
	void *arg;
};

/* Reads all that the kernel has, then follows it. The parts stay the caller's and are used until the destroy call.
 * -errno with a line in the log. */
int kernel_mirror_create(const struct kernel_mirror_parts *parts, struct kernel_mirror **ret);
void kernel_mirror_destroy(struct kernel_mirror *mirror);

/* Whether the address is the broadcast address of a subnet that the host is in. */
bool kernel_mirror_is_broadcast(const struct kernel_mirror *mirror, const struct ip_addr *addr);

#endif
