/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The exception path: one I/O thread between the workers and the kernel interfaces, so that a worker never makes a
 * system call. Rings in both directions, single producer and single consumer; towards the kernel one pair a worker, of
 * which CONTROL is always emptied first.
 */
#ifndef PORT_EXCEPTION_H
#define PORT_EXCEPTION_H

#include <stdbool.h>
#include <stdint.h>

#include <rte_mbuf.h>

#include "core/counters.h"
#include "port/port.h"

enum exception_class {
	EXCEPTION_CONTROL, /* VRRP, ARP, ND, BFD, routing protocols, health checks, the director's own traffic */
	EXCEPTION_OTHER,
	EXCEPTION_CLASSES,
};

struct exception;

/* Makes the rings; the kernel interfaces exist (ports_open). POOL is where packets from the kernel are put. The
 * thread sleeps for IDLE_US at most (0: the longest that is allowed, it has no core of its own) and runs on CPUS, NULL
 * for any; the list was checked by eal_start. */
int exception_create(struct ports *ports, uint32_t n_workers, struct rte_mempool *pool, uint32_t idle_us,
		     const char *cpus, struct exception **ret);
int exception_start(struct exception *exception);
/* Ends the thread and waits for it. */
void exception_stop(struct exception *exception);
void exception_destroy(struct exception *exception);

/* What the I/O thread counts: TAKEN from workers, TO_KERNEL, FROM_KERNEL, GIVEN to workers, drops. */
const struct counters *exception_counters(const struct exception *exception);

/* For workers. M, whose port field is the index of our port, is the ring's on true; on false it is still the caller's. */
bool exception_send(struct exception *exception, uint32_t worker, enum exception_class class, struct rte_mbuf *m);
/* Frames from the kernel that WORKER is to send as they are, on the port whose index stands in the port field. */
uint32_t exception_receive(struct exception *exception, uint32_t worker, struct rte_mbuf **ret, uint32_t max);

#endif
