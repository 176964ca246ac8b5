/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Samples of TSC ticks on a processor that is not ours alone. A neighbour on the same core slows everything by half for
 * milliseconds; so a short loop of known length, the canary, runs before and after each sample, and only samples with a
 * fast canary on both sides are kept.
 */
#ifndef BENCH_MEASURE_H
#define BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>

#define MEASURE_KEPT_MAX 20000

struct samples {
	uint32_t taken, kept;
	float values[MEASURE_KEPT_MAX]; /* ticks a packet (or operation) */
};

struct summary {
	double median, p10, p90;
	double mean; /* but for samples beyond four times the 99th percentile */
	double kept; /* share of the samples, 0 to 1 */
};

/* Finds out what the canary takes when nobody disturbs it. Call once, on the thread that measures. */
void measure_calibrate(void);
/* Ticks of a canary loop as of now; whether it was a fast one. */
bool measure_canary_is_fast(void);
/* Whether another thread ran on our processor since the last call. A system call: for rows that show the slowest. */
bool measure_was_switched(void);

/* A sample: begin, the work, end with the number of packets. Nothing is kept if there was none or a canary was slow. */
struct sample {
	bool fast;
	uint64_t start;
};
void sample_begin(struct sample *sample);
void sample_end(const struct sample *sample, struct samples *samples, uint32_t packets);

/* Whether there are enough of them, or MS milliseconds have passed since START_TSC. */
bool samples_done(const struct samples *samples, uint64_t start_tsc, uint32_t ms);

void samples_clear(struct samples *samples);
/* Sorts the values. All zero if none was kept. */
struct summary samples_summary(struct samples *samples);
/* The value below which SHARE of the sorted samples lie. */
double samples_percentile(const struct samples *samples, double share);

#endif
