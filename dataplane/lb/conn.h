/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A connection: what the packet path needs of it in its first cache line (IPv4) or two (IPv6), the rest apart.
 *
 * It holds no pointers, but numbers: of its destination (with a generation, lb/service.h) and of its next hops
 * (ip/fib.h, looked up again when the fib's generation has moved on).
 */
#ifndef LB_CONN_H
#define LB_CONN_H

#include <assert.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/address.h"

/* Addresses and ports in the order in which they stand in a packet without IP options. */
struct conn_key4 {
	rte_be32_t src, dst;
	rte_be16_t sport, dport;
};
struct conn_key6 {
	uint8_t src[16], dst[16];
	rte_be16_t sport, dport;
};

/* IN: from the client. OUT: from the real server, where it comes back through the director. */
enum conn_direction { CONN_IN = 0, CONN_OUT = 1 };

enum conn_flags {
	CONN_NO_OUTPUT = 1 << 0, /* replies don't pass here: DR; the out key is in no table */
	CONN_INACTIVE = 1 << 1, /* counted as inactive at its destination */
	CONN_SHIFTED = 1 << 2, /* sequence numbers are shifted (conn_cold.shift) */
	CONN_REFRAMED = 1 << 3, /* its packets get other headers than they came with */
	CONN_LEFT =
		1 << 4, /* its client began another one: only the OUT key is in the index, and keeps the local port */
	CONN_OPENING = 1 << 5, /* not past conn_complete(): the OUT key is in no table yet */
	CONN_PERSISTENT = 1 << 6, /* counted at a template (conn_cold.template) */
	CONN_WATCHED = 1 << 7, /* each packet is looked at, by whom conn_cold.flags says */
};
/* What takes a packet off the fast path. */
#define CONN_SLOW (CONN_LEFT | CONN_OPENING | CONN_WATCHED)
/* What has a last stage of its own. */
#define CONN_APART (CONN_SHIFTED | CONN_REFRAMED)

/* What only its beginning and end have to know. */
enum conn_cold_flags {
	COLD_LOCAL_PORT = 1 << 0, /* it holds a local port of ours: full-NAT */
	COLD_UNANSWERED = 1 << 1, /* its template is to hear of the first answer; CONN_WATCHED */
	COLD_UNTOLD = 1 << 2, /* its server is to hear of the client's address still; CONN_WATCHED */
	COLD_TIMED = 1 << 3, /* in a list of lb/untold.h */
	COLD_HEARD = 1 << 4, /* the server answered the SYN: told.first and told.server_first are known */
	COLD_SPOKEN = 1 << 5, /* and sent something since: the handshake is over at the server, too */
	COLD_MAPPED = 1 << 6, /* between the families: one end is IPv4, with mapped addresses in its key */
};
#define COLD_WATCHERS (COLD_UNANSWERED | COLD_UNTOLD) /* while one of these is set, so is CONN_WATCHED */

/* IN's packet goes out with the addresses and ports of the reversed OUT key, and the other way round: for NAT and
 * full-NAT that is the translation, and for DR, whose OUT key is the reversed IN key, it changes nothing. */
struct conn {
	uint8_t proto;
	uint8_t state; /* of lb/protocol.h */
	uint8_t flags;
	uint8_t packets; /* from the client, stays at 255 */
	uint16_t l4_delta[2]; /* by direction: what the rewrite adds to the checksums (core/checksum.h) */
	uint16_t ip_delta[2];
	uint32_t nexthop[2]; /* by direction: towards the server, towards the client */
	uint32_t last_seen_ms;
	uint32_t dest; /* id */
	uint32_t fib_generation;
	rte_be32_t last_ack[2]; /* by direction, in the server's numbers: as it sends them, as the client sends them */
	union {
		struct conn_key4 key4[2];
		struct conn_key6 key6[2];
	};
};

#define CONN4_SIZE 64
#define CONN6_SIZE 128
static_assert(offsetof(struct conn, key4[2]) == CONN4_SIZE, "an IPv4 connection is one line");
static_assert(sizeof(struct conn) <= CONN6_SIZE, "an IPv6 connection is two lines");
static_assert(offsetof(struct conn, key4) == 40, "the keys follow the hot members");

/* Between the families: both keys are of IPv6, that of an IPv4 end with mapped addresses. Tunnels, the others whose
 * packets get other headers, have no answers here. */
static inline bool
conn_is_mapped(const struct conn *conn)
{
	return (conn->flags & (CONN_REFRAMED | CONN_NO_OUTPUT)) == CONN_REFRAMED;
}

/* A tunnel, and its packets need nothing but other headers. */
static inline bool
conn_is_tunnel(const struct conn *conn)
{
	return (conn->flags & (CONN_SLOW | CONN_APART | CONN_NO_OUTPUT)) == (CONN_REFRAMED | CONN_NO_OUTPUT);
}

/* Between the families, and the same holds. */
static inline bool
conn_is_translated(const struct conn *conn)
{
	return (conn->flags & (CONN_SLOW | CONN_APART | CONN_NO_OUTPUT)) == CONN_REFRAMED;
}

/* How far a connection is with telling its server the client's address (path/tell.c). With the PROXY protocol HEADER
 * bytes, from the server's sequence number FIRST on, stand where the client has sent SKIPPED ones. */
struct conn_told {
	uint32_t first; /* the first byte behind the SYN, in the server's numbers */
	uint32_t server_first; /* the same of the server's data */
	union {
		uint32_t due_ms; /* PROXY, TCP: when the header is sent again */
		uint32_t mtu; /* others: of the way to the server, as an ICMP error told; 0: not heard of */
	};
	uint32_t prev, next; /* in the list, numbers + 1 */
	rte_be32_t timestamp[2]; /* of the client's last segment: value, echo; both 0 without */
	rte_be16_t window; /* of the same */
	uint16_t skipped;
	uint8_t header; /* 0 until it was sent */
	uint8_t how; /* enum client_address */
	uint8_t tries; /* that it was sent again by time; of UDP: packets that told it */
};

/* Read when it is made, listed or ends, and for shifted sequence numbers. */
struct conn_cold {
	alignas(64) uint32_t service; /* index */
	uint32_t created_ms;
	/* Added to the client's sequence numbers (the SYN's: conn_shift_before()), subtracted from the server's
	 * acknowledgements. */
	uint32_t shift;
	uint32_t template; /* number */
	uint32_t expected; /* the sequence number that the first SYN gets, if the client's lies before it */
	/* Odd from conn_show() until the IN key leaves the index; for who looks on from another thread (conn_walk.h). */
	uint32_t version;
	uint32_t flags; /* enum conn_cold_flags */
	struct conn_told told;
};
static_assert(sizeof(struct conn_cold) == 64, "one line");

/* The shift of what precedes an inserted header. */
static inline uint32_t
conn_shift_before(const struct conn_cold *cold)
{
	return cold->shift - cold->told.header + cold->told.skipped;
}

#endif
