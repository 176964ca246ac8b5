/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the doctor prints, and that nothing of others' reaches the terminal or a shell as it is.
 */
#define _GNU_SOURCE
#include "fake_machine.h"

static char *
printed(const struct findings *findings, enum level least)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	assert_non_null(out);
	findings_print(findings, least, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void
a_finding_is_a_line_and_its_remedy_another(void **state)
{
	struct findings findings = { .check = "ports" };
	char *text;

	(void)state;
	finding_add(&findings, LEVEL_OK, "port %d", 1);
	finding_add(&findings, LEVEL_FAIL, "port 2 is not there");
	finding_mend(&findings, "bind %s", "it");
	findings.check = "smt";
	finding_add(&findings, LEVEL_WARN, "shared");
	finding_mend(&findings, "chcpu");
	text = printed(&findings, LEVEL_NOTE);
	assert_string_equal(text, "FAIL  ports       port 2 is not there\n"
				  "      mend: bind it\n"
				  "warn  smt         shared\n"
				  "      mend: chcpu\n"
				  "1 ok, 0 to note, 1 warning, 1 failure\n");
	free(text);
	text = printed(&findings, LEVEL_OK);
	assert_non_null(strstr(text, "ok    ports       port 1\n"));
	free(text);
	findings_free(&findings);
}

static void
terminals_are_told_nothing_by_others(void **state)
{
	struct findings findings = { .check = "x" };

	(void)state;
	finding_add(&findings, LEVEL_FAIL, "a%sb", "\x1b[2J\n\x7f");
	finding_mend(&findings, "rm %s", "\r\tq");
	assert_string_equal(findings.list[0].text, "a?[2J??b");
	assert_string_equal(findings.list[0].mend, "rm ??q");
	findings_free(&findings);
}

static void
words_of_a_command_are_quoted(void **state)
{
	char word[SHELL_WORD_MAX], long_name[2 * SHELL_WORD_MAX];

	(void)state;
	assert_string_equal(shell_word("/etc/ipvsd/ipvsd.conf", word), "/etc/ipvsd/ipvsd.conf");
	assert_string_equal(shell_word("", word), "''");
	assert_string_equal(shell_word("a b;$(c)", word), "'a b;$(c)'");
	assert_string_equal(shell_word("it's", word), "'it'\\''s'");
	memset(long_name, '\'', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	shell_word(long_name, word);
	assert_true(strlen(word) < SHELL_WORD_MAX);
	assert_int_equal(word[strlen(word) - 1], '\'');
}

static void
of_many_names_the_first_are_said_and_the_rest_is_counted(void **state)
{
	struct names names = { .n = 0 };
	char text[NAMES_TEXT_MAX];

	(void)state;
	for (int i = 0; i < 5; i++)
		names_add(&names, "%d", i);
	assert_string_equal(names_text(&names, text), "0, 1, 2, 3, 4");
	for (int i = 5; i < 100; i++)
		names_add(&names, "%d", i);
	assert_string_equal(names_text(&names, text), "0, 1, 2, 3, 4 and 95 more");
	names = (struct names){ .n = 0 };
	for (int i = 0; i < 5; i++)
		names_add(&names, "%0200d", i);
	names_text(&names, text);
	assert_true(strlen(text) < NAMES_TEXT_MAX);
}

static void
cpus_are_written_as_a_list(void **state)
{
	struct fake_machine *fake = *state;
	char text[CPUS_TEXT_MAX];
	cpu_set_t cpus;

	there_is(fake, "/list", "8,0-3,10-11\n");
	machine_cpus(&fake->machine, &cpus, "/list");
	assert_string_equal(cpus_text(&cpus, text), "0-3,8,10-11");
	there_is(fake, "/list", "\n");
	machine_cpus(&fake->machine, &cpus, "/list");
	assert_string_equal(cpus_text(&cpus, text), "");
	there_is(fake, "/list", "(null)\n");
	machine_cpus(&fake->machine, &cpus, "/list");
	assert_int_equal(CPU_COUNT(&cpus), 0);
	for (int cpu = 0; cpu < CPU_SETSIZE; cpu += 2)
		CPU_SET(cpu, &cpus);
	assert_true(strlen(cpus_text(&cpus, text)) < CPUS_TEXT_MAX);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_finding_is_a_line_and_its_remedy_another),
		cmocka_unit_test(terminals_are_told_nothing_by_others),
		cmocka_unit_test(words_of_a_command_are_quoted),
		cmocka_unit_test(of_many_names_the_first_are_said_and_the_rest_is_counted),
		cmocka_unit_test_setup_teardown(cpus_are_written_as_a_list, fake_setup, fake_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
