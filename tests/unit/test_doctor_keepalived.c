/* SPDX-License-Identifier: GPL-2.0-or-later
 *
 * What the doctor reads of keepalived's file and of its service, and what it finds there, on machines made of files.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>

#include "doctor/keepalived_file.h"
#include "doctor/keepalived_setup.h"
#include "doctor/left_out.h"
#include "doctor/unit_file.h"
#include "fake_machine.h"

#define ONE_PORT "ports = ( { name = \"wan\"; devices = ( \"net_null0\" ); } );\n"
#define FILE_PATH "/etc/keepalived/keepalived.conf"
#define UNIT_PATH "/usr/lib/systemd/system/keepalived.service"
#define DROP_INS "/systemd/system/keepalived.service.d"
#define SERVERS " real_server 10.0.0.1 80 {\n HTTP_GET {\n }\n }\n}\n"
#define SERVICE "virtual_server 192.0.2.1 80 {\n protocol TCP\n" SERVERS
/* As the package has it. */
#define UNIT                                                                                           \
	"[Unit]\nDescription=ExecStart=no\n[Service]\nEnvironment=IPVSD_SOCKET=/run/ipvsd/ipvs.sock\n" \
	"EnvironmentFile=-/etc/default/keepalived\nEnvironmentFile=-/etc/sysconfig/keepalived\n"       \
	"ExecStart=/usr/sbin/keepalived --dont-fork --lvs-control-socket=${IPVSD_SOCKET} $DAEMON_ARGS $OPTIONS\n"

/* ---- the unit ---- */

static void
command_is(struct fake_machine *fake, const char *words, size_t length)
{
	struct process command;
	struct unit unit;

	assert_int_equal(unit_read(&fake->machine, "keepalived.service", &unit), 0);
	assert_int_equal(unit_command(&fake->machine, &unit, &command), 0);
	assert_int_equal(command.length, length);
	assert_memory_equal(command.words, words, length);
	unit_free(&unit);
}

#define COMMAND_IS(fake, words) command_is((fake), (words), sizeof(words))

static void
variables_of_a_unit_are_put_into_its_command(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, UNIT_PATH, UNIT);
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=/run/ipvsd/ipvs.sock");
	there_is(fake, "/etc/default/keepalived",
		 "# DAEMON_ARGS=no\nDAEMON_ARGS=\"-f '/a b'\" \n; x\nOPTIONS=-D  -S 1\n");
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=/run/ipvsd/ipvs.sock\0-f\0/a b\0"
			 "-D\0-S\0"
			 "1");
	/* What a file says goes before what the unit says, wherever it stands. */
	there_is(fake, "/etc/sysconfig/keepalived", "IPVSD_SOCKET=/x y.sock\nDAEMON_ARGS=\n");
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=/x y.sock\0-D\0-S\0"
			 "1");
	there_is(fake, UNIT_PATH,
		 "[Service]\nEnvironment=A=1 \"B=2 3\" C=\\\n 4\nExecStart=-/k ${B}${A} \"a b\"c $$X -5$ -${Z}\n");
	COMMAND_IS(fake, "/k\0"
			 "2 31\0"
			 "a bc\0$X\0-5$\0-");
}

static void
comments_of_a_unit_join_no_lines(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, UNIT_PATH, "[Service]\n# no \\\nExecStart=/k \\\n# -a \\\n  ; -b\n  -c\\\r\n-d\\\\\n-e\n");
	COMMAND_IS(fake, "/k\0-c\0-d\\");
	there_is(fake, UNIT_PATH, "[Service]\nExecStart=/k \\\n\n-a\n[Install]\n# no \\");
	COMMAND_IS(fake, "/k");
	there_is(fake, UNIT_PATH, "[Service]\nExecStart=/k \\\n# no\n-a \\");
	COMMAND_IS(fake, "/k\0-a");
	/* In an environment file there are none within a value. */
	there_is(fake, UNIT_PATH, "[Service]\nEnvironmentFile=/e\nExecStart=/k ${A}${B}\n");
	there_is(fake, "/e", "# no \\\nA=1\\\n#2 \\\n 3\nB=4\n");
	COMMAND_IS(fake, "/k\0"
			 "1#2  34");
}

static void
drop_ins_of_a_unit_come_last(void **state)
{
	struct fake_machine *fake = *state;
	struct process command;
	struct unit unit;

	assert_int_equal(unit_read(&fake->machine, "keepalived.service", &unit), -ENOENT);
	there_is(fake, UNIT_PATH, UNIT);
	there_is(fake, "/usr/lib" DROP_INS "/20-b.conf", "[Service]\nEnvironment=IPVSD_SOCKET=/b\n");
	there_is(fake, "/etc" DROP_INS "/10-a.conf", "[Service]\nEnvironment=IPVSD_SOCKET=/a\n");
	there_is(fake, "/etc" DROP_INS "/30-c", "[Service]\nEnvironment=IPVSD_SOCKET=/c\n");
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=/b");
	there_is(fake, "/etc" DROP_INS "/20-b.conf", "[Service]\nExecStart=\nExecStart=/k\n");
	COMMAND_IS(fake, "/k");
	/* One in /etc hides the package's. */
	there_is(fake, "/etc/systemd/system/keepalived.service", "[Service]\nExecStart=/own\n");
	there_is_not(fake, "/etc" DROP_INS "/20-b.conf");
	COMMAND_IS(fake, "/own");
	there_is(fake, "/etc" DROP_INS "/40-d.conf", "[Service]\nExecStart=\n");
	assert_int_equal(unit_read(&fake->machine, "keepalived.service", &unit), 0);
	assert_int_equal(unit_command(&fake->machine, &unit, &command), -ENOENT);
	unit_free(&unit);
	/* Masked. */
	there_is(fake, "/etc/systemd/system/keepalived.service", "");
	assert_int_equal(unit_read(&fake->machine, "keepalived.service", &unit), -ENOENT);
}

static void
drop_ins_are_those_of_all_services_too(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, UNIT_PATH, "[Service]\nEnvironment=A=1\nExecStart=/k ${A}\n");
	there_is(fake, "/etc/systemd/system/service.d/20-a.conf", "[Service]\nEnvironment=A=2\n");
	COMMAND_IS(fake, "/k\0"
			 "2");
	there_is(fake, "/usr/lib" DROP_INS "/10-a.conf", "[Service]\nEnvironment=A=3\n");
	COMMAND_IS(fake, "/k\0"
			 "2");
	there_is(fake, "/usr/lib" DROP_INS "/20-a.conf", "[Service]\nEnvironment=A=4\n");
	COMMAND_IS(fake, "/k\0"
			 "4");
}

static void
drop_ins_are_those_of_set_property_too(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, UNIT_PATH, "[Service]\nEnvironment=A=1\nExecStart=/k ${A}\n");
	there_is(fake, "/etc" DROP_INS "/50-a.conf", "[Service]\nEnvironment=A=2\n");
	there_is(fake, "/run/systemd/system.control/keepalived.service.d/50-a.conf", "[Service]\nEnvironment=A=3\n");
	COMMAND_IS(fake, "/k\0"
			 "3");
	there_is(fake, "/etc/systemd/system.control/keepalived.service.d/50-a.conf", "[Service]\nEnvironment=A=4\n");
	COMMAND_IS(fake, "/k\0"
			 "4");
}

static void
an_empty_setting_takes_variables_back(void **state)
{
	struct fake_machine *fake = *state;
	char value[UNIT_VALUE_MAX], file[PATH_MAX];
	struct unit unit;

	there_is(fake, UNIT_PATH, UNIT);
	there_is(fake, "/etc" DROP_INS "/10-a.conf", "[Service]\nEnvironment=\n");
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=");
	assert_int_equal(unit_read(&fake->machine, "keepalived.service", &unit), 0);
	assert_false(unit_variable(&fake->machine, &unit, "IPVSD_SOCKET", value, file));
	assert_string_equal(value, "");
	unit_free(&unit);
	there_is(fake, "/etc/default/keepalived", "IPVSD_SOCKET=/a\n");
	there_is(fake, "/etc" DROP_INS "/10-a.conf", "[Service]\nEnvironmentFile=\nEnvironment=\nEnvironment=X=1\n");
	COMMAND_IS(fake, "/usr/sbin/keepalived\0--dont-fork\0--lvs-control-socket=");
}

/* ---- the file ---- */

static void
words_of_keepalived_conf_are_read(void **state)
{
	struct fake_machine *fake = *state;
	struct keepalived_file file;

	there_is(fake, "/k/k.conf",
		 "global_defs {\n\t! lvs_control_socket /a\n\tlvs_control_socket  /b # c\n}\n"
		 "#virtual_server 192.0.2.1 80 {\n");
	assert_int_equal(keepalived_file_read(&fake->machine, "/k/k.conf", &file), 0);
	assert_string_equal(file.socket, "/b");
	assert_string_equal(file.socket_file, "/k/k.conf");
	assert_false(file.has_services);
	assert_false(file.is_partial);
	keepalived_file_free(&file);
	assert_int_equal(keepalived_file_read(&fake->machine, "/nonexistent/file", &file), -ENOENT);
	assert_int_equal(keepalived_file_read(&fake->machine, "/k", &file), -EINVAL);
}

static void
files_that_keepalived_includes_are_read(void **state)
{
	struct fake_machine *fake = *state;
	struct keepalived_file file;

	there_is(fake, "/k/k.conf", "include conf.d/*.conf\n");
	assert_int_equal(keepalived_file_read(&fake->machine, "/k/k.conf", &file), 0);
	assert_true(file.is_partial);
	keepalived_file_free(&file);
	there_is(fake, "/k/conf.d/1.conf", "virtual_server 192.0.2.1 80 {\nprotocol TCP\n");
	there_is(fake, "/k/conf.d/2.conf", "includer /k/conf.d/1.conf\nlvs_control_socket /c\n");
	assert_int_equal(keepalived_file_read(&fake->machine, "/k/k.conf", &file), 0);
	assert_string_equal(file.socket, "/c");
	assert_string_equal(file.socket_file, "/k/conf.d/2.conf");
	assert_true(file.has_services);
	assert_false(file.is_partial);
	assert_int_equal(file.n_servers, 2);
	keepalived_file_free(&file);
	/* One that includes itself. */
	there_is(fake, "/k/conf.d/2.conf", "include 2.conf\n");
	assert_int_equal(keepalived_file_read(&fake->machine, "/k/k.conf", &file), 0);
	assert_true(file.is_partial);
	keepalived_file_free(&file);
}

static struct listed_service
listed(uint8_t protocol, const char *address, uint16_t port, uint32_t mark)
{
	struct listed_service service = { .protocol = protocol, .port = port, .mark = mark, .family = AF_INET };

	if (mark == 0) {
		service.family = strchr(address, ':') ? AF_INET6 : AF_INET;
		service.addr.family = service.family;
		assert_int_equal(inet_pton(service.family, address, &service.addr.ip), 1);
	}
	return service;
}

/* Those of TEXT that ipvsd, which has a few, doesn't have; "": none. */
static void
are_left_out(struct fake_machine *fake, const char *text, const char *names)
{
	struct listed_service services[] = {
		listed(IPPROTO_UDP, "192.0.2.1", 53, 0),
		listed(IPPROTO_TCP, "2001:db8::1", 80, 0),
		listed(0, NULL, 0, 7),
		listed(IPPROTO_TCP, "192.0.2.1", 80, 0),
		listed(IPPROTO_SCTP, "192.0.2.3", 9, 0),
		listed(IPPROTO_TCP, "192.0.2.16", 0, 0),
	};
	const struct service_list list = { .services = services, .n_services = sizeof(services) / sizeof(*services) };
	char expected[256];
	struct keepalived_file file;

	there_is(fake, FILE_PATH, text);
	assert_int_equal(keepalived_file_read(&fake->machine, FILE_PATH, &file), 0);
	findings_free(&fake->findings);
	find_left_out(&fake->findings, &file, &list);
	keepalived_file_free(&file);
	if (names[0] == '\0') {
		nothing_is_wrong(fake);
		return;
	}
	snprintf(expected, sizeof(expected), "keepalived's virtual servers that ipvsd doesn't have: %s", names);
	found(fake, LEVEL_WARN, expected, "journalctl -u keepalived");
	found(fake, LEVEL_WARN, expected, "lvs_ignore_unsupported");
	assert_string_equal(fake->findings.list[0].text, expected);
}

static void
virtual_servers_that_ipvsd_lacks_are_named(void **state)
{
	struct fake_machine *fake = *state;

	are_left_out(fake, "", "");
	are_left_out(fake, SERVICE, "");
	are_left_out(fake, "virtual_server 192.0.2.1 80 {\n protocol UDP\n" SERVERS, "UDP 192.0.2.1:80");
	are_left_out(fake, "virtual_server 192.0.2.1 81 {\n protocol tcp\n" SERVERS, "TCP 192.0.2.1:81");
	are_left_out(fake, "virtual_server 192.0.2.1 53 {\n" SERVERS, ""); /* UDP is keepalived's default */
	are_left_out(fake, "virtual_server 192.0.2.3 9\n{\n protocol SCTP\n" SERVERS, "");
	are_left_out(fake, "virtual_server 192.0.2.16 {\n protocol TCP\n" SERVERS, "");
	are_left_out(fake, "virtual_server 2001:db8::1 80 {\n protocol TCP\n" SERVERS, "");
	are_left_out(fake, "virtual_server 2001:db8::2 80 {\n protocol TCP\n" SERVERS, "TCP [2001:db8::2]:80");
	are_left_out(fake, "virtual_server fwmark 7 {\n" SERVERS, "");
	are_left_out(fake, "virtual_server fwmark 8 {\n" SERVERS SERVICE "virtual_server fwmark 9 {\n" SERVERS,
		     "mark 8, mark 9");
}

static void
groups_of_virtual_servers_are_looked_at(void **state)
{
	static const char group[] = "virtual_server_group web {\n 192.0.2.1 80 # a\n 192.0.2.16/29\n 192.0.2.4-9 80\n"
				    " 2001:db8::1 80\n fwmark 7\n fwmark 8 inet6\n}\n"
				    "virtual_server_group other\n{\n 192.0.2.99 80\n}\n"
				    "virtual_server group web {\n protocol TCP\n" SERVERS;
	struct fake_machine *fake = *state;
	char by_marks[512];

	are_left_out(fake, group, "TCP 192.0.2.4:80, mark 8");
	snprintf(by_marks, sizeof(by_marks), "global_defs {\n nftables_ipvs\n}\n%s", group);
	are_left_out(fake, by_marks, "");
}

/* Nobody is to be alarmed by what the doctor doesn't understand, or what keepalived -t says already. */
static void
what_only_keepalived_can_tell_is_not_judged(void **state)
{
	struct fake_machine *fake = *state;

	are_left_out(fake, "$IP=192.0.2.50\nvirtual_server $IP 80 {\n protocol TCP\n" SERVERS, "");
	are_left_out(fake, "virtual_server 192.0.2.50 80 {\n $COMMON\n" SERVERS, "");
	are_left_out(fake, "virtual_server 192.0.2.50 80 {\n protocol $P\n" SERVERS, "");
	are_left_out(fake, "virtual_server 192.0.2.50 80 {\n @a protocol TCP\n @^a protocol UDP\n" SERVERS, "");
	are_left_out(fake, SERVICE "@a virtual_server 192.0.2.50 80 {\n protocol UDP\n" SERVERS, "");
	are_left_out(fake,
		     "$VS=\\\nvirtual_server 192.0.2.50 80 {\\\nprotocol TCP\\\n real_server 10.0.0.1 80 {\\\n}\\\n}\n",
		     "");
	are_left_out(fake, "virtual_server match out {\n protocol TCP\n" SERVERS, "");
	are_left_out(fake, "virtual_server 192.0.2.50 80 {\n protocol TCP\n}\n", "");
	are_left_out(fake, "virtual_server 192.0.2.500 80 {\n" SERVERS "virtual_server 192.0.2.50 70000 {\n" SERVERS,
		     "");
	are_left_out(fake, "virtual_server\nvirtual_server group\nvirtual_server_group\nprotocol\ninclude\n}", "");
}

/* ---- what is found ---- */

static void
a_keepalived_is_found_with_its_file(void **state)
{
	struct fake_machine *fake = *state;

	ask(fake, &check_keepalived);
	nothing_is_wrong(fake);
	found(fake, LEVEL_OK, "keepalived is not running, and there is no", NULL);
	there_is(fake, FILE_PATH, "vrrp_instance a {\n}\n");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_NOTE, "keepalived is not running, though", "systemctl start keepalived");
	there_is_process(fake, 31, 30, "keepalived", "keepalived");
	there_is_process(fake, 30, 1, "keepalived", "keepalived");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_OK, "keepalived (pid 30) has no virtual_server", NULL);
	there_is_process(fake, 30, 1, "keepalived", "keepalived\0-f\0/missing.conf");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_NOTE, "keepalived (pid 30) runs with /missing.conf: No such file", NULL);
}

#define OTHER_SOCKET ONE_PORT "control = { socket = \"/run/ipvsd/other.sock\"; };\n"
#define ELSEWHERE \
	"keepalived looks for ipvsd at /run/ipvsd/ipvs.sock (its option --lvs-control-socket), and control.socket"

static void
a_service_of_keepalived_has_ipvsds_socket(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, ONE_PORT);
	there_is(fake, UNIT_PATH, UNIT);
	there_is(fake, FILE_PATH, SERVICE);
	ask(fake, &check_keepalived);
	nothing_is_wrong(fake);
	/* Another path to the same place. */
	there_is_folder(fake, "/run/ipvsd");
	there_is_link(fake, "/var/run", "../run");
	configure(fake, ONE_PORT "control = { socket = \"/var/run/ipvsd/ipvs.sock\"; };\n");
	ask(fake, &check_keepalived);
	nothing_is_wrong(fake);
	configure(fake, OTHER_SOCKET);
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN, ELSEWHERE,
	      "Environment=IPVSD_SOCKET=/run/ipvsd/other.sock\\n' > "
	      "/etc/systemd/system/keepalived.service.d/socket.conf && systemctl daemon-reload && systemctl restart");
}

static void
a_running_keepalived_tells_its_own_option(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, OTHER_SOCKET);
	there_is(fake, UNIT_PATH, UNIT);
	there_is(fake, FILE_PATH, SERVICE);
	there_is_process(fake, 30, 1, "keepalived", "keepalived\0--lvs-control-socket=/run/ipvsd/other.sock");
	ask(fake, &check_keepalived);
	nothing_is_wrong(fake);
	there_is_process(fake, 30, 1, "keepalived", "keepalived\0--lvs-control-socket\0/run/ipvsd/ipvs.sock");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN, ELSEWHERE, "Environment=IPVSD_SOCKET=/run/ipvsd/other.sock");
	/* As that command does. */
	there_is(fake, "/etc" DROP_INS "/socket.conf", "[Service]\nEnvironment=IPVSD_SOCKET=/run/ipvsd/other.sock\n");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN, ELSEWHERE, NULL);
	assert_string_equal(fake->findings.list[fake->findings.n - 1].mend, "systemctl restart keepalived");
}

static void
the_remedy_is_where_the_option_comes_from(void **state)
{
	struct fake_machine *fake = *state;

	configure(fake, OTHER_SOCKET);
	there_is(fake, UNIT_PATH, UNIT);
	there_is(fake, FILE_PATH, SERVICE);
	there_is(fake, "/etc/default/keepalived", "IPVSD_SOCKET=/run/ipvsd/ipvs.sock\n");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN, ELSEWHERE,
	      "sed -i 's|^IPVSD_SOCKET=.*|IPVSD_SOCKET=/run/ipvsd/other.sock|' /etc/default/keepalived && systemctl");
	there_is(fake, "/etc/default/keepalived", "DAEMON_ARGS=--lvs-control-socket=/run/third.sock\n");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN, "looks for ipvsd at /run/third.sock", "systemctl edit --full keepalived");
	/* The file goes before the option. */
	there_is(fake, FILE_PATH, "include more.conf\n" SERVICE);
	there_is(fake, "/etc/keepalived/more.conf", "global_defs {\n lvs_control_socket /run/x.sock\n}\n");
	ask(fake, &check_keepalived);
	found(fake, LEVEL_WARN,
	      "keepalived looks for ipvsd at /run/x.sock (lvs_control_socket in /etc/keepalived/more.conf), and "
	      "control.socket in",
	      "sed -i 's|lvs_control_socket .*|lvs_control_socket /run/ipvsd/other.sock|' /etc/keepalived/more.conf");
	/* Without virtual servers it needs none. */
	there_is(fake, FILE_PATH, "include more.conf\n");
	ask(fake, &check_keepalived);
	nothing_is_wrong(fake);
}

static void
the_remedy_for(struct fake_machine *fake, const char *socket, const char *remedy)
{
	struct keepalived keepalived;
	const char *mend;

	findings_free(&fake->findings);
	finding_add(&fake->findings, LEVEL_WARN, "%s", socket);
	keepalived_find(&fake->machine, &keepalived);
	mend_keepalived_socket(&fake->machine, &fake->findings, &keepalived, socket);
	keepalived_free(&keepalived);
	mend = fake->findings.list[0].mend;
	assert_non_null(mend);
	if (strncmp(mend, remedy, strlen(remedy)) != 0)
		fail_msg("for %s: %s", socket, mend);
}

/* COMMAND if it is plain, else no command, and its word is quoted. */
static void
only_plain_sockets_are_in(struct fake_machine *fake, const char *command)
{
	static const char *const others[] = { "/run/a b",  "/run/a;b", "/run/$(id)", "/run/`id`", "/run/a|e",
					      "/run/a\\n", "/run/a&b", "/run/a %n",  "/run/a#b",  "/run/a!b" };
	char words[128];

	the_remedy_for(fake, "/run/A-z_0.9/s", command);
	the_remedy_for(fake, "/run/it's", "have keepalived connect to '/run/it'\\''s' (");
	for (size_t i = 0; i < sizeof(others) / sizeof(*others); i++) {
		snprintf(words, sizeof(words), "have keepalived connect to '%s' (", others[i]);
		the_remedy_for(fake, others[i], words);
	}
}

static void
sockets_that_need_quotes_are_in_no_command(void **state)
{
	struct fake_machine *fake = *state;

	there_is(fake, FILE_PATH, SERVICE);
	only_plain_sockets_are_in(fake, "printf ");
	there_is(fake, UNIT_PATH, UNIT);
	only_plain_sockets_are_in(fake, "mkdir -p ");
	there_is(fake, "/etc/default/keepalived", "IPVSD_SOCKET=/run/ipvsd/ipvs.sock\n");
	only_plain_sockets_are_in(fake, "sed -i 's|^IPVSD_SOCKET");
	there_is(fake, "/etc/default/keepalived", "DAEMON_ARGS=--lvs-control-socket=/run/third.sock\n");
	only_plain_sockets_are_in(fake, "systemctl edit ");
	there_is(fake, FILE_PATH, "global_defs {\n lvs_control_socket /run/x.sock\n}\n" SERVICE);
	only_plain_sockets_are_in(fake, "sed -i 's|lvs_control_socket");
}

#define ON_A_MACHINE(test) cmocka_unit_test_setup_teardown(test, fake_setup, fake_teardown)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		ON_A_MACHINE(variables_of_a_unit_are_put_into_its_command),
		ON_A_MACHINE(comments_of_a_unit_join_no_lines),
		ON_A_MACHINE(drop_ins_of_a_unit_come_last),
		ON_A_MACHINE(drop_ins_are_those_of_all_services_too),
		ON_A_MACHINE(drop_ins_are_those_of_set_property_too),
		ON_A_MACHINE(an_empty_setting_takes_variables_back),
		ON_A_MACHINE(words_of_keepalived_conf_are_read),
		ON_A_MACHINE(files_that_keepalived_includes_are_read),
		ON_A_MACHINE(virtual_servers_that_ipvsd_lacks_are_named),
		ON_A_MACHINE(groups_of_virtual_servers_are_looked_at),
		ON_A_MACHINE(what_only_keepalived_can_tell_is_not_judged),
		ON_A_MACHINE(a_keepalived_is_found_with_its_file),
		ON_A_MACHINE(a_service_of_keepalived_has_ipvsds_socket),
		ON_A_MACHINE(a_running_keepalived_tells_its_own_option),
		ON_A_MACHINE(the_remedy_is_where_the_option_comes_from),
		ON_A_MACHINE(sockets_that_need_quotes_are_in_no_command),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
