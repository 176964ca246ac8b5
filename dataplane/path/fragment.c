/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fragments of what may be load-balanced, in whichever order they come. Only the first one of a datagram tells the ports:
 * those before it wait (ip/fragment_table.h), those behind it go where it went, each by itself. Nothing is put together.
 *
 * All fragments from one address to another are followed by the same worker, their collector: the one that a NIC chooses
 * which hashes fragments by their addresses alone. From there each goes on like a whole packet that has come in there,
 * and takes along what the first one said (port/handover.h). What must not overtake the first fragment on its way from
 * worker to worker takes the same rings.
 */
#include <netinet/in.h>

#include <rte_ip.h>

#include "lb/lb.h"
#include "lb/protocol.h"
#include "path/path.h"
#include "port/steering.h"

void
fragment_drop(void *worker, struct rte_mbuf *m, enum drop_reason reason)
{
	struct worker *self = worker;

	self->counters.count[COUNT_HELD]--;
	drop(self, m, reason);
}

void
fragment_sweep(struct worker *self)
{
	fragment_table_expire(self->fragments, self->now_ms);
}

void
fragment_follow(struct packet *packet, const struct fragment_flow *flow)
{
	packet->is_later = true;
	packet->flow.proto = flow->proto;
	packet->flow.sport = flow->sport;
	packet->flow.dport = flow->dport;
	packet->has_l4 = flow->has_l4;
	packet->opens = flow->opens;
	packet->refused = flow->refused;
	packet->protocol = protocol_by_number(flow->protocol);
}

struct fragment_flow
fragment_flow_of(const struct packet *packet)
{
	return (struct fragment_flow){
		.sport = packet->flow.sport,
		.dport = packet->flow.dport,
		.proto = packet->flow.proto,
		.protocol = packet->has_l4 ? packet->protocol->number : packet->flow.proto,
		.has_l4 = packet->has_l4,
		.opens = packet->opens,
		.refused = packet->refused,
	};
}

/* Of IPv6 the first fragment alone tells it, if extension headers follow. */
static bool
may_be_balanced(const struct packet *packet)
{
	const uint8_t proto = packet->flow.proto;

	return protocol_by_number(proto) != NULL ||
	       (packet->flow.family == AF_INET6 && (proto == IPPROTO_HOPOPTS || proto == IPPROTO_ROUTING ||
						    proto == IPPROTO_DSTOPTS || proto == IPPROTO_FRAGMENT));
}

/* Certainly a service's or a local address's. Others may be answers of servers, or marked, and are the kernel's if not. */
static bool
is_ours(const struct worker *self, const struct packet *packet)
{
	return packet->nexthop == FIB_LADDR || lb_has_address(self->lb, packet->flow.family, &packet->flow.dst);
}

static bool
is_followed(const struct worker *self, const struct packet *packet)
{
	return may_be_balanced(packet) && (packet->nexthop != FIB_LOCAL || is_ours(self, packet) ||
					   (fetch(self->lb->marks) && fetch(self->lb->n_marked) > 0));
}

static uint32_t
collector_of(const struct worker *self, const struct packet *packet)
{
	struct flow addresses = packet->flow;

	addresses.sport = addresses.dport = 0;
	return owner_of(self->steering, &addresses);
}

/* Whether the fragment can be a part of an IP packet (RFC 791, 3.1; RFC 8200, 4.5). */
static bool
has_sound_length(const struct packet *packet)
{
	const struct fragment *fragment = &packet->fragment;
	uint32_t headers = packet->l4 - packet->l3;

	if (packet->flow.family == AF_INET6)
		headers -= sizeof(struct rte_ipv6_hdr) + 8; /* which the length does not count, or the whole has not */
	return fragment->length > 0 && (!fragment->more || fragment->length % 8 == 0) &&
	       headers + fragment->first + fragment->length <= UINT16_MAX;
}

/* What is not to be forwarded is dropped by the connection that it is of. Nobody knows that here, and without one it is the
 * kernel's: so it goes on as if it were sound, but for that. */
static enum verdict
pass_refused(struct packet *packet, struct fragment_flow *flow, enum drop_reason reason)
{
	flow->refused = (uint8_t)(1 + reason);
	flow->opens = false;
	if (packet->fragment.first != 0)
		fragment_follow(packet, flow);
	packet->refused = flow->refused;
	packet->opens = false;
	return VERDICT_NEXT;
}

/* Enters the fragment. */
static enum verdict
collect(struct worker *self, struct packet *packet)
{
	const struct fragment_id id = {
		.src = packet->flow.src,
		.dst = packet->flow.dst,
		.id = packet->fragment_id,
		.family = packet->flow.family,
		.proto = packet->flow.family == AF_INET ? packet->flow.proto : 0,
	};
	struct fragment_flow flow = { .has_l4 = false };
	enum verdict verdict;
	int fate;

	if (!has_sound_length(packet))
		return verdict_drop(DROP_FRAGMENT_LENGTH);
	if (packet->fragment.first == 0) {
		verdict = classify_first_fragment(self, packet);
		if (verdict != VERDICT_NEXT)
			return verdict;
		flow = fragment_flow_of(packet);
	}
	packet->m->port = packet->port;
	fate = fragment_table_add(self->fragments, &id, &packet->fragment, packet->m, self->now_ms, &flow,
				  &packet->held);
	if (fate < 0)
		return is_ours(self, packet) || !flow.has_l4 ? verdict_drop((enum drop_reason) - fate)
							     : pass_refused(packet, &flow, (enum drop_reason) - fate);
	if (fate == FRAGMENT_HELD) {
		self->counters.count[COUNT_HELD]++;
		return VERDICT_DONE;
	}
	if (fate == FRAGMENT_FOLLOWS)
		fragment_follow(packet, &flow);
	return VERDICT_NEXT;
}

/* By its collector, at another worker. */
static enum verdict
resume(const struct worker *self, struct packet *packet)
{
	const struct fragment_flow flow = fragment_flow_of_word(handover_fragment_read(packet->m));

	packet->refused = flow.refused;
	if (packet->fragment.first == 0)
		return classify_first_fragment(self, packet);
	fragment_follow(packet, &flow);
	return VERDICT_NEXT;
}

enum verdict
fragment_packet(struct worker *self, struct packet *packet)
{
	bool brought = packet->handed_over && packet->note.kind == NOTE_COLLECT;
	enum verdict verdict;
	uint32_t collector;

	if (!packet->is_fragment || !packet->to_us)
		return VERDICT_NEXT;
	if (packet->handed_over && !brought)
		return resume(self, packet);
	/* Of AH and ESP nothing but the addresses counts (lb/protocol_ipsec.c). */
	if (packet->has_l4)
		return VERDICT_NEXT;
	packet->nexthop = fib_lookup(self->fib, packet->flow.family, &packet->flow.dst);
	if (!brought && !is_followed(self, packet))
		return VERDICT_NEXT;
	collector = collector_of(self, packet);
	if (!brought && collector != self->index)
		return owner_give(self, packet, collector, (struct handover_note){ .kind = NOTE_COLLECT });
	/* From here on as if it had come in here. */
	packet->handed_over = false;
	packet->note = (struct handover_note){ .kind = NOTE_NONE };
	verdict = collect(self, packet);
	return verdict >= VERDICT_DROP && !is_ours(self, packet) ? VERDICT_KERNEL : verdict;
}
