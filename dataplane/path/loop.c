/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A worker's loop. One turn: what the ports have, what other workers and the kernel passed on, packets that waited for
 * a neighbour, some connections to sweep; then everything is sent, and the turn is reported to RCU and to the counters.
 */
#include <time.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>
#include <rte_rcu_qsbr.h>
#include <rte_ring_elem.h>

#include "core/rcu.h"
#include "ip/neighbour_wait.h"
#include "lb/conn_life.h"
#include "lb/template.h"
#include "path/path.h"
#include "path/tell.h"
#include "port/exception.h"
#include "port/handover.h"

#define SPINS_BEFORE_SLEEP 256
#define NEXTHOP_TELL_MS 5000
#define SENDERS_A_TURN 8u

static uint32_t
receive(struct worker *self)
{
	struct rte_mbuf *packets[BURST];
	uint32_t total = 0;

	for (uint32_t i = 0; i < self->n_rx; i++) {
		const struct worker_queue *rx = &self->rx[i];
		uint16_t n = rte_eth_rx_burst(rx->dev, rx->queue, packets, BURST);

		if (n == 0)
			continue;
		self->counters.count[COUNT_RECEIVED] += n;
		path_burst(self, rx->port, false, packets, n);
		total += n;
	}
	return total;
}

/* Frames that are complete: to be sent as they are. */
static uint32_t
send_as_is(struct worker *self, struct rte_mbuf **packets, uint32_t n)
{
	self->counters.count[COUNT_TAKEN] += n;
	for (uint32_t i = 0; i < n; i++)
		transmit(self, packets[i], (uint8_t)packets[i]->port);
	return n;
}

static uint32_t
take_over_from(struct worker *self, uint32_t from)
{
	struct rte_mbuf *packets[BURST];
	uint32_t total = 0, n;

	if (from == self->index)
		return 0;
	n = handover_take(self->handover, HANDOVER_OWNER, from, self->index, packets, BURST);
	if (n > 0) {
		self->counters.count[COUNT_TAKEN] += n;
		path_burst(self, 0, true, packets, n);
		total += n;
	}
	n = handover_take(self->handover, HANDOVER_SEND, from, self->index, packets, BURST);
	return n > 0 ? total + send_as_is(self, packets, n) : total;
}

/* A turn that has packets from elsewhere looks at some of the other workers, so that it takes as long however many
 * there are; an idle one at all, so that nothing waits for its next sleep. */
static uint32_t
take_over(struct worker *self, bool busy)
{
	uint32_t total = 0, looks = busy ? RTE_MIN(self->n_workers, SENDERS_A_TURN) : self->n_workers;

	for (; looks > 0; looks--) {
		total += take_over_from(self, self->take_over_next);
		if (++self->take_over_next == self->n_workers)
			self->take_over_next = 0;
	}
	return total;
}

static uint32_t
take_kernel(struct worker *self)
{
	struct rte_mbuf *packets[BURST];
	uint32_t n = exception_receive(self->exception, self->index, packets, BURST);

	return n > 0 ? send_as_is(self, packets, n) : 0;
}

/* Next hops that connections use are to be kept fresh: the control thread hears of each every few seconds, and asks the
 * kernel about those that have gone stale. A full ring is no loss, the next sweep comes in a second. */
static void
nexthop_used(struct worker *self, uint32_t number)
{
	struct neighbour_request request = { .nexthop = number };

	if (self->now_ms - self->nexthop_told_ms[number] < NEXTHOP_TELL_MS && self->nexthop_told_ms[number] != 0)
		return;
	if (nexthop_is_known(fib_nexthop(self->fib, number)) &&
	    rte_ring_sp_enqueue_elem(self->neighbour_requests, &request, sizeof(request)) == 0)
		self->nexthop_told_ms[number] = self->now_ms | 1;
}

static const struct sweep_hooks sweep_hooks = { .used = nexthop_used, .reset = reset_conn };

void
worker_start_clock(struct worker *self)
{
	self->hz = rte_get_tsc_hz();
	self->start_tsc = rte_rdtsc();
	self->ms_per_tick = (uint64_t)(((unsigned __int128)1000 << 64) / self->hz);
}

uint32_t
worker_turn(struct worker *self)
{
	uint32_t work;

	counters_turn_begin(&self->counters);
	self->now_ms = (uint32_t)((unsigned __int128)(rte_rdtsc() - self->start_tsc) * self->ms_per_tick >> 64);
	work = receive(self);
	work += take_over(self, work > 0);
	work += take_kernel(self);
	neighbour_wait_poll(self, transmit_ready, transmit_lost);
	fragment_sweep(self);
	tell_again(self);
	conn_sweep(self, AF_INET, &sweep_hooks);
	conn_sweep(self, AF_INET6, &sweep_hooks);
	templates_sweep(self);
	transmit_flush(self);
	self->counters.count[COUNT_TURNS] += work > 0;
	counters_turn_end(&self->counters);
	rte_rcu_qsbr_quiescent(rcu_qsbr(self->rcu), self->index);
	return work;
}

/* The one sleep in the program (decisions.md 23): bounded, and off in production. */
static void
back_off(const struct worker *self, uint32_t idle_turns)
{
	struct timespec pause = { .tv_nsec = (long)self->idle_us * 1000 };

	if (self->idle_us == 0 || idle_turns < SPINS_BEFORE_SLEEP)
		rte_pause();
	else
		nanosleep(&pause, NULL);
}

int
worker_run(void *worker)
{
	struct worker *self = worker;
	uint32_t idle_turns = 0;

	worker_start_clock(self);
	rcu_online(self->rcu, self->index);
	while (!__atomic_load_n(&self->stop, __ATOMIC_RELAXED)) {
		if (worker_turn(self) > 0) {
			idle_turns = 0;
		} else {
			back_off(self, idle_turns);
			idle_turns++;
		}
	}
	rcu_offline(self->rcu, self->index);
	return 0;
}
