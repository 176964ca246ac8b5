/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The control socket: who may, how many, what a hostile or dead client does to the others. The server runs in a thread
 * of its own, on a socket in a temporary folder.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/netlink_server.h"
#include "control_fixture.h"
#include "core/log.h"

#define CLIENTS 64
#define OUTSIDER 65534
#define GROUP "nogroup"

struct scene {
	struct control_fixture *fixture;
	struct event_loop *loop;
	struct netlink_server *server;
	struct netlink_server_config config;
	pthread_t thread;
	uint32_t n_clients; /* after the last turn */
	char folder[64], path[96], lock[104];
	int lock_fd;
};

static struct wire wire;

static void
end_of_turn(void *arg)
{
	struct scene *scene = arg;

	netlink_server_flush(scene->server, ipvs_model_publish(scene->fixture->model));
	__atomic_store_n(&scene->n_clients, netlink_server_clients(scene->server), __ATOMIC_RELEASE);
}

static void *
serve(void *arg)
{
	struct scene *scene = arg;

	assert_int_equal(event_loop_run(scene->loop), 0);
	return NULL;
}

static int
setup(void **state)
{
	struct scene *scene = calloc(1, sizeof(*scene));

	log_open(LOG_CRIT, false);
	strcpy(scene->folder, "/tmp/ipvsd-socket-XXXXXX");
	assert_non_null(mkdtemp(scene->folder));
	assert_int_equal(chmod(scene->folder, 0755), 0);
	snprintf(scene->path, sizeof(scene->path), "%s/ipvs.sock", scene->folder);
	snprintf(scene->lock, sizeof(scene->lock), "%s.lock", scene->path);
	scene->config = (struct netlink_server_config){
		.path = scene->path,
		.mode = 0666,
		.group = GROUP,
		.clients_per_uid = CLIENTS,
	};
	scene->fixture = control_fixture_new();
	assert_int_equal(event_loop_create(&scene->loop), 0);
	assert_int_equal(event_loop_after_turn(scene->loop, end_of_turn, scene), 0);
	assert_int_equal(netlink_server_claim(&scene->config, &scene->lock_fd), 0);
	assert_int_equal(netlink_server_create(&scene->config, scene->loop, &scene->fixture->genl, &scene->server), 0);
	assert_int_equal(pthread_create(&scene->thread, NULL, serve, scene), 0);
	*state = scene;
	return 0;
}

static int
teardown(void **state)
{
	struct scene *scene = *state;

	event_loop_stop(scene->loop);
	assert_int_equal(pthread_join(scene->thread, NULL), 0);
	netlink_server_destroy(scene->server);
	close(scene->lock_fd);
	assert_int_equal(access(scene->path, F_OK), -1);
	event_loop_destroy(scene->loop);
	control_fixture_free(scene->fixture);
	assert_int_equal(unlink(scene->lock), 0);
	assert_int_equal(rmdir(scene->folder), 0);
	free(scene);
	return 0;
}

/* A client that waits for an answer for 5 s, which is a failure. */
static int
connect_to(const char *path)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct timeval limit = { .tv_sec = 5 };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	assert_true(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	return fd;
}

static void
build(uint8_t command, uint16_t flags)
{
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, flags);
}

/* Sends what was built; the error code of the next answer, 1 if it is another message, 2 at the end. */
static int
exchange(int fd, struct nlmsghdr *ret)
{
	struct {
		struct nlmsghdr header;
		int32_t code;
		uint8_t rest[66000];
	} answer;
	ssize_t n;

	wire_end(&wire);
	if (send(fd, wire.bytes, wire.length, MSG_NOSIGNAL) < 0)
		return 2;
	n = recv(fd, &answer, sizeof(answer), 0);
	if (n <= 0)
		return n < 0 && errno == EAGAIN ? 3 : 2;
	if (ret)
		*ret = answer.header;
	return answer.header.nlmsg_type == NLMSG_ERROR ? answer.code : 1;
}

/* GET_INFO: 1 if it is answered. */
static int
is_served(int fd)
{
	build(IPVS_CMD_GET_INFO, NLM_F_REQUEST);
	return exchange(fd, NULL);
}

static void
port_ids_come_from_the_hello_or_the_message(void **state)
{
	struct scene *scene = *state;
	struct ipvsd_hello hello = {
		.magic = IPVSD_HELLO_MAGIC,
		.version = IPVSD_HELLO_VERSION,
		.length = sizeof(hello),
		.portid = 0xcafe,
	};
	int greeted = connect_to(scene->path), silent = connect_to(scene->path);
	struct nlmsghdr header;

	assert_int_equal(send(greeted, &hello, sizeof(hello), 0), sizeof(hello));
	build(IPVS_CMD_GET_INFO, NLM_F_REQUEST);
	assert_int_equal(exchange(greeted, &header), 1);
	assert_int_equal(header.nlmsg_pid, 0xcafe);
	build(IPVS_CMD_GET_INFO, NLM_F_REQUEST);
	((struct nlmsghdr *)(void *)wire.bytes)->nlmsg_pid = 0xbeef;
	assert_int_equal(exchange(silent, &header), 1);
	assert_int_equal(header.nlmsg_pid, 0xbeef);
	close(greeted);
	close(silent);
}

static void
a_malformed_hello_closes(void **state)
{
	struct scene *scene = *state;
	struct ipvsd_hello hello = {
		.magic = IPVSD_HELLO_MAGIC,
		.version = IPVSD_HELLO_VERSION,
		.length = sizeof(hello),
	};
	static const size_t lengths[] = { 4, 8, sizeof(hello) - 1 };
	int fd;

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		fd = connect_to(scene->path);
		assert_int_equal(send(fd, &hello, lengths[i], 0), lengths[i]);
		assert_int_equal(is_served(fd), 2);
		close(fd);
	}
	hello.length = 1000;
	fd = connect_to(scene->path);
	assert_int_equal(send(fd, &hello, sizeof(hello), 0), sizeof(hello));
	assert_int_equal(is_served(fd), 2);
	close(fd);
}

/* What a process with those credentials gets for GET_INFO. */
static int
asked_as(const char *path, uid_t uid, gid_t gid, const gid_t *groups, size_t n_groups)
{
	pid_t child = fork();
	int status;

	assert_true(child >= 0);
	if (child == 0) {
		if (setgroups(n_groups, groups) < 0 || setgid(gid) < 0 || setuid(uid) < 0)
			_exit(100);
		_exit(-is_served(connect_to(path)) & 0xff);
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
outsiders_are_told_so_and_members_are_served(void **state)
{
	struct scene *scene = *state;
	const struct group *group = getgrnam(GROUP);
	gid_t gid;

	if (geteuid() != 0) {
		print_message("needs root, to become another user\n");
		skip();
	}
	assert_non_null(group);
	gid = group->gr_gid;
	assert_int_equal(asked_as(scene->path, OUTSIDER, 12345, NULL, 0), EPERM);
	assert_int_equal(asked_as(scene->path, OUTSIDER, gid, NULL, 0), (uint8_t)-1);
	assert_int_equal(asked_as(scene->path, OUTSIDER, 12345, &gid, 1), (uint8_t)-1);
	assert_int_equal(asked_as(scene->path, 0, 12345, NULL, 0), (uint8_t)-1);
}

static void
a_user_has_so_many_connections(void **state)
{
	struct scene *scene = *state;
	int fds[CLIENTS], more;

	for (int i = 0; i < CLIENTS; i++) {
		fds[i] = connect_to(scene->path);
		assert_int_equal(is_served(fds[i]), 1);
	}
	more = connect_to(scene->path);
	assert_int_equal(is_served(more), 2);
	close(more);
	assert_int_equal(is_served(fds[0]), 1);
	close(fds[0]);
	/* the server sees the end before another one comes: both wait in the same loop */
	do {
		more = connect_to(scene->path);
		if (is_served(more) == 1)
			break;
		close(more);
	} while (true);
	close(more);
	for (int i = 1; i < CLIENTS; i++)
		close(fds[i]);
}

static void
malformed_messages_do_not_disturb_others(void **state)
{
	struct scene *scene = *state;
	int good = connect_to(scene->path), bad = connect_to(scene->path);
	static uint8_t garbage[60000];
	uint32_t random = 1, nest;

	assert_int_equal(send(bad, "abc", 3, 0), 3);
	assert_int_equal(is_served(good), 1);
	memset(garbage, 0xff, sizeof(garbage));
	assert_int_equal(send(bad, garbage, sizeof(garbage), 0), sizeof(garbage));
	assert_int_equal(is_served(bad), 1);
	/* 64 KB of attributes */
	build(IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	wire_put(&wire, 77, garbage, sizeof(garbage));
	assert_int_equal(exchange(bad, NULL), -EINVAL);
	build(IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	nest = wire_nest(&wire, IPVS_CMD_ATTR_SERVICE);
	wire_put(&wire, IPVS_SVC_ATTR_ADDR, garbage, sizeof(garbage));
	wire_nest_end(&wire, nest);
	assert_int_equal(exchange(bad, NULL), -EINVAL);
	for (int i = 0; i < 2000; i++) {
		build((uint8_t)(i % 20), NLM_F_REQUEST | NLM_F_ACK);
		nest = wire_nest(&wire, (uint16_t)(1 + i % 3));
		for (int j = 0; j < i % 50; j++) {
			random = random * 1664525 + 1013904223;
			wire.bytes[wire.length++] = (uint8_t)(random >> 24);
		}
		wire_nest_end(&wire, nest);
		assert_int_not_equal(exchange(bad, NULL), 3);
		close(bad);
		bad = connect_to(scene->path);
	}
	assert_int_equal(is_served(good), 1);
	close(good);
	close(bad);
}

static void
a_datagram_that_is_too_long_is_refused(void **state)
{
	struct scene *scene = *state;
	int fd = connect_to(scene->path);
	struct nlmsghdr header = { .nlmsg_len = 150000, .nlmsg_type = IPVSD_FAMILY_IPVS, .nlmsg_flags = NLM_F_REQUEST };
	uint8_t *bytes = calloc(1, 150000);
	struct {
		struct nlmsghdr header;
		int32_t code;
		struct nlmsghdr request;
	} answer;

	memcpy(bytes, &header, sizeof(header));
	assert_int_equal(send(fd, bytes, 150000, 0), 150000);
	assert_int_equal(recv(fd, &answer, sizeof(answer), 0), sizeof(answer));
	assert_int_equal(answer.code, -EMSGSIZE);
	assert_int_equal(is_served(fd), 1);
	free(bytes);
	close(fd);
}

static void
a_client_that_does_not_read_holds_up_nobody(void **state)
{
	struct scene *scene = *state;
	int good = connect_to(scene->path), deaf = connect_to(scene->path);
	uint32_t sent = 0;

	for (uint8_t i = 1; i <= 50; i++) {
		build(IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
		wire_service(&wire, i, true);
		assert_int_equal(exchange(good, NULL), 0);
	}
	build(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
	wire_end(&wire);
	/* until neither the server takes more nor the socket */
	while (send(deaf, wire.bytes, wire.length, MSG_DONTWAIT) > 0)
		sent++;
	assert_int_equal(errno, EAGAIN);
	assert_in_range(sent, 10, 5000);
	assert_int_equal(is_served(good), 1);
	/* and nothing of it is lost */
	for (uint32_t dones = 0; dones < sent;) {
		static uint8_t answer[GENL_DUMP_DATAGRAM];
		ssize_t n = recv(deaf, answer, sizeof(answer), 0);

		assert_true(n > 0);
		dones += ((struct nlmsghdr *)(void *)answer)->nlmsg_type == NLMSG_DONE;
	}
	close(good);
	close(deaf);
}

/* It goes on without an event of anybody's socket, and others are answered before. */
static void
a_dump_that_waits_for_its_time_goes_on_by_itself(void **state)
{
	struct scene *scene = *state;
	int lists = connect_to(scene->path), asks = connect_to(scene->path);
	uint64_t until_ns = dump_pace_now_ns() + 200000000;
	struct nlmsghdr header;

	scene->fixture->genl.pace.waits_until_ns = until_ns;
	build(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
	wire_end(&wire);
	assert_int_equal(send(lists, wire.bytes, wire.length, 0), wire.length);
	assert_int_equal(is_served(asks), 1);
	assert_int_equal(recv(lists, &header, sizeof(header), 0), sizeof(header));
	assert_int_equal(header.nlmsg_type, NLMSG_DONE);
	assert_true(dump_pace_now_ns() >= until_ns);
	close(lists);
	close(asks);
}

static bool
is_done(const uint8_t *answer)
{
	return ((const struct nlmsghdr *)(const void *)answer)->nlmsg_type == NLMSG_DONE;
}

/* A later client's list of what is in use takes its time, which is no reason for an earlier one to wait until its end. */
static void
long_dumps_take_turns(void **state)
{
	enum { DESTS = 200, DUMPS = 300 };
	struct scene *scene = *state;
	int asks = connect_to(scene->path), lists = connect_to(scene->path);
	uint32_t dumps = 0, answered = 0;

	build(IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, 1, true);
	assert_int_equal(exchange(asks, NULL), 0);
	for (uint8_t i = 0; i < DESTS; i++) {
		build(IPVS_CMD_NEW_DEST, NLM_F_REQUEST | NLM_F_ACK);
		wire_service(&wire, 1, false);
		wire_dest(&wire, i, FORWARD_NAT, 1);
		assert_int_equal(exchange(asks, NULL), 0);
		scene->fixture->worker->loads[i].in_packets++;
	}
	wire_clear(&wire);
	for (uint32_t i = 0; i < DUMPS; i++) {
		wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
		wire_end(&wire);
	}
	assert_int_equal(send(lists, wire.bytes, wire.length, 0), wire.length);
	for (bool asked = false; answered == 0;) {
		struct pollfd polled[2] = { { .fd = lists, .events = POLLIN }, { .fd = asks, .events = POLLIN } };
		static _Alignas(8) uint8_t answer[GENL_DUMP_DATAGRAM];

		assert_true(poll(polled, 2, 5000) > 0);
		if (polled[0].revents & POLLIN) {
			assert_true(recv(lists, answer, sizeof(answer), 0) > 0);
			dumps += is_done(answer);
		}
		if (polled[1].revents & POLLIN) {
			assert_true(recv(asks, answer, sizeof(answer), 0) > 0);
			answered += is_done(answer);
		}
		/* when the list has begun to wait */
		if (!asked && dumps >= 20) {
			build(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
			wire_end(&wire);
			assert_int_equal(send(asks, wire.bytes, wire.length, 0), wire.length);
			asked = true;
		}
	}
	assert_in_range(dumps, 20, DUMPS - 1);
	close(lists);
	close(asks);
}

/* Its socket says so in each turn, which must not keep the processor busy until the dump would have been sent. */
static void
a_dump_ends_with_its_client(void **state)
{
	struct scene *scene = *state;
	int lists = connect_to(scene->path), asks = connect_to(scene->path);

	scene->fixture->genl.pace.waits_until_ns = UINT64_MAX;
	build(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST | NLM_F_DUMP);
	wire_end(&wire);
	assert_int_equal(send(lists, wire.bytes, wire.length, 0), wire.length);
	assert_int_equal(is_served(asks), 1);
	close(lists);
	for (int i = 0; i < 1000 && __atomic_load_n(&scene->n_clients, __ATOMIC_ACQUIRE) > 1; i++)
		assert_int_equal(is_served(asks), 1);
	assert_int_equal(__atomic_load_n(&scene->n_clients, __ATOMIC_ACQUIRE), 1);
	close(asks);
}

static void
a_request_is_carried_out_if_its_client_has_gone(void **state)
{
	struct scene *scene = *state;
	int good = connect_to(scene->path), hasty = connect_to(scene->path), result;

	build(IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, 9, true);
	wire_end(&wire);
	assert_int_equal(send(hasty, wire.bytes, wire.length, 0), wire.length);
	close(hasty);
	do {
		build(IPVS_CMD_GET_SERVICE, NLM_F_REQUEST);
		wire_service(&wire, 9, false);
		result = exchange(good, NULL);
	} while (result == -ESRCH);
	assert_int_equal(result, 1);
	close(good);
}

static void
a_socket_file_is_taken_over_only_if_it_is_dead(void **state)
{
	struct scene *scene = *state;
	struct netlink_server_config config = scene->config;
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct netlink_server *server;
	struct event_loop *loop;
	char path[96], lock[104];
	struct stat status;
	int fd, client, claim;

	assert_int_equal(event_loop_create(&loop), 0);
	/* this server's own */
	assert_int_equal(netlink_server_claim(&config, &claim), -EADDRINUSE);
	client = connect_to(scene->path);
	assert_int_equal(is_served(client), 1);
	close(client);
	/* a stranger's, alive and then dead */
	snprintf(path, sizeof(path), "%s/other.sock", scene->folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	strcpy(address.sun_path, path);
	config.path = path;
	fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(fd, 1), 0);
	assert_int_equal(netlink_server_claim(&config, &claim), -EADDRINUSE);
	close(fd);
	assert_int_equal(netlink_server_claim(&config, &claim), 0);
	config.mode = 0640;
	assert_int_equal(netlink_server_create(&config, loop, &scene->fixture->genl, &server), 0);
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 0777, 0640);
	assert_int_equal(status.st_gid, getgrnam(GROUP)->gr_gid);
	netlink_server_destroy(server);
	close(claim);
	/* no socket at all */
	fd = open(path, O_WRONLY | O_CREAT | O_EXCL, 0600);
	close(fd);
	assert_int_equal(netlink_server_claim(&config, &claim), -EEXIST);
	config.group = "no-such-group-here";
	assert_int_equal(netlink_server_claim(&config, &claim), -ENOENT);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(unlink(lock), 0);
	event_loop_destroy(loop);
}

/* Two that start at the same moment: one of them ends before it takes a port. */
static void
a_path_is_claimed_before_there_is_a_server(void **state)
{
	struct scene *scene = *state;
	struct netlink_server_config config = scene->config;
	struct netlink_server *server;
	struct event_loop *loop;
	char path[96], lock[104];
	int claim, other;

	snprintf(path, sizeof(path), "%s/other.sock", scene->folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	config.path = path;
	assert_int_equal(event_loop_create(&loop), 0);
	assert_int_equal(netlink_server_claim(&config, &claim), 0);
	assert_int_equal(netlink_server_claim(&config, &other), -EADDRINUSE);
	assert_int_equal(netlink_server_create(&config, loop, &scene->fixture->genl, &server), 0);
	assert_int_equal(netlink_server_claim(&config, &other), -EADDRINUSE);
	netlink_server_destroy(server);
	close(claim);
	assert_int_equal(netlink_server_claim(&config, &claim), 0);
	close(claim);
	assert_int_equal(unlink(lock), 0);
	event_loop_destroy(loop);
}

static const char *victim; /* bind() below leaves a link to it, NULL: none */

/* In the C library's place: somebody who may write to the folder is quick. */
int
bind(int fd, const struct sockaddr *address, socklen_t length)
{
	const char *path = ((const struct sockaddr_un *)(const void *)address)->sun_path;
	int got = (int)syscall(SYS_bind, fd, address, length);

	if (got == 0 && victim) {
		assert_int_equal(unlink(path), 0);
		assert_int_equal(symlink(victim, path), 0);
	}
	return got;
}

static void
another_file_in_the_place_of_the_socket_is_left_alone(void **state)
{
	struct scene *scene = *state;
	struct netlink_server_config config = scene->config;
	struct netlink_server *server;
	struct event_loop *loop;
	char path[96], lock[104], file[96];
	struct stat before, after;
	int claim, fd;

	snprintf(path, sizeof(path), "%s/other.sock", scene->folder);
	snprintf(lock, sizeof(lock), "%s.lock", path);
	snprintf(file, sizeof(file), "%s/file", scene->folder);
	fd = open(file, O_WRONLY | O_CREAT | O_EXCL, 0600);
	assert_int_equal(fstat(fd, &before), 0);
	config.path = path;
	assert_int_equal(event_loop_create(&loop), 0);
	assert_int_equal(netlink_server_claim(&config, &claim), 0);
	victim = file;
	assert_int_equal(netlink_server_create(&config, loop, &scene->fixture->genl, &server), -EEXIST);
	victim = NULL;
	assert_int_equal(fstat(fd, &after), 0);
	assert_int_equal(after.st_mode, before.st_mode);
	assert_int_equal(after.st_gid, before.st_gid);
	close(fd);
	close(claim);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(unlink(lock), 0);
	event_loop_destroy(loop);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(port_ids_come_from_the_hello_or_the_message, setup, teardown),
		cmocka_unit_test_setup_teardown(a_malformed_hello_closes, setup, teardown),
		cmocka_unit_test_setup_teardown(outsiders_are_told_so_and_members_are_served, setup, teardown),
		cmocka_unit_test_setup_teardown(a_user_has_so_many_connections, setup, teardown),
		cmocka_unit_test_setup_teardown(malformed_messages_do_not_disturb_others, setup, teardown),
		cmocka_unit_test_setup_teardown(a_datagram_that_is_too_long_is_refused, setup, teardown),
		cmocka_unit_test_setup_teardown(a_client_that_does_not_read_holds_up_nobody, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dump_that_waits_for_its_time_goes_on_by_itself, setup, teardown),
		cmocka_unit_test_setup_teardown(long_dumps_take_turns, setup, teardown),
		cmocka_unit_test_setup_teardown(a_dump_ends_with_its_client, setup, teardown),
		cmocka_unit_test_setup_teardown(a_request_is_carried_out_if_its_client_has_gone, setup, teardown),
		cmocka_unit_test_setup_teardown(a_socket_file_is_taken_over_only_if_it_is_dead, setup, teardown),
		cmocka_unit_test_setup_teardown(a_path_is_claimed_before_there_is_a_server, setup, teardown),
		cmocka_unit_test_setup_teardown(another_file_in_the_place_of_the_socket_is_left_alone, setup, teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
