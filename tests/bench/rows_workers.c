/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Workers share nothing, so that what a packet takes doesn't depend on their number: each one's share of the work is
 * run alone, one after the other; and where there are two processors, two workers run at the same time.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>

#include "path/path.h"
#include "rows.h"

#define CONNECTIONS 10000 /* of each worker */
#define CONNECTIONS_MIN 250
#define SAMPLED_MAX 8 /* workers */

static struct testbed_spec
spec_of(uint32_t n_workers, uint32_t connections)
{
	struct testbed_spec spec = testbed_usual(n_workers * connections);

	spec.n_workers = n_workers;
	return spec;
}

/* ---- one after the other ---- */

/* All workers have connections, some are measured. */
static int
measure_worker(struct bench *bench, struct testbed *testbed, uint32_t worker, bool sampled, struct samples *medians)
{
	const struct testbed_spec *spec = &testbed->spec;
	struct flows flows;
	double overhead;
	int err = flows_open(testbed, worker, spec->connections / spec->n_workers, &flows);

	if (err < 0)
		return err;
	if (sampled)
		err = flows_verify(testbed, worker, &flows, UINT32_MAX);
	if (err == 0 && sampled) {
		overhead = bench_overhead(bench, testbed, &flows.mixed);
		bench_turns(bench, testbed, worker, &flows.mixed);
		medians->taken++;
		if (bench->samples.kept > 0)
			medians->values[medians->kept++] = (float)(samples_summary(&bench->samples).median - overhead);
	}
	flows_free(&flows);
	return err;
}

static int
in_turn(struct bench *bench, uint32_t n_workers, struct samples *medians)
{
	const struct testbed_spec spec = spec_of(n_workers, RTE_MIN(CONNECTIONS, bench->max_connections / n_workers));
	uint32_t step = (n_workers + SAMPLED_MAX - 1) / SAMPLED_MAX;
	char name[REPORT_NAME_MAX], full[REPORT_NAME_MAX + 8];
	struct testbed *testbed;
	int err;

	snprintf(name, sizeof(name), "workers/in turn/%u", n_workers);
	if (!bench_wants(bench, name) || spec.connections < n_workers * CONNECTIONS_MIN)
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	samples_clear(medians);
	for (uint32_t i = 0; i < n_workers && err == 0; i++)
		err = measure_worker(bench, testbed, i, i % step == 0, medians);
	testbed_destroy(testbed);
	if (err < 0 || medians->kept == 0)
		return err;
	samples_summary(medians);
	snprintf(full, sizeof(full), "%s/fastest", name);
	report_figure(full, "cycles/packet", samples_percentile(medians, 0));
	snprintf(full, sizeof(full), "%s/slowest", name);
	report_figure(full, "cycles/packet", samples_percentile(medians, 1));
	return 0;
}

/* ---- at the same time ---- */

enum { FIRST, SECOND, BOTH };

struct runner {
	struct testbed *testbed;
	uint32_t worker;
	uint32_t ms;
	struct flows flows;
	struct samples samples;
	double overhead;
	/* Whether the last canary was a fast one: for the other. */
	alignas(64) bool fast;
	const bool *other_fast;
};

static bool
both_fast(struct runner *runner)
{
	bool fast = measure_canary_is_fast();

	__atomic_store_n(&runner->fast, fast, __ATOMIC_RELAXED);
	return fast && __atomic_load_n(runner->other_fast, __ATOMIC_RELAXED);
}

/* A sample counts only if both were undisturbed before and after it. */
static int
run(void *arg)
{
	struct runner *runner = arg;
	struct samples *samples = &runner->samples;
	uint64_t start = rte_rdtsc();

	replay_start(testbed_replay(runner->testbed, runner->worker), &runner->flows.mixed, REPLAY_FOREVER);
	samples_clear(samples);
	while (rte_rdtsc() - start < rte_get_tsc_hz() / 1000 * runner->ms) {
		bool fast = both_fast(runner);
		uint64_t from = rte_rdtsc_precise();
		uint32_t n = worker_turn(runner->testbed->workers[runner->worker]);
		double ticks = (double)(rte_rdtsc_precise() - from);

		fast = both_fast(runner) && fast;
		/* Goes on when there are enough, for the other. */
		if (samples->kept == MEASURE_KEPT_MAX)
			continue;
		samples->taken++;
		if (fast && n > 0)
			samples->values[samples->kept++] = (float)(ticks / n);
	}
	return 0;
}

static void
report_runner(struct runner *runner, const char *what)
{
	char name[REPORT_NAME_MAX];

	snprintf(name, sizeof(name), "workers/two/%s/%u", what, runner->worker);
	report_samples(name, "cycles/packet", &runner->samples, runner->overhead);
}

/* Each alone first, then both: the difference is what they do to each other. */
static int
run_both(struct runner *runners)
{
	static const bool nobody = true;
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);

	for (int i = 0; i < BOTH; i++) {
		runners[i].other_fast = &nobody;
		if (i == FIRST) {
			run(&runners[i]);
		} else {
			if (rte_eal_remote_launch(run, &runners[i], lcore) != 0)
				return -EBUSY;
			rte_eal_wait_lcore(lcore);
		}
		report_runner(&runners[i], "alone");
	}
	for (int i = 0; i < BOTH; i++)
		runners[i].other_fast = &runners[1 - i].fast;
	if (rte_eal_remote_launch(run, &runners[SECOND], lcore) != 0)
		return -EBUSY;
	run(&runners[FIRST]);
	rte_eal_wait_lcore(lcore);
	for (int i = 0; i < BOTH; i++)
		report_runner(&runners[i], "both");
	return 0;
}

static int
at_once(struct bench *bench)
{
	const struct testbed_spec spec = spec_of(2, RTE_MIN(CONNECTIONS, bench->max_connections / 2));
	struct runner *runners;
	struct testbed *testbed;
	int err, opened = 0;

	if (testbed_devs() < 2 || !bench_wants(bench, "workers/two"))
		return 0;
	runners = aligned_alloc(64, BOTH * sizeof(*runners));
	err = runners ? testbed_create(&spec, &testbed) : -ENOMEM;
	if (err < 0) {
		free(runners);
		return err;
	}
	for (; opened < BOTH && err == 0; opened++) {
		struct runner *runner = &runners[opened];

		*runner = (struct runner){
			.testbed = testbed, .worker = (uint32_t)opened, .ms = bench->row_ms, .fast = true
		};
		err = flows_open(testbed, runner->worker, spec.connections / 2, &runner->flows);
		if (err < 0)
			break;
		err = flows_verify(testbed, runner->worker, &runner->flows, UINT32_MAX);
		runner->overhead = bench_overhead(bench, testbed, &runner->flows.mixed);
	}
	if (err == 0)
		err = run_both(runners);
	while (opened-- > 0)
		flows_free(&runners[opened].flows);
	testbed_destroy(testbed);
	free(runners);
	return err;
}

int
rows_workers(struct bench *bench)
{
	static const uint32_t numbers[] = { 1, 2, 4, 8, 16, 64 };
	struct samples *medians = malloc(sizeof(*medians));
	int err = medians ? 0 : -ENOMEM;

	report_section(
		"workers: each one's share run alone, then two at the same time (full-NAT, 10k connections each)");
	for (size_t i = 0; i < RTE_DIM(numbers) && err == 0; i++)
		err = in_turn(bench, numbers[i], medians);
	free(medians);
	return err == 0 ? at_once(bench) : err;
}
