/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the packet path costs, without a NIC: `make bench`, doc/performance.md.
 */
#include <errno.h>
#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <rte_cycles.h>
#include <rte_ethdev.h>

#include "lb/conn_table.h"
#include "path/path.h"
#include "rows.h"

#define OVERHEAD_SAMPLES 200

static const char usage[] = "usage: bench [-q] [-c CPUS] [-m CONNECTIONS] [-o JSON] [-r PATTERN] [-t MS]\n"
			    "  -c CPUS         processors to run on, one or two, as in 1 or 0-1 (the last two)\n"
			    "  -m CONNECTIONS  leave out rows with more (10000000)\n"
			    "  -o JSON         write the figures to this file, too\n"
			    "  -r PATTERN      only rows whose name matches, as in 'fnat/ipv4/*/1M/*'\n"
			    "  -t MS           at most so long a row (1500)\n"
			    "  -q              quick: -m 100000 -t 300, unless they are given\n";

bool
bench_wants(const struct bench *bench, const char *name)
{
	return !bench->pattern || fnmatch(bench->pattern, name, 0) == 0;
}

/* As far as both go, before the pattern's first wildcard. */
bool
bench_wants_any(const struct bench *bench, const char *prefix)
{
	size_t length;

	if (!bench->pattern)
		return true;
	length = strcspn(bench->pattern, "*?[\\");
	return strncmp(bench->pattern, prefix, RTE_MIN(length, strlen(prefix))) == 0;
}

const char *
bench_count(uint32_t n, char text[16])
{
	if (n % 1000000 == 0)
		snprintf(text, 16, "%uM", n / 1000000);
	else if (n % 1000 == 0)
		snprintf(text, 16, "%uk", n / 1000);
	else
		snprintf(text, 16, "%u", n);
	return text;
}

double
bench_overhead(struct bench *bench, struct testbed *testbed, const struct records *records)
{
	struct replay *replay = testbed_replay(testbed, 0);
	struct rte_mbuf *packets[BURST];
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	replay_start(replay, records, REPLAY_FOREVER);
	/* Longer on a processor that is hardly ever undisturbed: without a figure the row would be wrong. */
	while (!samples_done(&bench->samples, start, bench->row_ms / 4) ||
	       (bench->samples.kept < OVERHEAD_SAMPLES && !samples_done(&bench->samples, start, 20000))) {
		struct sample sample;
		uint16_t n;

		sample_begin(&sample);
		n = rte_eth_rx_burst(replay->dev, 0, packets, BURST);
		rte_eth_tx_burst(replay->dev, 0, packets, n);
		sample_end(&sample, &bench->samples, n);
	}
	return samples_summary(&bench->samples).median;
}

/* What the sweeper is behind with because nobody ran the worker for a while. */
static void
catch_up(struct worker *self)
{
	for (int i = 0; i < 100000 && self->conns[TABLE_IPV4]->sweep_due + self->conns[TABLE_IPV6]->sweep_due > 0; i++)
		worker_turn(self);
}

void
bench_turns(struct bench *bench, struct testbed *testbed, uint32_t worker, const struct records *records)
{
	struct replay *replay = testbed_replay(testbed, worker);
	uint64_t start;

	samples_clear(&bench->samples);
	replay_start(replay, records, REPLAY_FOREVER);
	catch_up(testbed->workers[worker]);
	start = rte_rdtsc();
	while (!samples_done(&bench->samples, start, bench->row_ms)) {
		struct sample sample;
		uint32_t n;

		sample_begin(&sample);
		n = worker_turn(testbed->workers[worker]);
		sample_end(&sample, &bench->samples, n);
	}
}

static int
run(struct bench *bench)
{
	static int (*const sections[])(struct bench * bench) = {
		rows_established, rows_flat,	rows_floor,   rows_setup,   rows_laddr, rows_schedulers,
		rows_steering,	  rows_workers, rows_latency, rows_control, rows_dumps, rows_memory,
	};
	int err = 0;

	measure_calibrate();
	for (size_t i = 0; i < RTE_DIM(sections) && err == 0; i++)
		err = sections[i](bench);
	return err;
}

static uint32_t
number_or_usage(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || value == 0 || value > UINT32_MAX) {
		fprintf(stderr, "bench: %s is no number\n%s", text, usage);
		exit(2);
	}
	return (uint32_t)value;
}

struct options {
	const char *json, *cpus;
	bool quick;
};

static void
parse_options(int argc, char **argv, struct bench *bench, struct options *ret)
{
	int opt;

	while ((opt = getopt(argc, argv, "c:m:o:qr:t:")) != -1) {
		switch (opt) {
		case 'c':
			ret->cpus = optarg;
			break;
		case 'm':
			bench->max_connections = number_or_usage(optarg);
			break;
		case 'o':
			ret->json = optarg;
			break;
		case 'q':
			ret->quick = true;
			break;
		case 'r':
			bench->pattern = optarg;
			break;
		case 't':
			bench->row_ms = number_or_usage(optarg);
			break;
		default:
			fputs(usage, stderr);
			exit(2);
		}
	}
	if (bench->max_connections == 0)
		bench->max_connections = ret->quick ? 100000 : 10000000;
	if (bench->row_ms == 0)
		bench->row_ms = ret->quick ? 300 : 1500;
}

/* The last two processors, or the only one: interrupts mostly go to the first. */
static void
default_cpus(char text[48])
{
	long last = sysconf(_SC_NPROCESSORS_ONLN) - 1;

	if (last > 0)
		snprintf(text, 48, "%ld-%ld", last - 1, last);
	else
		snprintf(text, 48, "0");
}

int
main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	struct options options = { .quick = false };
	char cpus[48];
	int err;

	if (!bench)
		return 1;
	parse_options(argc, argv, bench, &options);
	default_cpus(cpus);
	err = testbed_start(options.cpus ? options.cpus : cpus);
	if (err == 0)
		err = report_open(options.json, rte_get_tsc_hz());
	if (err == 0)
		err = run(bench);
	if (err == 0)
		err = report_close();
	if (err < 0)
		fprintf(stderr, "bench: ended early: %s\n", strerror(-err));
	free(bench);
	return err < 0;
}
