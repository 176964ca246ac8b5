/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How many connections a template has: each worker counts its own, in an array of its own.
 */
#include "core/worker.h"
#include "lb/lb.h"
#include "lb/template.h"

#define USES_ASSURED (1u << 31) /* above the number of connections */

void
template_use(struct worker *self, uint32_t number)
{
	uint32_t uses = self->template_uses[number];

	/* what an earlier template of that number left */
	if ((uses & ~USES_ASSURED) == 0)
		uses = 0;
	__atomic_store_n(&self->template_uses[number], uses + 1, __ATOMIC_RELAXED);
}

void
template_assure(struct worker *self, uint32_t number)
{
	__atomic_store_n(&self->template_uses[number], self->template_uses[number] | USES_ASSURED, __ATOMIC_RELAXED);
}

void
template_unuse(struct worker *self, uint32_t number)
{
	__atomic_store_n(&self->template_uses[number], self->template_uses[number] - 1, __ATOMIC_RELAXED);
}

uint32_t
template_uses(const struct lb *lb, uint32_t number, bool *ret_assured)
{
	uint32_t sum = 0;

	*ret_assured = false;
	for (uint32_t i = 0; i < lb->n_workers; i++) {
		uint32_t uses = __atomic_load_n(&lb->workers[i]->template_uses[number], __ATOMIC_RELAXED);

		if ((uses & ~USES_ASSURED) != 0)
			*ret_assured |= (uses & USES_ASSURED) != 0;
		sum += uses & ~USES_ASSURED;
	}
	return sum;
}
