/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVS commands about no object: timeouts, version, zeroing, flushing.
 */
#include <errno.h>

#include "control/ipvs_family.h"

/* What ip_vs says of itself since 2.6.28: 1.2.1. */
#define IPVS_VERSION 0x010201u

int
config_set_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct timeouts_spec timeouts = model->timeouts;

	if (request->attrs[IPVS_CMD_ATTR_TIMEOUT_TCP])
		timeouts.tcp_s = attr_u32(request->attrs[IPVS_CMD_ATTR_TIMEOUT_TCP]);
	if (request->attrs[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN])
		timeouts.tcp_fin_s = attr_u32(request->attrs[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]);
	if (request->attrs[IPVS_CMD_ATTR_TIMEOUT_UDP])
		timeouts.udp_s = attr_u32(request->attrs[IPVS_CMD_ATTR_TIMEOUT_UDP]);
	return ipvs_timeouts_set(model, &timeouts);
}

static int
fill_timeouts(void *object, struct nl_msg *msg)
{
	const struct timeouts_spec *timeouts = object;

	if (nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP, timeouts->tcp_s) < 0 ||
	    nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, timeouts->tcp_fin_s) < 0 ||
	    nla_put_u32(msg, IPVS_CMD_ATTR_TIMEOUT_UDP, timeouts->udp_s) < 0)
		return -EMSGSIZE;
	return 0;
}

int
config_get_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;

	return genl_reply(request, fill_timeouts, &model->timeouts);
}

static int
fill_info(void *object, struct nl_msg *msg)
{
	const struct ipvs_model *model = object;

	if (nla_put_u32(msg, IPVS_INFO_ATTR_VERSION, IPVS_VERSION) < 0 ||
	    nla_put_u32(msg, IPVS_INFO_ATTR_CONN_TAB_SIZE, model->limits.connections) < 0)
		return -EMSGSIZE;
	return 0;
}

int
info_get_cmd(void *context, struct genl_request *request)
{
	return genl_reply(request, fill_info, context);
}

int
zero_cmd(void *context, struct genl_request *request)
{
	struct ipvs_model *model = context;
	struct ipvs_service *service;
	int err;

	if (!request->attrs[IPVS_CMD_ATTR_SERVICE]) {
		ipvs_zero_all(model);
		return 0;
	}
	err = service_of_request(model, request, &service);
	if (err < 0)
		return err;
	ipvs_service_zero(model, service);
	return 0;
}

int
flush_cmd(void *context, struct genl_request *request)
{
	(void)request;
	ipvs_flush(context);
	return 0;
}
