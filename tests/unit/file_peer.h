/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * An ipvsd that is asked for files, played for the unit tests of the shim: answers are put together beforehand, one for
 * each connection in turn, and what was asked is kept.
 */
#ifndef FILE_PEER_H
#define FILE_PEER_H

#include "control_peer.h"

#include <pthread.h>

#include <linux/genetlink.h>

#define FILE_EXCHANGES_MAX 8

struct file_exchange {
	uint8_t answer[8192];
	size_t length;
	uint8_t request[8192];
	ssize_t n_request;
};

struct file_peer {
	const struct control_peer *peer;
	uint32_t n;
	struct file_exchange exchanges[FILE_EXCHANGES_MAX];
	pthread_t thread;
};

/* ---- Answers ---- */

static inline void
file_answer_bytes(struct file_exchange *exchange, const void *data, size_t length)
{
	assert_in_range(exchange->length + NLA_ALIGN(length), 0, sizeof(exchange->answer));
	memcpy(exchange->answer + exchange->length, data, length);
	exchange->length += NLA_ALIGN(length);
}

/* A message about a file with this one attribute. */
static inline void
file_answer(struct file_exchange *exchange, uint16_t type, const void *data, size_t length)
{
	const struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };
	const struct nlattr nest = { .nla_len = (uint16_t)(NLA_HDRLEN + NLA_ALIGN(attr.nla_len)),
				     .nla_type = IPVSX_ATTR_FILE };
	const struct nlmsghdr header = { .nlmsg_len = (uint32_t)(NLMSG_LENGTH(GENL_HDRLEN) + nest.nla_len),
					 .nlmsg_type = IPVSD_FAMILY_IPVSX };
	const struct genlmsghdr genl = { .version = IPVSX_FAMILY_VERSION };

	file_answer_bytes(exchange, &header, sizeof(header));
	file_answer_bytes(exchange, &genl, sizeof(genl));
	file_answer_bytes(exchange, &nest, sizeof(nest));
	file_answer_bytes(exchange, &attr, sizeof(attr));
	file_answer_bytes(exchange, data, length);
}

/* The end of a dump, NLMSG_DONE, or of another request, NLMSG_ERROR. */
static inline void
file_answer_end(struct file_exchange *exchange, uint16_t type, int32_t code)
{
	const struct nlmsghdr header = { .nlmsg_len = NLMSG_LENGTH(sizeof(code)), .nlmsg_type = type };

	file_answer_bytes(exchange, &header, sizeof(header));
	file_answer_bytes(exchange, &code, sizeof(code));
}

/* The next connection's exchange. */
static inline struct file_exchange *
file_peer_next(struct file_peer *peer)
{
	assert_in_range(peer->n, 0, FILE_EXCHANGES_MAX - 1);
	return &peer->exchanges[peer->n++];
}

/* ---- The play ---- */

static inline void *
file_peer_run(void *arg)
{
	struct file_peer *peer = arg;

	for (uint32_t i = 0; i < peer->n; i++) {
		struct file_exchange *exchange = &peer->exchanges[i];
		int fd = accept(peer->peer->listener, NULL, NULL);
		struct ipvsd_hello hello;

		if (fd >= 0 && recv(fd, &hello, sizeof(hello), 0) == sizeof(hello))
			exchange->n_request = recv(fd, exchange->request, sizeof(exchange->request), 0);
		if (exchange->n_request > 0)
			send(fd, exchange->answer, exchange->length, MSG_NOSIGNAL);
		close(fd);
	}
	return NULL;
}

static inline void
file_peer_begin(struct file_peer *peer, const struct control_peer *control)
{
	peer->peer = control;
	assert_int_equal(setenv(IPVSD_SOCKET_ENV, control->path, 1), 0);
	assert_int_equal(pthread_create(&peer->thread, NULL, file_peer_run, peer), 0);
}

/* All connections have been made. Who asks from now on finds nobody. */
static inline void
file_peer_end(struct file_peer *peer)
{
	assert_int_equal(pthread_join(peer->thread, NULL), 0);
	assert_int_equal(setenv(IPVSD_SOCKET_ENV, "/nonexistent/socket", 1), 0);
}

#endif
