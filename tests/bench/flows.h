/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Connections of a testbed's worker, opened by the packets that open them in life, and the packets that go on from there.
 */
#ifndef BENCH_FLOWS_H
#define BENCH_FLOWS_H

#include "testbed.h"

struct flows {
	uint32_t n; /* connections */
	bool replies; /* servers answer through the director */
	struct records client, server; /* a packet each, in the order in which they were opened */
	struct records mixed; /* all of them, in random order */
	uint8_t *nexthops; /* of each connection: last byte of the MAC address that its first packet was sent to */
};

/* Opens N connections at WORKER, those that it owns, first to last: for TCP the whole handshake. Counts what the director
 * sent; -EPROTO with a line on stderr if anything is missing. */
int flows_open(struct testbed *testbed, uint32_t worker, uint32_t n, struct flows *ret);
void flows_free(struct flows *flows);

/* Sends every packet of flows->mixed once, at most MAX of them, and holds what comes out against what must. -EPROTO
 * with a line on stderr if a packet is missing or wrong. */
int flows_verify(struct testbed *testbed, uint32_t worker, const struct flows *flows, uint32_t max);

/* Lets WORKER forward N packets of RECORDS. */
void flows_run(struct testbed *testbed, uint32_t worker, const struct records *records, uint64_t n);

/* N records of FLAGS like that of FLOW(arg, i). -ENOMEM. */
int flows_records(const struct testbed *testbed, uint8_t tcp_flags, uint32_t n,
		  struct flow (*flow)(const void *arg, uint32_t i), const void *arg, struct records *ret);

#endif
