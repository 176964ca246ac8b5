/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The groups of local addresses of a configuration that is read again, beside those of clients.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "control/laddr_groups.h"
#include "control_fixture.h"

static struct ip_addr
ipv4(const char *text)
{
	struct ip_addr addr = { .family = AF_INET };

	assert_int_equal(inet_pton(AF_INET, text, &addr.ip), 1);
	return addr;
}

static struct laddr_fault fault; /* of the last reconfigure() that failed */

static int
reconfigure(struct control_fixture *fixture, const char *name, const char *port, const char *address)
{
	struct ip_addr addr = ipv4(address);
	struct config_laddrs config = {
		.addresses = &addr, .n_addresses = 1, .first_port = 1025, .last_port = 65535, .line = 17
	};
	int err;

	strcpy(config.name, name);
	strcpy(config.port, port);
	err = laddr_groups_configure(fixture->groups, &config, 1, &fault);
	assert_int_equal(laddr_groups_publish(fixture->groups), 0);
	return err;
}

static int
client_sets(struct control_fixture *fixture, const char *name, const char *port, const char *address)
{
	struct ip_addr addr = ipv4(address);
	struct laddr_group group = { .addresses = &addr, .n_addresses = 1, .first_port = 1025, .last_port = 65535 };

	strcpy(group.name, name);
	strcpy(group.port_name, port);
	return laddr_groups_set(fixture->groups, &group);
}

static bool
is_active(const struct control_fixture *fixture, const char *address)
{
	struct ip_addr addr = ipv4(address);

	for (uint32_t i = 0; i < fixture->n_activated; i++) {
		if (ip_addr_equal(&fixture->activated[i], &addr))
			return true;
	}
	return false;
}

static void
groups_follow_the_configuration_and_those_of_clients_stay(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(client_sets(fixture, "client", "lan", "10.0.0.9"), 0);
	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.1"), 0);
	assert_true(is_active(fixture, "10.0.0.1"));
	assert_int_equal(reconfigure(fixture, "two", "lan", "10.0.0.2"), 0);
	assert_false(is_active(fixture, "10.0.0.1"));
	assert_true(is_active(fixture, "10.0.0.2"));
	assert_true(is_active(fixture, "10.0.0.9"));
	/* A group of the configuration is nobody else's to change, one that has left it is. */
	assert_int_equal(client_sets(fixture, "two", "lan", "10.0.0.3"), -EBUSY);
	assert_int_equal(client_sets(fixture, "one", "lan", "10.0.0.3"), 0);
}

static void
a_group_of_a_client_gives_way_to_one_of_its_name(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(client_sets(fixture, "one", "lan", "10.0.0.9"), 0);
	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.9"), 0);
	assert_true(is_active(fixture, "10.0.0.9"));
	assert_int_equal(laddr_groups_remove(fixture->groups, "one"), -EBUSY);
}

static void
an_address_that_goes_to_another_port_stays(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.1"), 0);
	assert_int_equal(reconfigure(fixture, "one", "dmz", "10.0.0.1"), 0);
	assert_true(is_active(fixture, "10.0.0.1"));
	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.1"), 0);
	assert_true(is_active(fixture, "10.0.0.1"));
	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.2"), 0);
	assert_false(is_active(fixture, "10.0.0.1"));
}

static void
what_can_not_be_changes_nothing(void **state)
{
	struct control_fixture *fixture = *state;

	assert_int_equal(client_sets(fixture, "client", "lan", "10.0.0.9"), 0);
	assert_int_equal(reconfigure(fixture, "one", "lan", "10.0.0.1"), 0);
	/* An address that another port answers for. */
	assert_int_equal(reconfigure(fixture, "one", "dmz", "10.0.0.9"), -EADDRINUSE);
	assert_int_equal(fault.line, 17);
	assert_string_equal(fault.text, "group \"one\": a client's group \"client\" has 10.0.0.9 at port \"lan\"; "
					"remove one of them");
	fault.line = 0;
	assert_int_equal(reconfigure(fixture, "one", "nowhere", "10.0.0.2"), -ENODEV);
	assert_int_equal(fault.line, 17);
	assert_string_equal(fault.text, "group \"one\": port \"nowhere\" is none of those that ipvsd was started with; "
					"restart ipvsd, or name one of them");
	assert_int_equal(reconfigure(fixture, "one", "lan", "127.0.0.1"), -EINVAL);
	assert_true(is_active(fixture, "10.0.0.1"));
	assert_true(is_active(fixture, "10.0.0.9"));
	assert_int_equal(fixture->n_activated, 2);
}

static void
an_address_of_two_groups_is_named_with_both(void **state)
{
	struct control_fixture *fixture = *state;
	struct ip_addr addrs[] = { ipv4("10.0.0.1"), ipv4("10.0.0.2") };
	const struct config_laddrs configs[] = {
		{ .name = "one",
		  .port = "lan",
		  .addresses = &addrs[1],
		  .n_addresses = 1,
		  .first_port = 1025,
		  .last_port = 65535,
		  .line = 17 },
		{ .name = "two",
		  .port = "dmz",
		  .addresses = addrs,
		  .n_addresses = 2,
		  .first_port = 1025,
		  .last_port = 65535,
		  .line = 23 },
	};

	assert_int_equal(laddr_groups_configure(fixture->groups, configs, 2, &fault), -EADDRINUSE);
	assert_int_equal(fault.line, 23);
	assert_string_equal(fault.text, "group \"two\": group \"one\" has 10.0.0.2 at port \"lan\"; "
					"an address can be at one port only");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, control_setup, control_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(groups_follow_the_configuration_and_those_of_clients_stay),
		TEST(a_group_of_a_client_gives_way_to_one_of_its_name),
		TEST(an_address_that_goes_to_another_port_stays),
		TEST(what_can_not_be_changes_nothing),
		TEST(an_address_of_two_groups_is_named_with_both),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
