/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The private nest of a service: who may see and set it, what it refuses, and that it outlives a change by others.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"
#include "lb/lb.h"

static struct wire wire;

static int
setup(void **state)
{
	struct control_fixture *fixture = control_fixture_new();

	fixture->session.extended = true;
	*state = fixture;
	return 0;
}

struct option_row {
	uint16_t type, length;
	const void *data;
};

/* COMMAND about service 10.0.0.1:80 with all settings; more attributes may follow. */
static void
begin_options(uint8_t command)
{
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, NLM_F_REQUEST | NLM_F_ACK);
	wire_service(&wire, 1, true);
}

/* With these options in the private nest if N is not 0. */
static int
end_options(struct control_fixture *fixture, const struct option_row *rows, size_t n)
{
	/* within the nest that wire_service() has ended */
	const uint32_t service = NLMSG_HDRLEN + GENL_HDRLEN;
	uint32_t options;

	if (n > 0) {
		options = wire_nest(&wire, IPVSD_SVC_ATTR_OPTIONS);
		for (size_t i = 0; i < n; i++)
			wire_put(&wire, rows[i].type, rows[i].data, rows[i].length);
		wire_nest_end(&wire, options);
	}
	wire_nest_end(&wire, service);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static int
send_options(struct control_fixture *fixture, uint8_t command, const struct option_row *rows, size_t n)
{
	begin_options(command);
	return end_options(fixture, rows, n);
}

static const struct nlattr *
shown_options(struct control_fixture *fixture)
{
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 1), 0);
	return answer_attr(answer_message(fixture, 0), IPVS_CMD_ATTR_SERVICE, IPVSD_SVC_ATTR_OPTIONS);
}

static void
assert_shown(struct control_fixture *fixture, uint32_t timeout_s, uint8_t quiescent, const char *group)
{
	const struct nlattr *options = shown_options(fixture);

	assert_non_null(options);
	assert_int_equal(attr_u32(nested_attr(options, IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT)), timeout_s);
	assert_int_equal(attr_u8(nested_attr(options, IPVSD_SERVICE_ATTR_QUIESCENT)), quiescent);
	assert_string_equal(nla_data(nested_attr(options, IPVSD_SERVICE_ATTR_LADDR_GROUP)), group);
}

static const uint32_t sixty = 60;
static const struct option_row all_options[] = {
	{ IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, 4, &sixty },
	{ IPVSD_SERVICE_ATTR_QUIESCENT, 1, "\2" },
	{ IPVSD_SERVICE_ATTR_LADDR_GROUP, 5, "edge" },
};

static void
options_are_set_and_shown_and_reach_the_workers(void **state)
{
	struct control_fixture *fixture = *state;
	const struct service *published;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_shown(fixture, 0, IPVSD_QUIESCENT_KEEP, "");
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE, all_options, 3), 0);
	assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "edge");
	published = fixture->lb->services[0];
	assert_int_equal(published->options.established_timeout_s, 60);
	assert_int_equal(published->options.quiescent, QUIESCENT_RESET);
	assert_string_equal(published->options.laddr_group, "edge");
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE,
				      &(struct option_row){ IPVSD_SERVICE_ATTR_QUIC, 5, "dpvs" }, 1),
			 0);
	assert_string_equal(nla_data(nested_attr(shown_options(fixture), IPVSD_SERVICE_ATTR_QUIC)), "dpvs");
	assert_non_null(fixture->lb->services[0]->quic);
	/* each by itself, too */
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE,
				      &(struct option_row){ IPVSD_SERVICE_ATTR_LADDR_GROUP, 1, "" }, 1),
			 0);
	assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "");
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE,
				      &(struct option_row){ IPVSD_SERVICE_ATTR_QUIESCENT, 1, "\1" }, 1),
			 0);
	assert_shown(fixture, 60, IPVSD_QUIESCENT_EXPIRE, "");
}

static void
a_new_service_takes_them_at_once(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(send_options(fixture, IPVS_CMD_NEW_SERVICE, all_options, 3), 0);
	assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "edge");
	/* an existing one is not changed by NEW */
	assert_int_equal(send_options(fixture, IPVS_CMD_NEW_SERVICE,
				      &(struct option_row){ IPVSD_SERVICE_ATTR_QUIESCENT, 1, "\1" }, 1),
			 -EEXIST);
	assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "edge");
}

static void
a_client_that_knows_nothing_of_them_sees_and_changes_none(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(send_options(fixture, IPVS_CMD_NEW_SERVICE, all_options, 3), 0);
	fixture->session.extended = false;
	assert_null(shown_options(fixture));
	assert_int_equal(service_command(fixture, IPVS_CMD_SET_SERVICE, 1), 0);
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE,
				      &(struct option_row){ IPVSD_SERVICE_ATTR_QUIESCENT, 1, "\1" }, 1),
			 0);
	/* as a kernel passes over what it doesn't know */
	assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE, &(struct option_row){ 77, 4, "\1\2\3\4" }, 1), 0);
	fixture->session.extended = true;
	assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "edge");
}

static void
what_can_not_be_is_refused_and_changes_nothing(void **state)
{
	static const uint32_t too_long = 2147484;
	static const struct {
		struct option_row row;
		int error;
	} cases[] = {
		{ { IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, 4, &too_long }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_ESTABLISHED_TIMEOUT, 2, "\1\0" }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_QUIESCENT, 1, "\3" }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_QUIESCENT, 0, NULL }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_LADDR_GROUP, 33, "abcdefghijklmnopqrstuvwxyzabcdef" }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_LADDR_GROUP, 4, "edge" }, -EINVAL }, /* without its NUL */
		{ { IPVSD_SERVICE_ATTR_QUIC, 6, "other" }, -ENOENT },
		{ { IPVSD_SERVICE_ATTR_QUIC, 4, "dpvs" }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_SYN_PROXY, 1, "\1" }, -EOPNOTSUPP },
		{ { IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 1, "\6" }, -EINVAL }, /* UOA, of a TCP service */
		{ { IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 1, "\10" }, -EINVAL },
		{ { IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 0, NULL }, -EINVAL },
		{ { 1000, 1, "\1" }, -EOPNOTSUPP },
	};
	struct control_fixture *fixture = *state;

	assert_int_equal(send_options(fixture, IPVS_CMD_NEW_SERVICE, all_options, 3), 0);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct option_row rows[] = { { IPVSD_SERVICE_ATTR_LADDR_GROUP, 6, "other" }, cases[i].row };

		assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE, rows, 2), cases[i].error);
		assert_shown(fixture, 60, IPVSD_QUIESCENT_RESET, "edge");
	}
}

/* Behind the request, whose copy the error has: the option that is not there, or whose value can't be. */
static void
an_error_tells_which_option_it_is_about(void **state)
{
	static const struct option_row bad[] = {
		{ IPVSD_SERVICE_ATTR_SYN_PROXY, 1, "\1" },
		{ IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 1, "\6" },
		{ IPVSD_SERVICE_ATTR_QUIC, 6, "other" },
	};
	struct control_fixture *fixture = *state;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct option_row rows[] = { { IPVSD_SERVICE_ATTR_LADDR_GROUP, 6, "other" }, bad[i] };
		const struct nlmsghdr *error, *request;
		const struct nlattr *place;
		size_t end;

		assert_true(send_options(fixture, IPVS_CMD_NEW_SERVICE, rows, 2) < 0);
		error = answer_message(fixture, 0);
		assert_true(error->nlmsg_flags & NLM_F_ACK_TLVS);
		request = &((const struct nlmsgerr *)nlmsg_data(error))->msg;
		end = NLMSG_ALIGN(NLMSG_HDRLEN + sizeof(int32_t) + request->nlmsg_len);
		assert_int_equal(error->nlmsg_len, end + NLA_HDRLEN + sizeof(uint32_t));
		place = (const void *)((const uint8_t *)error + end);
		assert_int_equal(nla_type(place), NLMSGERR_ATTR_OFFS);
		place = (const void *)((const uint8_t *)request + attr_u32(place));
		assert_int_equal(nla_type(place), bad[i].type);
		assert_memory_equal(nla_data(place), bad[i].data, bad[i].length);
	}
	assert_int_equal(send_options(fixture, 99, NULL, 0), -EOPNOTSUPP);
	assert_false(answer_message(fixture, 0)->nlmsg_flags & NLM_F_ACK_TLVS);
}

static void
the_way_of_telling_clients_addresses_is_one_of_them(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(attr_u8(nested_attr(shown_options(fixture), IPVSD_SERVICE_ATTR_CLIENT_ADDRESS)), 0);
	for (uint8_t how = 0; how <= IPVSD_CLIENT_ADDRESS_PROXY_V2_INSECURE; how++) {
		assert_int_equal(send_options(fixture, IPVS_CMD_SET_SERVICE,
					      &(struct option_row){ IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 1, &how }, 1),
				 0);
		assert_int_equal(attr_u8(nested_attr(shown_options(fixture), IPVSD_SERVICE_ATTR_CLIENT_ADDRESS)), how);
		assert_int_equal(fixture->lb->services[0]->options.client_address, how);
	}
}

/* Without a connection nothing remembers whether its server was told. */
static void
a_service_for_single_packets_tells_nobody(void **state)
{
	const struct ip_vs_flags one_packet = { .flags = IP_VS_SVC_F_ONEPACKET, .mask = IP_VS_SVC_F_ONEPACKET };
	const uint8_t toa = IPVSD_CLIENT_ADDRESS_TOA;
	const struct option_row tell = { IPVSD_SERVICE_ATTR_CLIENT_ADDRESS, 1, &toa };
	struct control_fixture *fixture = *state;

	for (int at_once = 0; at_once < 2; at_once++) {
		if (!at_once)
			assert_int_equal(send_options(fixture, IPVS_CMD_NEW_SERVICE, &tell, 1), 0);
		begin_options(at_once ? IPVS_CMD_NEW_SERVICE : IPVS_CMD_SET_SERVICE);
		wire_put(&wire, IPVS_SVC_ATTR_FLAGS, &one_packet, sizeof(one_packet));
		assert_int_equal(end_options(fixture, &tell, at_once ? 1 : 0), -EINVAL);
		assert_int_equal(service_command(fixture, IPVS_CMD_DEL_SERVICE, 1), at_once ? -ESRCH : 0);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(options_are_set_and_shown_and_reach_the_workers, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_new_service_takes_them_at_once, setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_client_that_knows_nothing_of_them_sees_and_changes_none, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(an_error_tells_which_option_it_is_about, setup, control_teardown),
		cmocka_unit_test_setup_teardown(the_way_of_telling_clients_addresses_is_one_of_them, setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_service_for_single_packets_tells_nobody, setup, control_teardown),
		cmocka_unit_test_setup_teardown(what_can_not_be_is_refused_and_changes_nothing, setup,
						control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
