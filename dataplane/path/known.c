/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets of a connection that the fast path did not want: IP options, extension headers, a SYN over a closed
 * connection, shifted sequence numbers, IPv4 ends of connections between the families.
 */
#include <string.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/lb.h"
#include "lb/protocol.h"
#include "path/path.h"
#include "path/translate.h"

/* Whether a packet of the client's ends CONN: it is then looked at as if it were of none (ip_vs_in_hook() of the kernel).
 * A persistent one that is over would go to the same server anyway, and is used again; but not its local port
 * (decisions.md 7). */
static bool
ends(struct worker *self, const struct conn_table *table, const struct packet *packet, struct conn *conn)
{
	const uint16_t family = table->ipv6 ? AF_INET6 : AF_INET;
	const struct protocol *protocol = packet->protocol;
	const struct knobs *knobs = fetch(self->lb->knobs);
	bool begins = !packet->is_later && protocol->begins &&
		      protocol->begins(packet_at(packet, packet->l4), packet_l4_length(packet));

	if (knobs->expire_nodest_conn) {
		const struct dest *dest = dest_get(self->lb, conn->dest);

		if (!dest || (dest->weight == 0 && begins)) {
			conn_give_up(self, conn, family);
			return true;
		}
	}
	if (!begins || knobs->conn_reuse_mode == 0 || !protocol->renews(conn, knobs->conn_reuse_mode) ||
	    ((conn->flags & CONN_PERSISTENT) && !(conn_cold(table, conn)->flags & COLD_LOCAL_PORT)))
		return false;
	conn_leave(self, conn, family);
	self->counters.count[COUNT_CONN_REUSED]++;
	return true;
}

/* AH and ESP where the connection's addresses are changed. */
static bool
is_spoilt(const struct packet *packet, const struct conn_table *table, const struct conn *conn)
{
	const uint8_t spoilt_by = packet->protocol->spoilt_by;

	if (spoilt_by == 0 || (conn->flags & CONN_NO_OUTPUT))
		return false;
	return spoilt_by & (conn_cold(table, conn)->flags & COLD_LOCAL_PORT ? SPOILT_BY_FULLNAT : SPOILT_BY_NAT);
}

/* Whether the server answers a connection that the client has begun since CONN was over, or had lost its service, from the
 * same port, to another service of that server. It is another worker's: of this one it would have taken CONN's place. One
 * that is half-open may get its own answer again. */
static bool
has_successor(const struct worker *self, const struct conn_table *table, const struct packet *packet,
	      const struct conn *conn)
{
	const struct protocol *protocol = packet->protocol;

	return self->n_workers > 1 && protocol->accepts && !packet->is_later && conn_gives_place(self->lb, conn) &&
	       !(protocol->half_open & 1u << conn->state) && !(conn_cold(table, conn)->flags & COLD_LOCAL_PORT) &&
	       protocol->accepts(packet_at(packet, packet->l4), packet_l4_length(packet)) &&
	       owner_may_be_another(self, &packet->flow);
}

uint32_t
known_connection(struct worker *self, struct openings *openings, const struct flow *flow)
{
	const struct conn_table *table = self->conns[flow->family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	uint32_t value = conn_find_flow(table, flow);

	if (value != CONN_NONE && (conn_at(table, CONN_NUMBER(value))->flags & CONN_OPENING)) {
		if (!openings)
			return CONN_NONE;
		openings_finish(self, openings);
		value = conn_find_flow(table, flow);
	}
	return value;
}

uint32_t
known_mapped(struct worker *self, struct openings *openings, const struct flow *flow)
{
	struct flow mapped;

	if (self->mapped_conns == 0 || flow->family != AF_INET)
		return CONN_NONE;
	mapped = flow_mapped(flow);
	return known_connection(self, openings, &mapped);
}

enum verdict
known_packet(struct worker *self, struct packet *packet)
{
	struct conn_table *table;
	enum conn_direction direction;
	struct conn *conn;
	uint32_t value;
	int err = 0;

	/* What was sent to a group is nobody's to forward (RFC 1812, 5.3.4). */
	if (!packet->has_l4 || !packet->to_us)
		return VERDICT_NEXT;
	table = self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
	value = known_connection(self, packet->openings, &packet->flow);
	if (value == CONN_NONE) {
		value = known_mapped(self, packet->openings, &packet->flow);
		table = self->conns[TABLE_IPV6];
	}
	if (value == CONN_NONE)
		return VERDICT_NEXT;
	if (packet->refused != 0)
		return verdict_drop((enum drop_reason)(packet->refused - 1));
	conn = conn_at(table, CONN_NUMBER(value));
	direction = CONN_DIRECTION(value);
	/* Where the ports of a fragment don't tell, either, it goes where the addresses say. */
	if (packet->protocol->belongs && !packet->is_later &&
	    !packet->protocol->belongs(packet_at(packet, packet->l4), direction))
		return VERDICT_NEXT;
	if (is_spoilt(packet, table, conn))
		return verdict_drop(DROP_TRANSLATION);
	if (direction == CONN_IN && (lb_is_passive(self->lb) || ends(self, table, packet, conn)))
		return VERDICT_NEXT;
	if (direction == CONN_OUT && unlikely(has_successor(self, table, packet, conn))) {
		conn_leave(self, conn, packet->flow.family);
		self->counters.count[COUNT_CONN_REUSED]++;
		return VERDICT_NEXT;
	}
	if (table->ipv6 && packet->flow.family == AF_INET)
		err = translate_packet(packet);
	return err < 0 ? verdict_drop((enum drop_reason) - err) : forward_packet(self, packet, conn, direction);
}
