/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Full-NAT: the destination becomes the real server and the source a local address and port, so that replies come back
 * over any network, and to the worker that owns the connection.
 */
#include "lb/conn.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "lb/service.h"

static int
fullnat_bind(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle)
{
	*reply = (struct flow){
		.src = request->dest->addr.ip,
		.sport = request->dest->port,
		.family = request->dest->addr.family,
		.proto = request->flow->proto,
	};
	return laddr_choose(request->self, request->svc, request->port, reply, ret_recycle);
}

const struct forward forward_fullnat = {
	.name = "FNAT",
	.conn_flags = CONN_LOCAL_PORT,
	.bind = fullnat_bind,
};
