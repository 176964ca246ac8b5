/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See control_file.h.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "control_connect.h"
#include "control_file.h"

#define NAME_ROOM NLA_ALIGN(IPVSX_FILE_NAME_MAX + 1)

struct request {
	struct nlmsghdr header;
	struct genlmsghdr genl;
	struct nlattr nest, name;
	char text[NAME_ROOM];
};

/* SET_FILE's is longer. */
struct write_request {
	struct request request;
	struct nlattr text;
	char bytes[NLA_ALIGN(IPVSX_FILE_TEXT_MAX)];
};

/* What is known of a file from one message. */
struct answer {
	const char *name;
	const uint32_t *mode;
	const void *text;
	size_t length;
};

struct exchange {
	int (*answer)(void *arg, const struct answer *answer);
	void *arg;
};

static size_t
fill_request(struct request *request, const char *name, uint16_t flags)
{
	size_t length = name ? strlen(name) + 1 : 0;

	memset(request, 0, sizeof(*request));
	request->header.nlmsg_type = IPVSD_FAMILY_IPVSX;
	request->header.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	request->header.nlmsg_seq = 1;
	request->header.nlmsg_pid = (uint32_t)getpid();
	request->header.nlmsg_len = NLMSG_LENGTH(GENL_HDRLEN);
	request->genl.cmd = IPVSX_CMD_GET_FILE;
	request->genl.version = IPVSX_FAMILY_VERSION;
	if (name) {
		request->name.nla_type = IPVSX_FILE_ATTR_NAME;
		request->name.nla_len = (uint16_t)(NLA_HDRLEN + length);
		request->nest.nla_type = IPVSX_ATTR_FILE;
		request->nest.nla_len = (uint16_t)(NLA_HDRLEN + NLA_ALIGN(request->name.nla_len));
		request->header.nlmsg_len += request->nest.nla_len;
		memcpy(request->text, name, length);
	}
	return request->header.nlmsg_len;
}

static int
send_all(int fd, const void *data, size_t length)
{
	ssize_t n;

	do
		n = send(fd, data, length, MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n < 0 ? -errno : 0;
}

/* The attribute at DATA, whose value gets into *RET_VALUE; its length with padding, 0 if there is none. */
static size_t
next_attr(const uint8_t *data, size_t left, struct nlattr *ret, const void **ret_value)
{
	size_t whole;

	if (left < NLA_HDRLEN)
		return 0;
	memcpy(ret, data, sizeof(*ret));
	if (ret->nla_len < NLA_HDRLEN || ret->nla_len > left)
		return 0;
	*ret_value = data + NLA_HDRLEN;
	whole = NLA_ALIGN(ret->nla_len);
	return whole < left ? whole : left;
}

static void
parse_file(const uint8_t *data, size_t left, struct answer *ret)
{
	const void *value;
	struct nlattr attr;
	size_t whole;

	for (; (whole = next_attr(data, left, &attr, &value)) > 0; data += whole, left -= whole) {
		size_t length = attr.nla_len - NLA_HDRLEN;

		if (attr.nla_type == IPVSX_FILE_ATTR_NAME && length > 0 && ((const char *)value)[length - 1] == '\0') {
			ret->name = value;
		} else if (attr.nla_type == IPVSX_FILE_ATTR_MODE && length == sizeof(uint32_t)) {
			ret->mode = value;
		} else if (attr.nla_type == IPVSX_FILE_ATTR_TEXT) {
			ret->text = value;
			ret->length = length;
		}
	}
}

/* One message of the answer: 1: more to come, 0: it was the last one, or -errno. */
static int
take_message(const struct nlmsghdr *header, const struct exchange *exchange)
{
	const uint8_t *data = (const uint8_t *)header + NLMSG_HDRLEN;
	size_t left = header->nlmsg_len - NLMSG_HDRLEN, whole;
	struct answer answer = { .name = NULL };
	const void *value;
	struct nlattr attr;
	int32_t code = 0;
	int err;

	if (header->nlmsg_type == NLMSG_ERROR || header->nlmsg_type == NLMSG_DONE) {
		if (left < sizeof(code))
			return -EIO;
		memcpy(&code, data, sizeof(code));
		return code > 0 ? -EIO : code;
	}
	if (header->nlmsg_type != IPVSD_FAMILY_IPVSX || left < GENL_HDRLEN)
		return -EIO;
	data += GENL_HDRLEN;
	left -= GENL_HDRLEN;
	for (; (whole = next_attr(data, left, &attr, &value)) > 0; data += whole, left -= whole)
		if (attr.nla_type == IPVSX_ATTR_FILE)
			parse_file(value, attr.nla_len - NLA_HDRLEN, &answer);
	err = exchange->answer(exchange->arg, &answer);
	if (err < 0)
		return err;
	return 1;
}

/* All messages of a datagram, as take_message(). */
static int
take_datagram(const uint8_t *data, size_t left, const struct exchange *exchange)
{
	int more = 1;

	while (more == 1 && left > 0) {
		const struct nlmsghdr *header = (const void *)data;
		size_t whole;

		if (left < NLMSG_HDRLEN || header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > left)
			return -EIO;
		more = take_message(header, exchange);
		whole = NLMSG_ALIGN(header->nlmsg_len);
		if (whole > left)
			whole = left;
		data += whole;
		left -= whole;
	}
	return more;
}

static int
receive(int fd, const struct exchange *exchange)
{
	uint8_t *data = malloc(IPVSD_MAX_DATAGRAM);
	int more = data ? 1 : -ENOMEM;

	while (more == 1) {
		ssize_t n = recv(fd, data, IPVSD_MAX_DATAGRAM, MSG_TRUNC);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0 || n > IPVSD_MAX_DATAGRAM)
			more = -EIO;
		else
			more = take_datagram(data, (size_t)n, exchange);
	}
	free(data);
	return more;
}

/* DO-requests are answered and then acknowledged: the acknowledgement is the end, as NLMSG_DONE is of a dump. */
static int
talk(const char *socket, const struct request *request, const struct exchange *exchange)
{
	const struct ipvsd_hello hello = control_hello(request->header.nlmsg_pid, IPVSD_HELLO_EXT);
	int fd = control_connect(control_path(socket), SOCK_CLOEXEC), err;

	if (fd < 0)
		return fd;
	err = send_all(fd, &hello, sizeof(hello));
	if (err == 0)
		err = send_all(fd, request, request->header.nlmsg_len);
	if (err == 0)
		err = receive(fd, exchange);
	close(fd);
	return err;
}

static bool
is_name(const char *name)
{
	return strlen(name) <= IPVSX_FILE_NAME_MAX;
}

struct text_taker {
	int (*take)(void *arg, const void *text, size_t length);
	void *arg;
};

static int
take_text(void *arg, const struct answer *answer)
{
	const struct text_taker *taker = arg;

	return answer->text ? taker->take(taker->arg, answer->text, answer->length) : -EIO;
}

int
control_file_read(const char *socket, const char *name, int (*take)(void *arg, const void *text, size_t length),
		  void *arg)
{
	struct text_taker taker = { .take = take, .arg = arg };
	const struct exchange exchange = { .answer = take_text, .arg = &taker };
	struct request request;

	if (!is_name(name))
		return -ENOENT;
	fill_request(&request, name, NLM_F_DUMP);
	return talk(socket, &request, &exchange);
}

static int
take_mode(void *arg, const struct answer *answer)
{
	if (!answer->mode)
		return -EIO;
	memcpy(arg, answer->mode, sizeof(*answer->mode));
	return 0;
}

int
control_file_mode(const char *socket, const char *name, uint32_t *ret)
{
	const struct exchange exchange = { .answer = take_mode, .arg = ret };
	struct request request;

	if (!is_name(name))
		return -ENOENT;
	fill_request(&request, name, NLM_F_ACK);
	return talk(socket, &request, &exchange);
}

static int
take_nothing(void *arg, const struct answer *answer)
{
	(void)arg;
	(void)answer;
	return -EIO;
}

/* The name fills its room with zeros, which end it. */
int
control_file_write(const char *socket, const char *name, const void *text, size_t length)
{
	const struct exchange exchange = { .answer = take_nothing };
	struct write_request *write;
	struct request *request;
	int err;

	if (!is_name(name))
		return -ENOENT;
	if (length > IPVSX_FILE_TEXT_MAX)
		return -EINVAL;
	write = calloc(1, sizeof(*write));
	if (!write)
		return -ENOMEM;
	request = &write->request;
	fill_request(request, name, NLM_F_ACK);
	request->genl.cmd = IPVSX_CMD_SET_FILE;
	request->name.nla_len = (uint16_t)(NLA_HDRLEN + NAME_ROOM);
	write->text.nla_type = IPVSX_FILE_ATTR_TEXT;
	write->text.nla_len = (uint16_t)(NLA_HDRLEN + length);
	memcpy(write->bytes, text, length);
	request->nest.nla_len = (uint16_t)(2 * NLA_HDRLEN + NAME_ROOM + NLA_ALIGN(write->text.nla_len));
	request->header.nlmsg_len = (uint32_t)(NLMSG_LENGTH(GENL_HDRLEN) + request->nest.nla_len);
	err = talk(socket, request, &exchange);
	free(write);
	return err;
}

struct name_taker {
	int (*take)(void *arg, const char *name);
	void *arg;
};

static int
take_name(void *arg, const struct answer *answer)
{
	const struct name_taker *taker = arg;

	return answer->name ? taker->take(taker->arg, answer->name) : -EIO;
}

int
control_file_list(const char *socket, int (*take)(void *arg, const char *name), void *arg)
{
	struct name_taker taker = { .take = take, .arg = arg };
	const struct exchange exchange = { .answer = take_name, .arg = &taker };
	struct request request;

	fill_request(&request, NULL, NLM_F_DUMP);
	return talk(socket, &request, &exchange);
}
