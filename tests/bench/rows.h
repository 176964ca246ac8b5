/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The bench's sections, one file each.
 */
#ifndef BENCH_ROWS_H
#define BENCH_ROWS_H

#include <stdbool.h>
#include <stdint.h>

#include "flows.h"
#include "measure.h"
#include "report.h"

struct bench {
	const char *pattern; /* of row names, fnmatch(3); NULL: all */
	uint32_t row_ms; /* at most so long a row */
	uint32_t max_connections;
	struct samples samples;
};

bool bench_wants(const struct bench *bench, const char *name);
/* The same for rows whose names begin with PREFIX/; may say yes where it turns out to be none. */
bool bench_wants_any(const struct bench *bench, const char *prefix);
/* "1k", "10M". */
const char *bench_count(uint32_t n, char text[16]);
/* Ticks a packet that the source and sink take alone, with these records. */
double bench_overhead(struct bench *bench, struct testbed *testbed, const struct records *records);
/* Times WORKER's turns with these records until there are samples enough. */
void bench_turns(struct bench *bench, struct testbed *testbed, uint32_t worker, const struct records *records);

/* A row of established connections: opens and verifies them, and times packets of both directions in random order. */
int bench_established(struct bench *bench, const struct testbed_spec *spec, const char *name);

/* Each runs those of its rows that are wanted; -errno with a line on stderr. */
int rows_established(struct bench *bench);
int rows_setup(struct bench *bench);
int rows_laddr(struct bench *bench);
int rows_schedulers(struct bench *bench);
int rows_steering(struct bench *bench);
int rows_floor(struct bench *bench);
int rows_workers(struct bench *bench);
int rows_memory(struct bench *bench);
int rows_latency(struct bench *bench);
int rows_control(struct bench *bench);
int rows_dumps(struct bench *bench);
int rows_flat(struct bench *bench);

#endif
