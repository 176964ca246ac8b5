/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The protocols there are.
 */
#include <netinet/in.h>

#include "lb/protocol.h"

const struct protocol *const protocol_table[UINT8_MAX + 1] = {
	[IPPROTO_ICMP] = &protocol_icmp, [IPPROTO_TCP] = &protocol_tcp, [IPPROTO_UDP] = &protocol_udp,
	[IPPROTO_ESP] = &protocol_esp,	 [IPPROTO_AH] = &protocol_ah,	[IPPROTO_ICMPV6] = &protocol_icmpv6,
	[IPPROTO_SCTP] = &protocol_sctp,
};
