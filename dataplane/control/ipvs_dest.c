/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVS commands about destinations: ip_vs_genl_parse_dest(), ip_vs_genl_fill_dest() and the checks of
 * ip_vs_genl_set_cmd() of the kernel.
 *
 * Full-NAT and SNAT are forwarding methods that Linux has no names for. Clients that did not announce in their hello that
 * they know them see them as masquerading, because stock ipvsadm prints "(null)" for them. So that such a client can
 * change a weight without changing the method, SET_DEST with masquerading leaves them alone. NEW_DEST makes what it says:
 * what `ipvsadm -S` showed as masquerading comes back as masquerading from `ipvsadm -R` into an empty table.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/ipvs_family.h"
#include "core/log.h"

static const struct attr_policy dest_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_ADDR] = { ATTR_BINARY, sizeof(union ip_bits) },
	[IPVS_DEST_ATTR_PORT] = { ATTR_U16, 0 },
	[IPVS_DEST_ATTR_FWD_METHOD] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_WEIGHT] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_U_THRESH] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_L_THRESH] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_ACTIVE_CONNS] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_INACT_CONNS] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_PERSIST_CONNS] = { ATTR_U32, 0 },
	[IPVS_DEST_ATTR_STATS] = { ATTR_NEST, 0 },
	[IPVS_DEST_ATTR_ADDR_FAMILY] = { ATTR_U16, 0 },
	[IPVS_DEST_ATTR_TUN_TYPE] = { ATTR_U8, 0 },
	[IPVS_DEST_ATTR_TUN_PORT] = { ATTR_U16, 0 },
	[IPVS_DEST_ATTR_TUN_FLAGS] = { ATTR_U16, 0 },
};

static int
parse_settings(const struct nlattr **attrs, struct dest *spec)
{
	if (!attrs[IPVS_DEST_ATTR_FWD_METHOD] || !attrs[IPVS_DEST_ATTR_WEIGHT] || !attrs[IPVS_DEST_ATTR_U_THRESH] ||
	    !attrs[IPVS_DEST_ATTR_L_THRESH])
		return -EINVAL;
	spec->forward = attr_u32(attrs[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	spec->weight = (int32_t)attr_u32(attrs[IPVS_DEST_ATTR_WEIGHT]);
	spec->upper = attr_u32(attrs[IPVS_DEST_ATTR_U_THRESH]);
	spec->lower = attr_u32(attrs[IPVS_DEST_ATTR_L_THRESH]);
	if (attrs[IPVS_DEST_ATTR_TUN_TYPE])
		spec->tunnel_type = attr_u8(attrs[IPVS_DEST_ATTR_TUN_TYPE]);
	if (attrs[IPVS_DEST_ATTR_TUN_PORT])
		spec->tunnel_port = attr_u16(attrs[IPVS_DEST_ATTR_TUN_PORT]);
	if (attrs[IPVS_DEST_ATTR_TUN_FLAGS])
		spec->tunnel_flags = attr_u16(attrs[IPVS_DEST_ATTR_TUN_FLAGS]);
	return 0;
}

static int
parse_dest(const struct nlattr *nest, bool full, uint16_t family, struct dest *spec)
{
	const struct nlattr *attrs[IPVS_DEST_ATTR_MAX + 1];
	int err = attrs_parse_nest(attrs, IPVS_DEST_ATTR_MAX, nest, dest_policy);

	if (err < 0)
		return err;
	if (!attrs[IPVS_DEST_ATTR_ADDR] || !attrs[IPVS_DEST_ATTR_PORT])
		return -EINVAL;
	memset(spec, 0, sizeof(*spec));
	spec->port = attr_u16(attrs[IPVS_DEST_ATTR_PORT]);
	if (attrs[IPVS_DEST_ATTR_ADDR_FAMILY])
		spec->addr.family = attr_u16(attrs[IPVS_DEST_ATTR_ADDR_FAMILY]);
	if (full) {
		err = parse_settings(attrs, spec);
		if (err < 0)
			return err;
	}
	if (spec->addr.family == 0)
		spec->addr.family = family;
	if (spec->addr.family != AF_INET && spec->addr.family != AF_INET6)
		return -EAFNOSUPPORT;
	attr_copy(&spec->addr.ip, attrs[IPVS_DEST_ATTR_ADDR], spec->addr.family == AF_INET ? 4 : 16);
	return 0;
}

static bool
sync_runs(const struct ipvs_model *model)
{
	return model->daemons[DAEMON_MASTER].running || model->daemons[DAEMON_BACKUP].running;
}

/* Whether a destination may be of the family that it is of. Another one than its service's: with tunnels, as in the kernel,
 * and with full-NAT where packets can be translated. A service of a mark has no protocol; its other ones are dropped packet by
 * packet. Synchronisation has no messages for other families. */
static int
check_family(const struct ipvs_model *model, const struct ipvs_key *key, const struct dest *spec)
{
	if (spec->addr.family == key->family)
		return 0;
	if (sync_runs(model))
		return -EINVAL;
	if (spec->forward == FORWARD_TUNNEL)
		return 0;
	return spec->forward == FORWARD_FULLNAT &&
			       (key->fwmark != 0 || key->protocol == IPPROTO_TCP || key->protocol == IPPROTO_UDP)
		       ? 0
		       : -EINVAL;
}

/* The service and the destination that REQUEST names; FULL: with all settings. */
static int
parse_request(const struct ipvs_model *model, struct genl_request *request, bool full, struct ipvs_service **ret,
	      struct dest *spec)
{
	int err = service_of_request(model, request, ret);

	if (err == 0)
		err = parse_dest(request->attrs[IPVS_CMD_ATTR_DEST], full, (*ret)->key.family, spec);
	if (err < 0)
		return err;
	if (request->session->extended)
		return 0;
	/* A kernel takes any number as a method, but not one that is no tunnel for another family. */
	if (spec->forward == FORWARD_FULLNAT && spec->addr.family != (*ret)->key.family)
		return -EINVAL;
	if (model->masquerade_is_fullnat && spec->forward == FORWARD_NAT)
		spec->forward = FORWARD_FULLNAT;
	return 0;
}

/* Shown as masquerading to who doesn't know it. */
static bool
is_unknown_to(const struct genl_session *session, uint8_t forward)
{
	return !session->extended && (forward == FORWARD_FULLNAT || forward == FORWARD_SNAT);
}

/* What such a client says of a destination that it sees as masquerading. */
static bool
says_masquerading(const struct ipvs_model *model, const struct dest *spec)
{
	return spec->forward == FORWARD_NAT || (model->masquerade_is_fullnat && spec->forward == FORWARD_FULLNAT);
}

static const char *
method_name(uint8_t forward)
{
	return forward == FORWARD_SNAT ? "SNAT" : forward == FORWARD_FULLNAT ? "full-NAT" : "masquerading";
}

/* SPEC is added by who could not know that it was of method FORMER. */
static void
warn_of_lost_method(const struct dest *spec, uint8_t former)
{
	char address[INET6_ADDRSTRLEN] = "?";

	inet_ntop(spec->addr.family, &spec->addr.ip, address, sizeof(address));
	log_warning("ipvs",
		    "destination %s port %u was %s and is added again as %s by a client that doesn't know %s: use a "
		    "patched client to add it",
		    address, rte_be_to_cpu_16(spec->port), method_name(former), method_name(spec->forward),
		    method_name(former));
}

/* A destination of SNAT is a local address by which what a mark says goes out. The kernel takes any number as a method, and
 * so does this from who doesn't know the method: such a destination gets no local port. */
static int
check_snat(const struct ipvs_model *model, const struct ipvs_service *service, const struct dest *spec)
{
	char address[INET6_ADDRSTRLEN] = "?";

	if (spec->forward == FORWARD_SNAT && service->key.fwmark == 0) {
		log_warning("ipvs", "SNAT is for services by mark (ipvsadm -f), with marks in ipvsd.conf");
		return -EOPNOTSUPP;
	}
	/* Where packets go that it has no destination for, and those that are sent to us, is one question with one answer. */
	if (service->n_dests > 0 && service->is_gateway != (spec->forward == FORWARD_SNAT)) {
		log_warning("ipvs",
			    "the service of mark %u can't have destinations of SNAT and of other methods at once",
			    service->key.fwmark);
		return -EINVAL;
	}
	if (spec->forward != FORWARD_SNAT)
		return 0;
	if (spec->port != 0) {
		log_warning("ipvs", "a destination of SNAT has port 0: local ports are the group's");
		return -EINVAL;
	}
	if (model->is_laddr && model->is_laddr(model->is_laddr_arg, &spec->addr))
		return 0;
	inet_ntop(spec->addr.family, &spec->addr.ip, address, sizeof(address));
	log_warning("ipvs", "%s can't be a destination of SNAT: it is in no group of local_addresses", address);
	return -EADDRNOTAVAIL;
}

static void
dest_named(const struct genl_request *request, struct ipvs_dest *dest)
{
	dest->unconfirmed = false;
	if (request->session->pushes)
		dest->pusher = request->session->pid;
}

int
dest_new_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service *service;
	struct ipvs_dest *dest, *former;
	uint8_t former_method = FORWARD_NAT;
	struct dest spec;
	bool lost;
	int err = parse_request(model, request, true, &service, &spec);

	if (err == 0)
		err = check_family(model, &service->key, &spec);
	if (err == 0 && request->session->extended)
		err = check_snat(model, service, &spec);
	if (err < 0)
		return err;
	ipvs_service_named(request, service);
	former = ipvs_dest_in_trash(model, service, &spec.addr, spec.port);
	if (former)
		former_method = former->spec.forward;
	lost = is_unknown_to(request->session, former_method) && says_masquerading(model, &spec) &&
	       spec.forward != former_method;
	err = ipvs_dest_add(model, service, &spec, &dest);
	if (err == -EEXIST)
		dest = ipvs_dest_find(model, service, &spec.addr, spec.port);
	if (err == 0 || err == -EEXIST)
		dest_named(request, dest);
	if (err == 0 && lost)
		warn_of_lost_method(&spec, former_method);
	return err;
}

int
dest_set_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_dest *dest;
	struct ipvs_service *service;
	struct dest spec;
	int err = parse_request(model, request, true, &service, &spec);

	if (err < 0)
		return err;
	dest = ipvs_dest_find(model, service, &spec.addr, spec.port);
	if (dest && is_unknown_to(request->session, dest->spec.forward) && says_masquerading(model, &spec))
		spec.forward = dest->spec.forward;
	err = check_family(model, &service->key, &spec);
	if (err < 0)
		return err;
	ipvs_service_named(request, service);
	if (dest)
		dest_named(request, dest);
	return ipvs_dest_edit(model, service, &spec);
}

int
dest_del_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service *service;
	struct dest spec;
	int err = parse_request(model, request, false, &service, &spec);

	return err < 0 ? err : ipvs_dest_remove(model, service, &spec.addr, spec.port);
}

/* As in the kernel a service that isn't there has no destinations, which is no error. */
int
dest_dump_start(struct genl_dump *dump, struct genl_request *request)
{
	struct ipvs_cursor *cursor;
	struct ipvs_service *service;

	if (service_of_request(dump->context, request, &service) < 0)
		return 0;
	cursor = calloc(1, sizeof(*cursor));
	if (!cursor)
		return -ENOMEM;
	ipvs_cursor_open(dump->context, service, cursor);
	dump->state = cursor;
	return 0;
}

void
dest_dump_end(struct genl_dump *dump)
{
	if (!dump->state)
		return;
	ipvs_cursor_close(dump->state);
	free(dump->state);
}

static uint32_t
shown_method(const struct dest *spec, const struct genl_session *session)
{
	return is_unknown_to(session, spec->forward) ? FORWARD_NAT : spec->forward;
}

static uint32_t
shown_count(int32_t count)
{
	/* a sum of what workers are changing may be off by those changes */
	return count > 0 ? (uint32_t)count : 0;
}

static int
put_settings(struct nl_msg *msg, const struct dest *spec, const struct genl_session *session)
{
	if (nla_put(msg, IPVS_DEST_ATTR_ADDR, sizeof(spec->addr.ip), &spec->addr.ip) < 0 ||
	    nla_put_u16(msg, IPVS_DEST_ATTR_PORT, spec->port) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_FWD_METHOD, shown_method(spec, session)) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_WEIGHT, (uint32_t)spec->weight) < 0 ||
	    nla_put_u8(msg, IPVS_DEST_ATTR_TUN_TYPE, spec->tunnel_type) < 0 ||
	    nla_put_u16(msg, IPVS_DEST_ATTR_TUN_PORT, spec->tunnel_port) < 0 ||
	    nla_put_u16(msg, IPVS_DEST_ATTR_TUN_FLAGS, spec->tunnel_flags) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_U_THRESH, spec->upper) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_L_THRESH, spec->lower) < 0)
		return -EMSGSIZE;
	return 0;
}

static int
put_dest(struct genl_dump *dump, const struct ipvs_dest *dest, struct nl_msg *msg)
{
	const struct ipvs_model *model = dump->context;
	struct nlattr *nest = attr_nest_begin(msg, IPVS_CMD_ATTR_DEST);
	struct ipvs_rates rates = ipvs_estimator_rates(&dest->estimator);
	struct ipvs_stats counts;
	struct dest_load load;
	int err;

	dest_load_sum(model->lb, DEST_INDEX(dest->spec.id), &load);
	if (!nest || put_settings(msg, &dest->spec, dump->session) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_ACTIVE_CONNS, shown_count(load.active)) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_INACT_CONNS, shown_count(load.inactive)) < 0 ||
	    nla_put_u32(msg, IPVS_DEST_ATTR_PERSIST_CONNS, shown_count(load.persistent)) < 0 ||
	    nla_put_u16(msg, IPVS_DEST_ATTR_ADDR_FAMILY, dest->spec.addr.family) < 0)
		return -EMSGSIZE;
	counts = ipvs_stats_of_load(&load);
	if (ipvs_estimator_moved(&dest->estimator, &counts))
		dump->cost_ns += READ_DEST_NS;
	counts = ipvs_stats_since(&counts, &dest->zero);
	err = ipvs_stats_put(msg, IPVS_DEST_ATTR_STATS, IPVS_DEST_ATTR_STATS64, &counts, &rates);
	if (err < 0)
		return err;
	nla_nest_end(msg, nest);
	return 0;
}

int
dest_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	struct ipvs_cursor *cursor = dump->state;
	int err;

	if (!cursor || !cursor->next)
		return 0;
	err = put_dest(dump, cursor->next, msg);
	cursor->next = TAILQ_NEXT(cursor->next, link);
	return err < 0 ? err : 1;
}
