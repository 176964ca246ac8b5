/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Packets that take a longer way: replies at the wrong worker, flows with shifted sequence numbers.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_cycles.h>
#include <rte_tcp.h>

#include "lb/conn_table.h"
#include "path/path.h"
#include "rows.h"

#define SHIFT 100000
#define FIRST_SEQUENCE 1000 /* of the source's packets */

#define COUNTS 3

static struct testbed_spec
spec_of(uint8_t forward, bool ipv6, uint32_t connections, uint32_t n_workers)
{
	struct testbed_spec spec = testbed_usual(n_workers * connections);

	spec.forward = forward;
	spec.ipv6 = ipv6;
	spec.n_workers = n_workers;
	return spec;
}

/* ---- replies at the wrong worker ---- */

enum { OWNER, OTHER };

/* The other worker gets N packets and hands them over, the owner sends them; both on this processor. */
static inline uint32_t
two_turns(struct testbed *testbed, uint32_t n)
{
	testbed_replay(testbed, OTHER)->left = n;
	n = worker_turn(testbed->workers[OTHER]);
	worker_turn(testbed->workers[OWNER]);
	return n;
}

/* The replies in random order, and what must become of them. */
static int
make_replies(const struct testbed *testbed, const struct flows *flows, struct records *ret, struct records *ret_wanted)
{
	const struct testbed_spec *spec = &testbed->spec;
	int err = records_create(spec->ipv6, spec->proto, RTE_TCP_ACK_FLAG, flows->n, ret);

	if (err == 0)
		err = records_create(spec->ipv6, spec->proto, RTE_TCP_ACK_FLAG, flows->n, ret_wanted);
	for (uint32_t i = 0; i < flows->n && err == 0; i++) {
		struct flow client = records_get(&flows->client, i), wanted = flow_reversed(&client);
		uint32_t number = fib_lookup(testbed->fib, client.family, &client.src);

		records_copy(ret, i, &flows->server, i);
		records_set(ret_wanted, i, &wanted);
		records_set_nexthop(ret_wanted, i, fib_nexthop(testbed->fib, number).mac.addr_bytes[5]);
	}
	if (err == 0) {
		records_shuffle(ret);
		records_shuffle(ret_wanted);
	}
	return err;
}

static void
start_both(struct testbed *testbed, const struct records *replies)
{
	replay_start(testbed_replay(testbed, OWNER), replies, 0);
	replay_start(testbed_replay(testbed, OTHER), replies, 0);
}

static int
verify_replies(struct testbed *testbed, const struct records *replies, const struct records *wanted, const char *name)
{
	struct replay *out = testbed_replay(testbed, OWNER);
	const struct counters *owner = &testbed->workers[OWNER]->counters, *other = &testbed->workers[OTHER]->counters;
	uint64_t taken = owner->count[COUNT_TAKEN], given = other->count[COUNT_GIVEN];
	uint32_t n = replies->n;

	out->sink = SINK_VERIFY;
	out->expected = *wanted;
	start_both(testbed, replies);
	for (uint32_t left = n; left > 0; left -= RTE_MIN(left, (uint32_t)BURST))
		two_turns(testbed, RTE_MIN(left, (uint32_t)BURST));
	out->sink = SINK_COUNT;
	taken = owner->count[COUNT_TAKEN] - taken;
	given = other->count[COUNT_GIVEN] - given;
	if (out->sent == n && out->wrong == 0 && taken == n && given == n)
		return 0;
	fprintf(stderr, "bench: %s: %u replies, %llu given, %llu taken, %llu sent, %llu of them wrong\n", name, n,
		(unsigned long long)given, (unsigned long long)taken, (unsigned long long)out->sent,
		(unsigned long long)out->wrong);
	return -EPROTO;
}

static void
time_replies(struct bench *bench, struct testbed *testbed, const struct records *replies)
{
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	start_both(testbed, replies);
	while (!samples_done(&bench->samples, start, bench->row_ms)) {
		struct sample sample;
		uint32_t n;

		sample_begin(&sample);
		n = two_turns(testbed, BURST);
		sample_end(&sample, &bench->samples, n);
	}
}

static int
measure_replies(struct bench *bench, struct testbed *testbed, uint32_t n, const char *name)
{
	struct records replies = { .at = NULL }, wanted = { .at = NULL };
	struct flows flows;
	double overhead;
	int err = flows_open(testbed, OWNER, n, &flows);

	if (err < 0)
		return err;
	err = make_replies(testbed, &flows, &replies, &wanted);
	if (err == 0)
		err = verify_replies(testbed, &replies, &wanted, name);
	if (err == 0) {
		overhead = bench_overhead(bench, testbed, &replies);
		time_replies(bench, testbed, &replies);
		report_samples(name, "cycles/packet", &bench->samples, overhead);
	}
	records_free(&replies);
	records_free(&wanted);
	flows_free(&flows);
	return err;
}

static int
wrong_worker(struct bench *bench, uint8_t forward, bool ipv6, uint32_t n)
{
	const struct testbed_spec spec = spec_of(forward, ipv6, n, 2);
	struct testbed *testbed;
	char name[REPORT_NAME_MAX], count[16];
	int err;

	snprintf(name, sizeof(name), "wrong worker/%s/%s/tcp/%s", forward == FORWARD_NAT ? "nat" : "fnat",
		 ipv6 ? "ipv6" : "ipv4", bench_count(n, count));
	if (!bench_wants(bench, name) || n > bench->max_connections)
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	err = measure_replies(bench, testbed, n, name);
	testbed_destroy(testbed);
	return err;
}

/* ---- shifted sequence numbers ---- */

static void
shift_all(struct conn_table *table)
{
	for (uint32_t i = 0; i < table->high; i++) {
		struct conn *conn = conn_at(table, i);

		conn->flags |= CONN_SHIFTED;
		conn_cold(table, conn)->shift = SHIFT;
	}
}

/* The last buffers still have what was sent: client's numbers are moved up, acknowledgements of servers down. The
 * source's packets are all alike in that. */
static int
check_shift(struct testbed *testbed, const struct records *records, bool from_client, const char *name)
{
	const struct replay *replay = testbed_replay(testbed, 0);
	const struct rte_tcp_hdr *tcp;
	const struct rte_mbuf *m;
	uint32_t l4 = records->ipv6 ? 54 : 34, is, should;

	flows_run(testbed, 0, records, BURST);
	m = replay->buffers[(replay->n_handed_out - 1) % RTE_DIM(replay->buffers)];
	tcp = rte_pktmbuf_mtod_offset(m, const struct rte_tcp_hdr *, l4);
	is = rte_be_to_cpu_32(from_client ? tcp->sent_seq : tcp->recv_ack);
	should = from_client ? FIRST_SEQUENCE + SHIFT : 2 * FIRST_SEQUENCE - SHIFT;
	if (is == should)
		return 0;
	fprintf(stderr, "bench: %s: sequence number %u instead of %u\n", name, is, should);
	return -EPROTO;
}

static int
measure_shifted(struct bench *bench, struct testbed *testbed, uint32_t n, const char *name)
{
	struct flows flows;
	double overhead;
	int err = flows_open(testbed, 0, n, &flows);

	if (err < 0)
		return err;
	shift_all(testbed->workers[0]->conns[testbed->spec.ipv6 ? TABLE_IPV6 : TABLE_IPV4]);
	err = flows_verify(testbed, 0, &flows, UINT32_MAX);
	if (err == 0)
		err = check_shift(testbed, &flows.client, true, name);
	if (err == 0)
		err = check_shift(testbed, &flows.server, false, name);
	if (err == 0) {
		overhead = bench_overhead(bench, testbed, &flows.mixed);
		bench_turns(bench, testbed, 0, &flows.mixed);
		report_samples(name, "cycles/packet", &bench->samples, overhead);
	}
	flows_free(&flows);
	return err;
}

static int
shifted(struct bench *bench, bool ipv6, uint32_t n)
{
	const struct testbed_spec spec = spec_of(FORWARD_FULLNAT, ipv6, n, 1);
	struct testbed *testbed;
	char name[REPORT_NAME_MAX], count[16];
	int err;

	snprintf(name, sizeof(name), "shifted/fnat/%s/tcp/%s", ipv6 ? "ipv6" : "ipv4", bench_count(n, count));
	if (!bench_wants(bench, name) || n > bench->max_connections)
		return 0;
	err = testbed_create(&spec, &testbed);
	if (err < 0)
		return err;
	err = measure_shifted(bench, testbed, n, name);
	testbed_destroy(testbed);
	return err;
}

int
rows_steering(struct bench *bench)
{
	const uint32_t counts[COUNTS] = { RTE_MIN(10000u, bench->max_connections), 100000, 1000000 };
	int err = 0;

	report_section("the longer ways: replies at the wrong worker (both workers' work), shifted sequence numbers");
	for (size_t i = 0; i < COUNTS && err == 0; i++) {
		err = wrong_worker(bench, FORWARD_NAT, false, counts[i]);
		if (err == 0)
			err = wrong_worker(bench, FORWARD_FULLNAT, false, counts[i]);
		if (err == 0)
			err = wrong_worker(bench, FORWARD_NAT, true, counts[i]);
		if (err == 0)
			err = wrong_worker(bench, FORWARD_FULLNAT, true, counts[i]);
	}
	for (size_t i = 0; i < 2 * COUNTS && err == 0; i++)
		err = shifted(bench, i & 1, counts[i / 2]);
	return err;
}
