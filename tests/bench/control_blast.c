/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Adds services and destinations through ipvsd's control socket, one message at a time, each waiting for its
 * acknowledgement; lists them, and flushes them. Says what an operation took, and how much of it was the server's.
 *
 *   control_blast SOCKET PID SERVICES DESTS    PID: of ipvsd; DESTS: of each service
 *
 * Service number n is 10.X.Y.Z:80 with 10.X.Y.Z = 10.0.0.0 + n, its destinations are 172.16.0.0 + n * DESTS + 0, 1, ...
 * The server's time is what its control thread was on a processor (/proc/PID/schedstat).
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/ip_vs.h>
#include <linux/netlink.h>

#include "netlink-shim/wire.h"

struct message {
	struct nlmsghdr head;
	struct genlmsghdr genl;
	uint8_t attributes[512];
};

struct client {
	int fd;
	const char *pid;
	uint32_t seq;
};

struct clock {
	uint64_t wall_ns, server_ns;
};

static void
fail(const char *what)
{
	fprintf(stderr, "control_blast: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static uint64_t
server_ns(const struct client *client)
{
	char path[64];
	unsigned long long ns;
	FILE *file;

	snprintf(path, sizeof(path), "/proc/%s/schedstat", client->pid);
	file = fopen(path, "r");
	if (!file || fscanf(file, "%llu", &ns) != 1)
		fail(path);
	fclose(file);
	return ns;
}

static struct clock
clock_read(const struct client *client)
{
	struct timespec at;

	clock_gettime(CLOCK_MONOTONIC, &at);
	return (struct clock){ (uint64_t)at.tv_sec * 1000000000u + (uint64_t)at.tv_nsec, server_ns(client) };
}

static void
report(const struct client *client, const char *what, struct clock start, uint64_t operations, uint32_t services)
{
	struct clock end = clock_read(client);
	double wall = (double)(end.wall_ns - start.wall_ns), server = (double)(end.server_ns - start.server_ns);

	printf("%-14s %7u services: %9.0f operations/s, server %6.1f us an operation\n", what, services,
	       (double)operations * 1e9 / wall, server / 1000 / (double)operations);
	fflush(stdout);
}

static struct message
message_new(uint8_t command, uint16_t flags)
{
	return (struct message){
		.head = { .nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN),
			  .nlmsg_type = IPVSD_FAMILY_IPVS,
			  .nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags) },
		.genl = { .cmd = command, .version = IPVS_GENL_VERSION },
	};
}

static void
put(struct message *message, uint16_t type, const void *value, uint16_t length)
{
	struct nlattr *attribute = (struct nlattr *)(void *)((uint8_t *)message + message->head.nlmsg_len);

	*attribute = (struct nlattr){ .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };
	if (length > 0)
		memcpy((uint8_t *)attribute + NLA_HDRLEN, value, length);
	message->head.nlmsg_len += NLA_ALIGN(attribute->nla_len);
}

static void
put_u16(struct message *message, uint16_t type, uint16_t value)
{
	put(message, type, &value, sizeof(value));
}

static void
put_u32(struct message *message, uint16_t type, uint32_t value)
{
	put(message, type, &value, sizeof(value));
}

static struct nlattr *
nest_begin(struct message *message, uint16_t type)
{
	struct nlattr *nest = (struct nlattr *)(void *)((uint8_t *)message + message->head.nlmsg_len);

	put(message, type, NULL, 0);
	return nest;
}

static void
nest_end(struct message *message, struct nlattr *nest)
{
	nest->nla_len = (uint16_t)((uint8_t *)message + message->head.nlmsg_len - (uint8_t *)nest);
}

static void
put_service(struct message *message, uint32_t number, bool all)
{
	static const struct ip_vs_flags flags = { .flags = 0, .mask = ~0u };
	struct nlattr *nest = nest_begin(message, IPVS_CMD_ATTR_SERVICE);
	uint32_t address = htonl(0x0a000000 + number);

	put_u16(message, IPVS_SVC_ATTR_AF, AF_INET);
	put_u16(message, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	put(message, IPVS_SVC_ATTR_ADDR, &address, sizeof(address));
	put_u16(message, IPVS_SVC_ATTR_PORT, htons(80));
	if (all) {
		put(message, IPVS_SVC_ATTR_SCHED_NAME, "rr", sizeof("rr"));
		put(message, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
		put_u32(message, IPVS_SVC_ATTR_TIMEOUT, 0);
		put_u32(message, IPVS_SVC_ATTR_NETMASK, UINT32_MAX);
	}
	nest_end(message, nest);
}

static void
put_dest(struct message *message, uint32_t number)
{
	struct nlattr *nest = nest_begin(message, IPVS_CMD_ATTR_DEST);
	uint32_t address = htonl(0xac100000 + number);

	put(message, IPVS_DEST_ATTR_ADDR, &address, sizeof(address));
	put_u16(message, IPVS_DEST_ATTR_PORT, htons(80));
	put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, IP_VS_CONN_F_MASQ);
	put_u32(message, IPVS_DEST_ATTR_WEIGHT, 1);
	put_u32(message, IPVS_DEST_ATTR_U_THRESH, 0);
	put_u32(message, IPVS_DEST_ATTR_L_THRESH, 0);
	nest_end(message, nest);
}

static void
transmit(struct client *client, struct message *message)
{
	message->head.nlmsg_seq = ++client->seq;
	if (send(client->fd, message, message->head.nlmsg_len, MSG_NOSIGNAL) != (ssize_t)message->head.nlmsg_len)
		fail("send");
}

/* Reads until the acknowledgement or the end of the dump. How many other messages there were. */
static uint32_t
answer(const struct client *client)
{
	static _Alignas(8) uint8_t buffer[IPVSD_MAX_DATAGRAM];
	uint32_t messages = 0;

	for (;;) {
		ssize_t got = recv(client->fd, buffer, sizeof(buffer), 0);
		struct nlmsghdr *head = (struct nlmsghdr *)(void *)buffer;
		int left = (int)got;

		if (got <= 0)
			fail("recv");
		for (; NLMSG_OK(head, left); head = NLMSG_NEXT(head, left)) {
			if (head->nlmsg_type == NLMSG_DONE)
				return messages;
			if (head->nlmsg_type != NLMSG_ERROR) {
				messages++;
				continue;
			}
			errno = -((const struct nlmsgerr *)NLMSG_DATA(head))->error;
			if (errno != 0)
				fail("the server");
			return messages;
		}
	}
}

static void
add(struct client *client, uint32_t from, uint32_t to, uint32_t dests)
{
	struct clock start = clock_read(client);

	for (uint32_t i = from; i < to; i++) {
		struct message message = message_new(IPVS_CMD_NEW_SERVICE, NLM_F_ACK);

		put_service(&message, i, true);
		transmit(client, &message);
		answer(client);
	}
	report(client, "NEW_SERVICE", start, to - from, to);
	start = clock_read(client);
	for (uint32_t i = from * dests; i < to * dests; i++) {
		struct message message = message_new(IPVS_CMD_NEW_DEST, NLM_F_ACK);

		put_service(&message, i / dests, false);
		put_dest(&message, i);
		transmit(client, &message);
		answer(client);
	}
	report(client, "NEW_DEST", start, (uint64_t)(to - from) * dests, to);
}

/* As ipvsadm -Ln does it. */
static void
list(struct client *client, uint32_t services, uint32_t dests)
{
	struct message message = message_new(IPVS_CMD_GET_SERVICE, NLM_F_DUMP);
	struct clock start = clock_read(client);
	uint32_t found;

	transmit(client, &message);
	found = answer(client);
	report(client, "services listed", start, found, services);
	if (found != services) {
		fprintf(stderr, "control_blast: %u services listed, not %u\n", found, services);
		exit(EXIT_FAILURE);
	}
	start = clock_read(client);
	found = 0;
	for (uint32_t i = 0; i < services; i++) {
		message = message_new(IPVS_CMD_GET_DEST, NLM_F_DUMP);
		put_service(&message, i, false);
		transmit(client, &message);
		found += answer(client);
	}
	report(client, "dests listed", start, found, services);
	if (found != services * dests) {
		fprintf(stderr, "control_blast: %u destinations listed, not %u\n", found, services * dests);
		exit(EXIT_FAILURE);
	}
}

static void
flush(struct client *client, uint32_t services, uint32_t dests)
{
	struct message message = message_new(IPVS_CMD_FLUSH, NLM_F_ACK);
	struct clock start = clock_read(client);

	transmit(client, &message);
	answer(client);
	report(client, "FLUSH, each", start, (uint64_t)services * (dests + 1), services);
}

static uint32_t
number(const char *text, unsigned long most)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text == '\0' || *end != '\0' || value == 0 || value > most) {
		fprintf(stderr, "control_blast: '%s' is not a number from 1 to %lu\n", text, most);
		exit(2);
	}
	return (uint32_t)value;
}

static int
connect_to(const char *path)
{
	struct sockaddr_un to = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	snprintf(to.sun_path, sizeof(to.sun_path), "%s", path);
	if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) < 0)
		fail(path);
	return fd;
}

int
main(int argc, char **argv)
{
	struct client client;
	uint32_t services, dests, done = 0;

	if (argc != 5) {
		fprintf(stderr, "usage: control_blast SOCKET PID SERVICES DESTS\n");
		return 2;
	}
	services = number(argv[3], 1000000);
	dests = number(argv[4], 10000);
	client = (struct client){ .fd = connect_to(argv[1]), .pid = argv[2] };
	for (uint32_t step = 1000; done < services; step *= 10) {
		uint32_t to = step < services ? step : services;

		add(&client, done, to, dests);
		done = to;
	}
	list(&client, services, dests);
	flush(&client, services, dests);
	return EXIT_SUCCESS;
}
