/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NAT (masquerading): the destination becomes the real server, the source stays; replies come back because the director
 * is the server's way to the client.
 */
#include "core/worker.h"
#include "lb/conn.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/service.h"

static int
nat_bind(const struct forward_request *request, struct flow *reply)
{
	*reply = (struct flow){
		.src = request->dest->addr.ip,
		.dst = request->flow->src,
		.sport = request->server_port,
		.dport = request->flow->sport,
		.family = request->flow->family,
		.proto = request->flow->proto,
	};
	return 0;
}

/* The client has used its port for another service of the same server. The server takes both connections for one. */
static int
nat_bind_again(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle)
{
	const struct worker *self = request->self;
	const struct conn_table *table = self->conns[reply->family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	uint32_t value = conn_find_flow(table, reply);

	if (value == CONN_NONE || CONN_DIRECTION(value) != CONN_OUT ||
	    !conn_gives_place(self->lb, conn_at(table, CONN_NUMBER(value))))
		return -DROP_CONN_COLLISION;
	*ret_recycle = value;
	return 0;
}

const struct forward forward_nat = {
	.name = "NAT",
	.bind = nat_bind,
	.bind_again = nat_bind_again,
};
