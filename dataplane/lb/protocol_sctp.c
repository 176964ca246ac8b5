/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SCTP (RFC 9260): the kernel's state table (net/netfilter/ipvs/ip_vs_proto_sctp.c), row by row. States are as the server
 * has them; the first chunk of a packet tells what it is, but for an ABORT behind a COOKIE ECHO or COOKIE ACK.
 */
#include <netinet/in.h>
#include <string.h>

#include <rte_byteorder.h>
#include <rte_sctp.h>

#include "core/counters.h"
#include "core/crc32c.h"
#include "core/knobs.h"
#include "lb/protocol.h"

struct chunk {
	uint8_t type, flags;
	rte_be16_t length; /* this header included, padding not */
};

/* clang-format off */
enum chunk_type {
	DATA, INIT, INIT_ACK, SACK, HEARTBEAT, HEARTBEAT_ACK, ABORT, SHUTDOWN, SHUTDOWN_ACK, ERROR, COOKIE_ECHO,
	COOKIE_ACK, ECNE, CWR, SHUTDOWN_COMPLETE, CHUNK_TYPES,
};

/* All others are as data. */
static const uint8_t events[CHUNK_TYPES] = {
	[INIT] = SCTP_EVENT_INIT,
	[INIT_ACK] = SCTP_EVENT_INIT_ACK,
	[ABORT] = SCTP_EVENT_ABORT,
	[SHUTDOWN] = SCTP_EVENT_SHUTDOWN,
	[SHUTDOWN_ACK] = SCTP_EVENT_SHUTDOWN_ACK,
	[ERROR] = SCTP_EVENT_ERROR,
	[COOKIE_ECHO] = SCTP_EVENT_COOKIE_ECHO,
	[COOKIE_ACK] = SCTP_EVENT_COOKIE_ACK,
	[SHUTDOWN_COMPLETE] = SCTP_EVENT_SHUTDOWN_COMPLETE,
};

#define sNO SCTP_NONE
#define sI1 SCTP_INIT1
#define sIN SCTP_INIT
#define sCS SCTP_COOKIE_SENT
#define sCR SCTP_COOKIE_REPLIED
#define sCW SCTP_COOKIE_WAIT
#define sCO SCTP_COOKIE
#define sCE SCTP_COOKIE_ECHOED
#define sES SCTP_ESTABLISHED
#define sSS SCTP_SHUTDOWN_SENT
#define sSR SCTP_SHUTDOWN_RECEIVED
#define sSA SCTP_SHUTDOWN_ACK_SENT
#define sRJ SCTP_REJECTED
#define sCL SCTP_CLOSED

const uint8_t sctp_next[VIEWS][SCTP_EVENTS][SCTP_STATES] = {
	[VIEW_INPUT] = {
		/*                               sNO, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL */
		[SCTP_EVENT_DATA]            = { sES, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_INIT]            = { sI1, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sIN, sIN },
		[SCTP_EVENT_INIT_ACK]        = { sCW, sCW, sCW, sCS, sCR, sCO, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ECHO]     = { sCR, sIN, sIN, sCR, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ACK]      = { sES, sI1, sIN, sCS, sCR, sCW, sCO, sES, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN]        = { sSR, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sSR, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_ACK]    = { sCL, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sES, sCL, sSR, sCL, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = { sCL, sCL, sCL, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sCL, sRJ, sCL },
		[SCTP_EVENT_ERROR]           = { sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCL, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_ABORT]           = { sCL, sCL, sCL, sCL, sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
	},
	[VIEW_OUTPUT] = {
		[SCTP_EVENT_DATA]            = { sES, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_INIT]            = { sCW, sCW, sCW, sCW, sCW, sCW, sCW, sCW, sES, sCW, sCW, sCW, sCW, sCW },
		[SCTP_EVENT_INIT_ACK]        = { sCS, sCS, sCS, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ECHO]     = { sCE, sCE, sCE, sCE, sCE, sCE, sCE, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ACK]      = { sES, sES, sES, sES, sES, sES, sES, sES, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN]        = { sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_ACK]    = { sSA, sSA, sSA, sSA, sSA, sCW, sCO, sCE, sES, sSA, sSA, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = { sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_ERROR]           = { sCL, sCL, sCL, sCL, sCL, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_ABORT]           = { sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
	},
	[VIEW_INPUT_ONLY] = {
		[SCTP_EVENT_DATA]            = { sES, sI1, sIN, sCS, sCR, sES, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_INIT]            = { sI1, sIN, sIN, sIN, sIN, sIN, sCO, sCE, sES, sSS, sSR, sSA, sIN, sIN },
		[SCTP_EVENT_INIT_ACK]        = { sCE, sCE, sCE, sCE, sCE, sCE, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ECHO]     = { sES, sES, sES, sES, sES, sES, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_COOKIE_ACK]      = { sES, sI1, sIN, sES, sES, sCW, sES, sES, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN]        = { sSR, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sSR, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_ACK]    = { sCL, sIN, sIN, sCS, sCR, sCW, sCO, sCE, sCL, sCL, sSR, sCL, sRJ, sCL },
		[SCTP_EVENT_SHUTDOWN_COMPLETE] = { sCL, sCL, sCL, sCL, sCL, sCW, sCO, sCE, sES, sSS, sCL, sCL, sRJ, sCL },
		[SCTP_EVENT_ERROR]           = { sCL, sI1, sIN, sCS, sCR, sCW, sCO, sCE, sES, sSS, sSR, sSA, sRJ, sCL },
		[SCTP_EVENT_ABORT]           = { sCL, sCL, sCL, sCL, sCL, sRJ, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
	},
};
/* clang-format on */

static const struct chunk *
first_chunk(const void *l4)
{
	return (const void *)((const uint8_t *)l4 + sizeof(struct rte_sctp_hdr));
}

/* A packet has a chunk at least. Whether more of them are sound, is for their receiver. */
static int
sctp_parse(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_sctp_hdr *sctp = l4;
	uint16_t claimed;

	if (length < sizeof(*sctp) + sizeof(struct chunk))
		return -DROP_L4_SHORT;
	claimed = rte_be_to_cpu_16(first_chunk(l4)->length);
	if (claimed < sizeof(struct chunk) || claimed > length - sizeof(*sctp))
		return -DROP_L4_LENGTH;
	flow->sport = sctp->src_port;
	flow->dport = sctp->dst_port;
	return 0;
}

static int
sctp_parse_first(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_sctp_hdr *sctp = l4;

	if (length < sizeof(*sctp) + sizeof(struct chunk))
		return -DROP_FRAGMENT_TINY;
	if (rte_be_to_cpu_16(first_chunk(l4)->length) < sizeof(struct chunk))
		return -DROP_L4_LENGTH;
	flow->sport = sctp->src_port;
	flow->dport = sctp->dst_port;
	return 0;
}

/* An INIT; with sloppy_sctp anything but an ABORT: it may have begun at another director. */
static bool
sctp_opens(const void *l4, uint32_t length, const struct knobs *knobs)
{
	uint8_t type = first_chunk(l4)->type;

	(void)length;
	return knobs->sloppy_sctp ? type != ABORT : type == INIT;
}

static bool
sctp_active(uint8_t state)
{
	return state == SCTP_ESTABLISHED;
}

/* There is no TIME-WAIT: a new association is told apart by its verification tags. */
static bool
sctp_over(uint8_t state)
{
	return state == SCTP_CLOSED || state == SCTP_REJECTED;
}

static bool
sctp_begins(const void *l4, uint32_t length)
{
	(void)length;
	return first_chunk(l4)->type == INIT;
}

static bool
sctp_renews(const struct conn *conn, int32_t mode)
{
	(void)mode;
	return conn->state == SCTP_CLOSED;
}

static bool
sctp_accepts(const void *l4, uint32_t length)
{
	(void)length;
	return first_chunk(l4)->type == INIT_ACK;
}

static enum sctp_event
event_of(const uint8_t *l4, uint32_t length)
{
	const struct chunk *chunk = first_chunk(l4);
	uint8_t type = chunk->type;

	if (type == COOKIE_ECHO || type == COOKIE_ACK) {
		uint32_t next = sizeof(struct rte_sctp_hdr) + ((rte_be_to_cpu_16(chunk->length) + 3u) & ~3u);

		if (next + sizeof(*chunk) <= length && l4[next] == ABORT)
			type = ABORT;
	}
	return type < CHUNK_TYPES ? (enum sctp_event)events[type] : SCTP_EVENT_DATA;
}

static uint8_t
sctp_follow(const struct conn *conn, uint32_t direction, const void *l4, uint32_t length)
{
	return sctp_next[conn_view(conn, direction)][event_of(l4, length)][conn->state];
}

/* 0 may be no sum, but the sign that there is none (RFC 9653), and stays then. */
static bool
has_no_sum(struct rte_sctp_hdr *sctp, uint32_t length)
{
	return sctp->cksum == 0 && crc32c(sctp, length) != 0;
}

/* The sum has the place of a little-endian number. Addresses are not in it. */
static void
sctp_rewrite(void *l4, uint32_t length, rte_be16_t sport, rte_be16_t dport, uint16_t delta)
{
	struct rte_sctp_hdr *sctp = l4;
	rte_le32_t before, after;
	bool no_sum;

	(void)delta;
	if (sctp->src_port == sport && sctp->dst_port == dport)
		return;
	no_sum = has_no_sum(sctp, length);
	memcpy(&before, sctp, sizeof(before));
	sctp->src_port = sport;
	sctp->dst_port = dport;
	memcpy(&after, sctp, sizeof(after));
	if (!no_sum)
		sctp->cksum ^= rte_cpu_to_le_32(crc32c_change(rte_le_to_cpu_32(before ^ after), length));
}

#define RTO_MAX_S 61
#define LOST_INIT_S 4

static void
sctp_timeouts(const struct timeouts_spec *spec, uint32_t *ms)
{
	(void)spec;
	for (int state = 0; state < SCTP_STATES; state++)
		ms[state] = RTO_MAX_S * 1000;
	ms[SCTP_NONE] = 2 * 1000;
	ms[SCTP_INIT1] = LOST_INIT_S * 1000;
	ms[SCTP_REJECTED] = LOST_INIT_S * 1000;
	ms[SCTP_ESTABLISHED] = 15 * 60 * 1000;
}

static const char *const sctp_state_names[SCTP_STATES] = {
	"NONE",	    "INIT1",	   "INIT",   "C-SENT",	   "C-REPLIED",	 "C-WAIT",   "COOKIE",
	"C-ECHOED", "ESTABLISHED", "S-SENT", "S-RECEIVED", "S-ACK-SENT", "REJECTED", "CLOSED",
};

const struct protocol protocol_sctp = {
	.name = "SCTP",
	.number = IPPROTO_SCTP,
	.index = PROTOCOL_SCTP,
	.n_states = SCTP_STATES,
	.established = SCTP_ESTABLISHED,
	.assured_state = SCTP_ESTABLISHED,
	.sums_length = true,
	.parse = sctp_parse,
	.parse_first = sctp_parse_first,
	.opens = sctp_opens,
	.begins = sctp_begins,
	.renews = sctp_renews,
	.accepts = sctp_accepts,
	.follow = sctp_follow,
	.rewrite = sctp_rewrite,
	.active = sctp_active,
	.over = sctp_over,
	.half_open = 1 << SCTP_INIT1 | 1 << SCTP_INIT,
	.settled = 1 << SCTP_ESTABLISHED,
	.timeouts = sctp_timeouts,
	.state_names = sctp_state_names,
};
