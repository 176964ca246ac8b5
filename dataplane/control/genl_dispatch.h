/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The kernel's generic netlink without a kernel: takes datagrams of requests apart, calls the families' handlers, and
 * queues the datagrams of answers, with the kernel's rules for acknowledgements, errors and dumps
 * (net/netlink/af_netlink.c netlink_rcv_skb(), netlink_ack(); net/netlink/genetlink.c).
 *
 * It knows no sockets: netlink_client.c feeds a session and sends what it queued. Nothing that is queued may be sent
 * before the changes of the same turn are published.
 */
#ifndef CONTROL_GENL_DISPATCH_H
#define CONTROL_GENL_DISPATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "control/dump_pace.h"
#include "control/netlink_attributes.h"

#define GENL_ATTRS_MAX 15
#define GENL_FAMILIES_MAX 4
/* A session that holds this much unsent isn't worked on, nor read from, until its client has read. */
#define GENL_OUT_LIMIT (256u << 10)
/* What a dump's handler returns when it has worked enough for one turn: it is called again in the next. */
#define GENL_DUMP_PAUSE 2
/* Dumps are cut into datagrams of about this size. */
#define GENL_DUMP_DATAGRAM 8192u

struct genl;
struct genl_session;

struct genl_request {
	struct genl_session *session;
	const struct genl_family *family;
	const struct nlmsghdr *header;
	uint8_t command;
	const struct nlattr *attrs[GENL_ATTRS_MAX + 1];
	const struct nlattr *bad; /* what the handler's error is about; NULL: it can't be said */
};

/* A dump under way. It lives across turns, whatever is changed meanwhile. */
struct genl_dump {
	const struct genl_op *op;
	const struct genl_family *family;
	struct genl_session *session;
	void *context;
	uint32_t seq;
	uint64_t position; /* the handler's */
	void *state; /* the handler's */
	struct nl_msg *held; /* did not fit into the datagram before */
	bool active;
	bool paused; /* until the session is resumed */
	uint32_t work; /* the handler's count of what it did in this turn; 0 at its start */
	uint64_t cost_ns; /* what the handler's reads cost the workers, and was not put to the pace's account yet */
};

/* A line of a family's command table. The kernel's GENL_ADMIN_PERM and friends follow from it. */
struct genl_op {
	uint8_t command;
	uint8_t reply; /* command of the answers to a GET */
	bool open; /* needs no permission */
	bool changes; /* its acknowledgement waits for publication */
	/* The answer, if any, is made by genl_reply(). 0 or -errno. */
	int (*act)(void *context, struct genl_request *request);
	/* Fills MSG, whose headers are there, with the next object: 1; 0 at the end, GENL_DUMP_PAUSE, -errno. */
	int (*dump)(struct genl_dump *dump, struct nl_msg *msg);
	/* Optional; what STATE holds is given back by dump_end. */
	int (*dump_start)(struct genl_dump *dump, struct genl_request *request);
	void (*dump_end)(struct genl_dump *dump);
};

struct genl_family {
	const char *name;
	uint16_t id;
	uint8_t version;
	uint8_t max_attr;
	uint8_t first_strict; /* commands from here on must leave reserved fields and flags 0 */
	uint16_t message_size; /* room for the largest answer */
	const struct attr_policy *policy;
	const struct genl_op *ops;
	uint32_t n_ops;
};

/* What is known, with the object that handlers get as CONTEXT. */
struct genl {
	struct {
		const struct genl_family *family;
		void *context;
	} members[GENL_FAMILIES_MAX];
	uint32_t n_members;
	struct dump_pace pace; /* of all sessions' dumps */
};

/* -ENOSPC. */
int genl_family_register(struct genl *genl, const struct genl_family *family, void *context);

struct datagram {
	struct datagram *next;
	uint32_t length;
	bool change; /* acknowledges a change that is not published yet */
	_Alignas(8) uint8_t bytes[];
};

struct genl_session {
	struct genl *genl;
	uint32_t portid;
	bool portid_known; /* else it is taken from the first message */
	bool permitted; /* may use more than the open commands */
	bool extended; /* knows full-NAT */
	uint32_t pid; /* of the client's process, as its hello says; 0: unknown */
	bool pushes; /* has ever begun a push: what it names is its own */
	bool pushing; /* between PUSH_BEGIN and PUSH_END */
	bool pushed_laddrs; /* named a group of local addresses since PUSH_BEGIN */
	bool broken; /* out of memory for an answer: the connection must be closed, or the client waits for ever */
	struct datagram *out, **out_last;
	size_t out_bytes;
	uint8_t *in; /* rest of a datagram whose work waits, or NULL */
	size_t in_length, in_offset;
	struct genl_dump dump;
};

void genl_session_init(struct genl_session *session, struct genl *genl, bool permitted);
void genl_session_clear(struct genl_session *session);
/* Works on a datagram. Not while genl_session_busy(). */
void genl_session_input(struct genl_session *session, const void *bytes, size_t length);
/* The datagram was longer than the LENGTH bytes that are there: answers EMSGSIZE. */
void genl_session_too_long(struct genl_session *session, const void *bytes, size_t length);
/* A dump or a rest of a datagram waits for room, or for its time. */
bool genl_session_busy(const struct genl_session *session);
/* How long its dump has to wait for its time; 0: not at all. */
uint64_t genl_session_wait_ns(const struct genl_session *session, uint64_t now_ns);
/* Nobody will read what its dump would say. */
void genl_session_stop_dump(struct genl_session *session);
/* Goes on with what waits, unless it is not time yet. */
void genl_session_resume(struct genl_session *session);
/* The first queued datagram leaves the queue; the caller frees it. NULL if there is none. */
struct datagram *genl_session_pop(struct genl_session *session);
/* Turns the queued acknowledgements of changes into errors (ERR < 0), or settles them (0). */
void genl_session_settle(struct genl_session *session, int err);

/* Queues an answer to a GET: FILL puts the attributes in; 0, or FILL's error. */
int genl_reply(struct genl_request *request, int (*fill)(void *object, struct nl_msg *msg), void *object);

#endif
