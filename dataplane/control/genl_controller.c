/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Family resolution, byte for byte as the kernel answers it (net/netlink/genetlink.c ctrl_fill_info()). Of nlctrl's
 * commands only GETFAMILY is here: nobody asks for GETPOLICY of these families.
 */
#include <errno.h>
#include <string.h>

#include "control/genl_controller.h"

/* The kernel's operation flags, which <linux/genetlink.h> has in part only. */
enum {
	OP_ADMIN_PERM = GENL_ADMIN_PERM,
	OP_DO = GENL_CMD_CAP_DO,
	OP_DUMP = GENL_CMD_CAP_DUMP,
	OP_POLICY = GENL_CMD_CAP_HASPOL,
};

static uint32_t
op_flags(const struct genl_op *op)
{
	return (op->open ? 0u : OP_ADMIN_PERM) | (op->act ? OP_DO : 0u) | (op->dump ? OP_DUMP : 0u) | OP_POLICY;
}

static int
put_ops(struct nl_msg *msg, const struct genl_family *family)
{
	struct nlattr *ops = attr_nest_begin(msg, CTRL_ATTR_OPS);

	if (!ops)
		return -EMSGSIZE;
	for (uint32_t i = 0; i < family->n_ops; i++) {
		struct nlattr *op = attr_nest_begin(msg, (int)i + 1);

		if (!op || nla_put_u32(msg, CTRL_ATTR_OP_ID, family->ops[i].command) < 0 ||
		    nla_put_u32(msg, CTRL_ATTR_OP_FLAGS, op_flags(&family->ops[i])) < 0)
			return -EMSGSIZE;
		nla_nest_end(msg, op);
	}
	nla_nest_end(msg, ops);
	return 0;
}

static int
fill_family(void *object, struct nl_msg *msg)
{
	const struct genl_family *family = object;

	if (nla_put_string(msg, CTRL_ATTR_FAMILY_NAME, family->name) < 0 ||
	    nla_put_u16(msg, CTRL_ATTR_FAMILY_ID, family->id) < 0 ||
	    nla_put_u32(msg, CTRL_ATTR_VERSION, family->version) < 0 || nla_put_u32(msg, CTRL_ATTR_HDRSIZE, 0) < 0 ||
	    nla_put_u32(msg, CTRL_ATTR_MAXATTR, family->max_attr) < 0)
		return -EMSGSIZE;
	return put_ops(msg, family);
}

static const struct genl_family *
find_family(const struct genl *genl, const struct nlattr *id, const struct nlattr *name)
{
	const struct genl_family *found = NULL;

	for (uint32_t i = 0; i < genl->n_members; i++) {
		const struct genl_family *family = genl->members[i].family;

		/* as in the kernel, the name counts if both are given */
		if (name ? strcmp(family->name, nla_data(name)) == 0 : attr_u16(id) == family->id)
			found = family;
	}
	return found;
}

static int
getfamily(void *context, struct genl_request *request)
{
	const struct nlattr *id = request->attrs[CTRL_ATTR_FAMILY_ID];
	const struct nlattr *name = request->attrs[CTRL_ATTR_FAMILY_NAME];
	const struct genl_family *family;

	if (!id && !name)
		return -EINVAL;
	family = find_family(context, id, name);
	if (!family)
		return -ENOENT;
	return genl_reply(request, fill_family, (void *)(uintptr_t)family);
}

static int
getfamily_dump(struct genl_dump *dump, struct nl_msg *msg)
{
	const struct genl *genl = dump->context;
	int err;

	if (dump->position >= genl->n_members)
		return 0;
	err = fill_family((void *)(uintptr_t)genl->members[dump->position].family, msg);
	dump->position++;
	return err < 0 ? err : 1;
}

static const struct attr_policy controller_policy[] = {
	[CTRL_ATTR_FAMILY_ID] = { ATTR_U16, 0 },
	[CTRL_ATTR_FAMILY_NAME] = { ATTR_STRING, GENL_NAMSIZ - 1 },
};

static const struct genl_op controller_ops[] = {
	{
		.command = CTRL_CMD_GETFAMILY,
		.reply = CTRL_CMD_NEWFAMILY,
		.open = true,
		.act = getfamily,
		.dump = getfamily_dump,
	},
};

const struct genl_family genl_controller = {
	.name = "nlctrl",
	.id = GENL_ID_CTRL,
	.version = 2,
	.max_attr = CTRL_ATTR_FAMILY_NAME,
	.first_strict = CTRL_CMD_GETPOLICY + 1,
	.message_size = 2048,
	.policy = controller_policy,
	.ops = controller_ops,
	.n_ops = sizeof(controller_ops) / sizeof(controller_ops[0]),
};
