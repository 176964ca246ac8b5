/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <rte_tcp.h>

#include "flows.h"
#include "lb/service.h"
#include "path/path.h"
#include "port/steering.h"

void
flows_run(struct testbed *testbed, uint32_t worker, const struct records *records, uint64_t n)
{
	struct replay *replay = testbed_replay(testbed, worker);

	replay_start(replay, records, n);
	while (replay->left > 0)
		worker_turn(testbed->workers[worker]);
}

/* Room for N packets of clients and servers. */
static int
create_records(const struct testbed *testbed, uint8_t tcp_flags, uint32_t n, struct records *ret)
{
	const struct testbed_spec *spec = &testbed->spec;
	int err = records_create(spec->ipv6 || spec->crosses, spec->proto, tcp_flags, n, ret);

	ret->mixed = spec->crosses;
	return err;
}

int
flows_records(const struct testbed *testbed, uint8_t tcp_flags, uint32_t n,
	      struct flow (*flow)(const void *arg, uint32_t i), const void *arg, struct records *ret)
{
	int err = create_records(testbed, tcp_flags, n, ret);

	for (uint32_t i = 0; i < n && err == 0; i++) {
		struct flow one = flow(arg, i);

		records_set(ret, i, &one);
	}
	return err;
}

/* The numbers of the first N client flows that WORKER owns. */
static uint32_t *
owned_flows(const struct testbed *testbed, uint32_t worker, uint32_t n)
{
	uint32_t *numbers = malloc(n * sizeof(*numbers));

	for (uint32_t i = 0, found = 0; numbers && found < n; i++) {
		struct flow flow = testbed_client_flow(testbed, i);

		if (owner_of(testbed->steering, &flow) == worker)
			numbers[found++] = i;
	}
	return numbers;
}

struct first_flow {
	const struct testbed *testbed;
	const uint32_t *numbers;
	const union record *captured; /* what the server got */
};

static struct flow
client_packet(const void *arg, uint32_t i)
{
	const struct first_flow *opening = arg;

	return testbed_client_flow(opening->testbed, opening->numbers[i]);
}

static struct flow
captured_flow(const struct first_flow *opening, uint32_t i)
{
	const struct testbed_spec *spec = &opening->testbed->spec;
	const struct records one = { .ipv6 = spec->ipv6 || spec->crosses,
				     .mixed = spec->crosses,
				     .proto = spec->proto,
				     .n = 1,
				     .at = (void *)(uintptr_t)&opening->captured[i] };

	return records_get(&one, 0);
}

static struct flow
server_packet(const void *arg, uint32_t i)
{
	struct flow flow = captured_flow(arg, i);

	return flow_reversed(&flow);
}

static uint8_t
nexthop_towards(const struct testbed *testbed, const struct flow *flow)
{
	return fib_nexthop(testbed->fib, fib_lookup(testbed->fib, flow->family, &flow->dst)).mac.addr_bytes[5];
}

static int
check_all_sent(const struct testbed *testbed, uint32_t worker, const char *what, uint32_t n)
{
	const struct replay *replay = testbed_replay(testbed, worker);

	if (replay->sent == n && replay->wrong == 0)
		return 0;
	fprintf(stderr, "bench: %s: %u packets, %llu came out, %llu of them wrong\n", what, n,
		(unsigned long long)replay->sent, (unsigned long long)replay->wrong);
	for (uint32_t i = 0; i < DROP_MAX; i++) {
		if (testbed->workers[worker]->counters.drop[i] != 0)
			fprintf(stderr, "bench:   dropped: %s %llu\n", drop_texts[i].name,
				(unsigned long long)testbed->workers[worker]->counters.drop[i]);
	}
	return -EPROTO;
}

/* One packet from each end in turn, made and used up at once. */
static int
send_once(struct testbed *testbed, uint32_t worker, uint32_t n, uint8_t tcp_flags,
	  struct flow (*flow)(const void *arg, uint32_t i), const struct first_flow *opening, const char *what)
{
	struct records records;
	int err = flows_records(testbed, tcp_flags, n, flow, opening, &records);

	if (err < 0)
		return err;
	flows_run(testbed, worker, &records, n);
	records_free(&records);
	return check_all_sent(testbed, worker, what, n);
}

/* With direct routing only the MAC address tells which server it was. */
static int
check_servers(const struct testbed *testbed, const struct flows *flows, const struct first_flow *opening)
{
	for (uint32_t i = 0; i < flows->n; i++) {
		struct flow client = client_packet(opening, i), server = captured_flow(opening, i);

		if (testbed_is_right(testbed, opening->numbers[i], &client, &server) &&
		    (!flows->replies || flows->nexthops[i] == nexthop_towards(testbed, &server)))
			continue;
		fprintf(stderr, "bench: connection %u: its first packet was not sent as it should\n", i);
		return -EPROTO;
	}
	return 0;
}

static int
shake_hands(struct testbed *testbed, uint32_t worker, struct flows *flows, struct first_flow *opening,
	    union record *captured)
{
	struct replay *replay = testbed_replay(testbed, worker);
	bool tcp = testbed->spec.proto == IPPROTO_TCP;
	int err;

	replay->sink = SINK_CAPTURE;
	replay->captured = captured;
	replay->captured_nexthop = flows->nexthops;
	err = send_once(testbed, worker, flows->n, RTE_TCP_SYN_FLAG, client_packet, opening, "first packets");
	replay->sink = SINK_COUNT;
	if (err == 0)
		err = check_servers(testbed, flows, opening);
	if (err == 0 && tcp && flows->replies)
		err = send_once(testbed, worker, flows->n, RTE_TCP_SYN_FLAG | RTE_TCP_ACK_FLAG, server_packet, opening,
				"second packets");
	if (err == 0 && tcp)
		err = send_once(testbed, worker, flows->n, RTE_TCP_ACK_FLAG, client_packet, opening, "third packets");
	return err;
}

static int
make_lists(struct testbed *testbed, struct flows *flows, const struct first_flow *opening)
{
	uint32_t n = flows->replies ? 2 * flows->n : flows->n;
	int err = flows_records(testbed, RTE_TCP_ACK_FLAG, flows->n, client_packet, opening, &flows->client);

	if (err == 0)
		err = flows_records(testbed, RTE_TCP_ACK_FLAG, flows->n, server_packet, opening, &flows->server);
	if (err == 0)
		err = create_records(testbed, RTE_TCP_ACK_FLAG, n, &flows->mixed);
	for (uint32_t i = 0; i < n && err == 0; i++)
		records_copy(&flows->mixed, i, i < flows->n ? &flows->client : &flows->server,
			     i < flows->n ? i : i - flows->n);
	if (err == 0)
		records_shuffle(&flows->mixed);
	return err;
}

int
flows_open(struct testbed *testbed, uint32_t worker, uint32_t n, struct flows *ret)
{
	struct first_flow opening = { .testbed = testbed, .numbers = owned_flows(testbed, worker, n) };
	union record *captured = malloc(n * sizeof(*captured));
	int err = opening.numbers && captured ? 0 : -ENOMEM;

	*ret = (struct flows){ .n = n, .replies = !testbed_is_one_way(testbed) };
	opening.captured = captured;
	ret->nexthops = malloc(n);
	if (!ret->nexthops)
		err = -ENOMEM;
	if (err == 0)
		err = shake_hands(testbed, worker, ret, &opening, captured);
	if (err == 0)
		err = make_lists(testbed, ret, &opening);
	free((void *)(uintptr_t)opening.numbers);
	free(captured);
	if (err < 0)
		flows_free(ret);
	return err;
}

void
flows_free(struct flows *flows)
{
	records_free(&flows->client);
	records_free(&flows->server);
	records_free(&flows->mixed);
	free(flows->nexthops);
	flows->nexthops = NULL;
}

/* ---- verification ---- */

/* A packet of the client comes out as the server's reversed, and the other way round. */
static int
make_wanted(const struct testbed *testbed, const struct flows *flows, struct records *wanted)
{
	int err = create_records(testbed, RTE_TCP_ACK_FLAG, flows->mixed.n, wanted);

	for (uint32_t i = 0; i < wanted->n && err == 0; i++) {
		bool to_server = i < flows->n;
		struct flow flow =
			records_get(to_server ? &flows->server : &flows->client, to_server ? i : i - flows->n);

		flow = flow_reversed(&flow);
		records_set(wanted, i, &flow);
		records_set_nexthop(wanted, i, to_server ? flows->nexthops[i] : nexthop_towards(testbed, &flow));
	}
	if (err == 0)
		records_shuffle(wanted);
	return err;
}

int
flows_verify(struct testbed *testbed, uint32_t worker, const struct flows *flows, uint32_t max)
{
	struct replay *replay = testbed_replay(testbed, worker);
	uint32_t n = RTE_MIN(max, flows->mixed.n);
	int err = make_wanted(testbed, flows, &replay->expected);

	if (err < 0)
		return err;
	replay->sink = SINK_VERIFY;
	/* Within a burst the packets of one family may overtake those of the other. */
	if (testbed->spec.crosses)
		replay->burst = 1;
	flows_run(testbed, worker, &flows->mixed, n);
	replay->burst = BURST;
	replay->sink = SINK_COUNT;
	err = check_all_sent(testbed, worker, "verification", n);
	records_free(&replay->expected);
	return err;
}
