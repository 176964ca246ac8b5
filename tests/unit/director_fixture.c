/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <stdlib.h>
#include <string.h>

#include "core/knobs.h"
#include "director_fixture.h"
#include "lb/conn_table.h"
#include "lb/scheduler.h"
#include "lb/template.h"

#define RETA_SIZE 128

/* Of full rank, so that every worker has local ports. */
static const uint8_t steering_key[STEERING_KEY_LENGTH] = {
	0x6d, 0x5a, 0x56, 0xda, 0x25, 0x5b, 0x0e, 0xc2, 0x41, 0x67, 0x25, 0x3d, 0x43, 0xa3, 0x8f, 0xb0, 0xd0, 0xca,
	0x2b, 0xcb, 0xae, 0x7b, 0x30, 0xb4, 0x77, 0xcb, 0x2d, 0xa3, 0x80, 0x30, 0xf2, 0x0c, 0x6a, 0x42, 0xb7, 0x3b,
	0xbe, 0xac, 0x01, 0xfa, 0x3c, 0x91, 0x4e, 0x77, 0x18, 0xe5, 0x02, 0x9b, 0x66, 0xd3, 0xaf, 0x50,
};

static struct worker *
worker_new(struct director *director, uint32_t index, uint32_t connections)
{
	static const uint64_t seed[3] = { 0x1122334455667788, 0x99aabbccddeeff00, 0x0f1e2d3c4b5a6978 };
	struct worker *self = aligned_alloc(64, sizeof(*self));

	assert_non_null(self);
	memset(self, 0, sizeof(*self));
	self->index = index;
	self->n_workers = director->n_workers;
	self->now_ms = 1000;
	self->random = 0x2545f491u + index;
	self->lb = director->lb;
	self->steering = director->steering;
	self->rcu = director->rcu;
	self->loads = aligned_alloc(64, (FIXTURE_DESTS + DEST_OWN) * sizeof(*self->loads));
	self->cursors = calloc(FIXTURE_SERVICES, sizeof(*self->cursors));
	assert_non_null(self->loads);
	assert_non_null(self->cursors);
	self->template_uses =
		calloc(template_numbers(FIXTURE_TEMPLATES, director->n_workers), sizeof(*self->template_uses));
	assert_non_null(self->template_uses);
	assert_int_equal(templates_create(FIXTURE_TEMPLATES, index, director->n_workers, -1, &self->templates), 0);
	memset(self->loads, 0, (FIXTURE_DESTS + DEST_OWN) * sizeof(*self->loads));
	for (int table = 0; table < TABLES; table++)
		assert_int_equal(conn_table_create(table == TABLE_IPV6, connections, connections, -1, false, seed,
						   &self->conns[table]),
				 0);
	return self;
}

struct director *
director_new(uint32_t n_workers, uint32_t connections)
{
	struct director *director = calloc(1, sizeof(*director));

	assert_non_null(director);
	director->n_workers = n_workers;
	director->rcu = rcu_create(n_workers);
	assert_non_null(director->rcu);
	assert_int_equal(lb_create(FIXTURE_SERVICES, FIXTURE_DESTS, director->rcu, &director->lb), 0);
	assert_int_equal(steering_create(steering_key, RETA_SIZE, n_workers, &director->steering), 0);
	lb_attach_workers(director->lb, director->workers, n_workers);
	for (uint32_t i = 0; i < n_workers; i++)
		director->workers[i] = worker_new(director, i, connections);
	return director;
}

void
director_free(struct director *director)
{
	for (uint32_t i = 0; i < director->n_workers; i++) {
		struct worker *self = director->workers[i];

		conn_table_destroy(self->conns[TABLE_IPV4]);
		conn_table_destroy(self->conns[TABLE_IPV6]);
		free(self->loads);
		free(self->cursors);
		free(self->template_uses);
		templates_destroy(self->templates);
		free(self);
	}
	rcu_destroy(director->rcu);
	lb_destroy(director->lb);
	steering_destroy(director->steering);
	free(director);
}

const struct dest *
director_dest(struct director *director, uint32_t service, uint32_t index, const struct dest_spec *spec)
{
	const struct dest dest = {
		.addr = address_of(spec->address),
		.port = rte_cpu_to_be_16(spec->port),
		.forward = spec->forward,
		.tunnel_type = spec->tunnel_type,
		.tunnel_port = rte_cpu_to_be_16(spec->tunnel_port),
		.tunnel_flags = spec->tunnel_flags,
		.id = DEST_ID(index, 1),
		.weight = spec->weight,
		.last_weight = spec->weight > 0 ? spec->weight : spec->weight_before,
		.upper = spec->upper,
		.lower = spec->lower,
		.service = service,
		.order = FIXTURE_DESTS - index,
	};
	const struct dest *published;

	assert_int_equal(dest_publish(director->lb, &dest, &published), 0);
	return published;
}

const struct service *
director_service(struct director *director, uint32_t index, uint8_t proto, const char *vip, uint16_t vport,
		 const char *scheduler, const struct dest *const *dests, uint32_t n_dests)
{
	const struct ip_addr address = address_of(vip);
	const struct service_spec spec = {
		.key = { .addr = address.ip,
			 .port = rte_cpu_to_be_16(vport),
			 .family = address.family,
			 .protocol = proto },
		.index = index,
		.flags = director->service_flags,
		.scheduler = scheduler_by_name(scheduler),
	};

	assert_non_null(spec.scheduler);
	assert_int_equal(service_publish(director->lb, &spec, dests, n_dests), 0);
	return director->lb->services[index];
}

const struct service *
director_serve(struct director *director, uint32_t index, uint8_t proto, const char *vip, uint16_t vport,
	       const char *scheduler, uint32_t first, const struct dest_spec *specs, uint32_t n_specs)
{
	const struct dest **dests = calloc(n_specs + 1, sizeof(*dests));
	const struct service *svc;

	assert_non_null(dests);
	for (uint32_t i = 0; i < n_specs; i++)
		dests[i] = director_dest(director, index, first + i, &specs[i]);
	svc = director_service(director, index, proto, vip, vport, scheduler, dests, n_specs);
	free(dests);
	return svc;
}

const struct service *
director_serve_as(struct director *director, const struct service_spec *spec, uint32_t first,
		  const struct dest_spec *specs, uint32_t n_specs)
{
	const struct dest **dests = calloc(n_specs + 1, sizeof(*dests));
	struct service_spec with_scheduler = *spec;

	assert_non_null(dests);
	if (!with_scheduler.scheduler)
		with_scheduler.scheduler = scheduler_by_name("rr");
	for (uint32_t i = 0; i < n_specs; i++)
		dests[i] = director_dest(director, spec->index, first + i, &specs[i]);
	assert_int_equal(service_publish(director->lb, &with_scheduler, dests, n_specs), 0);
	free(dests);
	return director->lb->services[spec->index];
}

struct ip_addr
address_of(const char *text)
{
	struct ip_addr address = { .family = strchr(text, ':') ? AF_INET6 : AF_INET };

	assert_int_equal(inet_pton(address.family, text, &address.ip), 1);
	return address;
}

struct flow
flow_of(uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport)
{
	struct ip_addr from = address_of(src), to = address_of(dst);

	return (struct flow){
		.src = from.ip,
		.dst = to.ip,
		.sport = rte_cpu_to_be_16(sport),
		.dport = rte_cpu_to_be_16(dport),
		.family = from.family,
		.proto = proto,
	};
}

void
director_knob(struct director *director, const char *name, int32_t value)
{
	const struct knob *knob = knob_by_name(name);
	struct knobs knobs = *director->lb->knobs;

	assert_non_null(knob);
	*knob_values(&knobs, knob) = value;
	assert_int_equal(knobs_publish(director->lb, &knobs), 0);
}
