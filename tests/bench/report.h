/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Rows of figures: printed as a table while they are measured, and written as JSON at the end.
 */
#ifndef BENCH_REPORT_H
#define BENCH_REPORT_H

#include "measure.h"

#define REPORT_NAME_MAX 64
#define REPORT_NOISY 0.30 /* a row of which less was kept is marked */

struct row {
	char name[REPORT_NAME_MAX]; /* unique: "fnat/ipv4/tcp/1M/one" */
	const char *unit; /* "cycles/packet", "operations/s", "bytes" ... */
	struct summary gross; /* what was timed; all zero for figures that are no times */
	double overhead; /* source and sink alone, subtracted */
	double value; /* the figure to quote: net median, or the figure itself */
};

/* JSON_PATH may be NULL. -errno. */
int report_open(const char *json_path, uint64_t tsc_hz);
void report_section(const char *title);
void report_row(const struct row *row);
/* A row of times: net of OVERHEAD. Sorts the samples. */
void report_samples(const char *name, const char *unit, struct samples *samples, double overhead);
/* The same, but the figure is the mean, for work that is uneven by nature. Returns it. */
double report_mean(const char *name, const char *unit, struct samples *samples, double overhead);
/* The figure is how many of them fit into a second; the times are of one. */
void report_rate(const char *name, const char *unit, struct samples *samples);
/* A figure that isn't a median of samples. */
void report_figure(const char *name, const char *unit, double value);
/* A row without a figure, and why. */
void report_nothing(const char *name, const char *reason);
/* Writes the JSON; 0 or -errno. */
int report_close(void);

#endif
