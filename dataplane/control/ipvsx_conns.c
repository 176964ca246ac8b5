/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The answer to IPVSX GET_CONNS: connections with all that the listing of Linux has no room for.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/ipvsx_family.h"
#include "control/proc_conns.h"
#include "lb/conn.h"
#include "netlink-shim/wire.h"

#define STATE_LENGTH 15

static const struct attr_policy conn_policy[IPVSX_CONN_ATTR_MAX + 1] = {
	[IPVSX_CONN_ATTR_PROTOCOL] = { ATTR_U8, 0 },
	[IPVSX_CONN_ATTR_CLIENT] = { ATTR_BINARY, 16 },
	[IPVSX_CONN_ATTR_CLIENT_PORT] = { ATTR_U16, 0 },
	[IPVSX_CONN_ATTR_VIRTUAL] = { ATTR_BINARY, 16 },
	[IPVSX_CONN_ATTR_VIRTUAL_PORT] = { ATTR_U16, 0 },
	[IPVSX_CONN_ATTR_LOCAL] = { ATTR_BINARY, 16 },
	[IPVSX_CONN_ATTR_LOCAL_PORT] = { ATTR_U16, 0 },
	[IPVSX_CONN_ATTR_SERVER] = { ATTR_BINARY, 16 },
	[IPVSX_CONN_ATTR_SERVER_PORT] = { ATTR_U16, 0 },
	[IPVSX_CONN_ATTR_WORKER] = { ATTR_U32, 0 },
	[IPVSX_CONN_ATTR_STATE] = { ATTR_STRING, STATE_LENGTH },
	[IPVSX_CONN_ATTR_EXPIRES] = { ATTR_U32, 0 },
	[IPVSX_CONN_ATTR_AGE] = { ATTR_U32, 0 },
	[IPVSX_CONN_ATTR_PACKETS] = { ATTR_U8, 0 },
};

/* What is listed of a connection, and what a filter names of it. */
struct conn_facts {
	struct ip_addr client, virtual, local, server; /* family 0: not there */
	rte_be16_t client_port, virtual_port, local_port, server_port;
	uint8_t protocol;
	char state[STATE_LENGTH + 1];
	uint32_t worker;
};

struct conns_dump {
	struct conn_walk walk;
	struct conn_facts filter;
	bool by_port[4], by_worker; /* client, virtual, local, server */
};

static int
parse_address(const struct nlattr *attr, struct ip_addr *ret)
{
	if (!attr)
		return 0;
	if (nla_len(attr) != 4 && nla_len(attr) != 16)
		return -EINVAL;
	ret->family = nla_len(attr) == 4 ? AF_INET : AF_INET6;
	memcpy(&ret->ip, nla_data(attr), (size_t)nla_len(attr));
	return 0;
}

static void
parse_port(const struct nlattr *attr, rte_be16_t *ret, bool *ret_given)
{
	*ret_given = attr != NULL;
	if (attr)
		*ret = attr_u16(attr);
}

static int
parse_filter(const struct nlattr *nest, struct conns_dump *conns)
{
	const struct nlattr *attrs[IPVSX_CONN_ATTR_MAX + 1];
	struct conn_facts *filter = &conns->filter;
	int err = attrs_parse_nest(attrs, IPVSX_CONN_ATTR_MAX, nest, conn_policy);

	if (err == 0)
		err = parse_address(attrs[IPVSX_CONN_ATTR_CLIENT], &filter->client);
	if (err == 0)
		err = parse_address(attrs[IPVSX_CONN_ATTR_VIRTUAL], &filter->virtual);
	if (err == 0)
		err = parse_address(attrs[IPVSX_CONN_ATTR_LOCAL], &filter->local);
	if (err == 0)
		err = parse_address(attrs[IPVSX_CONN_ATTR_SERVER], &filter->server);
	if (err < 0)
		return err;
	parse_port(attrs[IPVSX_CONN_ATTR_CLIENT_PORT], &filter->client_port, &conns->by_port[0]);
	parse_port(attrs[IPVSX_CONN_ATTR_VIRTUAL_PORT], &filter->virtual_port, &conns->by_port[1]);
	parse_port(attrs[IPVSX_CONN_ATTR_LOCAL_PORT], &filter->local_port, &conns->by_port[2]);
	parse_port(attrs[IPVSX_CONN_ATTR_SERVER_PORT], &filter->server_port, &conns->by_port[3]);
	if (attrs[IPVSX_CONN_ATTR_PROTOCOL])
		filter->protocol = attr_u8(attrs[IPVSX_CONN_ATTR_PROTOCOL]);
	if (attrs[IPVSX_CONN_ATTR_STATE])
		strcpy(filter->state, nla_data(attrs[IPVSX_CONN_ATTR_STATE]));
	conns->by_worker = attrs[IPVSX_CONN_ATTR_WORKER] != NULL;
	if (conns->by_worker)
		filter->worker = attr_u32(attrs[IPVSX_CONN_ATTR_WORKER]);
	return 0;
}

int
conns_dump_start(struct genl_dump *dump, struct genl_request *request)
{
	struct conns_dump *conns = calloc(1, sizeof(*conns));
	int err = conns ? 0 : -ENOMEM;

	if (err == 0 && request->attrs[IPVSX_ATTR_CONN])
		err = parse_filter(request->attrs[IPVSX_ATTR_CONN], conns);
	if (err < 0) {
		free(conns);
		return err;
	}
	dump->state = conns;
	return 0;
}

void
conns_dump_end(struct genl_dump *dump)
{
	free(dump->state);
}

static void
facts_of(const struct ipvs_model *model, const struct conn_entry *entry, struct conn_facts *ret)
{
	const struct flow *client = &entry->client;

	memset(ret, 0, sizeof(*ret));
	ret->protocol = client->proto;
	ret->client = (struct ip_addr){ .family = client->family, .ip = client->src };
	ret->client_port = client->sport;
	ret->virtual = (struct ip_addr){ .family = client->family, .ip = client->dst };
	ret->virtual_port = client->dport;
	if (entry->cold_flags & COLD_LOCAL_PORT) {
		ret->local = (struct ip_addr){ .family = entry->server.family, .ip = entry->server.dst };
		ret->local_port = entry->server.dport;
	}
	conn_server(model, entry, &ret->server, &ret->server_port);
	if (conn_is_snat(model, entry)) {
		/* It has no answers, whose address that would be. */
		if (entry->is_template)
			ret->local = ret->server;
		ret->server = ret->virtual;
		ret->server_port = ret->virtual_port;
	}
	strcpy(ret->state, conn_state_name(entry));
	ret->worker = entry->worker;
}

static bool
address_fits(const struct ip_addr *wanted, const struct ip_addr *addr)
{
	return wanted->family == 0 || ip_addr_equal(wanted, addr);
}

static bool
fits(const struct conns_dump *conns, const struct conn_facts *facts)
{
	const struct conn_facts *filter = &conns->filter;

	return address_fits(&filter->client, &facts->client) && address_fits(&filter->virtual, &facts->virtual) &&
	       address_fits(&filter->local, &facts->local) && address_fits(&filter->server, &facts->server) &&
	       (!conns->by_port[0] || filter->client_port == facts->client_port) &&
	       (!conns->by_port[1] || filter->virtual_port == facts->virtual_port) &&
	       (!conns->by_port[2] || filter->local_port == facts->local_port) &&
	       (!conns->by_port[3] || filter->server_port == facts->server_port) &&
	       (filter->protocol == 0 || filter->protocol == facts->protocol) &&
	       (filter->state[0] == '\0' || strcmp(filter->state, facts->state) == 0) &&
	       (!conns->by_worker || filter->worker == facts->worker);
}

static bool
put_end(struct nl_msg *msg, int type, const struct ip_addr *addr, rte_be16_t port)
{
	return nla_put(msg, type, addr->family == AF_INET ? 4 : 16, &addr->ip) == 0 &&
	       nla_put_u16(msg, type + 1, port) == 0; /* the port's attribute follows the address's (wire.h) */
}

static int
put_conn(struct nl_msg *msg, const struct conn_facts *facts, const struct conn_entry *entry)
{
	struct nlattr *nest = attr_nest_begin(msg, IPVSX_ATTR_CONN);

	if (!nest || nla_put_u8(msg, IPVSX_CONN_ATTR_PROTOCOL, facts->protocol) < 0 ||
	    !put_end(msg, IPVSX_CONN_ATTR_CLIENT, &facts->client, facts->client_port) ||
	    !put_end(msg, IPVSX_CONN_ATTR_VIRTUAL, &facts->virtual, facts->virtual_port) ||
	    (facts->local.family != 0 && !put_end(msg, IPVSX_CONN_ATTR_LOCAL, &facts->local, facts->local_port)) ||
	    !put_end(msg, IPVSX_CONN_ATTR_SERVER, &facts->server, facts->server_port) ||
	    nla_put_string(msg, IPVSX_CONN_ATTR_STATE, facts->state) < 0 ||
	    nla_put_u32(msg, IPVSX_CONN_ATTR_WORKER, facts->worker) < 0 ||
	    nla_put_u32(msg, IPVSX_CONN_ATTR_EXPIRES, entry->expires_ms) < 0 ||
	    nla_put_u32(msg, IPVSX_CONN_ATTR_AGE, entry->age_ms) < 0 ||
	    nla_put_u8(msg, IPVSX_CONN_ATTR_PACKETS, entry->packets) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 1;
}

int
conns_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	const struct ipvsx *ipvsx = dump->context;
	struct conns_dump *conns = dump->state;

	while (dump->work < CONN_WALK_A_TURN) {
		uint32_t budget = CONN_WALK_A_TURN - dump->work;
		struct conn_entry entry;
		struct conn_facts facts;
		int got = conn_walk_next(ipvsx->model->lb, &conns->walk, &budget, &entry);

		dump->work = CONN_WALK_A_TURN - budget;
		if (got == 0)
			return 0;
		if (got < 0)
			break;
		dump->cost_ns += conn_read_cost_ns(&entry);
		facts_of(ipvsx->model, &entry, &facts);
		if (fits(conns, &facts))
			return put_conn(msg, &facts, &entry);
	}
	return GENL_DUMP_PAUSE;
}
