/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Any bytes as an ICMP message, IPv4 or IPv6 by the first one: what is read of the packet it quotes lies within them, and
 * has room for what is rewritten.
 */
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "path/icmp.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct rte_mbuf m = { .nb_segs = 1 };
	struct packet packet = { .m = &m, .is_ip = true }, quote;
	uint8_t *copy;

	if (size < 1 || size > 2048)
		return 0;
	/* of just that size, so that the sanitizer sees who reads beyond */
	copy = malloc(size);
	if (!copy)
		abort();
	memcpy(copy, data + 1, size - 1);
	m.buf_addr = copy;
	m.data_len = packet.end = (uint16_t)(size - 1);
	packet.flow.family = data[0] & 1 ? AF_INET6 : AF_INET;
	packet.flow.proto = data[0] & 1 ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	if (icmp_is_error(&packet) && icmp_quote_read(&packet, &quote) == 0 &&
	    (quote.l4 < quote.l3 + 20 || quote.end > packet.end || quote.l4 + 8 > quote.end))
		abort();
	free(copy);
	return 0;
}
