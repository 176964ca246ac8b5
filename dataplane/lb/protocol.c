/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The protocols there are.
 */
#include <stddef.h>

#include "lb/protocol.h"

static const struct protocol *const protocols[PROTOCOLS] = {
	[PROTOCOL_TCP] = &protocol_tcp,
	[PROTOCOL_UDP] = &protocol_udp,
};

const struct protocol *
protocol_by_number(uint8_t number)
{
	for (int i = 0; i < PROTOCOLS; i++) {
		if (protocols[i]->number == number)
			return protocols[i];
	}
	return NULL;
}
