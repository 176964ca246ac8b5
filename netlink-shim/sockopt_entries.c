/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See sockopt_entries.h.
 */
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>

#include "sockopt_entries.h"

static void
put_key_fields(struct message *message, const struct service_key *key)
{
	message_put_u16(message, IPVS_SVC_ATTR_AF, AF_INET);
	if (key->fwmark) {
		message_put_u32(message, IPVS_SVC_ATTR_FWMARK, key->fwmark);
		return;
	}
	message_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, key->protocol);
	message_put(message, IPVS_SVC_ATTR_ADDR, &key->addr, sizeof(key->addr));
	message_put(message, IPVS_SVC_ATTR_PORT, &key->port, sizeof(key->port));
}

void
entry_put_key(struct message *message, const struct service_key *key)
{
	size_t nest = message_nest(message, IPVS_CMD_ATTR_SERVICE);

	put_key_fields(message, key);
	message_nest_end(message, nest);
}

void
entry_put_service(struct message *message, const struct ip_vs_service_user *user)
{
	const struct service_key key = {
		.fwmark = user->fwmark, .protocol = user->protocol, .port = user->port, .addr = user->addr
	};
	const struct ip_vs_flags flags = { .flags = user->flags, .mask = ~0u };
	char scheduler[IP_VS_SCHEDNAME_MAXLEN] = "";
	size_t length = strnlen(user->sched_name, sizeof(scheduler) - 1);
	size_t nest = message_nest(message, IPVS_CMD_ATTR_SERVICE);

	memcpy(scheduler, user->sched_name, length);
	put_key_fields(message, &key);
	message_put(message, IPVS_SVC_ATTR_SCHED_NAME, scheduler, length + 1);
	message_put(message, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	message_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, user->timeout);
	message_put(message, IPVS_SVC_ATTR_NETMASK, &user->netmask, sizeof(user->netmask));
	message_nest_end(message, nest);
}

void
entry_put_dest(struct message *message, const struct ip_vs_dest_user *user, bool full)
{
	size_t nest = message_nest(message, IPVS_CMD_ATTR_DEST);

	message_put_u16(message, IPVS_DEST_ATTR_ADDR_FAMILY, AF_INET);
	message_put(message, IPVS_DEST_ATTR_ADDR, &user->addr, sizeof(user->addr));
	message_put(message, IPVS_DEST_ATTR_PORT, &user->port, sizeof(user->port));
	if (full) {
		message_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, user->conn_flags & IP_VS_CONN_F_FWD_MASK);
		message_put_u32(message, IPVS_DEST_ATTR_WEIGHT, (uint32_t)user->weight);
		message_put_u32(message, IPVS_DEST_ATTR_U_THRESH, user->u_threshold);
		message_put_u32(message, IPVS_DEST_ATTR_L_THRESH, user->l_threshold);
	}
	message_nest_end(message, nest);
}

void
entry_put_daemon(struct message *message, uint32_t state, const char *name, uint32_t sync_id)
{
	size_t nest = message_nest(message, IPVS_CMD_ATTR_DAEMON);

	message_put_u32(message, IPVS_DAEMON_ATTR_STATE, state);
	if (name) {
		message_put(message, IPVS_DAEMON_ATTR_MCAST_IFN, name, strlen(name) + 1);
		message_put_u32(message, IPVS_DAEMON_ATTR_SYNC_ID, sync_id);
	}
	message_nest_end(message, nest);
}

static struct ip_vs_stats_user
get_stats(const struct attribute *nest)
{
	struct attribute attrs[IPVS_STATS_ATTR_MAX + 1];

	attributes_find(nest->data, nest->size, attrs, IPVS_STATS_ATTR_MAX);
	return (struct ip_vs_stats_user){
		.conns = attribute_u32(&attrs[IPVS_STATS_ATTR_CONNS]),
		.inpkts = attribute_u32(&attrs[IPVS_STATS_ATTR_INPKTS]),
		.outpkts = attribute_u32(&attrs[IPVS_STATS_ATTR_OUTPKTS]),
		.inbytes = attribute_u64(&attrs[IPVS_STATS_ATTR_INBYTES]),
		.outbytes = attribute_u64(&attrs[IPVS_STATS_ATTR_OUTBYTES]),
		.cps = attribute_u32(&attrs[IPVS_STATS_ATTR_CPS]),
		.inpps = attribute_u32(&attrs[IPVS_STATS_ATTR_INPPS]),
		.outpps = attribute_u32(&attrs[IPVS_STATS_ATTR_OUTPPS]),
		.inbps = attribute_u32(&attrs[IPVS_STATS_ATTR_INBPS]),
		.outbps = attribute_u32(&attrs[IPVS_STATS_ATTR_OUTBPS]),
	};
}

/* A string of an answer, which may lack its end. */
static void
get_string(const struct attribute *attribute, char *to, size_t size)
{
	memset(to, 0, size);
	if (attribute->data)
		memcpy(to, attribute->data,
		       strnlen(attribute->data, attribute->size < size ? attribute->size : size - 1));
}

bool
entry_get_service(const void *attributes, size_t size, struct ip_vs_service_entry *ret)
{
	struct attribute top[IPVS_CMD_ATTR_MAX + 1], attrs[IPVS_SVC_ATTR_MAX + 1];
	struct ip_vs_flags flags;

	attributes_find(attributes, size, top, IPVS_CMD_ATTR_MAX);
	attributes_find(top[IPVS_CMD_ATTR_SERVICE].data, top[IPVS_CMD_ATTR_SERVICE].size, attrs, IPVS_SVC_ATTR_MAX);
	if (attribute_u16(&attrs[IPVS_SVC_ATTR_AF]) != AF_INET)
		return false;
	ret->fwmark = attribute_u32(&attrs[IPVS_SVC_ATTR_FWMARK]);
	/* netlink does not tell the protocol of a mark's service, and always makes it TCP */
	ret->protocol = ret->fwmark ? IPPROTO_TCP : attribute_u16(&attrs[IPVS_SVC_ATTR_PROTOCOL]);
	attribute_copy(&attrs[IPVS_SVC_ATTR_ADDR], &ret->addr, sizeof(ret->addr));
	ret->port = attribute_u16(&attrs[IPVS_SVC_ATTR_PORT]);
	get_string(&attrs[IPVS_SVC_ATTR_SCHED_NAME], ret->sched_name, sizeof(ret->sched_name));
	attribute_copy(&attrs[IPVS_SVC_ATTR_FLAGS], &flags, sizeof(flags));
	ret->flags = flags.flags;
	ret->timeout = attribute_u32(&attrs[IPVS_SVC_ATTR_TIMEOUT]);
	ret->netmask = attribute_u32(&attrs[IPVS_SVC_ATTR_NETMASK]);
	ret->stats = get_stats(&attrs[IPVS_SVC_ATTR_STATS]);
	return true;
}

/* The kernel shows what it keeps besides the method: that a destination is no connection, and that answers don't pass
 * unless it masquerades (__ip_vs_update_dest()). */
static uint32_t
shown_flags(uint32_t method)
{
	method &= IP_VS_CONN_F_FWD_MASK;
	return method | IP_VS_CONN_F_INACTIVE | (method == IP_VS_CONN_F_MASQ ? 0 : IP_VS_CONN_F_NOOUTPUT);
}

bool
entry_get_dest(const void *attributes, size_t size, struct ip_vs_dest_entry *ret)
{
	struct attribute top[IPVS_CMD_ATTR_MAX + 1], attrs[IPVS_DEST_ATTR_MAX + 1];

	attributes_find(attributes, size, top, IPVS_CMD_ATTR_MAX);
	attributes_find(top[IPVS_CMD_ATTR_DEST].data, top[IPVS_CMD_ATTR_DEST].size, attrs, IPVS_DEST_ATTR_MAX);
	if (attribute_u16(&attrs[IPVS_DEST_ATTR_ADDR_FAMILY]) != AF_INET)
		return false;
	attribute_copy(&attrs[IPVS_DEST_ATTR_ADDR], &ret->addr, sizeof(ret->addr));
	ret->port = attribute_u16(&attrs[IPVS_DEST_ATTR_PORT]);
	ret->conn_flags = shown_flags(attribute_u32(&attrs[IPVS_DEST_ATTR_FWD_METHOD]));
	ret->weight = (int)attribute_u32(&attrs[IPVS_DEST_ATTR_WEIGHT]);
	ret->u_threshold = attribute_u32(&attrs[IPVS_DEST_ATTR_U_THRESH]);
	ret->l_threshold = attribute_u32(&attrs[IPVS_DEST_ATTR_L_THRESH]);
	ret->activeconns = attribute_u32(&attrs[IPVS_DEST_ATTR_ACTIVE_CONNS]);
	ret->inactconns = attribute_u32(&attrs[IPVS_DEST_ATTR_INACT_CONNS]);
	ret->persistconns = attribute_u32(&attrs[IPVS_DEST_ATTR_PERSIST_CONNS]);
	ret->stats = get_stats(&attrs[IPVS_DEST_ATTR_STATS]);
	return true;
}

bool
entry_get_daemon(const void *attributes, size_t size, struct ip_vs_daemon_user *ret)
{
	struct attribute top[IPVS_CMD_ATTR_MAX + 1], attrs[IPVS_DAEMON_ATTR_MAX + 1];

	attributes_find(attributes, size, top, IPVS_CMD_ATTR_MAX);
	attributes_find(top[IPVS_CMD_ATTR_DAEMON].data, top[IPVS_CMD_ATTR_DAEMON].size, attrs, IPVS_DAEMON_ATTR_MAX);
	ret->state = (int)attribute_u32(&attrs[IPVS_DAEMON_ATTR_STATE]);
	get_string(&attrs[IPVS_DAEMON_ATTR_MCAST_IFN], ret->mcast_ifn, sizeof(ret->mcast_ifn));
	ret->syncid = (int)attribute_u32(&attrs[IPVS_DAEMON_ATTR_SYNC_ID]);
	return ret->state == IP_VS_STATE_MASTER || ret->state == IP_VS_STATE_BACKUP;
}

struct service_key
entry_key(const struct ip_vs_service_entry *entry)
{
	return (struct service_key){
		.fwmark = entry->fwmark, .protocol = entry->protocol, .port = entry->port, .addr = entry->addr
	};
}
