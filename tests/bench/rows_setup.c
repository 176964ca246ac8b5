/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * How connections begin and end: each packet is the first one of a new connection, and as many expire as are made. The
 * clock is driven by hand, as fast as it takes for the number of connections to stay where it is.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <rte_cycles.h>
#include <rte_tcp.h>

#include "lb/conn_table.h"
#include "lb/lb.h"
#include "lb/protocol.h"
#include "path/path.h"
#include "rows.h"

#define TIMEOUT_MS 1000
#define LIFE_MS 1036 /* about: the sweeper comes by a little later, and then once in 1,024 ms */
#define MS_BITS 40 /* a millisecond of the driven clock is so many ticks: it stands still while a turn runs */
#define STEP_BITS 20
#define VERIFIED_MAX 100000
#define ROUNDS 20

struct setup {
	struct testbed *testbed;
	struct worker *worker;
	struct records records;
	uint32_t first_flow; /* number of the first record's */
	uint32_t target; /* connections */
	uint64_t clock, step; /* milliseconds, scaled; step: of a turn */
	struct samples maxima;
};

static void
clock_forward(struct setup *setup, uint64_t step)
{
	setup->clock += step;
	setup->worker->ms_per_tick = UINT64_C(1) << (64 - MS_BITS);
	setup->worker->start_tsc =
		rte_rdtsc() - (setup->clock >> STEP_BITS << MS_BITS) - (UINT64_C(1) << (MS_BITS - 1));
}

static uint64_t
count(const struct setup *setup, enum counter counter)
{
	return setup->worker->counters.count[counter];
}

static uint64_t
drops(const struct setup *setup)
{
	uint64_t sum = 0;

	for (int i = 0; i < DROP_MAX; i++)
		sum += setup->worker->counters.drop[i];
	return sum;
}

static struct flow
client_packet(const void *arg, uint32_t i)
{
	const struct setup *setup = arg;

	return testbed_client_flow(setup->testbed, setup->first_flow + i);
}

static void
setup_close(struct setup *setup)
{
	records_free(&setup->records);
	if (setup->testbed)
		testbed_destroy(setup->testbed);
}

/* FLOWS different first packets towards a table for ROOM connections, all of which last TIMEOUT_MS in any state. */
static int
setup_open(struct setup *setup, const struct testbed_spec *spec, uint32_t target, uint32_t flows)
{
	int err = testbed_create(spec, &setup->testbed);

	if (err < 0)
		return err;
	for (int i = 0; i < PROTOCOLS * PROTOCOL_STATES; i++)
		setup->testbed->lb->timeouts->ms[i / PROTOCOL_STATES][i % PROTOCOL_STATES] = TIMEOUT_MS;
	setup->worker = setup->testbed->workers[0];
	setup->target = target;
	setup->step = ((uint64_t)BURST * LIFE_MS << STEP_BITS) / target;
	clock_forward(setup, UINT64_C(10000) << STEP_BITS);
	err = flows_records(setup->testbed, RTE_TCP_SYN_FLAG, flows, client_packet, setup, &setup->records);
	if (err < 0)
		setup_close(setup);
	return err;
}

static int
wrong(const struct setup *setup, const char *name, const char *what, uint64_t is, uint64_t should)
{
	fprintf(stderr, "bench: %s: %s: %llu instead of %llu\n", name, what, (unsigned long long)is,
		(unsigned long long)should);
	for (int i = 0; i < DROP_MAX; i++) {
		if (setup->worker->counters.drop[i] != 0)
			fprintf(stderr, "bench:   dropped: %s %llu\n", drop_texts[i].name,
				(unsigned long long)setup->worker->counters.drop[i]);
	}
	return -EPROTO;
}

/* All that was received became a connection and was sent, and every connection is there or has expired. */
static int
check(const struct setup *setup, const char *name)
{
	uint64_t received = count(setup, COUNT_RECEIVED), made = count(setup, COUNT_CONN_NEW);

	if (drops(setup) != 0)
		return wrong(setup, name, "packets dropped", drops(setup), 0);
	if (made != received)
		return wrong(setup, name, "connections made", made, received);
	if (count(setup, COUNT_FORWARDED) != received)
		return wrong(setup, name, "packets sent", count(setup, COUNT_FORWARDED), received);
	if (count(setup, COUNT_CONNS) + count(setup, COUNT_CONN_EXPIRED) != made)
		return wrong(setup, name, "connections there and expired",
			     count(setup, COUNT_CONNS) + count(setup, COUNT_CONN_EXPIRED), made);
	return 0;
}

/* After a while of it, too: as many as at first. */
static int
check_steady(const struct setup *setup, const char *name)
{
	uint64_t conns = count(setup, COUNT_CONNS);
	/* A turn of few connections is long, next to their life. */
	uint32_t slack = setup->target < 10000 ? setup->target : setup->target / 8;
	int err = check(setup, name);

	if (err == 0 && (conns < setup->target - slack || conns > setup->target + slack))
		err = wrong(setup, name, "connections kept", conns, setup->target);
	return err;
}

static uint32_t
turn(struct setup *setup)
{
	clock_forward(setup, setup->step);
	return worker_turn(setup->worker);
}

/* The first packets go to servers of their services, from local addresses and ports. */
static int
verify(struct setup *setup, const char *name)
{
	uint32_t n = RTE_MIN(VERIFIED_MAX, setup->target);
	union record *captured = malloc(n * sizeof(*captured));
	uint8_t *nexthops = malloc(n);
	struct replay *replay = testbed_replay(setup->testbed, 0);
	struct records one = setup->records;
	int err = captured && nexthops ? 0 : -ENOMEM;

	replay->sink = SINK_CAPTURE;
	replay->captured = captured;
	replay->captured_nexthop = nexthops;
	replay_start(replay, &setup->records, err == 0 ? n : 0);
	while (replay->left > 0)
		turn(setup);
	replay->sink = SINK_COUNT;
	if (err == 0)
		err = check(setup, name);
	for (uint32_t i = 0; i < n && err == 0; i++) {
		struct flow client = records_get(&setup->records, i), server;

		one.at = &captured[i];
		server = records_get(&one, 0);
		if (!testbed_is_right(setup->testbed, i, &client, &server))
			err = wrong(setup, name, "connections that went to the right server", i, n);
	}
	free(captured);
	free(nexthops);
	return err;
}

/* The longest turn is of interest, so those in which another program ran are left out. */
static void
keep_unless_switched(const struct sample *sample, struct samples *samples, uint32_t packets)
{
	uint32_t kept = samples->kept;

	sample_end(sample, samples, packets);
	if (measure_was_switched())
		samples->kept = kept;
}

static void
time_turn(struct setup *setup, struct bench *bench)
{
	struct sample sample;
	uint32_t packets;

	clock_forward(setup, setup->step);
	sample_begin(&sample);
	packets = worker_turn(setup->worker);
	keep_unless_switched(&sample, &bench->samples, packets);
}

/* The longest of each of ROUNDS parts of the run, in microseconds: an interrupt or a neighbour is not in all
 * of them, but what the program does itself is. */
static void
longest_of_rounds(const struct samples *samples, uint32_t packets, struct samples *ret)
{
	uint32_t length = samples->kept / ROUNDS;

	samples_clear(ret);
	for (uint32_t round = 0; round < ROUNDS && length > 0; round++) {
		float longest = 0;

		for (uint32_t i = round * length; i < (round + 1) * length; i++)
			longest = RTE_MAX(longest, samples->values[i]);
		ret->values[ret->kept++] = longest * (float)(packets * 1e6 / (double)rte_get_tsc_hz());
	}
	ret->taken = ret->kept;
}

/* The same of a loop that for TICKS at a time does nothing but read all over the table, as often as there are samples.
 * It needs the memory: an interrupt takes longer where the caches hold other things than the kernel's. */
static double
machine_gap(const struct setup *setup, struct samples *samples, uint64_t ticks, struct samples *maxima)
{
	const struct conn_table *table = setup->worker->conns[setup->records.ipv6 ? TABLE_IPV6 : TABLE_IPV4];
	uint32_t wanted = samples->kept, state = 2463534242u;

	samples_clear(samples);
	while (samples->kept < wanted) {
		struct sample sample;

		sample_begin(&sample);
		while (rte_rdtsc() < sample.start + ticks) {
			state = state * 1664525 + 1013904223;
			*(const volatile uint8_t *)conn_at(table, (uint32_t)((uint64_t)state * table->high >> 32));
		}
		keep_unless_switched(&sample, samples, 1);
	}
	longest_of_rounds(samples, 1, maxima);
	return samples_summary(maxima).median - (double)ticks * 1e6 / (double)rte_get_tsc_hz();
}

/* setup->maxima as longest_of_rounds() made it of the samples, which are used up. */
static void
report_longest(struct bench *bench, const char *name, struct setup *setup)
{
	struct samples *maxima = &setup->maxima, *samples = &bench->samples;
	struct summary turns = samples_summary(samples), longest = samples_summary(maxima);
	struct row row = { .unit = "us", .gross = longest };

	if (maxima->kept == 0)
		return;
	snprintf(row.name, sizeof(row.name), "%s", name);
	row.gross.kept = turns.kept;
	row.overhead = machine_gap(setup, samples, (uint64_t)(turns.median * BURST), maxima);
	row.value = longest.median - row.overhead;
	report_row(&row);
}

/* ---- as many as expire ---- */

static int
settle(struct setup *setup, const char *name)
{
	uint64_t lives = 4 * (uint64_t)LIFE_MS << STEP_BITS, turns = lives / setup->step;
	int err = verify(setup, name);

	if (err < 0)
		return err;
	replay_start(testbed_replay(setup->testbed, 0), &setup->records, REPLAY_FOREVER);
	testbed_replay(setup->testbed, 0)->next = RTE_MIN(VERIFIED_MAX, setup->target) % setup->records.n;
	for (uint64_t i = 0; i < turns; i++)
		turn(setup);
	return check_steady(setup, name);
}

/* What the source and sink take alone; the source goes on where it was. */
static double
overhead_of(struct bench *bench, struct setup *setup)
{
	struct replay *replay = testbed_replay(setup->testbed, 0);
	uint32_t next = replay->next;
	double overhead = bench_overhead(bench, setup->testbed, &setup->records);

	replay->next = next;
	return overhead;
}

static int
measure_steady(struct bench *bench, const struct testbed_spec *spec, uint32_t target, const char *name)
{
	struct setup setup = { .testbed = NULL };
	char full[REPORT_NAME_MAX + 16];
	double overhead, mean;
	uint64_t start;
	int err = setup_open(&setup, spec, target, 3 * target);

	if (err < 0)
		return err;
	err = settle(&setup, name);
	if (err == 0) {
		overhead = overhead_of(bench, &setup);
		samples_clear(&bench->samples);
		start = rte_rdtsc();
		while (!samples_done(&bench->samples, start, bench->row_ms))
			time_turn(&setup, bench);
		err = check_steady(&setup, name);
	}
	if (err == 0) {
		longest_of_rounds(&bench->samples, BURST, &setup.maxima);
		mean = report_mean(name, "cycles/conn", &bench->samples, overhead);
		snprintf(full, sizeof(full), "%s/rate", name);
		if (mean > 0)
			report_figure(full, "connections/s", (double)rte_get_tsc_hz() / mean);
		snprintf(full, sizeof(full), "%s/longest", name);
		report_longest(bench, full, &setup);
	}
	setup_close(&setup);
	return err;
}

/* ---- all at once: the clock jumps, while new ones go on coming ---- */

static int
measure_at_once(struct bench *bench, const struct testbed_spec *spec, uint32_t target, const char *name)
{
	struct setup setup = { .testbed = NULL };
	char full[REPORT_NAME_MAX + 16];
	uint64_t turns = 0;
	int err = setup_open(&setup, spec, target, 2 * target);

	if (err < 0)
		return err;
	err = verify(&setup, name);
	replay_start(testbed_replay(setup.testbed, 0), &setup.records, REPLAY_FOREVER);
	testbed_replay(setup.testbed, 0)->next = (uint32_t)count(&setup, COUNT_CONN_NEW);
	setup.step = 0;
	while (count(&setup, COUNT_CONN_NEW) < target)
		turn(&setup);
	clock_forward(&setup, (uint64_t)(3 * TIMEOUT_MS) << STEP_BITS);
	samples_clear(&bench->samples);
	for (; count(&setup, COUNT_CONN_EXPIRED) < target && turns < target; turns++)
		time_turn(&setup, bench);
	if (err == 0)
		err = check(&setup, name);
	if (err == 0 && count(&setup, COUNT_CONN_EXPIRED) != target)
		err = wrong(&setup, name, "connections expired", count(&setup, COUNT_CONN_EXPIRED), target);
	if (err == 0) {
		longest_of_rounds(&bench->samples, BURST, &setup.maxima);
		snprintf(full, sizeof(full), "%s/longest", name);
		report_longest(bench, full, &setup);
		snprintf(full, sizeof(full), "%s/turns", name);
		report_figure(full, "turns", (double)turns);
	}
	setup_close(&setup);
	return err;
}

/* ---- a full table ---- */

/* Fills the table to the last connection; the records from then on are of others. */
static int
fill_table(struct setup *setup, const char *name, uint32_t capacity)
{
	struct replay *replay = testbed_replay(setup->testbed, 0);
	uint32_t left = capacity - (uint32_t)count(setup, COUNT_CONN_NEW);
	int err;

	replay_start(replay, &setup->records, left);
	replay->next = capacity - left;
	while (replay->left > 0)
		turn(setup);
	err = check(setup, name);
	if (err == 0 && count(setup, COUNT_CONNS) != capacity)
		err = wrong(setup, name, "connections in the table", count(setup, COUNT_CONNS), capacity);
	records_free(&setup->records);
	setup->first_flow = capacity;
	return err == 0 ? flows_records(setup->testbed, RTE_TCP_SYN_FLAG, 65536, client_packet, setup, &setup->records)
			: err;
}

static int
measure_full(struct bench *bench, const struct testbed_spec *spec, uint32_t target, const char *name)
{
	struct setup setup = { .testbed = NULL };
	uint64_t refused, received;
	uint32_t capacity;
	double overhead;
	int err = setup_open(&setup, spec, target, 2 * target + 8192);

	if (err < 0)
		return err;
	setup.step = 0;
	capacity = setup.worker->conns[spec->ipv6 ? TABLE_IPV6 : TABLE_IPV4]->capacity;
	err = verify(&setup, name);
	if (err == 0)
		err = fill_table(&setup, name, capacity);
	if (err == 0) {
		overhead = bench_overhead(bench, setup.testbed, &setup.records);
		received = count(&setup, COUNT_RECEIVED);
		bench_turns(bench, setup.testbed, 0, &setup.records);
		received = count(&setup, COUNT_RECEIVED) - received;
		refused = setup.worker->counters.drop[DROP_CONN_TABLE_FULL];
		if (refused != received || drops(&setup) != received)
			err = wrong(&setup, name, "packets refused", refused, received);
	}
	if (err == 0)
		report_samples(name, "cycles/packet", &bench->samples, overhead);
	setup_close(&setup);
	return err;
}

/* ---- */

static const struct {
	const char *name;
	bool ipv6;
	uint8_t forward, proto;
} variants[] = {
	{ "fnat/ipv4/tcp", false, FORWARD_FULLNAT, IPPROTO_TCP },
	{ "fnat/ipv4/udp", false, FORWARD_FULLNAT, IPPROTO_UDP },
	{ "fnat/ipv6/tcp", true, FORWARD_FULLNAT, IPPROTO_TCP },
	{ "fnat/ipv6/udp", true, FORWARD_FULLNAT, IPPROTO_UDP },
	{ "nat/ipv4/tcp", false, FORWARD_NAT, IPPROTO_TCP },
	{ "nat/ipv4/udp", false, FORWARD_NAT, IPPROTO_UDP },
	{ "dr/ipv4/tcp", false, FORWARD_DIRECT, IPPROTO_TCP },
	{ "dr/ipv4/udp", false, FORWARD_DIRECT, IPPROTO_UDP },
};

/* ROOM: connections that the table is made for. */
static int
row(struct bench *bench, const char *what, size_t variant, uint32_t target, uint32_t room,
    int (*measure)(struct bench *bench, const struct testbed_spec *spec, uint32_t target, const char *name))
{
	struct testbed_spec spec = testbed_usual(room);
	char name[REPORT_NAME_MAX], number[16];

	spec.ipv6 = variants[variant].ipv6;
	spec.proto = variants[variant].proto;
	spec.forward = variants[variant].forward;
	snprintf(name, sizeof(name), "%s/%s/%s", what, variants[variant].name, bench_count(target, number));
	if (!bench_wants(bench, name) || target > bench->max_connections)
		return 0;
	return measure(bench, &spec, target, name);
}

int
rows_setup(struct bench *bench)
{
	const uint32_t small = RTE_MIN(100000u, bench->max_connections), large = 1000000;
	int err = 0;

	report_section(
		"connections that begin and end (set-up and expiry of one, mean; longest turn, less the machine's)");
	for (size_t i = 0; i < 2 * RTE_DIM(variants) && err == 0; i++) {
		uint32_t target = i & 1 ? large : small;

		/* Twice the room, as the first sweep finds more than the later ones. */
		err = row(bench, "setup", i / 2, target, 2 * target, measure_steady);
	}
	if (err == 0)
		err = row(bench, "expiry", 0, small, 2 * small, measure_at_once);
	if (err == 0)
		err = row(bench, "expiry", 0, large, 2 * large, measure_at_once);
	for (size_t i = 0; i < RTE_DIM(variants) && err == 0; i++)
		err = row(bench, "full table", i, RTE_MIN(large, bench->max_connections),
			  RTE_MIN(large, bench->max_connections), measure_full);
	return err;
}
