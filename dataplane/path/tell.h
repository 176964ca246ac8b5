/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Telling real servers the addresses of their clients: what a connection's packets go through in the slow path until its
 * server has been told (COLD_UNTOLD). One way a file, one line in the table of tell.c.
 */
#ifndef PATH_TELL_H
#define PATH_TELL_H

#include <stdbool.h>
#include <stdint.h>

#include "path/path.h"

#define TELL_OPP_PROTOCOL 248 /* of UOA: before the UDP header */

struct conn;
struct conn_cold;

/* A connection's packet, on its way through forward_packet(). */
struct telling {
	struct worker *self;
	struct packet *packet;
	struct conn *conn;
	struct conn_cold *cold;
	uint32_t table; /* of the connection: TABLE_IPV4, TABLE_IPV6 */
	uint16_t room; /* bytes that an IP packet to the server may have, before it changes its family */
};

struct teller {
	const char *name;
	/* A packet from the client, no fragment but the first of its datagram, before sequence numbers and addresses are
	 * changed. VERDICT_NEXT: it goes on. */
	enum verdict (*client)(const struct telling *telling);
	/* The same from the server, after that; conn->last_ack[CONN_OUT] still has the number as it came. */
	void (*server)(const struct telling *telling);
};

extern const struct teller tell_proxy, tell_proxy_udp, tell_toa, tell_uoa_opp, tell_uoa_ipo;

/* What forward_packet() calls for connections that are COLD_UNTOLD. */
enum verdict tell_client(struct worker *self, struct packet *packet, struct conn *conn);
void tell_server(struct worker *self, struct packet *packet, struct conn *conn);

/* Before the numbers of CONN's packet from the server are changed: a SYN that answers another one than before begins a new
 * connection, whose client has to be told again. */
void tell_anew(struct worker *self, const struct packet *packet, struct conn *conn);

/* A packet of CONN, which is CONN_WATCHED, was too big for the way to its server, which takes MTU bytes. What is longer with
 * the client's address goes without from now on. */
void tell_too_big(struct worker *self, struct conn *conn, uint16_t family, uint32_t mtu);

/* Of the TCP ones: a SYN, which is no fragment, has no data (RFC 7413), which would reach the server before the client's
 * address. */
void tell_strip_syn(const struct telling *telling);
/* A packet that an answer's SYN came with: what the server's numbers are, and how long the client's segments may be:
 * RESERVE bytes shorter than packets to the server are. */
void tell_hear_syn(const struct telling *telling, uint16_t reserve);
/* Whether the packet acknowledges what the server sent since: an acknowledgement from elsewhere must not be sent on. While
 * the server has sent nothing but its SYN only the one of the handshake is: our header would make it right. */
bool tell_is_acknowledgement(const struct telling *telling);

/* From CONN's client to the service, each address of the family that it has on the wire. */
struct flow tell_flow(const struct telling *telling);

/* The client's address as an option of TCP or IP, as DPVS has them: KIND, length, port, address; 8 or 20 bytes, a multiple of
 * four. Returns the length. */
#define TELL_OPTION_MAX 20
uint8_t tell_write_option(const struct telling *telling, uint8_t kind, uint8_t to[TELL_OPTION_MAX]);

/* A packet as CONN's client would send it: Ethernet and IP headers, and L4 bytes of zeros behind them, for the caller to
 * fill. The checksum of the IP header is right. False: there is no buffer. */
bool tell_make(const struct telling *telling, uint16_t l4, struct packet *ret);
/* Makes its transport checksum. */
void tell_sum(const struct telling *telling, struct packet *packet);
/* The same, and sends it to the server. */
void tell_send(const struct telling *telling, struct packet *packet);

/* Once a turn: sends headers again that servers did not acknowledge in time; a bounded number. */
void tell_again(struct worker *self);

#endif
