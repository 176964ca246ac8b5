/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Requests in, handlers, answers queued: see genl_dispatch.h. Dumps are in genl_dump.c.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/genl_dispatch.h"
#include "control/genl_dump.h"
#include "control/genl_output.h"
#include "core/cleanup.h"

int
genl_family_register(struct genl *genl, const struct genl_family *family, void *context)
{
	if (genl->n_members == GENL_FAMILIES_MAX)
		return -ENOSPC;
	genl->members[genl->n_members].family = family;
	genl->members[genl->n_members].context = context;
	genl->n_members++;
	return 0;
}

void
genl_session_init(struct genl_session *session, struct genl *genl, bool permitted)
{
	memset(session, 0, sizeof(*session));
	session->genl = genl;
	session->permitted = permitted;
	session->out_last = &session->out;
}

void
genl_session_clear(struct genl_session *session)
{
	struct datagram *datagram;

	genl_dump_stop(&session->dump);
	while ((datagram = genl_session_pop(session)) != NULL)
		free(datagram);
	free(session->in);
	session->in = NULL;
}

static const struct genl_op *
find_op(const struct genl_family *family, uint8_t command)
{
	for (uint32_t i = 0; i < family->n_ops; i++)
		if (family->ops[i].command == command)
			return &family->ops[i];
	return NULL;
}

/* genl_header_check() of the kernel: commands that came after it must not carry rubbish. */
static bool
header_is_strict(const struct nlmsghdr *header, const struct genlmsghdr *genl)
{
	uint16_t flags = header->nlmsg_flags;

	if (genl->reserved)
		return false;
	if ((flags & NLM_F_DUMP) == NLM_F_DUMP)
		flags &= (uint16_t)~NLM_F_DUMP;
	return (flags & ~(NLM_F_REQUEST | NLM_F_ACK | NLM_F_ECHO)) == 0;
}

static int
parse_request(struct genl_request *request)
{
	const uint8_t *attrs = (const uint8_t *)request->header + NLMSG_LENGTH(GENL_HDRLEN);

	return attrs_parse(request->attrs, request->family->max_attr, attrs,
			   request->header->nlmsg_len - NLMSG_LENGTH(GENL_HDRLEN), request->family->policy);
}

/* 0: acknowledged if asked for; 1: a dump began, which is not; or -errno, and the attribute it is about if that is known. */
static int
dispatch(struct genl_session *session, const struct nlmsghdr *header, const struct genl_op **ret_op,
	 const struct nlattr **ret_bad)
{
	const struct genlmsghdr *genl = (const void *)((const uint8_t *)header + NLMSG_HDRLEN);
	struct genl_request request = { .session = session, .header = header };
	void *context = NULL;
	int err;

	for (uint32_t i = 0; i < session->genl->n_members; i++)
		if (session->genl->members[i].family->id == header->nlmsg_type) {
			request.family = session->genl->members[i].family;
			context = session->genl->members[i].context;
		}
	if (!request.family)
		return -ENOENT;
	if (header->nlmsg_len < NLMSG_LENGTH(GENL_HDRLEN))
		return -EINVAL;
	request.command = genl->cmd;
	if (genl->cmd >= request.family->first_strict && !header_is_strict(header, genl))
		return -EINVAL;
	*ret_op = find_op(request.family, genl->cmd);
	if (!*ret_op)
		return -EOPNOTSUPP;
	if (!(*ret_op)->open && !session->permitted)
		return -EPERM;
	if ((header->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP) {
		if (!(*ret_op)->dump)
			return -EOPNOTSUPP;
		/* As in the kernel, a dump's attributes that can't be parsed count as not there. */
		if (parse_request(&request) < 0)
			memset(request.attrs, 0, sizeof(request.attrs));
		return genl_dump_begin(&session->dump, *ret_op, context, &request);
	}
	if (!(*ret_op)->act)
		return -EOPNOTSUPP;
	err = parse_request(&request);
	if (err == 0)
		err = (*ret_op)->act(context, &request);
	*ret_bad = request.bad;
	return err;
}

static void
handle_message(struct genl_session *session, const struct nlmsghdr *header)
{
	const struct genl_op *op = NULL;
	const struct nlattr *bad = NULL;
	int err = 0;

	if (!session->portid_known) {
		session->portid = header->nlmsg_pid;
		session->portid_known = true;
	}
	if ((header->nlmsg_flags & NLM_F_REQUEST) && header->nlmsg_type >= NLMSG_MIN_TYPE) {
		err = dispatch(session, header, &op, &bad);
		if (err == 1)
			return;
	}
	if (err < 0)
		output_error(session, header, err, bad);
	else if (header->nlmsg_flags & NLM_F_ACK)
		output_ack(session, header, op && op->changes);
}

/* Works on BYTES from OFFSET on until the session must wait. Returns where it stopped. */
static size_t
walk(struct genl_session *session, const uint8_t *bytes, size_t length, size_t offset)
{
	while (length - offset >= NLMSG_HDRLEN) {
		const struct nlmsghdr *header = (const void *)(bytes + offset);
		size_t left = length - offset;

		if (session->dump.active || session->out_bytes >= GENL_OUT_LIMIT)
			return offset;
		if (header->nlmsg_len < NLMSG_HDRLEN || header->nlmsg_len > left)
			return length;
		handle_message(session, header);
		offset += NLMSG_ALIGN((size_t)header->nlmsg_len) < left ? NLMSG_ALIGN((size_t)header->nlmsg_len) : left;
	}
	return length;
}

void
genl_session_input(struct genl_session *session, const void *bytes, size_t length)
{
	size_t offset = walk(session, bytes, length, 0);

	if (offset < length) {
		session->in = malloc(length - offset);
		if (!session->in) {
			session->broken = true;
			return;
		}
		memcpy(session->in, (const uint8_t *)bytes + offset, length - offset);
		session->in_length = length - offset;
		session->in_offset = 0;
	}
	genl_session_resume(session);
}

void
genl_session_too_long(struct genl_session *session, const void *bytes, size_t length)
{
	if (length >= NLMSG_HDRLEN)
		output_error_capped(session, bytes, -EMSGSIZE);
}

bool
genl_session_busy(const struct genl_session *session)
{
	return session->dump.active || session->in;
}

uint64_t
genl_session_wait_ns(const struct genl_session *session, uint64_t now_ns)
{
	return session->dump.active ? dump_pace_wait_ns(&session->genl->pace, now_ns) : 0;
}

void
genl_session_stop_dump(struct genl_session *session)
{
	genl_dump_stop(&session->dump);
}

void
genl_session_resume(struct genl_session *session)
{
	session->dump.paused = false;
	session->dump.work = 0;
	while (genl_session_busy(session) && session->out_bytes < GENL_OUT_LIMIT && !session->broken &&
	       !session->dump.paused) {
		if (genl_session_wait_ns(session, dump_pace_now_ns()) > 0)
			break;
		if (session->dump.active) {
			genl_dump_continue(&session->dump);
			continue;
		}
		session->in_offset = walk(session, session->in, session->in_length, session->in_offset);
		if (session->in_offset == session->in_length) {
			free(session->in);
			session->in = NULL;
		}
	}
}

int
genl_reply(struct genl_request *request, int (*fill)(void *object, struct nl_msg *msg), void *object)
{
	struct genl_session *session = request->session;
	const struct genl_op *op = find_op(request->family, request->command);
	CLEANUP(nlmsg_free) struct nl_msg *msg = NULL;
	int err;

	msg = output_message(request->family, session->portid, request->header->nlmsg_seq, op->reply, 0);
	if (!msg)
		return -ENOMEM;
	err = fill(object, msg);
	if (err < 0)
		return err;
	output_bytes(session, nlmsg_hdr(msg), nlmsg_hdr(msg)->nlmsg_len);
	return 0;
}
