/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One-packet scheduling (ipvsadm -o): each packet of a UDP service is scheduled by itself, and no connection is kept. As
 * in the kernel answers find nothing to be translated by; it is for direct routing, and for what needs no answer.
 */
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "path/path.h"
#include "path/rewrite.h"

enum verdict
one_packet(struct worker *self, struct packet *packet, const struct forward_request *request,
	   const struct forward *forward)
{
	struct flow reply;
	struct conn conn;
	uint32_t recycle = CONN_NONE;
	int err = forward->bind(request, &reply);

	/* What was proposed may be another connection's, to which the answer would go. */
	if (err == 0 && (forward->cold_flags & COLD_LOCAL_PORT))
		err = forward->bind_again(request, &reply, &recycle);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	conn_once(self, request->dest, forward, &packet->flow, &reply, &conn);
	conn_find_nexthops(self, &conn, packet->flow.family);
	return forward_packet(self, packet, &conn, CONN_IN);
}
