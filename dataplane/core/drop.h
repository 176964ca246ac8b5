/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The end of a packet that is not forwarded.
 */
#ifndef CORE_DROP_H
#define CORE_DROP_H

#include <rte_mbuf.h>

#include "core/counters.h"

struct worker;

/* Counts M under REASON and gives its buffer back. */
void drop(struct worker *self, struct rte_mbuf *m, enum drop_reason reason);

#endif
