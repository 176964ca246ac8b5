/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * NAT (masquerading): the destination becomes the real server, the source stays; replies come back because the director
 * is the server's way to the client.
 */
#include "lb/conn.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
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

const struct forward forward_nat = {
	.name = "NAT",
	.bind = nat_bind,
};
