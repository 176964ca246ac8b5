/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A client of generic netlink that owes nothing to libnl: resolves a family by its name, and prints its number.
 *
 *   genl_ask NAME
 */
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr attr;
	char name[GENL_NAMSIZ];
};

static int
fail(const char *what)
{
	fprintf(stderr, "genl_ask: %s: %s\n", what, strerror(errno));
	return 1;
}

static int
ask(int fd, const char *name)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request request = {
		.header = { .nlmsg_len = sizeof(request),
			    .nlmsg_type = GENL_ID_CTRL,
			    .nlmsg_flags = NLM_F_REQUEST,
			    .nlmsg_seq = 1 },
		.genl = { .cmd = CTRL_CMD_GETFAMILY, .version = 1 },
		.attr = { .nla_len = sizeof(struct nlattr) + GENL_NAMSIZ, .nla_type = CTRL_ATTR_FAMILY_NAME },
	};

	snprintf(request.name, sizeof(request.name), "%s", name);
	request.attr.nla_len = (unsigned short)(NLA_HDRLEN + strlen(request.name) + 1);
	request.header.nlmsg_len = (unsigned int)(NLMSG_HDRLEN + GENL_HDRLEN + NLA_ALIGN(request.attr.nla_len));
	return sendto(fd, &request, request.header.nlmsg_len, 0, (const struct sockaddr *)&kernel, sizeof(kernel)) < 0
		       ? -1
		       : 0;
}

/* Returns the family's number, 0 if the answer does not have it, or a negative errno. */
static int
number_of(const unsigned char *data, size_t size)
{
	struct nlmsghdr header;
	struct nlattr attr;
	size_t at = NLMSG_HDRLEN + GENL_HDRLEN;
	unsigned short number;
	int err;

	memcpy(&header, data, sizeof(header));
	if (header.nlmsg_type == NLMSG_ERROR) {
		memcpy(&err, data + NLMSG_HDRLEN, sizeof(err));
		return err;
	}
	for (; at + sizeof(attr) + sizeof(number) <= size; at += NLA_ALIGN((size_t)attr.nla_len)) {
		memcpy(&attr, data + at, sizeof(attr));
		memcpy(&number, data + at + NLA_HDRLEN, sizeof(number));
		if (attr.nla_type == CTRL_ATTR_FAMILY_ID)
			return number;
		if (attr.nla_len < sizeof(attr))
			break;
	}
	return 0;
}

int
main(int argc, char **argv)
{
	const struct sockaddr_nl any = { .nl_family = AF_NETLINK };
	struct sockaddr_nl from = { 0 };
	socklen_t length = sizeof(from);
	_Alignas(8) unsigned char answer[4096];
	struct pollfd fds[1] = { { .events = POLLIN } };
	ssize_t size;
	int number;

	if (argc != 2)
		return 2;
	fds[0].fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_GENERIC);
	if (fds[0].fd < 0)
		return fail("socket");
	if (bind(fds[0].fd, (const struct sockaddr *)&any, sizeof(any)) < 0 || ask(fds[0].fd, argv[1]) < 0 ||
	    poll(fds, 1, 5000) != 1)
		return fail("no answer");
	size = recvfrom(fds[0].fd, answer, sizeof(answer), 0, (struct sockaddr *)&from, &length);
	if (size < NLMSG_HDRLEN + 4 || from.nl_family != AF_NETLINK || from.nl_pid != 0)
		return fail("no answer of the kernel's");
	number = number_of(answer, (size_t)size);
	errno = -number;
	if (number < 0)
		return fail(argv[1]);
	printf("%s %d\n", argv[1], number);
	return 0;
}
