/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The generic netlink family IPVS, as in net/netfilter/ipvs/ip_vs_ctl.c. The table of its commands is in ipvs_family.c;
 * each object of the interface has a file: ipvs_service.c, ipvs_dest.c, ipvs_daemon.c, ipvs_config.c.
 */
#ifndef CONTROL_IPVS_FAMILY_H
#define CONTROL_IPVS_FAMILY_H

#include <linux/ip_vs.h>

#include "control/genl_dispatch.h"
#include "control/ipvs_model.h"

/* Registered with the struct ipvs_model as context; so all handlers' CONTEXT is. */
extern const struct genl_family ipvs_family;

int service_new_cmd(void *context, struct genl_request *request);
int service_set_cmd(void *context, struct genl_request *request);
int service_del_cmd(void *context, struct genl_request *request);
int service_get_cmd(void *context, struct genl_request *request);
int service_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);

int dest_new_cmd(void *context, struct genl_request *request);
int dest_set_cmd(void *context, struct genl_request *request);
int dest_del_cmd(void *context, struct genl_request *request);
int dest_dump_start(struct genl_dump *dump, struct genl_request *request);
int dest_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);
void dest_dump_end(struct genl_dump *dump);

int daemon_new_cmd(void *context, struct genl_request *request);
int daemon_del_cmd(void *context, struct genl_request *request);
int daemon_dump_cmd(struct genl_dump *dump, struct nl_msg *msg);

int config_set_cmd(void *context, struct genl_request *request);
int config_get_cmd(void *context, struct genl_request *request);
int info_get_cmd(void *context, struct genl_request *request);
int zero_cmd(void *context, struct genl_request *request);
int flush_cmd(void *context, struct genl_request *request);

/* ATTRS by IPVS_SVC_ATTR_*, 0..IPVS_SVC_ATTR_MAX, which NEST fills. Returns the key in RET_KEY and the service, NULL if
 * there is none, in RET; -EINVAL, -EAFNOSUPPORT. */
int service_parse_key(const struct ipvs_model *model, const struct nlattr *nest, const struct nlattr **attrs,
		      struct ipvs_key *ret_key, struct ipvs_service **ret);
/* A client that may push named SERVICE: it is in doubt no more, and the client's if it pushes. */
void ipvs_service_named(const struct genl_request *request, struct ipvs_service *service);
/* The private options in NEST, that of the service KEY (netlink-shim/wire.h): those that it names are changed in SETUP. -EINVAL,
 * -EOPNOTSUPP; -ENOENT for a QUIC coding that there is not; the errors of ipvs_match_parse(). Which option the error is about is
 * in RET_BAD, if that can be said. */
int service_options_parse(const struct ipvs_model *model, const struct nlattr *nest, const struct ipvs_key *key,
			  struct ipvs_service_setup *setup, const struct nlattr **ret_bad);
/* Puts all of them into the service's nest that MSG is in. 0 or -EMSGSIZE. */
int service_options_put(struct nl_msg *msg, const struct ipvs_service *service);
/* The service that REQUEST names; -ESRCH if there is none. */
int service_of_request(const struct ipvs_model *model, const struct genl_request *request, struct ipvs_service **ret);

#endif
