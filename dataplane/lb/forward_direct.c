/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Direct routing: the packet goes to the real server's MAC address as it is; the server has the service's address and
 * answers the client itself.
 */
#include "lb/conn.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/service.h"

int
forward_bind_unchanged(const struct forward_request *request, struct flow *reply)
{
	*reply = flow_reversed(request->flow);
	return 0;
}

const struct forward forward_direct = {
	.name = "DR",
	.conn_flags = CONN_NO_OUTPUT,
	.bind = forward_bind_unchanged,
};
