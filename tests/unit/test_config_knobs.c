/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * The group vs of ipvsd.conf: the kinds of values, and what is said of those that are wrong.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "control/config_file.h"

static char path[] = "/tmp/ipvsd-test-XXXXXX";
static struct config *config;
static char messages[4096];

static int
setup(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int
teardown(void **state)
{
	(void)state;
	config_free(config);
	return unlink(path);
}

/* Loads a configuration with this behind its only port; what it says is in messages. */
static int
load(const char *text)
{
	FILE *file = fopen(path, "w"), *said = fmemopen(messages, sizeof(messages), "w");
	int err;

	assert_non_null(file);
	assert_non_null(said);
	fprintf(file, "ports = ( { name = \"wan\"; devices = ( \"0000:3b:00.0\" ); } );\n%s", text);
	assert_int_equal(fclose(file), 0);
	config_free(config);
	config = NULL;
	memset(messages, 0, sizeof(messages));
	err = config_load(path, &config, said);
	fclose(said);
	return err;
}

static void
assert_refused(const char *text, const char *message)
{
	char line[512];

	snprintf(line, sizeof(line), "%s:%s\n", path, message);
	assert_int_equal(load(text), -EINVAL);
	assert_string_equal(messages, line);
}

static void
without_the_group_all_is_as_the_kernel_begins(void **state)
{
	struct knobs preset;

	(void)state;
	knobs_preset(&preset);
	assert_int_equal(load(""), 0);
	assert_memory_equal(&config->knobs, &preset, sizeof(preset));
	assert_int_equal(load("vs = { };"), 0);
	assert_memory_equal(&config->knobs, &preset, sizeof(preset));
}

static void
a_value_is_a_number_a_truth_or_what_would_be_written(void **state)
{
	struct knobs expected;

	(void)state;
	knobs_preset(&expected);
	expected.drop_entry = 3;
	expected.am_droprate = -5;
	expected.amemthresh = 0x400;
	expected.expire_nodest_conn = 1;
	expected.run_estimation = 0;
	expected.secure_tcp = 2;
	expected.sync_threshold[0] = 5;
	expected.sync_threshold[1] = 60;
	expected.conn_reuse_mode = INT32_MAX;
	assert_int_equal(
		load("vs = { drop_entry = 3; am_droprate = -5; amemthresh = 0x400; expire_nodest_conn = true;\n"
		     "run_estimation = false; secure_tcp = \"2\"; sync_threshold = \"5 60\";\n"
		     "conn_reuse_mode = 2147483647; conntrack = 0; ignore_tunneled = false; };"),
		0);
	assert_string_equal(messages, "");
	assert_memory_equal(&config->knobs, &expected, sizeof(expected));
}

static void
the_first_of_two_numbers_may_be_given_alone(void **state)
{
	(void)state;
	assert_int_equal(load("vs = { sync_threshold = 7; };"), 0);
	assert_int_equal(config->knobs.sync_threshold[0], 7);
	assert_int_equal(config->knobs.sync_threshold[1], 50);
}

static void
what_is_not_allowed_is_named_with_its_line_and_what_is(void **state)
{
	static const struct {
		const char *setting, *message;
	} cases[] = {
		{ "drop_entry = 4;", "allowed: a number from 0 to 3" },
		{ "drop_packet = -1;", "allowed: a number from 0 to 3" },
		{ "secure_tcp = \"much\";", "allowed: a number from 0 to 3" },
		{ "secure_tcp = 1.5;", "allowed: a number from 0 to 3" },
		{ "secure_tcp = ( 1 );", "allowed: a number from 0 to 3" },
		{ "secure_tcp = \"\";", "allowed: a number from 0 to 3" },
		{ "sync_version = 2;", "allowed: a number from 0 to 1" },
		{ "conn_reuse_mode = 4294967296L;", "allowed: a number from -2147483648 to 2147483647" },
		{ "sync_ports = 3;", "allowed: powers of two" },
		{ "sync_threshold = \"60 5\";",
		  "allowed: two numbers from 0 on, the first less than the second, or the second 0" },
		{ "conntrack = 1;", "can't be anything but 0 here; ipvsd-sysctl(7) says why" },
		{ "debug_level = 1;", "no such knob; ipvsd-sysctl(7) lists them" },
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
		char text[128], message[256];

		snprintf(text, sizeof(text), "vs = {\n%s\n};", cases[i].setting);
		snprintf(message, sizeof(message), "3: %.*s: %s", (int)strcspn(cases[i].setting, " "), cases[i].setting,
			 cases[i].message);
		assert_refused(text, message);
		assert_null(config);
	}
}

static void
all_that_is_wrong_is_said_at_once(void **state)
{
	const char *second;

	(void)state;
	assert_int_equal(load("vs = {\ndrop_entry = 4;\ndrop_packet = 1;\nnothing = 1;\n};"), -EINVAL);
	assert_non_null(strstr(messages, ":3: drop_entry: "));
	second = strstr(messages, ":5: nothing: ");
	assert_non_null(second);
	assert_null(strstr(messages, "drop_packet"));
}

static void
anything_but_a_group_is_refused(void **state)
{
	(void)state;
	assert_refused("vs = 1;", "2: vs: is not a group; write { ... }");
	assert_refused("vs = ( { drop_entry = 1; } );", "2: vs: is not a group; write { ... }");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_the_group_all_is_as_the_kernel_begins),
		cmocka_unit_test(a_value_is_a_number_a_truth_or_what_would_be_written),
		cmocka_unit_test(the_first_of_two_numbers_may_be_given_alone),
		cmocka_unit_test(what_is_not_allowed_is_named_with_its_line_and_what_is),
		cmocka_unit_test(all_that_is_wrong_is_said_at_once),
		cmocka_unit_test(anything_but_a_group_is_refused),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
