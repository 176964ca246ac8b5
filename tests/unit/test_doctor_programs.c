/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the doctor finds about processes, programs and files, on machines made of files; and how it asks a program.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <time.h>

#include "doctor/process.h"
#include "doctor/program_file.h"
#include "doctor/program_run.h"
#include "fake_machine.h"

#define ONE_PORT "ports = ( { name = \"wan\"; devices = ( \"net_null0\" ); } );\n"

/* ---- processes ---- */

static void
options_of_a_command_line_are_read_as_by_getopt(void **state)
{
	struct fake_machine *fake = *state;
	struct process process;

	there_is_process(fake, 10, 1, "keepalived", "keepalived\0-l\0-f\0/a b");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_string_equal(process_option(&process, 'f', "use-file"), "/a b");
	assert_null(process_option(&process, 'p', "pid"));
	assert_true(process_has_word(&process, "-l"));
	assert_false(process_has_word(&process, "-"));
	there_is_process(fake, 10, 1, "keepalived", "keepalived\0-f/c");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_string_equal(process_option(&process, 'f', "use-file"), "/c");
	there_is_process(fake, 10, 1, "keepalived", "keepalived\0--use-file=/d");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_string_equal(process_option(&process, 'f', "use-file"), "/d");
	there_is_process(fake, 10, 1, "keepalived", "keepalived\0--use-file\0/e");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_string_equal(process_option(&process, 'f', "use-file"), "/e");
	there_is_process(fake, 10, 1, "keepalived", "keepalived\0-f/a\0--long=/1\0-\0--use-file=/b\0--long=/2");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_string_equal(process_option(&process, 'f', "use-file"), "/b");
	assert_string_equal(process_option(&process, '\0', "long"), "/2");
	there_is_process(fake, 10, 1, "keepalived", "keepalived\0-f");
	assert_int_equal(process_read(&fake->machine, 10, &process), 0);
	assert_null(process_option(&process, 'f', "use-file"));
}

static void
a_process_may_have_any_name_and_is_ours_or_roots(void **state)
{
	struct fake_machine *fake = *state;
	struct process found_ones[4];

	there_is_process(fake, 10, 7, "a) R 9 (b", "a");
	assert_int_equal(process_read(&fake->machine, 10, &found_ones[0]), 0);
	assert_string_equal(found_ones[0].name, "a) R 9 (b");
	assert_int_equal(found_ones[0].parent, 7);
	assert_int_equal(found_ones[0].state, 'S');
	assert_int_equal(found_ones[0].started, 1000);
	there_is_process(fake, 11, 1, "ipvsd", "ipvsd");
	there_is_process(fake, 9, 1, "ipvsd", "ipvsd");
	there_is_process(fake, 12, 1, "ipvsd", "ipvsd");
	there_is(fake, "/proc/12/status", "Uid:\t4242\t4242\t4242\t4242\n");
	assert_int_equal(processes_called(&fake->machine, "ipvsd", found_ones, 4), 2);
	assert_int_equal(found_ones[0].pid, 9);
	assert_int_equal(found_ones[1].pid, 11);
	there_is(fake, "/proc/9/stat", "9 (ipvsd");
	assert_int_equal(processes_called(&fake->machine, "ipvsd", found_ones, 4), 1);
	there_is(fake, "/proc/11/stat", "11 (ipvsd) Z 1 1 1 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 1 0 1000 9 9\n");
	assert_int_equal(processes_called(&fake->machine, "ipvsd", found_ones, 4), 0);
	assert_int_equal(process_read(&fake->machine, 99, &found_ones[0]), -ESRCH);
}

/* ---- programs ---- */

static void
a_program_is_waited_for_and_heard(void **state)
{
	static const char *const argv[] = { "/bin/sh", "-c", "echo out; echo err >&2; exit 3", NULL };
	static const char *const deaf[] = { "/bin/sh", "-c", "head -c 100000 /dev/zero | tr '\\0' x", NULL };
	static const char *const none[] = { "/nonexistent/program", NULL };
	char text[64];

	(void)state;
	assert_int_equal(program_run(argv, 5000, text, sizeof(text)), 3);
	assert_string_equal(text, "out\nerr\n");
	assert_int_equal(program_run(deaf, 5000, text, sizeof(text)), 0);
	assert_int_equal(strlen(text), sizeof(text) - 1);
	assert_int_equal(program_run(none, 5000, text, sizeof(text)), -ENOENT);
}

static void
a_program_that_does_not_end_is_ended_with_all_that_it_started(void **state)
{
	static const char *const argv[] = { "/bin/sh", "-c", "sleep 600 & echo $!; wait", NULL };
	const struct machine this_one = { .root = "", .live = true };
	static const char *const silent[] = { "/bin/sh", "-c", "exec >/dev/null 2>&1; sleep 600", NULL };
	struct process left;
	char text[64];
	int pid;

	(void)state;
	assert_int_equal(program_run(argv, 2000, text, sizeof(text)), -ETIMEDOUT);
	pid = atoi(text);
	assert_true(pid > 1);
	/* The kernel may take a moment. */
	for (int i = 0; i < 500 && process_read(&this_one, pid, &left) == 0; i++)
		nanosleep(&(const struct timespec){ .tv_nsec = 10000000 }, NULL);
	assert_int_equal(process_read(&this_one, pid, &left), -ESRCH);
	assert_int_equal(program_run(silent, 100, text, sizeof(text)), -ETIMEDOUT);
}

static void
a_patched_program_is_told_by_its_words(void **state)
{
	struct fake_machine *fake = *state;
	char path[128];

	there_is(fake, "/program", "x\x01 lvs_control_socket y");
	snprintf(path, sizeof(path), "%s/program", fake->root);
	assert_int_equal(program_has_text(path, KEEPALIVED_WORD), 1);
	assert_int_equal(program_has_text(path, IPVSADM_WORD), 0);
	there_is(fake, "/program", "");
	assert_int_equal(program_has_text(path, KEEPALIVED_WORD), -EINVAL);
	assert_int_equal(program_has_text(fake->root, KEEPALIVED_WORD), -EINVAL);
	assert_int_equal(program_has_text("/nonexistent/program", KEEPALIVED_WORD), -ENOENT);
}

static void
install(struct fake_machine *fake, const char *path, const char *text)
{
	char name[128];

	there_is(fake, path, text);
	snprintf(name, sizeof(name), "%s%s", fake->root, path);
	assert_int_equal(chmod(name, 0755), 0);
}

static void
versions_say_whose_the_programs_are(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, "/proc/sys/kernel/osrelease", "6.1.0-test\n");
	ask(fake, &check_versions);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "and was built with", NULL);
	found(fake, LEVEL_OK, "Linux 6.1.0-test", NULL);
	found(fake, LEVEL_NOTE, "there is no keepalived", "apt-get install ipvsd-keepalived");
	found(fake, LEVEL_NOTE, "libipvsd-preload.so: ipvsd-run does not work", NULL);
	there_is_folder(fake, "/usr/local/sbin/keepalived");
	there_is_folder(fake, "/usr/local/sbin/ipvsadm");
	ask(fake, &check_versions);
	found(fake, LEVEL_NOTE, "there is no keepalived", "apt-get install ipvsd-keepalived");
	found(fake, LEVEL_NOTE, "there is no ipvsadm", "apt-get install ipvsd-ipvsadm");
	install(fake, "/usr/sbin/keepalived", "stock");
	install(fake, "/usr/sbin/ipvsadm", "-- ipvsd has no --");
	install(fake, "/usr/bin/dnf", "");
	ask(fake, &check_versions);
	found(fake, LEVEL_NOTE, "/usr/sbin/keepalived is the distribution's",
	      "dnf install ipvsd-keepalived   # or: ipvsd-run keepalived");
	found(fake, LEVEL_OK, "/usr/sbin/ipvsadm is the one for ipvsd", NULL);
}

static void
a_program_that_was_replaced_is_told(void **state)
{
	struct fake_machine *fake = *state;

	fake->instance.process.pid = 77;
	there_is_link(fake, "/proc/77/exe", "/usr/sbin/ipvsd");
	ask(fake, &check_versions);
	nothing_is_wrong(fake);
	there_is_link(fake, "/proc/77/exe", "/usr/sbin/ipvsd (deleted)");
	ask(fake, &check_versions);
	found(fake, LEVEL_WARN, "its program was replaced", "systemctl restart ipvsd");
}

/* ---- ipvsd itself ---- */

static void
errors_of_the_configuration_have_their_lines(void **state)
{
	struct fake_machine *fake = *state;

	fake->machine.config_err = -EINVAL;
	fake->machine.config_errors = "/c:3: limits.mbufs: wrong\n/c:9: x: wrong, too\n";
	fake->machine.config_path = "/c";
	ask(fake, &check_configuration);
	assert_int_equal(fake->findings.n, 2);
	found(fake, LEVEL_FAIL, "/c:3: limits.mbufs: wrong", "${EDITOR:-vi} /c && ipvsd -t -c /c");
	found(fake, LEVEL_FAIL, "/c:9: x: wrong, too", NULL);
	fake->machine.config_err = -ENOENT;
	ask(fake, &check_configuration);
	found(fake, LEVEL_FAIL, "/c is not there", "examples/ipvsd.conf /c");
	fake->machine.config_err = -EACCES;
	ask(fake, &check_configuration);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "/c is not readable by this user", "sudo ipvsd doctor -c /c");
}

static void
folders_of_the_configuration_are_there(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	ask(fake, &check_configuration);
	found(fake, LEVEL_FAIL, "the folder /run/ipvsd is not there", "mkdir -p /run/ipvsd");
	found(fake, LEVEL_FAIL, "the folder /var/lib is not there", "mkdir -p /var/lib");
	there_is_folder(fake, "/run/ipvsd");
	there_is_folder(fake, "/var/lib");
	ask(fake, &check_configuration);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "1 port, 1 worker, 0 groups", NULL);
}

static void
instances_are_told_apart_by_their_configuration(void **state)
{
	struct fake_machine *fake = *state;
	struct service_list services;

	configure(fake, ONE_PORT);
	fake->machine.config_path = "/etc/ipvsd/ipvsd.conf";
	there_is_process(fake, 20, 1, "ipvsd", "ipvsd\0-t");
	there_is_process(fake, 21, 1, "ipvsd", "ipvsd\0doctor");
	there_is_process(fake, 19, 1, "ipvsd", "ipvsd\0-n");
	there_is_process(fake, 18, 1, "ipvsd", "ipvsd\0reload");
	there_is_process(fake, 22, 1, "ipvsd", "ipvsd\0-c\0/other.conf");
	instance_find(&fake->machine, &fake->instance, &services);
	assert_int_equal(fake->instance.process.pid, 0);
	ask(fake, &check_control);
	nothing_is_wrong(fake);
	found(fake, LEVEL_NOTE, "no ipvsd with this configuration", NULL);
	found(fake, LEVEL_NOTE, "another ipvsd runs: pid 22 with /other.conf", NULL);
	assert_int_equal(findings_count(&fake->findings, LEVEL_NOTE), 2);
	there_is_process(fake, 23, 1, "ipvsd", "ipvsd");
	instance_find(&fake->machine, &fake->instance, &services);
	assert_int_equal(fake->instance.process.pid, 23);
	ask(fake, &check_control);
	found(fake, LEVEL_OK, "ipvsd runs (pid 23)", NULL);
	there_is_process(fake, 24, 1, "ipvsd", "ipvsd\0--config=/etc/ipvsd/ipvsd.conf");
	instance_find(&fake->machine, &fake->instance, &services);
	ask(fake, &check_control);
	found(fake, LEVEL_WARN, "two processes of ipvsd, 23 and 24, have /etc/ipvsd/ipvsd.conf", "kill 24");
}

static void
locked_memory_is_limited_by_neither_root_nor_no_limit(void **state)
{
	static const char limits[] = "Limit                     Soft Limit           Hard Limit           Units\n"
				     "Max locked memory         67108864             67108864             bytes\n";
	struct fake_machine *fake = *state;

	ask(fake, &check_memlock);
	assert_int_equal(fake->findings.n, 0);
	fake->instance.process.pid = 77;
	ask(fake, &check_memlock);
	found(fake, LEVEL_NOTE, "not for this user to see", "sudo");
	there_is(fake, "/proc/77/status", "CapEff:\t0000000000001000\n");
	there_is(fake, "/proc/77/limits", limits);
	ask(fake, &check_memlock);
	found(fake, LEVEL_WARN, "may lock 65536 KB and has no CAP_IPC_LOCK", "LimitMEMLOCK=infinity");
	there_is(fake, "/proc/77/status", "CapEff:\t0000000000005000\n");
	ask(fake, &check_memlock);
	nothing_is_wrong(fake);
	there_is(fake, "/proc/77/status", "CapEff:\t0000000000001000\n");
	there_is(fake, "/proc/77/limits",
		 "Max locked memory         unlimited            unlimited            bytes\n");
	ask(fake, &check_memlock);
	nothing_is_wrong(fake);
}

static void
the_age_of_a_process_is_said(void **state)
{
	struct fake_machine *fake = *state;
	struct timespec old = { .tv_sec = 1000000000 };
	struct timespec times[2] = { old, old };

	configure(fake, ONE_PORT);
	there_is(fake, "/proc/uptime", "86410.50 100.00\n");
	there_is_process(fake, 77, 1, "ipvsd", "ipvsd");
	assert_int_equal(process_read(&fake->machine, 77, &fake->instance.process), 0);
	ask(fake, &check_uptime);
	found(fake, LEVEL_OK, "ipvsd (pid 77) runs since 24 hours", NULL);
	found(fake, LEVEL_WARN, "was changed 0 seconds ago, after ipvsd was started", "systemctl restart ipvsd");
	assert_int_equal(utimensat(AT_FDCWD, fake->config_path, times, 0), 0);
	ask(fake, &check_uptime);
	nothing_is_wrong(fake);
}

/* ---- the kernel's IPVS ---- */

static void
services_of_the_kernel_are_counted(void **state)
{
	static const char empty[] = "IP Virtual Server version 1.2.1 (size=4096)\n"
				    "Prot LocalAddress:Port Scheduler Flags\n"
				    "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";
	struct fake_machine *fake = *state;
	char text[512];

	ask(fake, &check_kernel_ipvs);
	nothing_is_wrong(fake);
	there_is(fake, "/proc/net/ip_vs", empty);
	ask(fake, &check_kernel_ipvs);
	nothing_is_wrong(fake);
	snprintf(text, sizeof(text), "%s%s", empty,
		 "TCP  C0000201:0050 rr  \n  -> 0A00000B:0050      Masq    1      0          0\nFWM  00000007 rr \n");
	there_is(fake, "/proc/net/ip_vs", text);
	ask(fake, &check_kernel_ipvs);
	found(fake, LEVEL_WARN, "the kernel's own IPVS has 2 services",
	      "ipvsadm -Sn > services; ipvsadm -C; ipvsd-run");
	install(fake, "/usr/sbin/ipvsadm", "-- ipvsd has no --");
	ask(fake, &check_kernel_ipvs);
	found(fake, LEVEL_WARN, "the kernel's own IPVS has 2 services", "ipvsadm --kernel -C; ipvsadm -R");
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(options_of_a_command_line_are_read_as_by_getopt),
		ON_A_MACHINE(a_process_may_have_any_name_and_is_ours_or_roots),
		cmocka_unit_test(a_program_is_waited_for_and_heard),
		cmocka_unit_test(a_program_that_does_not_end_is_ended_with_all_that_it_started),
		ON_A_MACHINE(a_patched_program_is_told_by_its_words),
		ON_A_MACHINE(versions_say_whose_the_programs_are),
		ON_A_MACHINE(a_program_that_was_replaced_is_told),
		ON_A_MACHINE(errors_of_the_configuration_have_their_lines),
		ON_A_MACHINE(folders_of_the_configuration_are_there),
		ON_A_MACHINE(instances_are_told_apart_by_their_configuration),
		ON_A_MACHINE(locked_memory_is_limited_by_neither_root_nor_no_limit),
		ON_A_MACHINE(the_age_of_a_process_is_said),
		ON_A_MACHINE(services_of_the_kernel_are_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
