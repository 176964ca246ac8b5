/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim: what a program sees of its sockets while all goes well, and the simplest of what does not.
 */
#include "netlink_program.h"

static void
it_looks_like_a_netlink_socket(void **state)
{
	int fd = netlink_socket(*state, SOCK_RAW | SOCK_CLOEXEC);
	const struct sockaddr_nl wanted = { .nl_family = AF_NETLINK, .nl_pid = 4711 };
	struct sockaddr_nl name;
	socklen_t length = sizeof(name);
	int on = 1;

	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_TYPE), SOCK_RAW);
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_DOMAIN), AF_NETLINK);
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_PROTOCOL), NETLINK_GENERIC);
	assert_int_equal(setsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &on, sizeof(on)), 0);
	assert_int_equal(bind(fd, (const struct sockaddr *)&wanted, sizeof(wanted)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&name, &length), 0);
	assert_int_equal(length, 12);
	assert_int_equal(name.nl_family, AF_NETLINK);
	assert_int_equal(name.nl_pid, 4711);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	assert_null(fds_link(fd));
}

static void
two_sockets_bound_to_zero_get_different_port_ids(void **state)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct ipvsd_hello first, second;
	int a = netlink_socket(*state, SOCK_RAW);
	int b = netlink_socket(*state, SOCK_DGRAM);
	int peer_a, peer_b;

	assert_int_equal(bind(a, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(bind(b, (const struct sockaddr *)&any, sizeof(any)), 0);
	peer_a = peer_accept(*state, &first);
	peer_b = peer_accept(*state, &second);
	assert_int_equal(first.portid, getpid());
	assert_int_not_equal(second.portid, first.portid);
	assert_int_equal(first.flags, 0);
	close(a);
	close(b);
	close(peer_a);
	close(peer_b);
}

static void
a_request_goes_through_behind_a_hello_of_its_own(void **state)
{
	int fd = netlink_socket(*state, SOCK_RAW);
	struct ipvsd_hello hello;
	struct nlmsghdr request;
	struct answer answer;
	int peer;

	send_request(fd, 5); /* never bound */
	peer = peer_accept(*state, &hello);
	request = peer_request(peer);
	assert_int_equal(request.nlmsg_seq, 5);
	peer_answer(peer, &request, -EEXIST);
	answer = receive_answer(fd, 0);
	assert_int_equal(answer.error.error, -EEXIST);
	close(peer);
	close(fd);
}

static void
a_lost_connection_is_an_error_message_not_an_end_of_file(void **state)
{
	int fd = netlink_socket(*state, SOCK_RAW);
	struct ipvsd_hello hello;
	struct answer answer;
	char byte;
	int peer;

	send_request(fd, 6);
	peer = peer_accept(*state, &hello);
	close(peer); /* with the request unread: the client sees ECONNRESET, then the end of the file */
	answer = receive_answer(fd, MSG_PEEK | MSG_TRUNC);
	assert_int_equal(answer.header.nlmsg_type, NLMSG_ERROR);
	answer = receive_answer(fd, 0);
	assert_int_equal(answer.header.nlmsg_seq, 6);
	assert_int_equal(answer.header.nlmsg_pid, hello.portid);
	assert_int_equal(answer.error.error, -ENODEV);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

static void
the_next_request_after_a_restart_arrives_on_both_copies(void **state)
{
	struct control_peer *control = *state;
	int fd = netlink_socket(control, SOCK_RAW);
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 100);
	struct ipvsd_hello before, after;
	struct nlmsghdr request;
	int peer;

	assert_true(copy >= 100);
	send_request(fd, 7);
	peer = peer_accept(control, &before);
	request = peer_request(peer);
	peer_answer(peer, &request, 0);
	assert_int_equal(receive_answer(fd, 0).error.error, 0);
	close(peer);
	peer_stop(control);

	send_request(fd, 8); /* nobody there: counts as sent, and fails as an answer */
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 8);

	peer_listen(control);
	send_request(copy, 9);
	peer = peer_accept(control, &after);
	assert_int_equal(after.portid, before.portid);
	request = peer_request(peer);
	assert_int_equal(request.nlmsg_seq, 9);
	peer_answer(peer, &request, 0);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 9);
	assert_int_equal(fcntl(fd, F_GETFD), 0);
	assert_int_equal(fcntl(copy, F_GETFD), FD_CLOEXEC);
	close(peer);
	close(copy);
	close(fd);
}

static void
a_short_buffer_gets_the_cut_answer_and_its_real_length(void **state)
{
	int fd = netlink_socket(*state, SOCK_RAW);
	struct nlmsghdr header;
	struct iovec iov = { .iov_base = &header, .iov_len = sizeof(header) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };
	struct ipvsd_hello hello;

	send_request(fd, 10);
	close(peer_accept(*state, &hello));
	assert_int_equal(recvmsg(fd, &msg, MSG_PEEK | MSG_TRUNC), sizeof(struct answer));
	assert_int_equal(msg.msg_flags & MSG_TRUNC, MSG_TRUNC);
	assert_int_equal(recvmsg(fd, &msg, 0), sizeof(header));
	assert_int_equal(header.nlmsg_seq, 10);
	close(fd);
}

static void
without_a_server_there_is_no_generic_netlink(void **state)
{
	struct control_peer *peer = *state;

	setenv(IPVSD_SOCKET_ENV, peer->path, 1);
	peer_stop(peer);
	assert_int_equal(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
	peer_listen(peer);
}

static void
the_kernels_own_ipvs_is_out_of_reach(void **state)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0);
	unsigned char info[64];
	socklen_t length = sizeof(info);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(getsockopt(fd, IPPROTO_IP, 1152, info, &length), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, 1157, NULL, 0), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	assert_true(socket_option(fd, IPPROTO_IP, IP_TTL) > 0);
	close(fd);
}

static void
other_netlink_sockets_are_the_kernels(void **state)
{
	int fd = socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);

	(void)state;
	assert_true(fd >= 0);
	assert_null(fds_link(fd));
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_PROTOCOL), NETLINK_ROUTE);
	close(fd);
}

static void
a_descriptor_that_is_used_again_is_not_ours(void **state)
{
	int fd = netlink_socket(*state, SOCK_RAW);
	int null = open("/dev/null", O_RDWR);
	struct ipvsd_hello hello;

	assert_true(null >= 0);
	assert_int_equal(dup2(null, fd), fd);
	assert_null(fds_link(fd));
	assert_int_equal(write(fd, "x", 1), 1);
	close(fd);
	close(null);
	/* The connection was made, and nothing was said on it. */
	null = accept(((struct control_peer *)*state)->listener, NULL, NULL);
	assert_int_equal(recv(null, &hello, sizeof(hello), 0), 0);
	close(null);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(it_looks_like_a_netlink_socket, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(two_sockets_bound_to_zero_get_different_port_ids, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(a_request_goes_through_behind_a_hello_of_its_own, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(a_lost_connection_is_an_error_message_not_an_end_of_file, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(the_next_request_after_a_restart_arrives_on_both_copies, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(a_short_buffer_gets_the_cut_answer_and_its_real_length, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(without_a_server_there_is_no_generic_netlink, peer_setup,
						peer_teardown),
		cmocka_unit_test_setup_teardown(the_kernels_own_ipvs_is_out_of_reach, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(other_netlink_sockets_are_the_kernels, peer_setup, peer_teardown),
		cmocka_unit_test_setup_teardown(a_descriptor_that_is_used_again_is_not_ours, peer_setup, peer_teardown),
	};

	alarm(30); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
