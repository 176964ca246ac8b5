/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The rules by which packets get marks, from ipvsd.conf and from services by mark that say what they match, as one set for
 * the workers (lb/mark.h). The configuration's come first, then those of services in the order in which they were made.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control/ipvs_model.h"
#include "core/cleanup.h"
#include "core/log.h"

struct rule_list {
	struct mark_rule *rules;
	uint32_t n, room;
};

static int
add_rule(struct rule_list *list, const struct mark_rule *rule)
{
	if (list->n == list->room) {
		uint32_t room = list->room ? 2 * list->room : 64;
		struct mark_rule *rules = realloc(list->rules, room * sizeof(*rules));

		if (!rules)
			return -ENOMEM;
		list->rules = rules;
		list->room = room;
	}
	list->rules[list->n++] = *rule;
	return 0;
}

/* MARK_ANY_PORT for "". -ENODEV */
static int
find_port(const struct ipvs_model *model, const char *name, uint32_t *ret)
{
	int number = -ENODEV;

	*ret = MARK_ANY_PORT;
	if (name[0] == '\0')
		return 0;
	if (model->port_number)
		number = model->port_number(model->port_number_arg, name);
	if (number < 0)
		return -ENODEV;
	*ret = (uint32_t)number;
	return 0;
}

static int
add_configured(const struct ipvs_model *model, struct rule_list *list)
{
	for (uint32_t i = 0; i < model->n_config_marks; i++) {
		const struct config_mark *mark = &model->config_marks[i];
		struct mark_rule rule = {
			.mark = mark->mark,
			.proto = mark->protocol,
			.source = { mark->source, mark->source_length },
			.destination = { mark->destination, mark->destination_length },
			.first_source_port = mark->first_source_port,
			.last_source_port = mark->last_source_port,
			.first_port = mark->first_port,
			.last_port = mark->last_port,
		};
		int err = find_port(model, mark->port, &rule.port);

		if (err == 0)
			err = find_port(model, mark->out_port, &rule.out_port);
		if (err == 0)
			err = add_rule(list, &rule);
		if (err < 0)
			return err;
	}
	return 0;
}

/* Of any address there is one of length 0, which keeps the rule from the other family. */
static uint32_t
prefixes_of(const struct ip_addr *range, uint16_t family, struct mark_prefix *ret)
{
	if (range[0].family != 0)
		return ipvs_match_prefixes(&range[0], &range[1], ret);
	*ret = (struct mark_prefix){ .address = { .family = family } };
	return 1;
}

static int
add_service(const struct ipvs_model *model, struct ipvs_service *service, struct rule_list *list)
{
	struct mark_prefix sources[MATCH_PREFIXES_MAX], destinations[MATCH_PREFIXES_MAX];
	uint32_t n_sources = prefixes_of(service->match.source, service->key.family, sources);
	uint32_t n_destinations = prefixes_of(service->match.destination, service->key.family, destinations);
	struct mark_rule rule = {
		.mark = service->key.fwmark,
		.proto = service->match.protocol,
		.last_source_port = UINT16_MAX,
		.last_port = UINT16_MAX,
	};
	int err = 0;

	/* Restored, and the configuration has lost the port. */
	if (find_port(model, service->match.port, &rule.port) < 0 ||
	    find_port(model, service->match.out_port, &rule.out_port) < 0) {
		if (!service->told_no_port)
			log_warning("ipvs", "the service of mark %u matches nothing: there is no port \"%s\" or \"%s\"",
				    service->key.fwmark, service->match.port, service->match.out_port);
		service->told_no_port = true;
		return 0;
	}
	for (uint32_t i = 0; i < n_sources * n_destinations && err == 0; i++) {
		rule.source = sources[i / n_destinations];
		rule.destination = destinations[i % n_destinations];
		err = add_rule(list, &rule);
	}
	return err;
}

static int
add_services(const struct ipvs_model *model, struct rule_list *list)
{
	CLEANUP(free) void *memory = ipvs_services_by_age(model);
	struct ipvs_service **services = memory;
	int err = services ? 0 : -ENOMEM;

	for (uint32_t i = 0; i < model->n_services && err == 0; i++)
		if (services[i]->match.is_set)
			err = add_service(model, services[i], list);
	return err;
}

static int
compile(const struct ipvs_model *model, bool with_services, struct marks **ret)
{
	struct rule_list list = { .rules = NULL };
	int err = add_configured(model, &list);

	*ret = NULL;
	if (err == 0 && with_services)
		err = add_services(model, &list);
	if (err == 0 && list.n > 0)
		err = marks_create(list.rules, list.n, ret);
	if (err < 0)
		log_error("marks",
			  "the %u rules by which packets get marks can't be compiled: %s; use fewer or simpler ones",
			  list.n, strerror(-err));
	free(list.rules);
	return err;
}

int
ipvs_marks_publish(struct ipvs_model *model)
{
	struct marks *marks;
	int err;

	if (!model->marks_dirty)
		return 0;
	/* once for each change, whatever comes of it */
	model->marks_dirty = false;
	err = compile(model, true, &marks);
	if (err < 0 && !model->has_marks) {
		log_warning("marks",
			    "going on without the rules of services that were restored; add these services again");
		err = compile(model, false, &marks);
	}
	if (err < 0)
		return err;
	model->has_marks = true;
	lb_set_marks(model->lb, marks);
	return 0;
}
