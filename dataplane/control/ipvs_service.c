/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVS commands about services: ip_vs_genl_parse_service() and ip_vs_genl_fill_service() of the kernel.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "control/ipvs_family.h"
#include "lb/client_address.h"
#include "lb/lb.h"
#include "lb/persistence.h"

static const struct attr_policy service_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = { ATTR_U16, 0 },
	[IPVS_SVC_ATTR_PROTOCOL] = { ATTR_U16, 0 },
	[IPVS_SVC_ATTR_ADDR] = { ATTR_BINARY, sizeof(union ip_bits) },
	[IPVS_SVC_ATTR_PORT] = { ATTR_U16, 0 },
	[IPVS_SVC_ATTR_FWMARK] = { ATTR_U32, 0 },
	[IPVS_SVC_ATTR_SCHED_NAME] = { ATTR_STRING, IP_VS_SCHEDNAME_MAXLEN - 1 },
	[IPVS_SVC_ATTR_FLAGS] = { ATTR_BINARY, sizeof(struct ip_vs_flags) },
	[IPVS_SVC_ATTR_TIMEOUT] = { ATTR_U32, 0 },
	[IPVS_SVC_ATTR_NETMASK] = { ATTR_U32, 0 },
	[IPVS_SVC_ATTR_STATS] = { ATTR_NEST, 0 },
	[IPVS_SVC_ATTR_PE_NAME] = { ATTR_STRING, IP_VS_PENAME_MAXLEN },
};

static void
parse_key_fields(const struct nlattr **attrs, struct ipvs_key *key)
{
	if (attrs[IPVS_SVC_ATTR_FWMARK]) {
		key->protocol = IPPROTO_TCP;
		key->fwmark = attr_u32(attrs[IPVS_SVC_ATTR_FWMARK]);
		return;
	}
	key->protocol = attr_u16(attrs[IPVS_SVC_ATTR_PROTOCOL]);
	/* of an IPv4 address only four bytes count, whatever follows */
	attr_copy(&key->addr, attrs[IPVS_SVC_ATTR_ADDR], key->family == AF_INET ? 4 : 16);
	key->port = attr_u16(attrs[IPVS_SVC_ATTR_PORT]);
}

int
service_parse_key(const struct ipvs_model *model, const struct nlattr *nest, const struct nlattr **attrs,
		  struct ipvs_key *ret_key, struct ipvs_service **ret)
{
	int err = attrs_parse_nest(attrs, IPVS_SVC_ATTR_MAX, nest, service_policy);

	if (err < 0)
		return err;
	if (!attrs[IPVS_SVC_ATTR_AF])
		return -EINVAL;
	if (!attrs[IPVS_SVC_ATTR_FWMARK] &&
	    !(attrs[IPVS_SVC_ATTR_PORT] && attrs[IPVS_SVC_ATTR_PROTOCOL] && attrs[IPVS_SVC_ATTR_ADDR]))
		return -EINVAL;
	memset(ret_key, 0, sizeof(*ret_key));
	ret_key->family = attr_u16(attrs[IPVS_SVC_ATTR_AF]);
	if (ret_key->family != AF_INET && ret_key->family != AF_INET6)
		return -EAFNOSUPPORT;
	parse_key_fields(attrs, ret_key);
	*ret = ipvs_service_find(model, ret_key);
	return 0;
}

int
service_of_request(const struct ipvs_model *model, const struct genl_request *request, struct ipvs_service **ret)
{
	const struct nlattr *attrs[IPVS_SVC_ATTR_MAX + 1];
	struct ipvs_key key;
	int err = service_parse_key(model, request->attrs[IPVS_CMD_ATTR_SERVICE], attrs, &key, ret);

	if (err < 0)
		return err;
	return *ret ? 0 : -ESRCH;
}

/* Names what both NEW and SET need: key and all settings. The strings of SETUP point into the request. */
static int
parse_full(struct ipvs_model *model, struct genl_request *request, struct ipvs_key *key,
	   struct ipvs_service_setup *setup, struct ipvs_service **ret)
{
	const struct nlattr *attrs[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags;
	int err = service_parse_key(model, request->attrs[IPVS_CMD_ATTR_SERVICE], attrs, key, ret);

	if (err < 0)
		return err;
	if (!attrs[IPVS_SVC_ATTR_SCHED_NAME] || !attrs[IPVS_SVC_ATTR_FLAGS] || !attrs[IPVS_SVC_ATTR_TIMEOUT] ||
	    !attrs[IPVS_SVC_ATTR_NETMASK])
		return -EINVAL;
	attr_copy(&flags, attrs[IPVS_SVC_ATTR_FLAGS], sizeof(flags));
	*setup = (struct ipvs_service_setup){
		.scheduler = nla_data(attrs[IPVS_SVC_ATTR_SCHED_NAME]),
		.flags = ((*ret ? (*ret)->flags : 0) & ~flags.mask) | (flags.flags & flags.mask),
		.timeout_s = attr_u32(attrs[IPVS_SVC_ATTR_TIMEOUT]),
		.netmask = attr_u32(attrs[IPVS_SVC_ATTR_NETMASK]),
	};
	if (attrs[IPVS_SVC_ATTR_PE_NAME])
		setup->persistence_engine = nla_data(attrs[IPVS_SVC_ATTR_PE_NAME]);
	if (*ret) {
		setup->options = (*ret)->options;
		setup->match = (*ret)->match;
	}
	if (request->session->extended)
		err = service_options_parse(model, request->attrs[IPVS_CMD_ATTR_SERVICE], key, setup, &request->bad);
	/* Without a connection nothing remembers whether the server has been told. */
	if (err == 0 && (setup->flags & IP_VS_SVC_F_ONEPACKET) && setup->options.client_address != CLIENT_ADDRESS_NONE)
		err = -EINVAL;
	return err;
}

void
ipvs_service_named(const struct genl_request *request, struct ipvs_service *service)
{
	service->unconfirmed = false;
	if (request->session->pushes)
		service->pusher = request->session->pid;
}

int
service_new_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service_setup setup;
	struct ipvs_service *service;
	struct ipvs_key key;
	int err = parse_full(model, request, &key, &setup, &service);

	if (err < 0)
		return err;
	if (service)
		err = -EEXIST;
	else
		err = ipvs_service_add(model, &key, &setup, &service);
	if (err == 0 || err == -EEXIST)
		ipvs_service_named(request, service);
	return err;
}

int
service_set_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service_setup setup;
	struct ipvs_service *service;
	struct ipvs_key key;
	int err = parse_full(model, request, &key, &setup, &service);

	if (err < 0)
		return err;
	if (!service)
		return -ESRCH;
	ipvs_service_named(request, service);
	return ipvs_service_edit(model, service, &setup);
}

int
service_del_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service *service;
	int err = service_of_request(model, request, &service);

	if (err < 0)
		return err;
	ipvs_service_remove(model, service);
	return 0;
}

static int
put_key(struct nl_msg *msg, const struct ipvs_key *key)
{
	if (nla_put_u16(msg, IPVS_SVC_ATTR_AF, key->family) < 0)
		return -EMSGSIZE;
	if (key->fwmark)
		return nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, key->fwmark) < 0 ? -EMSGSIZE : 0;
	if (nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, key->protocol) < 0 ||
	    nla_put(msg, IPVS_SVC_ATTR_ADDR, sizeof(key->addr), &key->addr) < 0 ||
	    nla_put_u16(msg, IPVS_SVC_ATTR_PORT, key->port) < 0)
		return -EMSGSIZE;
	return 0;
}

/* How many of its destinations are counting packets just now; -EMSGSIZE. */
static int
put_service(const struct ipvs_model *model, const struct ipvs_service *service, const struct genl_session *session,
	    struct nl_msg *msg)
{
	struct ip_vs_flags flags = { .flags = service->flags, .mask = ~0u };
	struct nlattr *nest = attr_nest_begin(msg, IPVS_CMD_ATTR_SERVICE);
	const char *scheduler = service->scheduler ? scheduler_name(service->scheduler) : "none";
	struct ipvs_stats counts;
	struct ipvs_rates rates;
	uint32_t moved;
	int err;

	if (!nest || put_key(msg, &service->key) < 0 || nla_put_string(msg, IPVS_SVC_ATTR_SCHED_NAME, scheduler) < 0 ||
	    (service->engine && nla_put_string(msg, IPVS_SVC_ATTR_PE_NAME, service->engine->name) < 0) ||
	    nla_put(msg, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags) < 0 ||
	    nla_put_u32(msg, IPVS_SVC_ATTR_TIMEOUT, service->timeout_s) < 0 ||
	    nla_put_u32(msg, IPVS_SVC_ATTR_NETMASK, service->netmask) < 0 ||
	    (session->extended && service_options_put(msg, service) < 0))
		return -EMSGSIZE;
	moved = ipvs_service_stats(model, service, &counts, &rates);
	err = ipvs_stats_put(msg, IPVS_SVC_ATTR_STATS, IPVS_SVC_ATTR_STATS64, &counts, &rates);
	if (err < 0)
		return err;
	nla_nest_end(msg, nest);
	return (int)moved;
}

struct service_answer {
	const struct ipvs_model *model;
	const struct ipvs_service *service;
	const struct genl_session *session;
};

static int
fill_answer(void *object, struct nl_msg *msg)
{
	const struct service_answer *answer = object;
	int got = put_service(answer->model, answer->service, answer->session, msg);

	return got < 0 ? got : 0;
}

int
service_get_cmd(void *context, struct genl_request *request)
{
	struct service_answer answer = { .model = context, .session = request->session };
	struct ipvs_service *service;
	int err = service_of_request(context, request, &service);

	if (err < 0)
		return err;
	answer.service = service;
	return genl_reply(request, fill_answer, &answer);
}

int
service_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	struct ipvs_model *model = dump->context;
	struct ipvs_service *service = ipvs_service_next(model, &dump->position);
	int got;

	if (!service)
		return 0;
	got = put_service(model, service, dump->session, msg);
	if (got < 0)
		return got;
	dump->cost_ns += (uint32_t)got * READ_SUM_NS;
	return 1;
}
