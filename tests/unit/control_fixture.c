/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * See control_fixture.h.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "core/rcu.h"

static int
port_number(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "lan") == 0 ? 3 : strcmp(name, "dmz") == 0 ? 4 : -ENOENT;
}

static void
activated(void *arg, const struct ip_addr *addr, uint8_t port, bool active)
{
	struct control_fixture *fixture = arg;

	assert_int_not_equal(port, UINT8_MAX);
	for (uint32_t i = 0; i < fixture->n_activated; i++)
		if (ip_addr_equal(&fixture->activated[i], addr)) {
			/* of another port now, or of none; it is there once (fib_offer()) */
			if (!active)
				fixture->activated[i] = fixture->activated[--fixture->n_activated];
			return;
		}
	if (!active)
		fail_msg("an address that was not active became inactive");
	fixture->activated[fixture->n_activated++] = *addr;
}

static void *
zeroed(size_t size)
{
	void *memory = aligned_alloc(64, (size + 63) & ~(size_t)63);

	assert_non_null(memory);
	return memset(memory, 0, size);
}

struct control_fixture *
control_fixture_new(void)
{
	struct control_fixture *fixture = zeroed(sizeof(*fixture));
	struct laddr_groups_hooks hooks = { .arg = fixture, .port_number = port_number, .activated = activated };
	struct ipvs_limits limits = { .services = FIXTURE_SERVICES, .dests = FIXTURE_DESTS, .connections = 5000 };

	fixture->rcu = rcu_create(1);
	assert_non_null(fixture->rcu);
	assert_int_equal(lb_create(limits.services, limits.dests, fixture->rcu, &fixture->lb), 0);
	fixture->worker = zeroed(sizeof(*fixture->worker));
	fixture->worker->loads = zeroed(limits.dests * sizeof(*fixture->worker->loads));
	lb_attach_workers(fixture->lb, &fixture->worker, 1);
	assert_int_equal(ipvs_model_create(fixture->lb, &limits, &fixture->model), 0);
	assert_int_equal(laddr_groups_create(fixture->lb, &hooks, &fixture->groups), 0);
	fixture->sets[0] = &fixture->counters[0];
	fixture->sets[1] = &fixture->counters[1];
	fixture->ipvsx = (struct ipvsx){
		.model = fixture->model,
		.groups = fixture->groups,
		.counters = { .sets = fixture->sets, .n_sets = 2, .n_workers = 2 },
	};
	assert_int_equal(genl_family_register(&fixture->genl, &genl_controller, &fixture->genl), 0);
	assert_int_equal(genl_family_register(&fixture->genl, &ipvs_family, fixture->model), 0);
	assert_int_equal(genl_family_register(&fixture->genl, &ipvsx_family, &fixture->ipvsx), 0);
	genl_session_init(&fixture->session, &fixture->genl, true);
	fixture->session.portid = FIXTURE_PORTID;
	fixture->session.portid_known = true;
	return fixture;
}

static void
drop_answers(struct control_fixture *fixture)
{
	for (uint32_t i = 0; i < fixture->n_answers; i++)
		free(fixture->answers[i]);
	fixture->n_answers = 0;
}

void
control_fixture_free(struct control_fixture *fixture)
{
	drop_answers(fixture);
	genl_session_clear(&fixture->session);
	laddr_groups_destroy(fixture->groups);
	ipvs_model_destroy(fixture->model);
	lb_destroy(fixture->lb);
	rcu_destroy(fixture->rcu);
	free(fixture->worker->loads);
	free(fixture->worker);
	free(fixture);
}

int
control_setup(void **state)
{
	*state = control_fixture_new();
	return 0;
}

int
control_teardown(void **state)
{
	control_fixture_free(*state);
	return 0;
}

/* ---- Requests ---- */

static struct nlmsghdr *
last_message(struct wire *wire)
{
	uint32_t offset = 0;
	struct nlmsghdr *header = (void *)wire->bytes;

	while (header->nlmsg_len != 0) {
		offset += NLMSG_ALIGN(header->nlmsg_len);
		header = (void *)(wire->bytes + offset);
	}
	return header;
}

void
wire_clear(struct wire *wire)
{
	uint32_t seq = wire->seq;

	memset(wire, 0, sizeof(*wire));
	wire->seq = seq;
}

struct nlmsghdr *
wire_message(struct wire *wire, uint16_t type, uint8_t command, uint16_t flags)
{
	struct nlmsghdr *header = last_message(wire);
	struct genlmsghdr genl = { .cmd = command, .version = 1 };

	header->nlmsg_type = type;
	header->nlmsg_flags = flags;
	header->nlmsg_seq = ++wire->seq;
	memcpy((uint8_t *)header + NLMSG_HDRLEN, &genl, sizeof(genl));
	wire->length += NLMSG_HDRLEN + GENL_HDRLEN;
	return header;
}

void
wire_put(struct wire *wire, uint16_t type, const void *data, uint32_t length)
{
	struct nlattr attr = { .nla_len = (uint16_t)(NLA_HDRLEN + length), .nla_type = type };

	memcpy(wire->bytes + wire->length, &attr, sizeof(attr));
	if (length > 0)
		memcpy(wire->bytes + wire->length + NLA_HDRLEN, data, length);
	wire->length += NLA_ALIGN(attr.nla_len);
}

void
wire_u8(struct wire *wire, uint16_t type, uint8_t value)
{
	wire_put(wire, type, &value, sizeof(value));
}

void
wire_u16(struct wire *wire, uint16_t type, uint16_t value)
{
	wire_put(wire, type, &value, sizeof(value));
}

void
wire_be16(struct wire *wire, uint16_t type, uint16_t value)
{
	wire_u16(wire, type, rte_cpu_to_be_16(value));
}

void
wire_u32(struct wire *wire, uint16_t type, uint32_t value)
{
	wire_put(wire, type, &value, sizeof(value));
}

void
wire_string(struct wire *wire, uint16_t type, const char *text)
{
	wire_put(wire, type, text, (uint32_t)strlen(text) + 1);
}

uint32_t
wire_nest(struct wire *wire, uint16_t type)
{
	uint32_t nest = wire->length;

	wire_put(wire, type, NULL, 0);
	return nest;
}

void
wire_nest_end(struct wire *wire, uint32_t nest)
{
	uint16_t length = (uint16_t)(wire->length - nest);

	memcpy(wire->bytes + nest, &length, sizeof(length));
}

void
wire_end(struct wire *wire)
{
	struct nlmsghdr *header = last_message(wire);

	header->nlmsg_len = (uint32_t)(wire->bytes + wire->length - (uint8_t *)header);
}

void
wire_service(struct wire *wire, uint8_t last, bool full)
{
	const uint8_t addr[4] = { 10, 0, 0, last };
	struct ip_vs_flags flags = { .mask = ~0u };
	uint32_t nest = wire_nest(wire, IPVS_CMD_ATTR_SERVICE);

	wire_u16(wire, IPVS_SVC_ATTR_AF, AF_INET);
	wire_u16(wire, IPVS_SVC_ATTR_PROTOCOL, 6);
	wire_put(wire, IPVS_SVC_ATTR_ADDR, addr, sizeof(addr));
	wire_be16(wire, IPVS_SVC_ATTR_PORT, 80);
	if (full) {
		wire_string(wire, IPVS_SVC_ATTR_SCHED_NAME, "rr");
		wire_put(wire, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
		wire_u32(wire, IPVS_SVC_ATTR_TIMEOUT, 0);
		wire_u32(wire, IPVS_SVC_ATTR_NETMASK, 0xffffffff);
	}
	wire_nest_end(wire, nest);
}

void
wire_dest(struct wire *wire, uint8_t last, uint32_t method, int32_t weight)
{
	const uint8_t addr[4] = { 10, 1, 0, last };
	uint32_t nest = wire_nest(wire, IPVS_CMD_ATTR_DEST);

	wire_put(wire, IPVS_DEST_ATTR_ADDR, addr, sizeof(addr));
	wire_be16(wire, IPVS_DEST_ATTR_PORT, 8080);
	wire_u32(wire, IPVS_DEST_ATTR_FWD_METHOD, method);
	wire_u32(wire, IPVS_DEST_ATTR_WEIGHT, (uint32_t)weight);
	wire_u32(wire, IPVS_DEST_ATTR_U_THRESH, 0);
	wire_u32(wire, IPVS_DEST_ATTR_L_THRESH, 0);
	wire_nest_end(wire, nest);
}

/* ---- Exchanges ---- */

static int
last_error(const struct control_fixture *fixture)
{
	const struct nlmsghdr *message;
	int code = 1;

	for (uint32_t i = 0; (message = answer_message(fixture, i)) != NULL; i++) {
		int32_t value;

		if (message->nlmsg_type != NLMSG_ERROR)
			continue;
		memcpy(&value, (const uint8_t *)message + NLMSG_HDRLEN, sizeof(value));
		code = value;
	}
	return code;
}

int
ask(struct control_fixture *fixture, struct wire *wire)
{
	struct datagram *answer;
	int err;

	drop_answers(fixture);
	genl_session_input(&fixture->session, wire->bytes, wire->length);
	err = ipvs_model_publish(fixture->model);
	assert_int_equal(err, fixture->publish_error);
	assert_int_equal(laddr_groups_publish(fixture->groups), 0);
	genl_session_settle(&fixture->session, err);
	while ((answer = genl_session_pop(&fixture->session)) != NULL) {
		assert_true(fixture->n_answers < 64);
		fixture->answers[fixture->n_answers++] = answer;
	}
	return last_error(fixture);
}

int
service_command(struct control_fixture *fixture, uint8_t command, uint8_t last)
{
	static struct wire wire;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, last, true);
	wire_end(&wire);
	return ask(fixture, &wire);
}

int
dest_command(struct control_fixture *fixture, uint8_t command, uint8_t service, uint8_t last, uint32_t method,
	     int32_t weight)
{
	static struct wire wire;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command,
		     command == IPVS_CMD_GET_DEST ? NLM_F_REQUEST | NLM_F_ACK | NLM_F_DUMP : NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, service, false);
	wire_dest(&wire, last, method, weight);
	wire_end(&wire);
	return ask(fixture, &wire);
}

const struct nlmsghdr *
answer_message(const struct control_fixture *fixture, uint32_t number)
{
	for (uint32_t i = 0; i < fixture->n_answers; i++) {
		const struct datagram *answer = fixture->answers[i];
		uint32_t offset = 0;

		while (offset < answer->length) {
			const struct nlmsghdr *header = (const void *)(answer->bytes + offset);

			assert_in_range(header->nlmsg_len, NLMSG_HDRLEN, answer->length - offset);
			if (number-- == 0)
				return header;
			offset += NLMSG_ALIGN(header->nlmsg_len);
		}
	}
	return NULL;
}

static const struct nlattr *
find_attr(const void *data, int length, uint16_t type)
{
	const struct nlattr *attr = data;

	for (; nla_ok(attr, length); attr = nla_next(attr, &length))
		if (attr->nla_type == type)
			return attr;
	return NULL;
}

const struct nlattr *
nested_attr(const struct nlattr *nest, uint16_t type)
{
	return nest ? find_attr(nla_data(nest), nla_len(nest), type) : NULL;
}

const struct nlattr *
answer_attr(const struct nlmsghdr *message, uint16_t nest_type, uint16_t type)
{
	const uint8_t *attrs = (const uint8_t *)message + NLMSG_HDRLEN + GENL_HDRLEN;
	const struct nlattr *nest = find_attr(attrs, (int)(message->nlmsg_len - NLMSG_HDRLEN - GENL_HDRLEN), nest_type);

	return nested_attr(nest, type);
}

uint32_t
dump_count(const struct control_fixture *fixture)
{
	const struct nlmsghdr *message;
	uint32_t n = 0;

	for (uint32_t i = 0; (message = answer_message(fixture, i)) != NULL; i++)
		n += message->nlmsg_type != NLMSG_DONE;
	return n;
}
