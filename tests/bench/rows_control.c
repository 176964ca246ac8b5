/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Operations on services and destinations, each published to the workers at once: the dearest way, since a drain of the
 * control socket publishes what it found together. SET_DEST changes a weight. "model" calls what the commands call,
 * "netlink" hands over the message that a client sends and takes the acknowledgement.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>

#include <netlink/genl/genl.h>
#include <netlink/msg.h>
#include <rte_cycles.h>

#include "control/ipvs_family.h"
#include "control/ipvs_model.h"
#include "control/netlink_attributes.h"
#include "core/rcu.h"
#include "lb/lb.h"
#include "path/path.h"
#include "rows.h"

enum operation { NEW_SERVICE, DEL_SERVICE, NEW_DEST, SET_DEST, DEL_DEST, OPERATIONS };

static const struct {
	const char *name;
	uint8_t command;
} operations[OPERATIONS] = {
	[NEW_SERVICE] = { "NEW_SERVICE", IPVS_CMD_NEW_SERVICE },
	[DEL_SERVICE] = { "DEL_SERVICE", IPVS_CMD_DEL_SERVICE },
	[NEW_DEST] = { "NEW_DEST", IPVS_CMD_NEW_DEST },
	[SET_DEST] = { "SET_DEST", IPVS_CMD_SET_DEST },
	[DEL_DEST] = { "DEL_DEST", IPVS_CMD_DEL_DEST },
};

struct director {
	struct testbed *testbed;
	struct ipvs_model *model;
	struct genl genl;
	struct genl_session session;
	bool netlink;
	struct ipvs_service *service; /* the one with the destinations */
	uint32_t n_dests;
	struct samples samples[OPERATIONS];
};

/* ---- one operation ---- */

static struct ipvs_key
service_key(uint32_t number)
{
	return (struct ipvs_key){ .addr.v4 = rte_cpu_to_be_32(0xc6120000 + number),
				  .port = RTE_BE16(80),
				  .family = AF_INET,
				  .protocol = IPPROTO_TCP };
}

static struct dest
dest_spec(uint32_t number, int32_t weight)
{
	return (struct dest){ .addr = { .family = AF_INET, .ip.v4 = rte_cpu_to_be_32(0x0a000001 + number) },
			      .port = RTE_BE16(8080),
			      .forward = FORWARD_FULLNAT,
			      .weight = weight };
}

static int
operate_model(struct director *director, enum operation operation, uint32_t number, int32_t weight)
{
	static const struct ipvs_service_setup setup = { .scheduler = "wlc", .netmask = UINT32_MAX };
	const struct ipvs_key key = service_key(number);
	const struct dest spec = dest_spec(number, weight);
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	switch (operation) {
	case NEW_SERVICE:
		return ipvs_service_add(director->model, &key, &setup, &service);
	case DEL_SERVICE:
		service = ipvs_service_find(director->model, &key);
		if (!service)
			return -ESRCH;
		ipvs_service_remove(director->model, service);
		return 0;
	case NEW_DEST:
		return ipvs_dest_add(director->model, director->service, &spec, &dest);
	case SET_DEST:
		return ipvs_dest_edit(director->model, director->service, &spec);
	default:
		return ipvs_dest_remove(director->model, director->service, &spec.addr, spec.port);
	}
}

static void
put_service(struct nl_msg *message, const struct ipvs_key *key)
{
	const struct ip_vs_flags flags = { .mask = UINT32_MAX };
	struct nlattr *nest = nla_nest_start(message, IPVS_CMD_ATTR_SERVICE);

	nla_put_u16(message, IPVS_SVC_ATTR_AF, key->family);
	nla_put_u16(message, IPVS_SVC_ATTR_PROTOCOL, key->protocol);
	nla_put(message, IPVS_SVC_ATTR_ADDR, 4, &key->addr);
	nla_put_u16(message, IPVS_SVC_ATTR_PORT, key->port);
	nla_put_string(message, IPVS_SVC_ATTR_SCHED_NAME, "wlc");
	nla_put(message, IPVS_SVC_ATTR_FLAGS, sizeof(flags), &flags);
	nla_put_u32(message, IPVS_SVC_ATTR_TIMEOUT, 0);
	nla_put_u32(message, IPVS_SVC_ATTR_NETMASK, UINT32_MAX);
	nla_nest_end(message, nest);
}

static void
put_dest(struct nl_msg *message, const struct dest *spec)
{
	struct nlattr *nest = nla_nest_start(message, IPVS_CMD_ATTR_DEST);

	nla_put(message, IPVS_DEST_ATTR_ADDR, 4, &spec->addr.ip);
	nla_put_u16(message, IPVS_DEST_ATTR_PORT, spec->port);
	nla_put_u32(message, IPVS_DEST_ATTR_FWD_METHOD, spec->forward);
	nla_put_u32(message, IPVS_DEST_ATTR_WEIGHT, (uint32_t)spec->weight);
	nla_put_u32(message, IPVS_DEST_ATTR_U_THRESH, 0);
	nla_put_u32(message, IPVS_DEST_ATTR_L_THRESH, 0);
	nla_nest_end(message, nest);
}

static struct nl_msg *
request_of(const struct director *director, enum operation operation, uint32_t number, int32_t weight)
{
	bool of_service = operation == NEW_SERVICE || operation == DEL_SERVICE;
	const struct ipvs_key key = of_service ? service_key(number) : director->service->key;
	const struct dest spec = dest_spec(number, weight);
	struct nl_msg *message = nlmsg_alloc();

	if (!message)
		abort();
	genlmsg_put(message, 1, 1, ipvs_family.id, 0, NLM_F_REQUEST | NLM_F_ACK, operations[operation].command,
		    ipvs_family.version);
	put_service(message, &key);
	if (!of_service)
		put_dest(message, &spec);
	return message;
}

/* The acknowledgement's error; 0 if it says that all is well. */
static int
answer_of(struct genl_session *session)
{
	struct datagram *answer = genl_session_pop(session);
	const struct nlmsgerr *error;
	int err = -EPROTO;

	if (answer) {
		error = nlmsg_data((const struct nlmsghdr *)(const void *)answer->bytes);
		err = error->error;
	}
	free(answer);
	return err;
}

/* One turn of the control thread: the operation, its publication, and what may be freed of earlier ones. */
static int
control_turn(struct director *director, enum operation operation, uint32_t number, int32_t weight,
	     const struct nl_msg *request)
{
	const struct nlmsghdr *header = request ? nlmsg_hdr((struct nl_msg *)(uintptr_t)request) : NULL;
	int err = 0;

	if (header)
		genl_session_input(&director->session, header, header->nlmsg_len);
	else
		err = operate_model(director, operation, number, weight);
	if (err == 0)
		err = ipvs_model_publish(director->model);
	if (header) {
		genl_session_settle(&director->session, err);
		err = answer_of(&director->session);
	}
	rcu_reclaim(director->testbed->rcu);
	return err;
}

static int
operate(struct director *director, enum operation operation, uint32_t number, int32_t weight)
{
	struct nl_msg *request = director->netlink ? request_of(director, operation, number, weight) : NULL;
	struct sample sample;
	int err;

	sample_begin(&sample);
	err = control_turn(director, operation, number, weight, request);
	sample_end(&sample, &director->samples[operation], 1);
	if (request)
		nlmsg_free(request);
	for (uint32_t i = 0; i < director->testbed->spec.n_workers; i++)
		worker_turn(director->testbed->workers[i]);
	return err;
}

/* ---- rounds of them, and whether the workers see what was done ---- */

/* -EPROTO unless the published service has so many destinations, the newest of WEIGHT. */
static int
check(const struct director *director, uint32_t n_dests, int32_t weight)
{
	const struct service *svc = fetch(director->testbed->lb->services[director->service->index]);

	if (svc && svc->n_dests == n_dests && (n_dests == 0 || svc->dests[0]->weight == weight))
		return 0;
	fprintf(stderr, "bench: control: the workers see %u destinations, not %u, or an old weight\n",
		svc ? svc->n_dests : 0, n_dests);
	return -EPROTO;
}

static int
round_of_dests(struct director *director)
{
	uint32_t n = director->n_dests;
	int err = operate(director, NEW_DEST, n, 1);

	if (err == 0)
		err = check(director, n + 1, 1);
	if (err == 0)
		err = operate(director, SET_DEST, n, 2);
	if (err == 0)
		err = check(director, n + 1, 2);
	if (err == 0)
		err = operate(director, DEL_DEST, n, 0);
	if (err == 0)
		err = check(director, n, 1);
	/* Else it would come back from there the next time, which is cheaper. */
	ipvs_trash_collect(director->model, 0);
	return err;
}

static int
round_of_services(struct director *director)
{
	const struct ipvs_key key = service_key(1);
	const struct flow flow = { .dst = key.addr, .dport = key.port, .family = AF_INET, .proto = IPPROTO_TCP };
	int err = operate(director, NEW_SERVICE, 1, 0);

	if (err == 0 && !service_find(director->testbed->lb, &flow))
		err = -EPROTO;
	if (err == 0)
		err = operate(director, DEL_SERVICE, 1, 0);
	if (err == 0 && service_find(director->testbed->lb, &flow))
		err = -EPROTO;
	return err;
}

static int
fill(struct director *director)
{
	const struct ipvs_key key = service_key(0);
	int err = operate_model(director, NEW_SERVICE, 0, 0);

	director->service = ipvs_service_find(director->model, &key);
	for (uint32_t i = 0; i < director->n_dests && err == 0; i++)
		err = operate_model(director, NEW_DEST, i, 1);
	return err == 0 ? ipvs_model_publish(director->model) : err;
}

struct rounds {
	int (*run)(struct director *director);
	enum operation first, last; /* that are in it */
};

static void
row_name(const struct director *director, enum operation operation, char name[REPORT_NAME_MAX])
{
	uint32_t n_workers = director->testbed->spec.n_workers;
	const char *way = director->netlink ? "netlink" : "model", *plural = n_workers == 1 ? "" : "s";

	if (operation == NEW_SERVICE || operation == DEL_SERVICE)
		snprintf(name, REPORT_NAME_MAX, "%s/%s/%u worker%s", way, operations[operation].name, n_workers,
			 plural);
	else
		snprintf(name, REPORT_NAME_MAX, "%s/%s/%u dests/%u worker%s", way, operations[operation].name,
			 director->n_dests, n_workers, plural);
}

static int
measure(struct bench *bench, struct director *director, const struct rounds *rounds)
{
	uint64_t start = rte_rdtsc();
	char name[REPORT_NAME_MAX];
	bool wanted = false;
	int err = 0;

	for (enum operation i = rounds->first; i <= rounds->last; i++) {
		samples_clear(&director->samples[i]);
		row_name(director, i, name);
		wanted |= bench_wants(bench, name);
	}
	while (wanted && !samples_done(&director->samples[rounds->first], start, bench->row_ms) && err == 0)
		err = rounds->run(director);
	for (enum operation i = rounds->first; i <= rounds->last && err == 0; i++) {
		row_name(director, i, name);
		if (bench_wants(bench, name))
			report_rate(name, "operations/s", &director->samples[i]);
	}
	return err;
}

static int
start(struct director *director, uint32_t n_workers)
{
	const struct testbed_spec spec = { .nexthops = 1, .connections = 1024, .n_workers = n_workers };
	const struct ipvs_limits limits = { .services = 1024, .dests = 16384, .connections = 1024 };
	int err = testbed_create(&spec, &director->testbed);

	if (err < 0)
		return err;
	err = ipvs_model_create(director->testbed->lb, &limits, &director->model);
	if (err == 0)
		err = genl_family_register(&director->genl, &ipvs_family, director->model);
	genl_session_init(&director->session, &director->genl, true);
	return err == 0 ? fill(director) : err;
}

static void
stop(struct director *director)
{
	genl_session_clear(&director->session);
	if (director->model)
		ipvs_model_destroy(director->model);
	if (director->testbed)
		testbed_destroy(director->testbed);
	free(director);
}

static int
rows(struct bench *bench, bool netlink, uint32_t n_dests, uint32_t n_workers)
{
	static const struct rounds of_dests = { round_of_dests, NEW_DEST, DEL_DEST },
				   of_services = { round_of_services, NEW_SERVICE, DEL_SERVICE };
	struct director *director;
	int err;

	if (!bench_wants_any(bench, netlink ? "netlink" : "model"))
		return 0;
	director = calloc(1, sizeof(*director));
	if (!director)
		return -ENOMEM;
	director->netlink = netlink;
	director->n_dests = n_dests;
	err = start(director, n_workers);
	if (err == 0)
		err = measure(bench, director, &of_dests);
	if (err == 0 && n_dests == 10)
		err = measure(bench, director, &of_services);
	stop(director);
	return err;
}

int
rows_control(struct bench *bench)
{
	static const uint32_t n_dests[] = { 10, 1000, 10000 };
	int err = 0;

	report_section("control operations a second, each with its publication (cycles of one on the right)");
	for (size_t i = 0; i < RTE_DIM(n_dests) && err == 0; i++) {
		err = rows(bench, false, n_dests[i], 1);
		if (err == 0)
			err = rows(bench, false, n_dests[i], 4);
		if (err == 0)
			err = rows(bench, true, n_dests[i], 1);
	}
	return err;
}
