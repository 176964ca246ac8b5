/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * ICMP errors for tests of the packet path: made from what they quote, with checksums that are summed up byte by byte
 * rather than by the code that is tested. Connections of each forwarding method for them to be about.
 */
#ifndef ICMP_MESSAGES_H
#define ICMP_MESSAGES_H

#include "packet_fixture.h"

#define ICMP_QUOTE_ALL UINT16_MAX

/* A message to make: what isn't given is 0, or has a usual value. */
struct icmp_spec {
	const char *src, *dst;
	uint8_t type, code;
	uint8_t rest[4];
	const struct frame *quoted; /* the packet as it was when it was quoted; NULL: none */
	const uint8_t *raw; /* an IP packet that is quoted instead, of RAW_LENGTH bytes */
	uint16_t raw_length;
	uint16_t cut; /* bytes that are quoted of it, ICMP_QUOTE_ALL for all */
	bool outer_extra, quoted_extra; /* eight bytes of IPv4 options, or of an IPv6 extension header */
	uint16_t padded; /* the quote, with zeros, to so many bytes; then an extension of 8 bytes follows (RFC 4884) */
	uint8_t ttl, tos; /* 64 and 0x28 (IPv6: the frames' flow label) if 0 */
	bool own; /* as the director makes them: precedence, no flow label, identification 0, DF */
	const uint8_t *src_mac, *dst_mac;
};

struct rte_mbuf *icmp_new(const struct icmp_spec *spec, uint8_t port);
/* The one packet that PORT sent must be this, to its last byte. */
void assert_icmp_sent(uint8_t port, const struct icmp_spec *expected);
/* Whether all checksums of an ICMP message and of the IPv4 header around it are right. */
bool icmp_sums_are_right(const struct rte_mbuf *m);

/* A connection that was opened, with both its sides as they are seen on the wire. */
struct talk {
	uint16_t family;
	uint8_t proto, forward;
	char local[46]; /* the address that the server answers to */
	struct frame sent, got; /* the client's packets: as it sends them, as the server gets them */
	struct frame answered, returned; /* the server's: as it sends them, as the client gets them */
};

/* Publishes a service (index SERVICE) on a server by FORWARD, and opens a connection to it from port SPORT, which goes
 * in at WORKER. */
void talk_open(struct network *network, uint32_t worker, uint32_t service, uint16_t family, uint8_t proto,
	       uint8_t forward, uint16_t sport, struct talk *ret);
/* Another one to the same service. */
void talk_again(struct network *network, uint32_t worker, uint16_t sport, struct talk *ret);

#endif
