/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See counters_dump.h. All sets are read when the dump begins, so that the sums of one dump close.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/counters_dump.h"
#include "core/log.h"
#include "netlink-shim/wire.h"

struct counters_image {
	uint32_t n_sets, n_workers;
	struct counters_snapshot sets[];
};

int
counters_dump_start(struct genl_dump *dump, const struct counters_sets *sets)
{
	struct counters_image *image = calloc(1, sizeof(*image) + sets->n_sets * sizeof(image->sets[0]));

	if (!image)
		return -ENOMEM;
	image->n_sets = sets->n_sets;
	image->n_workers = sets->n_workers;
	for (uint32_t i = 0; i < sets->n_sets; i++)
		if (!counters_read(sets->sets[i], &image->sets[i]))
			log_debug("control", "counters of thread %u were read within a turn", i);
	dump->state = image;
	return 0;
}

static uint64_t
value_of(const struct counters_snapshot *set, uint64_t counter)
{
	return counter < COUNT_MAX ? set->count[counter] : set->drop[counter - COUNT_MAX];
}

static int
put_counter(struct nl_msg *msg, const struct counter_text *text, uint64_t value, const uint32_t *worker)
{
	struct nlattr *nest = attr_nest_begin(msg, IPVSX_ATTR_COUNTER);

	if (!nest || nla_put_string(msg, IPVSX_COUNTER_ATTR_NAME, text->name) < 0 ||
	    nla_put_string(msg, IPVSX_COUNTER_ATTR_TEXT, text->text) < 0 ||
	    nla_put_u64(msg, IPVSX_COUNTER_ATTR_VALUE, value) < 0 ||
	    (worker && nla_put_u32(msg, IPVSX_COUNTER_ATTR_WORKER, *worker) < 0))
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 1;
}

int
counters_dump_next(struct genl_dump *dump, struct nl_msg *msg)
{
	const struct counters_image *image = dump->state;
	uint64_t counter = dump->position / (image->n_sets + 1u);
	uint32_t set = (uint32_t)(dump->position % (image->n_sets + 1u));
	const struct counter_text *text;
	uint64_t sum = 0;

	if (counter >= COUNT_MAX + DROP_MAX)
		return 0;
	text = counter < COUNT_MAX ? &counter_texts[counter] : &drop_texts[counter - COUNT_MAX];
	dump->position++;
	if (set > 0) {
		const uint32_t thread = set - 1 < image->n_workers ? set - 1 : IPVSX_IO_THREAD;

		return put_counter(msg, text, value_of(&image->sets[set - 1], counter), &thread);
	}
	for (uint32_t i = 0; i < image->n_sets; i++)
		sum += value_of(&image->sets[i], counter);
	return put_counter(msg, text, sum, NULL);
}

void
counters_dump_end(struct genl_dump *dump)
{
	free(dump->state);
}
