/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The sums over everything that /proc/net/ip_vs_stats shows: of the services that are there and of those that were.
 * Workers count by the number of a destination, and never count down; so the sum over all numbers is that over all time.
 */
#ifndef CONTROL_IPVS_TOTALS_H
#define CONTROL_IPVS_TOTALS_H

#include <stdint.h>

#include "control/ipvs_stats.h"

struct ipvs_model;

struct ipvs_totals {
	struct ipvs_stats zero; /* subtracted from what is shown */
	struct ipvs_stats partial; /* of the slices that were summed since the last sample */
	uint32_t high; /* the numbers that this round goes through end here */
	struct ipvs_estimator estimator;
};

/* What WORKER counted at all destinations' numbers, ever. Reads a cache line for each. */
void ipvs_totals_of_worker(const struct ipvs_model *model, uint32_t worker, struct ipvs_stats *ret);
/* What is shown: counts since the last zero, and rates. */
void ipvs_totals_read(const struct ipvs_model *model, struct ipvs_stats *ret_counts, struct ipvs_rates *ret_rates);
void ipvs_totals_zero(struct ipvs_model *model);
/* Sums slice SLICE of N_SLICES of the destinations' numbers; they come in turn, within two seconds, and with the last
 * one the rates are estimated. */
void ipvs_totals_slice(struct ipvs_model *model, uint32_t slice, uint32_t n_slices);

#endif
