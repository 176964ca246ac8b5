/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the control thread publishes besides services and destinations: timeouts, knobs, and what follows from them.
 */
#include <errno.h>
#include <stdlib.h>

#include "lb/lb.h"

int
timeouts_publish(struct lb *lb, const struct timeouts_spec *spec)
{
	struct timeouts *timeouts = calloc(1, sizeof(*timeouts)), *old = lb->timeouts;

	if (!timeouts)
		return -ENOMEM;
	for (int number = 0; number <= UINT8_MAX; number++) {
		const struct protocol *protocol = protocol_by_number((uint8_t)number);

		if (protocol && protocol->timeouts)
			protocol->timeouts(spec, timeouts->ms[protocol->index]);
	}
	publish(lb->timeouts, timeouts);
	if (old)
		rcu_defer(lb->rcu, free, old);
	return 0;
}

int
knobs_publish(struct lb *lb, const struct knobs *knobs)
{
	struct knobs *new = malloc(sizeof(*new)), *old = lb->knobs;

	if (!new)
		return -ENOMEM;
	*new = *knobs;
	publish(lb->knobs, new);
	if (old)
		rcu_defer(lb->rcu, free, old);
	return 0;
}

void
defence_publish(struct lb *lb, const struct defence *defence)
{
	__atomic_store_n(&lb->defence.drop_rate, defence->drop_rate, __ATOMIC_RELAXED);
	__atomic_store_n(&lb->defence.drop_entries, defence->drop_entries, __ATOMIC_RELAXED);
	__atomic_store_n(&lb->defence.secure_tcp, defence->secure_tcp, __ATOMIC_RELAXED);
}

void
passive_publish(struct lb *lb, bool passive)
{
	if (lb->passive != passive)
		__atomic_store_n(&lb->passive, passive, __ATOMIC_RELAXED);
}
