/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * getsockopt(): do_ip_vs_get_ctl() of the kernel, and its order of checks. What the kernel shows in one step takes
 * several requests here, and may change between them: a service that comes or goes meanwhile, as between two options.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#include "sockopt.h"
#include "sockopt_call.h"
#include "sockopt_entries.h"
#include "sockopt_lists.h"

#define VERSION_SIZE 64

/* What of the program's buffer is looked at. */
union argument {
	char version[VERSION_SIZE];
	struct ip_vs_getinfo info;
	struct ip_vs_get_services services;
	struct ip_vs_service_entry service;
	struct ip_vs_get_dests dests;
	struct ip_vs_timeout_user timeouts;
	struct ip_vs_daemon_user daemons[2];
};

/* One option of the program's. */
struct get_call {
	struct session *session;
	union argument *argument;
	void *value;
	int length; /* said by the program; what it is told afterwards */
};

struct getter {
	/* Answers the call. Returns 0 or a negative errno. */
	int (*get)(struct get_call *call);
	uint8_t length; /* at least */
};

static int
take_info(void *arg, const void *attributes, size_t size)
{
	struct attribute attrs[IPVS_INFO_ATTR_MAX + 1];
	struct ip_vs_getinfo *info = arg;

	attributes_find(attributes, size, attrs, IPVS_INFO_ATTR_MAX);
	info->version = attribute_u32(&attrs[IPVS_INFO_ATTR_VERSION]);
	info->size = attribute_u32(&attrs[IPVS_INFO_ATTR_CONN_TAB_SIZE]);
	return 0;
}

static int
ask_info(struct session *session, struct ip_vs_getinfo *ret)
{
	struct message request;

	memset(ret, 0, sizeof(*ret));
	message_begin(&request, IPVS_CMD_GET_INFO, NLM_F_ACK);
	return session_ask(session, &request, take_info, ret);
}

static int
get_version(struct get_call *call)
{
	char text[VERSION_SIZE];
	struct ip_vs_getinfo info;
	int err = ask_info(call->session, &info);

	if (err < 0)
		return err;
	call->length = snprintf(text, sizeof(text), "IP Virtual Server version %u.%u.%u (size=%u)",
				NVERSION(info.version), info.size) +
		       1;
	return call_write(call->value, text, (size_t)call->length);
}

static int
get_info(struct get_call *call)
{
	struct ip_vs_getinfo info;
	int err = ask_info(call->session, &info);

	if (err == 0)
		err = lists_count_services(call->session, &info.num_services);
	return err < 0 ? err : call_write(call->value, &info, sizeof(info));
}

/* As the kernel: the length says how many entries there is room for, and must do so exactly. */
static bool
is_length(int length, size_t header, size_t entry, unsigned int n)
{
	return (size_t)length == header + entry * n;
}

static int
get_services(struct get_call *call)
{
	struct ip_vs_get_services *get = &call->argument->services;
	struct ip_vs_service_entry *entries;
	unsigned int n = get->num_services;
	int err;

	if (!is_length(call->length, sizeof(*get), sizeof(*entries), n))
		return -EINVAL;
	err = lists_services(call->session, &entries, &n);
	if (err == 0)
		err = call_write((char *)call->value + sizeof(*get), entries, n * sizeof(*entries));
	lists_free(entries);
	return err;
}

static int
get_service(struct get_call *call)
{
	struct ip_vs_service_entry *entry = &call->argument->service;
	const struct service_key key = entry_key(entry);
	int err = lists_service(call->session, &key, entry);

	return err < 0 ? err : call_write(call->value, entry, sizeof(*entry));
}

static int
get_dests(struct get_call *call)
{
	const struct ip_vs_get_dests *get = &call->argument->dests;
	const struct service_key key = {
		.fwmark = get->fwmark, .protocol = get->protocol, .port = get->port, .addr = get->addr
	};
	struct ip_vs_dest_entry *entries;
	unsigned int n = get->num_dests;
	int err;

	if (!is_length(call->length, sizeof(*get), sizeof(*entries), n))
		return -EINVAL;
	err = lists_dests(call->session, &key, &entries, &n);
	if (err == 0)
		err = call_write((char *)call->value + sizeof(*get), entries, n * sizeof(*entries));
	lists_free(entries);
	return err;
}

static int
take_timeouts(void *arg, const void *attributes, size_t size)
{
	struct attribute attrs[IPVS_CMD_ATTR_MAX + 1];
	struct ip_vs_timeout_user *timeouts = arg;

	attributes_find(attributes, size, attrs, IPVS_CMD_ATTR_MAX);
	timeouts->tcp_timeout = (int)attribute_u32(&attrs[IPVS_CMD_ATTR_TIMEOUT_TCP]);
	timeouts->tcp_fin_timeout = (int)attribute_u32(&attrs[IPVS_CMD_ATTR_TIMEOUT_TCP_FIN]);
	timeouts->udp_timeout = (int)attribute_u32(&attrs[IPVS_CMD_ATTR_TIMEOUT_UDP]);
	return 0;
}

static int
get_timeouts(struct get_call *call)
{
	struct ip_vs_timeout_user timeouts = { 0 };
	struct message request;
	int err;

	message_begin(&request, IPVS_CMD_GET_CONFIG, NLM_F_ACK);
	err = session_ask(call->session, &request, take_timeouts, &timeouts);
	return err < 0 ? err : call_write(call->value, &timeouts, sizeof(timeouts));
}

/* The master is first, whether it runs or not. */
static int
take_daemon(void *arg, const void *attributes, size_t size)
{
	struct ip_vs_daemon_user *daemons = arg, daemon;

	if (entry_get_daemon(attributes, size, &daemon))
		daemons[daemon.state == IP_VS_STATE_MASTER ? 0 : 1] = daemon;
	return 0;
}

static int
get_daemons(struct get_call *call)
{
	struct ip_vs_daemon_user daemons[2] = { 0 };
	struct message request;
	int err;

	message_begin(&request, IPVS_CMD_GET_DAEMON, NLM_F_DUMP);
	err = session_ask(call->session, &request, take_daemon, daemons);
	return err < 0 ? err : call_write(call->value, daemons, sizeof(daemons));
}

#define INDEX(option) ((option)-IP_VS_BASE_CTL)

static const struct getter getters[INDEX(IP_VS_SO_GET_MAX) + 1] = {
	[INDEX(IP_VS_SO_GET_VERSION)] = { get_version, VERSION_SIZE },
	[INDEX(IP_VS_SO_GET_INFO)] = { get_info, sizeof(struct ip_vs_getinfo) },
	[INDEX(IP_VS_SO_GET_SERVICES)] = { get_services, sizeof(struct ip_vs_get_services) },
	[INDEX(IP_VS_SO_GET_SERVICE)] = { get_service, sizeof(struct ip_vs_service_entry) },
	[INDEX(IP_VS_SO_GET_DESTS)] = { get_dests, sizeof(struct ip_vs_get_dests) },
	[INDEX(IP_VS_SO_GET_TIMEOUT)] = { get_timeouts, sizeof(struct ip_vs_timeout_user) },
	[INDEX(IP_VS_SO_GET_DAEMON)] = { get_daemons, 2 * sizeof(struct ip_vs_daemon_user) },
};

bool
sockopt_is_get(int level, int option)
{
	return level == IPPROTO_IP && option >= IP_VS_BASE_CTL && option <= IP_VS_SO_GET_MAX;
}

static int
prepare(const struct getter *getter, struct get_call *call)
{
	if (call->length < getter->length)
		return -EINVAL;
	if (!getter->get)
		return -EINVAL;
	return call_read(call->argument, call->value, getter->length);
}

int
sockopt_get(int option, void *value, socklen_t *length)
{
	const struct getter *getter = &getters[INDEX(option)];
	union argument argument = { 0 };
	struct session session;
	struct get_call call = { .session = &session, .argument = &argument, .value = value };
	int err = call_read(&call.length, length, sizeof(call.length));

	if (err == 0 && call.length < 0)
		err = -EINVAL;
	if (err == 0)
		err = call_begin(&session);
	if (err != 0)
		return err;
	err = prepare(getter, &call);
	err = err < 0 ? call_refuse(&session, err) : getter->get(&call);
	session_close(&session);
	return err < 0 ? err : call_write(length, &call.length, sizeof(call.length));
}
