/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors about packets of connections. An error comes from where the quoted packet was sent, so it belongs to the
 * connection of the quoted packet turned round, and to the worker that owns this. It opens and closes nothing and keeps
 * nothing alive: anybody can send one.
 */
#include <errno.h>

#include "lb/conn_table.h"
#include "lb/lb.h"
#include "path/icmp.h"
#include "path/rewrite.h"
#include "path/translate.h"

/* Another worker may know the connection. If nobody does, the error is scheduled, if that is wanted, the kernel's, or of
 * no use (local.c). */
static enum verdict
ask_owner(struct worker *self, struct packet *error, struct packet *quote, const struct flow *answered)
{
	struct packet like = *error;
	enum verdict verdict;

	like.flow = *answered;
	like.has_l4 = true;
	like.protocol = protocol_by_number(answered->proto);
	like.nexthop = fib_lookup(self->fib, answered->family, &answered->dst);
	lookup_packet(self, &like);
	verdict = owner_packet(self, &like);
	return verdict == VERDICT_NEXT ? icmp_schedule(self, error, quote, &like) : verdict;
}

void
icmp_count(struct worker *self, const struct conn *conn, enum conn_direction direction, uint32_t length)
{
	struct dest_load *load = &self->loads[DEST_INDEX(conn->dest)];

	load->packets[direction]++;
	load->bytes[direction] += length;
}

/* VALUE is of TABLE. */
static enum verdict
pass_on(struct worker *self, struct packet *error, struct packet *quote, const struct conn_table *table, uint32_t value)
{
	struct conn *conn = conn_at(table, CONN_NUMBER(value));
	const enum conn_direction direction = CONN_DIRECTION(value);
	int err = 0;

	if (conn->flags & CONN_LEFT)
		return verdict_drop(DROP_LADDR_NO_CONN);
	if (direction == CONN_IN && !dest_alive(self->lb, conn->dest))
		return verdict_drop(DROP_DEST_REMOVED);
	if (!source_is_sound(self, error))
		return verdict_drop(DROP_IP_SOURCE);
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, table->ipv6 ? AF_INET6 : AF_INET);
	if (conn_ends_here(conn)) {
		icmp_count(self, conn, direction, error->end - error->l3);
		return VERDICT_KERNEL;
	}
	if (error->ttl <= 1)
		return verdict_drop(DROP_IP_TTL);
	if (table->ipv6 && error->flow.family == AF_INET)
		err = translate_error_4to6(error, quote);
	if (err < 0)
		return verdict_drop((enum drop_reason) - err);
	icmp_count(self, conn, direction, error->end - error->l3);
	/* Into the tunnel to its server goes all that was sent to the service, as it is. */
	if ((conn->flags & CONN_REFRAMED) && !conn_is_mapped(conn))
		forward_send(self, error, conn, direction);
	else
		icmp_translate(self, error, quote, conn, direction);
	return VERDICT_DONE;
}

enum verdict
icmp_error_packet(struct worker *self, struct packet *packet)
{
	struct packet quote;
	struct flow answered;
	uint32_t value;
	int err;

	if (!packet->to_us || !packet->is_ip || !icmp_is_error(packet))
		return VERDICT_NEXT;
	err = icmp_quote_read(packet, &quote);
	/* The kernel is used to what it gets at its own addresses. */
	if (err == -EBADMSG &&
	    (!fib_is_kernels(packet->nexthop) || lb_has_address(self->lb, packet->flow.family, &packet->flow.dst)))
		return verdict_drop(DROP_ICMP_QUOTE);
	/* An error goes to who sent what it is about, not to others. */
	if (err < 0 || !ip_bits_equal(&quote.flow.src, &packet->flow.dst))
		return VERDICT_NEXT;
	answered = flow_reversed(&quote.flow);
	value = known_connection(self, packet->openings, &answered);
	if (value != CONN_NONE)
		return pass_on(self, packet, &quote,
			       self->conns[packet->flow.family == AF_INET ? TABLE_IPV4 : TABLE_IPV6], value);
	value = known_mapped(self, packet->openings, &answered);
	return value != CONN_NONE ? pass_on(self, packet, &quote, self->conns[TABLE_IPV6], value)
				  : ask_owner(self, packet, &quote, &answered);
}
