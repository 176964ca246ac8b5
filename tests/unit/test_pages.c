/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * Memory beside DPDK's (core/pages.h). The test of huge pages that are there needs some.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/numa.h"
#include "core/pages.h"

/* What this process has of huge pages, in 2 MB, from /proc/self/status. */
static size_t
own_huge_pages(void)
{
	FILE *in = fopen("/proc/self/status", "re");
	size_t kb = SIZE_MAX;
	char line[256];

	assert_non_null(in);
	while (fgets(line, sizeof(line), in)) {
		if (sscanf(line, "HugetlbPages: %zu kB", &kb) == 1)
			break;
	}
	fclose(in);
	assert_int_not_equal(kb, SIZE_MAX);
	return kb / 2048;
}

static size_t
free_huge_pages(void)
{
	struct numa_pages pages;

	numa_pages_read(NUMA_SYS, &pages);
	return numa_pages_free_2m(&pages);
}

static void
ordinary_memory_is_zero_and_rounded_up(void **state)
{
	size_t size = 5000;
	uint8_t *memory = pages_map("test", &size, -1, false);

	(void)state;
	assert_non_null(memory);
	assert_int_equal(size, 8192);
	for (size_t i = 0; i < size; i++)
		assert_int_equal(memory[i], 0);
	memory[8191] = 1;
	pages_unmap(memory, size);
}

static void
huge_pages_are_taken_at_once_and_given_back(void **state)
{
	size_t size = 3 * HUGEPAGE - 1;
	uint8_t *memory;

	(void)state;
	if (free_huge_pages() < 3) {
		print_message("no three huge pages of 2 MB are free; write more to /proc/sys/vm/nr_hugepages\n");
		skip();
	}
	assert_int_equal(own_huge_pages(), 0);
	memory = pages_map("test", &size, 0, true);
	assert_non_null(memory);
	assert_int_equal(size, 3 * HUGEPAGE);
	assert_int_equal(own_huge_pages(), 3);
	for (size_t i = 0; i < size; i += 64)
		assert_int_equal(memory[i], 0);
	memset(memory, 1, size);
	pages_unmap(memory, size);
	assert_int_equal(own_huge_pages(), 0);
}

/* No signal, no page left behind, and the size is the caller's still. */
static void
more_huge_pages_than_there_are_is_no_memory(void **state)
{
	size_t wanted = (free_huge_pages() + 100000) * HUGEPAGE - 7, size = wanted;

	(void)state;
	assert_null(pages_map("test", &size, -1, true));
	assert_int_equal(size, wanted);
	assert_int_equal(own_huge_pages(), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordinary_memory_is_zero_and_rounded_up),
		cmocka_unit_test(huge_pages_are_taken_at_once_and_given_back),
		cmocka_unit_test(more_huge_pages_than_there_are_is_no_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
