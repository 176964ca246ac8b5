/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Local ports come from lists sorted by what they contribute to the RSS hash (port/steering.h): for a slot of the
 * indirection table that is this worker's, any member of one list will do. Within a list the choice goes round, so
 * that the port that was free longest comes first; whether it is taken, the connection table knows. When only closed
 * connections (TIME_WAIT at a server that closed first) stand in the way, the oldest met gives its place.
 */
#include <string.h>

#include "core/random.h"
#include "core/worker.h"
#include "lb/conn_table.h"
#include "lb/laddr.h"
#include "lb/laddr_groups_index.h"
#include "lb/lb.h"
#include "port/steering.h"

/* Ports looked at for one connection and address, and addresses tried, before it is refused. */
#define PROBES_MAX 2048
#define ADDRESSES_TRIED 4
#define RECYCLE_AFTER 64 /* free ports are looked for so long before a closed connection is taken */

/* Ascending list: the first member that is not below PORT. No list stands for that of all ports. */
static uint32_t
lower_bound(const uint16_t *list, uint32_t n, uint16_t port)
{
	uint32_t first = 0;

	if (!list)
		return port;
	while (n > 0) {
		uint32_t half = n / 2;

		if (list[first + half] < port) {
			first += half + 1;
			n -= half + 1;
		} else {
			n = half;
		}
	}
	return first;
}

struct search {
	struct worker *self;
	const struct conn_table *table;
	const struct laddr_group *group;
	struct flow *reply; /* as it is on the wire */
	bool mapped; /* the connection will have it with mapped addresses */
	bool unseen; /* any port will do, taken or not */
	uint32_t probes;
	uint32_t oldest; /* value of the closed connection that ended first, CONN_NONE if none was met */
	uint32_t oldest_age_ms;
};

/* Whether a connection of the other family's table has it; only its own table's are recycled. */
static bool
is_taken_elsewhere(const struct search *search)
{
	const struct worker *self = search->self;
	struct flow mapped;

	if (search->reply->family != AF_INET || (!search->mapped && self->mapped_conns == 0))
		return false;
	if (search->mapped)
		return conn_find_flow(self->conns[TABLE_IPV4], search->reply) != CONN_NONE;
	mapped = flow_mapped(search->reply);
	return conn_find_flow(self->conns[TABLE_IPV6], &mapped) != CONN_NONE;
}

/* In the table that the new connection will be in. */
static uint32_t
conn_of_reply(const struct search *search)
{
	struct flow mapped;

	if (!search->mapped)
		return conn_find_flow(search->table, search->reply);
	mapped = flow_mapped(search->reply);
	return conn_find_flow(search->table, &mapped);
}

static bool
port_is_free(struct search *search, uint16_t port)
{
	const struct conn *conn;
	uint32_t value, age;

	search->reply->dport = rte_cpu_to_be_16(port);
	if (search->unseen)
		return true;
	if (is_taken_elsewhere(search))
		return false;
	value = conn_of_reply(search);
	if (value == CONN_NONE)
		return true;
	conn = conn_at(search->table, CONN_NUMBER(value));
	age = search->self->now_ms - conn->last_seen_ms;
	if (protocol_by_number(conn->proto)->over(conn->state) &&
	    (search->oldest == CONN_NONE || age > search->oldest_age_ms)) {
		search->oldest = value;
		search->oldest_age_ms = age;
	}
	return false;
}

/* Goes round one list from where the worker stands; 0 if no port of it is free. The next search goes on where this one
 * gave up: however many ports in a row are taken, it is beyond them after a few. */
static uint16_t
free_port(struct search *search, const uint16_t *list, uint32_t n)
{
	uint32_t from = lower_bound(list, n, search->group->first_port);
	uint32_t end = search->group->last_port == UINT16_MAX
			       ? n
			       : lower_bound(list, n, (uint16_t)(search->group->last_port + 1));
	uint32_t at = lower_bound(list, n, search->self->laddr_cursor);

	if (from >= end)
		return 0;
	if (at < from || at >= end)
		at = from;
	for (uint32_t tried = 0; tried < end - from && search->probes < PROBES_MAX; tried++, search->probes++) {
		uint16_t port = list ? list[at] : (uint16_t)at;

		if (++at == end)
			at = from;
		if (port != 0 && port_is_free(search, port)) {
			search->self->laddr_cursor = (uint16_t)(port + 1);
			return port;
		}
		if (search->probes >= RECYCLE_AFTER && search->oldest != CONN_NONE)
			return 0;
	}
	if (search->probes >= PROBES_MAX)
		search->self->laddr_cursor = list ? list[at] : (uint16_t)at;
	return 0;
}

/* Tries the lists of all slots that are this worker's, beginning at a random one. */
static uint16_t
search_slots(struct search *search)
{
	const struct steering *steering = search->self->steering;
	const struct steering_ports *lists = steering_ports(steering, search->reply->family);
	uint32_t mask = steering->reta_size - 1u, start, hash;

	search->reply->dport = 0;
	hash = steering_hash(steering, search->reply);
	start = random_next(search->self) & mask;
	for (uint32_t i = 0; i <= mask && search->probes < PROBES_MAX; i++) {
		uint32_t slot = (start + i) & mask, list = (slot ^ hash) & mask;
		uint16_t port;

		if (steering->reta[slot] != search->self->index)
			continue;
		port = free_port(search, &lists->ports[lists->first[list]],
				 lists->first[list + 1] - lists->first[list]);
		if (port != 0)
			return port;
		if (search->probes >= RECYCLE_AFTER && search->oldest != CONN_NONE)
			return 0;
	}
	return 0;
}

static void
take_oldest(const struct search *search)
{
	const struct conn *conn = conn_at(search->table, CONN_NUMBER(search->oldest));

	if (search->mapped) {
		memcpy(&search->reply->dst.v4, conn->key6[CONN_OUT].dst + 12, 4);
		search->reply->dport = conn->key6[CONN_OUT].dport;
	} else if (search->table->ipv6) {
		memcpy(search->reply->dst.bytes, conn->key6[CONN_OUT].dst, 16);
		search->reply->dport = conn->key6[CONN_OUT].dport;
	} else {
		search->reply->dst.v4 = conn->key4[CONN_OUT].dst;
		search->reply->dport = conn->key4[CONN_OUT].dport;
	}
}

/* A port of the address that REPLY has; false: none is free. */
static bool
search_ports(struct search *search)
{
	search->probes = 0;
	return (search->self->n_workers == 1 ? free_port(search, NULL, 65536) : search_slots(search)) != 0;
}

static int
search_address(struct search *search, const struct service *svc, uint8_t port, const struct ip_addr *address)
{
	search->group = laddrs_group_with(fetch(search->self->lb->laddrs), svc, port, address);
	if (!search->group)
		return -DROP_NO_LADDR;
	search->reply->dst = address->ip;
	return search_ports(search) ? 0 : -DROP_NO_LOCAL_PORT;
}

/* From a random address of those that may be used on. */
static int
search_addresses(struct search *search, const struct service *svc, uint8_t port)
{
	struct worker *self = search->self;
	const struct laddrs *laddrs = fetch(self->lb->laddrs);
	struct flow *reply = search->reply;
	uint32_t total = laddrs_count(laddrs, svc, port, reply->family), start;

	if (total == 0)
		return -DROP_NO_LADDR;
	start = (uint32_t)random_below(self, total);
	for (uint32_t tried = 0; tried < total && tried < ADDRESSES_TRIED && search->oldest == CONN_NONE; tried++) {
		uint32_t n = start + tried < total ? start + tried : start + tried - total;

		reply->dst = laddrs_nth(laddrs, svc, port, reply->family, n, &search->group)->ip;
		if (search_ports(search))
			return 0;
	}
	return -DROP_NO_LOCAL_PORT;
}

static struct search
search_begin(struct worker *self, struct flow *reply, bool mapped)
{
	return (struct search){
		.self = self,
		.table = self->conns[reply->family == AF_INET && !mapped ? TABLE_IPV4 : TABLE_IPV6],
		.mapped = mapped,
		.reply = reply,
		.oldest = CONN_NONE,
	};
}

/* The search goes by the reply as it is on the wire: addresses, and slots of ports, are those of its family.
 * RET's oldest is the one whose port was taken, if no free one was found. */
static int
search_for(struct worker *self, const struct service *svc, uint8_t port, struct flow *reply, bool unseen,
	   const struct ip_addr *address, struct search *ret)
{
	const bool mapped = reply->family == AF_INET6 && ip6_is_mapped(&reply->src);
	int err;

	if (mapped)
		*reply = (struct flow){
			.src = ip_addr_plain(AF_INET6, &reply->src).ip,
			.sport = reply->sport,
			.family = AF_INET,
			.proto = reply->proto,
		};
	*ret = search_begin(self, reply, mapped);
	ret->unseen = unseen;
	err = address ? search_address(ret, svc, port, address) : search_addresses(ret, svc, port);
	if (err == -DROP_NO_LOCAL_PORT && ret->oldest != CONN_NONE) {
		take_oldest(ret);
		err = 0;
	} else {
		ret->oldest = CONN_NONE;
	}
	if (mapped)
		*reply = flow_mapped(reply);
	return err;
}

int
laddr_propose(struct worker *self, const struct service *svc, uint8_t port, const struct ip_addr *address,
	      struct flow *reply)
{
	struct search search;

	return search_for(self, svc, port, reply, true, address, &search);
}

int
laddr_choose(struct worker *self, const struct service *svc, uint8_t port, const struct ip_addr *address,
	     struct flow *reply, uint32_t *ret_recycle)
{
	struct search search;
	int err = search_for(self, svc, port, reply, false, address, &search);

	*ret_recycle = search.oldest;
	return err;
}
