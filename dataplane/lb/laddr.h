/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Local addresses of full-NAT and SNAT: groups of addresses that the dataplane alone owns, and the choice of a local port whose
 * replies come back to the worker that chose it.
 */
#ifndef LB_LADDR_H
#define LB_LADDR_H

#include <stdbool.h>
#include <stdint.h>

#include "core/address.h"
#include "core/flow.h"
#include "lb/conn.h"

struct conn_table;
struct lb;
struct laddrs;
struct service;
struct worker;

struct laddr_group_spec {
	char name[32];
	uint8_t port; /* index of the port that answers for them */
	const struct ip_addr *addresses;
	uint32_t n_addresses;
	uint16_t first_port, last_port; /* host order */
	bool active; /* answered for, and used for new connections */
};

/* Control side. Replaces all groups by these, under RCU; the arrays are copied. The addresses must also be in the fib
 * as FIB_LADDR while they are active. */
int laddrs_publish(struct lb *lb, const struct laddr_group_spec *groups, uint32_t n_groups);
void laddrs_free(struct laddrs *laddrs);

/* Worker side. Chooses local address and port for a connection to the server of REPLY, which has the server's address
 * and port, protocol and family; writes them to its dst and dport such that the reply is SELF's own and no connection of
 * SELF has it. With RET_RECYCLE other than CONN_NONE the choice is that of a closed connection, which the caller ends
 * first. PORT: index of the port towards the server. ADDRESS: that one and no other, of REPLY's family; NULL: any of the
 * groups of PORT that SVC may use. 0, or a negative drop reason. */
int laddr_choose(struct worker *self, const struct service *svc, uint8_t port, const struct ip_addr *address,
		 struct flow *reply, uint32_t *ret_recycle);
/* The one that laddr_choose() would look at first, without a look: a connection may have it. 0, or a negative drop
 * reason. */
int laddr_propose(struct worker *self, const struct service *svc, uint8_t port, const struct ip_addr *address,
		  struct flow *reply);

#endif
