/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim while sockets are copied, closed behind its back, and inherited; and when they shall be the kernel's.
 */
#include "netlink_program.h"

#include <sys/wait.h>

#include "preload_absent.h"

/* The C library closes what is under a FILE without anybody's hook. */
static void
a_number_given_out_again_behind_the_shims_back_is_not_ours(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	FILE *file = fdopen(fd, "r+");
	int pair[2];

	assert_non_null(file);
	fclose(file);
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	assert_true(pair[0] == fd || pair[1] == fd);
	assert_int_equal(write(pair[0], "abc", 3), 3);
	assert_null(fds_link(fd));
	close(pair[0]);
	close(pair[1]);
	close(peer);
}

static void
a_child_of_vfork_changes_nothing(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	int null = open("/dev/null", O_RDWR);
	pid_t child = vfork();

	if (child == 0) {
		/* The child's descriptors, but the parent's memory. */
		dup2(fd, null);
		close(fd);
		_exit(0);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	assert_null(fds_link(null));
	assert_non_null(fds_link(fd));
	send_request(fd, 3);
	assert_int_equal(peer_request(peer).nlmsg_seq, 3);
	close(null);
	close(peer);
	close(fd);
}

static void
a_child_has_the_socket_and_connects_for_itself(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer), status;
	struct ipvsd_hello hello;
	struct nlmsghdr request;
	pid_t child;

	close(peer);
	child = fork();
	if (child == 0) {
		send_request(fd, 90);
		_exit(receive_answer(fd, 0).error.error == -EPERM ? 0 : 1);
	}
	peer = peer_accept(*state, &hello);
	assert_int_equal(hello.pid, child);
	request = peer_request(peer);
	assert_int_equal(request.nlmsg_seq, 90);
	peer_answer(peer, &request, -EPERM);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(status, 0);
	close(peer);

	send_request(fd, 91);
	peer = peer_accept(*state, &hello);
	assert_int_equal(hello.pid, getpid());
	assert_int_equal(peer_request(peer).nlmsg_seq, 91);
	close(peer);
	close(fd);
}

static void
ranges_are_closed(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	int copy = fcntl(fd, F_DUPFD, 200);

	assert_non_null(fds_link(copy));
	assert_int_equal(close_range(200, 300, 0), 0);
	assert_int_equal(dup2(peer, copy), copy);
	assert_null(fds_link(copy));
	close(copy);
	copy = dup3(fd, 201, O_CLOEXEC);
	assert_non_null(fds_link(copy));
	closefrom(200);
	assert_int_equal(fcntl(copy, F_GETFD), -1);
	assert_null(fds_link(copy));
	close(peer);
	close(fd);
}

static void
the_kernel_takes_over_if_it_shall(void **state)
{
	struct control_peer *peer = *state;
	int fd;

	setenv(IPVSD_SOCKET_ENV, peer->path, 1);
	setenv(FALLBACK_ENV, "kernel", 1);
	peer_stop(peer);
	fd = socket(AF_NETLINK, SOCK_DGRAM | SOCK_CLOEXEC, NETLINK_GENERIC);
	assert_true(fd >= 0);
	assert_null(fds_link(fd));
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_PROTOCOL), NETLINK_GENERIC);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	/* Nobody else's word counts. */
	setenv(FALLBACK_ENV, "yes", 1);
	assert_int_equal(socket(AF_NETLINK, SOCK_RAW, NETLINK_GENERIC), -1);
	assert_int_equal(errno, EPROTONOSUPPORT);
	unsetenv(FALLBACK_ENV);
	peer_listen(peer);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_number_given_out_again_behind_the_shims_back_is_not_ours),
		TEST(a_child_of_vfork_changes_nothing),
		TEST(a_child_has_the_socket_and_connects_for_itself),
		TEST(ranges_are_closed),
		TEST(the_kernel_takes_over_if_it_shall),
	};

	alarm(30); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
