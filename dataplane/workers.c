/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include <rte_ring_elem.h>

#include "core/log.h"
#include "core/pages.h"
#include "ip/fib.h"
#include "ip/fragment_table.h"
#include "ip/neighbour_wait.h"
#include "lb/conn_table.h"
#include "lb/service.h"
#include "lb/template.h"
#include "path/path.h"
#include "port/eal.h"
#include "port/port.h"
#include "workers.h"

#define NEIGHBOUR_REQUESTS 4096

uint32_t
worker_share(uint32_t limit, uint32_t n_workers)
{
	return (limit + n_workers - 1) / n_workers;
}

/* Huge pages that were free when the memory was planned may be another process's by now. */
static int
make_table(struct worker *self, const struct worker_shared *shared, bool ipv6, uint32_t limit, const uint64_t *seed)
{
	struct conn_table **ret = &self->conns[ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	uint32_t share = worker_share(limit, self->n_workers);
	uint32_t foreign = ipv6 ? 0 : worker_share(shared->config->limits.connections_ipv6, self->n_workers);
	int err = conn_table_create(ipv6, share, foreign, self->numa_node, shared->hugepages, seed, ret);

	if (err != -ENOMEM || !shared->hugepages || shared->config->memory.hugepages == HUGEPAGES_REQUIRED)
		return err;
	log_warning("memory",
		    "worker %u: the huge pages for %u %s connections are gone, taking 4 KB pages, which is slower",
		    self->index, share, ipv6 ? "IPv6" : "IPv4");
	return conn_table_create(ipv6, share, foreign, self->numa_node, false, seed, ret);
}

static int
make_tables(struct worker *self, const struct worker_shared *shared)
{
	const struct config_limits *limits = &shared->config->limits;
	uint64_t seed[3];
	int err;

	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	err = make_table(self, shared, false, limits->connections, seed);
	return err < 0 ? err : make_table(self, shared, true, limits->connections_ipv6, seed);
}

/* Arrays by number, large but sparsely used: ordinary pages, taken on first use. */
static int
make_arrays(struct worker *self, const struct config_limits *limits)
{
	self->mapped.loads = ((size_t)limits->dests + DEST_OWN) * sizeof(*self->loads);
	self->loads = pages_map("ipvsd-loads", &self->mapped.loads, self->numa_node, false);
	self->mapped.cursors = (size_t)limits->services * sizeof(*self->cursors);
	self->cursors = pages_map("ipvsd-cursors", &self->mapped.cursors, self->numa_node, false);
	self->mapped.nexthops = (size_t)self->fib->n_nexthops * sizeof(*self->nexthop_told_ms);
	self->nexthop_told_ms = pages_map("ipvsd-nexthops", &self->mapped.nexthops, self->numa_node, false);
	self->mapped.template_uses =
		template_numbers(limits->templates, self->n_workers) * sizeof(*self->template_uses);
	self->template_uses = pages_map("ipvsd-template-uses", &self->mapped.template_uses, self->numa_node, false);
	if (!self->loads || !self->cursors || !self->nexthop_told_ms || !self->template_uses)
		return -ENOMEM;
	return templates_create(limits->templates, self->index, self->n_workers, self->numa_node, &self->templates);
}

static int
make_queues(struct worker *self, const struct ports *ports)
{
	struct port_queue rx[WORKER_QUEUES_MAX];
	uint32_t n = port_rx_queues(ports, self->index, self->n_workers, rx, WORKER_QUEUES_MAX);

	if (n > WORKER_QUEUES_MAX) {
		log_error("workers",
			  "worker %u would poll %u queues, at most %u are possible; use more workers or fewer queues",
			  self->index, n, WORKER_QUEUES_MAX);
		return -E2BIG;
	}
	for (uint32_t i = 0; i < n; i++)
		self->rx[i] = (struct worker_queue){ .dev = rx[i].dev, .queue = rx[i].queue, .port = rx[i].port };
	self->n_rx = n;
	for (uint32_t i = 0; i < ports->n_ports; i++) {
		struct port_queue tx = { .dev = 0 };
		uint32_t via = 0;

		self->send[i].own_queue = port_tx_queue(ports, i, self->index, self->n_workers, &tx, &via);
		self->send[i].dev = tx.dev;
		self->send[i].queue = tx.queue;
		self->send[i].via = (uint8_t)via;
	}
	return 0;
}

/* Not of DPDK's heap, which may have no room on this node. */
static int
make_requests(struct worker *self)
{
	ssize_t bytes = rte_ring_get_memsize_elem(sizeof(struct neighbour_request), NEIGHBOUR_REQUESTS);

	if (bytes < 0)
		return (int)bytes;
	self->mapped.requests = (size_t)bytes;
	self->neighbour_requests = pages_map("ipvsd-requests", &self->mapped.requests, self->numa_node, false);
	if (!self->neighbour_requests)
		return -ENOMEM;
	return rte_ring_init(self->neighbour_requests, "requests", NEIGHBOUR_REQUESTS, RING_F_SP_ENQ | RING_F_SC_DEQ);
}

static int
make_fragments(struct worker *self, const struct config_limits *limits)
{
	return fragment_table_create(worker_share(limits->datagrams, self->n_workers),
				     worker_share(limits->fragments, self->n_workers), self->numa_node, fragment_drop,
				     self, &self->fragments);
}

/* In pages of its own, too: on the right node, and no line of it is anybody else's. */
static struct worker *
worker_new(int numa_node)
{
	size_t size = sizeof(struct worker);
	struct worker *self = pages_map("ipvsd-worker", &size, numa_node, false);

	if (!self)
		return NULL;
	self->numa_node = numa_node;
	self->mapped.worker = size;
	return self;
}

int
worker_create(const struct worker_shared *shared, uint32_t index, uint32_t n_workers, unsigned int lcore,
	      struct worker **ret)
{
	struct worker *self = worker_new(eal_worker_node(index));
	int err;

	if (!self)
		return -ENOMEM;
	self->index = index;
	self->n_workers = n_workers;
	self->lcore = lcore;
	self->random = 0x9e3779b9u * (index + 1);
	self->idle_us = shared->config->workers.idle_us;
	self->pool = shared->pool;
	token_bucket_init(&self->icmp_errors, worker_share(shared->config->limits.icmp_errors, n_workers), 0);
	self->lb = shared->lb;
	self->fib = shared->fib;
	self->ports = shared->ports;
	self->steering = shared->steering;
	self->exception = shared->exception;
	self->handover = shared->handover;
	self->rcu = shared->rcu;
	err = make_tables(self, shared);
	if (err == 0)
		err = make_arrays(self, &shared->config->limits);
	if (err == 0)
		err = make_queues(self, shared->ports);
	if (err == 0)
		err = make_requests(self);
	if (err == 0)
		err = neighbour_wait_create(shared->config->limits.waiting_packets, self->numa_node, &self->waiting);
	if (err == 0)
		err = make_fragments(self, &shared->config->limits);
	if (err < 0) {
		log_error("workers", "worker %u: %s; lower limits in the configuration, or give the host more memory",
			  index, strerror(-err));
		worker_destroy(self);
		return err;
	}
	*ret = self;
	return 0;
}

void
worker_destroy(struct worker *self)
{
	if (!self)
		return;
	conn_table_destroy(self->conns[TABLE_IPV4]);
	conn_table_destroy(self->conns[TABLE_IPV6]);
	neighbour_wait_destroy(self->waiting);
	fragment_table_destroy(self->fragments);
	pages_unmap(self->neighbour_requests, self->mapped.requests);
	pages_unmap(self->loads, self->mapped.loads);
	pages_unmap(self->cursors, self->mapped.cursors);
	pages_unmap(self->nexthop_told_ms, self->mapped.nexthops);
	pages_unmap(self->template_uses, self->mapped.template_uses);
	templates_destroy(self->templates);
	pages_unmap(self, self->mapped.worker);
}
