/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connection IDs of QUIC that tell the server: as the QUIC-LB draft has them (draft-ietf-quic-load-balancers-21, plain and
 * encrypted), and as DPVS does. Pure functions over bytes from the wire.
 */
#ifndef LB_QUIC_CID_H
#define LB_QUIC_CID_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_byteorder.h>

#include "core/aes128.h"

#define QUIC_CID_MAX 20 /* RFC 9000, 17.2 */
#define QUIC_SERVER_ID_MAX 15
#define QUIC_NONCE_MIN 4
#define QUIC_PLAINTEXT_MAX 19 /* server ID and nonce */
#define QUIC_CODEPOINTS 7 /* of the first octet's three bits; the eighth says that the ID leads nowhere */

/* What the first bytes of a UDP payload say, if they are QUIC's (RFC 8999, 9000). */
struct quic_header {
	const uint8_t *cid; /* the destination's connection ID */
	uint32_t room; /* bytes from there on: those of the ID (long header), or of the packet */
	/* An Initial or 0-RTT packet, whose ID the client may have made up. */
	bool may_be_random;
};

/* False if PAYLOAD of LENGTH bytes is cut short. */
bool quic_header_read(const uint8_t *payload, uint32_t length, struct quic_header *ret);

/* How servers of one code point make their IDs. */
struct quic_lb_coding {
	uint8_t server_id_length; /* 1..QUIC_SERVER_ID_MAX; 0: nothing uses this code point */
	uint8_t nonce_length; /* at least QUIC_NONCE_MIN; both together at most QUIC_PLAINTEXT_MAX */
	bool encrypted;
	struct aes128 aes;
};

/* The code point of an ID's first octet; QUIC_CODEPOINTS: unroutable. */
static inline uint8_t
quic_lb_codepoint(const struct quic_header *header)
{
	return header->room > 0 ? header->cid[0] >> 5 : QUIC_CODEPOINTS;
}

/* Writes the server ID, CODING->server_id_length bytes; false if the connection ID is too short. */
bool quic_lb_server_id(const struct quic_lb_coding *coding, const struct quic_header *header,
		       uint8_t ret[QUIC_SERVER_ID_MAX]);

/* DPVS's: the low bytes of the server's address, and its port. */
struct quic_dpvs_server {
	uint8_t address[8];
	uint8_t length; /* of it, 1..8 */
	rte_be16_t port; /* 0: not told */
};

bool quic_dpvs_read(const struct quic_header *header, struct quic_dpvs_server *ret);

#endif
