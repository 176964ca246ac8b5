/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A configuration that is read without memory for its messages: one line all the same, and nothing has changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "control/config_file.h"
#include "core/config.h"
#include "heard_log.h"
#include "reload.h"

/* In the C library's place. */
FILE *
open_memstream(char **ret_text, size_t *ret_length)
{
	(void)ret_text;
	(void)ret_length;
	errno = ENOMEM;
	return NULL;
}

static void
without_memory_there_is_a_line(void **state)
{
	static const struct config running;
	struct heard heard;
	struct reload *reload;
	char *messages;
	int err;

	(void)state;
	assert_int_equal(reload_create("/etc/f.conf", &running, &reload), 0);
	heard_begin(&heard);
	err = reload_config(reload, NULL, NULL, &messages);
	heard_end(&heard);
	assert_int_equal(err, -ENOMEM);
	assert_null(messages);
	assert_string_equal(heard.text, "ipvsd: error: reload: /etc/f.conf: Cannot allocate memory; the configuration "
					"stays as it was\n");
	reload_destroy(reload);
}

static void
without_memory_at_the_start_there_is_a_line(void **state)
{
	struct config *config = NULL;
	struct heard heard;
	int err;

	(void)state;
	heard_begin(&heard);
	err = config_load_aloud("/etc/f.conf", &config);
	heard_end(&heard);
	assert_int_equal(err, -ENOMEM);
	assert_null(config);
	assert_string_equal(heard.text, "ipvsd: error: config: /etc/f.conf: Cannot allocate memory\n");
}

static void
only_what_an_operator_must_mend_is_lasting(void **state)
{
	(void)state;
	assert_true(config_error_is_lasting(-EINVAL));
	assert_true(config_error_is_lasting(-ENOENT));
	assert_true(config_error_is_lasting(-EACCES));
	assert_true(config_error_is_lasting(-EISDIR));
	assert_true(config_error_is_lasting(-ENOTDIR));
	assert_true(config_error_is_lasting(-ELOOP));
	assert_true(config_error_is_lasting(-ENAMETOOLONG));
	assert_false(config_error_is_lasting(-ENOMEM));
	assert_false(config_error_is_lasting(-EIO));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_there_is_a_line),
		cmocka_unit_test(without_memory_at_the_start_there_is_a_line),
		cmocka_unit_test(only_what_an_operator_must_mend_is_lasting),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
