/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See template.h. A chained hash in arrays that are taken on first use.
 */
#include <errno.h>
#include <string.h>

#include "core/compat.h"
#include "core/pages.h"
#include "core/worker.h"
#include "lb/conn_table.h"
#include "lb/defence.h"
#include "lb/dest_rule.h"
#include "lb/lb.h"
#include "lb/persistence.h"
#include "lb/scheduler.h"
#include "lb/template.h"

#define SWEEP_MAX 256 /* looked at in one turn */
#define EXTENDED_MS 60000u /* what one that timed out but has connections gets, as in the kernel */
#define TIMEOUT_MAX_S 4000000u /* the clock of milliseconds goes round after 49 days */

struct template
{
	_Alignas(64) struct template_key key;
	uint32_t dest; /* id, 0: free */
	uint32_t next; /* in its chain, or of those free; numbers here are from 1 */
	uint32_t used_ms, timeout_ms;
	uint8_t engine; /* number, 0: none */
	bool assured;
};
static_assert(sizeof(struct template) == 64, "a template is one line");

struct templates {
	uint32_t capacity, first; /* FIRST is the number that others know the first of these by */
	uint32_t high, free;
	uint32_t n_used;
	uint32_t bucket_mask;
	uint32_t sweep, sweep_ms;
	struct template *at; /* [0] is template 1 */
	uint8_t (*data)[TEMPLATE_DATA_MAX + 1]; /* the same */
	uint32_t *buckets;
	struct {
		size_t self, at, data, buckets;
	} mapped;
};

static uint32_t
share_of(uint32_t limit, uint32_t n_workers)
{
	return (limit + n_workers - 1) / n_workers;
}

uint32_t
template_numbers(uint32_t limit, uint32_t n_workers)
{
	return share_of(limit, n_workers) * n_workers;
}

int
templates_create(uint32_t limit, uint32_t index, uint32_t n_workers, int numa_node, struct templates **ret)
{
	uint32_t capacity = share_of(limit, n_workers), n_buckets = rte_align32pow2(capacity);
	size_t size = sizeof(struct templates);
	/* no line of it may be anybody else's */
	struct templates *templates = pages_map("ipvsd-template-table", &size, numa_node, false);

	if (!templates)
		return -ENOMEM;
	templates->mapped.self = size;
	templates->capacity = capacity;
	templates->first = index * capacity;
	templates->bucket_mask = n_buckets - 1;
	templates->mapped.at = capacity * sizeof(*templates->at);
	templates->at = pages_map("ipvsd-templates", &templates->mapped.at, numa_node, false);
	templates->mapped.data = capacity * sizeof(*templates->data);
	templates->data = pages_map("ipvsd-template-data", &templates->mapped.data, numa_node, false);
	templates->mapped.buckets = n_buckets * sizeof(*templates->buckets);
	templates->buckets = pages_map("ipvsd-template-buckets", &templates->mapped.buckets, numa_node, false);
	if (!templates->at || !templates->data || !templates->buckets) {
		templates_destroy(templates);
		return -ENOMEM;
	}
	*ret = templates;
	return 0;
}

void
templates_destroy(struct templates *templates)
{
	if (!templates)
		return;
	pages_unmap(templates->at, templates->mapped.at);
	pages_unmap(templates->data, templates->mapped.data);
	pages_unmap(templates->buckets, templates->mapped.buckets);
	pages_unmap(templates, templates->mapped.self);
}

static struct template *
at(const struct templates *templates, uint32_t n)
{
	return &templates->at[n - 1];
}

static uint32_t
number_of(const struct templates *templates, const struct template *template)
{
	return (uint32_t)(template - templates->at) + 1;
}

/* The low half of the hash; the owner is told by the high one. */
static uint32_t *
bucket_of(const struct templates *templates, uint64_t hash)
{
	return &templates->buckets[(uint32_t)hash & templates->bucket_mask];
}

static uint64_t
hash_of(const struct lb *lb, const struct template_key *key, const uint8_t *data)
{
	const uint8_t *bytes = (const void *)key;
	const uint64_t *seed = lb->template_seed;
	uint64_t hash = hash_fold(load64(bytes) ^ seed[0], load64(bytes + 8) ^ seed[1]);

	hash ^= hash_fold(load64(bytes + 16) ^ seed[1], load64(bytes + 24) ^ seed[2]);
	hash = hash_fold(hash ^ seed[2], load64(bytes + 32) ^ seed[3]);
	for (uint32_t i = 0; i < key->data_length; i++)
		hash = hash_fold(hash ^ data[i], seed[i % 4]);
	return hash_fold(hash ^ seed[3], seed[0]);
}

/* The client's network (kernel: the template's caddr). */
static union ip_bits
network_of(const struct service *svc, const struct flow *flow)
{
	union ip_bits network = { .half = { 0 } };
	uint32_t bits = svc->netmask < 128 ? svc->netmask : 128;

	if (flow->family == AF_INET) {
		network.v4 = flow->src.v4 & svc->netmask;
		return network;
	}
	memcpy(network.bytes, flow->src.bytes, bits / 8);
	if (bits % 8 != 0)
		network.bytes[bits / 8] = flow->src.bytes[bits / 8] & (uint8_t)(0xff00 >> bits % 8);
	return network;
}

void
template_ask(const struct lb *lb, const struct service *svc, const struct flow *flow, const void *payload,
	     uint32_t length, struct template_request *ret)
{
	struct template_key *key = &ret->key;

	memset(ret, 0, sizeof(*ret));
	key->client = network_of(svc, flow);
	key->family = flow->family;
	if (svc->key.fwmark != 0) {
		key->service.v4 = rte_cpu_to_be_32(svc->key.fwmark);
	} else {
		key->service = flow->dst;
		key->proto = flow->proto;
		/* FTP's data connections go with those that control them */
		if (flow->dport == svc->key.port && svc->key.port != SERVICE_PORT_FTP)
			key->port = flow->dport;
	}
	if (svc->engine && svc->engine->read(flow->proto, payload, length, &ret->data, &key->data_length))
		ret->engine = svc->engine;
	ret->hash = hash_of(lb, key, ret->data);
}

static uint8_t
engine_of(const struct template_request *request)
{
	return request->engine ? request->engine->number : 0;
}

static bool
matches(const struct templates *templates, const struct template *template, const struct template_request *request)
{
	return memcmp(&template->key, &request->key, sizeof(template->key)) == 0 &&
	       template->engine == engine_of(request) &&
	       (!request->data || memcmp(templates->data[number_of(templates, template) - 1], request->data,
					 request->key.data_length) == 0);
}

static struct template *
find(const struct templates *templates, const struct template_request *request)
{
	for (uint32_t n = *bucket_of(templates, request->hash); n != 0; n = at(templates, n)->next) {
		if (matches(templates, at(templates, n), request))
			return at(templates, n);
	}
	return NULL;
}

/* Whether new connections may go where the template says (ip_vs_check_template()). */
static const struct dest *
good_dest(const struct worker *self, const struct template *template)
{
	const struct dest *dest = dest_get(self->lb, template->dest);

	if (dest && dest->weight == 0 &&
	    (fetch(self->lb->knobs)->expire_quiescent_template ||
	     dest_rule_action(dest_rule(self->lb, dest->id)) != QUIESCENT_KEEP))
		return NULL;
	return dest;
}

static struct template *
add(struct templates *templates, const struct template_request *request)
{
	uint32_t n = templates->free, *bucket = bucket_of(templates, request->hash);
	struct template *template;

	if (n != 0)
		templates->free = at(templates, n)->next;
	else if (templates->high < templates->capacity)
		n = ++templates->high;
	else
		return NULL;
	template = at(templates, n);
	template->key = request->key;
	template->engine = engine_of(request);
	template->assured = false;
	if (request->data)
		memcpy(templates->data[n - 1], request->data, request->key.data_length);
	template->next = *bucket;
	*bucket = n;
	templates->n_used++;
	return template;
}

/* From now on its server is DEST. */
static void
settle(struct worker *self, struct template *template, const struct dest *dest)
{
	if (template->dest != 0)
		self->loads[DEST_INDEX(template->dest)].persistent--;
	self->loads[DEST_INDEX(dest->id)].persistent++;
	template->dest = dest->id;
}

int
template_take(struct worker *self, const struct service *svc, const struct flow *flow,
	      const struct template_request *request, const struct dest **ret_dest, uint32_t *ret_number)
{
	struct templates *templates = self->templates;
	struct template *template = find(templates, request);
	const struct dest *dest = template ? good_dest(self, template) : NULL;

	if (!dest) {
		dest = svc->scheduler ? svc->scheduler->pick(self, svc, flow) : NULL;
		if (!dest)
			return -DROP_NO_DEST;
		if (!template)
			template = add(templates, request);
		if (!template)
			return -DROP_TEMPLATES_FULL;
		settle(self, template, dest);
	}
	template->used_ms = self->now_ms;
	template->timeout_ms = RTE_MIN(svc->timeout_s, TIMEOUT_MAX_S) * 1000;
	*ret_dest = dest;
	*ret_number = templates->first + number_of(templates, template) - 1;
	return 0;
}

static void
forget(struct worker *self, struct template *template)
{
	struct templates *templates = self->templates;
	uint32_t n = number_of(templates, template);
	uint32_t *link = bucket_of(templates, hash_of(self->lb, &template->key, templates->data[n - 1]));

	while (*link != n)
		link = &at(templates, *link)->next;
	*link = template->next;
	self->loads[DEST_INDEX(template->dest)].persistent--;
	template->dest = 0;
	template->next = templates->free;
	templates->free = n;
	templates->n_used--;
}

/* How many are due for a look in this turn: each about once a second. */
static uint32_t
sweep_quota(const struct worker *self, struct templates *templates)
{
	uint32_t elapsed = self->now_ms - templates->sweep_ms;
	uint64_t due = elapsed > 0 ? ((uint64_t)templates->high * elapsed >> 10) + 1 : 0;

	templates->sweep_ms = self->now_ms;
	return due < SWEEP_MAX ? (uint32_t)due : SWEEP_MAX;
}

/* One that timed out waits for its connections, a minute at a time. */
static void
look_at(struct worker *self, struct template *template)
{
	struct templates *templates = self->templates;
	uint32_t idle = self->now_ms - template->used_ms, uses;
	bool over = idle > template->timeout_ms, assured;

	if (!over && template->assured)
		return;
	uses = template_uses(self->lb, templates->first + number_of(templates, template) - 1, &assured);
	template->assured |= assured;
	if (!over && (uses > 0 || !defence_drops_template(self, template->key.proto, idle, template->assured)))
		return;
	if (uses == 0) {
		forget(self, template);
		return;
	}
	template->used_ms = self->now_ms;
	template->timeout_ms = EXTENDED_MS;
}

void
templates_sweep(struct worker *self)
{
	struct templates *templates = self->templates;

	if (templates->n_used == 0)
		return;
	for (uint32_t left = sweep_quota(self, templates); left > 0; left--) {
		struct template *template;

		if (templates->sweep >= templates->high)
			templates->sweep = 0;
		template = &templates->at[templates->sweep++];
		if (template->dest != 0)
			look_at(self, template);
	}
}

uint32_t
templates_high(const struct templates *templates)
{
	return __atomic_load_n(&templates->high, __ATOMIC_RELAXED);
}

bool
template_read(const struct worker *worker, uint32_t n, struct template_view *ret)
{
	const struct templates *templates = worker->templates;
	const volatile struct template *template = &templates->at[n];
	uint32_t dest = template->dest, idle = worker->now_ms - template->used_ms, timeout = template->timeout_ms;

	if (dest == 0)
		return false;
	memset(ret, 0, sizeof(*ret));
	memcpy(&ret->key, (const void *)&templates->at[n].key, sizeof(ret->key));
	memcpy(ret->data, templates->data[n], ret->key.data_length);
	ret->engine = persistence_engine_by_number(template->engine);
	ret->dest = dest;
	ret->expires_ms = idle < timeout ? timeout - idle : 0;
	(void)template_uses(worker->lb, templates->first + n, &ret->assured);
	ret->assured |= template->assured;
	return template->dest == dest && memcmp(&ret->key, (const void *)&templates->at[n].key, sizeof(ret->key)) == 0;
}
