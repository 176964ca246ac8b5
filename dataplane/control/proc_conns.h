/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What listings say about a connection, in whatever form (proc_conns.c, ipvsx_conns.c).
 */
#ifndef CONTROL_PROC_CONNS_H
#define CONTROL_PROC_CONNS_H

#include "control/ipvs_model.h"
#include "lb/conn_walk.h"

/* Places of the tables that are looked at for one line at most, and in one turn of the control thread. */
#define CONN_WALK_STRIDE 1024u
#define CONN_WALK_A_TURN 16384u

/* What it costs its worker that the connection was looked at. */
uint64_t conn_read_cost_ns(const struct conn_entry *entry);
/* As ip_vs_state_name(). */
const char *conn_state_name(const struct conn_entry *entry);
/* The destination's address, and the port as packets to it have it. */
void conn_server(const struct ipvs_model *model, const struct conn_entry *entry, struct ip_addr *ret_addr,
		 rte_be16_t *ret_port);
/* Whether it goes through a gateway, by SNAT: what conn_server() tells is the local address and port. */
bool conn_is_snat(const struct ipvs_model *model, const struct conn_entry *entry);

#endif
