/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What laddr_groups.c and laddr_groups_publish.c share.
 */
#ifndef CONTROL_LADDR_GROUPS_PRIVATE_H
#define CONTROL_LADDR_GROUPS_PRIVATE_H

#include "control/hash_index.h"
#include "control/laddr_groups.h"

/* An address of a kernel interface. */
struct present_address {
	struct hash_node node;
	struct ip_addr addr;
	uint32_t n; /* interfaces that have it */
};

struct announced_address {
	struct ip_addr addr;
	uint8_t port;
};

struct laddr_groups {
	struct lb *lb;
	struct laddr_groups_hooks hooks;
	const struct laddr_groups_observer *observer;
	struct laddr_group_list list;
	struct hash_index present;
	struct announced_address *announced; /* sorted */
	uint32_t n_announced;
	bool dirty;
};

#endif
