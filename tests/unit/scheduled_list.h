/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A service whose scheduler is asked directly, and connections that are only counted.
 */
#ifndef SCHEDULED_LIST_H
#define SCHEDULED_LIST_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "director_fixture.h"
#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/scheduler.h"
#include "random_source.h"

#define MANY 10000

/* A service whose destination I (counted in list order) has index I and address 10.0.0.0 + I. */
struct list {
	struct director *director;
	const struct service *svc;
	struct dest_spec specs[MANY];
	char addresses[MANY][16];
	uint32_t n;
};

static inline void
publish_list(struct list *list, const char *scheduler)
{
	list->svc = director_serve(list->director, 0, IPPROTO_TCP, "192.0.2.1", 80, scheduler, 0, list->specs, list->n);
}

static inline struct list *
list_new(uint32_t n_workers, const char *scheduler, const int32_t *weights, uint32_t n)
{
	struct list *list = calloc(1, sizeof(*list));

	assert_non_null(list);
	list->director = director_new(n_workers, 1024);
	list->n = n;
	for (uint32_t i = 0; i < MANY; i++) {
		snprintf(list->addresses[i], sizeof(list->addresses[i]), "10.0.%u.%u", i / 256, i % 256);
		list->specs[i] = (struct dest_spec){ .address = list->addresses[i], .port = 80 };
		if (i < n)
			list->specs[i].weight = weights[i];
	}
	publish_list(list, scheduler);
	return list;
}

static inline void
list_free(struct list *list)
{
	director_free(list->director);
	free(list);
}

/* Place in the list of what WORKER picks, -1 for none. */
static inline int
pick_for(const struct list *list, uint32_t worker, const struct flow *flow)
{
	struct worker *self = list->director->workers[worker];
	const struct dest *dest = list->svc->scheduler->pick(self, list->svc, flow);

	return dest ? (int)DEST_INDEX(dest->id) : -1;
}

static inline int
pick(const struct list *list, uint32_t worker)
{
	static const struct flow flow = { .family = AF_INET, .proto = IPPROTO_TCP };

	return pick_for(list, worker, &flow);
}

/* For client NUMBER of the service. */
static inline int
pick_client(const struct list *list, uint32_t worker, uint32_t number)
{
	const struct flow flow = {
		.src.v4 = rte_cpu_to_be_32(0xc6330000 + number),
		.dst = list->svc->key.addr,
		.sport = rte_cpu_to_be_16((uint16_t)(1024 + number * 7)),
		.dport = list->svc->key.port,
		.family = AF_INET,
		.proto = IPPROTO_TCP,
	};

	return pick_for(list, worker, &flow);
}

static inline struct dest_load *
load_of(const struct list *list, uint32_t worker, uint32_t place)
{
	return &list->director->workers[worker]->loads[place];
}

/* Pretends that WORKER has so many connections more, and tells the scheduler as conn_open() does. */
static inline void
add_load(const struct list *list, uint32_t worker, uint32_t place, int32_t active, int32_t inactive)
{
	load_of(list, worker, place)->active += active;
	load_of(list, worker, place)->inactive += inactive;
	scheduler_load_changed(list->director->workers[worker], DEST_ID(place, 1));
}

/* The least loaded by the kernel's measure, the first among equals. */
static inline int
plain_wlc_pick(const struct list *list)
{
	uint64_t least = 0;
	int found = -1;

	for (uint32_t i = 0; i < list->n; i++) {
		const struct dest_load *load = load_of(list, 0, i);
		uint64_t overhead = ((uint64_t)load->active << 8) + (uint64_t)load->inactive;
		uint64_t weight = (uint64_t)list->specs[i].weight;

		if (weight == 0)
			continue;
		if (found < 0 || least * weight > overhead * (uint64_t)list->specs[found].weight) {
			found = (int)i;
			least = overhead;
		}
	}
	return found;
}

#endif
