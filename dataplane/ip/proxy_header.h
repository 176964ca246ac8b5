/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Headers of the PROXY protocol (HAProxy's doc/proxy-protocol.txt): version 1, a line of text, and version 2, binary. They
 * stand before the first byte of a connection's data and name the client and the address that it spoke to.
 */
#ifndef IP_PROXY_HEADER_H
#define IP_PROXY_HEADER_H

#include <stdint.h>

#include "core/flow.h"

/* The longest that proxy_header_write() makes: "PROXY TCP6 ... ... 65535 65535\r\n", 104 bytes. The specification has 107
 * as the longest line of version 1, of a family that isn't known. */
#define PROXY_HEADER_MAX 107
/* The longest that is read: version 2 may carry further data behind the addresses. */
#define PROXY_HEADER_READ_MAX 536

struct proxy_header {
	uint8_t version;
	uint16_t length; /* bytes, all of it */
	/* The client and the address that it spoke to, TCP or UDP; family 0: the header names none. */
	struct flow flow;
};

/* Writes a header that says FLOW (family 0: a connection of the proxy's own, or of a family that it doesn't know) and
 * returns its length. TO has room for PROXY_HEADER_MAX bytes. FLOW's protocol is TCP with version 1. */
uint16_t proxy_header_write(uint8_t version, const struct flow *flow, uint8_t *to);
/* The length of what proxy_header_write() would write. */
uint16_t proxy_header_length(uint8_t version, const struct flow *flow);
/* Reads the header that LENGTH bytes of data begin with. 0, or -EINVAL: there is none, or it is broken or not whole. */
int proxy_header_read(const uint8_t *data, uint32_t length, struct proxy_header *ret);

#endif
