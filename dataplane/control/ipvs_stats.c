/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See ipvs_stats.h.
 */
#include <errno.h>

#include <linux/ip_vs.h>

#include "control/ipvs_stats.h"
#include "control/netlink_attributes.h"
#include "lb/service.h"

struct ipvs_stats
ipvs_stats_of_load(const struct dest_load *load)
{
	return (struct ipvs_stats){
		.conns = load->connections,
		.in_packets = load->in_packets,
		.out_packets = load->out_packets,
		.in_bytes = load->in_bytes,
		.out_bytes = load->out_bytes,
	};
}

void
ipvs_stats_add(struct ipvs_stats *to, const struct ipvs_stats *from)
{
	to->conns += from->conns;
	to->in_packets += from->in_packets;
	to->out_packets += from->out_packets;
	to->in_bytes += from->in_bytes;
	to->out_bytes += from->out_bytes;
}

static uint64_t
since(uint64_t a, uint64_t b)
{
	return a > b ? a - b : 0;
}

struct ipvs_stats
ipvs_stats_since(const struct ipvs_stats *a, const struct ipvs_stats *b)
{
	return (struct ipvs_stats){
		.conns = since(a->conns, b->conns),
		.in_packets = since(a->in_packets, b->in_packets),
		.out_packets = since(a->out_packets, b->out_packets),
		.in_bytes = since(a->in_bytes, b->in_bytes),
		.out_bytes = since(a->out_bytes, b->out_bytes),
	};
}

void
ipvs_estimator_reset(struct ipvs_estimator *estimator, const struct ipvs_stats *counts)
{
	*estimator = (struct ipvs_estimator){ .last = *counts };
}

/* A quarter of the way to the new rate; RATE is scaled as *AVERAGE. */
static void
approach(uint64_t *average, uint64_t rate)
{
	int64_t step = ((int64_t)rate - (int64_t)*average) >> 2;

	*average = (uint64_t)((int64_t)*average + step);
}

void
ipvs_estimator_sample(struct ipvs_estimator *estimator, const struct ipvs_stats *counts)
{
	struct ipvs_stats new = ipvs_stats_since(counts, &estimator->last);

	/* scaled by 2^10 (bytes 2^5), over two seconds */
	approach(&estimator->conns, new.conns << 9);
	approach(&estimator->in_packets, new.in_packets << 9);
	approach(&estimator->out_packets, new.out_packets << 9);
	approach(&estimator->in_bytes, new.in_bytes << 4);
	approach(&estimator->out_bytes, new.out_bytes << 4);
	estimator->last = *counts;
}

void
ipvs_estimator_add(struct ipvs_estimator *to, const struct ipvs_estimator *from)
{
	to->conns += from->conns;
	to->in_packets += from->in_packets;
	to->out_packets += from->out_packets;
	to->in_bytes += from->in_bytes;
	to->out_bytes += from->out_bytes;
}

bool
ipvs_estimator_moved(const struct ipvs_estimator *estimator, const struct ipvs_stats *counts)
{
	return counts->in_packets != estimator->last.in_packets || counts->out_packets != estimator->last.out_packets;
}

struct ipvs_rates
ipvs_estimator_rates(const struct ipvs_estimator *estimator)
{
	return (struct ipvs_rates){
		.conns = (estimator->conns + 0x1ff) >> 10,
		.in_packets = (estimator->in_packets + 0x1ff) >> 10,
		.out_packets = (estimator->out_packets + 0x1ff) >> 10,
		.in_bytes = (estimator->in_bytes + 0xf) >> 5,
		.out_bytes = (estimator->out_bytes + 0xf) >> 5,
	};
}

static int
put_stats32(struct nl_msg *msg, int type, const struct ipvs_stats *counts, const struct ipvs_rates *rates)
{
	struct nlattr *nest = attr_nest_begin(msg, type);

	if (!nest || nla_put_u32(msg, IPVS_STATS_ATTR_CONNS, (uint32_t)counts->conns) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_INPKTS, (uint32_t)counts->in_packets) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_OUTPKTS, (uint32_t)counts->out_packets) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_INBYTES, counts->in_bytes) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_OUTBYTES, counts->out_bytes) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_CPS, (uint32_t)rates->conns) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_INPPS, (uint32_t)rates->in_packets) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_OUTPPS, (uint32_t)rates->out_packets) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_INBPS, (uint32_t)rates->in_bytes) < 0 ||
	    nla_put_u32(msg, IPVS_STATS_ATTR_OUTBPS, (uint32_t)rates->out_bytes) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

static int
put_stats64(struct nl_msg *msg, int type, const struct ipvs_stats *counts, const struct ipvs_rates *rates)
{
	struct nlattr *nest = attr_nest_begin(msg, type);

	if (!nest || nla_put_u64(msg, IPVS_STATS_ATTR_CONNS, counts->conns) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_INPKTS, counts->in_packets) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_OUTPKTS, counts->out_packets) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_INBYTES, counts->in_bytes) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_OUTBYTES, counts->out_bytes) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_CPS, rates->conns) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_INPPS, rates->in_packets) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_OUTPPS, rates->out_packets) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_INBPS, rates->in_bytes) < 0 ||
	    nla_put_u64(msg, IPVS_STATS_ATTR_OUTBPS, rates->out_bytes) < 0)
		return -EMSGSIZE;
	nla_nest_end(msg, nest);
	return 0;
}

int
ipvs_stats_put(struct nl_msg *msg, int type, int type64, const struct ipvs_stats *counts,
	       const struct ipvs_rates *rates)
{
	int err = put_stats32(msg, type, counts, rates);

	return err < 0 ? err : put_stats64(msg, type64, counts, rates);
}
