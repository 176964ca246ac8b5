/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What a listing costs those who forward meanwhile: a worker with established connections on one processor, the control
 * side that lists again and again on the other. It reads the lines in which the worker counts. With and without take turns,
 * so that both see the same minutes of the machine.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdalign.h>
#include <stdio.h>
#include <stdlib.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <rte_cycles.h>
#include <rte_launch.h>
#include <rte_lcore.h>
#include <rte_pause.h>

#include "control/ipvs_family.h"
#include "control/ipvsx_family.h"
#include "netlink-shim/wire.h"
#include "path/path.h"
#include "rows.h"

#define SERVICES 1000
#define DESTS 10
#define CONNECTIONS 100000
#define ROUNDS 20
#define SAMPLE_EVERY 32 /* turns: the listing comes in bursts, of which samples in a row would see one alone */

struct lister {
	struct testbed *testbed;
	struct ipvs_model *model;
	struct ipvsx ipvsx;
	struct genl genl;
	struct genl_session session;
	uint16_t family;
	uint8_t command;
	uint64_t dumps, objects; /* written by the lister alone */
	alignas(64) uint32_t lists, ends; /* written by the worker's thread */
};

/* ---- the control side ---- */

static void
put_service(struct nl_msg *message, uint32_t number)
{
	const struct ip_addr address = testbed_service_address(false, number);
	struct nlattr *nest = nla_nest_start(message, IPVS_CMD_ATTR_SERVICE);

	nla_put_u16(message, IPVS_SVC_ATTR_AF, AF_INET);
	nla_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, IPPROTO_TCP);
	nla_put(message, IPVS_SVC_ATTR_ADDR, 4, &address.ip);
	nla_put_u16(message, IPVS_SVC_ATTR_PORT, RTE_BE16(80));
	nla_nest_end(message, nest);
}

static void
ask(struct lister *lister)
{
	struct nl_msg *message = nlmsg_alloc();

	if (!message)
		abort();
	genlmsg_put(message, 1, 1, lister->family, 0, NLM_F_REQUEST | NLM_F_DUMP, lister->command, 1);
	if (lister->family == IPVSD_FAMILY_IPVS && lister->command == IPVS_CMD_GET_DEST)
		put_service(message, (uint32_t)(lister->dumps % SERVICES));
	genl_session_input(&lister->session, nlmsg_hdr(message), nlmsg_hdr(message)->nlmsg_len);
	nlmsg_free(message);
}

/* What the client would read. */
static void
take_answers(struct lister *lister)
{
	struct datagram *answer;

	while ((answer = genl_session_pop(&lister->session))) {
		struct nlmsghdr *message = (struct nlmsghdr *)(void *)answer->bytes;
		int left = (int)answer->length;

		for (; nlmsg_ok(message, left); message = nlmsg_next(message, &left))
			lister->objects += message->nlmsg_type != NLMSG_DONE;
		free(answer);
	}
}

/* One turn of the control thread after the other, while it is told to. */
static int
list(void *arg)
{
	struct lister *lister = arg;

	while (!__atomic_load_n(&lister->ends, __ATOMIC_RELAXED)) {
		if (!__atomic_load_n(&lister->lists, __ATOMIC_RELAXED)) {
			rte_pause();
			continue;
		}
		if (genl_session_busy(&lister->session))
			genl_session_resume(&lister->session);
		else
			ask(lister);
		take_answers(lister);
		lister->dumps += !genl_session_busy(&lister->session);
	}
	return 0;
}

/* ---- the worker's side ---- */

/* The testbed's services and servers once more, as the model's: they take the place of those. */
static int
fill_model(struct lister *lister)
{
	static const struct ipvs_service_setup setup = { .scheduler = "wlc", .netmask = UINT32_MAX };
	int err = 0;

	for (uint32_t i = 0; i < SERVICES && err == 0; i++) {
		const struct ipvs_key key = { .addr = testbed_service_address(false, i).ip,
					      .port = RTE_BE16(80),
					      .family = AF_INET,
					      .protocol = IPPROTO_TCP };
		struct ipvs_service *service;
		struct ipvs_dest *dest;

		err = ipvs_service_add(lister->model, &key, &setup, &service);
		for (uint32_t k = 0; k < DESTS && err == 0; k++) {
			const struct dest spec = { .addr = testbed_dest_address(false, i * DESTS + k),
						   .port = RTE_BE16(8080),
						   .forward = FORWARD_FULLNAT,
						   .weight = 1 };

			err = ipvs_dest_add(lister->model, service, &spec, &dest);
		}
	}
	return err == 0 ? ipvs_model_publish(lister->model) : err;
}

static int
start(struct lister *lister, uint32_t connections)
{
	struct testbed_spec spec = testbed_usual(connections);
	const struct ipvs_limits limits = { .services = SERVICES, .dests = SERVICES * DESTS, .connections = 1024 };
	int err;

	spec.services = SERVICES;
	spec.dests = DESTS;
	err = testbed_create(&spec, &lister->testbed);
	if (err == 0)
		err = ipvs_model_create(lister->testbed->lb, &limits, &lister->model);
	if (err == 0)
		err = fill_model(lister);
	lister->ipvsx.model = lister->model;
	if (err == 0)
		err = genl_family_register(&lister->genl, &ipvs_family, lister->model);
	if (err == 0)
		err = genl_family_register(&lister->genl, &ipvsx_family, &lister->ipvsx);
	genl_session_init(&lister->session, &lister->genl, true);
	return err;
}

static void
stop(struct lister *lister)
{
	genl_session_clear(&lister->session);
	if (lister->model)
		ipvs_model_destroy(lister->model);
	if (lister->testbed)
		testbed_destroy(lister->testbed);
	free(lister);
}

/* Adds samples of MS milliseconds, or fewer once there are enough of them. How long it took, in seconds. */
static double
sample_turns(const struct lister *lister, uint32_t ms, struct samples *samples)
{
	uint64_t start = rte_rdtsc();

	while (!samples_done(samples, start, ms)) {
		struct sample sample;

		for (uint32_t i = 1; i < SAMPLE_EVERY; i++)
			worker_turn(lister->testbed->workers[0]);
		sample_begin(&sample);
		sample_end(&sample, samples, worker_turn(lister->testbed->workers[0]));
	}
	return (double)(rte_rdtsc() - start) / (double)rte_get_tsc_hz();
}

/* Rounds without and with the listing; -EPROTO if nothing was listed. */
static int
measure(struct bench *bench, struct lister *lister, const struct flows *flows, const char *what, double overhead)
{
	const uint32_t ms = RTE_MAX(bench->row_ms / ROUNDS, 20u);
	struct samples *samples = calloc(2, sizeof(*samples));
	char name[REPORT_NAME_MAX];
	unsigned int lcore = rte_get_next_lcore(-1, 1, 0);
	double seconds[2] = { 0 }, mean[2];

	if (!samples)
		return -ENOMEM;
	lister->dumps = lister->objects = 0;
	lister->ends = lister->lists = 0;
	replay_start(testbed_replay(lister->testbed, 0), &flows->mixed, REPLAY_FOREVER);
	if (rte_eal_remote_launch(list, lister, lcore) != 0) {
		free(samples);
		return -EBUSY;
	}
	for (uint32_t i = 0; i < 2 * ROUNDS; i++) {
		__atomic_store_n(&lister->lists, i % 2, __ATOMIC_RELAXED);
		seconds[i % 2] += sample_turns(lister, ms, &samples[i % 2]);
	}
	__atomic_store_n(&lister->ends, 1, __ATOMIC_RELAXED);
	rte_eal_wait_lcore(lcore);
	for (int i = 0; i < 2; i++) {
		snprintf(name, sizeof(name), "dumps/%s/%s", what, i == 0 ? "without" : "with");
		mean[i] = report_mean(name, "cycles/packet", &samples[i], overhead);
	}
	snprintf(name, sizeof(name), "dumps/%s/cost", what);
	report_figure(name, "percent", 100 * (mean[1] / mean[0] - 1));
	snprintf(name, sizeof(name), "dumps/%s/listed", what);
	report_figure(name, "objects/s", (double)lister->objects / seconds[1]);
	free(samples);
	return lister->objects > 0 ? 0 : -EPROTO;
}

int
rows_dumps(struct bench *bench)
{
	static const struct {
		const char *name;
		uint16_t family;
		uint8_t command;
	} kinds[] = {
		{ "services", IPVSD_FAMILY_IPVS, IPVS_CMD_GET_SERVICE },
		{ "dests", IPVSD_FAMILY_IPVS, IPVS_CMD_GET_DEST },
		{ "conns", IPVSD_FAMILY_IPVSX, IPVSX_CMD_GET_CONNS },
	};
	const uint32_t connections = RTE_MIN(CONNECTIONS, bench->max_connections);
	struct lister *lister;
	struct flows flows;
	double overhead;
	int err;

	if (testbed_devs() < 2 || !bench_wants_any(bench, "dumps"))
		return 0;
	report_section("listings while a worker forwards (full-NAT, 1,000 services of 10, 100k connections)");
	lister = aligned_alloc(64, sizeof(*lister));
	if (!lister)
		return -ENOMEM;
	*lister = (struct lister){ .ends = 1 };
	err = start(lister, connections);
	if (err == 0)
		err = flows_open(lister->testbed, 0, connections, &flows);
	if (err < 0) {
		stop(lister);
		return err;
	}
	err = flows_verify(lister->testbed, 0, &flows, UINT32_MAX);
	overhead = bench_overhead(bench, lister->testbed, &flows.mixed);
	for (size_t i = 0; i < RTE_DIM(kinds) && err == 0; i++) {
		lister->family = kinds[i].family;
		lister->command = kinds[i].command;
		err = measure(bench, lister, &flows, kinds[i].name, overhead);
	}
	flows_free(&flows);
	stop(lister);
	return err;
}
