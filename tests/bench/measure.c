/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include <rte_cycles.h>

#include "measure.h"

#define CANARY_ROUNDS 320
#define CALIBRATION_TICKS 8192
#define SLOW_FACTOR 1.2 /* the slow mode costs 1.4 to 1.6 times as much */

static uint64_t canary_limit;

/* Four independent additions a round: bound by the core's width, which is what a neighbour takes. One copy of it, since
 * another one elsewhere in memory may take another time. */
static __attribute__((noinline)) uint64_t
canary(void)
{
	uint64_t a = 1, b = 2, c = 3, d = 4, start = rte_rdtsc_precise();

	for (int i = 0; i < CANARY_ROUNDS; i++) {
		__asm__ volatile("" : "+r"(a), "+r"(b), "+r"(c), "+r"(d));
		a += 3;
		b += 5;
		c += 7;
		d += 9;
	}
	__asm__ volatile("" : : "r"(a), "r"(b), "r"(c), "r"(d));
	return rte_rdtsc_precise() - start;
}

/* A neighbour may stay for tens of milliseconds: so for a second, of which a thousandth must be undisturbed. */
void
measure_calibrate(void)
{
	uint32_t *counts = calloc(CALIBRATION_TICKS, sizeof(*counts));
	uint64_t start = rte_rdtsc(), ticks, n = 0, below = 0;

	if (!counts)
		abort();
	while (rte_rdtsc() - start < rte_get_tsc_hz()) {
		ticks = canary();
		counts[ticks < CALIBRATION_TICKS ? ticks : CALIBRATION_TICKS - 1]++;
		n++;
	}
	for (ticks = 0; below < n / 1000 + 1; ticks++)
		below += counts[ticks];
	canary_limit = (uint64_t)((double)ticks * SLOW_FACTOR);
	free(counts);
}

bool
measure_canary_is_fast(void)
{
	return canary() <= canary_limit;
}

bool
measure_was_switched(void)
{
	static _Thread_local long before;
	struct rusage usage;
	long now;

	getrusage(RUSAGE_THREAD, &usage);
	now = usage.ru_nivcsw + usage.ru_nvcsw;
	if (now == before)
		return false;
	before = now;
	return true;
}

void
sample_begin(struct sample *sample)
{
	sample->fast = measure_canary_is_fast();
	sample->start = rte_rdtsc_precise();
}

void
sample_end(const struct sample *sample, struct samples *samples, uint32_t packets)
{
	uint64_t ticks = rte_rdtsc_precise() - sample->start;

	if (packets == 0)
		return;
	samples->taken++;
	if (sample->fast && measure_canary_is_fast() && samples->kept < MEASURE_KEPT_MAX)
		samples->values[samples->kept++] = (float)((double)ticks / packets);
}

bool
samples_done(const struct samples *samples, uint64_t start_tsc, uint32_t ms)
{
	return samples->kept == MEASURE_KEPT_MAX || rte_rdtsc() - start_tsc > rte_get_tsc_hz() / 1000 * ms;
}

void
samples_clear(struct samples *samples)
{
	samples->taken = samples->kept = 0;
}

static int
compare_values(const void *a, const void *b)
{
	const float *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

double
samples_percentile(const struct samples *samples, double share)
{
	return samples->kept == 0 ? 0 : (double)samples->values[(uint32_t)((samples->kept - 1) * share + 0.5)];
}

/* Of sorted samples. What is far beyond nearly all of them is no work: the machine was taken away from us. */
static double
mean_undisturbed(const struct samples *samples)
{
	double limit = 4 * samples_percentile(samples, 0.99), sum = 0;
	uint32_t n = 0;

	for (; n < samples->kept && (double)samples->values[n] <= limit; n++)
		sum += (double)samples->values[n];
	return n == 0 ? 0 : sum / n;
}

struct summary
samples_summary(struct samples *samples)
{
	struct summary summary = { .kept = samples->taken == 0 ? 0 : (double)samples->kept / samples->taken };

	qsort(samples->values, samples->kept, sizeof(samples->values[0]), compare_values);
	summary.mean = mean_undisturbed(samples);
	summary.median = samples_percentile(samples, 0.5);
	summary.p10 = samples_percentile(samples, 0.1);
	summary.p90 = samples_percentile(samples, 0.9);
	return summary;
}
