/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * TCP: the kernel's state table (net/netfilter/ipvs/ip_vs_proto_tcp.c, tcp_states and tcp_states_dos), row by row.
 */
#include <rte_tcp.h>

#include "core/counters.h"
#include "core/knobs.h"
#include "lb/protocol.h"
#include "lb/service.h"

#define sNO TCP_NONE
#define sES TCP_ESTABLISHED_
#define sSS TCP_SYN_SENT_
#define sSR TCP_SYN_RECV_
#define sFW TCP_FIN_WAIT
#define sTW TCP_TIME_WAIT_
#define sCL TCP_CLOSE_
#define sCW TCP_CLOSE_WAIT_
#define sLA TCP_LAST_ACK_
#define sLI TCP_LISTEN_
#define sSA TCP_SYNACK

/* clang-format off */
const uint8_t tcp_next[2][VIEWS][TCP_EVENTS][TCP_STATES] = {
	{
		[VIEW_INPUT] = {
			/*                     sNO, sES, sSS, sSR, sFW, sTW, sCL, sCW, sLA, sLI, sSA */
			[TCP_EVENT_SYN]   = { sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSR },
			[TCP_EVENT_FIN]   = { sCL, sCW, sSS, sTW, sTW, sTW, sCL, sCW, sLA, sLI, sTW },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES },
			[TCP_EVENT_RST]   = { sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sSR },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
		[VIEW_OUTPUT] = {
			[TCP_EVENT_SYN]   = { sSS, sES, sSS, sSR, sSS, sSS, sSS, sSS, sSS, sLI, sSR },
			[TCP_EVENT_FIN]   = { sTW, sFW, sSS, sTW, sFW, sTW, sCL, sTW, sLA, sLI, sTW },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sLA, sES, sES },
			[TCP_EVENT_RST]   = { sCL, sCL, sSS, sCL, sCL, sTW, sCL, sCL, sCL, sCL, sCL },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
		[VIEW_INPUT_ONLY] = {
			[TCP_EVENT_SYN]   = { sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSR },
			[TCP_EVENT_FIN]   = { sCL, sFW, sSS, sTW, sFW, sTW, sCL, sCW, sLA, sLI, sTW },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES },
			[TCP_EVENT_RST]   = { sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sCL },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
	},
	/* With secure_tcp (tcp_states_dos) the server has to answer before a connection is established. */
	{
		[VIEW_INPUT] = {
			/*                     sNO, sES, sSS, sSR, sFW, sTW, sCL, sCW, sLA, sLI, sSA */
			[TCP_EVENT_SYN]   = { sSR, sES, sES, sSR, sSR, sSR, sSR, sSR, sSR, sSR, sSA },
			[TCP_EVENT_FIN]   = { sCL, sCW, sSS, sTW, sTW, sTW, sCL, sCW, sLA, sLI, sSA },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sSR, sFW, sTW, sCL, sCW, sCL, sLI, sSA },
			[TCP_EVENT_RST]   = { sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sCL },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
		[VIEW_OUTPUT] = {
			[TCP_EVENT_SYN]   = { sSS, sES, sSS, sSA, sSS, sSS, sSS, sSS, sSS, sLI, sSA },
			[TCP_EVENT_FIN]   = { sTW, sFW, sSS, sTW, sFW, sTW, sCL, sTW, sLA, sLI, sTW },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sLA, sES, sES },
			[TCP_EVENT_RST]   = { sCL, sCL, sSS, sCL, sCL, sTW, sCL, sCL, sCL, sCL, sCL },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
		[VIEW_INPUT_ONLY] = {
			[TCP_EVENT_SYN]   = { sSA, sES, sES, sSR, sSA, sSA, sSA, sSA, sSA, sSA, sSA },
			[TCP_EVENT_FIN]   = { sCL, sFW, sSS, sTW, sFW, sTW, sCL, sCW, sLA, sLI, sTW },
			[TCP_EVENT_ACK]   = { sES, sES, sSS, sES, sFW, sTW, sCL, sCW, sCL, sLI, sES },
			[TCP_EVENT_RST]   = { sCL, sCL, sCL, sSR, sCL, sCL, sCL, sCL, sLA, sLI, sCL },
			[TCP_EVENT_OTHER] = { sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL, sCL },
		},
	},
};
/* clang-format on */

/* RST wins over SYN, SYN over FIN, FIN over ACK. */
#define EVENT(flags)                                \
	((flags)&RTE_TCP_RST_FLAG   ? TCP_EVENT_RST \
	 : (flags)&RTE_TCP_SYN_FLAG ? TCP_EVENT_SYN \
	 : (flags)&RTE_TCP_FIN_FLAG ? TCP_EVENT_FIN \
	 : (flags)&RTE_TCP_ACK_FLAG ? TCP_EVENT_ACK \
				    : TCP_EVENT_OTHER)
#define EVENTS4(flags) EVENT(flags), EVENT((flags) + 1), EVENT((flags) + 2), EVENT((flags) + 3)
#define EVENTS16(flags) EVENTS4(flags), EVENTS4((flags) + 4), EVENTS4((flags) + 8), EVENTS4((flags) + 12)

const uint8_t tcp_events[64] = { EVENTS16(0), EVENTS16(16), EVENTS16(32), EVENTS16(48) };

static int
tcp_parse(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_tcp_hdr *tcp = l4;

	if (length < sizeof(*tcp))
		return -DROP_L4_SHORT;
	if ((tcp->data_off >> 4) < 5 || (tcp->data_off >> 4) * 4u > length)
		return -DROP_L4_LENGTH;
	if ((tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG)) == (RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG))
		return -DROP_TCP_FLAGS;
	flow->sport = tcp->src_port;
	flow->dport = tcp->dst_port;
	return 0;
}

/* Options may be looked at, too: all of the header must be there. */
static int
tcp_parse_first(const void *l4, uint32_t length, struct flow *flow)
{
	const struct rte_tcp_hdr *tcp = l4;

	if (length < sizeof(*tcp) || (tcp->data_off >> 4) * 4u > length)
		return -DROP_FRAGMENT_TINY;
	return tcp_parse(l4, length, flow);
}

/* A SYN; with sloppy_tcp anything that doesn't end a connection: it may have begun at another director. */
static bool
tcp_opens(const void *l4, uint32_t length, const struct knobs *knobs)
{
	const struct rte_tcp_hdr *tcp = l4;

	(void)length;
	if (knobs->sloppy_tcp)
		return !(tcp->tcp_flags & RTE_TCP_RST_FLAG);
	return (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_RST_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_FIN_FLAG)) ==
	       RTE_TCP_SYN_FLAG;
}

static bool
tcp_active(uint8_t state)
{
	return state == TCP_ESTABLISHED_ || state == TCP_SYN_SENT_ || state == TCP_SYN_RECV_ || state == TCP_SYNACK;
}

static bool
tcp_over(uint8_t state)
{
	return state == TCP_TIME_WAIT_ || state == TCP_CLOSE_;
}

static bool
tcp_begins(const void *l4, uint32_t length)
{
	const struct rte_tcp_hdr *tcp = l4;

	(void)length;
	return (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG)) == RTE_TCP_SYN_FLAG;
}

static bool
tcp_accepts(const void *l4, uint32_t length)
{
	const struct rte_tcp_hdr *tcp = l4;

	(void)length;
	return (tcp->tcp_flags & (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG | RTE_TCP_RST_FLAG)) ==
	       (RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG);
}

/* Over one that is over, or (by the second bit) whose end the director may not have seen (DR). */
static bool
tcp_renews(const struct conn *conn, int32_t mode)
{
	return tcp_over(conn->state) || ((mode & 2) && (conn->flags & CONN_NO_OUTPUT) && conn->state == TCP_FIN_WAIT);
}

static void
tcp_timeouts(const struct timeouts_spec *spec, uint32_t *ms)
{
	static const uint32_t kernel_s[TCP_STATES] = {
		[TCP_NONE] = 2,	      [TCP_ESTABLISHED_] = 15 * 60, [TCP_SYN_SENT_] = 120, [TCP_SYN_RECV_] = 60,
		[TCP_FIN_WAIT] = 120, [TCP_TIME_WAIT_] = 120,	    [TCP_CLOSE_] = 10,	   [TCP_CLOSE_WAIT_] = 60,
		[TCP_LAST_ACK_] = 30, [TCP_LISTEN_] = 120,	    [TCP_SYNACK] = 120,
	};

	for (int state = 0; state < TCP_STATES; state++)
		ms[state] = kernel_s[state] * 1000;
	ms[TCP_ESTABLISHED_] = spec->tcp_s * 1000;
	ms[TCP_FIN_WAIT] = spec->tcp_fin_s * 1000;
}

static const char *const tcp_state_names[TCP_STATES] = {
	"NONE",	 "ESTABLISHED", "SYN_SENT", "SYN_RECV", "FIN_WAIT", "TIME_WAIT",
	"CLOSE", "CLOSE_WAIT",	"LAST_ACK", "LISTEN",	"SYNACK",
};

const struct protocol protocol_tcp = {
	.name = "TCP",
	.number = 6,
	.index = PROTOCOL_TCP,
	.n_states = TCP_STATES,
	.established = TCP_ESTABLISHED_,
	.assured_state = TCP_ESTABLISHED_,
	.parse = tcp_parse,
	.parse_first = tcp_parse_first,
	.opens = tcp_opens,
	.begins = tcp_begins,
	.renews = tcp_renews,
	.accepts = tcp_accepts,
	.active = tcp_active,
	.over = tcp_over,
	.half_open = 1 << TCP_SYN_RECV_ | 1 << TCP_SYNACK,
	.settled = 1 << TCP_ESTABLISHED_,
	.timeouts = tcp_timeouts,
	.state_names = tcp_state_names,
};
