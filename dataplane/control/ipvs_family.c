/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The IPVS command table, in the kernel's order, which the family resolution shows.
 */
#include "control/ipvs_family.h"
#include "netlink-shim/wire.h"

static const struct attr_policy ipvs_policy[IPVS_CMD_ATTR_MAX + 1] = {
	[IPVS_CMD_ATTR_SERVICE] = { ATTR_NEST, 0 },	   [IPVS_CMD_ATTR_DEST] = { ATTR_NEST, 0 },
	[IPVS_CMD_ATTR_DAEMON] = { ATTR_NEST, 0 },	   [IPVS_CMD_ATTR_TIMEOUT_TCP] = { ATTR_U32, 0 },
	[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN] = { ATTR_U32, 0 }, [IPVS_CMD_ATTR_TIMEOUT_UDP] = { ATTR_U32, 0 },
};

static const struct genl_op ipvs_ops[] = {
	{ .command = IPVS_CMD_NEW_SERVICE, .act = service_new_cmd, .changes = true },
	{ .command = IPVS_CMD_SET_SERVICE, .act = service_set_cmd, .changes = true },
	{ .command = IPVS_CMD_DEL_SERVICE, .act = service_del_cmd, .changes = true },
	{
		.command = IPVS_CMD_GET_SERVICE,
		.reply = IPVS_CMD_NEW_SERVICE,
		.act = service_get_cmd,
		.dump = service_dump_cmd,
	},
	{ .command = IPVS_CMD_NEW_DEST, .act = dest_new_cmd, .changes = true },
	{ .command = IPVS_CMD_SET_DEST, .act = dest_set_cmd, .changes = true },
	{ .command = IPVS_CMD_DEL_DEST, .act = dest_del_cmd, .changes = true },
	{
		.command = IPVS_CMD_GET_DEST,
		.reply = IPVS_CMD_NEW_DEST,
		.dump = dest_dump_cmd,
		.dump_start = dest_dump_start,
		.dump_end = dest_dump_end,
	},
	{ .command = IPVS_CMD_NEW_DAEMON, .act = daemon_new_cmd, .changes = true },
	{ .command = IPVS_CMD_DEL_DAEMON, .act = daemon_del_cmd, .changes = true },
	{ .command = IPVS_CMD_GET_DAEMON, .reply = IPVS_CMD_NEW_DAEMON, .dump = daemon_dump_cmd },
	{ .command = IPVS_CMD_SET_CONFIG, .act = config_set_cmd, .changes = true },
	{ .command = IPVS_CMD_GET_CONFIG, .reply = IPVS_CMD_SET_CONFIG, .act = config_get_cmd },
	{ .command = IPVS_CMD_GET_INFO, .reply = IPVS_CMD_SET_INFO, .act = info_get_cmd },
	{ .command = IPVS_CMD_ZERO, .act = zero_cmd, .changes = true },
	{ .command = IPVS_CMD_FLUSH, .act = flush_cmd, .changes = true },
};

const struct genl_family ipvs_family = {
	.name = IPVS_GENL_NAME,
	.id = IPVSD_FAMILY_IPVS,
	.version = IPVS_GENL_VERSION,
	.max_attr = IPVS_CMD_ATTR_MAX,
	.first_strict = IPVS_CMD_FLUSH + 1,
	.message_size = 1024,
	.policy = ipvs_policy,
	.ops = ipvs_ops,
	.n_ops = sizeof(ipvs_ops) / sizeof(ipvs_ops[0]),
};
