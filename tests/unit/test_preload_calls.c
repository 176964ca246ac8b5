/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim under all the calls and names by which a program may use a socket. Copies and children:
 * test_preload_fds.c.
 */
#include "netlink_program.h"

#include <poll.h>
#include <sys/uio.h>

/* What _FORTIFY_SOURCE makes of the calls. */
ssize_t __recvfrom_chk(int, void *, size_t, size_t, int, struct sockaddr *, socklen_t *);
ssize_t __recv_chk(int, void *, size_t, size_t, int);
ssize_t __read_chk(int, void *, size_t, size_t);
int __poll_chk(struct pollfd *, nfds_t, int, size_t);
int __ppoll_chk(struct pollfd *, nfds_t, const struct timespec *, const sigset_t *, size_t);

/* A socket on which each of n reads finds an answer that the shim made up, with numbers from 100. */
static int
socket_with_answers(struct control_peer *control, uint32_t n)
{
	int peer, fd = connected_socket(control, SOCK_RAW, &peer);

	for (uint32_t i = 0; i < n; i++)
		send_request(fd, 100 + i);
	close(peer);
	return fd;
}

static ssize_t
by_read(int fd, struct answer *to)
{
	return read(fd, to, sizeof(*to));
}

static ssize_t
by_readv(int fd, struct answer *to)
{
	struct iovec iov[2] = { { .iov_base = to, .iov_len = 7 },
				{ .iov_base = (char *)to + 7, .iov_len = sizeof(*to) - 7 } };

	return readv(fd, iov, 2);
}

static ssize_t
by_recv(int fd, struct answer *to)
{
	return recv(fd, to, sizeof(*to), 0);
}

static ssize_t
by_recvfrom(int fd, struct answer *to)
{
	return recvfrom(fd, to, sizeof(*to), 0, NULL, NULL);
}

static ssize_t
by_recvmsg(int fd, struct answer *to)
{
	struct iovec iov = { .iov_base = to, .iov_len = sizeof(*to) };
	struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1 };

	return recvmsg(fd, &msg, 0);
}

static ssize_t
by_recvmmsg(int fd, struct answer *to)
{
	struct iovec iov = { .iov_base = to, .iov_len = sizeof(*to) };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };

	return recvmmsg(fd, &msg, 1, 0, NULL) == 1 ? (ssize_t)msg.msg_len : -1;
}

static ssize_t
by_read_chk(int fd, struct answer *to)
{
	return __read_chk(fd, to, sizeof(*to), sizeof(*to));
}

static ssize_t
by_recv_chk(int fd, struct answer *to)
{
	return __recv_chk(fd, to, sizeof(*to), sizeof(*to), 0);
}

static ssize_t
by_recvfrom_chk(int fd, struct answer *to)
{
	struct sockaddr_nl from = { 0 };
	socklen_t length = sizeof(from);
	ssize_t n = __recvfrom_chk(fd, to, sizeof(*to), sizeof(*to), 0, (struct sockaddr *)&from, &length);

	assert_int_equal(length, 12);
	assert_int_equal(from.nl_family, AF_NETLINK);
	return n;
}

/* Each of them is the first to find that ipvsd went away. */
static void
every_form_of_reading_gets_its_answer(void **state)
{
	static ssize_t (*const forms[])(int, struct answer *) = { by_read,     by_readv,    by_recv,
								  by_recvfrom, by_recvmsg,  by_recvmmsg,
								  by_read_chk, by_recv_chk, by_recvfrom_chk };

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		int fd = socket_with_answers(*state, 1);
		struct answer answer = { 0 };

		assert_int_equal(forms[i](fd, &answer), sizeof(answer));
		assert_int_equal(answer.header.nlmsg_seq, 100);
		assert_int_equal(answer.error.error, -ENODEV);
		close(fd);
	}
}

/* Each of them makes the new connection. */
static void
every_form_of_sending_goes_out(void **state)
{
	const struct nlmsghdr request = { .nlmsg_len = sizeof(request), .nlmsg_type = 0x1c, .nlmsg_seq = 200 };
	struct iovec iov = { .iov_base = (void *)&request, .iov_len = sizeof(request) };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	struct ipvsd_hello hello;
	ssize_t n = 0;

	for (unsigned int i = 0; i < 6; i++) {
		int peer, fd = connected_socket(*state, SOCK_RAW, &peer);

		close(peer);
		switch (i) {
		case 0:
			n = write(fd, &request, sizeof(request));
			break;
		case 1:
			n = writev(fd, &iov, 1);
			break;
		case 2:
			n = send(fd, &request, sizeof(request), 0);
			break;
		case 3:
			n = sendto(fd, &request, sizeof(request), 0, NULL, 0);
			break;
		case 4:
			n = sendmsg(fd, &msg.msg_hdr, 0);
			break;
		case 5:
			n = sendmmsg(fd, &msg, 1, 0) == 1 ? (ssize_t)msg.msg_len : -1;
			break;
		}
		assert_int_equal(n, sizeof(request));
		peer = peer_accept(*state, &hello);
		assert_int_equal(peer_request(peer).nlmsg_seq, 200);
		close(peer);
		close(fd);
	}
}

static void
the_end_is_noticed_without_a_buffer(void **state)
{
	int fd = socket_with_answers(*state, 1);

	assert_int_equal(recv(fd, NULL, 0, MSG_PEEK | MSG_TRUNC), sizeof(struct answer));
	assert_int_equal(receive_answer(fd, 0).header.nlmsg_seq, 100);
	close(fd);
}

static void
the_fortified_polls_are_hooked_too(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	struct pollfd fds[1] = { { .fd = fd, .events = POLLIN } };
	const struct timespec wait = { .tv_nsec = 1000000 };

	close(peer);
	assert_int_equal(__poll_chk(fds, 1, 1, sizeof(fds)), 0);
	assert_int_equal(__ppoll_chk(fds, 1, &wait, NULL, sizeof(fds)), 0);
	close(fd);
}

static void
several_datagrams_go_and_come_in_one_call(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	struct nlmsghdr requests[3], seen;
	struct answer answers[4];
	struct iovec out[3], in[4];
	struct mmsghdr sent[3] = { 0 }, received[4] = { 0 };
	struct sockaddr_nl from[4];
	struct timespec wait = { .tv_sec = 5 };
	struct ipvsd_hello hello;

	for (uint32_t i = 0; i < 3; i++) {
		requests[i] = (struct nlmsghdr){
			.nlmsg_len = sizeof(seen), .nlmsg_type = 0x1c, .nlmsg_flags = NLM_F_ACK, .nlmsg_seq = 70 + i
		};
		out[i] = (struct iovec){ .iov_base = &requests[i], .iov_len = sizeof(seen) };
		sent[i].msg_hdr = (struct msghdr){ .msg_iov = &out[i], .msg_iovlen = 1 };
	}
	for (uint32_t i = 0; i < 4; i++) {
		in[i] = (struct iovec){ .iov_base = &answers[i], .iov_len = sizeof(answers[i]) };
		received[i].msg_hdr = (struct msghdr){
			.msg_iov = &in[i], .msg_iovlen = 1, .msg_name = &from[i], .msg_namelen = sizeof(from[i])
		};
	}
	assert_int_equal(sendmmsg(fd, sent, 3, 0), 3);
	assert_int_equal(sent[2].msg_len, sizeof(seen));
	for (uint32_t i = 0; i < 2; i++) {
		seen = peer_request(peer);
		peer_answer(peer, &seen, 0);
	}
	close(peer);
	/* Two of ipvsd's, one of the shim's, and no waiting for a fourth. */
	assert_int_equal(recvmmsg(fd, received, 4, MSG_WAITFORONE, &wait), 3);
	assert_int_equal(answers[1].error.error, 0);
	assert_int_equal(answers[2].error.error, -ENODEV);
	assert_int_equal(answers[2].header.nlmsg_seq, 72);
	assert_int_equal(received[2].msg_len, sizeof(answers[2]));
	assert_int_equal(received[2].msg_hdr.msg_namelen, 12);
	assert_int_equal(from[2].nl_family, AF_NETLINK);
	assert_int_equal(recvmmsg(fd, received, 4, MSG_DONTWAIT, NULL), -1);
	assert_int_equal(errno, EAGAIN);
	/* With its time over after the first, it stops there. */
	send_request(fd, 80);
	send_request(fd, 81);
	close(peer_accept(*state, &hello));
	wait = (struct timespec){ 0 };
	assert_int_equal(recvmmsg(fd, received, 4, 0, &wait), 1);
	close(fd);
}

static void
other_sockets_are_read_in_batches_by_the_c_library(void **state)
{
	struct iovec iov = { .iov_base = (char[8]){ "batch" }, .iov_len = 5 };
	struct mmsghdr msg = { .msg_hdr = { .msg_iov = &iov, .msg_iovlen = 1 } };
	int pair[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_DGRAM, 0, pair), 0);
	assert_int_equal(sendmmsg(pair[0], &msg, 1, 0), 1);
	assert_int_equal(recvmmsg(pair[1], &msg, 1, MSG_DONTWAIT, NULL), 1);
	assert_int_equal(msg.msg_len, 5);
	close(pair[0]);
	close(pair[1]);
}

static int
bind_to(int fd, uint32_t portid)
{
	const struct sockaddr_nl name = { .nl_family = AF_NETLINK, .nl_pid = portid };

	return bind(fd, (const struct sockaddr *)&name, sizeof(name)) < 0 ? errno : 0;
}

static void
port_ids_are_taken_once(void **state)
{
	int a = netlink_socket(*state, SOCK_RAW), b = netlink_socket(*state, SOCK_RAW);
	const struct sockaddr none = { .sa_family = AF_UNSPEC };

	assert_int_equal(bind_to(a, 4711), 0);
	assert_int_equal(bind_to(a, 4711), 0);
	assert_int_equal(bind_to(a, 4712), EINVAL);
	assert_int_equal(bind_to(a, 0), EINVAL);
	assert_int_equal(bind_to(b, 4711), EADDRINUSE);
	assert_int_equal(bind_to(b, 4712), 0);
	assert_int_equal(connect(b, &none, sizeof(none)), 0);
	assert_int_equal(connect(b, (const struct sockaddr *)&(struct sockaddr_nl){ .nl_family = AF_NETLINK }, 12), 0);
	close(a);
	assert_int_equal(bind_to(b, 4712), 0);
	close(b);
}

static void
what_netlink_refuses_is_refused(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer);
	socklen_t length = 2;
	struct msghdr msg = { 0 };
	int value = 0x01010101, on = 1;

	assert_int_equal(shutdown(fd, SHUT_RDWR), -1);
	assert_int_equal(errno, EOPNOTSUPP);
	assert_int_equal(send(fd, "", 0, 0), -1);
	assert_int_equal(errno, ENODATA);
	msg.msg_iovlen = 1025;
	assert_int_equal(sendmsg(fd, &msg, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(recvmsg(fd, &msg, 0), -1);
	assert_int_equal(errno, EMSGSIZE);
	assert_int_equal(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &value, &length), 0);
	assert_int_equal(length, 2);
	assert_int_equal(value, 0x01010010);
	assert_int_equal(getsockopt(fd, SOL_NETLINK, NETLINK_EXT_ACK, &value, &length), -1);
	assert_int_equal(errno, EINVAL);
	assert_int_equal(setsockopt(fd, IPPROTO_IP, IP_TTL, &on, sizeof(on)), -1);
	assert_int_equal(errno, ENOPROTOOPT);
	send_request(fd, 2); /* it is still connected */
	assert_int_equal(peer_request(peer).nlmsg_seq, 2);
	close(peer);
	close(fd);
}

/* ipvsd's process is not to be seen: the kernel's answers come from process 0. */
static void
credentials_are_those_of_the_kernel(void **state)
{
	int peer, fd = connected_socket(*state, SOCK_RAW, &peer), on = 1;
	union {
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
		struct cmsghdr align;
	} control;
	char byte;
	struct iovec iov = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr msg = {
		.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control)
	};
	struct ucred creds = { .pid = -1 };

	assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)), 0);
	assert_int_equal(send(peer, "x", 1, 0), 1);
	assert_int_equal(recvmsg(fd, &msg, 0), 1);
	assert_non_null(CMSG_FIRSTHDR(&msg));
	memcpy(&creds, CMSG_DATA(CMSG_FIRSTHDR(&msg)), sizeof(creds));
	assert_int_equal(creds.pid, 0);
	close(peer);
	close(fd);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, peer_setup, peer_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(every_form_of_reading_gets_its_answer),
		TEST(every_form_of_sending_goes_out),
		TEST(the_end_is_noticed_without_a_buffer),
		TEST(the_fortified_polls_are_hooked_too),
		TEST(several_datagrams_go_and_come_in_one_call),
		TEST(other_sockets_are_read_in_batches_by_the_c_library),
		TEST(port_ids_are_taken_once),
		TEST(what_netlink_refuses_is_refused),
		TEST(credentials_are_those_of_the_kernel),
	};

	alarm(30); /* a receive that never returns is a failure, not a hang */
	return cmocka_run_group_tests(tests, NULL, NULL);
}
