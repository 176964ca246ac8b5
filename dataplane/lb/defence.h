/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the kernel's IPVS does when memory is short, by the knobs drop_packet, drop_entry and secure_tcp: here when the
 * connection tables fill up. control/ipvs_knobs.c says when. (secure_tcp is another table of states: protocol_tcp.c.)
 */
#ifndef LB_DEFENCE_H
#define LB_DEFENCE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/worker.h"

struct conn;

/* Whether the first packet of a connection is to be dropped: one of so many is (ip_vs_todrop()). */
bool defence_drops_packet(struct worker *self);
/* Whether CONN, which the sweeper looks at once a second, is to be given up: of 32 one is looked at, and given up if it
 * was never established, or had few packets, and none for a minute (ip_vs_random_dropentry()). */
bool defence_drops_entry(struct worker *self, const struct conn *conn);
/* The same for a template: PROTO of its connections, IDLE_MS since it was last asked for, and whether one of them was
 * established; it has none now. */
bool defence_drops_template(struct worker *self, uint8_t proto, uint32_t idle_ms, bool assured);

#endif
