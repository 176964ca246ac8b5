/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Dumps: many messages, cut into datagrams, ended by NLMSG_DONE. One at a time in a session; genl_dispatch.c holds back
 * the session's next request meanwhile.
 */
#ifndef CONTROL_GENL_DUMP_H
#define CONTROL_GENL_DUMP_H

#include "control/genl_dispatch.h"

/* 1 if it began, or -errno. */
int genl_dump_begin(struct genl_dump *dump, const struct genl_op *op, void *context, struct genl_request *request);
/* Queues one more datagram. */
void genl_dump_continue(struct genl_dump *dump);
/* Ends it without an answer; also if none is active. */
void genl_dump_stop(struct genl_dump *dump);

#endif
