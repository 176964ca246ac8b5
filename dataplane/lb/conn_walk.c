/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See conn_walk.h.
 */
#include <errno.h>
#include <string.h>

#include "core/worker.h"
#include "lb/conn_table.h"
#include "lb/conn_walk.h"
#include "lb/dest_rule.h"
#include "lb/lb.h"

/* A connection that changes hands all the while is young each time: another walk will see it. */
#define COPY_TRIES 3

/* Whether number's place held one connection all the time, whose COPY this is. */
static bool
copy_conn(const struct conn_table *table, uint32_t number, struct conn *copy, struct conn_cold *ret_cold)
{
	const struct conn_cold *cold = &table->cold[number];

	for (int i = 0; i < COPY_TRIES; i++) {
		uint32_t version = __atomic_load_n(&cold->version, __ATOMIC_ACQUIRE);

		if ((version & 1) == 0)
			return false;
		memcpy(copy, conn_at(table, number), table->ipv6 ? sizeof(*copy) : CONN4_SIZE);
		*ret_cold = *cold;
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if (__atomic_load_n(&cold->version, __ATOMIC_RELAXED) == version)
			return true;
	}
	return false;
}

static void
flow_of_key(const struct conn *conn, enum conn_direction direction, bool ipv6, struct flow *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->proto = conn->proto;
	if (ipv6) {
		const struct conn_key6 *key = &conn->key6[direction];

		ret->family = AF_INET6;
		memcpy(ret->src.bytes, key->src, 16);
		memcpy(ret->dst.bytes, key->dst, 16);
		ret->sport = key->sport;
		ret->dport = key->dport;
		return;
	}
	ret->family = AF_INET;
	ret->src.v4 = conn->key4[direction].src;
	ret->dst.v4 = conn->key4[direction].dst;
	ret->sport = conn->key4[direction].sport;
	ret->dport = conn->key4[direction].dport;
}

/* Milliseconds since THEN by a worker's clock; a packet may have come after the clock was read. */
static uint32_t
since(uint32_t now_ms, uint32_t then_ms)
{
	int32_t elapsed = (int32_t)(now_ms - then_ms);

	return elapsed > 0 ? (uint32_t)elapsed : 0;
}

static void
fill_entry(const struct lb *lb, const struct worker *worker, bool ipv6, const struct conn *conn,
	   const struct conn_cold *cold, struct conn_entry *ret)
{
	uint32_t now_ms = __atomic_load_n(&worker->now_ms, __ATOMIC_RELAXED);
	uint32_t idle_ms = since(now_ms, conn->last_seen_ms);
	uint32_t timeout_ms = dest_rule_timeout_ms(dest_rule(lb, conn->dest), lb->timeouts, conn);

	flow_of_key(conn, CONN_IN, ipv6, &ret->client);
	flow_of_key(conn, CONN_OUT, ipv6, &ret->server);
	if (cold->flags & COLD_MAPPED) {
		ret->client = flow_plain(&ret->client);
		ret->server = flow_plain(&ret->server);
	}
	ret->dest = conn->dest;
	ret->worker = worker->index;
	ret->state = conn->state;
	ret->flags = conn->flags;
	ret->cold_flags = cold->flags;
	ret->packets = conn->packets;
	ret->expires_ms = timeout_ms > idle_ms ? timeout_ms - idle_ms : 0;
	ret->age_ms = since(now_ms, cold->created_ms);
	ret->idle_ms = idle_ms;
}

static void
fill_template(const struct worker *worker, const struct template_view *view, struct conn_entry *ret)
{
	memset(ret, 0, sizeof(*ret));
	ret->client = (struct flow){
		.src = view->key.client,
		.dst = view->key.service,
		.dport = view->key.port,
		.family = view->key.family,
		.proto = view->key.proto,
	};
	ret->dest = view->dest;
	ret->worker = worker->index;
	ret->expires_ms = view->expires_ms;
	ret->is_template = true;
	ret->assured = view->assured;
	ret->engine = view->engine;
	ret->data_length = view->key.data_length;
	memcpy(ret->data, view->data, view->key.data_length);
}

/* Number NUMBER of a table; false if there is none. */
static bool
read_conn(const struct lb *lb, const struct worker *worker, const struct conn_table *table, uint32_t number,
	  struct conn_entry *ret)
{
	struct conn_cold cold;
	struct conn conn;

	if (!copy_conn(table, number, &conn, &cold))
		return false;
	memset(ret, 0, offsetof(struct conn_entry, data));
	fill_entry(lb, worker, table->ipv6, &conn, &cold, ret);
	return true;
}

static bool
read_template(const struct worker *worker, uint32_t number, struct conn_entry *ret)
{
	struct template_view view;

	if (!template_read(worker, number, &view))
		return false;
	fill_template(worker, &view, ret);
	return true;
}

/* Numbers at and above this were never used. */
static uint32_t
high_of(const struct worker *worker, uint32_t table)
{
	if (table == TABLES)
		return worker->templates ? templates_high(worker->templates) : 0;
	return worker->conns[table] ? __atomic_load_n(&worker->conns[table]->high, __ATOMIC_RELAXED) : 0;
}

int
conn_walk_next(const struct lb *lb, struct conn_walk *walk, uint32_t *budget, struct conn_entry *ret)
{
	for (; walk->worker < lb->n_workers; walk->worker++, walk->table = 0) {
		const struct worker *worker = lb->workers[walk->worker];

		for (; walk->table <= TABLES; walk->table++, walk->number = 0) {
			uint32_t high = high_of(worker, walk->table);

			while (walk->number < high) {
				uint32_t number;

				if (*budget == 0)
					return -EAGAIN;
				--*budget;
				number = walk->number++;
				if (walk->table == TABLES
					    ? read_template(worker, number, ret)
					    : read_conn(lb, worker, worker->conns[walk->table], number, ret))
					return 1;
			}
		}
	}
	return 0;
}
