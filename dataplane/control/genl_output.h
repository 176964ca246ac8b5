/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What genl_dispatch.c and genl_dump.c queue in a session: answers, acknowledgements, errors.
 */
#ifndef CONTROL_GENL_OUTPUT_H
#define CONTROL_GENL_OUTPUT_H

#include "control/genl_dispatch.h"
#include "core/cleanup.h"

CLEANUP_FUNCTION(nlmsg_free, struct nl_msg *)

/* A message with both headers, to be freed by nlmsg_free(); NULL without memory. */
struct nl_msg *output_message(const struct genl_family *family, uint32_t portid, uint32_t seq, uint8_t command,
			      uint16_t flags);

/* Each queues one datagram. Without memory the session is marked broken. */
void output_bytes(struct genl_session *session, const void *bytes, size_t length);
/* With the whole request, as the kernel does for errors. Clients that know the private attributes are told which one the
 * error is about, BAD of REQUEST (NULL: none), as the kernel tells those with NETLINK_EXT_ACK. */
void output_error(struct genl_session *session, const struct nlmsghdr *request, int err, const struct nlattr *bad);
/* With the request's header alone. */
void output_error_capped(struct genl_session *session, const struct nlmsghdr *request, int err);
void output_ack(struct genl_session *session, const struct nlmsghdr *request, bool change);

#endif
