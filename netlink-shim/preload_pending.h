/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Which requests of a socket have not been answered to their end: what has to be answered for ipvsd when it goes away.
 * ipvsd answers in the order of the requests, so the end of one is the end of those before it, too.
 */
#ifndef PRELOAD_PENDING_H
#define PRELOAD_PENDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define PENDING_MAX 64 /* beyond, the oldest is taken for answered */

struct pending {
	uint32_t n;
	struct pending_request {
		uint32_t seq;
		bool acknowledged; /* its last answer is an acknowledgement or an error */
	} requests[PENDING_MAX];
};

/* Before a datagram of size bytes, which lies in the message's buffers, is sent: notes its requests. Returns how many. */
uint32_t pending_send(struct pending *pending, const struct msghdr *msg, size_t size);

/* It was not sent after all: takes its requests back. */
void pending_unsend(struct pending *pending, const struct msghdr *msg, size_t size);

/* A datagram came: netlink messages, or anything else. */
void pending_received(struct pending *pending, const struct msghdr *msg, size_t size);

/* The first n requests have been answered. */
void pending_drop(struct pending *pending, uint32_t n);

#endif
