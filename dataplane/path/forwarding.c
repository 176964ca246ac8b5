/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Forwards one packet of a connection, whatever its headers look like: the slow twin of established.c.
 */
#include "lb/conn_table.h"
#include "path/icmp.h"
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

/* TCP and UDP: as in the fast path, and so is what keeps its addresses. */
static void
rewrite(struct packet *packet, const struct conn *conn, uint32_t direction)
{
	void *ip = packet_at(packet, packet->l3), *l4 = packet_at(packet, packet->l4);
	const struct protocol *protocol = packet->protocol;
	const uint32_t length = packet_l4_length(packet);

	if (packet->flow.family == AF_INET) {
		const struct conn_key4 *other = &conn->key4[direction ^ 1];

		if (!protocol->rewrite || (conn->flags & CONN_NO_OUTPUT)) {
			rewrite_ipv4(ip, l4, conn, direction);
			return;
		}
		rewrite_ipv4_header(ip, conn, direction);
		protocol->rewrite(l4, length, other->dport, other->sport, conn->l4_delta[direction]);
	} else {
		const struct conn_key6 *other = &conn->key6[direction ^ 1];

		if (!protocol->rewrite || (conn->flags & CONN_NO_OUTPUT)) {
			rewrite_ipv6(ip, l4, conn, direction);
			return;
		}
		rewrite_ipv6_header(ip, conn, direction);
		protocol->rewrite(l4, length, other->dport, other->sport, conn->l4_delta[direction]);
	}
}

static void
follow(struct worker *self, struct packet *packet, struct conn *conn, uint32_t direction)
{
	const struct protocol *protocol = packet->protocol;
	void *l4 = packet_at(packet, packet->l4);
	uint8_t next;

	if (packet->flow.proto == IPPROTO_TCP_)
		conn_follow_tcp(self, conn, direction, l4);
	if (!protocol->follow)
		return;
	next = protocol->follow(conn, direction, l4, packet_l4_length(packet));
	if (next != conn->state)
		conn_set_state(self, conn, next);
}

union ip_bits
conn_next_address(const struct worker *self, const struct conn *conn, uint16_t family, uint32_t direction)
{
	const struct dest *dest = dest_get(self->lb, conn->dest);
	union ip_bits to = { .half = { 0 } };

	if (direction == CONN_IN && dest)
		return dest->addr.ip;
	if (family == AF_INET)
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
	if (packet->ttl <= 1) {
		icmp_answer(self, packet, ICMP_TTL_EXCEEDED, 0);
		return verdict_drop(DROP_IP_TTL);
	}
	if (conn->fib_generation != self->fib->generation)
		conn_find_nexthops(self, conn, packet->flow.family);
	follow(self, packet, conn, direction);
	if (conn->flags & CONN_SHIFTED)
		sequence_shift(self, packet, conn, direction);
	conn_count(self, conn, direction, packet->end - packet->l3);
	if ((conn->flags & CONN_WATCHED) && direction == CONN_OUT)
		conn_answered(self, conn, packet->flow.family);
	to = conn_next_address(self, conn, packet->flow.family, direction);
	rewrite(packet, conn, direction);
	transmit_to(self, packet->m, conn->nexthop[direction], packet->flow.family, &to);
	return VERDICT_DONE;
}
