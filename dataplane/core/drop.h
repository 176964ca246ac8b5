/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The end of a packet that is not forwarded, and the beginning of one that is made here.
 */
#ifndef CORE_DROP_H
#define CORE_DROP_H

#include <stdbool.h>

#include <rte_mbuf.h>

#include "core/counters.h"

struct worker;

/* An empty buffer for a packet that SELF makes, counted as GENERATED; NULL: there is none. */
struct rte_mbuf *packet_new(struct worker *self);
/* Counts M under REASON and gives its buffer back. */
void drop(struct worker *self, struct rte_mbuf *m, enum drop_reason reason);
/* Gives the buffer back of a packet that others have taken the place of. */
void packet_free(struct rte_mbuf *m);
/* Moves what is in several buffers into the first. False: it has no room for it, nothing has changed. */
bool packet_linearize(struct rte_mbuf *m);

#endif
