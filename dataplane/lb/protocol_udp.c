/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * UDP: one state, never active in the kernel's sense.
 */
#include "lb/protocol.h"
#include "lb/service.h"

static bool
udp_opens(const void *l4, const struct knobs *knobs)
{
	(void)l4;
	(void)knobs;
	return true;
}

static bool
udp_active(uint8_t state)
{
	(void)state;
	return false;
}

static bool
udp_over(uint8_t state)
{
	(void)state;
	return false;
}

static void
udp_timeouts(const struct timeouts_spec *spec, uint32_t *ms)
{
	ms[UDP_NORMAL] = spec->udp_s * 1000;
}

static const char *const udp_state_names[UDP_STATES] = { "UDP" };

const struct protocol protocol_udp = {
	.name = "UDP",
	.number = 17,
	.index = PROTOCOL_UDP,
	.n_states = UDP_STATES,
	.opens = udp_opens,
	.active = udp_active,
	.over = udp_over,
	.timeouts = udp_timeouts,
	.state_names = udp_state_names,
};
