/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See preload_pending.h. The messages are looked at where the program has them, in pieces, so each header is copied.
 */
#include <string.h>

#include <linux/netlink.h>

#include "preload_pending.h"

/* Copies what lies at offset in the message's buffers. Returns whether all of it was there. */
static bool
copy_from(const struct msghdr *msg, size_t offset, void *to, size_t size)
{
	size_t done = 0;
	size_t i, n;

	for (i = 0; i < (size_t)msg->msg_iovlen && done < size; i++) {
		const struct iovec *piece = &msg->msg_iov[i];

		if (offset >= piece->iov_len) {
			offset -= piece->iov_len;
			continue;
		}
		n = piece->iov_len - offset < size - done ? piece->iov_len - offset : size - done;
		memcpy((char *)to + done, (const char *)piece->iov_base + offset, n);
		done += n;
		offset = 0;
	}
	return done == size;
}

/* The message at *offset; moves on to the next. Returns false at the end, and at anything that is no message. */
static bool
next_message(const struct msghdr *msg, size_t size, size_t *offset, struct nlmsghdr *ret)
{
	if (*offset > size || size - *offset < sizeof(*ret) || !copy_from(msg, *offset, ret, sizeof(*ret)) ||
	    ret->nlmsg_len < sizeof(*ret) || ret->nlmsg_len > size - *offset)
		return false;
	*offset += NLMSG_ALIGN(ret->nlmsg_len);
	return true;
}

void
pending_drop(struct pending *pending, uint32_t n)
{
	pending->n -= n;
	memmove(pending->requests, pending->requests + n, pending->n * sizeof(pending->requests[0]));
}

static void
add(struct pending *pending, const struct nlmsghdr *request)
{
	const bool is_dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;

	if (pending->n == PENDING_MAX)
		pending_drop(pending, 1);
	pending->requests[pending->n++] = (struct pending_request){
		.seq = request->nlmsg_seq,
		.acknowledged = !is_dump && (request->nlmsg_flags & NLM_F_ACK),
	};
}

uint32_t
pending_send(struct pending *pending, const struct msghdr *msg, size_t size)
{
	struct nlmsghdr request;
	size_t offset = 0;
	uint32_t n = 0;

	while (next_message(msg, size, &offset, &request)) {
		add(pending, &request);
		n++;
	}
	return n < PENDING_MAX ? n : PENDING_MAX;
}

void
pending_unsend(struct pending *pending, const struct msghdr *msg, size_t size)
{
	struct nlmsghdr request;
	size_t offset = 0;
	uint32_t i;

	while (next_message(msg, size, &offset, &request)) {
		i = pending->n;
		while (i > 0 && pending->requests[i - 1].seq != request.nlmsg_seq)
			i--;
		if (i == 0)
			continue;
		pending->n--;
		memmove(pending->requests + i - 1, pending->requests + i,
			(pending->n - i + 1) * sizeof(pending->requests[0]));
	}
}

static bool
is_last_answer(const struct pending_request *request, const struct nlmsghdr *answer)
{
	if (answer->nlmsg_type == NLMSG_ERROR || answer->nlmsg_type == NLMSG_DONE)
		return true;
	return !request->acknowledged && !(answer->nlmsg_flags & NLM_F_MULTI);
}

static void
answered(struct pending *pending, const struct nlmsghdr *answer)
{
	uint32_t i = 0;

	while (i < pending->n && pending->requests[i].seq != answer->nlmsg_seq)
		i++;
	if (i == pending->n || !is_last_answer(&pending->requests[i], answer))
		return;
	pending_drop(pending, i + 1);
}

void
pending_received(struct pending *pending, const struct msghdr *msg, size_t size)
{
	struct nlmsghdr answer;
	size_t offset = 0;

	while (pending->n > 0 && next_message(msg, size, &offset, &answer))
		answered(pending, &answer);
}
