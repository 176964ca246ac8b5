/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See dest_rule.h.
 */
#include "lb/dest_rule.h"

static_assert(QUIESCENT_POLICIES <= DEST_RULE_DRAINS, "a policy has two bits");

static void
set(struct lb *lb, uint32_t id, uint32_t rule)
{
	uint32_t *word = &lb->dest_rules[DEST_INDEX(id)];

	/* the lines are in the workers' caches: one that says the same already stays there */
	if (*word != rule)
		__atomic_store_n(word, rule, __ATOMIC_RELAXED);
}

void
dest_rules_set(struct lb *lb, const struct service *svc)
{
	uint32_t rule = svc->options.established_timeout_s << DEST_RULE_TIMEOUT_SHIFT | svc->options.quiescent;

	/* From the first option on for ever: what connections of a service that is gone have to know stays. */
	if (rule == 0 && !lb->has_dest_rules)
		return;
	for (uint32_t i = 0; i < svc->n_dests; i++)
		set(lb, svc->dests[i]->id, svc->dests[i]->weight == 0 ? rule | DEST_RULE_DRAINS : rule);
	__atomic_store_n(&lb->has_dest_rules, true, __ATOMIC_RELEASE);
}

void
dest_rule_retract(struct lb *lb, uint32_t id)
{
	if (lb->has_dest_rules)
		set(lb, id, lb->dest_rules[DEST_INDEX(id)] | DEST_RULE_DRAINS);
}
