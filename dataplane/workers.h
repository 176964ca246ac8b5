/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Making the workers: all memory that they own, before they run.
 */
#ifndef WORKERS_H
#define WORKERS_H

#include <stdbool.h>
#include <stdint.h>

#include "core/config.h"
#include "core/worker.h"

/* What all workers are given; owned by modules.c. */
struct worker_shared {
	const struct config *config;
	const struct lb *lb;
	const struct fib *fib;
	const struct ports *ports;
	const struct steering *steering;
	struct exception *exception;
	struct handover *handover;
	struct rcu *rcu;
	struct rte_mempool *pool; /* of the worker's node */
	bool hugepages; /* for the connection tables */
};

/* Worker INDEX of N, to run on LCORE. -errno, with a line in the log. */
int worker_create(const struct worker_shared *shared, uint32_t index, uint32_t n_workers, unsigned int lcore,
		  struct worker **ret);
void worker_destroy(struct worker *worker);

/* Connections of one worker's table: its share of the limit, rounded up. */
uint32_t worker_share(uint32_t limit, uint32_t n_workers);

#endif
