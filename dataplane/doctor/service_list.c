/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See service_list.h; netlink-shim/wire.h and <linux/ip_vs.h> have the messages.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#include <linux/ip_vs.h>
#include <netlink/attr.h>
#include <netlink/errno.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "doctor/service_list.h"
#include "netlink-shim/libipvsd.h"
#include "netlink-shim/wire.h"

/* More of them would only be counted: an ipvsd that lists without an end is not believed. */
#define LIST_MAX (1u << 22)

struct asking {
	struct service_list *list;
	int err;
};

static uint64_t
now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Room for one more of N elements, at powers of two. */
static void *
grow(void *list, size_t n, size_t size)
{
	if (n >= LIST_MAX)
		return NULL;
	return n == 0 || (n & (n - 1)) == 0 ? realloc(list, (n == 0 ? 1 : 2 * n) * size) : list;
}

static void
read_address(const struct nlattr *attr, uint16_t family, struct ip_addr *ret)
{
	size_t length = family == AF_INET ? 4 : 16;

	memset(ret, 0, sizeof(*ret));
	if ((size_t)nla_len(attr) < length)
		return;
	ret->family = family;
	memcpy(&ret->ip, nla_data(attr), length);
}

static void
read_group(const struct nlattr *options, struct listed_service *ret)
{
	struct nlattr *own[IPVSD_SERVICE_ATTR_MAX + 1];

	if (nla_parse_nested(own, IPVSD_SERVICE_ATTR_MAX, (struct nlattr *)options, NULL) == 0 &&
	    own[IPVSD_SERVICE_ATTR_LADDR_GROUP])
		nla_strlcpy(ret->group, own[IPVSD_SERVICE_ATTR_LADDR_GROUP], sizeof(ret->group));
}

static struct nla_policy service_policy[IPVS_SVC_ATTR_MAX + 1] = {
	[IPVS_SVC_ATTR_AF] = { .type = NLA_U16 },      [IPVS_SVC_ATTR_PROTOCOL] = { .type = NLA_U16 },
	[IPVS_SVC_ATTR_PORT] = { .type = NLA_U16 },    [IPVS_SVC_ATTR_FWMARK] = { .type = NLA_U32 },
	[IPVS_SVC_ATTR_ADDR] = { .type = NLA_UNSPEC },
};

static int
take_service(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVS_CMD_ATTR_MAX + 1], *attrs[IPVS_SVC_ATTR_MAX + 1], *options;
	struct listed_service service = { .family = 0 }, *services;
	struct asking *asking = arg;
	struct service_list *list = asking->list;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVS_CMD_ATTR_MAX, NULL) < 0 || !outer[IPVS_CMD_ATTR_SERVICE] ||
	    nla_parse_nested(attrs, IPVS_SVC_ATTR_MAX, outer[IPVS_CMD_ATTR_SERVICE], service_policy) < 0 ||
	    !attrs[IPVS_SVC_ATTR_AF])
		return NL_SKIP;
	service.family = nla_get_u16(attrs[IPVS_SVC_ATTR_AF]);
	if (service.family != AF_INET && service.family != AF_INET6)
		return NL_SKIP;
	if (attrs[IPVS_SVC_ATTR_FWMARK]) {
		service.mark = nla_get_u32(attrs[IPVS_SVC_ATTR_FWMARK]);
	} else if (attrs[IPVS_SVC_ATTR_PROTOCOL] && attrs[IPVS_SVC_ATTR_ADDR] && attrs[IPVS_SVC_ATTR_PORT]) {
		service.protocol = (uint8_t)nla_get_u16(attrs[IPVS_SVC_ATTR_PROTOCOL]);
		service.port = ntohs(nla_get_u16(attrs[IPVS_SVC_ATTR_PORT]));
		read_address(attrs[IPVS_SVC_ATTR_ADDR], service.family, &service.addr);
	}
	options = nla_find(nla_data(outer[IPVS_CMD_ATTR_SERVICE]), nla_len(outer[IPVS_CMD_ATTR_SERVICE]),
			   IPVSD_SVC_ATTR_OPTIONS);
	if (options)
		read_group(options, &service);
	services = grow(list->services, list->n_services, sizeof(service));
	if (!services) {
		asking->err = -ENOMEM;
		return NL_STOP;
	}
	list->services = services;
	services[list->n_services++] = service;
	return NL_OK;
}

static struct nla_policy dest_policy[IPVS_DEST_ATTR_MAX + 1] = {
	[IPVS_DEST_ATTR_PORT] = { .type = NLA_U16 },
	[IPVS_DEST_ATTR_FWD_METHOD] = { .type = NLA_U32 },
	[IPVS_DEST_ATTR_WEIGHT] = { .type = NLA_U32 },
	[IPVS_DEST_ATTR_ADDR_FAMILY] = { .type = NLA_U16 },
};

/* Of the service that is looked at. */
static int
take_dest(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVS_CMD_ATTR_MAX + 1], *attrs[IPVS_DEST_ATTR_MAX + 1];
	struct asking *asking = arg;
	struct listed_service *service = &asking->list->services[asking->list->n_looked_at];
	struct listed_dest *dests, dest = { .port = 0 };

	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVS_CMD_ATTR_MAX, NULL) < 0 || !outer[IPVS_CMD_ATTR_DEST] ||
	    nla_parse_nested(attrs, IPVS_DEST_ATTR_MAX, outer[IPVS_CMD_ATTR_DEST], dest_policy) < 0 ||
	    !attrs[IPVS_DEST_ATTR_ADDR] || !attrs[IPVS_DEST_ATTR_PORT] || !attrs[IPVS_DEST_ATTR_FWD_METHOD] ||
	    !attrs[IPVS_DEST_ATTR_WEIGHT])
		return NL_SKIP;
	read_address(attrs[IPVS_DEST_ATTR_ADDR],
		     attrs[IPVS_DEST_ATTR_ADDR_FAMILY] ? nla_get_u16(attrs[IPVS_DEST_ATTR_ADDR_FAMILY])
						       : service->family,
		     &dest.addr);
	dest.port = ntohs(nla_get_u16(attrs[IPVS_DEST_ATTR_PORT]));
	dest.method = nla_get_u32(attrs[IPVS_DEST_ATTR_FWD_METHOD]) & IP_VS_CONN_F_FWD_MASK;
	dest.weight = (int32_t)nla_get_u32(attrs[IPVS_DEST_ATTR_WEIGHT]);
	dests = grow(service->dests, service->n_dests, sizeof(dest));
	if (!dests) {
		asking->err = -ENOMEM;
		return NL_STOP;
	}
	service->dests = dests;
	dests[service->n_dests++] = dest;
	return NL_OK;
}

static int
take_laddrs(struct nl_msg *msg, void *arg)
{
	struct nlattr *outer[IPVSX_ATTR_MAX + 1], *attr;
	struct listed_laddrs group = { .active = false }, *laddrs;
	struct asking *asking = arg;
	struct service_list *list = asking->list;
	int left;

	if (genlmsg_parse(nlmsg_hdr(msg), 0, outer, IPVSX_ATTR_MAX, NULL) < 0 || !outer[IPVSX_ATTR_LADDRS])
		return NL_SKIP;
	nla_for_each_nested(attr, outer[IPVSX_ATTR_LADDRS], left)
	{
		int type = nla_type(attr), length = nla_len(attr);

		if (type == IPVSX_LADDRS_ATTR_NAME)
			nla_strlcpy(group.name, attr, sizeof(group.name));
		else if (type == IPVSX_LADDRS_ATTR_PORT)
			nla_strlcpy(group.port, attr, sizeof(group.port));
		else if (type == IPVSX_LADDRS_ATTR_ACTIVE && length >= 1)
			group.active = nla_get_u8(attr) != 0;
		else if (type == IPVSX_LADDRS_ATTR_ADDRESS && length == 4)
			group.n_ipv4++;
		else if (type == IPVSX_LADDRS_ATTR_ADDRESS && length == 16)
			group.n_ipv6++;
	}
	laddrs = grow(list->laddrs, list->n_laddrs, sizeof(group));
	if (!laddrs) {
		asking->err = -ENOMEM;
		return NL_STOP;
	}
	list->laddrs = laddrs;
	laddrs[list->n_laddrs++] = group;
	return NL_OK;
}

static int
to_errno(int err)
{
	switch (err) {
	case 0:
		return 0;
	case -NLE_PERM:
		return -EPERM;
	case -NLE_AGAIN:
		return -ETIMEDOUT;
	case -NLE_NOMEM:
		return -ENOMEM;
	case -NLE_NODEV:
		return -ECONNRESET;
	default:
		return -EPROTO;
	}
}

static int
dump(struct nl_sock *sk, struct asking *asking, struct nl_msg *msg, nl_recvmsg_msg_cb_t take)
{
	int err;

	nl_socket_modify_cb(sk, NL_CB_VALID, NL_CB_CUSTOM, take, asking);
	err = nl_send_auto(sk, msg);
	if (err >= 0)
		err = nl_recvmsgs_default(sk);
	return asking->err < 0 ? asking->err : to_errno(err < 0 ? err : 0);
}

static int
dump_all(struct nl_sock *sk, struct asking *asking, int family, uint8_t command, uint8_t version,
	 nl_recvmsg_msg_cb_t take)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -ENOMEM;

	if (msg && genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, family, 0, NLM_F_DUMP, command, version))
		err = dump(sk, asking, msg, take);
	nlmsg_free(msg);
	return err;
}

static bool
put_service(struct nl_msg *msg, const struct listed_service *service)
{
	struct nlattr *nest = nla_nest_start(msg, IPVS_CMD_ATTR_SERVICE);

	if (!nest || nla_put_u16(msg, IPVS_SVC_ATTR_AF, service->family) < 0)
		return false;
	if (service->mark != 0) {
		if (nla_put_u32(msg, IPVS_SVC_ATTR_FWMARK, service->mark) < 0)
			return false;
	} else if (nla_put_u16(msg, IPVS_SVC_ATTR_PROTOCOL, service->protocol) < 0 ||
		   nla_put(msg, IPVS_SVC_ATTR_ADDR, 16, &service->addr.ip) < 0 ||
		   nla_put_u16(msg, IPVS_SVC_ATTR_PORT, htons(service->port)) < 0) {
		return false;
	}
	nla_nest_end(msg, nest);
	return true;
}

static int
dump_dests(struct nl_sock *sk, struct asking *asking, const struct listed_service *service)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err = -ENOMEM;

	if (msg &&
	    genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, IPVSD_FAMILY_IPVS, 0, NLM_F_DUMP, IPVS_CMD_GET_DEST,
			IPVS_GENL_VERSION) &&
	    put_service(msg, service))
		err = dump(sk, asking, msg, take_dest);
	nlmsg_free(msg);
	return err;
}

static int
ask(struct nl_sock *sk, unsigned int ms, struct service_list *ret)
{
	struct asking asking = { .list = ret };
	uint64_t deadline;
	int err = dump_all(sk, &asking, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, IPVS_GENL_VERSION, take_service);

	if (err == 0)
		err = dump_all(sk, &asking, IPVSD_FAMILY_IPVSX, IPVSX_CMD_GET_LADDRS, IPVSX_FAMILY_VERSION,
			       take_laddrs);
	deadline = now_ms() + ms;
	for (; err == 0 && ret->n_looked_at < ret->n_services && now_ms() < deadline; ret->n_looked_at++)
		err = dump_dests(sk, &asking, &ret->services[ret->n_looked_at]);
	return err;
}

int
service_list_ask(const char *socket, unsigned int ms, struct service_list *ret)
{
	const struct timeval patience = { .tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000 };
	struct nl_sock *sk = nl_socket_alloc();
	int err;

	*ret = (struct service_list){ .n_services = 0 };
	if (!sk)
		return -ENOMEM;
	err = ipvsd_attach(sk, socket, IPVSD_HELLO_EXT);
	if (err == 0) {
		(void)setsockopt(ipvsd_fd(sk), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
		(void)setsockopt(ipvsd_fd(sk), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof(patience));
		err = ask(sk, ms, ret);
		ipvsd_detach(sk);
	}
	nl_socket_free(sk);
	if (err < 0)
		service_list_free(ret);
	return err;
}

void
service_list_free(struct service_list *list)
{
	for (size_t i = 0; i < list->n_services; i++)
		free(list->services[i].dests);
	free(list->services);
	free(list->laddrs);
	*list = (struct service_list){ .n_services = 0 };
}

const char *
service_text(const struct listed_service *service, char text[SERVICE_TEXT_MAX])
{
	const char *protocol = service->protocol == IPPROTO_TCP	   ? "TCP"
			       : service->protocol == IPPROTO_UDP  ? "UDP"
			       : service->protocol == IPPROTO_SCTP ? "SCTP"
								   : "ICMP";
	char address[INET6_ADDRSTRLEN] = "?";

	if (service->mark != 0) {
		snprintf(text, SERVICE_TEXT_MAX, "mark %u", service->mark);
		return text;
	}
	inet_ntop(service->family, &service->addr.ip, address, sizeof(address));
	snprintf(text, SERVICE_TEXT_MAX, service->family == AF_INET6 ? "%s [%s]:%u" : "%s %s:%u", protocol, address,
		 service->port);
	return text;
}
