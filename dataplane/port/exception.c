/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The I/O thread and its rings (exception.h). One turn: all that stands in the CONTROL rings goes to the kernel, then a
 * bounded share of the rest, then what the kernel has for the ports.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include <rte_lcore.h>
#include <rte_ring.h>

#include "core/cpu_list.h"
#include "core/log.h"
#include "port/eal.h"
#include "port/exception.h"
#include "port/kernel_if.h"
#include "port/packet_ring.h"

#define BURST 32
#define CONTROL_RING 1024
#define OTHER_RING 512
#define FROM_KERNEL_RING 1024
#define OTHER_SHARE 32 /* packets of a worker a turn */
#define IDLE_US_MAX 100

struct worker_rings {
	struct packet_rings to_kernel[EXCEPTION_CLASSES], from_kernel; /* one ring each */
};

struct exception {
	struct counters counters;
	struct ports *ports;
	struct rte_mempool *pool;
	uint32_t n_workers;
	uint32_t idle_us;
	bool running, stop;
	pthread_t thread;
	cpu_set_t cpus;
	bool pinned;
	uint32_t sender[PORTS_MAX]; /* the worker that sends what the kernel has for a port */
	struct worker_rings *rings; /* by worker, on its NUMA node: it is the one that must not wait */
};

static struct rte_ring *
to_kernel(const struct exception *exception, enum exception_class class, uint32_t worker)
{
	return packet_ring_at(&exception->rings[worker].to_kernel[class], 0);
}

static struct rte_ring *
from_kernel(const struct exception *exception, uint32_t worker)
{
	return packet_ring_at(&exception->rings[worker].from_kernel, 0);
}

static void
write_burst(struct exception *exception, struct port *port, struct rte_mbuf **packets, uint32_t n)
{
	uint64_t *count = exception->counters.count;

	while (n > 0) {
		uint32_t taken = port->kernel->ops->write(port->kernel, packets, n);

		count[COUNT_TO_KERNEL] += taken;
		packets += taken;
		n -= taken;
		if (n > 0) {
			exception->counters.drop[DROP_KERNEL_WRITE]++;
			rte_pktmbuf_free(*packets++);
			n--;
		}
	}
}

/* Up to MAX packets of a ring; runs of packets for the same port go in one call. */
static uint32_t
empty_ring(struct exception *exception, struct rte_ring *ring, uint32_t max)
{
	struct rte_mbuf *packets[BURST];
	uint32_t total = 0, n, first;

	while (total < max) {
		n = rte_ring_sc_dequeue_burst(ring, (void **)packets, RTE_MIN(BURST, max - total), NULL);
		if (n == 0)
			break;
		exception->counters.count[COUNT_TAKEN] += n;
		first = 0;
		for (uint32_t i = 1; i <= n; i++) {
			if (i < n && packets[i]->port == packets[first]->port)
				continue;
			write_burst(exception, &exception->ports->port[packets[first]->port], &packets[first],
				    i - first);
			first = i;
		}
		total += n;
	}
	return total;
}

static uint32_t
serve_control(struct exception *exception)
{
	uint32_t total = 0;

	for (uint32_t worker = 0; worker < exception->n_workers; worker++)
		total += empty_ring(exception, to_kernel(exception, EXCEPTION_CONTROL, worker), CONTROL_RING);
	return total;
}

static uint32_t
serve_other(struct exception *exception)
{
	uint32_t total = 0;

	for (uint32_t worker = 0; worker < exception->n_workers; worker++) {
		total += empty_ring(exception, to_kernel(exception, EXCEPTION_OTHER, worker), OTHER_SHARE);
		total += serve_control(exception);
	}
	return total;
}

static uint32_t
read_port(struct exception *exception, struct port *port)
{
	struct rte_ring *ring = from_kernel(exception, exception->sender[port->index]);
	struct counters *counters = &exception->counters;
	struct rte_mbuf *packets[BURST];
	uint32_t lost = 0, given;
	uint32_t n = port->kernel->ops->read(port->kernel, exception->pool, packets, BURST, &lost);

	counters->count[COUNT_FROM_KERNEL] += n + lost;
	counters->drop[DROP_KERNEL_READ] += lost;
	for (uint32_t i = 0; i < n; i++)
		packets[i]->port = port->index;
	given = rte_ring_sp_enqueue_burst(ring, (void **)packets, n, NULL);
	counters->count[COUNT_GIVEN] += given;
	counters->drop[DROP_KERNEL_READ] += n - given;
	rte_pktmbuf_free_bulk(&packets[given], n - given);
	return n + lost;
}

static uint32_t
turn(struct exception *exception)
{
	uint32_t work;

	counters_turn_begin(&exception->counters);
	work = serve_control(exception);
	work += serve_other(exception);
	for (uint32_t i = 0; i < exception->ports->n_ports; i++)
		work += read_port(exception, &exception->ports->port[i]);
	exception->counters.count[COUNT_TURNS] += work > 0;
	counters_turn_end(&exception->counters);
	return work;
}

/* Until the kernel has something, or for so long as a packet of a worker may wait. */
static void
wait_for_work(const struct exception *exception)
{
	struct timespec pause = { .tv_nsec = (long)exception->idle_us * 1000 };
	struct pollfd fds[PORTS_MAX];

	/* Negative descriptors are passed over. */
	for (uint32_t i = 0; i < exception->ports->n_ports; i++)
		fds[i] = (struct pollfd){ .fd = exception->ports->port[i].kernel->wait_fd, .events = POLLIN };
	ppoll(fds, exception->ports->n_ports, &pause, NULL);
}

static void *
io_thread(void *arg)
{
	struct exception *exception = arg;

	/* An lcore number gives access to the pool's caches. */
	if (rte_thread_register() != 0)
		log_warning("exception",
			    "the I/O thread has no lcore number: packet buffers cost more; have fewer workers");
	prctl(PR_SET_TIMERSLACK, 1000UL);
	while (!__atomic_load_n(&exception->stop, __ATOMIC_RELAXED)) {
		if (turn(exception) == 0)
			wait_for_work(exception);
	}
	rte_thread_unregister();
	return NULL;
}

static int
create_rings(struct exception *exception)
{
	int err = 0;

	exception->rings = calloc(exception->n_workers, sizeof(*exception->rings));
	if (!exception->rings)
		return -ENOMEM;
	for (uint32_t i = 0; i < exception->n_workers && err == 0; i++) {
		struct worker_rings *rings = &exception->rings[i];
		int node = eal_worker_node(i);

		err = packet_rings_create(&rings->to_kernel[EXCEPTION_CONTROL], 1, CONTROL_RING, node);
		if (err == 0)
			err = packet_rings_create(&rings->to_kernel[EXCEPTION_OTHER], 1, OTHER_RING, node);
		if (err == 0)
			err = packet_rings_create(&rings->from_kernel, 1, FROM_KERNEL_RING, node);
	}
	return err;
}

static void
destroy_rings(struct exception *exception)
{
	for (uint32_t i = 0; exception->rings && i < exception->n_workers; i++) {
		for (uint32_t class = 0; class < EXCEPTION_CLASSES; class ++)
			packet_rings_destroy(&exception->rings[i].to_kernel[class]);
		packet_rings_destroy(&exception->rings[i].from_kernel);
	}
	free(exception->rings);
}

static int
parse_cpus(struct exception *exception, const char *cpus)
{
	uint16_t list[CPU_LIST_MAX];
	int n = cpu_list_parse(cpus, list);

	if (n < 0)
		return n;
	CPU_ZERO(&exception->cpus);
	for (int i = 0; i < n; i++)
		CPU_SET(list[i], &exception->cpus);
	exception->pinned = true;
	return 0;
}

int
exception_create(struct ports *ports, uint32_t n_workers, struct rte_mempool *pool, uint32_t idle_us, const char *cpus,
		 struct exception **ret)
{
	struct exception *exception = aligned_alloc(64, RTE_ALIGN_CEIL(sizeof(*exception), 64));
	int err;

	if (!exception)
		return -ENOMEM;
	memset(exception, 0, sizeof(*exception));
	exception->ports = ports;
	exception->pool = pool;
	exception->n_workers = n_workers;
	exception->idle_us = idle_us > 0 ? RTE_MIN(idle_us, IDLE_US_MAX) : IDLE_US_MAX;
	for (uint32_t i = 0; i < ports->n_ports; i++) {
		struct port_queue queue;

		port_tx_queue(ports, i, i % n_workers, n_workers, &queue, &exception->sender[i]);
	}
	err = cpus ? parse_cpus(exception, cpus) : 0;
	if (err == 0)
		err = create_rings(exception);
	if (err < 0) {
		exception_destroy(exception);
		return err;
	}
	*ret = exception;
	return 0;
}

int
exception_start(struct exception *exception)
{
	sigset_t all, before;
	int err;

	/* Signals are the control thread's. */
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&exception->thread, NULL, io_thread, exception);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (err != 0)
		return -err;
	exception->running = true;
	pthread_setname_np(exception->thread, "ipvsd-io");
	if (exception->pinned)
		err = pthread_setaffinity_np(exception->thread, sizeof(exception->cpus), &exception->cpus);
	if (err != 0)
		log_warning("exception", "the I/O thread can't run on control_cpus: %s", strerror(err));
	return 0;
}

void
exception_stop(struct exception *exception)
{
	if (!exception || !exception->running)
		return;
	__atomic_store_n(&exception->stop, true, __ATOMIC_RELAXED);
	pthread_join(exception->thread, NULL);
	exception->running = false;
}

void
exception_destroy(struct exception *exception)
{
	if (!exception)
		return;
	destroy_rings(exception);
	free(exception);
}

const struct counters *
exception_counters(const struct exception *exception)
{
	return &exception->counters;
}

bool
exception_send(struct exception *exception, uint32_t worker, enum exception_class class, struct rte_mbuf *m)
{
	return rte_ring_sp_enqueue(to_kernel(exception, class, worker), m) == 0;
}

uint32_t
exception_receive(struct exception *exception, uint32_t worker, struct rte_mbuf **ret, uint32_t max)
{
	return rte_ring_sc_dequeue_burst(from_kernel(exception, worker), (void **)ret, max, NULL);
}
