/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Full-NAT: the destination becomes the real server and the source a local address and port, so that replies come back
 * over any network, and to the worker that owns the connection. The server may be of the other family (NAT64, NAT46).
 */
#include <netinet/in.h>

#include "core/worker.h"
#include "lb/conn.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "lb/service.h"

/* A search in vain looks at thousands of ports. A flood of SYNs to a server whose ports are used up must not buy one
 * each: connections of this worker to it are refused unseen for so long. */
#define SEARCH_PAUSE_MS 16

static int
fullnat_bind(const struct forward_request *request, struct flow *reply)
{
	struct worker *self = request->self;
	struct dest_load *load = &self->loads[DEST_INDEX(request->dest->id)];

	if (load->no_port_ms != 0 && self->now_ms - load->no_port_ms < SEARCH_PAUSE_MS)
		return -DROP_NO_LOCAL_PORT;
	load->no_port_ms = 0;
	*reply = (struct flow){
		.src = request->dest->addr.ip,
		.sport = request->server_port,
		.family = request->dest->addr.family,
		.proto = request->flow->proto,
	};
	/* A client of IPv6: the connection is in IPv6's table. */
	if (reply->family != request->flow->family)
		*reply = flow_mapped(reply);
	return laddr_propose(self, request->svc, request->port, NULL, reply);
}

/* Between the families: of what path/translate.h can translate. REQUEST's flow is of IPv6, mapped if the client isn't. */
static int
mapped_bind(const struct forward_request *request, struct flow *reply)
{
	const uint8_t proto = request->flow->proto;

	return proto == IPPROTO_TCP || proto == IPPROTO_UDP ? fullnat_bind(request, reply) : -DROP_FORWARD_METHOD;
}

static int
fullnat_bind_again(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle)
{
	struct worker *self = request->self;
	int err = laddr_choose(self, request->svc, request->port, NULL, reply, ret_recycle);

	if (err == -DROP_NO_LOCAL_PORT)
		self->loads[DEST_INDEX(request->dest->id)].no_port_ms = self->now_ms != 0 ? self->now_ms : 1;
	return err;
}

const struct forward forward_fullnat = {
	.name = "FNAT",
	.cold_flags = COLD_LOCAL_PORT,
	.bind = fullnat_bind,
	.bind_again = fullnat_bind_again,
};

const struct forward forward_fullnat_mapped = {
	.name = "FNAT",
	.conn_flags = CONN_REFRAMED,
	.cold_flags = COLD_LOCAL_PORT | COLD_MAPPED,
	.bind = mapped_bind,
	.bind_again = fullnat_bind_again,
};
