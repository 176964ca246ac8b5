/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The choice of a local port, with a share of one address's ports in use towards the server, spread at random as they
 * are after a while. Four workers: each has a quarter of the ports, in lists sorted by their slot,
 * so that what it looks at is a quarter, too, and lies closer.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>

#include <rte_cycles.h>

#include "lb/conn_life.h"
#include "lb/conn_table.h"
#include "lb/forward.h"
#include "lb/laddr.h"
#include "lb/lb.h"
#include "port/steering.h"
#include "rows.h"

#define CONNECTIONS 1000000 /* room for so many, as the index is spread over memory */
#define VERIFIED 100000

struct choice {
	struct testbed *testbed;
	struct worker *worker;
	const struct service *svc;
	struct flow reply; /* from the server; its destination is what is chosen */
	uint32_t used, own; /* ports of the address that are the worker's */
};

static uint32_t
random_next(uint32_t *state)
{
	*state ^= *state << 13;
	*state ^= *state >> 17;
	*state ^= *state << 5;
	return *state;
}

/* Makes connections of PERCENT of the ports that are the worker's. */
static int
use_ports(struct choice *choice, struct ip_addr laddr, uint32_t percent)
{
	const struct testbed_spec *spec = &choice->testbed->spec;
	uint32_t state = 2463534242u;
	int err = 0;

	for (uint32_t port = spec->first_port; port <= spec->last_port && err == 0; port++) {
		struct flow client = testbed_client_flow(choice->testbed, port), reply = choice->reply;
		struct conn *conn;

		reply.dst = laddr.ip;
		reply.dport = rte_cpu_to_be_16((uint16_t)port);
		if (owner_of(choice->testbed->steering, &reply) != choice->worker->index)
			continue;
		choice->own++;
		if (random_next(&state) % 100 >= percent)
			continue;
		err = conn_open(choice->worker, choice->svc, choice->svc->ready[0], &forward_fullnat, &client, &reply,
				CONN_NONE, &conn);
		choice->used++;
	}
	return err;
}

static int
choose(const struct choice *choice, struct flow *reply)
{
	uint32_t recycle;

	*reply = choice->reply;
	return laddr_choose(choice->worker, choice->svc, 0, NULL, reply, &recycle);
}

static bool
is_free(const struct choice *choice, const struct flow *reply)
{
	const struct conn_key4 key = { reply->src.v4, reply->dst.v4, reply->sport, reply->dport };
	const struct conn_table *table = choice->worker->conns[TABLE_IPV4];

	return conn_find(table, &key, reply->proto, conn_hash4(table, &key, reply->proto)) == CONN_NONE;
}

/* What is chosen is the worker's own, and nobody has it. */
static int
verify(const struct choice *choice, const char *name)
{
	for (uint32_t i = 0; i < VERIFIED; i++) {
		struct flow reply;
		int err = choose(choice, &reply);

		if (err == 0 && owner_of(choice->testbed->steering, &reply) == choice->worker->index &&
		    is_free(choice, &reply))
			continue;
		fprintf(stderr, "bench: %s: choice %u: port %u, error %d (%u of %u ports used)\n", name, i,
			rte_be_to_cpu_16(reply.dport), err, choice->used, choice->own);
		return -EPROTO;
	}
	return 0;
}

static void
measure(struct bench *bench, const struct choice *choice)
{
	uint64_t start = rte_rdtsc();

	samples_clear(&bench->samples);
	while (!samples_done(&bench->samples, start, bench->row_ms)) {
		struct sample sample;
		struct flow reply;

		sample_begin(&sample);
		for (int i = 0; i < BURST; i++)
			choose(choice, &reply);
		sample_end(&sample, &bench->samples, BURST);
	}
}

static int
row(struct bench *bench, uint32_t n_workers, uint32_t percent)
{
	const struct testbed_spec spec = {
		.proto = IPPROTO_TCP,
		.forward = FORWARD_FULLNAT,
		.services = 1,
		.dests = 1,
		.nexthops = 1,
		.scheduler = "rr",
		.connections = CONNECTIONS,
		.n_workers = n_workers,
		.n_laddrs = 1,
	};
	struct choice choice = { .used = 0 };
	char name[REPORT_NAME_MAX];
	int err;

	snprintf(name, sizeof(name), "local port/%u worker%s/%u %% used", n_workers, n_workers == 1 ? "" : "s",
		 percent);
	if (!bench_wants(bench, name))
		return 0;
	err = testbed_create(&spec, &choice.testbed);
	if (err < 0)
		return err;
	choice.worker = choice.testbed->workers[0];
	choice.svc = choice.testbed->lb->services[0];
	choice.reply = (struct flow){ .src = choice.svc->ready[0]->addr.ip,
				      .sport = choice.svc->ready[0]->port,
				      .family = AF_INET,
				      .proto = IPPROTO_TCP };
	err = use_ports(&choice, testbed_local_address(choice.testbed, 0), percent);
	if (err == 0)
		err = verify(&choice, name);
	if (err == 0) {
		measure(bench, &choice);
		report_samples(name, "cycles/choice", &bench->samples, 0);
	}
	testbed_destroy(choice.testbed);
	return err;
}

int
rows_laddr(struct bench *bench)
{
	static const uint32_t workers[] = { 1, 4 }, percents[] = { 0, 50, 90 };
	int err = 0;

	report_section("choice of a local port");
	for (size_t i = 0; i < RTE_DIM(workers); i++) {
		for (size_t j = 0; j < RTE_DIM(percents) && err == 0; j++)
			err = row(bench, workers[i], percents[j]);
	}
	return err;
}
