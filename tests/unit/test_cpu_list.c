/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * CPU lists of the configuration.
 */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cpu_list.h"

static uint16_t cpus[CPU_LIST_MAX];

static void
numbers_and_ranges_come_in_the_order_of_the_text(void **state)
{
	static const uint16_t wanted[] = { 8, 0, 1, 2, 3, 1023 };

	(void)state;
	assert_int_equal(cpu_list_parse("8,0-3,1023", cpus), 6);
	assert_memory_equal(cpus, wanted, sizeof(wanted));
	assert_int_equal(cpu_list_parse("0", cpus), 1);
	assert_int_equal(cpu_list_parse("0-1023", cpus), CPU_LIST_MAX);
}

static void
what_is_no_list_is_refused(void **state)
{
	static const char *const texts[] = { "",
					     ",",
					     "1,",
					     ",1",
					     "1-",
					     "-1",
					     "3-1",
					     "1--2",
					     "1 ,2",
					     "a",
					     "1024",
					     "0-1024",
					     "1,1",
					     "0-3,2",
					     "99999999999999999999",
					     "1-99999999999999999999",
					     "+1",
					     "0x1",
					     "1.5" };

	(void)state;
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
		assert_int_equal(cpu_list_parse(texts[i], cpus), -EINVAL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_and_ranges_come_in_the_order_of_the_text),
		cmocka_unit_test(what_is_no_list_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
