/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdbool.h>
#include <string.h>

#include <rte_pause.h>

#include "core/counters.h"

const struct counter_text counter_texts[COUNT_MAX] = {
#define X(id, name, text) [COUNT_##id] = { name, text },
	COUNTERS(X)
#undef X
};

const struct counter_text drop_texts[DROP_MAX] = {
#define X(id, name, text) [DROP_##id] = { "drop_" name, text },
	DROP_REASONS(X)
#undef X
};

bool
counters_read(const struct counters *counters, struct counters_snapshot *ret)
{
	for (int attempt = 0; attempt < 10000; attempt++) {
		uint64_t turn = __atomic_load_n(&counters->turn, __ATOMIC_ACQUIRE);

		memcpy(ret->count, counters->count, sizeof(ret->count));
		memcpy(ret->drop, counters->drop, sizeof(ret->drop));
		__atomic_thread_fence(__ATOMIC_ACQUIRE);
		if ((turn & 1) == 0 && __atomic_load_n(&counters->turn, __ATOMIC_RELAXED) == turn)
			return true;
		rte_pause();
	}
	return false;
}
