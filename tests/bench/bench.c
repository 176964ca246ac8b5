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

#include "path/path.h"
#include "rows.h"

static const char usage[] = "usage: bench [-c CPUS] [-m CONNECTIONS] [-o JSON] [-r PATTERN] [-t MS]\n"
			    "  -c CPUS         processors to run on, one or two, as in 1 or 0-1 (the last one)\n"
			    "  -m CONNECTIONS  leave out rows with more (10000000)\n"
			    "  -o JSON         write the figures to this file, too\n"
			    "  -r PATTERN      only rows whose name matches, as in 'fnat/ipv4/*/1M/*'\n"
			    "  -t MS           at most so long a row (1500)\n";

bool
bench_wants(const struct bench *bench, const char *name)
{
	return !bench->pattern || fnmatch(bench->pattern, name, 0) == 0;
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
	while (!samples_done(&bench->samples, start, bench->row_ms / 4)) {
		struct sample sample;
		uint16_t n;

		sample_begin(&sample);
		n = rte_eth_rx_burst(replay->dev, 0, packets, BURST);
		rte_eth_tx_burst(replay->dev, 0, packets, n);
		sample_end(&sample, &bench->samples, n);
	}
	return samples_summary(&bench->samples).median;
}

void
bench_turns(struct bench *bench, struct testbed *testbed, uint32_t worker, const struct records *records)
{
	struct replay *replay = testbed_replay(testbed, worker);
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	replay_start(replay, records, REPLAY_FOREVER);
	if (getenv("SPIN")) for (long q = 0; q < 20000000; q++) worker_turn(testbed->workers[worker]);
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
	static int (*const sections[])(struct bench * bench) = { rows_established, rows_setup };
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

int
main(int argc, char **argv)
{
	struct bench *bench = calloc(1, sizeof(*bench));
	const char *json = NULL, *cpus = NULL;
	char last[24];
	int opt, err;

	if (!bench)
		return 1;
	bench->row_ms = 1500;
	bench->max_connections = 10000000;
	while ((opt = getopt(argc, argv, "c:m:o:r:t:")) != -1) {
		switch (opt) {
		case 'c':
			cpus = optarg;
			break;
		case 'm':
			bench->max_connections = number_or_usage(optarg);
			break;
		case 'o':
			json = optarg;
			break;
		case 'r':
			bench->pattern = optarg;
			break;
		case 't':
			bench->row_ms = number_or_usage(optarg);
			break;
		default:
			fputs(usage, stderr);
			return 2;
		}
	}
	snprintf(last, sizeof(last), "%ld", sysconf(_SC_NPROCESSORS_ONLN) - 1);
	err = testbed_start(cpus ? cpus : last, 1);
	if (err == 0)
		err = report_open(json, rte_get_tsc_hz());
	if (err == 0)
		err = run(bench);
	if (err == 0)
		err = report_close();
	if (err < 0)
		fprintf(stderr, "bench: ended early: %s\n", strerror(-err));
	free(bench);
	return err < 0;
}
