/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A director without ports: load balancing state and workers that nobody runs. Tests call what a worker would call, in
 * its name. Needs no EAL.
 */
#ifndef DIRECTOR_FIXTURE_H
#define DIRECTOR_FIXTURE_H

#include <stdint.h>

#include "core/rcu.h"
#include "core/worker.h"
#include "lb/lb.h"
#include "port/steering.h"

#define FIXTURE_SERVICES 64
#define FIXTURE_DESTS 16384
#define FIXTURE_TEMPLATES 256

struct director {
	struct rcu *rcu;
	struct lb *lb;
	struct steering *steering;
	uint32_t n_workers;
	struct worker *workers[WORKERS_MAX];
	uint32_t service_flags; /* of services published from now on */
};

struct dest_spec {
	const char *address;
	uint16_t port; /* host order */
	int32_t weight;
	uint8_t forward; /* enum forward_method */
	uint32_t upper, lower;
	int32_t weight_before; /* of one whose weight is 0 now */
	uint8_t tunnel_type;
	uint16_t tunnel_port, tunnel_flags; /* the port in host order */
};

/* Room for CONNECTIONS of each family at each worker. The steering key is always the same one. */
struct director *director_new(uint32_t n_workers, uint32_t connections);
void director_free(struct director *director);

/* Publishes a destination of SERVICE under DEST_ID(index, 1). */
const struct dest *director_dest(struct director *director, uint32_t service, uint32_t index,
				 const struct dest_spec *spec);
/* Publishes service INDEX with these. */
const struct service *director_service(struct director *director, uint32_t index, uint8_t proto, const char *vip,
				       uint16_t vport, const char *scheduler, const struct dest *const *dests,
				       uint32_t n_dests);
/* Both: destinations with the indices FIRST, FIRST + 1, ... */
const struct service *director_serve(struct director *director, uint32_t index, uint8_t proto, const char *vip,
				     uint16_t vport, const char *scheduler, uint32_t first,
				     const struct dest_spec *specs, uint32_t n_specs);

/* The same with all settings; the scheduler is rr where SPEC has none. */
const struct service *director_serve_as(struct director *director, const struct service_spec *spec, uint32_t first,
					const struct dest_spec *specs, uint32_t n_specs);

/* Sets one of core/knobs.h. */
void director_knob(struct director *director, const char *name, int32_t value);

struct ip_addr address_of(const char *text);
struct flow flow_of(uint8_t proto, const char *src, uint16_t sport, const char *dst, uint16_t dport);

#endif
