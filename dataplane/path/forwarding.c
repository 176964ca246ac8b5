/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forwards one packet of a connection, whatever its headers look like: the slow twin of established.c.
 */
#include "lb/conn_table.h"
#include "path/path.h"
#include "path/rewrite.h"

void
conn_find_nexthops(const struct worker *self, struct conn *conn, uint16_t family)
{
	const struct dest *dest = dest_get(self->lb, conn->dest);
	uint32_t generation = __atomic_load_n(&self->fib->generation, __ATOMIC_ACQUIRE);
	union ip_bits client = { .half = { 0 } };

	if (family == AF_INET)
		client.v4 = conn->key4[CONN_IN].src;
	else
		memcpy(client.bytes, conn->key6[CONN_IN].src, 16);
	conn->nexthop[CONN_OUT] = fib_lookup(self->fib, family, &client);
	/* What the server has still to say goes on; its own way is looked up when it has come back. */
	if (!dest)
		return;
	conn->nexthop[CONN_IN] = fib_lookup(self->fib, dest->addr.family, &dest->addr.ip);
	conn->fib_generation = generation;
}

static void
rewrite(struct packet *packet, const struct conn *conn, uint32_t direction)
{
	if (packet->flow.family == AF_INET)
		rewrite_ipv4(packet_at(packet, packet->l3), packet_at(packet, packet->l4), conn, direction);
	else
		rewrite_ipv6(packet_at(packet, packet->l3), packet_at(packet, packet->l4), conn, direction);
}

/* Where the rewritten packet goes: what to look up again while the neighbour is unknown. */
static union ip_bits
next_address(const struct worker *self, const struct packet *packet, const struct conn *conn, uint32_t direction)
{
	const struct dest *dest = dest_get(self->lb, conn->dest);
	union ip_bits to = { .half = { 0 } };

	if (direction == CONN_IN && dest)
		return dest->addr.ip;
	if (packet->flow.family == AF_INET)
		to.v4 = conn->key4[CONN_IN].src;
	else
		memcpy(to.bytes, conn->key6[CONN_IN].src, 16);
	return to;
}

enum verdict
forward_packet(struct worker *self, struct packet *packet, struct conn *conn, uint8_t direction)
{
	union ip_bits to;

	/* The client takes part in another connection by now, which the server knows nothing of here. */
	if (conn->flags & CONN_LEFT)
		return verdict_drop(DROP_LADDR_NO_CONN);
	if (direction == CONN_IN && !dest_alive(self->lb, conn->dest))
		return verdict_drop(DROP_DEST_REMOVED);
	if (packet->ttl <= 1)
		return verdict_drop(DROP_IP_TTL);
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, packet->flow.family);
	if (conn->proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, packet_at(packet, packet->l4));
	if (conn->flags & CONN_SHIFTED)
		sequence_shift(self, packet, conn, direction);
	conn_count(self, conn, direction, packet->end - packet->l3);
	if ((conn->flags & CONN_WATCHED) && direction == CONN_OUT)
		conn_answered(self, conn, packet->flow.family);
	to = next_address(self, packet, conn, direction);
	rewrite(packet, conn, direction);
	transmit_to(self, packet->m, conn->nexthop[direction], packet->flow.family, &to);
	return VERDICT_DONE;
}
