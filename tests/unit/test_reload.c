/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * A reload without memory for its messages: one line all the same, and nothing has changed.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

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
	err = reload_config(reload, NULL, &messages);
	heard_end(&heard);
	assert_int_equal(err, -ENOMEM);
	assert_null(messages);
	assert_string_equal(heard.text, "ipvsd: error: reload: /etc/f.conf: Cannot allocate memory; the configuration "
					"stays as it was\n");
	reload_destroy(reload);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_memory_there_is_a_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
