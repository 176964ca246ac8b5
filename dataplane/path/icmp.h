/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors (RFC 792, RFC 4443): what icmp_quote.c reads, icmp_error.c and icmp_translate.c pass on, and icmp_send.c
 * makes.
 */
#ifndef PATH_ICMP_H
#define PATH_ICMP_H

#include "lb/conn.h"
#include "path/path.h"

enum { ICMP4_UNREACHABLE = 3, ICMP4_QUENCH = 4, ICMP4_TIME_EXCEEDED = 11, ICMP4_PARAMETER = 12 };
enum { ICMP4_TOO_BIG = 4 }; /* code of an unreachable destination */
enum { ICMP6_UNREACHABLE = 1, ICMP6_TOO_BIG = 2, ICMP6_TIME_EXCEEDED = 3, ICMP6_PARAMETER = 4 };

/* Of an error; what it is about follows. */
struct icmp_header {
	uint8_t type, code;
	uint16_t checksum;
	uint8_t rest[4]; /* by type: MTU, pointer, length of the quote (RFC 4884) */
};

/* Whether PACKET, whose IP header was checked, is a whole ICMP error of a kind that is passed on. */
bool icmp_is_error(const struct packet *packet);

/* Whether an error says that a packet was too long for the way, and for what MTU; 0: it doesn't say. */
bool icmp_is_too_big(const struct packet *error);
uint32_t icmp_told_mtu(const struct packet *error);

/* Takes apart the IP packet that begins at l3 of PACKET, which is of family AF and ends at END or is cut off there; all
 * else of PACKET is written. 0: l4 begins eight bytes or more of TCP, UDP or SCTP, and flow is complete. -EBADMSG: cut
 * too short, or no IP header. -ENOENT: of another protocol, or a fragment that isn't the first. */
int icmp_quote_parse(struct packet *packet, uint16_t family);
/* The same for what ERROR quotes; *RET is in ERROR's buffer. */
int icmp_quote_read(const struct packet *error, struct packet *ret);

/* As the kernel does it, errors count in the statistics: one of LENGTH bytes about the packets that go against DIRECTION. */
void icmp_count(struct worker *self, const struct conn *conn, enum conn_direction direction, uint32_t length);

/* What the director received and sent as an answer to DIRECTION's packets of CONN: the key of the other direction. */
struct flow icmp_original(const struct conn *conn, uint16_t family, enum conn_direction direction);
/* Passes on ERROR, which came the way that DIRECTION's packets of CONN come, and quotes a packet of the other direction as
 * the director sent it: to whom that is from, quoting what he sent. Nothing is counted. Its way out is that of
 * DIRECTION's packets. */
void icmp_translate(struct worker *self, struct packet *error, struct packet *quote, struct conn *conn,
		    enum conn_direction direction);

/* For an ERROR that quotes QUOTE, which is of no connection. ANSWERED: the packet that QUOTE answers, after lookup. NEXT
 * unless schedule_icmp is set. */
enum verdict icmp_schedule(struct worker *self, struct packet *error, struct packet *quote, struct packet *answered);

/* What the director says by itself. */
enum icmp_kind {
	ICMP_TTL_EXCEEDED,
	ICMP_PORT_UNREACHABLE,
	ICMP_NO_WAY, /* host unreachable; no route */
	ICMP_NO_NEIGHBOUR, /* host unreachable; address unreachable */
	ICMP_BEYOND_MTU,
};

/* Tells the sender of PACKET, which is as it came in, that it goes no further; MTU in bytes for ICMP_BEYOND_MTU. At most
 * so often as limits.icmp_errors allows, and never where RFC 1122 (3.2.2) and RFC 4443 (2.4) forbid it. PACKET stays. */
void icmp_answer(struct worker *self, const struct packet *packet, enum icmp_kind kind, uint16_t mtu);
/* The same about frame M, which has been rewritten for its way out: who sent it is told, about what he sent. */
void icmp_answer_sent(struct worker *self, struct rte_mbuf *m, enum icmp_kind kind, uint16_t mtu);

#endif
