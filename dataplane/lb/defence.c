/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See defence.h.
 */
#include <netinet/in.h>

#include "core/random.h"
#include "lb/conn.h"
#include "lb/defence.h"
#include "lb/lb.h"

#define LOOKED_AT 32 /* one of so many, each second */
#define REST_MS 60000u /* time for a connection to get through */

bool
defence_drops_packet(struct worker *self)
{
	int32_t rate = __atomic_load_n(&self->lb->defence.drop_rate, __ATOMIC_RELAXED);

	if (rate == 0)
		return false;
	if (self->drop_packet_counter > 1) {
		self->drop_packet_counter--;
		return false;
	}
	self->drop_packet_counter = rate;
	return true;
}

static bool
is_looked_at(struct worker *self)
{
	return __atomic_load_n(&self->lb->defence.drop_entries, __ATOMIC_RELAXED) && random_below(self, LOOKED_AT) == 0;
}

/* Of those that had N packets, each Nth. */
static bool
is_turn_of(struct worker *self, uint8_t packets)
{
	if (packets == 0 || packets > DROP_ENTRY_PACKETS_MAX)
		return false;
	if (self->drop_entry_counters[packets] > 1) {
		self->drop_entry_counters[packets]--;
		return false;
	}
	self->drop_entry_counters[packets] = packets;
	return true;
}

bool
defence_drops_entry(struct worker *self, const struct conn *conn)
{
	const struct protocol *protocol = protocol_by_number(conn->proto);

	if (!is_looked_at(self))
		return false;
	if (protocol->half_open >> conn->state & 1)
		return true;
	return (protocol->settled >> conn->state & 1) && self->now_ms - conn->last_seen_ms >= REST_MS &&
	       is_turn_of(self, conn->packets);
}

/* Datagrams of a one-packet service assure nothing. */
bool
defence_drops_template(struct worker *self, uint8_t proto, uint32_t idle_ms, bool assured)
{
	return is_looked_at(self) && !assured && (proto == IPPROTO_TCP || idle_ms >= REST_MS);
}
