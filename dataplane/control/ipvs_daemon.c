/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * IPVS commands about the synchronisation daemons: accepted, checked and reported as the kernel does
 * (ip_vs_genl_new_daemon(), start_sync_thread()), so that keepalived's lvs_sync_daemon works. No connection is
 * synchronised yet.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "control/ipvs_family.h"
#include "core/cleanup.h"
#include "core/log.h"

#define SYNC_GROUP 0xe0000051u /* 224.0.0.81 */
#define SYNC_PORT 8848
#define SYNC_MTU 1500u
#define UDP_HEADERS_IPV4 28u
#define UDP_HEADERS_IPV6 48u
#define BACKUP_SHORTEST 1024u

static const struct attr_policy daemon_policy[IPVS_DAEMON_ATTR_MAX + 1] = {
	[IPVS_DAEMON_ATTR_STATE] = { ATTR_U32, 0 },
	[IPVS_DAEMON_ATTR_MCAST_IFN] = { ATTR_STRING, IP_VS_IFNAME_MAXLEN - 1 },
	[IPVS_DAEMON_ATTR_SYNC_ID] = { ATTR_U32, 0 },
	[IPVS_DAEMON_ATTR_SYNC_MAXLEN] = { ATTR_U16, 0 },
	[IPVS_DAEMON_ATTR_MCAST_GROUP] = { ATTR_U32, 0 },
	[IPVS_DAEMON_ATTR_MCAST_GROUP6] = { ATTR_UNCHECKED, sizeof(struct in6_addr) },
	[IPVS_DAEMON_ATTR_MCAST_PORT] = { ATTR_U16, 0 },
	[IPVS_DAEMON_ATTR_MCAST_TTL] = { ATTR_U8, 0 },
};

static int
parse_group(const struct nlattr **attrs, struct ip_addr *group)
{
	if (attrs[IPVS_DAEMON_ATTR_MCAST_GROUP]) {
		group->family = AF_INET;
		attr_copy(&group->ip, attrs[IPVS_DAEMON_ATTR_MCAST_GROUP], 4);
		return IN_MULTICAST(rte_be_to_cpu_32(group->ip.v4)) ? 0 : -EINVAL;
	}
	if (attrs[IPVS_DAEMON_ATTR_MCAST_GROUP6]) {
		group->family = AF_INET6;
		attr_copy(&group->ip, attrs[IPVS_DAEMON_ATTR_MCAST_GROUP6], 16);
		return group->ip.bytes[0] == 0xff ? 0 : -EINVAL;
	}
	group->family = AF_INET;
	group->ip.v4 = rte_cpu_to_be_32(SYNC_GROUP);
	return 0;
}

static int
parse_daemon(const struct nlattr **attrs, struct ipvs_daemon *daemon)
{
	memset(daemon, 0, sizeof(*daemon));
	if (!attrs[IPVS_DAEMON_ATTR_STATE] || !attrs[IPVS_DAEMON_ATTR_MCAST_IFN] || !attrs[IPVS_DAEMON_ATTR_SYNC_ID])
		return -EINVAL;
	snprintf(daemon->interface, sizeof(daemon->interface), "%s",
		 (const char *)nla_data(attrs[IPVS_DAEMON_ATTR_MCAST_IFN]));
	daemon->sync_id = attr_u32(attrs[IPVS_DAEMON_ATTR_SYNC_ID]);
	if (attrs[IPVS_DAEMON_ATTR_SYNC_MAXLEN])
		daemon->max_length = attr_u16(attrs[IPVS_DAEMON_ATTR_SYNC_MAXLEN]);
	if (attrs[IPVS_DAEMON_ATTR_MCAST_PORT])
		daemon->port = attr_u16(attrs[IPVS_DAEMON_ATTR_MCAST_PORT]);
	if (attrs[IPVS_DAEMON_ATTR_MCAST_TTL])
		daemon->ttl = attr_u8(attrs[IPVS_DAEMON_ATTR_MCAST_TTL]);
	return parse_group(attrs, &daemon->group);
}

int
daemon_new_cmd(void *context, struct genl_request *request)
{
	const struct nlattr *attrs[IPVS_DAEMON_ATTR_MAX + 1];
	struct ipvs_model *model = context;
	struct ipvs_daemon daemon;
	int err = attrs_parse_nest(attrs, IPVS_DAEMON_ATTR_MAX, request->attrs[IPVS_CMD_ATTR_DAEMON], daemon_policy);

	if (err == 0)
		err = parse_daemon(attrs, &daemon);
	if (err < 0)
		return err;
	if (model->n_mixed > 0)
		return -EINVAL;
	return ipvs_daemon_start(model, attr_u32(attrs[IPVS_DAEMON_ATTR_STATE]), &daemon);
}

int
daemon_del_cmd(void *context, struct genl_request *request)
{
	const struct nlattr *attrs[IPVS_DAEMON_ATTR_MAX + 1];
	int err = attrs_parse_nest(attrs, IPVS_DAEMON_ATTR_MAX, request->attrs[IPVS_CMD_ATTR_DAEMON], daemon_policy);

	if (err < 0)
		return err;
	if (!attrs[IPVS_DAEMON_ATTR_STATE])
		return -EINVAL;
	return ipvs_daemon_stop(context, attr_u32(attrs[IPVS_DAEMON_ATTR_STATE]));
}

/* The longest datagram that may come: a backup's interface may have a larger MTU than the master assumes. */
static uint32_t
backup_mtu(const char *interface)
{
	CLEANUP(fd_close) int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct ifreq request = { 0 };

	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", interface);
	if (fd < 0 || ioctl(fd, SIOCGIFMTU, &request) < 0 || request.ifr_mtu < (int)SYNC_MTU)
		return SYNC_MTU;
	return request.ifr_mtu > UINT16_MAX ? UINT16_MAX : (uint32_t)request.ifr_mtu;
}

static uint16_t
sync_length(const struct ipvs_daemon *daemon, bool backup)
{
	uint32_t headers = daemon->group.family == AF_INET6 ? UDP_HEADERS_IPV6 : UDP_HEADERS_IPV4;
	uint32_t shortest = backup ? BACKUP_SHORTEST : 1, longest = UINT16_MAX - headers;
	uint32_t length = daemon->max_length;

	if (length == 0)
		return (uint16_t)((backup ? backup_mtu(daemon->interface) : SYNC_MTU) - headers);
	return (uint16_t)(length < shortest ? shortest : length > longest ? longest : length);
}

int
ipvs_daemon_start(struct ipvs_model *model, uint32_t wire_state, struct ipvs_daemon *daemon)
{
	bool backup = wire_state == IP_VS_STATE_BACKUP;
	enum ipvs_daemon_state state = backup ? DAEMON_BACKUP : DAEMON_MASTER;

	if (if_nametoindex(daemon->interface) == 0)
		return -ENODEV;
	if (!backup && wire_state != IP_VS_STATE_MASTER)
		return -EINVAL;
	if (model->daemons[state].running)
		return -EEXIST;
	if (daemon->port == 0)
		daemon->port = SYNC_PORT;
	if (daemon->ttl == 0)
		daemon->ttl = 1;
	daemon->max_length = sync_length(daemon, backup);
	daemon->running = true;
	model->daemons[state] = *daemon;
	log_info("ipvs", "%s synchronisation daemon on %s noted; connections are not synchronised by this version",
		 backup ? "backup" : "master", daemon->interface);
	if (model->observer)
		model->observer->daemon(model->observer->arg, state, &model->daemons[state]);
	return 0;
}

int
ipvs_daemon_stop(struct ipvs_model *model, uint32_t wire_state)
{
	enum ipvs_daemon_state state = wire_state == IP_VS_STATE_BACKUP ? DAEMON_BACKUP : DAEMON_MASTER;

	if (wire_state != IP_VS_STATE_MASTER && wire_state != IP_VS_STATE_BACKUP)
		return -EINVAL;
	if (!model->daemons[state].running)
		return -ESRCH;
	model->daemons[state].running = false;
	if (model->observer)
		model->observer->daemon(model->observer->arg, state, &model->daemons[state]);
	return 0;
}

static int
put_daemon(struct nl_msg *msg, uint32_t wire_state, const struct ipvs_daemon *daemon)
{
	bool ipv6 = daemon->group.family == AF_INET6;
	struct nlattr *nest = attr_nest_begin(msg, IPVS_CMD_ATTR_DAEMON);

	if (!nest || nla_put_u32(msg, IPVS_DAEMON_ATTR_STATE, wire_state) < 0 ||
	    nla_put_string(msg, IPVS_DAEMON_ATTR_MCAST_IFN, daemon->interface) < 0 ||
	    nla_put_u32(msg, IPVS_DAEMON_ATTR_SYNC_ID, daemon->sync_id) < 0 ||
	    nla_put_u16(msg, IPVS_DAEMON_ATTR_SYNC_MAXLEN, daemon->max_length) < 0 ||
	    nla_put_u16(msg, IPVS_DAEMON_ATTR_MCAST_PORT, daemon->port) < 0 ||
	    nla_put_u8(msg, IPVS_DAEMON_ATTR_MCAST_TTL, daemon->ttl) < 0 ||
	    nla_put(msg, ipv6 ? IPVS_DAEMON_ATTR_MCAST_GROUP6 : IPVS_DAEMON_ATTR_MCAST_GROUP, ipv6 ? 16 : 4,
		    &daemon->group.ip) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int
daemon_dump_cmd(struct genl_dump *dump, struct nl_msg *msg)
{
	static const uint32_t wire_states[DAEMON_STATES] = {
		[DAEMON_MASTER] = IP_VS_STATE_MASTER,
		[DAEMON_BACKUP] = IP_VS_STATE_BACKUP,
	};
	const struct ipvs_model *model = dump->context;

	while (dump->position < DAEMON_STATES) {
		uint64_t state = dump->position++;
		int err;

		if (!model->daemons[state].running)
			continue;
		err = put_daemon(msg, wire_states[state], &model->daemons[state]);
		return err < 0 ? err : 1;
	}
	return 0;
}
