/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A worker: one lcore, run to completion, and all that it owns. Nothing here is written by another thread while the
 * worker runs, except the published pointers, which the control thread swaps (core/rcu.h).
 */
#ifndef CORE_WORKER_H
#define CORE_WORKER_H

#include <stdalign.h>
#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>
#include <rte_ring.h>

#include "core/address.h"
#include "core/counters.h"
#include "core/token_bucket.h"

#define BURST 64
#define WORKERS_MAX 128
#define WORKER_QUEUES_MAX 64
#define WORKER_PORTS_MAX 64
#define DROP_ENTRY_PACKETS_MAX 8 /* connections of more packets stay: lb/defence.h */

struct conn_table;
struct exception;
struct fib;
struct fragment_table;
struct handover;
struct lb;
struct neighbour_wait;
struct ports;
struct rcu;
struct steering;
struct dest_load;
struct templates;

enum { TABLE_IPV4, TABLE_IPV6, TABLES };

/* Packets on their way to a send queue, sent when full and at the end of each turn. */
struct send_buffer {
	uint16_t dev, queue;
	bool own_queue; /* false: to worker `via` by ring */
	uint8_t via;
	uint16_t n;
	struct rte_mbuf *packets[BURST];
};

/* What a worker asks of the control thread: resolve (or keep fresh) a neighbour. */
struct neighbour_request {
	uint8_t address[16];
	uint16_t family;
	uint8_t port;
	uint8_t pad;
	uint32_t nexthop; /* the number of an on-link, incomplete or used next hop */
};

/* A receive queue that a worker polls. */
struct worker_queue {
	uint16_t dev, queue;
	uint8_t port;
};

/* Where a worker stands in a service's schedule; zeroed at first. */
struct service_cursor {
	uint64_t version; /* of the list that the rest is about; 0: not started */
	uint32_t position; /* in ready[], to be looked at next */
	union {
		int32_t limit; /* of the pass under way */
		uint32_t order; /* of the destination that was taken last */
	};
};

/* Connections whose server is to hear of the client again, and that have waited equally long (lb/untold.h). */
#define UNTOLD_TRIES 6
struct untold_list {
	uint32_t first, last; /* numbers + 1; 0: none */
};

/* A search for a local port that was in vain (lb/forward_snat.c). */
#define SNAT_PAUSES_BITS 6
struct snat_pause {
	union ip_bits outside;
	uint32_t dest; /* id of the local address */
	rte_be16_t port; /* of the host outside */
	uint8_t proto;
	uint32_t since_ms; /* 0: never */
};

/* A packet that waits for the second line of its connection (path/apart.c). */
#define APART_MAX 8
struct apart {
	struct rte_mbuf *m;
	uint8_t *ip;
	uint64_t nexthop;
	uint32_t value;
	bool ipv6;
};

struct worker {
	/* Worker-owned. */
	uint32_t index;
	uint32_t n_workers;
	uint32_t now_ms; /* since start, wraps after 49 days; read once a turn */
	uint32_t random; /* state of a xorshift generator, never 0 */
	uint16_t laddr_cursor; /* the local port to look at next */
	uint16_t ip_id; /* of the last IPv4 header made here; see ip_id_next() */
	uint32_t fragment_id; /* of the next IPv6 packet that is split here */
	uint32_t take_over_next; /* the worker whose rings to look into next */
	uint64_t hz; /* TSC ticks a second */
	uint64_t start_tsc;
	uint64_t ms_per_tick; /* scaled by 2^64 */
	struct conn_table *conns[TABLES];
	uint32_t mapped_conns; /* connections between the families (COLD_MAPPED); they are in the IPv6 table */
	struct dest_load *loads; /* by dest index */
	struct service_cursor *cursors; /* by service index */
	struct templates *templates; /* that this worker owns */
	uint32_t *template_uses; /* by number of a template, whoever owns it: connections here */
	struct neighbour_wait *waiting;
	struct fragment_table *fragments;
	struct apart apart[APART_MAX]; /* a ring; the first is APART_FIRST */
	uint32_t apart_first, apart_n;
	struct untold_list untold[TABLES][UNTOLD_TRIES + 1]; /* by tries that are behind */
	uint32_t untold_ms; /* when these were last looked at */
	struct rte_ring *neighbour_requests; /* to the control thread: struct neighbour_request */
	uint32_t *nexthop_told_ms; /* by next hop number: when the control thread was last told that it is in use */
	struct worker_queue rx[WORKER_QUEUES_MAX];
	uint32_t n_rx;
	uint32_t idle_us;
	struct send_buffer send[WORKER_PORTS_MAX];
	struct token_bucket icmp_errors; /* that this worker may make */
	struct rte_mempool *pool;
	struct snat_pause snat_pauses[1 << SNAT_PAUSES_BITS];
	int32_t drop_packet_counter; /* of lb/defence.c */
	uint8_t drop_entry_counters[DROP_ENTRY_PACKETS_MAX + 1]; /* by packets */
	alignas(64) struct counters counters;

	/* Published: read-only here. */
	alignas(64) const struct lb *lb;
	const struct fib *fib;
	const struct ports *ports;
	const struct steering *steering;
	/* Shared by design: rings with one producer and one consumer each. */
	struct exception *exception;
	struct handover *handover;
	struct rcu *rcu;
	bool stop; /* set by the control thread */
	unsigned int lcore;
	int numa_node;
	struct {
		size_t worker, loads, cursors, nexthops, requests, template_uses;
	} mapped; /* sizes of all this, for who frees it */
};

#endif
