/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What follows when a local address becomes active: the workers' table says that it is ours, and the neighbours hear of
 * it (gratuitous ARP, unsolicited neighbour advertisement), so that after a failover they don't send to the old
 * director.
 */
#ifndef CONTROL_LADDR_ANNOUNCE_H
#define CONTROL_LADDR_ANNOUNCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"

struct event_loop;
struct fib;
struct laddr_announce;
struct ports;

int laddr_announce_create(struct event_loop *loop, struct fib *fib, const struct ports *ports,
			  struct laddr_announce **ret);
void laddr_announce_destroy(struct laddr_announce *announce);

/* For laddr_groups_hooks.activated; ARG is a struct laddr_announce. */
void laddr_announce_activated(void *arg, const struct ip_addr *addr, uint8_t port, bool active);

#endif
