/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Bypass: the packet goes on to where it was sent, as a router forwards it (ip_vs_bypass_xmit() of the kernel). With the
 * sysctl cache_bypass that is what becomes of what a service by mark has no server for: a director that leads the web to
 * caches lets it through when there is none.
 */
#include "core/worker.h"
#include "ip/fib.h"
#include "lb/conn.h"
#include "lb/forward.h"
#include "lb/lb.h"
#include "lb/service.h"

const struct forward forward_bypass = {
	.name = "BYPASS",
	.way = WAY_AS_SENT,
	.conn_flags = CONN_NO_OUTPUT,
	.bind = forward_bind_unchanged,
};

bool
forward_goes_on(const struct flow *flow, uint32_t number)
{
	if (number == FIB_LOCAL || number == FIB_LADDR || number == FIB_BROADCAST)
		return false;
	if (flow->family == AF_INET6)
		return flow->dst.bytes[0] != 0xff && (flow->dst.half[0] != 0 || flow->dst.half[1] != 0);
	return flow->dst.bytes[0] != 0 && (flow->dst.bytes[0] & 0xf0) != 0xe0 && flow->dst.v4 != UINT32_MAX;
}

const struct dest *
forward_bypass_dest(const struct worker *self, const struct service *svc, const struct flow *flow)
{
	const struct lb *lb = self->lb;

	/* A gateway's inside addresses mean nothing outside. */
	if (svc->key.fwmark == 0 || svc->is_gateway || fetch(lb->knobs)->cache_bypass == 0 ||
	    !forward_goes_on(flow, fib_lookup(self->fib, flow->family, &flow->dst)))
		return NULL;
	return lb->bypass;
}
