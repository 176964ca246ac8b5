/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * setsockopt(): do_ip_vs_set_ctl() of the kernel, and its order of checks.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "sockopt.h"
#include "sockopt_call.h"
#include "sockopt_entries.h"

/* The largest of the options' structures. */
union argument {
	struct {
		struct ip_vs_service_user service;
		struct ip_vs_dest_user dest;
	};
	struct ip_vs_timeout_user timeout;
	struct ip_vs_daemon_user daemon;
};

struct setter {
	/* Writes the request. Returns 0 or a negative errno. */
	int (*write)(const union argument *argument, uint8_t command, struct message *request);
	uint8_t command;
	uint8_t length;
};

static int
write_flush(const union argument *argument, uint8_t command, struct message *request)
{
	(void)argument;
	message_begin(request, command, NLM_F_ACK);
	return 0;
}

/* Attributes that are 0 change nothing, as in the structure. */
static int
write_timeout(const union argument *argument, uint8_t command, struct message *request)
{
	message_begin(request, command, NLM_F_ACK);
	message_put_u32(request, IPVS_CMD_ATTR_TIMEOUT_TCP, (uint32_t)argument->timeout.tcp_timeout);
	message_put_u32(request, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, (uint32_t)argument->timeout.tcp_fin_timeout);
	message_put_u32(request, IPVS_CMD_ATTR_TIMEOUT_UDP, (uint32_t)argument->timeout.udp_timeout);
	return 0;
}

static int
write_start(const union argument *argument, uint8_t command, struct message *request)
{
	const struct ip_vs_daemon_user *user = &argument->daemon;
	size_t length = strnlen(user->mcast_ifn, sizeof(user->mcast_ifn));

	if (length == 0 || length == sizeof(user->mcast_ifn))
		return -EINVAL;
	message_begin(request, command, NLM_F_ACK);
	entry_put_daemon(request, (uint32_t)user->state, user->mcast_ifn, (uint32_t)user->syncid);
	return 0;
}

static int
write_stop(const union argument *argument, uint8_t command, struct message *request)
{
	message_begin(request, command, NLM_F_ACK);
	entry_put_daemon(request, (uint32_t)argument->daemon.state, NULL, 0);
	return 0;
}

static struct service_key
user_key(const struct ip_vs_service_user *user)
{
	return (struct service_key){
		.fwmark = user->fwmark, .protocol = user->protocol, .port = user->port, .addr = user->addr
	};
}

/* EFAULT is what the kernel says. */
static int
check_protocol(const struct ip_vs_service_user *user)
{
	if (user->protocol != IPPROTO_TCP && user->protocol != IPPROTO_UDP && user->protocol != IPPROTO_SCTP)
		return -EFAULT;
	return 0;
}

static int
write_service(const union argument *argument, uint8_t command, struct message *request)
{
	const struct ip_vs_service_user *user = &argument->service;

	if (strnlen(user->sched_name, sizeof(user->sched_name)) == sizeof(user->sched_name))
		return -EINVAL;
	message_begin(request, command, NLM_F_ACK);
	entry_put_service(request, user);
	return check_protocol(user);
}

static int
write_key(const union argument *argument, uint8_t command, struct message *request)
{
	const struct service_key key = user_key(&argument->service);

	message_begin(request, command, NLM_F_ACK);
	entry_put_key(request, &key);
	return check_protocol(&argument->service);
}

/* No service at all means all of them, whatever the protocol. */
static int
write_zero(const union argument *argument, uint8_t command, struct message *request)
{
	const struct ip_vs_service_user *user = &argument->service;

	if (user->fwmark == 0 && user->addr == 0 && user->port == 0) {
		message_begin(request, command, NLM_F_ACK);
		return 0;
	}
	return write_key(argument, command, request);
}

static int
write_dest(const union argument *argument, uint8_t command, struct message *request)
{
	int err = write_key(argument, command, request);

	entry_put_dest(request, &argument->dest, command != IPVS_CMD_DEL_DEST);
	return err;
}

#define SERVICE sizeof(struct ip_vs_service_user)
#define SERVICE_DEST (SERVICE + sizeof(struct ip_vs_dest_user))
#define DAEMON sizeof(struct ip_vs_daemon_user)
#define INDEX(option) ((option)-IP_VS_BASE_CTL)

/* What is not here has a length of 0, and is refused with that, too. */
static const struct setter setters[INDEX(IP_VS_SO_SET_MAX) + 1] = {
	[INDEX(IP_VS_SO_SET_ADD)] = { write_service, IPVS_CMD_NEW_SERVICE, SERVICE },
	[INDEX(IP_VS_SO_SET_EDIT)] = { write_service, IPVS_CMD_SET_SERVICE, SERVICE },
	[INDEX(IP_VS_SO_SET_DEL)] = { write_key, IPVS_CMD_DEL_SERVICE, SERVICE },
	[INDEX(IP_VS_SO_SET_FLUSH)] = { write_flush, IPVS_CMD_FLUSH, 0 },
	[INDEX(IP_VS_SO_SET_ADDDEST)] = { write_dest, IPVS_CMD_NEW_DEST, SERVICE_DEST },
	[INDEX(IP_VS_SO_SET_DELDEST)] = { write_dest, IPVS_CMD_DEL_DEST, SERVICE_DEST },
	[INDEX(IP_VS_SO_SET_EDITDEST)] = { write_dest, IPVS_CMD_SET_DEST, SERVICE_DEST },
	[INDEX(IP_VS_SO_SET_TIMEOUT)] = { write_timeout, IPVS_CMD_SET_CONFIG, sizeof(struct ip_vs_timeout_user) },
	[INDEX(IP_VS_SO_SET_STARTDAEMON)] = { write_start, IPVS_CMD_NEW_DAEMON, DAEMON },
	[INDEX(IP_VS_SO_SET_STOPDAEMON)] = { write_stop, IPVS_CMD_DEL_DAEMON, DAEMON },
	[INDEX(IP_VS_SO_SET_ZERO)] = { write_zero, IPVS_CMD_ZERO, SERVICE },
};

bool
sockopt_is_set(int level, int option)
{
	return level == IPPROTO_IP && option >= IP_VS_BASE_CTL && option <= IP_VS_SO_SET_MAX;
}

static int
prepare(const struct setter *setter, const void *value, socklen_t length, struct message *request)
{
	union argument argument = { 0 };
	int err;

	if (length != setter->length || !setter->write)
		return -EINVAL;
	err = call_read(&argument, value, length);
	return err < 0 ? err : setter->write(&argument, setter->command, request);
}

int
sockopt_set(int option, const void *value, socklen_t length)
{
	struct message request;
	struct session session;
	int err;

	if (length > INT32_MAX)
		return -EINVAL;
	err = call_begin(&session);
	if (err != 0)
		return err;
	err = prepare(&setters[INDEX(option)], value, length, &request);
	err = err < 0 ? call_refuse(&session, err) : session_ask(&session, &request, NULL, NULL);
	session_close(&session);
	return err;
}
