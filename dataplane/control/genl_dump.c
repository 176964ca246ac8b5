/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See genl_dump.h, and netlink_dump() of the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/genl_dump.h"
#include "control/genl_output.h"

int
genl_dump_begin(struct genl_dump *dump, const struct genl_op *op, void *context, struct genl_request *request)
{
	int err;

	*dump = (struct genl_dump){
		.op = op,
		.family = request->family,
		.session = request->session,
		.context = context,
		.seq = request->header->nlmsg_seq,
	};
	err = op->dump_start ? op->dump_start(dump, request) : 0;
	if (err < 0)
		return err;
	dump->active = true;
	return 1;
}

void
genl_dump_stop(struct genl_dump *dump)
{
	if (!dump->active)
		return;
	if (dump->op->dump_end)
		dump->op->dump_end(dump);
	if (dump->held)
		nlmsg_free(dump->held);
	*dump = (struct genl_dump){ 0 };
}

static void
finish(struct genl_dump *dump, int err)
{
	struct {
		struct nlmsghdr header;
		int32_t code;
	} done = {
		.header = {
			.nlmsg_len = sizeof(done),
			.nlmsg_type = NLMSG_DONE,
			.nlmsg_flags = NLM_F_MULTI,
			.nlmsg_seq = dump->seq,
			.nlmsg_pid = dump->session->portid,
		},
		.code = err,
	};

	output_bytes(dump->session, &done, sizeof(done));
	genl_dump_stop(dump);
}

/* The next message into dump->held: 1, 0 at the end, GENL_DUMP_PAUSE, or -errno. */
static int
next_message(struct genl_dump *dump)
{
	int got;

	if (dump->held)
		return 1;
	dump->held = output_message(dump->family, dump->session->portid, dump->seq, dump->op->reply, NLM_F_MULTI);
	if (!dump->held)
		return -ENOMEM;
	got = dump->op->dump(dump, dump->held);
	if (got != 1) {
		nlmsg_free(dump->held);
		dump->held = NULL;
	}
	return got;
}

/* Whether dumps have to wait for what has been read. */
static bool
settle(struct genl_dump *dump)
{
	struct dump_pace *pace = &dump->session->genl->pace;
	uint64_t now_ns = dump_pace_now_ns();

	dump_pace_owe(pace, now_ns, dump->cost_ns);
	dump->cost_ns = 0;
	return dump_pace_wait_ns(pace, now_ns) > 0;
}

void
genl_dump_continue(struct genl_dump *dump)
{
	_Alignas(struct nlmsghdr) uint8_t datagram[GENL_DUMP_DATAGRAM];
	size_t used = 0;
	int got;

	while ((got = next_message(dump)) == 1) {
		const struct nlmsghdr *header = nlmsg_hdr(dump->held);
		size_t size = NLMSG_ALIGN((size_t)header->nlmsg_len);

		if (used > 0 && used + size > sizeof(datagram))
			break;
		if (size > sizeof(datagram)) {
			output_bytes(dump->session, header, header->nlmsg_len);
			nlmsg_free(take(dump->held));
			dump->paused = settle(dump);
			return;
		}
		memset(datagram + used, 0, size);
		memcpy(datagram + used, header, header->nlmsg_len);
		used += size;
		nlmsg_free(take(dump->held));
	}
	if (used > 0)
		output_bytes(dump->session, datagram, used);
	dump->paused = settle(dump) || got == GENL_DUMP_PAUSE;
	if (got <= 0)
		finish(dump, got);
}
