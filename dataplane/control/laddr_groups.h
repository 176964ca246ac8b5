/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Groups of local addresses as the control thread has them (decisions.md 13): from ipvsd.conf and from the control
 * interface (ipvsx_laddrs.c). A group is active always, or while an address, the VIP, is on a kernel interface, which
 * the mirror of the kernel's addresses tells. What is active goes to lb/laddr.h and to whoever routes and announces it.
 */
#ifndef CONTROL_LADDR_GROUPS_H
#define CONTROL_LADDR_GROUPS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/queue.h>

#include "core/address.h"
#include "core/config.h"

struct lb;

/* Addresses of one group: what one message of the interface has room for. */
#define LADDR_GROUP_MAX 1024u

struct laddr_group {
	TAILQ_ENTRY(laddr_group) link;
	char name[CONFIG_NAME_MAX];
	char port_name[CONFIG_NAME_MAX];
	uint8_t port;
	struct ip_addr *addresses;
	uint32_t n_addresses;
	uint16_t first_port, last_port; /* host order */
	bool with_vip;
	struct ip_addr vip;
	bool configured; /* from ipvsd.conf: the interface can't change it */
	bool unconfirmed; /* restored, and not named by a client since */
};

TAILQ_HEAD(laddr_group_list, laddr_group);

struct laddr_groups;

struct laddr_groups_hooks {
	void *arg;
	/* The number of the port of that NAME, -ENOENT. */
	int (*port_number)(void *arg, const char *name);
	/* ADDR is answered for on PORT from now on (route it as FIB_LADDR, announce it), or not any more. */
	void (*activated)(void *arg, const struct ip_addr *addr, uint8_t port, bool active);
};

/* Told of every change made by laddr_groups_set() and laddr_groups_remove(); the state file is one. */
struct laddr_groups_observer {
	void *arg;
	void (*group)(void *arg, const struct laddr_group *group);
	void (*group_removed)(void *arg, const struct laddr_group *group);
};

int laddr_groups_create(struct lb *lb, const struct laddr_groups_hooks *hooks, struct laddr_groups **ret);
void laddr_groups_destroy(struct laddr_groups *groups);
void laddr_groups_observe(struct laddr_groups *groups, const struct laddr_groups_observer *observer);

/* Why groups of ipvsd.conf can't be taken: the line of the file, the group, and what to do. */
struct laddr_fault {
	uint32_t line;
	char text[256];
};

/* The groups of ipvsd.conf are these N from now on, all or none; a client's group of the same name gives way. As
 * laddr_groups_set(), with *RET_FAULT set. */
int laddr_groups_configure(struct laddr_groups *groups, const struct config_laddrs *configs, uint32_t n,
			   struct laddr_fault *ret_fault);
/* Adds or replaces the group of that name, whose PORT is looked up and whose addresses are copied. -EINVAL for values
 * that can't be, -ENODEV without such a port, -EADDRINUSE if a group of another port has one of the addresses, -EBUSY if the group
 * is ipvsd.conf's, -ENOMEM. */
int laddr_groups_set(struct laddr_groups *groups, const struct laddr_group *group);
/* -ENOENT, -EBUSY. */
int laddr_groups_remove(struct laddr_groups *groups, const char *name);
void laddr_groups_restored(struct laddr_groups *groups);
/* Removes what is unconfirmed. Returns how many. */
uint32_t laddr_groups_sweep(struct laddr_groups *groups);

/* Whether a group, active or not, has ADDR. */
bool laddr_groups_have(const struct laddr_groups *groups, const struct ip_addr *addr);
const struct laddr_group_list *laddr_groups_list(const struct laddr_groups *groups);
bool laddr_group_active(const struct laddr_groups *groups, const struct laddr_group *group);

/* The mirror's: ADDR came to a kernel interface, or left one. An address may be on several. */
void laddr_groups_address_changed(struct laddr_groups *groups, const struct ip_addr *addr, bool present);

/* At the end of a turn: makes changes visible to the workers, and tells activated(). On an error they stay to be done. */
int laddr_groups_publish(struct laddr_groups *groups);

#endif
