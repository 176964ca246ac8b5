/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The IPVS commands: each refusal with the kernel's error, and what changes and answers look like. All the errors here
 * were seen from Linux 6.1 with the same bytes, but for those that only this program has (full-NAT, no room).
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

/* An attribute as a row of a table says it. TYPE 0: none. */
struct attr_row {
	uint16_t type, length;
	const char *data;
};

/* Rows that are put instead of those of the same type in a good request, or left out if their data is NULL. */
struct refusal {
	const char *what;
	uint8_t command;
	int error;
	struct attr_row rows[3];
};

#define SERVICE_GOOD                                                                                           \
	{ IPVS_SVC_ATTR_AF, 2, "\2\0" }, { IPVS_SVC_ATTR_PROTOCOL, 2, "\6\0" },                                \
		{ IPVS_SVC_ATTR_ADDR, 4, "\12\0\0\1" }, { IPVS_SVC_ATTR_PORT, 2, "\0\120" },                   \
		{ IPVS_SVC_ATTR_SCHED_NAME, 3, "rr" }, { IPVS_SVC_ATTR_FLAGS, 8, "\0\0\0\0\xff\xff\xff\xff" }, \
		{ IPVS_SVC_ATTR_TIMEOUT, 4, "\0\0\0\0" },                                                      \
	{                                                                                                      \
		IPVS_SVC_ATTR_NETMASK, 4, "\xff\xff\xff\xff"                                                   \
	}
#define DEST_GOOD                                                                                       \
	{ IPVS_DEST_ATTR_ADDR, 4, "\12\1\0\1" }, { IPVS_DEST_ATTR_PORT, 2, "\37\220" },                 \
		{ IPVS_DEST_ATTR_FWD_METHOD, 4, "\0\0\0\0" }, { IPVS_DEST_ATTR_WEIGHT, 4, "\1\0\0\0" }, \
		{ IPVS_DEST_ATTR_U_THRESH, 4, "\0\0\0\0" },                                             \
	{                                                                                               \
		IPVS_DEST_ATTR_L_THRESH, 4, "\0\0\0\0"                                                  \
	}
#define DAEMON_GOOD                                                                         \
	{ IPVS_DAEMON_ATTR_STATE, 4, "\1\0\0\0" }, { IPVS_DAEMON_ATTR_MCAST_IFN, 3, "lo" }, \
	{                                                                                   \
		IPVS_DAEMON_ATTR_SYNC_ID, 4, "\5\0\0\0"                                     \
	}

static const struct attr_row service_good[] = { SERVICE_GOOD };
static const struct attr_row dest_good[] = { DEST_GOOD };
static const struct attr_row daemon_good[] = { DAEMON_GOOD };

static const struct attr_row *
replacement(const struct refusal *refusal, uint16_t type)
{
	for (int i = 0; refusal && i < 3; i++)
		if (refusal->rows[i].type == type)
			return &refusal->rows[i];
	return NULL;
}

static void
put_rows(uint16_t nest_type, const struct attr_row *good, size_t n, const struct refusal *refusal)
{
	uint32_t nest = wire_nest(&wire, nest_type);

	for (size_t i = 0; i < n; i++)
		if (!replacement(refusal, good[i].type))
			wire_put(&wire, good[i].type, good[i].data, good[i].length);
	for (int i = 0; refusal && i < 3; i++)
		if (refusal->rows[i].data)
			wire_put(&wire, refusal->rows[i].type, refusal->rows[i].data, refusal->rows[i].length);
	wire_nest_end(&wire, nest);
}

#define PUT(nest, good, refusal) put_rows(nest, good, sizeof(good) / sizeof((good)[0]), refusal)

static void
begin(uint8_t command)
{
	wire_clear(&wire);
	wire_message(&wire, IPVSD_FAMILY_IPVS, command, NLM_F_REQUEST | NLM_F_ACK);
}

static int
finish(struct control_fixture *fixture)
{
	wire_end(&wire);
	return ask(fixture, &wire);
}

static void
check(struct control_fixture *fixture, const struct refusal *refusal)
{
	int error = finish(fixture);

	if (error != refusal->error)
		fail_msg("%s: error %d instead of %d", refusal->what, error, refusal->error);
}

static const struct refusal service_refusals[] = {
	{ "no family", 1, -EINVAL, { { IPVS_SVC_ATTR_AF } } },
	{ "unknown family", 1, -EAFNOSUPPORT, { { IPVS_SVC_ATTR_AF, 2, "\5\0" } } },
	{ "unknown family before the rest",
	  1,
	  -EAFNOSUPPORT,
	  { { IPVS_SVC_ATTR_AF, 2, "\5\0" }, { IPVS_SVC_ATTR_SCHED_NAME } } },
	{ "no protocol", 1, -EINVAL, { { IPVS_SVC_ATTR_PROTOCOL } } },
	{ "no address", 1, -EINVAL, { { IPVS_SVC_ATTR_ADDR } } },
	{ "no port", 1, -EINVAL, { { IPVS_SVC_ATTR_PORT } } },
	{ "one byte of a port", 1, -EINVAL, { { IPVS_SVC_ATTR_PORT, 1, "\1" } } },
	{ "17 bytes of an address", 1, -EINVAL, { { IPVS_SVC_ATTR_ADDR, 17, "12345678901234567" } } },
	{ "no scheduler", 1, -EINVAL, { { IPVS_SVC_ATTR_SCHED_NAME } } },
	{ "no flags", 1, -EINVAL, { { IPVS_SVC_ATTR_FLAGS } } },
	{ "long flags", 1, -EINVAL, { { IPVS_SVC_ATTR_FLAGS, 12, "123456789012" } } },
	{ "no timeout", 1, -EINVAL, { { IPVS_SVC_ATTR_TIMEOUT } } },
	{ "no netmask", 1, -EINVAL, { { IPVS_SVC_ATTR_NETMASK } } },
	{ "scheduler that is not there", 1, -ENOENT, { { IPVS_SVC_ATTR_SCHED_NAME, 3, "zz" } } },
	{ "empty scheduler", 1, -ENOENT, { { IPVS_SVC_ATTR_SCHED_NAME, 1, "" } } },
	{ "scheduler of no bytes", 1, -EINVAL, { { IPVS_SVC_ATTR_SCHED_NAME, 0, "" } } },
	{ "scheduler without its end", 1, -EINVAL, { { IPVS_SVC_ATTR_SCHED_NAME, 2, "rr" } } },
	{ "scheduler of 16 letters", 1, -EINVAL, { { IPVS_SVC_ATTR_SCHED_NAME, 17, "abcdefghijklmnop" } } },
	{ "persistence engine", 1, -ENOENT, { { IPVS_SVC_ATTR_PE_NAME, 4, "sop" } } },
	{ "IPv6 netmask 0",
	  1,
	  -EINVAL,
	  { { IPVS_SVC_ATTR_AF, 2, "\12\0" }, { IPVS_SVC_ATTR_NETMASK, 4, "\0\0\0\0" } } },
	{ "IPv6 netmask 129",
	  1,
	  -EINVAL,
	  { { IPVS_SVC_ATTR_AF, 2, "\12\0" }, { IPVS_SVC_ATTR_NETMASK, 4, "\x81\0\0\0" } } },
	{ "unknown scheduler before the netmask",
	  1,
	  -ENOENT,
	  { { IPVS_SVC_ATTR_AF, 2, "\12\0" },
	    { IPVS_SVC_ATTR_NETMASK, 4, "\0\0\0\0" },
	    { IPVS_SVC_ATTR_SCHED_NAME, 3, "zz" } } },
	{ "change of what is not there", 2, -ESRCH, { { 0 } } },
	{ "removal of what is not there", 3, -ESRCH, { { 0 } } },
	{ "question for what is not there", 4, -ESRCH, { { 0 } } },
	{ "zeroing of what is not there", 16, -ESRCH, { { 0 } } },
	{ "destination of what is not there", 5, -ESRCH, { { 0 } } },
};

static void
services_are_refused_with_the_kernels_errors(void **state)
{
	for (size_t i = 0; i < sizeof(service_refusals) / sizeof(service_refusals[0]); i++) {
		begin(service_refusals[i].command);
		PUT(IPVS_CMD_ATTR_SERVICE, service_good, &service_refusals[i]);
		check(*state, &service_refusals[i]);
	}
	/* the same without the fault */
	begin(IPVS_CMD_NEW_SERVICE);
	PUT(IPVS_CMD_ATTR_SERVICE, service_good, NULL);
	assert_int_equal(finish(*state), 0);
	begin(IPVS_CMD_NEW_SERVICE);
	PUT(IPVS_CMD_ATTR_SERVICE, service_good, NULL);
	assert_int_equal(finish(*state), -EEXIST);
}

static void
malformed_nests_are_refused(void **state)
{
	static const uint8_t commands[] = { 1, 2, 3, 4, 5, 6, 7, 9, 10 };
	static const char garbage[40] = { '\xff', '\xff', '\xff' };
	struct control_fixture *fixture = *state;
	uint16_t nest;

	for (size_t i = 0; i < sizeof(commands); i++) {
		nest = commands[i] >= 9 ? IPVS_CMD_ATTR_DAEMON : IPVS_CMD_ATTR_SERVICE;
		begin(commands[i]);
		assert_int_equal(finish(fixture), -EINVAL);
		begin(commands[i]);
		wire_put(&wire, nest, NULL, 0);
		assert_int_equal(finish(fixture), -EINVAL);
		begin(commands[i]);
		wire_put(&wire, nest, garbage, sizeof(garbage));
		assert_int_equal(finish(fixture), -EINVAL);
		/* the outer check comes first, with an error of its own */
		begin(commands[i]);
		wire_put(&wire, nest, garbage, 3);
		assert_int_equal(finish(fixture), -ERANGE);
	}
	begin(IPVS_CMD_SET_CONFIG);
	wire_u16(&wire, IPVS_CMD_ATTR_TIMEOUT_TCP, 1);
	assert_int_equal(finish(fixture), -ERANGE);
}

static const struct refusal dest_refusals[] = {
	{ "no address", 5, -EINVAL, { { IPVS_DEST_ATTR_ADDR } } },
	{ "no port", 5, -EINVAL, { { IPVS_DEST_ATTR_PORT } } },
	{ "no method", 5, -EINVAL, { { IPVS_DEST_ATTR_FWD_METHOD } } },
	{ "no weight", 5, -EINVAL, { { IPVS_DEST_ATTR_WEIGHT } } },
	{ "no upper threshold", 5, -EINVAL, { { IPVS_DEST_ATTR_U_THRESH } } },
	{ "no lower threshold", 6, -EINVAL, { { IPVS_DEST_ATTR_L_THRESH } } },
	{ "unknown family", 5, -EAFNOSUPPORT, { { IPVS_DEST_ATTR_ADDR_FAMILY, 2, "\5\0" } } },
	{ "negative weight", 5, -ERANGE, { { IPVS_DEST_ATTR_WEIGHT, 4, "\xff\xff\xff\xff" } } },
	{ "lower threshold above the upper", 5, -ERANGE, { { IPVS_DEST_ATTR_L_THRESH, 4, "\1\0\0\0" } } },
	{ "threshold beyond an int", 5, -EINVAL, { { IPVS_DEST_ATTR_U_THRESH, 4, "\0\0\0\x80" } } },
	{ "GUE without a port", 5, -EINVAL, { { IPVS_DEST_ATTR_TUN_TYPE, 1, "\1" } } },
	{ "negative weight before GUE",
	  5,
	  -ERANGE,
	  { { IPVS_DEST_ATTR_TUN_TYPE, 1, "\1" }, { IPVS_DEST_ATTR_WEIGHT, 4, "\xff\xff\xff\xff" } } },
	{ "multicast", 5, -EINVAL, { { IPVS_DEST_ATTR_ADDR, 4, "\xe0\0\0\5" } } },
	{ "0.0.0.0", 5, -EINVAL, { { IPVS_DEST_ATTR_ADDR, 4, "\0\0\0\0" } } },
	{ "broadcast", 5, -EINVAL, { { IPVS_DEST_ATTR_ADDR, 4, "\xff\xff\xff\xff" } } },
	{ "IPv6 without a tunnel",
	  5,
	  -EINVAL,
	  { { IPVS_DEST_ATTR_ADDR_FAMILY, 2, "\12\0" },
	    { IPVS_DEST_ATTR_ADDR, 16, "\x20\1\15\xb8\0\0\0\0\0\0\0\0\0\0\0\1" } } },
	{ "IPv6 link-local",
	  5,
	  -EINVAL,
	  { { IPVS_DEST_ATTR_ADDR_FAMILY, 2, "\12\0" },
	    { IPVS_DEST_ATTR_FWD_METHOD, 4, "\2\0\0\0" },
	    { IPVS_DEST_ATTR_ADDR, 16, "\xfe\x80\0\0\0\0\0\0\0\0\0\0\0\0\0\1" } } },
	{ "change of what is not there", 6, -ENOENT, { { 0 } } },
	{ "removal of what is not there", 7, -ENOENT, { { 0 } } },
	{ "removal of a family that is not there", 7, -ENOENT, { { IPVS_DEST_ATTR_ADDR_FAMILY, 2, "\12\0" } } },
};

static const struct control_fixture *fixture_of_broadcasts;

static bool
ends_with_9(void *arg, const struct ip_addr *addr)
{
	assert_ptr_equal(arg, fixture_of_broadcasts);
	return addr->ip.bytes[3] == 9;
}

/* But one that is there already stays, and can be changed. */
static void
a_broadcast_address_of_a_subnet_is_no_destination(void **state)
{
	struct control_fixture *fixture = *state;

	fixture_of_broadcasts = fixture;
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 9, FORWARD_NAT, 1), 0);
	fixture->model->is_broadcast = ends_with_9;
	fixture->model->is_broadcast_arg = fixture;
	assert_int_equal(service_command(fixture, IPVS_CMD_NEW_SERVICE, 2), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 9, FORWARD_NAT, 1), -EINVAL);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 2, 8, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_SET_DEST, 1, 9, FORWARD_NAT, 5), 0);
	assert_int_equal(dest_command(fixture, IPVS_CMD_NEW_DEST, 1, 9, FORWARD_NAT, 5), -EEXIST);
}

static void
destinations_are_refused_with_the_kernels_errors(void **state)
{
	assert_int_equal(service_command(*state, IPVS_CMD_NEW_SERVICE, 1), 0);
	for (size_t i = 0; i < sizeof(dest_refusals) / sizeof(dest_refusals[0]); i++) {
		begin(dest_refusals[i].command);
		wire_service(&wire, 1, false);
		PUT(IPVS_CMD_ATTR_DEST, dest_good, &dest_refusals[i]);
		check(*state, &dest_refusals[i]);
	}
	begin(IPVS_CMD_NEW_DEST);
	wire_service(&wire, 1, false);
	assert_int_equal(finish(*state), -EINVAL);
	assert_int_equal(dest_command(*state, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 1), 0);
	assert_int_equal(dest_command(*state, IPVS_CMD_NEW_DEST, 1, 1, FORWARD_NAT, 2), -EEXIST);
}

/* Servers of IPv6 for services of IPv4: as the kernel has it by tunnels alone, and what can be translated by full-NAT for
 * those that know it; to others its number is one that the kernel refuses. */
static void
check_servers_of_the_other_family(struct control_fixture *fixture)
{
	static const struct refusal services[] = {
		{ "TCP", 1, 0, { { IPVS_SVC_ATTR_PROTOCOL, 2, "\6\0" } } },
		{ "UDP", 1, 0, { { IPVS_SVC_ATTR_PROTOCOL, 2, "\21\0" } } },
		{ "SCTP", 1, -EINVAL, { { IPVS_SVC_ATTR_PROTOCOL, 2, "\204\0" } } },
		{ "a mark", 1, 0, { { IPVS_SVC_ATTR_FWMARK, 4, "\7\0\0\0" } } },
	};
	static const char *const methods[] = { "\0\0\0\0", "\1\0\0\0", "\2\0\0\0", "\3\0\0\0", "\5\0\0\0" };

	for (size_t i = 0; i < 5 * sizeof(services) / sizeof(services[0]); i++) {
		const struct refusal *service = &services[i / 5];
		const char method = methods[i % 5][0];
		const struct refusal other = {
			"IPv6",
			5,
			0,
			{ { IPVS_DEST_ATTR_ADDR_FAMILY, 2, "\12\0" },
			  { IPVS_DEST_ATTR_FWD_METHOD, 4, methods[i % 5] },
			  { IPVS_DEST_ATTR_ADDR, 16, "\x20\1\15\xb8\0\0\0\0\0\0\0\0\0\0\0\1" } },
		};

		begin(IPVS_CMD_NEW_SERVICE);
		PUT(IPVS_CMD_ATTR_SERVICE, service_good, service);
		assert_int_equal(finish(fixture), 0);
		begin(IPVS_CMD_NEW_DEST);
		PUT(IPVS_CMD_ATTR_SERVICE, service_good, service);
		PUT(IPVS_CMD_ATTR_DEST, dest_good, &other);
		assert_int_equal(finish(fixture), method == 2				     ? 0
						  : method == 5 && fixture->session.extended ? service->error
											     : -EINVAL);
		begin(IPVS_CMD_DEL_SERVICE);
		PUT(IPVS_CMD_ATTR_SERVICE, service_good, service);
		assert_int_equal(finish(fixture), 0);
	}
}

static void
full_nat_takes_servers_of_the_other_family(void **state)
{
	struct control_fixture *fixture = *state;

	fixture->session.extended = true;
	check_servers_of_the_other_family(fixture);
	fixture->session.extended = false;
	check_servers_of_the_other_family(fixture);
}

static const struct refusal daemon_refusals[] = {
	{ "no state", 9, -EINVAL, { { IPVS_DAEMON_ATTR_STATE } } },
	{ "no interface", 9, -EINVAL, { { IPVS_DAEMON_ATTR_MCAST_IFN } } },
	{ "no id", 9, -EINVAL, { { IPVS_DAEMON_ATTR_SYNC_ID } } },
	{ "interface that is not there", 9, -ENODEV, { { IPVS_DAEMON_ATTR_MCAST_IFN, 7, "nosuch" } } },
	{ "interface before the state",
	  9,
	  -ENODEV,
	  { { IPVS_DAEMON_ATTR_STATE, 4, "\7\0\0\0" }, { IPVS_DAEMON_ATTR_MCAST_IFN, 7, "nosuch" } } },
	{ "unknown state", 9, -EINVAL, { { IPVS_DAEMON_ATTR_STATE, 4, "\7\0\0\0" } } },
	{ "long interface name", 9, -EINVAL, { { IPVS_DAEMON_ATTR_MCAST_IFN, 17, "abcdefghijklmnop" } } },
	{ "group that is none", 9, -EINVAL, { { IPVS_DAEMON_ATTR_MCAST_GROUP, 4, "\12\0\0\1" } } },
	{ "IPv6 group that is none",
	  9,
	  -EINVAL,
	  { { IPVS_DAEMON_ATTR_MCAST_GROUP6, 16, "\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1" } } },
	{ "end of what does not run", 10, -ESRCH, { { 0 } } },
	{ "end in an unknown state", 10, -EINVAL, { { IPVS_DAEMON_ATTR_STATE, 4, "\7\0\0\0" } } },
};

static void
daemons_are_refused_accepted_and_reported(void **state)
{
	struct control_fixture *fixture = *state;
	const struct nlmsghdr *message;

	for (size_t i = 0; i < sizeof(daemon_refusals) / sizeof(daemon_refusals[0]); i++) {
		begin(daemon_refusals[i].command);
		PUT(IPVS_CMD_ATTR_DAEMON, daemon_good, &daemon_refusals[i]);
		check(fixture, &daemon_refusals[i]);
	}
	begin(IPVS_CMD_NEW_DAEMON);
	PUT(IPVS_CMD_ATTR_DAEMON, daemon_good, NULL);
	assert_int_equal(finish(fixture), 0);
	begin(IPVS_CMD_NEW_DAEMON);
	PUT(IPVS_CMD_ATTR_DAEMON, daemon_good, NULL);
	assert_int_equal(finish(fixture), -EEXIST);
	begin(IPVS_CMD_GET_DAEMON);
	((struct nlmsghdr *)(void *)wire.bytes)->nlmsg_flags |= NLM_F_DUMP;
	assert_int_equal(finish(fixture), 1);
	assert_int_equal(dump_count(fixture), 1);
	message = answer_message(fixture, 0);
	assert_string_equal(nla_data(answer_attr(message, IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_MCAST_IFN)), "lo");
	assert_int_equal(attr_u16(answer_attr(message, IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_SYNC_MAXLEN)), 1472);
	assert_int_equal(attr_u16(answer_attr(message, IPVS_CMD_ATTR_DAEMON, IPVS_DAEMON_ATTR_MCAST_PORT)), 8848);
	begin(IPVS_CMD_DEL_DAEMON);
	PUT(IPVS_CMD_ATTR_DAEMON, daemon_good, NULL);
	assert_int_equal(finish(fixture), 0);
}

static void
timeouts_are_checked_and_zero_leaves_them(void **state)
{
	struct control_fixture *fixture = *state;

	begin(IPVS_CMD_SET_CONFIG);
	wire_u32(&wire, IPVS_CMD_ATTR_TIMEOUT_TCP, 100);
	wire_u32(&wire, IPVS_CMD_ATTR_TIMEOUT_UDP, 0);
	assert_int_equal(finish(fixture), 0);
	begin(IPVS_CMD_SET_CONFIG);
	wire_u32(&wire, IPVS_CMD_ATTR_TIMEOUT_TCP_FIN, 0xffffffff);
	assert_int_equal(finish(fixture), -EINVAL);
	begin(IPVS_CMD_SET_CONFIG);
	wire_u32(&wire, IPVS_CMD_ATTR_TIMEOUT_UDP, 0x7fffffff);
	assert_int_equal(finish(fixture), -EINVAL);
	begin(IPVS_CMD_GET_CONFIG);
	assert_int_equal(finish(fixture), 0);
	assert_memory_equal((const uint8_t *)answer_message(fixture, 0) + 20,
			    "\10\0\4\0\144\0\0\0\10\0\5\0\170\0\0\0\10\0\6\0\54\1\0\0", 24);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(services_are_refused_with_the_kernels_errors, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(malformed_nests_are_refused, control_setup, control_teardown),
		cmocka_unit_test_setup_teardown(a_broadcast_address_of_a_subnet_is_no_destination, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(destinations_are_refused_with_the_kernels_errors, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(full_nat_takes_servers_of_the_other_family, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(daemons_are_refused_accepted_and_reported, control_setup,
						control_teardown),
		cmocka_unit_test_setup_teardown(timeouts_are_checked_and_zero_leaves_them, control_setup,
						control_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
