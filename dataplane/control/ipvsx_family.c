/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The IPVSX command table, and the push: a client that has lost its connection says all that it wants to exist between
 * PUSH_BEGIN and PUSH_END; what was restored from the state file and not named by any client since is then removed
 * (decisions.md 11), and so is what the same process had pushed before and doesn't name any more: it was removed while
 * the connection was lost. Groups of local addresses take part only if the push named one: a client that doesn't know them
 * can't mean to remove them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/ipvsx_family.h"
#include "core/cleanup.h"
#include "core/log.h"
#include "netlink-shim/wire.h"

static int
push_begin_cmd(void *context, struct genl_request *request)
{
	const struct ipvsx *ipvsx = context;

	if (request->session->pid != 0)
		ipvs_model_doubt(ipvsx->model, request->session->pid);
	request->session->pushes = request->session->pushing = true;
	request->session->pushed_laddrs = false;
	return 0;
}

static int
push_end_cmd(void *context, struct genl_request *request)
{
	struct ipvsx *ipvsx = context;
	uint32_t n;

	if (!request->session->pushing)
		return -EINVAL;
	request->session->pushing = false;
	n = ipvs_model_sweep(ipvsx->model, request->session->pid);
	if (request->session->pushed_laddrs)
		n += laddr_groups_sweep(ipvsx->groups);
	if (n > 0)
		log_info("control", "removed %u objects that no client named again", n);
	return 0;
}

static int
counters_start_cmd(struct genl_dump *dump, struct genl_request *request)
{
	const struct ipvsx *ipvsx = dump->context;

	(void)request;
	return counters_dump_start(dump, &ipvsx->counters);
}

static int
fill_messages(void *object, struct nl_msg *msg)
{
	return nla_put_string(msg, IPVSX_ATTR_MESSAGES, object) < 0 ? -EMSGSIZE : 0;
}

static int
reload_cmd(void *context, struct genl_request *request)
{
	const struct ipvsx *ipvsx = context;
	const struct nlattr *file = request->attrs[IPVSX_ATTR_CONFIG];
	CLEANUP(free) void *memory = NULL;
	char *messages = NULL;
	int err;

	if (!ipvsx->reload)
		return -EOPNOTSUPP;
	err = ipvsx->reload(ipvsx->reload_arg, file ? nla_get_string(file) : NULL, &messages);
	memory = messages;
	if (!messages || *messages == '\0')
		return err;
	if (strlen(messages) > IPVSX_MESSAGES_MAX)
		messages[IPVSX_MESSAGES_MAX] = '\0';
	/* Without room for them the log has them, and what became of the reload is more to know. */
	(void)genl_reply(request, fill_messages, messages);
	return err;
}

static const struct attr_policy ipvsx_policy[IPVSX_ATTR_MAX + 1] = {
	[IPVSX_ATTR_LADDRS] = { ATTR_NEST, 0 },
	[IPVSX_ATTR_COUNTER] = { ATTR_NEST, 0 },
	[IPVSX_ATTR_CONN] = { ATTR_NEST, 0 },
	[IPVSX_ATTR_FILE] = { ATTR_NEST, 0 },
	[IPVSX_ATTR_MESSAGES] = { ATTR_STRING, IPVSX_MESSAGES_MAX },
	[IPVSX_ATTR_CONFIG] = { ATTR_STRING, IPVSX_CONFIG_MAX },
};

static const struct genl_op ipvsx_ops[] = {
	{ .command = IPVSX_CMD_PUSH_BEGIN, .act = push_begin_cmd },
	{ .command = IPVSX_CMD_PUSH_END, .act = push_end_cmd, .changes = true },
	{ .command = IPVSX_CMD_NEW_LADDRS, .act = laddrs_new_cmd, .changes = true },
	{ .command = IPVSX_CMD_DEL_LADDRS, .act = laddrs_del_cmd, .changes = true },
	{
		.command = IPVSX_CMD_GET_LADDRS,
		.reply = IPVSX_CMD_NEW_LADDRS,
		.dump = laddrs_dump_cmd,
	},
	{
		.command = IPVSX_CMD_GET_COUNTERS,
		.reply = IPVSX_CMD_GET_COUNTERS,
		.dump = counters_dump_next,
		.dump_start = counters_start_cmd,
		.dump_end = counters_dump_end,
	},
	{
		.command = IPVSX_CMD_GET_CONNS,
		.reply = IPVSX_CMD_GET_CONNS,
		.dump = conns_dump_cmd,
		.dump_start = conns_dump_start,
		.dump_end = conns_dump_end,
	},
	{
		.command = IPVSX_CMD_GET_FILE,
		.reply = IPVSX_CMD_GET_FILE,
		.act = file_get_cmd,
		.dump = file_dump_cmd,
		.dump_start = file_dump_start,
		.dump_end = file_dump_end,
	},
	{ .command = IPVSX_CMD_SET_FILE, .act = file_set_cmd, .changes = true },
	{ .command = IPVSX_CMD_RELOAD, .reply = IPVSX_CMD_RELOAD, .act = reload_cmd, .changes = true },
};

const struct genl_family ipvsx_family = {
	.name = IPVSX_FAMILY_NAME,
	.id = IPVSD_FAMILY_IPVSX,
	.version = IPVSX_FAMILY_VERSION,
	.max_attr = IPVSX_ATTR_MAX,
	.first_strict = IPVSX_CMD_MAX + 1,
	.message_size = 32768,
	.policy = ipvsx_policy,
	.ops = ipvsx_ops,
	.n_ops = sizeof(ipvsx_ops) / sizeof(ipvsx_ops[0]),
};
