/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The preload shim's codec: any bytes as the answers of ipvsd to a socket option, and as datagrams on a socket whose
 * requests wait for answers. The input is
 *
 *   one byte    the option, modulo 32: 0 to 15 are set, 16 to 23 got, the rest only looks at the datagrams
 *   one byte    the size of its value, followed by the value; for lists, what is missing of their length is zero
 *   the rest    datagrams, each after its length (two bytes, little-endian)
 *
 * For libFuzzer; with FUZZ_REPLAY defined it is a program that runs the files it is given.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/ip_vs.h>

#include "control_connect.h"
#include "preload_pending.h"
#include "sockopt.h"

#define DATAGRAMS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is left of the input. */
struct input {
	const uint8_t *data;
	size_t size;
};

static struct input answers;
static int ipvsd; /* its end of the connection */

static struct input
take(struct input *input, size_t size)
{
	struct input taken = { .data = input->data, .size = size < input->size ? size : input->size };

	input->data += taken.size;
	input->size -= taken.size;
	return taken;
}

static bool
next_datagram(struct input *input, struct input *ret)
{
	struct input length = take(input, 2);

	if (length.size < 2)
		return false;
	*ret = take(input, (size_t)length.data[0] | (size_t)length.data[1] << 8);
	return true;
}

const char *
control_path(const char *path)
{
	return path ? path : "nowhere";
}

struct ipvsd_hello
control_hello(uint32_t portid, uint32_t flags)
{
	return (struct ipvsd_hello){ .portid = portid, .flags = flags };
}

/* A connection to an ipvsd that has said all it has to say. */
int
control_connect(const char *path, int flags)
{
	struct input datagram;
	unsigned int n = 0;
	int pair[2];

	(void)path;
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | flags, 0, pair) < 0)
		abort();
	ipvsd = pair[1];
	while (n++ < DATAGRAMS_MAX && next_datagram(&answers, &datagram))
		(void)send(ipvsd, datagram.data, datagram.size, MSG_DONTWAIT);
	shutdown(ipvsd, SHUT_WR);
	return pair[0];
}

bool
absent_is_kernels(const char *path, int err)
{
	(void)path;
	(void)err;
	abort(); /* it is always there */
}

static void
set_option(int option, struct input value)
{
	int err = sockopt_set(option, value.data, (socklen_t)value.size);

	if (err > 0 || err < -4095)
		abort();
}

/* The value in a buffer of its own, so that a byte too many is noticed. */
static void
get_option(int option, struct input value)
{
	socklen_t length = (socklen_t)value.size;
	uint32_t n = 0;
	uint8_t *room;
	int err;

	if (option == IP_VS_SO_GET_SERVICES && value.size >= sizeof(n)) {
		memcpy(&n, value.data, sizeof(n));
		n %= 64;
		length = (socklen_t)(sizeof(struct ip_vs_get_services) + n * sizeof(struct ip_vs_service_entry));
	} else if (option == IP_VS_SO_GET_DESTS && value.size >= 20) {
		memcpy(&n, value.data + 16, sizeof(n));
		n %= 64;
		length = (socklen_t)(sizeof(struct ip_vs_get_dests) + n * sizeof(struct ip_vs_dest_entry));
	}
	room = calloc(1, length + 1u);
	memcpy(room, value.data, value.size < length ? value.size : length);
	if (option == IP_VS_SO_GET_SERVICES && length >= sizeof(n))
		memcpy(room, &n, sizeof(n));
	if (option == IP_VS_SO_GET_DESTS && length >= 20)
		memcpy(room + 16, &n, sizeof(n));
	err = sockopt_get(option, room, &length);
	if (err > 0 || err < -4095)
		abort();
	free(room);
}

/* Every other datagram as one that is sent, in two pieces. */
static void
look_at_datagrams(struct input input)
{
	static struct pending pending;
	struct input datagram;
	unsigned int n = 0;

	pending.n = 0;
	while (next_datagram(&input, &datagram)) {
		size_t half = datagram.size / 2;
		struct iovec iov[2] = { { .iov_base = (void *)datagram.data, .iov_len = half },
					{ .iov_base = (void *)(datagram.data + half),
					  .iov_len = datagram.size - half } };
		const struct msghdr msg = { .msg_iov = iov, .msg_iovlen = 2 };

		if (n % 2 == 0)
			pending_send(&pending, &msg, datagram.size);
		else
			pending_received(&pending, &msg, datagram.size + n % 3);
		if (n % 7 == 6)
			pending_unsend(&pending, &msg, datagram.size);
		if (pending.n > PENDING_MAX)
			abort();
		n++;
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = { .data = data, .size = size };
	struct input what = take(&input, 2), value;

	if (what.size < 2)
		return 0;
	value = take(&input, what.data[1]);
	answers = input;
	ipvsd = -1;
	if (what.data[0] % 32 < 16)
		set_option(IP_VS_BASE_CTL + what.data[0] % 32, value);
	else if (what.data[0] % 32 < 24)
		get_option(IP_VS_BASE_CTL + what.data[0] % 32 - 16, value);
	else
		look_at_datagrams(input);
	if (ipvsd >= 0)
		close(ipvsd);
	return 0;
}

#ifdef FUZZ_REPLAY
int
main(int argc, char **argv)
{
	static uint8_t input[1 << 20];

	for (int i = 1; i < argc; i++) {
		FILE *file = fopen(argv[i], "rb");
		size_t size;

		if (!file) {
			perror(argv[i]);
			return 1;
		}
		size = fread(input, 1, sizeof(input), file);
		fclose(file);
		LLVMFuzzerTestOneInput(input, size);
	}
	printf("%d inputs\n", argc - 1);
	return 0;
}
#endif
