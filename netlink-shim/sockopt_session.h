/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * One socket option's talk with ipvsd. The connection lasts as long as the call: a program that does not know of it can't
 * close it by mistake, and one that forks or changes its user has a connection of its own.
 */
#ifndef SOCKOPT_SESSION_H
#define SOCKOPT_SESSION_H

#include "sockopt_message.h"

struct session {
	int fd;
	uint32_t seq; /* of the last request */
	void *datagram; /* IPVSD_MAX_DATAGRAM bytes */
};

/* Returns 0 or a negative errno, of connect(), or -ENOMEM. */
int session_open(struct session *session, const char *path);

void session_close(struct session *session);

/* Sends a request, which gets its number here, and takes all answers to it (answers_take()); take may be NULL if none
 * but an acknowledgement is expected. Returns 0, the negative errno that ipvsd answered or take returned, or -ENODEV if
 * ipvsd goes away meanwhile. */
int session_ask(struct session *session, struct message *request, answer_take take, void *arg);

#endif
