/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The private generic netlink family IPVSX: what Linux has no word for (netlink-shim/wire.h). Its commands about local
 * addresses are in ipvsx_laddrs.c, about connections in ipvsx_conns.c, about files of /proc in ipvsx_files.c, the
 * counters in counters_dump.c.
 */
#ifndef CONTROL_IPVSX_FAMILY_H
#define CONTROL_IPVSX_FAMILY_H

#include "control/counters_dump.h"
#include "control/genl_dispatch.h"
#include "control/ipvs_model.h"
#include "control/laddr_groups.h"

/* The family's context. */
struct ipvsx {
	struct ipvs_model *model;
	struct laddr_groups *groups;
	struct counters_sets counters;
	/* Has the configuration read again, if it is FILE (as of realpath(3); NULL: whatever it is). What there is to be
	 * said of it, lines, goes to *RET_MESSAGES, which is for free(), or NULL. May be NULL. */
	int (*reload)(void *arg, const char *file, char **ret_messages);
	void *reload_arg;
};

extern const struct genl_family ipvsx_family;

int laddrs_new_cmd(void *context, struct genl_request *request);
int laddrs_del_cmd(void *context, struct genl_request *request);
int laddrs_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);

int conns_dump_start(struct genl_dump *dump, struct genl_request *request);
int conns_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);
void conns_dump_end(struct genl_dump *dump);

int file_set_cmd(void *context, struct genl_request *request);
int file_get_cmd(void *context, struct genl_request *request);
int file_dump_start(struct genl_dump *dump, struct genl_request *request);
int file_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);
void file_dump_end(struct genl_dump *dump);

#endif
