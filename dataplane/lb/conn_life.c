/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection's life. Timeouts are swept, not timed: last_seen is all that a packet writes, and the sweeper comes by
 * every connection about once a second.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "core/checksum.h"
#include "core/worker.h"
#include "lb/client_address.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/defence.h"
#include "lb/dest_rule.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/scheduler.h"
#include "lb/template.h"
#include "lb/untold.h"

#define SWEEP_PERIOD_MS 1000
#define SWEEP_MAX 256 /* connections looked at in one turn */
#define SWEEP_AHEAD 16 /* connections whose lines are on their way */
#define RESETS_MAX 32 /* connections reset in one turn: two packets each */
#define SWEEP_BEHIND 8 /* connections that have timed out and whose buckets are */
#define RESET_WINDOW (1u << 20) /* how far from what was acknowledged last a reset is believed, either way */
#define SEQUENCE_GAP 65536 /* beyond what the server acknowledged, so that its TIME_WAIT takes the SYN as a new one */

static struct conn_table *
table_of(const struct worker *self, uint16_t family)
{
	return self->conns[family == AF_INET ? TABLE_IPV4 : TABLE_IPV6];
}

static void
set_key(struct conn *conn, enum conn_direction direction, const struct flow *flow)
{
	if (flow->family == AF_INET) {
		conn->key4[direction] = (struct conn_key4){ flow->src.v4, flow->dst.v4, flow->sport, flow->dport };
		return;
	}
	memcpy(conn->key6[direction].src, flow->src.bytes, 16);
	memcpy(conn->key6[direction].dst, flow->dst.bytes, 16);
	conn->key6[direction].sport = flow->sport;
	conn->key6[direction].dport = flow->dport;
}

/* What replacing the addresses and ports of FROM by those of TO adds to the checksums. */
static void
set_deltas(struct conn *conn, enum conn_direction direction, const struct flow *from, const struct flow *to)
{
	size_t length = from->family == AF_INET ? 4 : 16;
	uint64_t addresses =
		checksum_difference(&from->src, &to->src, length) + checksum_difference(&from->dst, &to->dst, length);
	uint64_t ports =
		checksum_difference(&from->sport, &to->sport, 2) + checksum_difference(&from->dport, &to->dport, 2);

	conn->ip_delta[direction] = from->family == AF_INET ? checksum_fold(addresses) : 0;
	conn->l4_delta[direction] =
		checksum_fold(protocol_by_number(conn->proto)->own_checksum ? ports : addresses + ports);
}

static void
conn_watch(struct conn *conn, struct conn_cold *cold, uint32_t watcher)
{
	cold->flags |= watcher;
	conn->flags |= CONN_WATCHED;
}

static void
conn_unwatch(struct conn *conn, struct conn_cold *cold, uint32_t watcher)
{
	cold->flags &= ~watcher;
	if (!(cold->flags & COLD_WATCHERS))
		conn->flags &= (uint8_t)~CONN_WATCHED;
}

/* The client's address is to be told the server, as the service wants it. */
static void
watch_untold(struct conn *conn, struct conn_cold *cold, const struct service *svc, const struct dest *dest)
{
	enum client_address how =
		client_address_by((enum client_address)svc->options.client_address, dest->forward, conn->proto);

	if (how == CLIENT_ADDRESS_NONE)
		return;
	cold->told.how = (uint8_t)how;
	conn_watch(conn, cold, COLD_UNTOLD);
}

/* The server may still hold the last connection from this local port in TIME_WAIT. It takes a new SYN for it only if
 * its sequence number lies beyond what it has seen, and no older timestamp speaks against it (RFC 6191; decisions 7). */
static void
follow_closed(struct conn_table *table, struct conn *conn, const struct conn *closed)
{
	if (conn->proto != IPPROTO_TCP || closed->last_ack[CONN_OUT] == 0)
		return;
	conn->flags |= CONN_SHIFTED;
	conn_cold(table, conn)->expected = rte_be_to_cpu_32(closed->last_ack[CONN_OUT]) + SEQUENCE_GAP;
}

static void
uncount_mapped(struct worker *self, const struct conn_table *table, const struct conn *conn)
{
	if ((conn->flags & CONN_REFRAMED) && (conn_cold(table, conn)->flags & COLD_MAPPED))
		self->mapped_conns--;
}

/* Whether a connection of the other table has REPLY: a local port serves plain connections and those between the
 * families. */
static bool
is_taken_elsewhere(const struct worker *self, const struct flow *reply)
{
	struct flow other;

	if (self->mapped_conns == 0)
		return false;
	if (reply->family == AF_INET) {
		other = flow_mapped(reply);
		return conn_find_flow(self->conns[TABLE_IPV6], &other) != CONN_NONE;
	}
	other = flow_plain(reply);
	return other.family == AF_INET && conn_find_flow(self->conns[TABLE_IPV4], &other) != CONN_NONE;
}

/* The end of a connection between the families whose packets are IPv4's. */
static bool
is_plain_end(const struct conn *conn, enum conn_direction direction)
{
	return conn_is_mapped(conn) && ip6_is_mapped(conn->key6[direction].src);
}

/* For a key that is known to be no connection's if it IS_NEW. */
static int
link_key(struct worker *self, struct conn_table *table, struct conn *conn, enum conn_direction direction, bool is_new)
{
	int err = is_new ? conn_link_new(table, conn, direction) : conn_link(table, conn, direction, NULL);

	if (err < 0 || !is_plain_end(conn, direction))
		return err;
	err = conn_link_foreign(self->conns[TABLE_IPV4], table, conn, direction);
	if (err < 0)
		conn_unlink(table, conn, direction);
	return err;
}

static void
unlink_key(struct worker *self, struct conn_table *table, struct conn *conn, enum conn_direction direction)
{
	if (is_plain_end(conn, direction))
		conn_unlink_foreign(self->conns[TABLE_IPV4], table, conn, direction);
	conn_unlink(table, conn, direction);
}

int
conn_begin(struct worker *self, const struct service *svc, const struct dest *dest, const struct forward *forward,
	   const struct flow *flow, struct conn **ret)
{
	struct conn_table *table = table_of(self, flow->family);
	struct conn *conn = conn_new(table);
	int err;

	if (!conn)
		return -DROP_CONN_TABLE_FULL;
	conn->proto = flow->proto;
	conn->flags = forward->conn_flags | CONN_INACTIVE | CONN_OPENING;
	conn_cold(table, conn)->flags = forward->cold_flags;
	conn->dest = dest->id;
	conn->last_seen_ms = self->now_ms;
	if (forward->cold_flags & COLD_MAPPED)
		self->mapped_conns++;
	set_key(conn, CONN_IN, flow);
	conn_cold(table, conn)->service = svc->index;
	conn_cold(table, conn)->created_ms = self->now_ms;
	watch_untold(conn, conn_cold(table, conn), svc, dest);
	err = link_key(self, table, conn, CONN_IN, true);
	if (err < 0) {
		uncount_mapped(self, table, conn);
		conn_free(table, conn);
		return -DROP_CONN_TABLE_FULL;
	}
	self->loads[DEST_INDEX(dest->id)].inactive++;
	self->counters.count[COUNT_CONNS]++;
	scheduler_load_changed(self, dest->id);
	*ret = conn;
	return 0;
}

void
conn_expect(struct worker *self, struct conn *conn, const struct flow *reply)
{
	if (conn->flags & CONN_NO_OUTPUT)
		return;
	set_key(conn, CONN_OUT, reply);
	conn_prefetch_bucket(table_of(self, reply->family), conn, CONN_OUT);
}

int
conn_complete(struct worker *self, struct conn *conn, const struct flow *flow, const struct flow *reply,
	      uint32_t recycle)
{
	struct conn_table *table = table_of(self, flow->family);
	struct flow to_client = flow_reversed(flow), to_server = flow_reversed(reply);
	int err = 0;

	if (recycle != CONN_NONE) {
		struct conn *closed = conn_at(table, CONN_NUMBER(recycle));

		follow_closed(table, conn, closed);
		conn_close(self, closed, flow->family);
		self->counters.count[conn_cold(table, conn)->flags & COLD_LOCAL_PORT ? COUNT_LADDR_RECYCLED
										     : COUNT_CONN_REUSED]++;
	}
	set_key(conn, CONN_OUT, reply);
	if (!(conn->flags & CONN_NO_OUTPUT))
		err = is_taken_elsewhere(self, reply) ? -EEXIST : link_key(self, table, conn, CONN_OUT, false);
	if (err < 0)
		return err == -EEXIST ? -DROP_CONN_COLLISION : -DROP_CONN_TABLE_FULL;
	set_deltas(conn, CONN_IN, flow, &to_server);
	set_deltas(conn, CONN_OUT, reply, &to_client);
	conn->flags &= (uint8_t)~CONN_OPENING;
	conn_show(table, conn);
	self->loads[DEST_INDEX(conn->dest)].connections++;
	self->counters.count[COUNT_CONN_NEW]++;
	return 0;
}

void
conn_set_template(struct worker *self, struct conn *conn, uint16_t family, uint32_t number)
{
	struct conn_cold *cold = conn_cold(table_of(self, family), conn);

	conn->flags |= CONN_PERSISTENT;
	/* of some protocols the state tells, of others an answer, where answers pass here */
	if (protocol_by_number(conn->proto)->assured_state == 0 && !(conn->flags & CONN_NO_OUTPUT))
		conn_watch(conn, cold, COLD_UNANSWERED);
	cold->template = number;
	template_use(self, number);
}

void
conn_answered(struct worker *self, struct conn *conn, uint16_t family)
{
	struct conn_cold *cold = conn_cold(table_of(self, family), conn);

	if (!(cold->flags & COLD_UNANSWERED))
		return;
	conn_unwatch(conn, cold, COLD_UNANSWERED);
	template_assure(self, cold->template);
}

void
conn_told(struct worker *self, struct conn *conn, uint32_t table)
{
	untold_remove(self, table, conn);
	conn_unwatch(conn, conn_cold(self->conns[table], conn), COLD_UNTOLD);
}

void
conn_untell(struct worker *self, struct conn *conn, uint32_t table)
{
	struct conn_cold *cold = conn_cold(self->conns[table], conn);

	untold_remove(self, table, conn);
	cold->shift = conn_shift_before(cold);
	cold->told.header = 0;
	cold->told.skipped = 0;
	cold->told.tries = 0;
	cold->flags &= ~(uint32_t)(COLD_HEARD | COLD_SPOKEN);
	conn_watch(conn, cold, COLD_UNTOLD);
}

void
conn_imagine(const struct dest *dest, const struct forward *forward, const struct flow *flow, const struct flow *reply,
	     struct conn *ret)
{
	struct flow to_client = flow_reversed(flow), to_server = flow_reversed(reply);

	memset(ret, 0, sizeof(*ret));
	ret->proto = flow->proto;
	ret->flags = forward->conn_flags;
	ret->dest = dest->id;
	set_key(ret, CONN_IN, flow);
	set_key(ret, CONN_OUT, reply);
	set_deltas(ret, CONN_IN, flow, &to_server);
	set_deltas(ret, CONN_OUT, reply, &to_client);
}

void
conn_once(struct worker *self, const struct dest *dest, const struct forward *forward, const struct flow *flow,
	  const struct flow *reply, struct conn *ret)
{
	conn_imagine(dest, forward, flow, reply, ret);
	self->loads[DEST_INDEX(dest->id)].connections++;
}

int
conn_open(struct worker *self, const struct service *svc, const struct dest *dest, const struct forward *forward,
	  const struct flow *flow, const struct flow *reply, uint32_t recycle, struct conn **ret)
{
	int err = conn_begin(self, svc, dest, forward, flow, ret);

	if (err < 0)
		return err;
	err = conn_complete(self, *ret, flow, reply, recycle);
	if (err < 0)
		conn_close(self, *ret, flow->family);
	return err;
}

void
conn_close(struct worker *self, struct conn *conn, uint16_t family)
{
	struct conn_table *table = table_of(self, family);
	struct dest_load *load = &self->loads[DEST_INDEX(conn->dest)];
	uint32_t dest = conn->dest;

	if (!(conn->flags & CONN_LEFT))
		unlink_key(self, table, conn, CONN_IN);
	if (!(conn->flags & (CONN_NO_OUTPUT | CONN_OPENING)))
		unlink_key(self, table, conn, CONN_OUT);
	if (conn->flags & CONN_PERSISTENT)
		template_unuse(self, conn_cold(table, conn)->template);
	if (conn->flags & CONN_WATCHED)
		untold_remove(self, family == AF_INET ? TABLE_IPV4 : TABLE_IPV6, conn);
	if (conn->flags & CONN_INACTIVE)
		load->inactive--;
	else
		load->active--;
	uncount_mapped(self, table, conn);
	conn_free(table, conn);
	self->counters.count[COUNT_CONNS]--;
	scheduler_load_changed(self, dest);
}

void
conn_leave(struct worker *self, struct conn *conn, uint16_t family)
{
	if (!(conn_cold(table_of(self, family), conn)->flags & COLD_LOCAL_PORT)) {
		conn_close(self, conn, family);
		return;
	}
	unlink_key(self, table_of(self, family), conn, CONN_IN);
	conn->flags |= CONN_LEFT;
}

void
conn_give_up(struct worker *self, struct conn *conn, uint16_t family)
{
	/* who keeps a local port keeps it as long as one that was closed */
	if (conn->proto == IPPROTO_TCP)
		conn_set_state(self, conn, TCP_TIME_WAIT_);
	conn_leave(self, conn, family);
	self->counters.count[COUNT_CONN_GIVEN_UP]++;
}

/* The table whose connection it is. */
static const struct conn_table *
table_with(const struct worker *self, const struct conn *conn)
{
	const struct conn_table *table = self->conns[TABLE_IPV4];
	const uint8_t *at = (const uint8_t *)conn;

	return at >= table->conns && at < table->conns + ((size_t)table->capacity << table->size_shift)
		       ? table
		       : self->conns[TABLE_IPV6];
}

/* In the spirit of RFC 5961. Windows are not followed, so what lies further than any usual one from what the other end
 * acknowledged last is doubted. Where that is not known (the handshake, and direct routing, whose servers' packets don't
 * pass here) a reset is believed, as in the kernel. */
bool
conn_doubts_reset(struct worker *self, const struct conn *conn, uint32_t direction, rte_be32_t sequence)
{
	uint32_t distance = rte_be_to_cpu_32(sequence) - rte_be_to_cpu_32(conn->last_ack[direction ^ 1]);

	if (conn->last_ack[direction ^ 1] == 0)
		return false;
	/* acknowledgements are kept in the server's numbers */
	if (direction == CONN_IN && (conn->flags & CONN_SHIFTED))
		distance += conn_cold(table_with(self, conn), conn)->shift;
	if (distance + RESET_WINDOW <= 2 * RESET_WINDOW)
		return false;
	self->counters.count[COUNT_RESET_DOUBTED]++;
	return true;
}

void
conn_set_state(struct worker *self, struct conn *conn, uint8_t state)
{
	struct dest_load *load = &self->loads[DEST_INDEX(conn->dest)];
	const struct protocol *protocol = protocol_by_number(conn->proto);
	bool active = protocol->active(state);

	conn->state = state;
	if (state == protocol->assured_state && state != 0 && (conn->flags & CONN_PERSISTENT))
		template_assure(self, conn_cold(table_with(self, conn), conn)->template);
	if (active == !(conn->flags & CONN_INACTIVE))
		return;
	load->active += active ? 1 : -1;
	load->inactive += active ? -1 : 1;
	conn->flags ^= CONN_INACTIVE;
	scheduler_load_changed(self, conn->dest);
}

/* How many connections are due for a look in this turn. What is more than a turn may take stays due for the next. */
static uint32_t
sweep_quota(const struct worker *self, struct conn_table *table)
{
	uint32_t elapsed = self->now_ms - table->sweep_ms, quota;
	uint64_t due = table->sweep_due;

	if (elapsed > 0)
		due += ((uint64_t)table->high * elapsed >> 10) + 1;
	if (due > table->high)
		due = table->high;
	quota = due < SWEEP_MAX ? (uint32_t)due : SWEEP_MAX;
	table->sweep_ms = self->now_ms;
	table->sweep_due = (uint32_t)due - quota;
	return quota;
}

enum finding { STAYS, TIMED_OUT, GIVEN_UP, DRAINED, TO_BE_RESET };

/* Whether it ends before its time, by a knob. */
static bool
is_given_up(struct worker *self, const struct conn *conn)
{
	return defence_drops_entry(self, conn) ||
	       (fetch(self->lb->knobs)->expire_nodest_conn && !dest_is_live(self->lb, conn->dest));
}

/* What its destination's rule says of a connection that has not timed out. One that is over ends in its own time: it may
 * hold a local port that the server still remembers. */
static enum finding
look_at_rule(const struct conn *conn, uint32_t rule)
{
	enum quiescent action = dest_rule_action(rule);

	if (action == QUIESCENT_KEEP || (conn->flags & CONN_LEFT) || protocol_by_number(conn->proto)->over(conn->state))
		return STAYS;
	return action == QUIESCENT_RESET && conn->proto == IPPROTO_TCP && (conn->last_ack[0] | conn->last_ack[1]) != 0
		       ? TO_BE_RESET
		       : DRAINED;
}

/* If it is to end its buckets are on their way. */
static enum finding
look_at(struct worker *self, const struct conn_table *table, const struct conn *conn, const struct timeouts *timeouts,
	const struct sweep_hooks *hooks)
{
	uint32_t idle = self->now_ms - conn->last_seen_ms, rule;
	enum finding finding;

	rte_prefetch0((const uint8_t *)conn + ((size_t)SWEEP_AHEAD << table->size_shift));
	if (conn->proto == 0)
		return STAYS;
	rule = dest_rule(self->lb, conn->dest);
	if (idle > dest_rule_timeout_ms(rule, timeouts, conn))
		finding = TIMED_OUT;
	else if (is_given_up(self, conn))
		finding = GIVEN_UP;
	else
		finding = rule != 0 ? look_at_rule(conn, rule) : STAYS;
	if (finding != STAYS && finding != TO_BE_RESET) {
		conn_prefetch_bucket(table, conn, CONN_IN);
		conn_prefetch_bucket(table, conn, CONN_OUT);
	} else if (idle <= 2 * SWEEP_PERIOD_MS) {
		hooks->used(self, conn->nexthop[CONN_IN]);
		if (!(conn->flags & CONN_NO_OUTPUT))
			hooks->used(self, conn->nexthop[CONN_OUT]);
	}
	return finding;
}

/* It stays for a while, as after a RST that passed here: so that what is still on its way between the two is. */
static void
reset(struct worker *self, struct conn *conn, uint16_t family, const struct sweep_hooks *hooks)
{
	hooks->reset(self, conn, family);
	conn_set_state(self, conn, TCP_CLOSE_);
	conn->last_seen_ms = self->now_ms;
}

/* Each is looked at once at most in a turn, so that none is found twice. */
void
conn_sweep(struct worker *self, uint16_t family, const struct sweep_hooks *hooks)
{
	struct conn_table *table = table_of(self, family);
	const struct timeouts *timeouts = fetch(self->lb->timeouts);
	struct conn *ended[SWEEP_BEHIND];
	uint32_t found = 0, closed = 0, drained = 0, given_up = 0, resets = 0;

	for (uint32_t left = sweep_quota(self, table); left > 0; left--) {
		struct conn *conn;
		enum finding finding;

		if (resets == RESETS_MAX) {
			table->sweep_due += left;
			break;
		}
		if (table->sweep >= table->high)
			table->sweep = 0;
		conn = conn_at(table, table->sweep++);
		finding = look_at(self, table, conn, timeouts, hooks);
		if (finding == STAYS)
			continue;
		if (finding == TO_BE_RESET) {
			reset(self, conn, family, hooks);
			resets++;
			continue;
		}
		drained += finding == DRAINED;
		given_up += finding == GIVEN_UP;
		if (found - closed == SWEEP_BEHIND)
			conn_close(self, ended[closed++ % SWEEP_BEHIND], family);
		ended[found++ % SWEEP_BEHIND] = conn;
	}
	while (closed < found)
		conn_close(self, ended[closed++ % SWEEP_BEHIND], family);
	self->counters.count[COUNT_CONN_EXPIRED] += closed - drained - given_up;
	self->counters.count[COUNT_CONN_GIVEN_UP] += given_up;
	self->counters.count[COUNT_CONN_DRAINED] += drained + resets;
}
