/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What services by mark match, as clients say it: which packets get their mark, in which order, and what is refused.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "eal_fixture.h"
#include "heard_log.h"
#include "lb/lb.h"
#include "lb/mark.h"
#include "lb/removed.h"

static struct wire wire;

static int
port_number(void *arg, const char *name)
{
	(void)arg;
	return strcmp(name, "wan") == 0 ? 0 : strcmp(name, "lan") == 0 ? 1 : -ENOENT;
}

static int
setup(void **state)
{
	struct control_fixture *fixture = control_fixture_new();

	fixture->session.extended = true;
	fixture->model->port_number = port_number;
	*state = fixture;
	return 0;
}

/* Strings that are NULL are not sent. */
struct match {
	uint8_t protocol;
	const char *source[2], *destination[2];
	const char *port, *out_port;
	uint16_t unknown; /* type of one more attribute; 0: none */
};

static void
put_range(uint16_t type, const char *const *range, int family)
{
	const uint32_t size = family == AF_INET ? 4 : 16;
	uint8_t bytes[32];

	if (!range[0])
		return;
	assert_int_equal(inet_pton(family, range[0], bytes), 1);
	assert_int_equal(inet_pton(family, range[1], bytes + size), 1);
	wire_put(&wire, type, bytes, 2 * size);
}

static void
put_match(const struct match *match, int family)
{
	uint32_t options = wire_nest(&wire, IPVSD_SVC_ATTR_OPTIONS), nest = wire_nest(&wire, IPVSD_SERVICE_ATTR_MATCH);

	if (match) {
		wire_u8(&wire, IPVSD_MATCH_ATTR_PROTOCOL, match->protocol);
		put_range(IPVSD_MATCH_ATTR_SOURCE, match->source, family);
		put_range(IPVSD_MATCH_ATTR_DESTINATION, match->destination, family);
		if (match->port)
			wire_string(&wire, IPVSD_MATCH_ATTR_PORT, match->port);
		if (match->out_port)
			wire_string(&wire, IPVSD_MATCH_ATTR_OUT_PORT, match->out_port);
		if (match->unknown)
			wire_u8(&wire, match->unknown, 0);
	}
	wire_nest_end(&wire, nest);
	wire_nest_end(&wire, options);
}

/* COMMAND about the service of MARK; MATCH NULL: none. */
static int
say(struct control_fixture *fixture, uint8_t command, uint32_t mark, int family, const struct match *match)
{
	const struct ip_vs_flags flags = { .mask = ~0u };
	uint32_t service;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, NLM_F_REQUEST | NLM_F_ACK);
	service = wire_nest(&wire, IPVS_CMD_ATTR_SERVICE);
	wire_u16(&wire, IPVS_SVC_ATTR_AF, (uint16_t)family);
	wire_u32(&wire, IPVS_SVC_ATTR_FWMARK, mark);
	wire_string(&wire, IPVS_SVC_ATTR_SCHED_NAME, "rr");
	wire_put(&wire, IPVS_SVC_ATTR_FLAGS, &flags, sizeof(flags));
	wire_u32(&wire, IPVS_SVC_ATTR_TIMEOUT, 0);
	wire_u32(&wire, IPVS_SVC_ATTR_NETMASK, family == AF_INET ? UINT32_MAX : 128);
	put_match(match, family);
	wire_nest_end(&wire, service);
	wire_end(&wire);
	return ask(fixture, &wire);
}

/* The mark of a packet between these addresses, ports 1000 and 80, that came in by the lan and goes out by OUT. */
static uint32_t
mark_of(const struct control_fixture *fixture, uint8_t proto, const char *source, const char *destination, uint32_t out)
{
	struct flow flow = {
		.family = strchr(source, ':') ? AF_INET6 : AF_INET,
		.proto = proto,
		.sport = htons(1000),
		.dport = htons(80),
	};

	assert_int_equal(inet_pton(flow.family, source, &flow.src), 1);
	assert_int_equal(inet_pton(flow.family, destination, &flow.dst), 1);
	return fixture->lb->marks ? marks_classify(fixture->lb->marks, &flow, 1, out) : 0;
}

static void
packets_of_a_range_get_the_mark_to_the_last_address(void **state)
{
	static const struct match match = { .source = { "10.0.0.3", "10.0.1.6" } };
	static const struct {
		const char *source;
		uint32_t mark;
	} cases[] = {
		{ "10.0.0.2", 0 }, { "10.0.0.3", 7 }, { "10.0.0.4", 7 }, { "10.0.0.255", 7 },
		{ "10.0.1.0", 7 }, { "10.0.1.6", 7 }, { "10.0.1.7", 0 }, { "11.0.0.4", 0 },
	};
	struct control_fixture *fixture = *state;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &match), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(mark_of(fixture, IPPROTO_TCP, cases[i].source, "192.0.2.1", 0), cases[i].mark);
}

static void
protocol_destination_and_ports_narrow_it(void **state)
{
	static const struct match match = {
		.protocol = IPPROTO_UDP,
		.destination = { "192.0.2.0", "192.0.2.255" },
		.port = "lan",
		.out_port = "wan",
	};
	struct control_fixture *fixture = *state;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &match), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_UDP, "10.0.0.1", "192.0.2.9", 0), 7);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "192.0.2.9", 0), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_UDP, "10.0.0.1", "192.0.3.9", 0), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_UDP, "10.0.0.1", "192.0.2.9", 1), 0);
}

static void
each_family_has_its_own(void **state)
{
	static const struct match any = { .out_port = "wan" };
	static const struct match six = { .source = { "fd00::1", "fd00::1:0" } };
	struct control_fixture *fixture = *state;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &any), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "192.0.2.9", 0), 7);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::1", "fd01::1", 0), 0);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 8, AF_INET6, &six), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::", "fd01::1", 0), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::1", "fd01::1", 0), 8);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::ffff", "fd01::1", 0), 8);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::1:0", "fd01::1", 0), 8);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "fd00::1:1", "fd01::1", 0), 0);
}

static int
no_port(void *arg, const char *name)
{
	(void)arg;
	(void)name;
	return -ENOENT;
}

/* As after a restart with another configuration. */
static void
a_match_whose_port_is_gone_is_told_of_once(void **state)
{
	static const struct match lan = { .port = "lan" }, all = { .protocol = 0 };
	struct control_fixture *fixture = *state;
	struct heard heard;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &lan), 0);
	fixture->model->port_number = no_port;
	heard_begin(&heard);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 8, AF_INET, &all), 0);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 9, AF_INET, &all), 0);
	heard_end(&heard);
	assert_string_equal(heard.text, "ipvsd: warning: ipvs: the service of mark 7 matches nothing: there is no port "
					"\"lan\" or \"\"\n");
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "192.0.2.9", 0), 8);
}

/* Rules of ipvsd.conf come first, then services in the order in which they were made. */
static void
the_first_that_fits_wins(void **state)
{
	static struct config_mark configured = {
		.mark = 99, .protocol = IPPROTO_TCP, .last_source_port = UINT16_MAX, .first_port = 80, .last_port = 80
	};
	static const struct match all = { .protocol = 0 };
	static const struct match udp = { .protocol = IPPROTO_UDP };
	struct control_fixture *fixture = *state;

	fixture->model->config_marks = &configured;
	fixture->model->n_config_marks = 1;
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 9, AF_INET, &udp), 0);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 5, AF_INET, &all), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "192.0.2.9", 0), 99);
	assert_int_equal(mark_of(fixture, IPPROTO_UDP, "10.0.0.1", "192.0.2.9", 0), 9);
	assert_int_equal(mark_of(fixture, IPPROTO_SCTP, "10.0.0.1", "192.0.2.9", 0), 5);
	assert_int_equal(say(fixture, IPVS_CMD_DEL_SERVICE, 9, AF_INET, NULL), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_UDP, "10.0.0.1", "192.0.2.9", 0), 5);
}

static void
a_match_changes_and_goes_and_stays_when_it_is_not_named(void **state)
{
	static const struct match first = { .source = { "10.0.0.1", "10.0.0.1" } };
	static const struct match second = { .source = { "10.0.0.2", "10.0.0.2" } };
	struct control_fixture *fixture = *state;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &first), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, &second), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "192.0.2.9", 0), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.2", "192.0.2.9", 0), 7);
	/* a client that knows nothing of it */
	fixture->session.extended = false;
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, NULL), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.2", "192.0.2.9", 0), 7);
	fixture->session.extended = true;
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, NULL), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.2", "192.0.2.9", 0), 0);
	assert_null(fixture->lb->marks);
}

static int
add_dest(struct control_fixture *fixture, uint32_t mark)
{
	uint32_t service;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_NEW_DEST, NLM_F_REQUEST | NLM_F_ACK);
	service = wire_nest(&wire, IPVS_CMD_ATTR_SERVICE);
	wire_u16(&wire, IPVS_SVC_ATTR_AF, AF_INET);
	wire_u32(&wire, IPVS_SVC_ATTR_FWMARK, mark);
	wire_nest_end(&wire, service);
	wire_dest(&wire, 1, FORWARD_DIRECT, 1);
	wire_end(&wire);
	return ask(fixture, &wire);
}

/* Its connections are the owners' (lb/removed.h), though the rules that marked them are gone. */
static void
connections_outlive_a_match_that_changes(void **state)
{
	static const struct match first = { .source = { "10.0.0.1", "10.0.0.1" } };
	static const struct match second = { .source = { "10.0.0.2", "10.0.0.2" } };
	const struct flow any = { .family = AF_INET, .proto = IPPROTO_TCP };
	struct control_fixture *fixture = *state;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &first), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, &second), 0);
	assert_int_equal(add_dest(fixture, 7), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, &second), 0);
	assert_false(removed_may_have(fixture->lb, &any));
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, &first), 0);
	assert_true(removed_may_have(fixture->lb, &any));
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 7, AF_INET, &second), 0);
	assert_int_equal(say(fixture, IPVS_CMD_DEL_SERVICE, 7, AF_INET, &second), 0);
	assert_true(removed_may_have(fixture->lb, &any));
	ipvs_model_tick(fixture->model, TRASH_PERIOD_MS);
	assert_false(removed_may_have(fixture->lb, &any));
}

/* As the changes of a state file are, when it is restored. */
static void
a_match_that_changes_before_workers_know_it_leaves_nothing(void **state)
{
	const struct ipvs_key key = { .family = AF_INET, .fwmark = 7 };
	const struct dest server = { .addr = { .family = AF_INET, .ip.bytes = { 10, 0, 0, 1 } },
				     .forward = FORWARD_DIRECT,
				     .weight = 1 };
	const struct flow any = { .family = AF_INET, .proto = IPPROTO_TCP };
	struct ipvs_service_setup setup = { .scheduler = "rr",
					    .netmask = UINT32_MAX,
					    .match = { .is_set = true, .protocol = IPPROTO_TCP } };
	struct control_fixture *fixture = *state;
	struct ipvs_service *service;
	struct ipvs_dest *dest;

	assert_int_equal(ipvs_service_add(fixture->model, &key, &setup, &service), 0);
	assert_int_equal(ipvs_dest_add(fixture->model, service, &server, &dest), 0);
	setup.match.protocol = IPPROTO_UDP;
	assert_int_equal(ipvs_service_edit(fixture->model, service, &setup), 0);
	assert_int_equal(ipvs_model_publish(fixture->model), 0);
	assert_false(removed_may_have(fixture->lb, &any));
}

static void
it_is_shown_as_it_was_said(void **state)
{
	static const struct match match = { .protocol = IPPROTO_ICMP,
					    .source = { "10.0.0.1", "10.0.0.9" },
					    .out_port = "wan" };
	const uint8_t range[] = { 10, 0, 0, 1, 10, 0, 0, 9 };
	struct control_fixture *fixture = *state;
	const struct nlattr *shown;

	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &match), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_ICMP, "10.0.0.5", "192.0.2.9", 0), 7);
	assert_int_equal(say(fixture, IPVS_CMD_GET_SERVICE, 7, AF_INET, NULL), 0);
	shown = answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVSD_SVC_ATTR_OPTIONS);
	shown = nested_attr(shown, IPVSD_SERVICE_ATTR_MATCH);
	assert_non_null(shown);
	assert_int_equal(attr_u8(nested_attr(shown, IPVSD_MATCH_ATTR_PROTOCOL)), IPPROTO_ICMP);
	assert_int_equal(nla_len(nested_attr(shown, IPVSD_MATCH_ATTR_SOURCE)), sizeof(range));
	assert_memory_equal(nla_data(nested_attr(shown, IPVSD_MATCH_ATTR_SOURCE)), range, sizeof(range));
	assert_null(nested_attr(shown, IPVSD_MATCH_ATTR_DESTINATION));
	assert_string_equal(nla_data(nested_attr(shown, IPVSD_MATCH_ATTR_OUT_PORT)), "wan");
}

static void
what_can_not_be_is_refused(void **state)
{
	static const struct {
		struct match match;
		int family, error;
	} cases[] = {
		{ { .source = { "10.0.0.2", "10.0.0.1" } }, AF_INET, -EINVAL },
		{ { .protocol = IPPROTO_ICMPV6 }, AF_INET, -EINVAL },
		{ { .protocol = 99 }, AF_INET, -EINVAL },
		{ { .port = "nowhere" }, AF_INET, -ENODEV },
		{ { .out_port = "nowhere" }, AF_INET, -ENODEV },
		{ { .source = { "::1", "ffff::fffe" }, .destination = { "::1", "ffff::fffe" } }, AF_INET6, -E2BIG },
	};
	struct control_fixture *fixture = *state;
	uint32_t options, nest;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, cases[i].family, &cases[i].match),
				 cases[i].error);
	/* of a service that has an address */
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, IPVS_CMD_NEW_SERVICE, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, 1, true);
	options = wire_nest(&wire, IPVSD_SVC_ATTR_OPTIONS);
	nest = wire_nest(&wire, IPVSD_SERVICE_ATTR_MATCH);
	wire_u8(&wire, IPVSD_MATCH_ATTR_PROTOCOL, 0);
	wire_nest_end(&wire, nest);
	wire_nest_end(&wire, options);
	wire_nest_end(&wire, NLMSG_HDRLEN + GENL_HDRLEN);
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), -EINVAL);
	assert_null(fixture->lb->marks);
}

/* Against each address of the range and its neighbours, for all ranges of a small space at the end of both families. */
/* A client of a later version has a word for a narrower match. */
static void
what_is_not_known_of_a_match_is_refused(void **state)
{
	const struct match later = { .protocol = IPPROTO_TCP, .unknown = IPVSD_MATCH_ATTR_MAX + 1 };
	const struct match none = { .protocol = IPPROTO_TCP };

	assert_int_equal(say(*state, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &later), -EOPNOTSUPP);
	assert_int_equal(say(*state, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &none), 0);
}

/* The rule of the configuration is about a port that has gone: nothing can be compiled any more. */
static void
rules_that_can_not_be_compiled_hold_nothing_else_up(void **state)
{
	const struct match match = { .protocol = IPPROTO_TCP };
	struct config_mark configured = {
		.mark = 9, .port = "lan", .last_port = UINT16_MAX, .last_source_port = UINT16_MAX
	};
	struct control_fixture *fixture = *state;

	fixture->model->config_marks = &configured;
	fixture->model->n_config_marks = 1;
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 7, AF_INET, &match), 0);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "10.0.0.2", 0), 9);
	fixture->model->port_number = no_port;
	fixture->publish_error = -ENODEV;
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 8, AF_INET, &match), -ENODEV);
	fixture->publish_error = 0;
	/* once for this change; what was there goes on */
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, 10, AF_INET, NULL), 0);
	assert_non_null(fixture->lb->services[2]);
	assert_int_equal(mark_of(fixture, IPPROTO_TCP, "10.0.0.1", "10.0.0.2", 0), 9);
	fixture->model->n_config_marks = 0;
}

/* Ranges of some 3,800 rules; what is too much for all together is refused, and takes nothing away from what was there. */
static void
all_matches_together_have_a_limit(void **state)
{
	const struct match wide = { .source = { "0.0.0.1", "255.255.255.254" },
				    .destination = { "0.0.0.1", "255.255.255.254" } },
			   narrow = { .source = { "10.0.0.1", "10.0.0.1" } };
	struct control_fixture *fixture = *state;
	int mark = 1;

	while (say(fixture, IPVS_CMD_NEW_SERVICE, mark, AF_INET, &wide) == 0)
		mark++;
	assert_in_range(mark, MATCH_RULES_SUM_MAX / MATCH_RULES_MAX, 8);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, mark, AF_INET, &wide), -E2BIG);
	assert_int_equal(say(fixture, IPVS_CMD_NEW_SERVICE, mark, AF_INET, &narrow), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, mark, AF_INET, &wide), -E2BIG);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 1, AF_INET, &wide), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, 1, AF_INET, &narrow), 0);
	assert_int_equal(say(fixture, IPVS_CMD_SET_SERVICE, mark, AF_INET, &wide), 0);
}

static void
prefixes_cover_a_range_and_no_more(void **state)
{
	(void)state;
	for (uint32_t first = 0; first < 32; first++)
		for (uint32_t last = first; last < 32; last++) {
			struct ip_addr from = { .family = AF_INET,
						.ip.bytes = { 255, 255, 255, (uint8_t)(224 + first) } };
			struct ip_addr to = { .family = AF_INET, .ip.bytes = { 255, 255, 255, (uint8_t)(224 + last) } };
			struct mark_prefix prefixes[MATCH_PREFIXES_MAX];
			uint32_t n = ipvs_match_prefixes(&from, &to, prefixes), covered = 0;

			for (uint32_t i = 0; i < n; i++) {
				assert_int_equal(prefixes[i].address.ip.bytes[3] - 224u, first + covered);
				covered += 1u << (32 - prefixes[i].length);
			}
			assert_int_equal(covered, last - first + 1);
		}
}

static void
the_widest_ranges_have_few_prefixes(void **state)
{
	struct ip_addr zero = { .family = AF_INET6 }, ones = { .family = AF_INET6 };
	struct mark_prefix prefixes[MATCH_PREFIXES_MAX];

	(void)state;
	memset(&ones.ip, 0xff, sizeof(ones.ip));
	assert_int_equal(ipvs_match_prefixes(&zero, &ones, prefixes), 1);
	assert_int_equal(prefixes[0].length, 0);
	zero.ip.bytes[15] = 1;
	ones.ip.bytes[15] = 0xfe;
	assert_int_equal(ipvs_match_prefixes(&zero, &ones, prefixes), MATCH_PREFIXES_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(packets_of_a_range_get_the_mark_to_the_last_address, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(protocol_destination_and_ports_narrow_it, setup, control_teardown),
		cmocka_unit_test_setup_teardown(each_family_has_its_own, setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_match_whose_port_is_gone_is_told_of_once, setup, control_teardown),
		cmocka_unit_test_setup_teardown(the_first_that_fits_wins, setup, control_teardown),
		cmocka_unit_test_setup_teardown(connections_outlive_a_match_that_changes, setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_match_that_changes_before_workers_know_it_leaves_nothing, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_match_changes_and_goes_and_stays_when_it_is_not_named, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(it_is_shown_as_it_was_said, setup, control_teardown),
		cmocka_unit_test_setup_teardown(what_can_not_be_is_refused, setup, control_teardown),
		cmocka_unit_test_setup_teardown(what_is_not_known_of_a_match_is_refused, setup, control_teardown),
		cmocka_unit_test_setup_teardown(all_matches_together_have_a_limit, setup, control_teardown),
		cmocka_unit_test_setup_teardown(rules_that_can_not_be_compiled_hold_nothing_else_up, setup,
						control_teardown),
		cmocka_unit_test(prefixes_cover_a_range_and_no_more),
		cmocka_unit_test(the_widest_ranges_have_few_prefixes),
	};

	return cmocka_run_group_tests(tests, eal_setup, eal_teardown);
}
