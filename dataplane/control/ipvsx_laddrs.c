/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVSX commands about groups of local addresses.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/ipvsx_family.h"
#include "netlink-shim/wire.h"

#define NAME_LENGTH (CONFIG_NAME_MAX - 1)

static const struct attr_policy laddrs_policy[IPVSX_LADDRS_ATTR_MAX + 1] = {
	[IPVSX_LADDRS_ATTR_NAME] = { ATTR_STRING, NAME_LENGTH },
	[IPVSX_LADDRS_ATTR_PORT] = { ATTR_STRING, NAME_LENGTH },
	[IPVSX_LADDRS_ATTR_ADDRESS] = { ATTR_BINARY, 16 },
	[IPVSX_LADDRS_ATTR_FIRST_PORT] = { ATTR_U16, 0 },
	[IPVSX_LADDRS_ATTR_LAST_PORT] = { ATTR_U16, 0 },
	[IPVSX_LADDRS_ATTR_WITH_VIP] = { ATTR_BINARY, 16 },
	[IPVSX_LADDRS_ATTR_ACTIVE] = { ATTR_U8, 0 },
};

static int
parse_address(const struct nlattr *attr, struct ip_addr *ret)
{
	int length = nla_len(attr);

	if (length != 4 && length != 16)
		return -EINVAL;
	memset(ret, 0, sizeof(*ret));
	ret->family = length == 4 ? AF_INET : AF_INET6;
	memcpy(&ret->ip, nla_data(attr), (size_t)length);
	return 0;
}

/* The attribute that may come more than once. ADDRESSES has room for LADDR_GROUP_MAX. */
static int
parse_addresses(const struct nlattr *nest, struct ip_addr *addresses, uint32_t *ret_n)
{
	const struct nlattr *attr;
	uint32_t n = 0;
	int left;

	for (attr = nla_data(nest), left = nla_len(nest); nla_ok(attr, left); attr = nla_next(attr, &left)) {
		int err;

		if (nla_type(attr) != IPVSX_LADDRS_ATTR_ADDRESS)
			continue;
		if (n == LADDR_GROUP_MAX)
			return -E2BIG;
		err = parse_address(attr, &addresses[n]);
		if (err < 0)
			return err;
		n++;
	}
	*ret_n = n;
	return 0;
}

static int
parse_group(const struct nlattr *nest, const struct nlattr **attrs, struct laddr_group *group)
{
	int err;

	if (!attrs[IPVSX_LADDRS_ATTR_NAME] || !attrs[IPVSX_LADDRS_ATTR_PORT] || !attrs[IPVSX_LADDRS_ATTR_FIRST_PORT] ||
	    !attrs[IPVSX_LADDRS_ATTR_LAST_PORT])
		return -EINVAL;
	snprintf(group->name, sizeof(group->name), "%s", (const char *)nla_data(attrs[IPVSX_LADDRS_ATTR_NAME]));
	snprintf(group->port_name, sizeof(group->port_name), "%s",
		 (const char *)nla_data(attrs[IPVSX_LADDRS_ATTR_PORT]));
	group->first_port = attr_u16(attrs[IPVSX_LADDRS_ATTR_FIRST_PORT]);
	group->last_port = attr_u16(attrs[IPVSX_LADDRS_ATTR_LAST_PORT]);
	if (attrs[IPVSX_LADDRS_ATTR_WITH_VIP]) {
		group->with_vip = true;
		err = parse_address(attrs[IPVSX_LADDRS_ATTR_WITH_VIP], &group->vip);
		if (err < 0)
			return err;
	}
	return parse_addresses(nest, group->addresses, &group->n_addresses);
}

int
laddrs_new_cmd(void *context, struct genl_request *request)
{
	const struct nlattr *nest = request->attrs[IPVSX_ATTR_LADDRS];
	const struct nlattr *attrs[IPVSX_LADDRS_ATTR_MAX + 1];
	struct ip_addr addresses[LADDR_GROUP_MAX];
	struct laddr_group group = { .addresses = addresses };
	struct ipvsx *ipvsx = context;
	int err = attrs_parse_nest(attrs, IPVSX_LADDRS_ATTR_MAX, nest, laddrs_policy);

	if (err == 0)
		err = parse_group(nest, attrs, &group);
	if (err < 0)
		return err;
	request->session->pushed_laddrs = true;
	return laddr_groups_set(ipvsx->groups, &group);
}

int
laddrs_del_cmd(void *context, struct genl_request *request)
{
	const struct nlattr *attrs[IPVSX_LADDRS_ATTR_MAX + 1];
	struct ipvsx *ipvsx = context;
	int err = attrs_parse_nest(attrs, IPVSX_LADDRS_ATTR_MAX, request->attrs[IPVSX_ATTR_LADDRS], laddrs_policy);

	if (err < 0)
		return err;
	if (!attrs[IPVSX_LADDRS_ATTR_NAME])
		return -EINVAL;
	return laddr_groups_remove(ipvsx->groups, nla_data(attrs[IPVSX_LADDRS_ATTR_NAME]));
}

static int
put_address(struct nl_msg *msg, int type, const struct ip_addr *addr)
{
	return nla_put(msg, type, addr->family == AF_INET ? 4 : 16, &addr->ip) < 0 ? -EMSGSIZE : 0;
}

static int
put_group(struct nl_msg *msg, const struct laddr_group *group, bool active)
{
	struct nlattr *nest = attr_nest_begin(msg, IPVSX_ATTR_LADDRS);

	if (!nest || nla_put_string(msg, IPVSX_LADDRS_ATTR_NAME, group->name) < 0 ||
	    nla_put_string(msg, IPVSX_LADDRS_ATTR_PORT, group->port_name) < 0 ||
	    nla_put_u16(msg, IPVSX_LADDRS_ATTR_FIRST_PORT, group->first_port) < 0 ||
	    nla_put_u16(msg, IPVSX_LADDRS_ATTR_LAST_PORT, group->last_port) < 0 ||
	    nla_put_u8(msg, IPVSX_LADDRS_ATTR_ACTIVE, active) < 0 ||
	    (group->with_vip && put_address(msg, IPVSX_LADDRS_ATTR_WITH_VIP, &group->vip) < 0))
		return -EMSGSIZE;
	for (uint32_t i = 0; i < group->n_addresses; i++)
		if (put_address(msg, IPVSX_LADDRS_ATTR_ADDRESS, &group->addresses[i]) < 0)
			return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 1;
}

/* By position: there are few groups. */
int
laddrs_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	const struct ipvsx *ipvsx = dump->context;
	const struct laddr_group *group;
	uint64_t position = 0;

	TAILQ_FOREACH (group, laddr_groups_list(ipvsx->groups), link)
		if (position++ == dump->position) {
			dump->position++;
			return put_group(msg, group, laddr_group_active(ipvsx->groups, group));
		}
	return 0;
}
