/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See netlink_server.h.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <rte_common.h>

#include "control/netlink_access.h"
#include "control/netlink_client.h"
#include "control/netlink_server.h"
#include "control/netlink_socket.h"
#include "core/cleanup.h"
#include "core/log.h"

#define ACCEPTS_A_TURN 64

struct netlink_server {
	struct event_loop *loop;
	struct genl *genl;
	char *path;
	gid_t group;
	uint32_t clients_per_uid;
	int fd;
	int timer; /* when the dumps that wait for their time go on */
	int spare; /* given up to turn a client away when descriptors have run out */
	uint32_t n_clients;
	TAILQ_HEAD(, netlink_client) clients; /* who had his turn of a dump last stands last */
	struct log_limit limit;
	void *buffer; /* one datagram of a client */
};

static void
client_ready(void *arg, uint32_t events)
{
	struct netlink_client *client = arg;

	if (events & (EPOLLHUP | EPOLLERR))
		netlink_client_hang_up(client);
	if (events & (EPOLLIN | EPOLLHUP | EPOLLERR))
		netlink_client_read(client, client->server->buffer);
}

static void
client_free(struct netlink_client *client)
{
	event_loop_remove(client->server->loop, client->fd);
	close(client->fd);
	genl_session_clear(&client->session);
	TAILQ_REMOVE(&client->server->clients, client, link);
	client->server->n_clients--;
	free(client);
}

static uint32_t
clients_of(const struct netlink_server *server, uid_t uid)
{
	const struct netlink_client *client;
	uint32_t n = 0;

	TAILQ_FOREACH (client, &server->clients, link)
		n += client->uid == uid && !client->closing;
	return n;
}

/* FD is the client's if it succeeds. */
static int
client_create(struct netlink_server *server, int fd, uid_t uid, bool permitted)
{
	struct netlink_client *client = calloc(1, sizeof(*client));
	int err;

	if (!client)
		return -ENOMEM;
	client->server = server;
	client->fd = fd;
	client->uid = uid;
	client->events = EPOLLIN;
	genl_session_init(&client->session, server->genl, permitted);
	err = event_loop_add(server->loop, fd, EPOLLIN, client_ready, client);
	if (err < 0) {
		free(client);
		return err;
	}
	TAILQ_INSERT_HEAD(&server->clients, client, link);
	server->n_clients++;
	return 0;
}

static int
admit(struct netlink_server *server, int fd)
{
	bool permitted;
	uid_t uid;
	int err = access_peer(fd, server->group, &permitted, &uid);

	if (err < 0)
		return err;
	if (clients_of(server, uid) >= server->clients_per_uid) {
		log_limited(&server->limit, LOG_WARNING, "control",
			    "user %u has %u connections already: refused (control.clients_per_uid)", uid,
			    server->clients_per_uid);
		return -EUSERS;
	}
	return client_create(server, fd, uid, permitted);
}

/* Without a free descriptor nobody can be accepted, and the backlog would keep the loop awake for ever. */
static void
turn_away(struct netlink_server *server)
{
	int fd;

	close(server->spare);
	fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC);
	if (fd >= 0)
		close(fd);
	server->spare = open("/dev/null", O_RDONLY | O_CLOEXEC);
	log_limited(&server->limit, LOG_WARNING, "control", "no descriptor for another client: raise LimitNOFILE");
}

static void
accept_failed(struct netlink_server *server, int error)
{
	if ((error == EMFILE || error == ENFILE) && server->spare >= 0)
		turn_away(server);
	else if (error != EAGAIN && error != EINTR && error != ECONNABORTED)
		log_limited(&server->limit, LOG_WARNING, "control", "a client can't be accepted: %s", strerror(error));
}

static void
listener_ready(void *arg, uint32_t events)
{
	struct netlink_server *server = arg;

	(void)events;
	for (int i = 0; i < ACCEPTS_A_TURN; i++) {
		int fd = accept4(server->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

		if (fd < 0) {
			accept_failed(server, errno);
			return;
		}
		if (admit(server, fd) < 0)
			close(fd);
	}
}

/* The turn that it begins ends with netlink_server_flush(). */
static void
time_has_come(void *arg, uint32_t events)
{
	struct netlink_server *server = arg;
	uint64_t count;

	(void)events;
	while (read(server->timer, &count, sizeof(count)) < 0 && errno == EINTR)
		;
}

static struct netlink_server *
allocate(const struct netlink_server_config *config, struct event_loop *loop, struct genl *genl)
{
	struct netlink_server *server = calloc(1, sizeof(*server));

	if (!server)
		return NULL;
	*server = (struct netlink_server){
		.loop = loop,
		.genl = genl,
		.path = strdup(config->path),
		.clients_per_uid = config->clients_per_uid,
		.fd = -1,
		.timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC),
		.spare = open("/dev/null", O_RDONLY | O_CLOEXEC),
		.limit = LOG_LIMIT(5, 60),
		.buffer = malloc(CLIENT_DATAGRAM_MAX),
	};
	TAILQ_INIT(&server->clients);
	if (server->path && server->buffer && server->spare >= 0 && server->timer >= 0)
		return server;
	netlink_server_destroy(server);
	return NULL;
}

static int
find_group(const struct netlink_server_config *config, gid_t *ret)
{
	int err = access_group(config->group, ret);

	if (err < 0)
		log_error("control", "control.group \"%s\": %s; create the group or name another", config->group,
			  err == -ENOENT ? "no such group" : strerror(-err));
	return err;
}

int
netlink_server_claim(const struct netlink_server_config *config, int *ret_lock)
{
	gid_t group;
	int err = find_group(config, &group);

	return err < 0 ? err : netlink_socket_claim(config->path, ret_lock);
}

int
netlink_server_create(const struct netlink_server_config *config, struct event_loop *loop, struct genl *genl,
		      struct netlink_server **ret)
{
	struct netlink_server *server = allocate(config, loop, genl);
	int err;

	if (!server)
		return -ENOMEM;
	err = find_group(config, &server->group);
	if (err == 0)
		err = netlink_socket_listen(config->path, config->mode, server->group, &server->fd);
	if (err == 0)
		err = event_loop_add(loop, server->timer, EPOLLIN, time_has_come, server);
	if (err == 0)
		err = event_loop_add(loop, server->fd, EPOLLIN, listener_ready, server);
	if (err < 0) {
		netlink_server_destroy(server);
		return err;
	}
	*ret = server;
	return 0;
}

static void
close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

void
netlink_server_destroy(struct netlink_server *server)
{
	struct netlink_client *client;

	if (!server)
		return;
	while ((client = TAILQ_FIRST(&server->clients)) != NULL)
		client_free(client);
	if (server->fd >= 0) {
		event_loop_remove(server->loop, server->fd);
		(void)unlink(server->path); /* gone already: as good */
	}
	if (server->timer >= 0) {
		event_loop_remove(server->loop, server->timer);
		close(server->timer);
	}
	close_if_open(server->fd);
	close_if_open(server->spare);
	free(server->buffer);
	free(server->path);
	free(server);
}

static void
await(struct netlink_client *client)
{
	uint32_t events = netlink_client_events(client);

	if (events == client->events)
		return;
	if (event_loop_change(client->server->loop, client->fd, events) < 0)
		client->closing = true;
	client->events = events;
}

static void
wait_for_time(struct netlink_server *server, uint64_t wait_ns)
{
	const struct itimerspec spec = {
		.it_value = { .tv_sec = (time_t)(wait_ns / 1000000000u), .tv_nsec = (long)(wait_ns % 1000000000u) },
	};

	if (timerfd_settime(server->timer, 0, &spec, NULL) < 0)
		log_limited(&server->limit, LOG_ERR, "control", "a listing can't go on: timerfd_settime(): %s",
			    strerror(errno));
}

/* How long its dump has to wait, in ns. */
static uint64_t
flush_client(struct netlink_server *server, struct netlink_client *client, int err)
{
	uint64_t wait_ns;

	genl_session_settle(&client->session, err);
	if (netlink_client_flush(client)) {
		TAILQ_REMOVE(&server->clients, client, link);
		TAILQ_INSERT_TAIL(&server->clients, client, link);
	}
	wait_ns = genl_session_wait_ns(&client->session, dump_pace_now_ns());
	await(client);
	if (client->closing)
		client_free(client);
	return wait_ns;
}

void
netlink_server_flush(struct netlink_server *server, int err)
{
	struct netlink_client *client = TAILQ_FIRST(&server->clients), *next;
	uint64_t wait_ns = 0;

	/* who had his turn comes again behind the last of now */
	for (uint32_t n = server->n_clients; n > 0; n--, client = next) {
		next = TAILQ_NEXT(client, link);
		wait_ns = RTE_MAX(wait_ns, flush_client(server, client, err));
	}
	if (wait_ns > 0)
		wait_for_time(server, wait_ns);
}

uint32_t
netlink_server_clients(const struct netlink_server *server)
{
	return server->n_clients;
}
