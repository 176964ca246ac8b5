/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a scheduler takes for one new connection: the pick, and what follows when the connection is counted.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>

#include "lb/lb.h"
#include "lb/scheduler.h"
#include "rows.h"

#define FLOWS 4096

/* EVEN: with equal weights each server has its turn, give or take one. ACTIVE: they count active connections alone. */
static const struct {
	const char *name;
	bool even, active;
} schedulers[] = {
	{ "rr", true, false },	     { "wrr", true, false },   { "lc", true, false },	  { "wlc", true, false },
	{ "sed", true, true },	     { "nq", true, true },     { "fo", false, false },	  { "ovf", false, false },
	{ "twos", false, false },    { "sh", false, false },   { "dh", false, false },	  { "mh", false, false },
	{ "conhash", false, false }, { "lblc", false, false }, { "lblcr", false, false },
};

static const uint32_t counts[] = { 10, 100, 1000 };

struct picks {
	struct testbed *testbed;
	struct worker *worker;
	const struct service *svc;
	const struct flow *flows;
	uint32_t next;
	bool active;
};

/* As first_packet() and conn_open() do it. */
static inline const struct dest *
pick(struct picks *picks)
{
	const struct dest *dest =
		picks->svc->scheduler->pick(picks->worker, picks->svc, &picks->flows[picks->next++ % FLOWS]);
	struct dest_load *load;

	if (!dest)
		return NULL;
	load = &picks->worker->loads[DEST_INDEX(dest->id)];
	load->connections++;
	load->active += picks->active;
	load->inactive += !picks->active;
	scheduler_load_changed(picks->worker, dest->id);
	return dest;
}

static int
verify(struct picks *picks, const char *name, bool even)
{
	const uint32_t dests = picks->testbed->spec.dests, each = 100;
	uint64_t least = UINT64_MAX, most = 0;

	for (uint32_t i = 0; i < dests * each; i++) {
		const struct dest *dest = pick(picks);

		if (!dest || dest->service != picks->svc->index) {
			fprintf(stderr, "bench: %s: no server was picked\n", name);
			return -EPROTO;
		}
	}
	for (uint32_t i = 0; i < dests; i++) {
		uint64_t n = picks->worker->loads[i].connections;

		least = RTE_MIN(least, n);
		most = RTE_MAX(most, n);
	}
	if (!even || most - least <= 1)
		return 0;
	fprintf(stderr, "bench: %s: %llu to %llu connections a server, not %u each\n", name, (unsigned long long)least,
		(unsigned long long)most, each);
	return -EPROTO;
}

static void
measure(struct bench *bench, struct picks *picks)
{
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	while (!samples_done(&bench->samples, start, bench->row_ms)) {
		struct sample sample;

		sample_begin(&sample);
		for (int i = 0; i < BURST; i++)
			pick(picks);
		sample_end(&sample, &bench->samples, BURST);
	}
}

static int
row(struct bench *bench, size_t number, uint32_t dests, struct flow *flows)
{
	const struct testbed_spec spec = {
		.proto = IPPROTO_TCP,
		.forward = FORWARD_DIRECT,
		.services = 1,
		.dests = dests,
		.nexthops = 1,
		.scheduler = schedulers[number].name,
		.connections = 1024,
		.n_workers = 1,
	};
	struct picks picks = { .flows = flows, .active = schedulers[number].active };
	char name[REPORT_NAME_MAX];
	int err;

	snprintf(name, sizeof(name), "scheduler/%s/%u servers", spec.scheduler, dests);
	if (!scheduler_by_name(spec.scheduler) || !bench_wants(bench, name))
		return 0;
	err = testbed_create(&spec, &picks.testbed);
	if (err < 0)
		return err;
	for (uint32_t i = 0; i < FLOWS; i++)
		flows[i] = testbed_client_flow(picks.testbed, i);
	picks.worker = picks.testbed->workers[0];
	picks.svc = picks.testbed->lb->services[0];
	err = verify(&picks, name, schedulers[number].even);
	if (err == 0) {
		measure(bench, &picks);
		report_samples(name, "cycles/pick", &bench->samples, 0);
	}
	testbed_destroy(picks.testbed);
	return err;
}

int
rows_schedulers(struct bench *bench)
{
	struct flow *flows = calloc(FLOWS, sizeof(*flows));
	int err = flows ? 0 : -ENOMEM;

	report_section("schedulers: one new connection");
	for (size_t i = 0; i < RTE_DIM(schedulers) * RTE_DIM(counts) && err == 0; i++)
		err = row(bench, i / RTE_DIM(counts), counts[i % RTE_DIM(counts)], flows);
	free(flows);
	return err;
}
