/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The model as a whole: see ipvs_model.h. Services are in ipvs_model_services.c, destinations in ipvs_model_dests.c,
 * publication in ipvs_model_publish.c.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include "control/ipvs_model.h"

#define TICKS_A_SECOND 10u
#define ESTIMATE_SLICES 20u /* of ticks of 100 ms: every destination each two seconds */

static int
allocate(struct ipvs_model *model)
{
	const struct ipvs_limits *limits = &model->limits;

	model->services = calloc(limits->services + 1u, sizeof(*model->services));
	model->dests = calloc(limits->dests + 1u, sizeof(*model->dests));
	model->generations = calloc(limits->dests + 1u, sizeof(*model->generations));
	if (!model->services || !model->dests || !model->generations || hash_index_init(&model->service_index) < 0 ||
	    hash_index_init(&model->dest_index) < 0 || hash_index_init(&model->trash_index) < 0 ||
	    number_pool_init(&model->service_numbers, limits->services) < 0 ||
	    number_pool_init(&model->dest_numbers, limits->dests) < 0)
		return -ENOMEM;
	return 0;
}

int
ipvs_model_create(struct lb *lb, const struct ipvs_limits *limits, struct ipvs_model **ret)
{
	struct ipvs_model *model = calloc(1, sizeof(*model));
	struct knobs knobs;

	if (!model)
		return -ENOMEM;
	model->lb = lb;
	model->limits = *limits;
	model->timeouts = (struct timeouts_spec){ .tcp_s = 900, .tcp_fin_s = 120, .udp_s = 300 };
	model->timeouts_dirty = true;
	knobs_preset(&knobs);
	ipvs_knobs_begin(model, &knobs);
	TAILQ_INIT(&model->dirty_services);
	TAILQ_INIT(&model->dirty_dests);
	TAILQ_INIT(&model->trash);
	LIST_INIT(&model->cursors);
	if (allocate(model) < 0) {
		ipvs_model_destroy(model);
		return -ENOMEM;
	}
	*ret = model;
	return 0;
}

void
ipvs_model_destroy(struct ipvs_model *model)
{
	struct ipvs_service *service;

	if (!model)
		return;
	if (model->dests)
		for (uint32_t i = 0; i < model->dests_high; i++)
			free(model->dests[i]);
	while ((service = TAILQ_FIRST(&model->dirty_services)) != NULL) {
		TAILQ_REMOVE(&model->dirty_services, service, dirty_link);
		if (service->removed)
			free(service);
	}
	if (model->services)
		for (uint32_t i = 0; i < model->services_high; i++)
			free(model->services[i]);
	number_pool_fini(&model->dest_numbers);
	number_pool_fini(&model->service_numbers);
	hash_index_fini(&model->trash_index);
	hash_index_fini(&model->dest_index);
	hash_index_fini(&model->service_index);
	free(model->generations);
	free(model->dests);
	free(model->services);
	free(model);
}

int
ipvs_timeouts_set(struct ipvs_model *model, const struct timeouts_spec *timeouts)
{
	/* what a kernel of 1000 Hz takes; the dataplane counts milliseconds in 32 bits too */
	const uint32_t longest = INT_MAX / 1000;

	if (timeouts->tcp_s > longest || timeouts->tcp_fin_s > longest || timeouts->udp_s > longest)
		return -EINVAL;
	if (timeouts->tcp_s)
		model->timeouts.tcp_s = timeouts->tcp_s;
	if (timeouts->tcp_fin_s)
		model->timeouts.tcp_fin_s = timeouts->tcp_fin_s;
	if (timeouts->udp_s)
		model->timeouts.udp_s = timeouts->udp_s;
	model->timeouts_dirty = true;
	if (model->observer)
		model->observer->timeouts(model->observer->arg, &model->timeouts);
	return 0;
}

void
ipvs_flush(struct ipvs_model *model)
{
	struct ipvs_service *service;
	uint64_t index = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL)
		ipvs_service_remove(model, service);
}

void
ipvs_zero_all(struct ipvs_model *model)
{
	struct ipvs_service *service;
	uint64_t index = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL)
		ipvs_service_zero(model, service);
	ipvs_totals_zero(model);
}

/* A slice of the destinations. */
static void
estimate(struct ipvs_model *model)
{
	uint64_t high = model->dests_high;
	uint32_t end = (uint32_t)(high * (model->slice + 1) / ESTIMATE_SLICES);

	for (uint32_t i = (uint32_t)(high * model->slice / ESTIMATE_SLICES); i < end; i++) {
		struct ipvs_dest *dest = model->dests[i];
		struct ipvs_stats counts;

		if (!dest || !dest->service)
			continue;
		ipvs_dest_counts(model, dest, &counts);
		ipvs_estimator_sample(&dest->estimator, &counts);
	}
	ipvs_totals_slice(model, model->slice, ESTIMATE_SLICES);
}

void
ipvs_model_tick(struct ipvs_model *model, uint64_t now_ms)
{
	model->now_ms = now_ms;
	/* whole rounds only, of which each takes what the last one left off at */
	if (model->slice == 0)
		model->estimating = model->knobs.run_estimation != 0;
	if (model->estimating)
		estimate(model);
	if (model->slice % TICKS_A_SECOND == 0)
		ipvs_defence_update(model);
	model->slice = (model->slice + 1) % ESTIMATE_SLICES;
	ipvs_trash_collect(model, TRASH_PERIOD_MS);
}

void
ipvs_dest_drop(struct ipvs_model *model, struct ipvs_dest *dest)
{
	ipvs_dest_detach(model, dest);
	TAILQ_REMOVE(&model->dirty_dests, dest, dirty_link);
	ipvs_trash_free(model, dest);
}

void
ipvs_service_drop(struct ipvs_model *model, struct ipvs_service *service)
{
	while (!TAILQ_EMPTY(&service->dests))
		ipvs_dest_drop(model, TAILQ_FIRST(&service->dests));
	ipvs_service_remove(model, service);
	TAILQ_REMOVE(&model->dirty_services, service, dirty_link);
	number_pool_put(&model->service_numbers, service->index);
	free(service);
}

void
ipvs_model_restored(struct ipvs_model *model)
{
	struct ipvs_service *service;
	struct ipvs_dest *dest;
	uint64_t index = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL) {
		service->unconfirmed = true;
		TAILQ_FOREACH (dest, &service->dests, link)
			dest->unconfirmed = true;
	}
	number_pool_claimed(&model->service_numbers);
	number_pool_claimed(&model->dest_numbers);
}

void
ipvs_model_doubt(struct ipvs_model *model, uint32_t pid)
{
	struct ipvs_service *service;
	struct ipvs_dest *dest;
	uint64_t index = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL) {
		service->unconfirmed |= service->pusher == pid;
		TAILQ_FOREACH (dest, &service->dests, link)
			dest->unconfirmed |= dest->pusher == pid;
	}
}

/* Another client may be in the middle of a push of its own. */
static bool
is_due(bool unconfirmed, uint32_t pusher, uint32_t pid)
{
	return unconfirmed && (pusher == 0 || pusher == pid);
}

static uint32_t
sweep_dests(struct ipvs_model *model, struct ipvs_service *service, uint32_t pid)
{
	struct ipvs_dest *dest = TAILQ_FIRST(&service->dests), *next;
	uint32_t n = 0;

	for (; dest; dest = next) {
		next = TAILQ_NEXT(dest, link);
		if (is_due(dest->unconfirmed, dest->pusher, pid)) {
			ipvs_dest_detach(model, dest);
			n++;
		}
	}
	return n;
}

uint32_t
ipvs_model_sweep(struct ipvs_model *model, uint32_t pid)
{
	struct ipvs_service *service;
	uint64_t index = 0;
	uint32_t n = 0;

	while ((service = ipvs_service_next(model, &index)) != NULL) {
		if (is_due(service->unconfirmed, service->pusher, pid)) {
			n += 1 + service->n_dests;
			ipvs_service_remove(model, service);
		} else {
			n += sweep_dests(model, service, pid);
		}
	}
	return n;
}
