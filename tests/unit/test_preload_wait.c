/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim when ipvsd goes away while a program waits for its socket, in each of the ways to wait.
 */
#include "netlink_program.h"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/select.h>

static void
poll_of_an_idle_socket_goes_on_waiting(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	const struct timespec wait = { .tv_nsec = 30000000 };
	struct pollfd fds[2] = { { .fd = -1, .events = POLLIN }, { .fd = fd, .events = POLLIN } };

	close(peer);
	assert_int_equal(poll(fds, 2, 30), 0);
	assert_int_equal(ppoll(fds, 2, &wait, NULL), 0);
	assert_int_equal(fds[1].revents, 0);
	close(fd);
}

static void
poll_of_a_socket_with_a_request_shows_the_answer(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	struct pollfd fds[1] = { { .fd = fd, .events = POLLIN } };

	send_request(fd, 40);
	close(peer);
	assert_int_equal(poll(fds, 1, -1), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	assert_int_equal(receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq, 40);

	/* Sent to nobody. */
	peer_stop(*state);
	send_request(fd, 41);
	assert_int_equal(ppoll(fds, 1, NULL, NULL), 1);
	assert_int_equal(fds[0].revents, POLLIN);
	assert_int_equal(receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq, 41);
	peer_listen(*state);
	close(fd);
}

static void
select_shows_the_answer(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	fd_set set;

	send_request(fd, 42);
	close(peer);
	FD_ZERO(&set);
	FD_SET(fd, &set);
	assert_int_equal(select(fd + 1, &set, NULL, NULL, NULL), 1);
	assert_int_equal(receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq, 42);
	close(fd);
}

static void
epoll_waits_for_the_next_connection_too(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW | SOCK_NONBLOCK, &peer);
	int epfd = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN, .data.u64 = 0x1234567890 }, got;
	struct ipvsd_hello hello;
	struct nlmsghdr request;

	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
	send_request(fd, 43);
	close(peer);
	assert_int_equal(epoll_wait(epfd, &got, 1, -1), 1);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 43);
	/* The stand-in is waited for, and silent. */
	assert_int_equal(epoll_wait(epfd, &got, 1, 0), 0);

	send_request(fd, 44);
	peer = peer_accept(*state, &hello);
	assert_int_equal(epoll_wait(epfd, &got, 1, 0), 0);
	request = peer_request(peer);
	peer_answer(peer, &request, 0);
	assert_int_equal(epoll_wait(epfd, &got, 1, -1), 1);
	assert_int_equal(got.events, EPOLLIN);
	assert_int_equal(got.data.u64, 0x1234567890);

	/* Once it is taken out, it stays out. */
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 44);
	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_DEL, fd, NULL), 0);
	send_request(fd, 45);
	close(peer);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 45);
	send_request(fd, 46);
	close(peer_accept(*state, &hello));
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 46);
	assert_int_equal(epoll_wait(epfd, &got, 1, 0), 0);
	close(epfd);
	close(fd);
}

/* A number that was an epoll instance's and is another file's now gets nothing. */
static void
a_closed_epoll_instance_is_forgotten(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	int epfd = epoll_create1(EPOLL_CLOEXEC), other = epoll_create1(EPOLL_CLOEXEC);
	struct epoll_event event = { .events = EPOLLIN }, got;

	assert_int_equal(epoll_ctl(epfd, EPOLL_CTL_ADD, fd, &event), 0);
	assert_int_equal(dup2(other, epfd), epfd);
	send_request(fd, 47);
	close(peer);
	assert_int_equal(receive_answer(fd, MSG_PEEK).header.nlmsg_seq, 47);
	assert_int_equal(epoll_wait(other, &got, 1, 0), 0);
	close(other);
	close(epfd);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(poll_of_an_idle_socket_goes_on_waiting),
		TEST(poll_of_a_socket_with_a_request_shows_the_answer),
		TEST(select_shows_the_answer),
		TEST(epoll_waits_for_the_next_connection_too),
		TEST(a_closed_epoll_instance_is_forgotten),
	};

	alarm(30); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
