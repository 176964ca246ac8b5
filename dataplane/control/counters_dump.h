/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The answer to IPVSX GET_COUNTERS: each counter's sum, then its value for each set.
 */
#ifndef CONTROL_COUNTERS_DUMP_H
#define CONTROL_COUNTERS_DUMP_H

#include "control/genl_dispatch.h"
#include "core/counters.h"

/* Sets by number: the workers', then the I/O thread's. */
struct counters_sets {
	const struct counters *const *sets;
	uint32_t n_sets, n_workers;
};

int counters_dump_start(struct genl_dump *dump, const struct counters_sets *sets);
int counters_dump_next(struct genl_dump *dump, struct nl_msg *msg);
void counters_dump_end(struct genl_dump *dump);

#endif
