/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Counts and rates of services and destinations, and the kernel's estimator (net/netfilter/ipvs/ip_vs_est.c).
 */
#ifndef CONTROL_IPVS_STATS_H
#define CONTROL_IPVS_STATS_H

#include <stdbool.h>
#include <stdint.h>

#include <netlink/msg.h>

struct dest_load;

struct ipvs_stats {
	uint64_t conns, in_packets, out_packets, in_bytes, out_bytes;
};

/* A second; as the interface shows them. */
struct ipvs_rates {
	uint64_t conns, in_packets, out_packets, in_bytes, out_bytes;
};

/* An exponentially weighted mean over samples taken every two seconds; scaled. */
struct ipvs_estimator {
	struct ipvs_stats last;
	uint64_t conns, in_packets, out_packets, in_bytes, out_bytes;
};

struct ipvs_stats ipvs_stats_of_load(const struct dest_load *load);
void ipvs_stats_add(struct ipvs_stats *to, const struct ipvs_stats *from);
/* a - b, never below 0. */
struct ipvs_stats ipvs_stats_since(const struct ipvs_stats *a, const struct ipvs_stats *b);

/* Rates 0 from COUNTS on. */
void ipvs_estimator_reset(struct ipvs_estimator *estimator, const struct ipvs_stats *counts);
/* Two seconds after the last call. */
void ipvs_estimator_sample(struct ipvs_estimator *estimator, const struct ipvs_stats *counts);
/* Adds up means, of which the rates of the sum are right to the unit: those of each are rounded. */
void ipvs_estimator_add(struct ipvs_estimator *to, const struct ipvs_estimator *from);
/* Whether packets were counted since the last sample: COUNTS are those of now. */
bool ipvs_estimator_moved(const struct ipvs_estimator *estimator, const struct ipvs_stats *counts);
struct ipvs_rates ipvs_estimator_rates(const struct ipvs_estimator *estimator);

/* Puts the nests STATS and STATS64 under these attribute types; -EMSGSIZE. */
int ipvs_stats_put(struct nl_msg *msg, int type, int type64, const struct ipvs_stats *counts,
		   const struct ipvs_rates *rates);

#endif
