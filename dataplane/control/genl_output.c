/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A session's queue of datagrams: see genl_output.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/genl_output.h"

struct nl_msg *
output_message(const struct genl_family *family, uint32_t portid, uint32_t seq, uint8_t command, uint16_t flags)
{
	CLEANUP(nlmsg_free) struct nl_msg *msg = nlmsg_alloc_size(family->message_size);
	struct nlmsghdr *header;
	struct genlmsghdr *genl;

	if (!msg)
		return NULL;
	header = nlmsg_put(msg, portid, seq, family->id, GENL_HDRLEN, flags);
	if (!header)
		return NULL;
	/* libnl puts numbers of its own where 0 is given */
	header->nlmsg_pid = portid;
	header->nlmsg_seq = seq;
	genl = nlmsg_data(header);
	*genl = (struct genlmsghdr){ .cmd = command, .version = family->version };
	return take(msg);
}

static struct datagram *
queue(struct genl_session *session, size_t length)
{
	struct datagram *datagram = malloc(sizeof(*datagram) + length);

	if (!datagram) {
		session->broken = true;
		return NULL;
	}
	datagram->next = NULL;
	datagram->length = (uint32_t)length;
	datagram->change = false;
	*session->out_last = datagram;
	session->out_last = &datagram->next;
	session->out_bytes += length;
	return datagram;
}

struct datagram *
genl_session_pop(struct genl_session *session)
{
	struct datagram *datagram = session->out;

	if (!datagram)
		return NULL;
	session->out = datagram->next;
	if (!session->out)
		session->out_last = &session->out;
	session->out_bytes -= datagram->length;
	return datagram;
}

void
output_bytes(struct genl_session *session, const void *bytes, size_t length)
{
	struct datagram *datagram = queue(session, length);

	if (datagram)
		memcpy(datagram->bytes, bytes, length);
}

/* With ROOM at its end, where attributes may follow. */
static struct datagram *
queue_error(struct genl_session *session, const struct nlmsghdr *request, int err, size_t copied, uint16_t flags,
	    size_t room)
{
	size_t length = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(int32_t) + copied) + room;
	struct datagram *datagram = queue(session, length);
	struct nlmsghdr header = {
		.nlmsg_len = (uint32_t)length,
		.nlmsg_type = NLMSG_ERROR,
		.nlmsg_flags = flags,
		.nlmsg_seq = request->nlmsg_seq,
		.nlmsg_pid = session->portid,
	};
	int32_t code = err;

	if (!datagram)
		return NULL;
	memset(datagram->bytes, 0, datagram->length);
	memcpy(datagram->bytes, &header, sizeof(header));
	memcpy(datagram->bytes + NLMSG_HDRLEN, &code, sizeof(code));
	memcpy(datagram->bytes + NLMSG_HDRLEN + sizeof(code), request, copied);
	return datagram;
}

void
output_error(struct genl_session *session, const struct nlmsghdr *request, int err, const struct nlattr *bad)
{
	struct {
		struct nlattr attr;
		uint32_t offset;
	} place = { .attr = { .nla_len = sizeof(place), .nla_type = NLMSGERR_ATTR_OFFS } };
	struct datagram *datagram;

	if (!bad || !session->extended) {
		queue_error(session, request, err, request->nlmsg_len, 0, 0);
		return;
	}
	place.offset = (uint32_t)((const uint8_t *)bad - (const uint8_t *)request);
	datagram = queue_error(session, request, err, request->nlmsg_len, NLM_F_ACK_TLVS, sizeof(place));
	if (datagram)
		memcpy(datagram->bytes + datagram->length - sizeof(place), &place, sizeof(place));
}

void
output_error_capped(struct genl_session *session, const struct nlmsghdr *request, int err)
{
	queue_error(session, request, err, NLMSG_HDRLEN, NLM_F_CAPPED, 0);
}

void
output_ack(struct genl_session *session, const struct nlmsghdr *request, bool change)
{
	struct datagram *datagram = queue_error(session, request, 0, NLMSG_HDRLEN, NLM_F_CAPPED, 0);

	if (datagram)
		datagram->change = change;
}

void
genl_session_settle(struct genl_session *session, int err)
{
	int32_t code = err;

	for (struct datagram *datagram = session->out; datagram; datagram = datagram->next) {
		if (datagram->change && err < 0)
			memcpy(datagram->bytes + NLMSG_HDRLEN, &code, sizeof(code));
		datagram->change = false;
	}
}
