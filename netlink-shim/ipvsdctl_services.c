/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ipvsdctl services, service: the options of a service that stock clients have no words for (wire.h, enum
 * ipvsd_service_attr), over the family IPVS itself. A change sends back what the service is otherwise.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "ipvsdctl.h"
#include "wire.h"

static const char *const policies[] = { "keep", "expire", "reset" };
static const char *const ways[IPVSD_CLIENT_ADDRESS_MAX + 1] = {
	"none", "toa", "proxy-v1", "proxy-v2", "proxy-v1-insecure", "proxy-v2-insecure", "uoa-opp", "uoa-ipo",
};

static bool
quiescent_option(struct wanted_service *service, const char *argument)
{
	for (uint8_t i = 0; i <= IPVSD_QUIESCENT_MAX; i++)
		if (strcmp(argument, policies[i]) == 0) {
			service->change_quiescent = true;
			service->quiescent = i;
			return true;
		}
	return false;
}

static bool
client_address_option(struct wanted_service *service, const char *argument)
{
	for (uint8_t i = 0; i <= IPVSD_CLIENT_ADDRESS_MAX; i++)
		if (strcmp(argument, ways[i]) == 0) {
			service->change_client_address = true;
			service->client_address = i;
			return true;
		}
	return false;
}

static bool
service_address(struct wanted_service *service, int option, const char *argument)
{
	service->protocol = option == 't' ? IPPROTO_TCP : option == 'u' ? IPPROTO_UDP : IPPROTO_SCTP;
	if (!parse_end(argument, &service->address) || !service->address.by_port)
		return false;
	service->family = service->address.family;
	return service->family != 0;
}

bool
service_option(struct options *options, int option, const char *argument)
{
	struct wanted_service *service = &options->service;

	switch (option) {
	case 't':
	case 'u':
	case 's':
		return service->family == 0 && service_address(service, option, argument);
	case 'f':
		if (service->family == 0)
			service->family = AF_INET;
		return service->address.family == 0 && parse_number(argument, UINT32_MAX, &service->mark) &&
		       service->mark != 0;
	case '6':
		service->family = AF_INET6;
		return service->address.family == 0;
	case 'e':
		service->change_timeout = true;
		return parse_number(argument, UINT32_MAX, &service->timeout_s);
	case 'q':
		return quiescent_option(service, argument);
	case 'c':
		return client_address_option(service, argument);
	case 'l':
		service->laddr_group = argument;
		return strlen(argument) < 32;
	case 'i':
		service->quic = argument;
		return strlen(argument) < 32;
	default:
		return false;
	}
}

static bool
put_key(struct nl_msg *msg, const struct wanted_service *service)
{
	uint8_t address[16] = { 0 };

	if (nla_put_u16(msg, IPVS_SVC_ATTR_AF, (uint16_t)service->family) < 0)
		return false;
	if (service->mark != 0)
		return nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, service->mark) == 0;
	memcpy(address, &service->address.v6, service->family == AF_INET ? 4 : 16);
	return nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, service->protocol) == 0 &&
	       nla_put(msg, IPVS_SVC_ATTR_ADDR, sizeof(address), address) == 0 &&
	       nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(service->address.port)) == 0;
}

static bool
put_options(struct nl_msg *msg, const struct wanted_service *service)
{
	struct nlattr *nest = nla_nest_start(msg, IPVSD_SVC_ATTR_OPTIONS);

	if (!nest ||
	    (service->change_timeout &&
	     nla_put_u32(msg, IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, service->timeout_s) < 0) ||
	    (service->change_quiescent && nla_put_u8(msg, IPVSD_SERVICE_ATTR_QUIESCENT, service->quiescent) < 0) ||
	    (service->change_client_address &&
	     nla_put_u8(msg, IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, service->client_address) < 0) ||
	    (service->laddr_group && nla_put_string(msg, IPVSD_SERVICE_ATTR_LADDR_GROUP, service->laddr_group) < 0) ||
	    (service->quic && nla_put_string(msg, IPVSD_SERVICE_ATTR_QUIC, service->quic) < 0))
		return false;
	nla_nest_end(msg, nest);
	return true;
}

/* A request about the service; SETTINGS: those of its attributes that SET_SERVICE needs, or NULL. */
static int
ask(struct nl_sock *sk, int family, const struct wanted_service *service, uint8_t number, struct nlattr **settings)
{
	static const int kept[] = { IPVS_SVC_ATTR_SCHED_NAME, IPVS_SVC_ATTR_FLAGS, IPVS_SVC_ATTR_TIMEOUT,
				    IPVS_SVC_ATTR_NETMASK, IPVS_SVC_ATTR_PE_NAME };
	struct nl_msg *msg = nlmsg_alloc();
	struct nlattr *nest;
	int err = -NLE_NOMEM;

	if (!msg)
		return -NLE_NOMEM;
	if (genlmsg_put(msg, 0, NL_AUTO_SEQ, family, 0, 0, number, IPVS_GENL_VERSION) &&
	    (nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE)) != NULL && put_key(msg, service)) {
		err = 0;
		for (size_t i = 0; settings && i < sizeof(kept) / sizeof(kept[0]); i++)
			if (settings[kept[i]] &&
			    nla_put(msg, kept[i], nla_len(settings[kept[i]]), nla_data(settings[kept[i]])) < 0)
				err = -NLE_NOMEM;
		if (settings && !put_options(msg, service))
			err = -NLE_NOMEM;
		nla_nest_end(msg, nest);
	}
	if (err == 0)
		err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	return err < 0 ? err : 0;
}

struct settings {
	struct nl_msg *msg; /* holds what ATTRS point to */
	struct nlattr *attrs[IPVS_SVC_ATTR_MAX + 1];
};

static int
take_settings(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVS_CMD_ATTR_MAX + 1];
	struct settings *settings = arg;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVS_CMD_ATTR_MAX, NULL) < 0 || !outer[IPVS_CMD_ATTR_SERVICE] ||
	    nla_parse_nested(settings->attrs, IPVS_SVC_ATTR_MAX, outer[IPVS_CMD_ATTR_SERVICE], NULL) < 0)
		return NL_SKIP;
	nlmsg_get(msg);
	settings->msg = msg;
	return NL_OK;
}

int
service_change(struct nl_sock *sk, struct options *options)
{
	const struct wanted_service *service = &options->service;
	struct settings settings = { .msg = NULL };
	int err, family;

	if (service->family == 0 || (!service->mark && !service->address.family))
		return -NLE_MISSING_ATTR;
	family = genl_ctrl_resolve(sk, IPVS_GENL_NAME);
	if (family < 0)
		return family;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, take_settings, &settings);
	err = ask(sk, family, service, IPVS_CMD_GET_SERVICE, NULL);
	if (err == 0)
		err = nl_recvmsgs_default(sk); /* the answer, or an error */
	if (err == 0)
		err = nl_wait_for_ack(sk);
	if (err == 0 && !settings.msg)
		err = -NLE_OBJ_NOTFOUND;
	if (err == 0)
		err = ask(sk, family, service, IPVS_CMD_SET_SERVICE, settings.attrs);
	if (err == 0)
		err = nl_wait_for_ack(sk);
	nlmsg_free(settings.msg);
	return err;
}

static void
show_key(struct nlattr **attrs)
{
	char address[INET6_ADDRSTRLEN], text[INET6_ADDRSTRLEN + 16];
	uint16_t protocol, family = nla_get_u16(attrs[IPVS_SVC_ATTR_AF]);

	if (attrs[IPVS_SVC_ATTR_FWMARK]) {
		snprintf(text, sizeof(text), "%u%s", nla_get_u32(attrs[IPVS_SVC_ATTR_FWMARK]),
			 family == AF_INET6 ? " IPv6" : "");
		printf("%-5s %-31s", "FWM", text);
		return;
	}
	if (!attrs[IPVS_SVC_ATTR_PROTOCOL] || !attrs[IPVS_SVC_ATTR_ADDR] || !attrs[IPVS_SVC_ATTR_PORT])
		return;
	protocol = nla_get_u16(attrs[IPVS_SVC_ATTR_PROTOCOL]);
	inet_ntop(family, nla_data(attrs[IPVS_SVC_ATTR_ADDR]), address, sizeof(address));
	snprintf(text, sizeof(text), family == AF_INET6 ? "[%s]:%u" : "%s:%u", address,
		 ntohs(nla_get_u16(attrs[IPVS_SVC_ATTR_PORT])));
	printf("%-5s %-31s", protocol == IPPROTO_TCP ? "TCP" : protocol == IPPROTO_UDP ? "UDP" : "SCTP", text);
}

static int
show_service(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVS_CMD_ATTR_MAX + 1], *attrs[IPVS_SVC_ATTR_MAX + 1], *found;
	struct nlattr *own[IPVSD_SERVICE_ATTR_MAX + 1];
	char timeout[16] = "-";
	const char *group, *quic;
	uint8_t quiescent, client;

	(void)arg;
	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVS_CMD_ATTR_MAX, NULL) < 0 || !outer[IPVS_CMD_ATTR_SERVICE] ||
	    nla_parse_nested(attrs, IPVS_SVC_ATTR_MAX, outer[IPVS_CMD_ATTR_SERVICE], NULL) < 0 ||
	    !attrs[IPVS_SVC_ATTR_AF])
		return NL_SKIP;
	found = nla_find(nla_data(outer[IPVS_CMD_ATTR_SERVICE]), nla_len(outer[IPVS_CMD_ATTR_SERVICE]),
			 IPVSD_SVC_ATTR_OPTIONS);
	if (!found || nla_parse_nested(own, IPVSD_SERVICE_ATTR_MAX, found, NULL) < 0 ||
	    !own[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT] || !own[IPVSD_SERVICE_ATTR_QUIESCENT] ||
	    !own[IPVSD_SERVICE_ATTR_LADDR_GROUP] || !own[IPVSD_SERVICE_ATTR_QUIC] ||
	    !own[IPVSD_SERVICE_ATTR_CLIENT_ADDRESS])
		return NL_SKIP;
	if (nla_get_u32(own[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT]) != 0)
		snprintf(timeout, sizeof(timeout), "%u", nla_get_u32(own[IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT]));
	quiescent = nla_get_u8(own[IPVSD_SERVICE_ATTR_QUIESCENT]);
	group = nla_get_string(own[IPVSD_SERVICE_ATTR_LADDR_GROUP]);
	quic = nla_get_string(own[IPVSD_SERVICE_ATTR_QUIC]);
	client = nla_get_u8(own[IPVSD_SERVICE_ATTR_CLIENT_ADDRESS]);
	show_key(attrs);
	printf(" %11s %-9s %-17s %-15s %s\n", timeout, quiescent <= IPVSD_QUIESCENT_MAX ? policies[quiescent] : "?",
	       client <= IPVSD_CLIENT_ADDRESS_MAX ? ways[client] : "?", *group ? group : "-", *quic ? quic : "-");
	return NL_OK;
}

int
services_list(struct nl_sock *sk, struct options *options)
{
	int err, family = genl_ctrl_resolve(sk, IPVS_GENL_NAME);

	(void)options;
	if (family < 0)
		return family;
	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, show_service, NULL);
	printf("%-5s %-31s %11s %-9s %-17s %-15s %s\n", "proto", "service", "established", "quiescent",
	       "client-address", "laddrs", "quic");
	err = genl_send_simple(sk, family, IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION, NLM_F_DUMP);
	return err < 0 ? err : nl_recvmsgs_default(sk);
}
