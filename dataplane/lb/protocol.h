/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Protocols: what of a packet tells its connection, the states, how packets move a connection between them, and how long
 * each lasts. One file a protocol, one line in the table of protocol.c. The numbers of states are the kernel's
 * (include/net/ip_vs.h), which sync and listings use.
 */
#ifndef LB_PROTOCOL_H
#define LB_PROTOCOL_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_branch_prediction.h>
#include <rte_tcp.h>

#include "core/flow.h"
#include "lb/conn.h"

enum tcp_state {
	TCP_NONE,
	TCP_ESTABLISHED_,
	TCP_SYN_SENT_,
	TCP_SYN_RECV_,
	TCP_FIN_WAIT,
	TCP_TIME_WAIT_,
	TCP_CLOSE_,
	TCP_CLOSE_WAIT_,
	TCP_LAST_ACK_,
	TCP_LISTEN_,
	TCP_SYNACK,
	TCP_STATES,
};

enum tcp_event { TCP_EVENT_SYN, TCP_EVENT_FIN, TCP_EVENT_ACK, TCP_EVENT_RST, TCP_EVENT_OTHER, TCP_EVENTS };

enum sctp_state {
	SCTP_NONE,
	SCTP_INIT1,
	SCTP_INIT,
	SCTP_COOKIE_SENT,
	SCTP_COOKIE_REPLIED,
	SCTP_COOKIE_WAIT,
	SCTP_COOKIE,
	SCTP_COOKIE_ECHOED,
	SCTP_ESTABLISHED,
	SCTP_SHUTDOWN_SENT,
	SCTP_SHUTDOWN_RECEIVED,
	SCTP_SHUTDOWN_ACK_SENT,
	SCTP_REJECTED,
	SCTP_CLOSED,
	SCTP_STATES,
};

enum sctp_event {
	SCTP_EVENT_DATA,
	SCTP_EVENT_INIT,
	SCTP_EVENT_INIT_ACK,
	SCTP_EVENT_COOKIE_ECHO,
	SCTP_EVENT_COOKIE_ACK,
	SCTP_EVENT_SHUTDOWN,
	SCTP_EVENT_SHUTDOWN_ACK,
	SCTP_EVENT_SHUTDOWN_COMPLETE,
	SCTP_EVENT_ERROR,
	SCTP_EVENT_ABORT,
	SCTP_EVENTS,
};

/* Which row of the kernel's tables applies: packets from the client, from the server, and from the client where the
 * server's don't pass here. */
enum conn_view { VIEW_INPUT = CONN_IN, VIEW_OUTPUT = CONN_OUT, VIEW_INPUT_ONLY, VIEWS };

enum udp_state { UDP_NORMAL, UDP_STATES };

enum echo_state { ECHO_NORMAL, ECHO_STATES };

enum protocol_index { PROTOCOL_TCP, PROTOCOL_UDP, PROTOCOL_SCTP, PROTOCOL_ICMP, PROTOCOL_ICMPV6, PROTOCOLS };
#define PROTOCOL_STATES 16

/* Published: how long a connection outlives its last packet, by protocol and state. */
struct timeouts {
	uint32_t ms[PROTOCOLS][PROTOCOL_STATES];
};

struct knobs;
struct timeouts_spec;

enum protocol_spoilt_by { SPOILT_BY_NAT = 1 << 0, SPOILT_BY_FULLNAT = 1 << 1 };

/* L4, LENGTH: a packet from its transport header to the end of the IP packet, which parse() has found sound. */
struct protocol {
	const char *name;
	uint8_t number; /* IPPROTO_* */
	uint8_t index;
	uint8_t n_states;
	uint8_t established; /* the state whose timeout a service may have its own of */
	bool fragments; /* nothing behind the IP header tells the connection, so that fragments may pass */
	uint8_t spoilt_by; /* enum protocol_spoilt_by: ways of forwarding that are no use to it */
	bool portless; /* its services and servers have port 0, whatever they were given */
	bool own_checksum; /* of the message alone: addresses are not in it */
	bool sums_length; /* the checksum of a fragment can't be mended, since it takes the length of the whole packet */
	/* A persistence template is assured (the kernel's ip_vs_control_assure_ct) by a connection that comes to this state;
	 * 0: by the server's first answer. */
	uint8_t assured_state;
	/* Bounds first: whether the header is there, and its lengths are sound. Writes the ports of FLOW, which has its
	 * addresses and this protocol (or writes another one, whose connection the packet belongs to). 0; 1 if the packet is
	 * none that a service could have, and is left to others; or a negative drop reason. */
	int (*parse)(const void *l4, uint32_t length, struct flow *flow);
	/* The same for the first fragment of a packet, of LENGTH bytes, which must have the whole header: what that says of
	 * the packet's length is not held against it. */
	int (*parse_first)(const void *l4, uint32_t length, struct flow *flow);
	/* Whether a packet with no connection may make one. */
	bool (*opens)(const void *l4, uint32_t length, const struct knobs *knobs);
	/* Whether a client's packet says that it begins a connection (the kernel's is_new_conn()), and whether it then gets
	 * a new one in place of CONN, with conn_reuse_mode MODE, which is not 0 (is_new_conn_expected()). NULL: never. */
	bool (*begins)(const void *l4, uint32_t length);
	bool (*renews)(const struct conn *conn, int32_t mode);
	/* Whether a server's packet says that it takes part in a connection that was begun. NULL: none does. */
	bool (*accepts)(const void *l4, uint32_t length);
	/* Whether a packet is one that goes in DIRECTION, where the ports may not tell. NULL: they do. */
	bool (*belongs)(const void *l4, uint32_t direction);
	/* The state that CONN comes to by a packet. NULL: it has one only, or (TCP) the path follows it (path/rewrite.h). */
	uint8_t (*follow)(const struct conn *conn, uint32_t direction, const void *l4, uint32_t length);
	/* Writes the ports and mends the checksum: DELTA is that of conn.l4_delta. NULL: TCP and UDP, which the fast path
	 * does itself (path/rewrite.h). */
	void (*rewrite)(void *l4, uint32_t length, rte_be16_t sport, rte_be16_t dport, uint16_t delta);
	/* Whether connections in STATE count as active at their destination. */
	bool (*active)(uint8_t state);
	/* Whether a connection in STATE is over, so that its ports may be taken over by a new one. */
	bool (*over)(uint8_t state);
	/* States, as bits. Half-open: begun, and its server's first answer may come, or come again; drop_entry gives it up at
	 * once. Settled: it gives that up after a minute without a packet, if there were few. */
	uint16_t half_open, settled;
	void (*timeouts)(const struct timeouts_spec *spec, uint32_t *ms);
	const char *const *state_names;
};

extern const struct protocol protocol_tcp, protocol_udp, protocol_sctp, protocol_icmp, protocol_icmpv6, protocol_ah,
	protocol_esp;

/* By number; NULL where services can't be of that protocol. */
extern const struct protocol *const protocol_table[UINT8_MAX + 1];

static inline const struct protocol *
protocol_by_number(uint8_t number)
{
	return protocol_table[number];
}

/* From the flags byte of a TCP header (net/netfilter/ipvs/ip_vs_proto_tcp.c, tcp_state_idx). */
extern const uint8_t tcp_events[64];
/* The second table is that of secure_tcp. */
extern const uint8_t tcp_next[2][VIEWS][TCP_EVENTS][TCP_STATES];

#define TCP_EVENT_FLAGS (RTE_TCP_RST_FLAG | RTE_TCP_SYN_FLAG | RTE_TCP_FIN_FLAG | RTE_TCP_ACK_FLAG)

extern const uint8_t sctp_next[VIEWS][SCTP_EVENTS][SCTP_STATES];

/* An enum conn_view, without a branch on the direction, which is random from packet to packet. */
static inline uint32_t
conn_view(const struct conn *conn, uint32_t direction)
{
	static_assert(CONN_NO_OUTPUT == 1 && VIEW_INPUT_ONLY == CONN_NO_OUTPUT << 1, "as the shift below has it");

	return direction | ((direction ^ CONN_OUT) & (conn->flags & CONN_NO_OUTPUT)) << 1;
}

/* *SECURE: 1 with secure_tcp, looked at when it is needed. */
static inline uint8_t
tcp_next_state(const struct conn *conn, uint32_t direction, uint8_t tcp_flags, const uint8_t *secure)
{
	/* Nearly all packets, and the same in every view. */
	if (likely((tcp_flags & TCP_EVENT_FLAGS) == RTE_TCP_ACK_FLAG && conn->state == TCP_ESTABLISHED_))
		return TCP_ESTABLISHED_;
	return tcp_next[__atomic_load_n(secure, __ATOMIC_RELAXED) & 1][conn_view(conn, direction)]
		       [tcp_events[tcp_flags & 63]][conn->state];
}

#endif
