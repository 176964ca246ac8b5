/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Sends small UDP packets for a bounded time, from many source ports, as fast as a socket takes them or at a rate; or
 * counts what arrives. Only between namespaces that a test or bench made.
 *
 *   packet_blast send ADDRESS PORT SECONDS [FLOWS [PACKETS_PER_SECOND]]   prints packets sent
 *   packet_blast count PORT SECONDS                                       prints packets received
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define BATCH 64
#define PAYLOAD 18 /* a 60-byte frame over IPv4 */
#define FLOWS_MAX 1024

static double
now(void)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (double)at.tv_sec + (double)at.tv_nsec / 1e9;
}

static void
fail(const char *what)
{
	fprintf(stderr, "packet_blast: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static int
open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 8 << 20;

	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) < 0)
		fail("SO_RCVBUFFORCE");
	return fd;
}

static unsigned long
number(const char *text, unsigned long least, unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value < least || value > most) {
		fprintf(stderr, "packet_blast: '%s' is not a number from %lu to %lu\n", text, least, most);
		exit(2);
	}
	return value;
}

static void
wait_until(double at)
{
	double left = at - now();
	struct timespec pause = { .tv_nsec = (long)(left * 1e9) };

	if (left > 0 && left < 1)
		nanosleep(&pause, NULL);
}

static void
blast(const char *address, unsigned long port, double seconds, unsigned long flows, unsigned long rate)
{
	static char payload[PAYLOAD];
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct iovec iov = { payload, sizeof(payload) };
	struct mmsghdr batch[BATCH];
	int fds[FLOWS_MAX];
	unsigned long sent = 0;
	double start = now(), end = start + seconds;

	if (inet_pton(AF_INET, address, &to.sin_addr) != 1) {
		fprintf(stderr, "packet_blast: '%s' is not an IPv4 address\n", address);
		exit(2);
	}
	for (unsigned long i = 0; i < flows; i++) {
		fds[i] = open_socket();
		if (connect(fds[i], (struct sockaddr *)&to, sizeof(to)) < 0)
			fail("connect");
	}
	memset(batch, 0, sizeof(batch));
	for (int i = 0; i < BATCH; i++)
		batch[i].msg_hdr = (struct msghdr){ .msg_iov = &iov, .msg_iovlen = 1 };
	for (unsigned long i = 0; now() < end; i++) {
		int n;

		wait_until(rate ? start + (double)sent / (double)rate : 0);
		n = sendmmsg(fds[i % flows], batch, BATCH, MSG_DONTWAIT);

		if (n > 0)
			sent += (unsigned long)n;
		else if (errno != EAGAIN && errno != ENOBUFS && errno != ECONNREFUSED)
			fail("sendmmsg");
	}
	printf("%lu\n", sent);
}

static void
count(unsigned long port, double seconds)
{
	static char buffers[BATCH][64];
	struct sockaddr_in any = { .sin_family = AF_INET, .sin_port = htons((uint16_t)port) };
	struct iovec iov[BATCH];
	struct mmsghdr batch[BATCH];
	int fd = open_socket();
	unsigned long received = 0;
	double end = now() + seconds;

	if (bind(fd, (struct sockaddr *)&any, sizeof(any)) < 0)
		fail("bind");
	memset(batch, 0, sizeof(batch));
	for (int i = 0; i < BATCH; i++) {
		iov[i] = (struct iovec){ buffers[i], sizeof(buffers[i]) };
		batch[i].msg_hdr = (struct msghdr){ .msg_iov = &iov[i], .msg_iovlen = 1 };
	}
	for (double left; (left = end - now()) > 0;) {
		struct pollfd ready = { .fd = fd, .events = POLLIN };
		int n;

		if (poll(&ready, 1, (int)(left * 1000) + 1) <= 0)
			continue;
		n = recvmmsg(fd, batch, BATCH, MSG_DONTWAIT, NULL);
		if (n > 0)
			received += (unsigned long)n;
	}
	printf("%lu\n", received);
}

int
main(int argc, char **argv)
{
	if (argc >= 5 && argc <= 7 && strcmp(argv[1], "send") == 0)
		blast(argv[2], number(argv[3], 1, 65535), (double)number(argv[4], 1, 60),
		      argc > 5 ? number(argv[5], 1, FLOWS_MAX) : 16, argc > 6 ? number(argv[6], 1, 10000000) : 0);
	else if (argc == 4 && strcmp(argv[1], "count") == 0)
		count(number(argv[2], 1, 65535), (double)number(argv[3], 1, 60));
	else {
		fprintf(stderr, "usage: packet_blast send ADDRESS PORT SECONDS [FLOWS [RATE]] | count PORT SECONDS\n");
		return 2;
	}
	return EXIT_SUCCESS;
}
