/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Publishing services and finding them. A service is one allocation: the struct, its array of destinations, and the
 * array of those that take new connections.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "core/knobs.h"
#include "core/pages.h"
#include "core/worker.h"
#include "lb/address_set.h"
#include "lb/conn.h"
#include "lb/dest_rule.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "lb/lb.h"
#include "lb/mark.h"
#include "lb/quic.h"
#include "lb/removed.h"
#include "lb/reverse_map.h"
#include "lb/scheduler.h"
#include "lb/service.h"

#define SERVICE_BUCKETS_MIN 1024

/* A destination as it is published, with what only the control thread needs of it. */
struct dest_version {
	struct dest dest;
	struct dest_version *next; /* in service.replaced */
};

/* Behind all that the control side gives numbers to. Nothing schedules it: its place in the list of service 0 is beyond
 * any. */
static int
make_bypass(struct lb *lb)
{
	uint32_t index = lb->max_dests - 1;
	struct dest_version *version = calloc(1, sizeof(*version));

	if (!version)
		return -ENOMEM;
	version->dest.forward = FORWARD_BYPASS;
	version->dest.id = DEST_ID(index, 1);
	version->dest.weight = 1; /* nothing drains it */
	lb->dests[index] = &version->dest;
	lb->dest_live[index] = version->dest.id;
	lb->dest_position[index] = UINT32_MAX;
	lb->bypass = &version->dest;
	return 0;
}

int
lb_create(uint32_t max_services, uint32_t max_dests, struct rcu *rcu, struct lb **ret)
{
	struct lb *lb = calloc(1, sizeof(*lb));
	struct timespec now;
	uint32_t buckets = SERVICE_BUCKETS_MIN;
	struct knobs knobs;

	if (!lb)
		return -ENOMEM;
	knobs_preset(&knobs);
	while (buckets < max_services)
		buckets <<= 1;
	clock_gettime(CLOCK_REALTIME, &now);
	lb->seed = (uint32_t)now.tv_nsec;
	if (getrandom(lb->template_seed, sizeof(lb->template_seed), 0) != sizeof(lb->template_seed)) {
		free(lb);
		return -EIO;
	}
	lb->rcu = rcu;
	lb->max_services = max_services;
	max_dests += DEST_OWN;
	lb->max_dests = max_dests;
	lb->bucket_mask = buckets - 1;
	lb->buckets = calloc(buckets, sizeof(*lb->buckets));
	lb->services = calloc(max_services, sizeof(*lb->services));
	lb->dest_live_mapped = max_dests * sizeof(*lb->dest_live);
	lb->dest_live = pages_map("ipvsd-dest-live", &lb->dest_live_mapped, -1, false);
	lb->dests_mapped = max_dests * sizeof(*lb->dests);
	lb->dests = pages_map("ipvsd-dests", &lb->dests_mapped, -1, false);
	lb->tunnel_ends_mapped = max_dests * sizeof(*lb->tunnel_ends);
	lb->tunnel_ends = pages_map("ipvsd-tunnel-ends", &lb->tunnel_ends_mapped, -1, false);
	lb->dest_position_mapped = max_dests * sizeof(*lb->dest_position);
	lb->dest_position = pages_map("ipvsd-dest-position", &lb->dest_position_mapped, -1, false);
	lb->dest_rules_mapped = max_dests * sizeof(*lb->dest_rules);
	lb->dest_rules = pages_map("ipvsd-dest-rules", &lb->dest_rules_mapped, -1, false);
	if (!lb->buckets || !lb->services || !lb->dest_live || !lb->dests || !lb->tunnel_ends || !lb->dest_position ||
	    !lb->dest_rules || reverse_map_create(max_dests, &lb->reverse) < 0 ||
	    removed_create(max_services, &lb->removed) < 0 || address_set_create(max_dests, rcu, &lb->servers) < 0 ||
	    address_set_create(max_services, rcu, &lb->addresses) < 0 ||
	    timeouts_publish(lb, &(struct timeouts_spec){ .tcp_s = 900, .tcp_fin_s = 120, .udp_s = 300 }) < 0 ||
	    knobs_publish(lb, &knobs) < 0 || make_bypass(lb) < 0) {
		lb_destroy(lb);
		return -ENOMEM;
	}
	*ret = lb;
	return 0;
}

static void
service_free(void *object)
{
	struct service *svc = object;

	while (svc->replaced) {
		struct dest_version *version = svc->replaced;

		svc->replaced = version->next;
		free(version);
	}
	if (svc->scheduler && svc->scheduler->state_free)
		svc->scheduler->state_free(svc->scheduler_state);
	quic_index_free(svc->quic_index);
	free(svc);
}

void
lb_destroy(struct lb *lb)
{
	if (!lb)
		return;
	for (uint32_t i = 0; lb->services && i < lb->max_services; i++) {
		if (lb->services[i])
			service_free(lb->services[i]);
	}
	for (uint32_t i = 0; lb->dests && i < lb->max_dests; i++)
		free(lb->dests[i]);
	laddrs_free(lb->laddrs);
	marks_destroy(lb->marks);
	reverse_map_destroy(lb->reverse);
	removed_destroy(lb->removed);
	address_set_destroy(lb->servers);
	address_set_destroy(lb->addresses);
	pages_unmap(lb->dest_live, lb->dest_live_mapped);
	pages_unmap(lb->dests, lb->dests_mapped);
	pages_unmap(lb->tunnel_ends, lb->tunnel_ends_mapped);
	pages_unmap(lb->dest_position, lb->dest_position_mapped);
	pages_unmap(lb->dest_rules, lb->dest_rules_mapped);
	free(lb->timeouts);
	free(lb->knobs);
	free(lb->services);
	free(lb->buckets);
	free(lb);
}

static void
marks_free(void *object)
{
	marks_destroy(object);
}

void
lb_set_marks(struct lb *lb, struct marks *marks)
{
	struct marks *old = lb->marks;

	publish(lb->marks, marks);
	if (old)
		rcu_defer(lb->rcu, marks_free, old);
}

void
lb_set_quic(struct lb *lb, const struct quic_codings *codings)
{
	lb->quic = codings;
}

void
lb_attach_workers(struct lb *lb, struct worker *const *workers, uint32_t n_workers)
{
	lb->workers = workers;
	lb->n_workers = n_workers;
}

bool
lb_is_server(const struct lb *lb, uint16_t family, const union ip_bits *address)
{
	return address_set_has(lb->servers, family, address);
}

bool
lb_has_address(const struct lb *lb, uint16_t family, const union ip_bits *address)
{
	return address_set_has(lb->addresses, family, address);
}

bool
dest_alive(const struct lb *lb, uint32_t id)
{
	return dest_is_live(lb, id);
}

const struct dest *
dest_get(const struct lb *lb, uint32_t id)
{
	return dest_alive(lb, id) ? fetch(lb->dests[DEST_INDEX(id)]) : NULL;
}

/* A worker may find OLD in its service's list for as long as that version of the service is published, and a turn
 * longer: OLD is freed with it. */
static void
dest_retire(struct lb *lb, struct dest *old, bool alive)
{
	struct dest_version *version = (struct dest_version *)old;
	struct service *svc = alive && old->service < lb->max_services ? lb->services[old->service] : NULL;

	if (!svc) {
		rcu_defer(lb->rcu, free, version);
		return;
	}
	version->next = svc->replaced;
	svc->replaced = version;
}

int
dest_publish(struct lb *lb, const struct dest *dest, const struct dest **ret)
{
	uint32_t index = DEST_INDEX(dest->id);
	struct dest_version *copy;
	struct dest *old;
	bool alive;

	if (index >= lb->max_dests - DEST_OWN)
		return -ENOSPC;
	copy = calloc(1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	alive = lb->dest_live[index] != 0;
	/* One that is alive under the same id has its address, which can't change, in the set already. */
	if (!dest_alive(lb, dest->id) && address_set_add(lb->servers, &dest->addr) < 0) {
		free(copy);
		return -ENOMEM;
	}
	copy->dest = *dest;
	if (!dest_alive(lb, dest->id))
		tunnel_end_clear(&lb->tunnel_ends[index]);
	if (dest->forward == FORWARD_TUNNEL)
		tunnel_end_set(&lb->tunnel_ends[index], dest);
	else
		tunnel_end_keep(&lb->tunnel_ends[index], dest);
	old = lb->dests[index];
	publish(lb->dests[index], &copy->dest);
	__atomic_store_n(&lb->dest_live[index], dest->id, __ATOMIC_RELEASE);
	if (old)
		dest_retire(lb, old, alive);
	*ret = &copy->dest;
	return 0;
}

void
dest_retract(struct lb *lb, uint32_t id)
{
	if (!dest_alive(lb, id))
		return;
	__atomic_store_n(&lb->dest_live[DEST_INDEX(id)], 0, __ATOMIC_RELEASE);
	tunnel_end_clear(&lb->tunnel_ends[DEST_INDEX(id)]);
	address_set_remove(lb->servers, &lb->dests[DEST_INDEX(id)]->addr);
	dest_rule_retract(lb, id);
}

/* Those with servers of the other family are in the table of IPv6. */
static uint32_t
table_for(const struct service_spec *spec, const struct dest *dest)
{
	const struct forward *forward = dest ? forward_to(dest, spec->key.family) : NULL;

	return spec->key.family == AF_INET6 || (forward && (forward->cold_flags & COLD_MAPPED)) ? TABLE_IPV6
												: TABLE_IPV4;
}

static struct service *
service_build(const struct service_spec *spec, const struct dest *const *dests, uint32_t n_dests)
{
	size_t array = n_dests * sizeof(*dests);
	struct service *svc = calloc(1, sizeof(*svc) + 2 * array);
	const struct dest **all, **ready;

	if (!svc)
		return NULL;
	all = (const struct dest **)(void *)(svc + 1);
	ready = all + n_dests;
	if (n_dests > 0)
		memcpy(all, dests, array);
	for (uint32_t i = 0; i < n_dests; i++) {
		if (dests[i]->weight > 0)
			ready[svc->n_ready++] = dests[i];
		svc->is_gateway |= dests[i]->forward == FORWARD_SNAT;
		svc->tables |= (uint8_t)(1u << table_for(spec, dests[i]));
	}
	if (n_dests == 0)
		svc->tables = (uint8_t)(1u << table_for(spec, NULL));
	svc->is_gateway |= spec->is_gateway;
	svc->is_blank = spec->key.fwmark != 0 && n_dests == 0 && !spec->had_dests;
	svc->key = spec->key;
	svc->index = spec->index;
	svc->flags = spec->flags;
	svc->timeout_s = spec->timeout_s;
	svc->netmask = spec->netmask;
	svc->scheduler = spec->scheduler;
	svc->engine = spec->engine;
	svc->options = spec->options;
	svc->dests = all;
	svc->n_dests = n_dests;
	svc->ready = ready;
	return svc;
}

/* Takes the version of the same index out of its chain; the chain stays whole for readers. */
static void
unchain(struct lb *lb, struct service *old)
{
	struct service **link = service_bucket(lb, &old->key);

	while (*link != old)
		link = &(*link)->hash_next;
	publish(*link, old->hash_next);
}

static struct ip_addr
service_address(const struct service *svc)
{
	return (struct ip_addr){ .family = svc->key.family, .ip = svc->key.addr };
}

/* Whether both list the same, unchanged: a destination that changes is another object. */
static bool
same_list(const struct service *a, const struct service *b)
{
	return a->n_dests == b->n_dests && memcmp(a->dests, b->dests, a->n_dests * sizeof(*a->dests)) == 0;
}

/* What tells a worker that the place it remembers is of another list. */
static void
number_version(struct lb *lb, struct service *svc, const struct service *old)
{
	bool goes_on = old && old->scheduler == svc->scheduler;

	svc->version = goes_on && same_list(svc, old) ? old->version : ++lb->list_versions;
	svc->since = goes_on ? old->since : svc->version;
}

/* Builds what the service's scheduler and connection IDs need, and enters its address and servers where they are looked
 * for. */
static int
service_prepare(struct lb *lb, struct service *svc, const struct service *old)
{
	struct ip_addr address = service_address(svc);
	int err = svc->scheduler && svc->scheduler->state_new ? svc->scheduler->state_new(svc, old, lb->n_workers) : 0;

	svc->quic = quic_coding_by_name(lb->quic, svc->options.quic);
	if (err == 0 && svc->quic)
		err = quic_index_new(svc, &svc->quic_index);
	if (err == 0)
		err = address_set_add(lb->addresses, &address);
	if (err < 0)
		return err;
	err = reverse_map_update(lb, old, svc);
	if (err < 0)
		address_set_remove(lb->addresses, &address);
	return err;
}

/* What service_for() has to look for. The workers see a service before its count, and lose it after. */
static void
count_kinds(struct lb *lb, const struct service_key *key, int by)
{
	uint32_t *count = key->fwmark != 0		  ? &lb->n_marked
			  : key->port == 0		  ? &lb->n_any_port
			  : key->port == SERVICE_PORT_FTP ? &lb->n_ftp
							  : NULL;

	if (count)
		__atomic_store_n(count, *count + (uint32_t)by, __ATOMIC_RELEASE);
}

static void
service_retire(struct lb *lb, struct service *old)
{
	struct ip_addr address = service_address(old);

	count_kinds(lb, &old->key, -1);
	address_set_remove(lb->addresses, &address);
	rcu_defer(lb->rcu, service_free, old);
}

int
service_publish(struct lb *lb, const struct service_spec *spec, const struct dest *const *dests, uint32_t n_dests)
{
	struct service *svc, *old, **link;
	int err;

	if (spec->index >= lb->max_services)
		return -ENOSPC;
	svc = service_build(spec, dests, n_dests);
	if (!svc)
		return -ENOMEM;
	number_version(lb, svc, lb->services[spec->index]);
	err = service_prepare(lb, svc, lb->services[spec->index]);
	if (err < 0) {
		service_free(svc);
		return err;
	}
	old = lb->services[spec->index];
	link = service_bucket(lb, &svc->key);
	if (old && service_key_equal(&old->key, &svc->key)) {
		while (*link != old)
			link = &(*link)->hash_next;
		svc->hash_next = old->hash_next;
		publish(*link, svc);
	} else {
		svc->hash_next = *link;
		publish(*link, svc);
		if (old)
			unchain(lb, old);
	}
	publish(lb->services[spec->index], svc);
	dest_rules_set(lb, svc);
	count_kinds(lb, &svc->key, 1);
	for (uint32_t i = 0; i < svc->n_ready; i++)
		__atomic_store_n(&lb->dest_position[DEST_INDEX(svc->ready[i]->id)], i, __ATOMIC_RELAXED);
	if (old)
		service_retire(lb, old);
	return 0;
}

void
service_retract(struct lb *lb, uint32_t index)
{
	struct service *old = index < lb->max_services ? lb->services[index] : NULL;

	if (!old)
		return;
	unchain(lb, old);
	reverse_map_forget(lb, old);
	publish(lb->services[index], NULL);
	service_retire(lb, old);
}

void
dest_load_sum(const struct lb *lb, uint32_t index, struct dest_load *ret)
{
	memset(ret, 0, sizeof(*ret));
	for (uint32_t i = 0; i < lb->n_workers; i++) {
		const struct dest_load *load = &lb->workers[i]->loads[index];

		ret->in_packets += load->in_packets;
		ret->out_packets += load->out_packets;
		ret->in_bytes += load->in_bytes;
		ret->out_bytes += load->out_bytes;
		ret->connections += load->connections;
		ret->active += load->active;
		ret->inactive += load->inactive;
		ret->persistent += load->persistent;
	}
}
