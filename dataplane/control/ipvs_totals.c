/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See ipvs_totals.h.
 */
#include "control/ipvs_model.h"
#include "core/worker.h"
#include "lb/lb.h"

static void
add_load(struct ipvs_stats *to, const struct dest_load *load)
{
	const struct ipvs_stats counts = ipvs_stats_of_load(load);

	ipvs_stats_add(to, &counts);
}

void
ipvs_totals_of_worker(const struct ipvs_model *model, uint32_t worker, struct ipvs_stats *ret)
{
	*ret = (struct ipvs_stats){ 0 };
	for (uint32_t i = 0; i < model->dests_high; i++)
		add_load(ret, &model->lb->workers[worker]->loads[i]);
}

static struct ipvs_stats
all_counts(const struct ipvs_model *model)
{
	struct ipvs_stats sum = { 0 };

	for (uint32_t i = 0; i < model->lb->n_workers; i++) {
		struct ipvs_stats counts;

		ipvs_totals_of_worker(model, i, &counts);
		ipvs_stats_add(&sum, &counts);
	}
	return sum;
}

void
ipvs_totals_read(const struct ipvs_model *model, struct ipvs_stats *ret_counts, struct ipvs_rates *ret_rates)
{
	const struct ipvs_stats counts = all_counts(model);

	*ret_counts = ipvs_stats_since(&counts, &model->totals.zero);
	*ret_rates = ipvs_estimator_rates(&model->totals.estimator);
}

void
ipvs_totals_zero(struct ipvs_model *model)
{
	model->totals.zero = all_counts(model);
	ipvs_estimator_reset(&model->totals.estimator, &model->totals.zero);
}

void
ipvs_totals_slice(struct ipvs_model *model, uint32_t slice, uint32_t n_slices)
{
	struct ipvs_totals *totals = &model->totals;
	uint64_t high;

	/* a number that comes into use during a round would move the slices, and others be left out */
	if (slice == 0)
		totals->high = model->dests_high;
	high = totals->high;
	for (uint32_t i = (uint32_t)(high * slice / n_slices); i < high * (slice + 1) / n_slices; i++) {
		struct dest_load load;

		dest_load_sum(model->lb, i, &load);
		add_load(&totals->partial, &load);
	}
	if (slice + 1 < n_slices)
		return;
	ipvs_estimator_sample(&totals->estimator, &totals->partial);
	totals->partial = (struct ipvs_stats){ 0 };
}
