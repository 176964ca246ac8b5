/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Persistence templates: which server a client of a persistent service is to stay at. A template is made with the client's
 * first connection, and lives until no new one came for the service's timeout and none is left (ip_vs_sched_persist(),
 * ip_vs_conn_expire() of the kernel).
 *
 * All connections of a client, and of all clients within the service's netmask, share a template, and so are spread over
 * all workers. A template is in the table of one worker, which a hash tells; others ask it by ring
 * (path/persistent.c). A connection knows the number of its template; how many a worker has of each stands in an array
 * of that worker's own, and the owner sums what stands in all of them when it would like to forget a template.
 */
#ifndef LB_TEMPLATE_H
#define LB_TEMPLATE_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/address.h"

struct dest;
struct flow;
struct lb;
struct persistence_engine;
struct service;
struct worker;

#define TEMPLATE_DATA_MAX 255 /* IP_VS_PEDATA_MAXLEN */

/* As in the kernel: the client's network and the service's address. PORT is 0 where all ports share a template, PROTO 0 and
 * SERVICE the mark (as an IPv4 address) where all addresses of a mark do. No byte of it is undefined. */
struct template_key {
	union ip_bits client, service;
	rte_be16_t port;
	uint16_t family;
	uint8_t proto;
	uint8_t data_length; /* of what an engine found, 0: nothing */
	uint16_t pad;
};
static_assert(sizeof(struct template_key) == 40, "five words are hashed");

/* What a packet asks for. */
struct template_request {
	struct template_key key;
	const uint8_t *data;
	const struct persistence_engine *engine; /* that found DATA, NULL: none */
	uint64_t hash;
};

struct templates;

/* Those that worker INDEX of N owns, of LIMIT for all. */
int templates_create(uint32_t limit, uint32_t index, uint32_t n_workers, int numa_node, struct templates **ret);
void templates_destroy(struct templates *templates);
/* Elements of a worker's array of uses, of 4 bytes each. */
uint32_t template_numbers(uint32_t limit, uint32_t n_workers);

/* What a packet of FLOW to SVC, with LENGTH bytes of PAYLOAD, asks for; the payload must stay as long as RET is used. */
void template_ask(const struct lb *lb, const struct service *svc, const struct flow *flow, const void *payload,
		  uint32_t length, struct template_request *ret);
/* The worker whose table it is in. */
static inline uint32_t
template_owner(const struct template_request *request, uint32_t n_workers)
{
	return (uint32_t)((request->hash >> 32) * n_workers >> 32);
}

/* At the owner: where the client is to go, and the template's number; the scheduler is asked when it is a new client, or
 * its server is gone. 0, or a negative drop reason. */
int template_take(struct worker *self, const struct service *svc, const struct flow *flow,
		  const struct template_request *request, const struct dest **ret_dest, uint32_t *ret_number);

/* At any worker: a connection of template NUMBER begins, was answered, ends. */
void template_use(struct worker *self, uint32_t number);
void template_assure(struct worker *self, uint32_t number);
void template_unuse(struct worker *self, uint32_t number);
/* How many connections all workers have of it, and whether one was answered. */
uint32_t template_uses(const struct lb *lb, uint32_t number, bool *ret_assured);

/* At the owner, once a turn: forgets some of those that timed out. */
void templates_sweep(struct worker *self);

/* For listings, by any thread. */
struct template_view {
	struct template_key key;
	uint8_t data[TEMPLATE_DATA_MAX];
	const struct persistence_engine *engine;
	uint32_t dest; /* id */
	uint32_t expires_ms; /* from now */
	bool assured; /* one of its connections was established */
};
/* Of a table, numbers at and above this were never used. */
uint32_t templates_high(const struct templates *templates);
/* False if Nth one of WORKER's is not in use, or changed while it was read. */
bool template_read(const struct worker *worker, uint32_t n, struct template_view *ret);

#endif
