/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How fast dumps may read what workers write. A line that the control thread has read is shared, and the worker's next
 * write into it has to take it back first: without a pace a client that lists again and again would take more from the
 * workers than their packets do. Lines that no worker writes cost nothing, and are read as fast as it goes.
 *
 * All dumps together take a 40th of a worker's time, and a burst at first, which no short listing exceeds.
 */
#ifndef CONTROL_DUMP_PACE_H
#define CONTROL_DUMP_PACE_H

#include <stdint.h>

#define DUMP_SHARE 40u /* one of so many parts of a worker's time */
#define DUMP_BURST_NS 10000000u /* what may be owed before dumps wait */
#define DUMP_DEBT_NS 1000000000u /* and at most: one read of very many counts does not keep others waiting for longer */

/* What it costs a worker in ns if somebody reads a line that it writes: measured (doc/performance.md). */
#define READ_SUM_NS 80u /* a destination's counts, one after the other without more work for each */
#define READ_DEST_NS 150u /* a destination's counts */
#define READ_CONN_NS 400u /* a connection */

/* A connection that was idle for so long has probably left the reader's cache again when its next packet comes. */
#define READ_IDLE_MS 100u

struct dump_pace {
	uint64_t owed_until_ns; /* when the workers will have had their parts for what was read */
	uint64_t waits_until_ns;
};

/* CLOCK_MONOTONIC. */
uint64_t dump_pace_now_ns(void);
/* Reads were done that cost workers COST_NS. */
void dump_pace_owe(struct dump_pace *pace, uint64_t now_ns, uint64_t cost_ns);
/* How long dumps have to wait; 0: not at all. */
uint64_t dump_pace_wait_ns(const struct dump_pace *pace, uint64_t now_ns);

#endif
