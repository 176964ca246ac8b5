/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * libipvsd: libnl over the control socket, with the test playing ipvsd (control_peer.h).
 */
#include "control_peer.h"

#include <errno.h>
#include <pthread.h>

#include <linux/genetlink.h>
#include <netlink/genl/ctrl.h>
#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include "libipvsd.h"

static int
send_flush(struct nl_sock *sk)
{
	struct nl_msg *msg = nlmsg_alloc();
	int err;

	assert_non_null(genlmsg_put(msg, NL_AUTO_PORT, NL_AUTO_SEQ, IPVSD_FAMILY_IPVS, 0, 0, 17, 1));
	err = nl_send_auto(sk, msg);
	nlmsg_free(msg);
	return err;
}

static struct nl_sock *
attached(const struct control_peer *peer, uint32_t flags)
{
	struct nl_sock *sk = nl_socket_alloc();

	assert_non_null(sk);
	assert_int_equal(ipvsd_attach(sk, peer->path, flags), 0);
	return sk;
}

static void
release(struct nl_sock *sk)
{
	ipvsd_detach(sk);
	nl_socket_free(sk);
}

static void
the_hello_says_who_the_client_is(void **state)
{
	struct nl_sock *sk = attached(*state, IPVSD_HELLO_EXT);
	struct ipvsd_hello hello;
	int fd = peer_accept(*state, &hello);

	assert_int_equal(hello.magic, IPVSD_HELLO_MAGIC);
	assert_int_equal(hello.version, 1);
	assert_int_equal(hello.length, 32);
	assert_int_equal(hello.portid, nl_socket_get_local_port(sk));
	assert_int_equal(hello.pid, getpid());
	assert_int_equal(hello.flags, IPVSD_HELLO_EXT);
	close(fd);
	release(sk);
}

static void
a_request_gets_its_ack_or_its_error(void **state)
{
	struct nl_sock *sk = attached(*state, 0);
	struct nlmsghdr request;
	struct ipvsd_hello hello;
	int fd = peer_accept(*state, &hello);

	assert_true(send_flush(sk) > 0);
	request = peer_request(fd);
	assert_int_equal(request.nlmsg_type, IPVSD_FAMILY_IPVS);
	assert_int_equal(request.nlmsg_pid, hello.portid);
	peer_answer(fd, &request, 0);
	assert_int_equal(nl_wait_for_ack(sk), 0);

	assert_true(send_flush(sk) > 0);
	request = peer_request(fd);
	peer_answer(fd, &request, -EPERM);
	assert_int_equal(nl_wait_for_ack(sk), -NLE_PERM);
	close(fd);
	release(sk);
}

static void
a_server_that_dies_fails_the_request_and_every_later_one(void **state)
{
	struct nl_sock *sk = attached(*state, 0);
	struct ipvsd_hello hello;
	int fd = peer_accept(*state, &hello);

	assert_true(send_flush(sk) > 0);
	(void)peer_request(fd);
	close(fd);
	assert_int_equal(nl_recvmsgs_default(sk), -NLE_NODEV);
	assert_int_equal(ipvsd_fd(sk), -1);
	assert_int_equal(nl_recvmsgs_default(sk), -NLE_NODEV);
	assert_int_equal(send_flush(sk), -NLE_NODEV);
	release(sk);
}

static void
a_socket_is_attached_once(void **state)
{
	struct control_peer *peer = *state;
	struct nl_sock *sk = attached(peer, 0);
	struct ipvsd_hello hello;
	int fd = peer_accept(peer, &hello);

	assert_int_equal(ipvsd_attach(sk, peer->path, 0), -EBUSY);
	close(fd);
	assert_int_equal(send_flush(sk), -NLE_NODEV);
	assert_int_equal(ipvsd_attach(sk, peer->path, 0), -EBUSY);
	release(sk);
}

static void
a_missing_server_and_a_long_path_are_told_apart(void **state)
{
	struct control_peer *peer = *state;
	struct nl_sock *sk = nl_socket_alloc();
	char path[200];

	memset(path, 'x', sizeof(path));
	path[sizeof(path) - 1] = '\0';
	assert_int_equal(ipvsd_attach(sk, path, 0), -ENAMETOOLONG);
	close(peer->listener);
	assert_int_equal(ipvsd_attach(sk, peer->path, 0), -ECONNREFUSED);
	unlink(peer->path);
	assert_int_equal(ipvsd_attach(sk, peer->path, 0), -ENOENT);
	assert_int_equal(send_flush(sk), -NLE_BAD_SOCK);
	nl_socket_free(sk);
	peer_listen(peer);
}

/* An oversized datagram is refused, not cut; the connection goes on. */
static void
a_datagram_over_the_limit_is_an_error(void **state)
{
	static const char big[IPVSD_MAX_DATAGRAM + 1];
	struct nl_sock *sk = attached(*state, 0);
	struct ipvsd_hello hello;
	int fd = peer_accept(*state, &hello);

	assert_int_equal(send(fd, big, sizeof(big), 0), sizeof(big));
	assert_int_equal(nl_recvmsgs_default(sk), -NLE_MSG_TRUNC);
	assert_true(ipvsd_fd(sk) >= 0);
	close(fd);
	release(sk);
}

/* nlctrl: the family, then the ACK, for one request. */
static void *
resolve_once(void *arg)
{
	const int fd = *(const int *)arg;
	struct nlmsghdr request = peer_request(fd);
	struct {
		struct nlmsghdr header;
		struct genlmsghdr genl;
		struct nlattr name;
		char name_value[8];
		struct nlattr id;
		uint16_t id_value, pad;
	} answer = {
		.header = { .nlmsg_len = sizeof(answer),
			    .nlmsg_type = GENL_ID_CTRL,
			    .nlmsg_seq = request.nlmsg_seq,
			    .nlmsg_pid = request.nlmsg_pid },
		.genl = { .cmd = CTRL_CMD_NEWFAMILY, .version = 2 },
		.name = { .nla_len = 4 + 5, .nla_type = CTRL_ATTR_FAMILY_NAME },
		.name_value = "IPVS",
		.id = { .nla_len = 4 + 2, .nla_type = CTRL_ATTR_FAMILY_ID },
		.id_value = IPVSD_FAMILY_IPVS,
	};

	assert_int_equal(send(fd, &answer, sizeof(answer), 0), sizeof(answer));
	peer_answer(fd, &request, 0);
	return NULL;
}

static void
the_family_resolves_through_the_hooks(void **state)
{
	struct nl_sock *sk = attached(*state, 0);
	struct ipvsd_hello hello;
	int fd = peer_accept(*state, &hello);
	pthread_t server;

	assert_int_equal(pthread_create(&server, NULL, resolve_once, &fd), 0);
	assert_int_equal(genl_ctrl_resolve(sk, "IPVS"), IPVSD_FAMILY_IPVS);
	pthread_join(server, NULL);
	close(fd);
	release(sk);
}

static void
the_path_comes_from_argument_environment_default(void **state)
{
	(void)state;
	unsetenv(IPVSD_SOCKET_ENV);
	assert_string_equal(ipvsd_socket_path(NULL), IPVSD_DEFAULT_SOCKET);
	setenv(IPVSD_SOCKET_ENV, "/from/environment", 1);
	assert_string_equal(ipvsd_socket_path(NULL), "/from/environment");
	assert_string_equal(ipvsd_socket_path("/from/argument"), "/from/argument");
	unsetenv(IPVSD_SOCKET_ENV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_hello_says_who_the_client_is),
		cmocka_unit_test(a_request_gets_its_ack_or_its_error),
		cmocka_unit_test(a_server_that_dies_fails_the_request_and_every_later_one),
		cmocka_unit_test(a_socket_is_attached_once),
		cmocka_unit_test(a_missing_server_and_a_long_path_are_told_apart),
		cmocka_unit_test(a_datagram_over_the_limit_is_an_error),
		cmocka_unit_test(the_family_resolves_through_the_hooks),
		cmocka_unit_test(the_path_comes_from_argument_environment_default),
	};

	alarm(30); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, peer_setup, peer_teardown);
}
