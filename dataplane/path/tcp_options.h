/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Fields and options of a TCP header, changed in place with the checksum mended along. The header's data offset was
 * checked before.
 */
#ifndef PATH_TCP_OPTIONS_H
#define PATH_TCP_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

#include <rte_tcp.h>

enum tcp_option {
	TCP_OPTION_END = 0,
	TCP_OPTION_NOP = 1,
	TCP_OPTION_MSS = 2,
	TCP_OPTION_SACK = 5,
	TCP_OPTION_TIMESTAMP = 8,
};
#define TCP_OPTIONS_MAX 40 /* bytes */
#define TCP_TIMESTAMP_LENGTH 10

static inline uint16_t
tcp_header_length(const struct rte_tcp_hdr *tcp)
{
	return (uint16_t)((tcp->data_off >> 4) * 4);
}

/* Replaces LENGTH bytes (at most 34) at AT, anywhere in the header, by NEW. */
void tcp_replace(struct rte_tcp_hdr *tcp, void *at, const void *new, size_t length);
/* Adds DELTA to the 32-bit number in network order at AT. */
void tcp_add32(struct rte_tcp_hdr *tcp, void *at, uint32_t delta);
/* The option of KIND; NULL if it isn't there, or the list is broken before it. */
uint8_t *tcp_find_option(struct rte_tcp_hdr *tcp, uint8_t kind);
/* The peer is to send no segment with more than MSS bytes of data; nothing is done if it was told less, or nothing. */
void tcp_clamp_mss(struct rte_tcp_hdr *tcp, uint16_t mss);

#endif
