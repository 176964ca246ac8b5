/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The private nest of a service: what it has and Linux has no word for (netlink-shim/wire.h).
 */
#include <errno.h>
#include <limits.h>
#include <string.h>

#include "control/ipvs_family.h"
#include "lb/client_address.h"
#include "lb/lb.h"
#include "lb/quic.h"
#include "netlink-shim/wire.h"

static_assert((int)IPVSD_QUIESCENT_EXPIRE == (int)QUIESCENT_EXPIRE &&
		      (int)IPVSD_QUIESCENT_RESET == (int)QUIESCENT_RESET &&
		      (int)IPVSD_QUIESCENT_MAX + 1 == (int)QUIESCENT_POLICIES,
	      "as on the wire");

static_assert((int)IPVSD_CLIENT_ADDRESS_PROXY_V2_INSECURE == (int)CLIENT_ADDRESS_PROXY_V2_INSECURE &&
		      (int)IPVSD_CLIENT_ADDRESS_UOA_IPO == (int)CLIENT_ADDRESS_UOA_IPO &&
		      (int)IPVSD_CLIENT_ADDRESS_MAX + 1 == (int)CLIENT_ADDRESSES,
	      "as on the wire");

#define LADDR_GROUP_LENGTH (sizeof(((struct service_options *)NULL)->laddr_group) - 1)
#define TIMEOUT_MAX_S (INT_MAX / 1000) /* as SET_CONFIG takes */

static const struct attr_policy options_policy[IPVSD_SERVICE_ATTR_MAX + 1] = {
	[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT] = { ATTR_U32, 0 },
	[IPVSD_SERVICE_ATTR_QUIESCENT] = { ATTR_U8, 0 },
	[IPVSD_SERVICE_ATTR_LADDR_GROUP] = { ATTR_STRING, LADDR_GROUP_LENGTH },
	[IPVSD_SERVICE_ATTR_QUIC] = { ATTR_STRING, QUIC_NAME_MAX - 1 },
	[IPVSD_SERVICE_ATTR_CLIENT_ADDRESS] = { ATTR_U8, 0 },
	[IPVSD_SERVICE_ATTR_MATCH] = { ATTR_NEST, 0 },
};

/* The service's nest was checked before, by rules that end below this attribute. */
static const struct nlattr *
find_options(const struct nlattr *nest)
{
	const struct nlattr *attr, *found = NULL;
	int left;

	for (attr = nla_data(nest), left = nla_len(nest); nla_ok(attr, left); attr = nla_next(attr, &left))
		if (nla_type(attr) == IPVSD_SVC_ATTR_OPTIONS)
			found = attr;
	return found;
}

/* Others are reserved. */
static const bool is_known[IPVSD_SERVICE_ATTR_MAX + 1] = {
	[IPVSD_SERVICE_ATTR_UNSPEC] = true,    [IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT] = true,
	[IPVSD_SERVICE_ATTR_QUIESCENT] = true, [IPVSD_SERVICE_ATTR_LADDR_GROUP] = true,
	[IPVSD_SERVICE_ATTR_QUIC] = true,      [IPVSD_SERVICE_ATTR_CLIENT_ADDRESS] = true,
	[IPVSD_SERVICE_ATTR_MATCH] = true,
};

/* A client that asks for more than there is has to know: it would take what is passed over for done. */
static const struct nlattr *
find_unknown(const struct nlattr *options)
{
	const struct nlattr *attr;
	int left;

	for (attr = nla_data(options), left = nla_len(options); nla_ok(attr, left); attr = nla_next(attr, &left))
		if (nla_type(attr) > IPVSD_SERVICE_ATTR_MAX || !is_known[nla_type(attr)])
			return attr;
	return NULL;
}

static void
copy_name(char *name, size_t size, const struct nlattr *attr)
{
	memset(name, 0, size);
	strcpy(name, nla_data(attr));
}

static void
apply(const struct nlattr **attrs, struct service_options *options)
{
	if (attrs[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT])
		options->established_timeout_s = attr_u32(attrs[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT]);
	if (attrs[IPVSD_SERVICE_ATTR_QUIESCENT])
		options->quiescent = attr_u8(attrs[IPVSD_SERVICE_ATTR_QUIESCENT]);
	if (attrs[IPVSD_SERVICE_ATTR_LADDR_GROUP])
		copy_name(options->laddr_group, sizeof(options->laddr_group), attrs[IPVSD_SERVICE_ATTR_LADDR_GROUP]);
	if (attrs[IPVSD_SERVICE_ATTR_QUIC])
		copy_name(options->quic, sizeof(options->quic), attrs[IPVSD_SERVICE_ATTR_QUIC]);
	if (attrs[IPVSD_SERVICE_ATTR_CLIENT_ADDRESS])
		options->client_address = attr_u8(attrs[IPVSD_SERVICE_ATTR_CLIENT_ADDRESS]);
}

/* Whether values can be, by rules that the policy has no words for. */
static int
check(const struct service_options *new, const struct service_options *old, uint16_t protocol,
      const struct quic_codings *codings, enum ipvsd_service_attr *ret_bad)
{
	*ret_bad = IPVSD_SERVICE_ATTR_CLIENT_ADDRESS;
	if (!client_address_suits((enum client_address) new->client_address, protocol))
		return -EINVAL;
	*ret_bad = IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT;
	if (new->established_timeout_s > TIMEOUT_MAX_S)
		return -EINVAL;
	*ret_bad = IPVSD_SERVICE_ATTR_QUIESCENT;
	if (new->quiescent >= QUIESCENT_POLICIES)
		return -EINVAL;
	*ret_bad = IPVSD_SERVICE_ATTR_QUIC;
	if (new->quic[0] != '\0' && strcmp(new->quic, old->quic) != 0 && !quic_coding_by_name(codings, new->quic))
		return -ENOENT;
	return 0;
}

/* Of all services but that of KEY. */
static uint32_t
count_rules(const struct ipvs_model *model, const struct ipvs_key *key)
{
	const struct ipvs_service *service;
	uint64_t index = 0;
	uint32_t n = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL)
		if (service->key.fwmark != key->fwmark || service->key.family != key->family)
			n += ipvs_match_rules(&service->match);
	return n;
}

static int
parse_match(const struct ipvs_model *model, const struct nlattr *attr, const struct ipvs_key *key,
	    struct ipvs_match *match)
{
	int err;

	if (!attr)
		return 0;
	if (key->fwmark == 0 && nla_len(attr) > 0)
		return -EINVAL;
	err = ipvs_match_parse(model, attr, key->family, match);
	if (err == 0 && match->is_set && count_rules(model, key) + ipvs_match_rules(match) > MATCH_RULES_SUM_MAX)
		err = -E2BIG;
	return err;
}

int
service_options_parse(const struct ipvs_model *model, const struct nlattr *nest, const struct ipvs_key *key,
		      struct ipvs_service_setup *setup, const struct nlattr **ret_bad)
{
	const struct nlattr *attrs[IPVSD_SERVICE_ATTR_MAX + 1];
	const struct nlattr *found = find_options(nest);
	struct service_options new = setup->options;
	enum ipvsd_service_attr bad;
	int err;

	if (!found)
		return 0;
	*ret_bad = find_unknown(found);
	if (*ret_bad)
		return -EOPNOTSUPP;
	err = attrs_parse_nest(attrs, IPVSD_SERVICE_ATTR_MAX, found, options_policy);
	if (err < 0)
		return err;
	apply(attrs, &new);
	/* What a mark's service gets may be of any protocol. */
	err = check(&new, &setup->options, key->fwmark != 0 ? 0 : key->protocol, model->lb->quic, &bad);
	if (err == 0) {
		bad = IPVSD_SERVICE_ATTR_MATCH;
		err = parse_match(model, attrs[bad], key, &setup->match);
	}
	if (err < 0) {
		*ret_bad = attrs[bad];
		return err;
	}
	setup->options = new;
	return 0;
}

int
service_options_put(struct nl_msg *msg, const struct ipvs_service *service)
{
	const struct service_options *options = &service->options;
	struct nlattr *nest = attr_nest_begin(msg, IPVSD_SVC_ATTR_OPTIONS);

	if (!nest || nla_put_u32(msg, IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, options->established_timeout_s) < 0 ||
	    nla_put_u8(msg, IPVSD_SERVICE_ATTR_QUIESCENT, options->quiescent) < 0 ||
	    nla_put_string(msg, IPVSD_SERVICE_ATTR_LADDR_GROUP, options->laddr_group) < 0 ||
	    nla_put_string(msg, IPVSD_SERVICE_ATTR_QUIC, options->quic) < 0 ||
	    nla_put_u8(msg, IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, options->client_address) < 0 ||
	    ipvs_match_put(msg, &service->match) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}
