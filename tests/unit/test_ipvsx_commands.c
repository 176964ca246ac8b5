/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The private family: groups of local addresses and what follows an address, pushes, counters.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "control_fixture.h"

static struct wire wire;

static int
command(struct control_fixture *fixture, uint8_t number, uint16_t flags)
{
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, number, flags);
	wire_end(&wire);
	return ask(fixture, &wire);
}

struct group {
	const char *name, *port;
	uint8_t addresses[4]; /* last bytes of 10.2.0.x, 0: none */
	uint16_t first, last;
	uint8_t vip; /* last byte of 10.0.0.x, 0: none */
};

static int
set_group(struct control_fixture *fixture, const struct group *group)
{
	uint8_t addr[4] = { 10, 2, 0 }, vip[4] = { 10, 0, 0, group->vip };
	uint32_t nest;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, IPVSX_CMD_NEW_LADDRS, NLM_F_REQUEST | NLM_F_ACK);
	nest = wire_nest(&wire, IPVSX_ATTR_LADDRS);
	wire_string(&wire, IPVSX_LADDRS_ATTR_NAME, group->name);
	wire_string(&wire, IPVSX_LADDRS_ATTR_PORT, group->port);
	wire_u16(&wire, IPVSX_LADDRS_ATTR_FIRST_PORT, group->first);
	wire_u16(&wire, IPVSX_LADDRS_ATTR_LAST_PORT, group->last);
	for (int i = 0; i < 4 && group->addresses[i]; i++) {
		addr[3] = group->addresses[i];
		wire_put(&wire, IPVSX_LADDRS_ATTR_ADDRESS, addr, sizeof(addr));
	}
	if (group->vip)
		wire_put(&wire, IPVSX_LADDRS_ATTR_WITH_VIP, vip, sizeof(vip));
	wire_nest_end(&wire, nest);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static int
delete_group(struct control_fixture *fixture, const char *name)
{
	uint32_t nest;

	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, IPVSX_CMD_DEL_LADDRS, NLM_F_REQUEST | NLM_F_ACK);
	nest = wire_nest(&wire, IPVSX_ATTR_LADDRS);
	wire_string(&wire, IPVSX_LADDRS_ATTR_NAME, name);
	wire_nest_end(&wire, nest);
	wire_end(&wire);
	return ask(fixture, &wire);
}

static bool
is_activated(const struct control_fixture *fixture, uint8_t last)
{
	struct ip_addr addr = { .family = AF_INET, .ip.bytes = { 10, 2, 0, last } };

	for (uint32_t i = 0; i < fixture->n_activated; i++)
		if (ip_addr_equal(&fixture->activated[i], &addr))
			return true;
	return false;
}

static void
groups_are_checked(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(set_group(fixture, &(struct group){ "g", "wan", { 1 }, 1, 2 }), -ENODEV);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 0 }, 1, 2 }), -EINVAL);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1 }, 0, 2 }), -EINVAL);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1 }, 3, 2 }), -EINVAL);
	assert_int_equal(set_group(fixture, &(struct group){ "", "lan", { 1 }, 1, 2 }), -EINVAL);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1, 1 }, 1, 2 }), -EINVAL);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1, 2 }, 1, 2 }), 0);
	assert_int_equal(delete_group(fixture, "h"), -ENOENT);
	assert_int_equal(delete_group(fixture, "g"), 0);
	assert_int_equal(fixture->n_activated, 0);
}

/* So that each service can have a set of its own. */
static void
groups_of_one_port_share_addresses(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1, 2 }, 1, 2 }), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "h", "dmz", { 2, 3 }, 1, 2 }), -EADDRINUSE);
	assert_int_equal(set_group(fixture, &(struct group){ "h", "lan", { 2, 3 }, 1, 2 }), 0);
	assert_int_equal(fixture->n_activated, 3);
	assert_int_equal(delete_group(fixture, "g"), 0);
	assert_int_equal(fixture->n_activated, 2);
	assert_true(is_activated(fixture, 2) && is_activated(fixture, 3));
	assert_int_equal(delete_group(fixture, "h"), 0);
	assert_int_equal(fixture->n_activated, 0);
}

static void
a_group_is_replaced_address_by_address(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *message;

	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1, 2, 3 }, 1025, 65535 }), 0);
	assert_int_equal(fixture->n_activated, 3);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 4, 2 }, 2000, 3000 }), 0);
	assert_int_equal(fixture->n_activated, 2);
	assert_true(is_activated(fixture, 2));
	assert_true(is_activated(fixture, 4));
	assert_int_equal(command(fixture, IPVSX_CMD_GET_LADDRS, NLM_F_REQUEST | NLM_F_DUMP), 1);
	assert_int_equal(dump_count(fixture), 1);
	message = answer_message(fixture, 0);
	assert_string_equal(nla_data(answer_attr(message, IPVSX_ATTR_LADDRS, IPVSX_LADDRS_ATTR_NAME)), "g");
	assert_int_equal(attr_u16(answer_attr(message, IPVSX_ATTR_LADDRS, IPVSX_LADDRS_ATTR_FIRST_PORT)), 2000);
	assert_int_equal(attr_u8(answer_attr(message, IPVSX_ATTR_LADDRS, IPVSX_LADDRS_ATTR_ACTIVE)), 1);
}

static void
a_group_follows_its_vip(void **state)
{
	struct control_fixture *fixture = *state;
	struct ip_addr vip = { .family = AF_INET, .ip.bytes = { 10, 0, 0, 9 } };
	struct ip_addr other = { .family = AF_INET, .ip.bytes = { 10, 0, 0, 8 } };

	/* it came before the group did */
	laddr_groups_address_changed(fixture->groups, &vip, true);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1 }, 1025, 65535, 9 }), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "h", "lan", { 2 }, 1025, 65535, 8 }), 0);
	assert_true(is_activated(fixture, 1));
	assert_false(is_activated(fixture, 2));
	/* on a second interface, and gone from the first */
	laddr_groups_address_changed(fixture->groups, &vip, true);
	laddr_groups_address_changed(fixture->groups, &vip, false);
	assert_int_equal(laddr_groups_publish(fixture->groups), 0);
	assert_true(is_activated(fixture, 1));
	laddr_groups_address_changed(fixture->groups, &vip, false);
	laddr_groups_address_changed(fixture->groups, &other, true);
	assert_int_equal(laddr_groups_publish(fixture->groups), 0);
	assert_false(is_activated(fixture, 1));
	assert_true(is_activated(fixture, 2));
}

static void
groups_of_the_config_are_not_the_clients(void **state)
{
	struct control_fixture *fixture = *state;
	struct ip_addr addr = { .family = AF_INET, .ip.bytes = { 10, 2, 0, 1 } };
	struct config_laddrs config = {
		.name = "fixed",
		.port = "lan",
		.addresses = &addr,
		.n_addresses = 1,
		.first_port = 1025,
		.last_port = 65535,
	};
	struct laddr_fault fault;

	assert_int_equal(laddr_groups_configure(fixture->groups, &config, 1, &fault), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "fixed", "lan", { 2 }, 1, 2 }), -EBUSY);
	assert_int_equal(delete_group(fixture, "fixed"), -EBUSY);
	assert_true(is_activated(fixture, 1));
}

static void
a_push_removes_what_was_restored_and_not_named(void **state)
{
	struct control_fixture *fixture = *state;

	for (uint8_t i = 1; i <= 3; i++)
		assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, i), 0);
	for (uint8_t i = 1; i <= 4; i++)
		assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, i, FORWARD_NAT, 1), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "g", "lan", { 1 }, 1, 2 }), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "h", "lan", { 2 }, 1, 2 }), 0);
	ipvs_model_restored(fixture->model);
	laddr_groups_restored(fixture->groups);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), -EINVAL);
	/* named before the push: as good */
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 2), -EEXIST);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_BEGIN, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_SET_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), -EEXIST);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 2, FORWARD_NAT, 5), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 9, FORWARD_NAT, 1), 0);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->model->n_services, 2);
	assert_int_equal(fixture->model->n_dests, 3);
	assert_int_equal(service_command(fixture, IPVS_CMD_GET_SERVICE, 3), -ESRCH);
	/* this client does not know groups */
	assert_int_equal(fixture->n_activated, 2);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_BEGIN, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(set_group(fixture, &(struct group){ "h", "lan", { 2 }, 1, 2 }), 0);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->n_activated, 1);
	assert_true(is_activated(fixture, 2));
	/* nothing is restored any more */
	assert_int_equal(fixture->model->n_services, 2);
}

/* The connection was lost, and a server died meanwhile: the next push doesn't name it. */
static void
a_push_removes_what_its_client_pushed_before_and_nobody_elses(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 7), 0);
	fixture->session.pid = 100;
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_BEGIN, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 2, FORWARD_NAT, 1), 0);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->model->n_dests, 2);

	fixture->session.pid = 200;
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_BEGIN, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 2), 0);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->model->n_services, 3);
	assert_int_equal(fixture->model->n_dests, 2);

	fixture->session.pid = 100;
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_BEGIN, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), -EEXIST);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), -EEXIST);
	assert_int_equal(command(fixture, IPVSX_CMD_PUSH_END, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_int_equal(fixture->model->n_services, 3);
	assert_int_equal(fixture->model->n_dests, 1);
}

static uint64_t
counter_value(const struct nlmsghdr *message)
{
	uint64_t value;

	memcpy(&value, nla_data(answer_attr(message, IPVSX_ATTR_COUNTER, IPVSX_COUNTER_ATTR_VALUE)), sizeof(value));
	return value;
}

static void
counters_come_as_sums_and_for_each_thread(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *message;

	fixture->counters[0].count[COUNT_FORWARDED] = 5;
	fixture->counters[1].count[COUNT_FORWARDED] = 7;
	fixture->counters[1].drop[DROP_NO_MBUF] = 11;
	assert_int_equal(command(fixture, IPVSX_CMD_GET_COUNTERS, NLM_F_REQUEST | NLM_F_DUMP), 1);
	assert_int_equal(dump_count(fixture), 3 * (COUNT_MAX + DROP_MAX));
	message = answer_message(fixture, 3 * COUNT_FORWARDED);
	assert_string_equal(nla_data(answer_attr(message, IPVSX_ATTR_COUNTER, IPVSX_COUNTER_ATTR_NAME)), "forwarded");
	assert_null(answer_attr(message, IPVSX_ATTR_COUNTER, IPVSX_COUNTER_ATTR_WORKER));
	assert_int_equal(counter_value(message), 12);
	message = answer_message(fixture, 3 * COUNT_FORWARDED + 2);
	assert_int_equal(attr_u32(answer_attr(message, IPVSX_ATTR_COUNTER, IPVSX_COUNTER_ATTR_WORKER)), 1);
	assert_int_equal(counter_value(message), 7);
	message = answer_message(fixture, 3 * (COUNT_MAX + DROP_NO_MBUF));
	assert_string_equal(nla_data(answer_attr(message, IPVSX_ATTR_COUNTER, IPVSX_COUNTER_ATTR_NAME)),
			    "drop_no_mbuf");
	assert_int_equal(counter_value(message), 11);
}

struct reload {
	int err;
	const char *messages;
	uint32_t n;
	char file[32]; /* that it was to be */
};

static int
reload(void *arg, const char *file, char **ret_messages)
{
	struct reload *reload = arg;

	reload->n++;
	snprintf(reload->file, sizeof(reload->file), "%s", file ? file : "");
	*ret_messages = reload->messages ? strdup(reload->messages) : NULL;
	return reload->err;
}

static const char *
told(const struct control_fixture *fixture)
{
	const struct nlmsghdr *message = answer_message(fixture, 0);
	const struct nlattr *attr = (const void *)((const uint8_t *)message + NLMSG_LENGTH(GENL_HDRLEN));

	assert_int_equal(message->nlmsg_type, IPVSD_FAMILY_IPVSX);
	assert_int_equal(attr->nla_type, IPVSX_ATTR_MESSAGES);
	return nla_data(attr);
}

static void
a_reload_is_answered_with_what_came_of_it(void **state)
{
	const uint16_t flags = NLM_F_REQUEST | NLM_F_ACK;
	struct control_fixture *fixture = *state;
	struct reload result = { .err = -EINVAL, .messages = "f:3: no\nf:5: no\n" };
	static char long_messages[3 * IPVSX_MESSAGES_MAX];

	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), -EOPNOTSUPP);
	fixture->ipvsx.reload = reload;
	fixture->ipvsx.reload_arg = &result;
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), -EINVAL);
	assert_string_equal(told(fixture), result.messages);
	result.err = 0;
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), 0);
	assert_string_equal(told(fixture), result.messages);
	result.messages = NULL;
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), 0);
	assert_int_equal(answer_message(fixture, 0)->nlmsg_type, NLMSG_ERROR);
	memset(long_messages, 'x', sizeof(long_messages) - 1);
	result.messages = long_messages;
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), 0);
	assert_int_equal(strlen(told(fixture)), IPVSX_MESSAGES_MAX);
	fixture->session.permitted = false;
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, flags), -EPERM);
	assert_int_equal(result.n, 4);
}

static void
a_reload_can_be_for_one_file_only(void **state)
{
	struct control_fixture *fixture = *state;
	struct reload result = { .err = 0 };

	fixture->ipvsx.reload = reload;
	fixture->ipvsx.reload_arg = &result;
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, IPVSX_CMD_RELOAD, NLM_F_REQUEST | NLM_F_ACK);
	wire_string(&wire, IPVSX_ATTR_CONFIG, "/etc/f.conf");
	wire_end(&wire);
	assert_int_equal(ask(fixture, &wire), 0);
	assert_string_equal(result.file, "/etc/f.conf");
	assert_int_equal(command(fixture, IPVSX_CMD_RELOAD, NLM_F_REQUEST | NLM_F_ACK), 0);
	assert_string_equal(result.file, "");
}

/* What was taken is in force when it is acknowledged. */
static void
a_reload_that_does_not_reach_the_workers_is_no_success(void **state)
{
	struct control_fixture *fixture = *state;
	struct reload result = { .err = 0 };
	struct datagram *answer;

	fixture->ipvsx.reload = reload;
	fixture->ipvsx.reload_arg = &result;
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVSX, IPVSX_CMD_RELOAD, NLM_F_REQUEST | NLM_F_ACK);
	wire_end(&wire);
	genl_session_input(&fixture->session, wire.bytes, wire.length);
	genl_session_settle(&fixture->session, -ENOMEM);
	answer = genl_session_pop(&fixture->session);
	assert_non_null(answer);
	assert_int_equal(*(const int32_t *)(answer->bytes + NLMSG_HDRLEN), -ENOMEM);
	free(answer);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(groups_are_checked, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(groups_of_one_port_share_addresses, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_group_is_replaced_address_by_address, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_group_follows_its_vip, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(groups_of_the_config_are_not_the_clients, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_push_removes_what_was_restored_and_not_named, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_push_removes_what_its_client_pushed_before_and_nobody_elses,
						control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_reload_is_answered_with_what_came_of_it, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(a_reload_can_be_for_one_file_only, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_reload_that_does_not_reach_the_workers_is_no_success, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(counters_come_as_sums_and_for_each_thread, control_setup,
						control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
