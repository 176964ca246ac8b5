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

/* By what was looked for; another one that hashes to the same place takes it over. */
static struct snat_pause *
pause_of(struct worker *self, const struct dest *dest, const struct flow *reply, uint32_t *ret_key)
{
	const uint32_t ends = address_fold(reply->family, &reply->src) ^
			      hash_upper_bits(address_fold(reply->family, &dest->addr.ip), 32);

	*ret_key = hash_upper_bits(ends ^ (uint32_t)reply->sport << 8 ^ reply->proto, 32);
	return &self->snat_pauses[*ret_key >> (32 - SNAT_PAUSES_BITS)];
}

static int
snat_bind(const struct forward_request *request, struct flow *reply)
{
	struct worker *self = request->self;
	const struct flow *flow = request->flow;
	const struct snat_pause *pause;
	uint32_t key;

	*reply = (struct flow){
		.src = flow->dst,
		.sport = flow->dport,
		.family = flow->family,
		.proto = flow->proto,
	};
	pause = pause_of(self, request->dest, reply, &key);
	if (pause->since_ms != 0 && pause->key == key && self->now_ms - pause->since_ms < SEARCH_PAUSE_MS)
		return -DROP_NO_LOCAL_PORT;
	return laddr_propose(self, request->svc, request->port, &request->dest->addr, reply);
}

static int
snat_bind_again(const struct forward_request *request, struct flow *reply, uint32_t *ret_recycle)
{
	struct worker *self = request->self;
	int err = laddr_choose(self, request->svc, request->port, &request->dest->addr, reply, ret_recycle);

	if (err == -DROP_NO_LOCAL_PORT) {
		struct snat_pause *pause;
		uint32_t key;

		pause = pause_of(self, request->dest, reply, &key);
		*pause = (struct snat_pause){ .key = key, .since_ms = self->now_ms != 0 ? self->now_ms : 1 };
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
