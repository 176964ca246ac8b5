/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * SNAT: what hosts of an inside network send goes on to where they sent it, from a local address and port of ours. The
 * destination is no server but the local address; which packets it is for a service by mark says.
 */
#include "core/worker.h"
#include "lb/address_hash.h"
#include "lb/conn.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "lb/service.h"

/* A search in vain looks at thousands of ports. An inside host that has used up the ports towards one outside must not
 * buy one for each packet, nor keep the others from going elsewhere: this worker refuses connections from the same
 * local address to the same host and port unseen for so long. */
#define SEARCH_PAUSE_MS 16

static struct snat_pause
pause_for(const struct worker *self, const struct dest *dest, const struct flow *reply)
{
	return (struct snat_pause){
		.outside = reply->src,
		.dest = dest->id,
		.port = reply->sport,
		.proto = reply->proto,
		.since_ms = self->now_ms != 0 ? self->now_ms : 1,
	};
}

/* Its place, which another one may have that is looked for as often. */
static struct snat_pause *
place_of(struct worker *self, const struct snat_pause *pause)
{
	uint32_t hash = hash_upper_bits(address_fold(AF_INET6, &pause->outside), 32);

	hash = hash_upper_bits(hash ^ pause->dest, 32);
	hash = hash_upper_bits(hash ^ ((uint32_t)pause->port << 8 | pause->proto), 32);
	return &self->snat_pauses[hash >> (32 - SNAT_PAUSES_BITS)];
}

/* Whether a search for the same was in vain a short time ago. */
static bool
is_pausing(struct worker *self, const struct dest *dest, const struct flow *reply)
{
	const struct snat_pause wanted = pause_for(self, dest, reply), *found = place_of(self, &wanted);

	return found->since_ms != 0 && self->now_ms - found->since_ms < SEARCH_PAUSE_MS && found->dest == wanted.dest &&
	       found->port == wanted.port && found->proto == wanted.proto &&
	       ip_bits_equal(&found->outside, &wanted.outside);
}

static int
snat_bind(const struct forward_request *request, struct flow *reply)
{
	struct worker *self = request->self;
	const struct flow *flow = request->flow;

	*reply = (struct flow){
		.src = flow->dst,
		.sport = flow->dport,
		.family = flow->family,
		.proto = flow->proto,
	};
	if (is_pausing(self, request->dest, reply))
		return -DROP_NO_LOCAL_PORT;
	return laddr_propose(self, request->svc, request->port, &request->dest->addr, reply);
}

static int
snat_bind_again(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle)
{
	struct worker *self = request->self;
	int err = laddr_choose(self, request->svc, request->port, &request->dest->addr, reply, ret_recycle);

	if (err == -DROP_NO_LOCAL_PORT) {
		const struct snat_pause pause = pause_for(self, request->dest, reply);

		*place_of(self, &pause) = pause;
	}
	return err;
}

const struct forward forward_snat = {
	.name = "SNAT",
	.way = WAY_AS_SENT,
	.cold_flags = COLD_LOCAL_PORT,
	.bind = snat_bind,
	.bind_again = snat_bind_again,
};
