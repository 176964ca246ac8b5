/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How long a packet stays in the director: from the moment at which it can be received to that at which it is sent.
 * Packets come at random times (a Poisson process), whether or not the worker is ready, at a share of what it can take
 * in this very loop. What the machine adds of its own shows where the worker does nothing, but at the same times.
 */
#include <errno.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "path/path.h"
#include "rows.h"

#define GAPS 65536
#define LATENCIES 2000000
#define WINDOW_US 5 /* between two canaries, which take a tenth of a microsecond each */
#define LONG_US 20 /* a window that is longer may have had another program in it */
#define LONE_US 20

struct latency {
	struct testbed *testbed;
	struct replay *replay;
	uint32_t (*turn)(struct worker *worker);
	struct replay_pace pace;
	uint32_t gaps[GAPS], even; /* random ones; one of the mean's length */
	uint32_t left_out;
	uint64_t ticks, packets; /* of the undisturbed windows */
};

static void
fill_gaps(struct latency *latency)
{
	uint64_t state = 88172645463325252u;

	latency->even = 1u << 16;
	for (uint32_t i = 0; i < GAPS; i++) {
		state ^= state << 13;
		state ^= state >> 7;
		state ^= state << 17;
		latency->gaps[i] = (uint32_t)(-log(((double)(state >> 12) + 1) / 0x1p52) * 65536);
	}
}

/* In place of the worker's turn: what comes goes. */
static uint32_t
pass_on(struct worker *worker)
{
	struct rte_mbuf *packets[BURST];
	uint16_t n = rte_eth_rx_burst(worker->rx[0].dev, worker->rx[0].queue, packets, BURST);

	return n > 0 ? rte_eth_tx_burst(worker->send[0].dev, worker->send[0].queue, packets, n) : 0;
}

/* Packets of a disturbed window are left out, and the source begins anew: its queue would be felt long after. A window
 * begins where the one before ended, so that whatever happened lies in one of them. */
static void
run(struct latency *latency, uint32_t ms)
{
	const uint64_t us = rte_get_tsc_hz() / 1000000, start = rte_rdtsc();
	struct worker *worker = latency->testbed->workers[0];
	struct replay_pace *pace = &latency->pace;
	uint64_t from = start, to = start;
	bool fast = false;

	latency->ticks = latency->packets = latency->left_out = pace->n = 0;
	pace->due = start;
	for (; to - start < ms * 1000 * us && pace->n < pace->max; from = to) {
		uint64_t sent = latency->replay->sent;
		uint32_t n = pace->n;
		bool before = fast;

		do {
			latency->turn(worker);
			to = rte_rdtsc();
		} while (to - from < WINDOW_US * us);
		fast = measure_canary_is_fast() && (to - from < LONG_US * us || !measure_was_switched());
		if (before && fast) {
			latency->ticks += to - from;
			latency->packets += latency->replay->sent - sent;
			continue;
		}
		latency->left_out += pace->n - n;
		pace->n = n;
		pace->due = rte_rdtsc();
	}
}

static int
compare_ticks(const void *a, const void *b)
{
	const uint32_t *x = a, *y = b;

	return (*x > *y) - (*x < *y);
}

static double
microseconds(const struct replay_pace *pace, double share)
{
	return pace->latencies[(uint32_t)((pace->n - 1) * share + 0.5)] * 1e6 / (double)rte_get_tsc_hz();
}

static void
report(struct latency *latency, const char *name)
{
	static const struct {
		const char *name;
		double share;
	} shown[] = { { "p50", 0.5 }, { "p99", 0.99 }, { "p99.9", 0.999 } };
	struct replay_pace *pace = &latency->pace;
	struct row row = { .unit = "us" };

	if (pace->n == 0) {
		report_nothing(name, "no undisturbed packet");
		return;
	}
	qsort(pace->latencies, pace->n, sizeof(pace->latencies[0]), compare_ticks);
	row.gross.median = microseconds(pace, 0.5);
	row.gross.p10 = microseconds(pace, 0.1);
	row.gross.p90 = microseconds(pace, 0.9);
	row.gross.kept = (double)pace->n / (pace->n + latency->left_out);
	for (size_t i = 0; i < RTE_DIM(shown); i++) {
		snprintf(row.name, sizeof(row.name), "%s/%s", name, shown[i].name);
		row.value = microseconds(pace, shown[i].share);
		report_row(&row);
	}
}

/* Nothing was lost, so every packet's time is there. */
static int
check(const struct latency *latency, const char *name)
{
	const struct counters *counters = &latency->testbed->workers[0]->counters;

	for (int i = 0; i < DROP_MAX; i++) {
		if (counters->drop[i] != 0) {
			fprintf(stderr, "bench: %s: dropped: %s %llu\n", name, drop_texts[i].name,
				(unsigned long long)counters->drop[i]);
			return -EPROTO;
		}
	}
	if (counters->count[COUNT_FORWARDED] == counters->count[COUNT_RECEIVED])
		return 0;
	fprintf(stderr, "bench: %s: not all that was received was sent\n", name);
	return -EPROTO;
}

static int
at_load(struct bench *bench, struct latency *latency, uint32_t percent, const char *prefix)
{
	char name[REPORT_NAME_MAX - 8];
	double interval;

	snprintf(name, sizeof(name), "%s/%u %% load", prefix, percent);
	if (!bench_wants(bench, name))
		return 0;
	latency->pace.gaps = latency->gaps;
	latency->pace.gap_mask = GAPS - 1;
	latency->pace.interval = 0;
	run(latency, bench->row_ms / 4);
	if (latency->packets == 0) {
		report_nothing(name, "the machine was never undisturbed");
		return 0;
	}
	interval = (double)latency->ticks / (double)latency->packets * 100 / percent;
	latency->pace.interval = (uint64_t)(interval * 65536);
	run(latency, bench->row_ms);
	report(latency, name);
	return check(latency, name);
}

/* The interval is that of the load before. */
static void
without_work(struct bench *bench, struct latency *latency, const char *prefix)
{
	char name[REPORT_NAME_MAX - 8];

	snprintf(name, sizeof(name), "%s/source and sink", prefix);
	if (!bench_wants(bench, name) || latency->pace.interval == 0)
		return;
	latency->turn = pass_on;
	run(latency, bench->row_ms);
	report(latency, name);
	latency->turn = worker_turn;
}

static int
lone(struct bench *bench, struct latency *latency, const char *prefix)
{
	char name[REPORT_NAME_MAX - 8];

	snprintf(name, sizeof(name), "%s/lone packet", prefix);
	if (!bench_wants(bench, name))
		return 0;
	latency->pace.gaps = &latency->even;
	latency->pace.gap_mask = 0;
	latency->pace.interval = (rte_get_tsc_hz() / 1000000 * LONE_US) << 16;
	run(latency, bench->row_ms);
	report(latency, name);
	return check(latency, name);
}

static int
measure(struct bench *bench, struct latency *latency, uint32_t connections, const char *prefix)
{
	static const uint32_t loads[] = { 10, 50, 90 };
	struct flows flows;
	int err = flows_open(latency->testbed, 0, connections, &flows);

	if (err < 0)
		return err;
	err = flows_verify(latency->testbed, 0, &flows, UINT32_MAX);
	replay_start(latency->replay, &flows.mixed, REPLAY_FOREVER);
	replay_set_pace(latency->replay, &latency->pace);
	latency->turn = worker_turn;
	for (size_t i = 0; i < RTE_DIM(loads) && err == 0; i++)
		err = at_load(bench, latency, loads[i], prefix);
	without_work(bench, latency, prefix);
	if (err == 0)
		err = lone(bench, latency, prefix);
	flows_free(&flows);
	return err;
}

static int
rows(struct bench *bench, struct latency *latency, uint32_t connections)
{
	const struct testbed_spec spec = testbed_usual(connections);
	char prefix[32], count[16];
	int err;

	snprintf(prefix, sizeof(prefix), "latency/%s", bench_count(connections, count));
	if (!bench_wants_any(bench, prefix))
		return 0;
	err = testbed_create(&spec, &latency->testbed);
	if (err < 0)
		return err;
	latency->replay = testbed_replay(latency->testbed, 0);
	err = measure(bench, latency, connections, prefix);
	testbed_destroy(latency->testbed);
	return err;
}

int
rows_latency(struct bench *bench)
{
	struct latency *latency = calloc(1, sizeof(*latency));
	int err;

	if (!latency)
		return -ENOMEM;
	fill_gaps(latency);
	latency->pace.max = LATENCIES;
	latency->pace.latencies = malloc(LATENCIES * sizeof(uint32_t));
	report_section("time in the director (full-NAT, IPv4, TCP, established), microseconds");
	err = latency->pace.latencies ? 0 : -ENOMEM;
	if (err == 0)
		err = rows(bench, latency, RTE_MIN(100000u, bench->max_connections));
	if (err == 0 && bench->max_connections >= 1000000)
		err = rows(bench, latency, 1000000);
	free(latency->pace.latencies);
	free(latency);
	return err;
}
