/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the options of a service mean for the connections of one of its destinations: how long an established one lasts,
 * and what becomes of it when the destination takes none any more. One word for each destination, so that the sweeper
 * need not look at a line more for each connection; and none at all as long as no service has such an option.
 */
#ifndef LB_DEST_RULE_H
#define LB_DEST_RULE_H

#include "lb/lb.h"

#define DEST_RULE_POLICY_BITS 2
#define DEST_RULE_DRAINS (1u << DEST_RULE_POLICY_BITS) /* its weight is 0, or it was removed */
#define DEST_RULE_TIMEOUT_SHIFT (DEST_RULE_POLICY_BITS + 1)

/* The rule of the destination of ID; 0: none. */
static inline uint32_t
dest_rule(const struct lb *lb, uint32_t id)
{
	if (likely(!__atomic_load_n(&lb->has_dest_rules, __ATOMIC_RELAXED)))
		return 0;
	return __atomic_load_n(&lb->dest_rules[DEST_INDEX(id)], __ATOMIC_RELAXED);
}

/* What is to be done with its connections now. */
static inline enum quiescent
dest_rule_action(uint32_t rule)
{
	return rule & DEST_RULE_DRAINS ? (enum quiescent)(rule & (DEST_RULE_DRAINS - 1)) : QUIESCENT_KEEP;
}

/* How long CONN outlives its last packet, by RULE, that of its destination, and TIMEOUTS. */
static inline uint32_t
dest_rule_timeout_ms(uint32_t rule, const struct timeouts *timeouts, const struct conn *conn)
{
	const struct protocol *protocol = protocol_by_number(conn->proto);
	uint32_t timeout_s = rule >> DEST_RULE_TIMEOUT_SHIFT;

	if (unlikely(timeout_s != 0 && conn->state == protocol->established))
		return timeout_s * 1000;
	return timeouts->ms[protocol->index][conn->state];
}

/* Control side. For what SVC lists, when it is published; and for a destination that no service lists any more. */
void dest_rules_set(struct lb *lb, const struct service *svc);
void dest_rule_retract(struct lb *lb, uint32_t id);

#endif
