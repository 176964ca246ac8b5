/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What changed in a turn becomes visible to the workers: destinations first, then the services that list them, and last
 * the destinations that no service lists any more are taken back. Those are remembered before, and those that have come back
 * forgotten after that, so that at no time a packet of their connections is taken for nobody's.
 */
#include <errno.h>
#include <stdlib.h>

#include "control/ipvs_model.h"
#include "core/cleanup.h"
#include "lb/removed.h"

TAILQ_HEAD(dest_list, ipvs_dest);

void
ipvs_service_touch(struct ipvs_model *model, struct ipvs_service *service)
{
	if (service->dirty)
		return;
	service->dirty = true;
	TAILQ_INSERT_TAIL(&model->dirty_services, service, dirty_link);
}

void
ipvs_dest_touch(struct ipvs_model *model, struct ipvs_dest *dest)
{
	if (dest->dirty)
		return;
	dest->dirty = true;
	TAILQ_INSERT_TAIL(&model->dirty_dests, dest, dirty_link);
}

/* As the workers have it. */
static struct service_key
published_key(const struct ipvs_key *key)
{
	return (struct service_key){
		.addr = key->addr,
		.fwmark = key->fwmark,
		.port = key->port,
		.family = key->family,
		.protocol = key->fwmark ? 0 : (uint8_t)key->protocol,
	};
}

static int
remember_removed(struct ipvs_model *model)
{
	struct ipvs_dest *dest;

	TAILQ_FOREACH (dest, &model->dirty_dests, dirty_link) {
		const struct service_key key = published_key(&dest->service_key);
		int err;

		if (dest->service || !dest->published || dest->remembered != 0 ||
		    dest->service_key.protocol > UINT8_MAX)
			continue;
		err = removed_add(model->lb, &key, dest->published);
		if (err < 0)
			return err;
		dest->remembered = 1 + dest->published->forward;
	}
	return 0;
}

void
ipvs_dest_forget(struct ipvs_model *model, struct ipvs_dest *dest)
{
	const struct service_key key = published_key(&dest->service_key);
	struct dest removed = dest->spec;

	if (dest->remembered == 0)
		return;
	removed.forward = dest->remembered - 1;
	removed_forget(model->lb, &key, &removed);
	dest->remembered = 0;
}

static void
retract_services(struct ipvs_model *model)
{
	struct ipvs_service *service, *next;

	for (service = TAILQ_FIRST(&model->dirty_services); service; service = next) {
		next = TAILQ_NEXT(service, dirty_link);
		if (!service->removed)
			continue;
		TAILQ_REMOVE(&model->dirty_services, service, dirty_link);
		if (service->published)
			service_retract(model->lb, service->index);
		if (service->moved)
			removed_mark_moves(model->lb, -1);
		number_pool_put(&model->service_numbers, service->index);
		free(service);
	}
}

/* Those that had been removed go over to BACK. */
static int
publish_dests(struct ipvs_model *model, struct dest_list *back)
{
	struct ipvs_dest *dest, *next;
	int err = 0;

	for (dest = TAILQ_FIRST(&model->dirty_dests); dest; dest = next) {
		int failed;

		next = TAILQ_NEXT(dest, dirty_link);
		if (!dest->service)
			continue;
		failed = dest_publish(model->lb, &dest->spec, &dest->published);
		if (failed < 0) {
			err = failed;
			continue;
		}
		TAILQ_REMOVE(&model->dirty_dests, dest, dirty_link);
		dest->dirty = false;
		if (dest->remembered != 0)
			TAILQ_INSERT_TAIL(back, dest, dirty_link);
	}
	return err;
}

static int
publish_service(struct ipvs_model *model, struct ipvs_service *service)
{
	struct service_spec spec = {
		.key = published_key(&service->key),
		.index = service->index,
		.flags = service->flags,
		.timeout_s = service->timeout_s,
		.netmask = service->netmask,
		.scheduler = service->scheduler,
		.engine = service->engine,
		.options = service->options,
		.is_gateway = service->is_gateway,
		.had_dests = service->n_joined > 0,
	};
	CLEANUP(free) void *memory = malloc((service->n_dests + 1u) * sizeof(const struct dest *));
	const struct dest **dests = memory;
	struct ipvs_dest *dest;
	uint32_t n = 0;
	int err;

	/* the interface takes any number, packets have eight bits */
	if (service->key.protocol > UINT8_MAX)
		return 0;
	if (!dests)
		return -ENOMEM;
	TAILQ_FOREACH (dest, &service->dests, link)
		if (dest->published)
			dests[n++] = dest->published;
	err = service_publish(model->lb, &spec, dests, n);
	if (err == 0)
		service->published = true;
	return err;
}

static int
publish_services(struct ipvs_model *model)
{
	struct ipvs_service *service, *next;
	int err = 0;

	for (service = TAILQ_FIRST(&model->dirty_services); service; service = next) {
		int failed = publish_service(model, service);

		next = TAILQ_NEXT(service, dirty_link);
		if (failed < 0) {
			err = failed;
			continue;
		}
		TAILQ_REMOVE(&model->dirty_services, service, dirty_link);
		service->dirty = false;
	}
	return err;
}

static void
retract_dests(struct ipvs_model *model)
{
	struct ipvs_dest *dest, *next;

	for (dest = TAILQ_FIRST(&model->dirty_dests); dest; dest = next) {
		next = TAILQ_NEXT(dest, dirty_link);
		if (dest->service)
			continue;
		TAILQ_REMOVE(&model->dirty_dests, dest, dirty_link);
		dest->dirty = false;
		if (dest->published)
			dest_retract(model->lb, dest->spec.id);
		dest->published = NULL;
	}
}

static void
forget(struct ipvs_model *model, struct dest_list *back)
{
	struct ipvs_dest *dest;

	while ((dest = TAILQ_FIRST(back)) != NULL) {
		TAILQ_REMOVE(back, dest, dirty_link);
		ipvs_dest_forget(model, dest);
	}
}

int
ipvs_model_publish(struct ipvs_model *model)
{
	struct dest_list back = TAILQ_HEAD_INITIALIZER(back);
	int marks_err, dests_err, services_err, err = ipvs_knobs_publish(model);

	if (err < 0)
		return err;
	if (model->timeouts_dirty) {
		err = timeouts_publish(model->lb, &model->timeouts);
		if (err < 0)
			return err;
		model->timeouts_dirty = false;
	}
	err = remember_removed(model);
	if (err < 0)
		return err;
	/* The rules of before stay if the new ones can't be compiled; everything else changes all the same. */
	marks_err = ipvs_marks_publish(model);
	retract_services(model);
	dests_err = publish_dests(model, &back);
	services_err = publish_services(model);
	/* Those whose service is not there yet stay remembered. */
	if (services_err < 0)
		return services_err;
	forget(model, &back);
	/* no published service lists them now */
	retract_dests(model);
	return dests_err < 0 ? dests_err : marks_err;
}
