/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See dump_pace.h.
 */
#include <time.h>

#include "control/dump_pace.h"

uint64_t
dump_pace_now_ns(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void
dump_pace_owe(struct dump_pace *pace, uint64_t now_ns, uint64_t cost_ns)
{
	if (cost_ns == 0)
		return;
	if (pace->owed_until_ns < now_ns)
		pace->owed_until_ns = now_ns;
	pace->owed_until_ns += cost_ns * DUMP_SHARE;
	if (pace->owed_until_ns > now_ns + DUMP_DEBT_NS)
		pace->owed_until_ns = now_ns + DUMP_DEBT_NS;
	/* then by half of what may be owed at a time, rather than by single datagrams */
	if (pace->owed_until_ns > now_ns + DUMP_BURST_NS)
		pace->waits_until_ns = pace->owed_until_ns - DUMP_BURST_NS / 2;
}

uint64_t
dump_pace_wait_ns(const struct dump_pace *pace, uint64_t now_ns)
{
	return pace->waits_until_ns > now_ns ? pace->waits_until_ns - now_ns : 0;
}
