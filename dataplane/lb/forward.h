/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forwarding methods: how a new connection's packets are to be rewritten. One file each, one line in forward.c. After
 * that the packet path doesn't know methods apart, it only follows the connection's keys (lb/conn.h).
 */
#ifndef LB_FORWARD_H
#define LB_FORWARD_H

#include <stdbool.h>
#include <stdint.h>

#include "core/flow.h"

struct conn;
struct dest;
struct service;
struct worker;

struct forward_request {
	struct worker *self;
	const struct service *svc;
	const struct dest *dest;
	const struct flow *flow; /* the client's packet */
	rte_be16_t server_port;
	uint8_t port; /* index of the port towards the server */
};

enum forward_way {
	WAY_TO_DEST, /* to the destination; to the host itself if it is that, and the packets keep their addresses */
	WAY_TO_HOST, /* to the host itself, wherever the destination is */
	WAY_AS_SENT, /* to where the client sent them */
};

struct forward {
	const char *name;
	enum forward_way way; /* where the client's packets go */
	uint8_t conn_flags; /* enum conn_flags that its connections have from the start */
	uint32_t cold_flags; /* the same, enum conn_cold_flags */
	/* Writes the flow of the server's replies, as they arrive. Whether another connection has it, conn_complete() will
	 * tell. 0, or a negative drop reason. */
	int (*bind)(const struct forward_request *request, struct flow *reply);
	/* Where another one has it: finds one that is nobody's, or whose connection gives its place (RET_RECYCLE as in
	 * laddr_choose(), CONN_NONE before). NULL where neither can be.
	 * 0, or a negative drop reason. */
	int (*bind_again)(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle);
};

extern const struct forward forward_nat, forward_local, forward_tunnel, forward_direct, forward_bypass, forward_fullnat,
	forward_fullnat_mapped, forward_snat;

/* Of methods that leave addresses and ports as they are: the reply is the client's flow reversed. */
int forward_bind_unchanged(const struct forward_request *request, struct flow *reply);

/* Whether a packet of FLOW, with next hop NUMBER towards its destination, may go on there: that is one other host
 * (inet_addr_type() of the kernel says RTN_UNICAST). */
bool forward_goes_on(const struct flow *flow, uint32_t number);

/* The destination of a client's FLOW to SVC, which has no server for it: lb.bypass if it is to go on to where it was sent,
 * or NULL. */
const struct dest *forward_bypass_dest(const struct worker *self, const struct service *svc, const struct flow *flow);

/* How DEST gets packets of FAMILY; NULL where its method has no packet path. */
const struct forward *forward_to(const struct dest *dest, uint16_t family);

#endif
