/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Services of the model: see ipvs_model.h, and ip_vs_add_service(), ip_vs_edit_service() of the kernel.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/ip_vs.h>
#include <rte_jhash.h>

#include "control/ipvs_model.h"
#include "core/log.h"
#include "lb/persistence.h"
#include "lb/removed.h"
#include "lb/scheduler.h"

uint32_t
ipvs_key_hash(const struct ipvs_key *key)
{
	uint32_t hash = rte_jhash_32b(key->addr.word, 4, key->fwmark);

	return rte_jhash_3words(key->family, key->protocol, key->port, hash);
}

bool
ipvs_key_equal(const struct ipvs_key *a, const struct ipvs_key *b)
{
	return ip_bits_equal(&a->addr, &b->addr) && a->fwmark == b->fwmark && a->port == b->port &&
	       a->family == b->family && a->protocol == b->protocol;
}

static struct ipvs_service *
service_of(struct hash_node *node)
{
	return (struct ipvs_service *)(void *)((char *)node - offsetof(struct ipvs_service, node));
}

struct ipvs_service *
ipvs_service_find(const struct ipvs_model *model, const struct ipvs_key *key)
{
	struct hash_node *node = hash_index_first(&model->service_index, ipvs_key_hash(key));

	for (; node; node = hash_index_next(node))
		if (ipvs_key_equal(&service_of(node)->key, key))
			return service_of(node);
	return NULL;
}

/* What the names of a setup stand for; NULL: none. */
struct plug_ins {
	const struct scheduler *scheduler;
	const struct persistence_engine *engine;
};

/* The checks in the kernel's order: scheduler, persistence engine, netmask. */
static int
check_setup(const struct ipvs_service_setup *setup, uint16_t family, struct plug_ins *ret)
{
	*ret = (struct plug_ins){ .scheduler = NULL };
	if (strcmp(setup->scheduler, "none") != 0) {
		ret->scheduler = scheduler_by_name(setup->scheduler);
		if (!ret->scheduler)
			return -ENOENT;
	}
	if (setup->persistence_engine && setup->persistence_engine[0] != '\0') {
		ret->engine = persistence_engine_by_name(setup->persistence_engine);
		if (!ret->engine)
			return -ENOENT;
	}
	if (family == AF_INET6 && (setup->netmask < 1 || setup->netmask > 128))
		return -EINVAL;
	return 0;
}

static void
apply_setup(struct ipvs_model *model, struct ipvs_service *service, const struct ipvs_service_setup *setup,
	    const struct plug_ins *plug_ins)
{
	if (memcmp(&service->match, &setup->match, sizeof(service->match)) != 0) {
		/* What is restored has no connections yet. */
		if (service->match.is_set && service->n_joined > 0 && service->published && !service->moved) {
			service->moved = true;
			removed_mark_moves(model->lb, 1);
		}
		service->match = setup->match;
		model->marks_dirty = true;
	}
	service->scheduler = plug_ins->scheduler;
	service->engine = plug_ins->engine;
	service->flags = setup->flags | IP_VS_SVC_F_HASHED;
	service->timeout_s = setup->timeout_s;
	service->netmask = setup->netmask;
	service->options = setup->options;
	service->unconfirmed = false;
}

static void
told_service(const struct ipvs_model *model, const struct ipvs_service *service)
{
	if (model->observer)
		model->observer->service(model->observer->arg, service);
}

/* INDEX is the service's from now on. */
static int
add_service(struct ipvs_model *model, uint32_t index, const struct ipvs_key *key,
	    const struct ipvs_service_setup *setup, const struct plug_ins *plug_ins, struct ipvs_service **ret)
{
	struct ipvs_service *service = calloc(1, sizeof(*service));

	if (!service) {
		number_pool_put(&model->service_numbers, index);
		return -ENOMEM;
	}
	service->key = *key;
	service->index = index;
	service->serial = ++model->next_serial;
	TAILQ_INIT(&service->dests);
	apply_setup(model, service, setup, plug_ins);
	hash_index_add(&model->service_index, &service->node, ipvs_key_hash(key));
	model->services[index] = service;
	if (model->services_high <= index)
		model->services_high = index + 1;
	model->n_services++;
	ipvs_service_touch(model, service);
	told_service(model, service);
	*ret = service;
	return 0;
}

int
ipvs_service_add(struct ipvs_model *model, const struct ipvs_key *key, const struct ipvs_service_setup *setup,
		 struct ipvs_service **ret)
{
	struct plug_ins plug_ins;
	uint32_t index;
	int err = check_setup(setup, key->family, &plug_ins);

	if (err < 0)
		return err;
	if (number_pool_get(&model->service_numbers, &index) < 0) {
		log_warning("ipvs", "no room for another service: raise limits.services (%u) and restart",
			    model->limits.services);
		return -ENOMEM;
	}
	return add_service(model, index, key, setup, &plug_ins, ret);
}

int
ipvs_service_add_at(struct ipvs_model *model, uint32_t index, const struct ipvs_key *key,
		    const struct ipvs_service_setup *setup, struct ipvs_service **ret)
{
	struct plug_ins plug_ins;
	int err = check_setup(setup, key->family, &plug_ins);

	if (err < 0)
		return err;
	if (ipvs_service_find(model, key))
		return -EEXIST;
	err = number_pool_claim(&model->service_numbers, index);
	if (err < 0)
		return err;
	return add_service(model, index, key, setup, &plug_ins, ret);
}

int
ipvs_service_edit(struct ipvs_model *model, struct ipvs_service *service, const struct ipvs_service_setup *setup)
{
	struct plug_ins plug_ins;
	int err = check_setup(setup, service->key.family, &plug_ins);

	if (err < 0)
		return err;
	if (plug_ins.scheduler && plug_ins.scheduler->max_dests != 0 &&
	    service->n_dests > plug_ins.scheduler->max_dests)
		return -EINVAL;
	apply_setup(model, service, setup, &plug_ins);
	ipvs_service_touch(model, service);
	told_service(model, service);
	return 0;
}

void
ipvs_service_remove(struct ipvs_model *model, struct ipvs_service *service)
{
	struct ipvs_dest *dest;

	while ((dest = TAILQ_FIRST(&service->dests)) != NULL)
		ipvs_dest_detach(model, dest);
	if (model->observer)
		model->observer->service_removed(model->observer->arg, service);
	hash_index_remove(&model->service_index, &service->node);
	model->services[service->index] = NULL;
	model->n_services--;
	model->marks_dirty |= service->match.is_set;
	service->removed = true;
	/* its number is free when the workers have lost it */
	ipvs_service_touch(model, service);
}

struct ipvs_service *
ipvs_service_next(const struct ipvs_model *model, uint64_t *index)
{
	for (; *index < model->services_high; ++*index)
		if (model->services[*index])
			return model->services[(*index)++];
	return NULL;
}

static int
by_serial(const void *a, const void *b)
{
	const struct ipvs_service *const *one = a, *const *other = b;

	return (*one)->serial < (*other)->serial ? -1 : (*one)->serial > (*other)->serial;
}

struct ipvs_service **
ipvs_services_by_age(const struct ipvs_model *model)
{
	struct ipvs_service **services = calloc(model->n_services + 1u, sizeof(struct ipvs_service *)), *service;
	uint64_t index = 0;
	uint32_t n = 0;

	if (!services)
		return NULL;
	while ((service = ipvs_service_next(model, &index)) != NULL)
		services[n++] = service;
	qsort(services, n, sizeof(struct ipvs_service *), by_serial);
	return services;
}

/* The counts since the service was made. */
static struct ipvs_stats
service_counts(const struct ipvs_model *model, const struct ipvs_service *service, uint32_t *ret_moved)
{
	struct ipvs_stats sum = service->past;
	struct ipvs_dest *dest;

	*ret_moved = 0;
	TAILQ_FOREACH (dest, &service->dests, link) {
		struct ipvs_stats counts, here;

		ipvs_dest_counts(model, dest, &counts);
		*ret_moved += ipvs_estimator_moved(&dest->estimator, &counts);
		here = ipvs_stats_since(&counts, &dest->joined);
		ipvs_stats_add(&sum, &here);
	}
	return sum;
}

uint32_t
ipvs_service_stats(const struct ipvs_model *model, const struct ipvs_service *service, struct ipvs_stats *ret_counts,
		   struct ipvs_rates *ret_rates)
{
	uint32_t moved;
	struct ipvs_stats counts = service_counts(model, service, &moved);
	struct ipvs_estimator sum = { .conns = 0 };
	struct ipvs_dest *dest;

	*ret_counts = ipvs_stats_since(&counts, &service->zero);
	TAILQ_FOREACH (dest, &service->dests, link)
		ipvs_estimator_add(&sum, &dest->estimator);
	*ret_rates = ipvs_estimator_rates(&sum);
	return moved;
}

void
ipvs_service_zero(struct ipvs_model *model, struct ipvs_service *service)
{
	struct ipvs_dest *dest;
	uint32_t moved;

	service->zero = service_counts(model, service, &moved);
	TAILQ_FOREACH (dest, &service->dests, link)
		ipvs_dest_zero(model, dest);
}
