/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim when ipvsd goes away: each request is answered, nothing reads as an end of file, and the socket works
 * again when ipvsd is back; for threads, too. Waiting: test_preload_wait.c.
 */
#include "netlink_program.h"

#include <poll.h>
#include <pthread.h>
#include <sys/time.h>

static void
requests_that_wait_are_all_answered_in_their_order(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	struct nlmsghdr request;

	send_request(fd, 20);
	send_request(fd, 21);
	send_request(fd, 22);
	request = peer_request(peer);
	peer_answer(peer, &request, -EEXIST);
	close(peer);
	/* What ipvsd had said is not lost with it. */
	assert_int_equal(receive_answer(fd, 0).error.error, -EEXIST);
	assert_int_equal(receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq, 21);
	assert_int_equal(receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq, 22);
	close(fd);
}

static void
a_request_without_acknowledgement_ends_with_its_answer(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW | SOCK_NONBLOCK, &peer);
	const struct nlmsghdr get = { .nlmsg_len = sizeof(get), .nlmsg_type = 0x1c, .nlmsg_flags = 1, .nlmsg_seq = 30 };
	const struct nlmsghdr part = {
		.nlmsg_len = sizeof(part), .nlmsg_type = 0x1c, .nlmsg_flags = NLM_F_MULTI, .nlmsg_seq = 30
	};
	const struct nlmsghdr whole = { .nlmsg_len = sizeof(whole), .nlmsg_type = 0x1c, .nlmsg_seq = 30 };
	struct nlmsghdr answer;

	assert_int_equal(write(fd, &get, sizeof(get)), sizeof(get));
	peer_request(peer);
	assert_int_equal(send(peer, &part, sizeof(part), 0), sizeof(part));
	assert_int_equal(read(fd, &answer, sizeof(answer)), sizeof(answer));
	assert_int_equal(send(peer, &whole, sizeof(whole), 0), sizeof(whole));
	assert_int_equal(read(fd, &answer, sizeof(answer)), sizeof(answer));
	close(peer);
	assert_int_equal(read(fd, &answer, sizeof(answer)), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void
a_dump_ends_with_an_error(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	const struct nlmsghdr dump = {
		.nlmsg_len = sizeof(dump), .nlmsg_type = 0x1c, .nlmsg_flags = 0x305, .nlmsg_seq = 31
	};
	const struct nlmsghdr part = {
		.nlmsg_len = sizeof(part), .nlmsg_type = 0x1c, .nlmsg_flags = NLM_F_MULTI, .nlmsg_seq = 31
	};
	struct nlmsghdr answer;

	assert_int_equal(write(fd, &dump, sizeof(dump)), sizeof(dump));
	peer_request(peer);
	assert_int_equal(send(peer, &part, sizeof(part), 0), sizeof(part));
	close(peer);
	assert_int_equal(read(fd, &answer, sizeof(answer)), sizeof(answer));
	assert_int_equal(receive_answer(fd, 0).error.error, -ENODEV);
	close(fd);
}

static void
with_nothing_to_wait_for_a_receive_does_not_wait(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	char byte;

	close(peer);
	assert_int_equal(recv(fd, &byte, 1, MSG_DONTWAIT), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, ECONNRESET);
	assert_int_equal(recv(fd, &byte, 1, MSG_PEEK | MSG_TRUNC), -1);
	assert_int_equal(errno, ECONNRESET);
	close(fd);
}

static long
ms_since(const struct timeval *start)
{
	struct timeval now;

	gettimeofday(&now, NULL);
	return (now.tv_sec - start->tv_sec) * 1000 + (now.tv_usec - start->tv_usec) / 1000;
}

static void
settings_survive_a_restart(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW | SOCK_CLOEXEC, &peer);
	struct timeval wait = { .tv_usec = 40000 }, start;
	int size = 50000, on = 1;
	struct ipvsd_hello hello;
	char byte;

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size)), 0);
	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	close(peer);
	peer_stop(*state);
	send_request(fd, 50);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 50);
	peer_listen(*state);
	send_request(fd, 51);
	peer = peer_accept(*state, &hello);
	gettimeofday(&start, NULL);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	assert_in_range(ms_since(&start), 30, 5000);
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_RCVBUF), 100000);
	assert_int_equal(socket_option(fd, SOL_SOCKET, SO_PASSCRED), 1);
	assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);

	assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
	close(peer);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 51);
	send_request(fd, 52);
	close(peer_accept(*state, &hello));
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 52);
	assert_int_equal(recv(fd, &byte, 1, 0), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

static void
many_requests_to_nobody_are_refused_when_nobody_reads(void **state)
{
	const struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = 0x1c, .nlmsg_seq = 60 };
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	unsigned int sent = 0, n = 0;

	close(peer);
	peer_stop(*state);
	while (send(fd, &request, sizeof(request), 0) > 0)
		sent++;
	assert_int_equal(errno, EAGAIN);
	assert_in_range(sent, 50, 100000);
	while (n < sent && receive_answer(fd, MSG_DONTWAIT).header.nlmsg_seq == 60)
		n++;
	assert_int_equal(recv(fd, &n, 0, MSG_DONTWAIT), -1);
	send_request(fd, 61);
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 61);
	peer_listen(*state);
	close(fd);
}

static void
a_request_that_did_not_go_out_is_not_answered(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW | SOCK_NONBLOCK, &peer);
	struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = 0x1c, .nlmsg_seq = 1000 };
	uint32_t last = 0;

	while (send(fd, &request, sizeof(request), 0) > 0)
		request.nlmsg_seq++;
	assert_int_equal(errno, EAGAIN);
	close(peer);
	for (unsigned int i = 0; i < PENDING_MAX - 1; i++)
		last = receive_answer(fd, 0).header.nlmsg_seq;
	assert_int_equal(last, request.nlmsg_seq - 1);
	assert_int_equal(recv(fd, &last, sizeof(last), 0), -1);
	assert_int_equal(errno, EAGAIN);
	close(fd);
}

/* ipvsd, as a thread: answers each request, and hangs up in the middle every third time. */
static void *
unreliable_ipvsd(void *arg)
{
	struct control_peer *control = arg;
	struct pollfd fds[33] = { { .fd = control->listener, .events = POLLIN } };
	unsigned int n = 1, turn = 0;
	unsigned char data[256];

	for (;;) {
		poll(fds, n, -1);
		if (fds[0].revents & POLLIN && n < 33)
			fds[n++] = (struct pollfd){ .fd = accept(control->listener, NULL, NULL), .events = POLLIN };
		for (unsigned int i = 1; i < n; i++) {
			ssize_t size = recv(fds[i].fd, data, sizeof(data), MSG_DONTWAIT);

			if (size < 0 && errno == EAGAIN)
				continue;
			if (size == sizeof(struct nlmsghdr) && ((struct nlmsghdr *)(void *)data)->nlmsg_seq == 0)
				return NULL;
			if (size == sizeof(struct nlmsghdr) && ++turn % 3 != 0) {
				peer_answer(fds[i].fd, (struct nlmsghdr *)(void *)data, 0);
			} else if (size != sizeof(struct ipvsd_hello)) {
				close(fds[i].fd);
				fds[i--] = fds[--n];
			}
		}
	}
}

struct asker {
	pthread_t thread;
	int fd;
	unsigned int answered, lost;
};

static void *
ask(void *arg)
{
	struct asker *asker = arg;

	for (uint32_t seq = 1; seq <= 500; seq++) {
		struct nlmsghdr request = {
			.nlmsg_len = sizeof(request), .nlmsg_type = 0x1c, .nlmsg_flags = 5, .nlmsg_seq = seq
		};
		struct answer answer = { 0 };

		if (send(asker->fd, &request, sizeof(request), 0) != sizeof(request) ||
		    recv(asker->fd, &answer, sizeof(answer), 0) != sizeof(answer) || answer.header.nlmsg_seq != seq)
			return NULL;
		if (answer.error.error == 0)
			asker->answered++;
		else
			asker->lost++;
	}
	return NULL;
}

/* Half of the sockets are used through a copy, and other threads make and close sockets all the time. */
static void
threads_are_answered_each_for_itself(void **state)
{
	const struct nlmsghdr last = { .nlmsg_len = sizeof(last), .nlmsg_type = 0x1c };
	struct asker askers[8] = { 0 };
	pthread_t ipvsd;
	int fd;

	assert_int_equal(pthread_create(&ipvsd, NULL, unreliable_ipvsd, *state), 0);
	for (unsigned int i = 0; i < 8; i++) {
		askers[i].fd = netlink_socket(*state, SOCK_RAW);
		if (i % 2) {
			fd = dup(askers[i].fd);
			close(askers[i].fd);
			askers[i].fd = fd;
		}
		assert_int_equal(pthread_create(&askers[i].thread, NULL, ask, &askers[i]), 0);
	}
	for (unsigned int i = 0; i < 8; i++) {
		assert_int_equal(pthread_join(askers[i].thread, NULL), 0);
		assert_int_equal(askers[i].answered + askers[i].lost, 500);
		assert_true(askers[i].answered > 0 && askers[i].lost > 0);
		close(askers[i].fd);
	}
	fd = netlink_socket(*state, SOCK_RAW);
	assert_int_equal(send(fd, &last, sizeof(last), 0), sizeof(last));
	assert_int_equal(pthread_join(ipvsd, NULL), 0);
	close(fd);
}

/* One thread waits for answers while the other finds the connection dead and makes a new one. */
static void
a_thread_that_waits_hears_of_the_new_connection(void **state)
{
	struct control_peer *control = *state;
	struct asker asker = { .fd = netlink_socket(control, SOCK_RAW) };
	pthread_t ipvsd;
	const struct nlmsghdr last = { .nlmsg_len = sizeof(last), .nlmsg_type = 0x1c };
	struct pollfd fds[1] = { { .fd = asker.fd, .events = POLLIN } };

	assert_int_equal(pthread_create(&ipvsd, NULL, unreliable_ipvsd, control), 0);
	assert_int_equal(pthread_create(&asker.thread, NULL, ask, &asker), 0);
	/* Looks at the socket, and replaces dead connections, all the time. */
	while (asker.answered + asker.lost < 500)
		poll(fds, 1, 1);
	assert_int_equal(pthread_join(asker.thread, NULL), 0);
	assert_int_equal(send(asker.fd, &last, sizeof(last), 0), sizeof(last));
	assert_int_equal(pthread_join(ipvsd, NULL), 0);
	close(asker.fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(requests_that_wait_are_all_answered_in_their_order),
		TEST(a_request_without_acknowledgement_ends_with_its_answer),
		TEST(a_dump_ends_with_an_error),
		TEST(with_nothing_to_wait_for_a_receive_does_not_wait),
		TEST(settings_survive_a_restart),
		TEST(many_requests_to_nobody_are_refused_when_nobody_reads),
		TEST(a_request_that_did_not_go_out_is_not_answered),
		TEST(threads_are_answered_each_for_itself),
		TEST(a_thread_that_waits_hears_of_the_new_connection),
	};

	alarm(60); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
