/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The forwarding methods there are.
 */
#include <stddef.h>

#include "lb/forward.h"
#include "lb/service.h"

static const struct forward *const forwards[FORWARD_METHODS] = {
	[FORWARD_NAT] = &forward_nat,	    [FORWARD_LOCAL] = &forward_local,	[FORWARD_TUNNEL] = &forward_tunnel,
	[FORWARD_DIRECT] = &forward_direct, [FORWARD_BYPASS] = &forward_bypass, [FORWARD_FULLNAT] = &forward_fullnat,
	[FORWARD_SNAT] = &forward_snat,
};

const struct forward *
forward_to(const struct dest *dest, uint16_t family)
{
	if (dest->forward == FORWARD_FULLNAT && dest->addr.family != family)
		return &forward_fullnat_mapped;
	return dest->forward < FORWARD_METHODS ? forwards[dest->forward] : NULL;
}
